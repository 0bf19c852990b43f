/// Bounds of TLS.
public enum TLSLimits {
    /// Bytes of a host name in text form, without a final dot (RFC 1035 §2.3.4).
    public static let hostNameByteCount = 253

    /// Bytes of a stranger's certificate quoted in an error: room for several names, little for a log line.
    public static let quotedCertificateByteCount = 200
}
