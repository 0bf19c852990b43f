import Configuration
import Glibc
import JSON
import Testing

@Suite("Listeners of the file")
struct ListenTests {
    @Test("an address may say what it shows over TLS and asks of clients")
    func reads() throws {
        let configuration = try Fixture.configuration(
            """
            version: 1
            listen:
              - 127.0.0.1:1
              - address: 0.0.0.0:2
                tls:
                  certificates: [{certificate: a.pem, key: a.key}, {certificate: b.pem, key: b.key}]
                  client_ca: ca.pem
                  client_certificates: optional
                  minimum_version: "1.3"
              - address: "[::]:3"
                tls: {certificates: [{certificate: a.pem, key: a.key}], client_ca: ca.pem}
              - {address: "127.0.0.1:4"}
            """)
        #expect(configuration.listen.map(\.description) == ["127.0.0.1:1", "0.0.0.0:2", "[::]:3", "127.0.0.1:4"])
        #expect(configuration.listeners.map { $0.tls != nil } == [false, true, true, false])
        let tls = try #require(configuration.listeners[1].tls)
        #expect(tls.certificates.map(\.chain.path) == ["a.pem", "b.pem"] && tls.certificates.map(\.key.path) == ["a.key", "b.key"])
        #expect(tls.clientCA?.path == "ca.pem" && tls.clientCertificates == .optional && tls.lowestVersion == .tls13)
        #expect(configuration.listeners[2].tls?.clientCertificates == .required, "authorities alone mean that certificates are required")
        #expect(configuration.listeners[2].tls?.lowestVersion == .tls12)
    }

    @Test("one listener may stand without a list")
    func readsOne() throws {
        let configuration = try Fixture.configuration("version: 1\nlisten: {address: 127.0.0.1:1, tls: {certificates: [{certificate: a, key: b}]}}")
        #expect(configuration.listeners.count == 1 && configuration.listeners[0].tls?.clientCertificates == .off)
    }

    @Test("what cannot be meant is told with its place", arguments: [
        ("listen: {tls: {certificates: [{certificate: a, key: b}]}}", #"f:2:9: "address" is missing"#),
        ("listen: {address: 127.0.0.1:1, tls: {}}", #"f:2:37: "certificates" is missing"#),
        ("listen: {address: 127.0.0.1:1, tls: {certificates: []}}", #"f:2:52: "certificates" must have 1 to 64 entries"#),
        ("listen: {address: 127.0.0.1:1, tls: {certificates: [{certificate: a}]}}", #"f:2:53: "key" is missing"#),
        ("listen: {address: 127.0.0.1:1, tls: {certificates: [{certificate: a, key: \"\"}]}}", #"f:2:75: "key" must be a path"#),
        (
            "listen: {address: 127.0.0.1:1, tls: {certificates: [{certificate: a, key: b}], client_certificates: required}}",
            #"f:2:37: client certificates are asked for, and "client_ca" is missing; name the authorities that sign them: client_ca: clients.pem"#
        ),
        (
            "listen: {address: 127.0.0.1:1, tls: {certificates: [{certificate: a, key: b}], minimum_version: \"1.1\"}}",
            #"f:2:97: "minimum_version" must be one of 1.2, 1.3, not "1.1""#
        ),
        ("listen: {address: 127.0.0.1:1, tsl: {}}", #"f:2:32: unknown key "tsl"; did you mean "tls"?"#),
    ])
    func faults(text: String, line: String) {
        let lines = Fixture.lines("version: 1\n\(text)\n")
        #expect(lines.count == 1 && lines[0].hasPrefix(line), "\(lines)")
    }

    @Test("as many certificates as the bound says, and no more", arguments: [ConfigurationLimits.certificateCount, ConfigurationLimits.certificateCount + 1])
    func boundsCertificates(count: Int) {
        let list = Array(repeating: "{certificate: a, key: b}", count: count).joined(separator: ", ")
        let lines = Fixture.lines("version: 1\nlisten: {address: 127.0.0.1:1, tls: {certificates: [\(list)]}}\n")
        #expect(lines.isEmpty == (count <= ConfigurationLimits.certificateCount))
    }

    // MARK: Keys

    private static let digest = "sha256:" + String(repeating: "0", count: 64)

    @Test("a key has a digest, a client certificate, or both")
    func readsKeys() throws {
        let configuration = try Fixture.configuration(
            """
            version: 1
            keys:
              a: {client_certificate: {subject: "CN=a,O=Acme"}}
              b: {client_certificate: {san: "URI:spiffe://acme/b"}, digest: "\(Self.digest)"}
              c: {digest: "\(Self.digest.dropLast())1"}
            """)
        #expect(configuration.keys.map(\.certificate) == [.subject("CN=a,O=Acme"), .alternativeName("URI:spiffe://acme/b"), nil])
        #expect(configuration.keys.map { $0.digest == nil } == [true, false, false])
    }

    @Test("what names no certificate is told", arguments: [
        ("{}", #""digest" is missing"#), ("{client_certificate: {}}", #""client_certificate" has one of "subject" and "san""#),
        ("{client_certificate: {subject: a, san: \"DNS:a\"}}", #""client_certificate" has one of "subject" and "san""#),
        ("{client_certificate: {san: a.example}}", #""a.example" does not say of what kind it is; begin with DNS:, URI: or email:"#),
        ("{client_certificate: {san: \"DNS:\"}}", #""DNS:" does not say of what kind it is"#),
        ("{client_certificate: {subject: \"CN=ä\"}}", #""subject" must have 1 to 1024 printable ASCII characters"#),
        ("{client_certificate: {subject: \"\(String(repeating: "a", count: ConfigurationLimits.certificateNameByteCount + 1))\"}}", #""subject" must have 1 to 1024"#),
    ])
    func keyFaults(key: String, said: String) {
        let lines = Fixture.lines("version: 1\nkeys:\n  a: \(key)\n")
        #expect(lines.count == 1 && lines[0].contains(said), "\(lines)")
    }

    @Test("two keys for one certificate are one too many, unless secrets tell them apart")
    func sameCertificate() {
        let one = "{client_certificate: {san: \"DNS:a\"}}"
        #expect(Fixture.lines("version: 1\nkeys: {a: \(one), b: \(one)}\n").map { String($0.dropFirst(2)) } == ["2:52: key \"b\" is for the certificate of key \"a\"; keep one"])
        #expect(Fixture.lines("version: 1\nkeys: {a: \(one), b: {digest: \"\(Self.digest)\", client_certificate: {san: \"DNS:a\"}}}\n").isEmpty)
    }

    // MARK: Files

    /// What reading a file with these bytes and this mode says; nil when it is read.
    private func fault(_ bytes: [UInt8], mode: mode_t, isKey: Bool) -> String? {
        let path = "/tmp/sluice-pem-\(getpid())-\(UInt64.random(in: 0...(.max)))"
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        defer { unlink(path) }
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        chmod(path, mode)
        var diagnostics: [Diagnostic] = []
        let read = FileReference(argument: path).read(isKey: isKey, &diagnostics)
        #expect((read == nil) == !diagnostics.isEmpty)
        if let read { #expect(Array(read.bytes) == bytes) }
        return diagnostics.first.map { $0.message.replacing(path, with: "F") + ($0.hint.map { "; \($0.replacing(path, with: "F"))" } ?? "") }
    }

    @Test("a private key is for its owner alone, a certificate for anybody to read and its owner to write", arguments: [
        (0o600, true, nil), (0o400, true, nil), (0o700, true, nil), (0o640, true, "F is a private key that others can read or write (mode 640); chmod 600 F"),
        (0o604, true, "F is a private key that others can read or write (mode 604); chmod 600 F"), (0o620, true, "F is a private key that others can read or write (mode 620); chmod 600 F"),
        (0o644, false, nil), (0o664, false, "F can be written by others (mode 664); chmod 644 F"), (0o602, false, "F can be written by others (mode 602); chmod 644 F"),
    ] as [(mode_t, Bool, String?)])
    func checksModes(mode: mode_t, isKey: Bool, said: String?) {
        #expect(fault(Array("text".utf8), mode: mode, isKey: isKey) == said)
    }

    @Test("a file is read to the bound, and not beyond")
    func boundsFiles() {
        #expect(fault([UInt8](repeating: 1, count: ConfigurationLimits.pemByteCount), mode: 0o600, isKey: true) == nil)
        #expect(fault([UInt8](repeating: 1, count: ConfigurationLimits.pemByteCount + 1), mode: 0o600, isKey: true) == "F has more than 1048576 bytes")
        #expect(fault([], mode: 0o600, isKey: false) == nil)
    }

    @Test("what is no file, or not there, is told", arguments: [("/nonexistent", "cannot be read: No such file or directory"), ("/tmp", "is not a file"), ("/dev/zero", "is not a file")])
    func refusesOthers(path: String, said: String) {
        var diagnostics: [Diagnostic] = []
        #expect(FileReference(argument: path).read(isKey: false, &diagnostics) == nil)
        #expect(diagnostics.map(\.message) == ["\(path) \(said)"])
    }
}
