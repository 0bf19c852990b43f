/// Bounds of TLS.
public enum TLSLimits {
    /// Bytes of a host name in text form, without a final dot (RFC 1035 §2.3.4).
    public static let hostNameByteCount = 253

    /// Bytes of a stranger's certificate quoted in an error: room for several names, little for a log line.
    public static let quotedCertificateByteCount = 200

    /// Certificates a listener chooses from by name.
    public static let certificateCount = 64

    /// Certificates that vouch for one: chains have two or three.
    public static let issuerCount = 8

    /// Alternative names of a server's certificate, all together: authorities sign a hundred, of 253 bytes at most.
    static let serverNamesByteCount = 64 << 10

    /// Alternative names of a client's certificate that identify it; those that do not fit are left out.
    static let clientNamesByteCount = 4096

    /// A client's subject, as RFC 2253 writes it; a longer one identifies nobody.
    static let subjectByteCount = 1024

    /// A client's certificates as they come: some 2 KB each.
    static let clientChainByteCount = 32 << 10

    /// Key updates and refused renegotiations of one client connection. Clients need a key update every 2²⁴ records, and no more.
    static let messagesAfterHandshake = 100

    /// Bytes that a client sends ahead of its handshake, having the ticket of a server that took them: skipped, never read.
    static let skippedEarlyByteCount = 16 << 10

    /// The key of tickets is replaced this often, and read for as long again.
    public static let ticketKeyNanoseconds: UInt64 = 3_600_000_000_000
}
