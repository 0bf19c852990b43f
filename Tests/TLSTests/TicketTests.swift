import Bytes
import COpenSSL
import Glibc
import TLS
import Testing

@Suite("Session tickets")
struct TicketTests {
    private let certificate: TLSCertificate
    private let secret: TLSTicketSecret

    init() throws {
        certificate = try Certificate(.init(names: "DNS:a.example")).forServer()
        secret = try TLSTicketSecret(start: 1_000, period: 100)
    }

    /// Connects, offering `ticket`: whether it was taken up, and what the next connection may offer.
    private func connect(_ listener: Listener, _ version: CInt, offering ticket: OpaquePointer? = nil) throws -> (isResumed: Bool, next: OpaquePointer?) {
        let client = try Client(.init(highestVersion: version), resuming: ticket)
        if let error = try listener.greet(client) { throw error }
        let next = client.takeTicket()
        SSL_SESSION_up_ref(next)
        return (client.isResumed, next)
    }

    private func listener(now: UInt64, secret other: TLSTicketSecret? = nil) throws -> Listener {
        let listener = try Listener([certificate], secret: other ?? secret)
        listener.acceptor.rotateKeys(now: now)
        return listener
    }

    @Test("a ticket is good for the key it was sealed with and the one after it, and then for nothing",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION],
        [(1_000, true), (1_099, true), (1_100, true), (1_199, true), (1_200, false), (9_000, false)] as [(UInt64, Bool)])
    func rotates(_ version: CInt, _ later: (now: UInt64, isGood: Bool)) throws {
        let listener = try listener(now: 1_000)
        let first = try connect(listener, version)
        defer { SSL_SESSION_free(first.next) }
        #expect(!first.isResumed)
        listener.acceptor.rotateKeys(now: later.now)
        let second = try connect(listener, version, offering: first.next)
        SSL_SESSION_free(second.next)
        #expect(second.isResumed == later.isGood)
    }

    @Test("who resumes with the older key gets a ticket of the newer one", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func renews(_ version: CInt) throws {
        let listener = try listener(now: 1_000)
        var ticket = try connect(listener, version).next
        for now in stride(from: 1_100 as UInt64, through: 1_500, by: 100) {
            listener.acceptor.rotateKeys(now: now)
            let next = try connect(listener, version, offering: ticket)
            SSL_SESSION_free(ticket)
            ticket = next.next
            #expect(next.isResumed, "at \(now)")
        }
        SSL_SESSION_free(ticket)
    }

    @Test("another worker takes it up, whichever of the two rotated last", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func sharedByWorkers(_ version: CInt) throws {
        for (one, other) in [(1_000, 1_150), (1_150, 1_000), (1_350, 1_399)] as [(UInt64, UInt64)] {
            let first = try connect(listener(now: one), version)
            // A key that this worker has not come to yet is unknown to it: that is a full handshake and no fault.
            let second = try connect(listener(now: other), version, offering: first.next)
            SSL_SESSION_free(first.next)
            SSL_SESSION_free(second.next)
            #expect(second.isResumed == (other >= one))
        }
    }

    @Test("a ticket of another process is a full handshake", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func foreignTicket(_ version: CInt) throws {
        let first = try connect(listener(now: 1_000), version)
        let second = try connect(listener(now: 1_000, secret: TLSTicketSecret(start: 1_000, period: 100)), version, offering: first.next)
        SSL_SESSION_free(first.next)
        SSL_SESSION_free(second.next)
        #expect(!second.isResumed)
    }

    @Test("a session of a listener that asks for no certificate is not resumed at one that does", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func keepsListenersApart(_ version: CInt) throws {
        let authority = try Certificate(.init(subject: "clients", isAuthority: true))
        let caFile = try authority.writePEM()
        defer { unlink(caFile) }
        let first = try connect(listener(now: 1_000), version)
        defer { SSL_SESSION_free(first.next) }
        let strict = try Listener([certificate], clients: .required(caFile: caFile), secret: secret)
        let client = try Client(.init(highestVersion: version), resuming: first.next)
        #expect(try strict.greet(client) == .certificateMissing)
    }

    @Test("the next change of keys is told")
    func tellsNextRotation() throws {
        let listener = try listener(now: 1_000)
        #expect(listener.acceptor.rotateKeys(now: 1_000) == 1_100)
        #expect(listener.acceptor.rotateKeys(now: 1_099) == 1_100)
        #expect(listener.acceptor.rotateKeys(now: 1_100) == 1_200)
        #expect(listener.acceptor.rotateKeys(now: 1_000) == 1_200, "a clock does not turn keys back")
    }
}
