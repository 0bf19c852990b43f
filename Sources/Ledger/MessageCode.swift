public import Bytes

/// A code by which who has the same key knows that a message is ours, and whole.
public enum MessageCode {
    /// HMAC with SHA-256 of the parts, one behind the other: 32 bytes.
    public static func sha256(key: ByteSlice, of parts: [ByteSlice]) -> [UInt8] {
        var code = HMACSHA256(key: key)
        for part in parts { code.add(part) }
        return code.finish().withSlice { [UInt8]($0) }
    }
}
