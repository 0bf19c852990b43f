public import Bytes

/// What stands for a text where only so many bytes fit.
public enum TextDigest {
    /// SHA-256: 32 bytes.
    public static func sha256(of text: ByteSlice) -> [UInt8] { SHA256.digest(of: text).withSlice { [UInt8]($0) } }
}
