import Bytes
import Ledger
import TLS

/// What a TLS handshake with a client came to.
struct ConnectionSecurity {
    let version: TLSVersion
    let applicationProtocol: TLSProtocol
    let isResumed: Bool
    /// Of a client that showed one.
    let certificate: ClientCertificate?
}

/// What a client's certificate says of its holder, in memory that stays where it is: one for a connection, and for all its streams.
final class ClientCertificate {
    private let memory: UnsafeMutablePointer<UInt8>
    /// As RFC 2253 writes it; empty when it identifies nobody.
    let subject: ByteSlice
    /// A line each: `DNS:a.example`, `URI:spiffe://a/b`, `email:c@a.example`.
    let names: ByteSlice
    /// What a key that is bound to this certificate may name.
    let identities: [CertificateIdentity]

    init(_ certificate: TLSClientCertificate) {
        memory = .allocate(capacity: max(1, certificate.subject.count + certificate.names.count))
        memory.initialize(from: certificate.subject + certificate.names, count: certificate.subject.count + certificate.names.count)
        subject = ByteSlice(memory, count: certificate.subject.count)
        names = ByteSlice(memory + certificate.subject.count, count: certificate.names.count)
        var identities = subject.isEmpty ? [] : [CertificateIdentity(subject: subject)]
        var rest = names
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            identities.append(CertificateIdentity(name: rest.prefix(end)))
            rest = rest.dropFirst(end + 1)
        }
        self.identities = identities
    }

    deinit { memory.deallocate() }

    /// What it is called in records: its subject, else its first name.
    var description: ByteSlice { subject.isEmpty ? names.prefix(names.firstIndex(of: UInt8(ascii: "\n")) ?? 0) : subject }
}
