import Bytes
import COpenSSL
import TLS
import Testing

@Suite("TLS resumption")
struct ResumptionTests {
    private let authority: Certificate
    private let certificate: Certificate

    init() throws {
        authority = try Certificate(.init(subject: "test root", isAuthority: true))
        certificate = try Certificate(.init(names: "DNS:a.example, DNS:b.example"), issuer: authority)
    }

    /// Connects, reads once (tickets of TLS 1.3 come after the handshake), and says whether it resumed.
    private func connect(_ origin: TLSOrigin, _ server: Server, shuttingDown: Bool = false) throws -> Bool {
        let link = Link()
        defer { link.close() }
        try server.accept(link)
        var client = try TLSSession(to: origin, over: link.client)
        if let error = shakeHands(&client, server) { throw error }
        var byte: UInt8 = 0
        _ = client.read(into: &byte, capacity: 1)
        if shuttingDown { _ = client.shutdown() }
        return client.isResumed
    }

    @Test("a second connection resumes the first, however that one ended", arguments: [TLS1_2_VERSION, TLS1_3_VERSION], [true, false])
    func resumes(_ version: CInt, _ shuttingDown: Bool) throws {
        let origin = try TLSOrigin(ByteSlice("a.example"), context: context(trusting: authority))
        let server = try Server(certificate, .init(highestVersion: version))
        #expect(try !connect(origin, server, shuttingDown: shuttingDown))
        #expect(try connect(origin, server, shuttingDown: shuttingDown))
        #expect(try connect(origin, server, shuttingDown: shuttingDown))
    }

    @Test("two connections at once may resume the same session")
    func resumesTwice() throws {
        let origin = try TLSOrigin(ByteSlice("a.example"), context: context(trusting: authority))
        let server = try Server(certificate)
        _ = try connect(origin, server)
        let (one, other) = (Link(), Link())
        defer {
            one.close()
            other.close()
        }
        let second = try Server(certificate)
        try server.accept(one)
        var client = try TLSSession(to: origin, over: one.client)
        var late = try TLSSession(to: origin, over: other.client)
        #expect(shakeHands(&client, server) == nil)
        let isResumed = client.isResumed
        #expect(isResumed)
        // The other server does not know the ticket and shakes hands in full.
        try second.accept(other)
        #expect(shakeHands(&late, second) == nil)
        let isLateResumed = late.isResumed
        #expect(!isLateResumed)
    }

    @Test("a session is not resumed towards another name, though the certificate is for both")
    func keepsOriginsApart() throws {
        let trust = try context(trusting: authority)
        let server = try Server(certificate)
        #expect(try !connect(TLSOrigin(ByteSlice("a.example"), context: trust), server))
        #expect(try !connect(TLSOrigin(ByteSlice("b.example"), context: trust), server))
    }

    @Test("a failed handshake forgets the session")
    func forgetsAfterFailure() throws {
        let origin = try TLSOrigin(ByteSlice("a.example"), context: context(trusting: authority))
        let server = try Server(certificate)
        #expect(try !connect(origin, server))
        let stranger = try Server(Certificate(.init(names: "DNS:a.example")))
        #expect(throws: TLSError.self) { try connect(origin, stranger) }
        #expect(try !connect(origin, server))
    }
}
