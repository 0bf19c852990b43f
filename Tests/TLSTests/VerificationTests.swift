import Bytes
import COpenSSL
import Glibc
import TLS
import Testing

/// One authority for the suite, and a stranger nobody trusts.
private struct Authorities {
    let trusted: Certificate
    let stranger: Certificate

    init() throws {
        trusted = try Certificate(.init(subject: "test root", isAuthority: true))
        stranger = try Certificate(.init(subject: "strange root", isAuthority: true))
    }
}

@Suite("Certificate verification")
struct VerificationTests {
    private let authorities: Authorities

    init() throws { authorities = try Authorities() }

    /// How a handshake ends with a server whose certificate is as requested.
    private func outcome(
        _ request: Certificate.Request, host: String = "a.example", signedBy issuer: Certificate? = nil
    ) throws -> TLSError? {
        let certificate = try Certificate(request, issuer: issuer ?? authorities.trusted)
        let server = try Server(certificate)
        let error = try greet(server, host: host, context(trusting: authorities.trusted))
        #expect(server.received.isEmpty)
        return error
    }

    @Test("a certificate of a trusted authority, in date and for the name, is accepted")
    func acceptsGood() throws {
        #expect(try outcome(.init(names: "DNS:a.example")) == nil)
    }

    @Test("the name asked of the server is the host's, lower or upper case, without a final dot", arguments: [
        "a.example", "a.example.", "A.EXAMPLE",
    ])
    func sendsServerName(_ host: String) throws {
        let server = try Server(Certificate(.init(names: "DNS:a.example"), issuer: authorities.trusted))
        #expect(try greet(server, host: host, context(trusting: authorities.trusted)) == nil)
        #expect(server.requestedName?.lowercased() == "a.example")
    }

    @Test("an expired certificate is refused with its last day")
    func refusesExpired() throws {
        let error = try outcome(.init(names: "DNS:a.example", days: -20 ... -10))
        guard case .certificate(.expired(let day)) = error else {
            Issue.record("refused otherwise: \(String(describing: error))")
            return
        }
        #expect(error?.description == "certificate has expired (notAfter \(day))")
        #expect(day.utf8.count == 10 && day.hasPrefix("20"))
    }

    @Test("a certificate from the future is refused with its first day")
    func refusesNotYetValid() throws {
        let error = try outcome(.init(names: "DNS:a.example", days: 10...20))
        guard case .certificate(.notYetValid(let day)) = error else {
            Issue.record("refused otherwise: \(String(describing: error))")
            return
        }
        #expect(error?.description == "certificate is not yet valid (notBefore \(day))")
    }

    @Test("a certificate for other hosts is refused with the names it is for")
    func refusesWrongHost() throws {
        let error = try outcome(.init(names: "DNS:b.example, DNS:c.example, IP:192.0.2.7, IP:2001:db8::1"))
        #expect(error == .certificate(.nameMismatch(names: "b.example, c.example, 192.0.2.7, 2001:db8::1")))
        #expect(error?.description.hasPrefix("hostname mismatch: certificate is for b.example, c.example") == true)
    }

    @Test("a common name is no host name (RFC 9525 §6.3)")
    func ignoresCommonName() throws {
        #expect(try outcome(.init(subject: "a.example")) == .certificate(.nameMismatch(names: "")))
    }

    @Test("a self-signed certificate is refused")
    func refusesSelfSigned() throws {
        let server = try Server(Certificate(.init(subject: "lonely", names: "DNS:a.example")))
        let error = try greet(server, host: "a.example", context(trusting: authorities.trusted))
        #expect(error == .certificate(.selfSigned(subject: "CN=lonely")))
    }

    @Test("a self-signed certificate that ca_file names is accepted")
    func acceptsPinnedSelfSigned() throws {
        let certificate = try Certificate(.init(subject: "pinned", names: "DNS:a.example"))
        #expect(try greet(Server(certificate), host: "a.example", context(trusting: certificate)) == nil)
    }

    @Test("a certificate of an unknown authority is refused, and the authority named")
    func refusesUnknownAuthority() throws {
        let error = try outcome(.init(names: "DNS:a.example"), signedBy: authorities.stranger)
        #expect(error == .certificate(.unknownIssuer(issuer: "CN=strange root")))
        #expect(error?.description == "unable to get local issuer certificate (issuer CN=strange root)")
    }

    @Test("an unknown authority is not trusted for sending its own certificate along")
    func refusesStrangeRoot() throws {
        let certificate = try Certificate(.init(names: "DNS:a.example"), issuer: authorities.stranger)
        let server = try Server(certificate, chain: [authorities.stranger])
        let error = try greet(server, host: "a.example", context(trusting: authorities.trusted))
        #expect(error == .certificate(.untrustedRoot(subject: "CN=strange root")))
    }

    @Test("a certificate made for clients is refused")
    func refusesWrongPurpose() throws {
        #expect(try outcome(.init(names: "DNS:a.example", extendedKeyUsage: "clientAuth")) == .certificate(.wrongPurpose))
    }

    @Test("a certificate signed by one that is no authority is refused")
    func refusesLeafAsIssuer() throws {
        let leaf = try Certificate(.init(subject: "leaf", names: "DNS:leaf.example"), issuer: authorities.trusted)
        let server = try Server(Certificate(.init(names: "DNS:a.example"), issuer: leaf), chain: [leaf])
        let error = try greet(server, host: "a.example", context(trusting: authorities.trusted))
        #expect(error == .certificate(.wrongPurpose))
    }

    @Test("an address is matched against the certificate's addresses, never its names, and not sent as SNI", arguments: [
        ("127.0.0.1", "IP:127.0.0.1", true), ("127.0.0.2", "IP:127.0.0.1", false), ("127.0.0.1", "DNS:127.0.0.1", false),
        ("::1", "IP:::1", true), ("[::1]", "IP:::1", true), ("::2", "IP:::1", false), ("0:0:0:0:0:0:0:1", "IP:::1", true),
    ])
    func matchesAddresses(_ host: String, _ names: String, _ accepted: Bool) throws {
        let server = try Server(Certificate(.init(names: names), issuer: authorities.trusted))
        let error = try greet(server, host: host, context(trusting: authorities.trusted))
        #expect((error == nil) == accepted)
        #expect(server.requestedName == nil)
    }

    @Test("a wildcard stands for one whole left-most label (RFC 9525 §6.3)", arguments: [
        ("a.example.test", "DNS:*.example.test", true), ("A.Example.Test", "DNS:*.example.test", true),
        ("a.b.example.test", "DNS:*.example.test", false), ("example.test", "DNS:*.example.test", false),
        ("foo.example.test", "DNS:f*.example.test", false), ("a.b.example.test", "DNS:a.*.example.test", false),
        ("example", "DNS:*", false), ("a.example.test", "DNS:b.example.test, DNS:*.example.test", true),
    ])
    func matchesWildcards(_ host: String, _ names: String, _ accepted: Bool) throws {
        #expect((try outcome(.init(names: names), host: host) == nil) == accepted)
    }

    @Test("with verification off any certificate is accepted")
    func acceptsAnythingWhenOff() throws {
        let server = try Server(Certificate(.init(subject: "lonely", days: -20 ... -10)))
        #expect(try greet(server, host: "a.example", context(trusting: authorities.trusted, .off)) == nil)
    }

    @Test("a stranger's certificate is quoted in printable ASCII and cut short")
    func quotesWithCare() throws {
        let long = (0..<40).map { "DNS:host-\($0).example" }.joined(separator: ", ")
        guard case .certificate(.nameMismatch(let names)) = try outcome(.init(names: long)) else {
            Issue.record("refused otherwise")
            return
        }
        #expect(names.utf8.count == TLSLimits.quotedCertificateByteCount - 1)
        let strange = try Certificate(.init(subject: "a\u{1B}[31m\nb", names: "DNS:a.example"))
        let error = try greet(Server(strange), host: "a.example", context(trusting: authorities.trusted))
        #expect(error?.description.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } == true)
    }
}

@Suite("TLS names and trust")
struct TrustTests {
    @Test("what can be no host is refused with the reason", arguments: [
        ("", TLSNameError.emptyName), ("a b", .nameByte(0x20, offset: 1)), ("a\0b", .nameByte(0, offset: 1)),
        ("é", .nameByte(0xC3, offset: 0)), (String(repeating: "a", count: 254), .nameTooLong(byteCount: 254)),
    ])
    func refusesNames(_ host: String, _ expected: TLSNameError) throws {
        let context = try TLSContext()
        #expect(throws: expected) {
            try Array(host.utf8).withByteSlice { name throws(TLSNameError) in _ = try TLSOrigin(name, context: context) }
        }
    }

    @Test("a missing or empty ca_file is named")
    func namesBadFile() throws {
        #expect(throws: TLSContextError.caFile(path: "/nowhere/ca.pem", reason: "no such file or directory")) {
            try TLSContext(trusting: "/nowhere/ca.pem")
        }
        #expect(throws: TLSContextError.self) { try TLSContext(trusting: "/dev/null") }
    }
}
