public import Bytes

/// One name on a client certificate by which a key may know its holder: the digest of the subject or of an alternative name.
public struct CertificateIdentity: BitwiseCopyable, Hashable, Sendable {
    fileprivate let digest: KeyDigest

    /// - Parameter subject: as RFC 2253 writes it: `CN=search,O=Acme`.
    public init(subject: ByteSlice) { self.init("subject:", subject) }

    /// - Parameter name: with its kind: `DNS:a.example`, `URI:spiffe://a/b`, `email:c@a.example`.
    public init(name: ByteSlice) { self.init("", name) }

    private init(_ kind: StaticString, _ text: ByteSlice) {
        digest = (Array(ByteSlice(kind)) + Array(text)).withByteSlice { KeyDigest(of: $0) }
    }
}
