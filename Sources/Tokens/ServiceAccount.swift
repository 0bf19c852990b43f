public import Bytes
import COpenSSL
import JSON

/// A service account of Google's, as its key file describes it.
///
/// - Source: cloud.google.com/iam/docs/keys-create-delete, "Service account key files"
public struct ServiceAccount: Hashable, Sendable {
    /// Its address, by which Google knows it.
    public let email: String
    /// The project it belongs to; empty where the file does not say.
    public let project: String
    /// Which of its keys; empty where the file does not say.
    let keyID: String
    /// A private RSA key in PEM.
    let key: Secret

    /// Reads the file's JSON. The key itself is looked at when something is signed with it.
    public init(json: ByteSlice) throws(ServiceAccountFault) {
        guard json.count <= TokenLimits.accountByteCount else { throw .tooLong }
        var tape = JSONTape()
        guard let root = try? tape.parse(json), root.isObject else { throw .notJSON }
        if let type = root["type"]?.string, !(type == "service_account") { throw .otherType }
        email = try ServiceAccount.name("client_email", root)
        project = root["project_id"] == nil ? "" : try ServiceAccount.name("project_id", root)
        keyID = root["private_key_id"] == nil ? "" : try ServiceAccount.name("private_key_id", root)
        guard let written = root["private_key"]?.string, !written.content.isEmpty else { throw .missing("private_key") }
        // Its lines' ends are escapes.
        let decoded = Wiped(capacity: written.content.count) { written.decode(into: &$0) }
        key = decoded.withBytes { Secret($0) }
    }

    /// A member that will stand in a statement as it is: visible ASCII but quotes and backslashes.
    private static func name(_ name: StaticString, _ root: JSONValue) throws(ServiceAccountFault) -> String {
        guard let text = root[name]?.string?.content, !text.isEmpty else { throw .missing(name.description) }
        guard text.count <= TokenLimits.accountNameByteCount else { throw .unreadable(name.description) }
        for index in 0..<text.count {
            let byte = text[index]
            guard (0x21...0x7E).contains(byte), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { throw .unreadable(name.description) }
        }
        return String(text)
    }

    // MARK: The statement

    /// A signed statement that this account asks: `header.claims.signature`, for the next hour.
    ///
    /// - Parameters:
    ///   - audience: the token endpoint it is meant for.
    ///   - wallSeconds: now, seconds since 1970.
    /// - Source: RFC 7515 §3.1; RFC 7519 §4.1; RFC 7518 §3.3
    func assertion(audience: String, scope: String, wallSeconds: UInt64) throws(TokenFault) -> Wiped {
        var header = "{\"alg\":\"RS256\",\"typ\":\"JWT\""
        if !keyID.isEmpty { header += ",\"kid\":\"\(keyID)\"" }
        header += "}"
        let expires = wallSeconds &+ TokenLimits.assertionSeconds
        let claims =
            "{\"iss\":\"\(email)\",\"sub\":\"\(email)\",\"aud\":\"\(audience)\",\"scope\":\"\(scope)\",\"iat\":\(wallSeconds),\"exp\":\(expires)}"
        var isSigned = false
        let assertion = Wiped(capacity: 2 * (header.utf8.count + claims.utf8.count) + TokenLimits.signatureByteCount * 2) { writer in
            Array(header.utf8).withByteSlice { writer.append(base64URL: $0) }
            writer.append(".")
            Array(claims.utf8).withByteSlice { writer.append(base64URL: $0) }
            let signature = sign(writer.written)
            isSigned = !signature.isEmpty
            writer.append(".")
            signature.withByteSlice { writer.append(base64URL: $0) }
        }
        guard isSigned else {
            let bits = TokenLimits.keyBits
            throw TokenFault(message: "the private_key of service account \(email) is no RSA key in PEM of \(bits.lowerBound) to \(bits.upperBound) bits")
        }
        return assertion
    }

    /// Empty when the key cannot sign.
    private func sign(_ text: ByteSlice) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: TokenLimits.signatureByteCount) { room, count in
            key.withBytes { pem in
                count = openssl_sign_rs256(
                    pem.base, pem.count, text.base, text.count, room.baseAddress, room.count, CInt(TokenLimits.keyBits.lowerBound),
                    CInt(TokenLimits.keyBits.upperBound))
            }
        }
    }
}

/// Why a text describes no service account. It carries nothing of the text's.
public enum ServiceAccountFault: Error, Equatable, CustomStringConvertible {
    case tooLong
    case notJSON
    case otherType
    case missing(String)
    case unreadable(String)

    public var description: String {
        switch self {
        case .tooLong: "the key file of a service account has at most \(TokenLimits.accountByteCount) bytes"
        case .notJSON: "a service account is the JSON of its key file"
        case .otherType: "only key files of type \"service_account\" are read"
        case .missing(let name): "the service account has no \"\(name)\""
        case .unreadable(let name): "the service account's \"\(name)\" has bytes that are no part of a name"
        }
    }
}

extension ByteWriter {
    /// Base64 with `-` and `_`, without padding (RFC 4648 §5; RFC 7515 §2).
    mutating func append(base64URL bytes: ByteSlice) {
        var at = 0
        while at < bytes.count {
            let taken = min(3, bytes.count - at)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < taken ? UInt32(bytes[at + index]) : 0) }
            for digit in 0...taken { append(ByteWriter.base64URLDigit(UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * digit)) & 63)) }
            at += taken
        }
    }

    private static func base64URLDigit(_ value: UInt8) -> UInt8 {
        switch value {
        case ..<26: UInt8(ascii: "A") &+ value
        case ..<52: UInt8(ascii: "a") &+ (value &- 26)
        case ..<62: UInt8(ascii: "0") &+ (value &- 52)
        case 62: UInt8(ascii: "-")
        default: UInt8(ascii: "_")
        }
    }
}
