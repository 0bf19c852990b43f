public import Bytes

/// Who a request acts for: one declared key.
///
/// Valid as long as the key table it came from, which is as long as the snapshot.
public struct Principal: BitwiseCopyable {
    /// The key's place in the declaration.
    public let keyIndex: Int
    /// The configuration its requests use when they name none; nil when the key names none either.
    public let configurationIndex: Int?
    /// Wall-clock seconds since 1970 from which the key is refused.
    public let expiresAt: Int64
    /// The client certificate its requests must come with; nil for none.
    public let certificate: CertificateIdentity?
    /// The name it was declared under. Owned by the table.
    public let name: ByteSlice
}
