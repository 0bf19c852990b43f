import COpenSSL

/// What a verified client certificate says of its holder.
public struct TLSClientCertificate: Sendable, Equatable {
    /// The subject as RFC 2253 writes it (`CN=search,O=Acme`); empty when it is longer than `TLSLimits.subjectByteCount`.
    public let subject: [UInt8]
    /// Its alternative names, a line each: `DNS:a.example`, `URI:spiffe://a/b`, `email:c@a.example`.
    public let names: [UInt8]

    init(_ certificate: OpaquePointer) {
        let capacity = TLSLimits.subjectByteCount
        subject = written(within: capacity) { openssl_certificate_distinguished_name(certificate, $0, CInt(capacity)) }
        names = AlternativeNames(of: certificate, within: TLSLimits.clientNamesByteCount).lines
    }
}
