import Bytes

/// The shapes of names at AWS that end up in requests to it.
/// - Source: IAM User Guide, "IAM identifiers"; STS API Reference, "AssumeRole"
public enum AmazonName {
    /// An access key's id.
    public static func isAccessKey(_ text: some Collection<UInt8>) -> Bool {
        text.count <= PolicyLimits.credentialByteCount && text.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    /// `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`
    public static func isRole(_ text: some Collection<UInt8>) -> Bool {
        guard text.count <= PolicyLimits.roleByteCount, text.allSatisfy({ isWordByte($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }) else {
            return false
        }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        return parts.count == 6 && parts[0].elementsEqual("arn".utf8) && parts[1].starts(with: "aws".utf8) && parts[2].elementsEqual("iam".utf8)
            && parts[3].isEmpty && parts[4].count == 12 && parts[4].allSatisfy(ASCII.isDigit) && parts[5].starts(with: "role/".utf8) && parts[5].count > 5
    }

    /// What a role's owner agreed on with who may assume it.
    public static func isExternalID(_ text: some Collection<UInt8>) -> Bool {
        (2...PolicyLimits.externalIDByteCount).contains(text.count)
            && text.allSatisfy { isWordByte($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || ByteSlice("_+=,.@-").firstIndex(of: byte) != nil
    }
}
