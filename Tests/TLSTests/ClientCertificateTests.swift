import Bytes
import COpenSSL
import Glibc
import TLS
import Testing

@Suite("Client certificates")
struct ClientCertificateTests {
    private let server: TLSCertificate
    private let authority: Certificate
    private let caFile: String

    init() throws {
        server = try Certificate(.init(names: "DNS:a.example")).forServer()
        authority = try Certificate(.init(subject: "clients", isAuthority: true))
        caFile = try authority.writePEM()
    }

    private func request(_ names: String = "", subject: String = "search", use: String = "clientAuth", days: ClosedRange<Int> = -1...1) -> Certificate.Request {
        Certificate.Request(subject: subject, names: names, extendedKeyUsage: use, days: days)
    }

    /// How a handshake ends at a listener that asks for certificates, and whom it then takes the client for.
    private func greet(
        showing certificate: Certificate?, optional: Bool = false, _ version: CInt = TLS1_3_VERSION
    ) throws -> (error: TLSError?, holder: TLSClientCertificate?) {
        defer { unlink(caFile) }
        let listener = try Listener([server], clients: optional ? .optional(caFile: caFile) : .required(caFile: caFile))
        var holder: TLSClientCertificate?
        let error = try listener.greet(Client(.init(highestVersion: version, certificate: certificate))) { holder = $0.clientCertificate }
        return (error, holder)
    }

    @Test("a certificate that client_ca has signed says who its holder is", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func identifies(_ version: CInt) throws {
        let names = "DNS:search.acme.example, URI:spiffe://acme/search, email:search@acme.example, IP:192.0.2.1"
        let (error, holder) = try greet(showing: Certificate(request(names), issuer: authority), version)
        #expect(error == nil)
        #expect(holder.map { String(decoding: $0.subject, as: UTF8.self) } == "CN=search")
        #expect(holder.map { String(decoding: $0.names, as: UTF8.self) } == "DNS:search.acme.example\nURI:spiffe://acme/search\nemail:search@acme.example\n")
    }

    @Test("a subject is written so that no two are alike", arguments: [
        ("a,O=b", "CN=a\\,O=b"), ("ä", "CN=\\C3\\A4"), (" a", "CN=\\ a"), ("a\nb", "CN=a\\0Ab"), ("a+b", "CN=a\\+b"),
    ])
    func writesSubjects(_ subject: String, _ written: String) throws {
        let (error, holder) = try greet(showing: Certificate(request(subject: subject), issuer: authority))
        #expect(error == nil)
        #expect(holder.map { String(decoding: $0.subject, as: UTF8.self) } == written)
    }

    @Test("who shows none is refused where one is required, and nobody where it is optional", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func missing(_ version: CInt) throws {
        #expect(try greet(showing: nil, version).error == .certificateMissing)
    }

    @Test("where it is optional, who shows none is served, as nobody", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func optional(_ version: CInt) throws {
        let (error, holder) = try greet(showing: nil, optional: true, version)
        #expect(error == nil && holder == nil)
    }

    @Test("a bad certificate is refused, also where none is required, and the refusal says why", arguments: ["expired", "early", "authority", "self", "use"], [true, false])
    func refuses(_ fault: String, _ optional: Bool) throws {
        let stranger = try Certificate(.init(subject: "stranger", isAuthority: true))
        let days = fault == "expired" ? -3...(-1) : fault == "early" ? 1...3 : -1...1
        let issuer = fault == "authority" ? stranger : fault == "self" ? nil : authority
        let certificate = try Certificate(request(use: fault == "use" ? "serverAuth" : "clientAuth", days: days), issuer: issuer)
        let (error, _) = try greet(showing: certificate, optional: optional)
        guard case .certificate(let found) = error else { throw Unexpected("\(String(describing: error))") }
        switch (fault, found) {
        case ("expired", .expired), ("early", .notYetValid), ("authority", .unknownIssuer), ("self", .selfSigned), ("use", .wrongPurpose): break
        default: Issue.record("\(fault) was told as \(found)")
        }
        #expect(!found.ofClient.isEmpty && !found.ofClient.contains("ca_file") && !found.ofClient.contains("made for servers"))
    }

    @Test("each connection is verified: no tickets are given to who shows a certificate", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func verifiesEachTime(_ version: CInt) throws {
        defer { unlink(caFile) }
        let listener = try Listener([server], clients: .required(caFile: caFile))
        let certificate = try Certificate(request(), issuer: authority)
        let first = try Client(.init(highestVersion: version, certificate: certificate))
        #expect(try listener.greet(first) == nil)
        let second = try Client(.init(highestVersion: version, certificate: certificate), resuming: first.takeTicket())
        #expect(try listener.greet(second) == nil)
        #expect(!second.isResumed)
    }

    @Test("names that do not fit, or hold what is not printable, identify nobody")
    func boundsNames() throws {
        let names = (0..<40).map { "DNS:" + String(repeating: "a", count: 50) + "-\($0)." + String(repeating: "b", count: 60) + ".example" }
        let (error, holder) = try greet(showing: Certificate(request(names.joined(separator: ", ")), issuer: authority))
        #expect(error == nil)
        let lines = holder.map { String(decoding: $0.names, as: UTF8.self).split(separator: "\n").map(String.init) } ?? []
        #expect(lines.count > 20 && lines.count < 40 && lines == Array(names.prefix(lines.count)), "whole names only")
    }

    @Test("a file without authorities makes no listener")
    func badAuthorities() throws {
        defer { unlink(caFile) }
        #expect(throws: TLSContextError.self) { try Listener([server], clients: .required(caFile: "/nonexistent.pem")) }
        #expect(throws: TLSContextError.self) { try Listener([server], clients: .optional(caFile: "/dev/null")) }
    }
}

@Suite("A server's certificate")
struct ServerCertificateTests {
    private func fault(_ chain: [UInt8], _ key: [UInt8]) -> TLSCertificateError? {
        do throws(TLSCertificateError) {
            _ = try tlsCertificate(chain: chain, key: key)
            return nil
        } catch {
            return error
        }
    }

    @Test("what cannot be shown is told, and in which file it lies")
    func tellsFaults() throws {
        let (one, other) = (try Certificate(.init(names: "DNS:a.example")), try Certificate(.init(names: "DNS:a.example")))
        let (chain, key) = (try one.pem(), try one.keyPEM())
        #expect(fault(chain, key) == nil)
        #expect(fault(key + chain, chain + key) == nil, "one file may hold both")
        #expect(fault([], key) == .noCertificate)
        #expect(fault(key, key) == .noCertificate)
        #expect(fault(chain, []) == .noKey)
        #expect(fault(chain, chain) == .noKey)
        #expect(fault(chain, Array("hello".utf8)) == .noKey)
        #expect(fault(chain, try other.keyPEM()) == .otherKey)
        #expect(fault(chain, try Certificate(.init(rsaBits: 2048)).keyPEM()) == .otherKey)
        #expect(fault(chain, try one.keyPEM(passphrase: "secret")) == .encryptedKey)
        guard case .badCertificate = fault(Array(chain.prefix(chain.count / 2)) + Array("\n-----END CERTIFICATE-----\n".utf8), key) else { throw Unexpected("half a certificate passed") }
        guard case .badKey = fault(chain, Array(key.prefix(key.count / 2)) + Array("\n-----END PRIVATE KEY-----\n".utf8)) else { throw Unexpected("half a key passed") }
    }

    @Test("as many certificates may vouch for it as the bound says, and no more")
    func boundsChain() throws {
        let one = try Certificate(.init(names: "DNS:a.example"))
        let (link, key) = (try one.pem(), try one.keyPEM())
        let chain = Array(repeatElement(link, count: TLSLimits.issuerCount + 1).joined())
        #expect(fault(chain, key) == nil)
        #expect(fault(chain + link, key) == .longChain)
    }

    @Test("cut or changed at any place, it is refused or read, and nothing stops")
    func survivesMutation() throws {
        let one = try Certificate(.init(names: "DNS:a.example"))
        let (chain, key) = (try one.pem(), try one.keyPEM())
        for offset in chain.indices {
            _ = fault(Array(chain[..<offset]), key)
            var changed = chain
            changed[offset] ^= 0x01
            _ = fault(changed, key)
        }
        for offset in key.indices { #expect(fault(chain, Array(key[..<offset])) != nil || offset > key.count - 3) }
    }

    @Test("a key that is too weak makes no context")
    func refusesWeakKeys() throws {
        let weak = try Certificate(.init(names: "DNS:a.example", rsaBits: 1024)).forServer()
        do throws(TLSContextError) {
            _ = try TLSServerContext(certificates: [weak])
            Issue.record("1,024 bits passed")
        } catch {
            #expect(error == .certificate(index: 0, reason: "ee key too small"))
        }
    }

    @Test("dates are looked at, by name of the fault")
    func tellsDates() throws {
        func dates(_ days: ClosedRange<Int>) throws -> CertificateFault? { try Certificate(.init(names: "DNS:a.example", days: days)).forServer().dateFault }
        #expect(try dates(-1...1) == nil)
        guard case .expired = try dates(-3...(-1)) else { throw Unexpected("expired passed") }
        guard case .notYetValid = try dates(1...3) else { throw Unexpected("too early passed") }
    }

    @Test("its host names are read, in lower case, and nothing else")
    func readsNames() throws {
        let certificate = try Certificate(.init(subject: "not.this", names: "DNS:A.Example, IP:192.0.2.1, DNS:*.b.example, URI:https://c.example")).forServer()
        #expect(certificate.names == ["a.example", "*.b.example"])
    }
}
