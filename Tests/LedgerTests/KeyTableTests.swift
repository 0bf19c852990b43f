import Bytes
import Ledger
import Testing

@Suite("Key table")
struct KeyTableTests {
    private func digest(_ secret: String) -> KeyDigest { slice(secret) { KeyDigest(of: $0) } }

    @Test("every declared key is found under its own name, and nothing else is", arguments: [0, 1, 4, 5, 1_000])
    func finds(_ count: Int) throws {
        let table = try KeyTable((0..<count).map {
            .init(name: "key-\($0)", digest: digest("secret-\($0)"), configurationIndex: $0 % 3 == 0 ? nil : $0)
        })
        #expect(table.count == count)
        for index in 0..<count {
            let found = slice("secret-\(index)") { table.principal(presenting: $0) }
            #expect(found?.keyIndex == index)
            #expect(found?.configurationIndex == (index % 3 == 0 ? nil : index))
            #expect((found?.name).map { String($0) } == "key-\(index)")
        }
        for other in ["", "secret-", "secret-\(count)", "key-0"] {
            #expect(slice(other) { table.principal(presenting: $0) } == nil)
        }
    }

    @Test("a digest that differs in one bit anywhere is another key")
    func comparesEveryBit() throws {
        let secret = digest("secret")
        let table = try KeyTable([.init(name: "a", digest: secret)])
        let text = Array(secret.description.utf8)
        for index in 7..<text.count {
            var other = text
            other[index] = other[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            let changed = try other.withByteSlice { bytes throws(KeyDigestError) in try KeyDigest(bytes) }
            #expect(table.principal(for: changed) == nil)
        }
    }

    @Test("two names for one secret are refused")
    func refusesSameSecret() {
        #expect(throws: KeyTableError.sameSecret("a", "b")) {
            try KeyTable([.init(name: "a", digest: digest("s")), .init(name: "b", digest: digest("s"))])
        }
    }

    @Test("a table in which some keys are others finds those, and all that have not changed; the one before is as it was")
    func changes() throws {
        func declaration(_ name: String, _ secret: String) -> KeyTable.Declaration {
            var declaration = KeyTable.Declaration(name: name, digest: digest(secret))
            declaration.identity = "id of \(name)"
            return declaration
        }
        func found(_ secret: String, _ table: KeyTable) -> String? { slice(secret) { table.principal(presenting: $0) }.map { "\(String($0.name)) \($0.keyIndex)" } }
        let table = try KeyTable([declaration("a", "s-a"), declaration("b", "s-b"), declaration("c", "s-c")])
        let next = try table.changed(by: [
            .init(identity: "id of a", gone: [digest("s-a")], made: (declaration("a", "s-a2"), 3)), .init(identity: "id of b", gone: [digest("s-b")], made: nil),
            .init(identity: "id of d", gone: [], made: (declaration("d", "s-d"), 4)),
        ])
        #expect(["s-a", "s-a2", "s-b", "s-c", "s-d", "s-e"].map { found($0, next) } == [nil, "a 3", nil, "c 2", "d 4", nil])
        #expect(["s-a", "s-a2", "s-b", "s-c", "s-d"].map { found($0, table) } == ["a 0", nil, "b 1", "c 2", nil])
        #expect(next.count == 3 && next.changeCount == 4 && table.count == 3 && table.changeCount == 0)
        // What was another's is not taken away, and a secret that was given up may be somebody's again.
        let last = try next.changed(by: [.init(identity: "id of d", gone: [digest("s-c"), digest("s-d")], made: (declaration("d", "s-b"), 5))])
        #expect(["s-b", "s-c", "s-d"].map { found($0, last) } == ["d 5", "c 2", nil] && last.count == 3)
        #expect(throws: KeyTableError.sameSecret("c", "e")) { try last.changed(by: [.init(identity: "id of e", gone: [], made: (declaration("e", "s-c"), 6))]) }
    }

    private func name(_ text: String) -> CertificateIdentity { slice(text) { CertificateIdentity(name: $0) } }
    private func subject(_ text: String) -> CertificateIdentity { slice(text) { CertificateIdentity(subject: $0) } }

    @Test("a key without a secret is found by any name on the certificate, the first declared of several, and by no secret")
    func findsByCertificate() throws {
        let table = try KeyTable([
            .init(name: "secret", digest: digest("s")), .init(name: "by-name", digest: nil, certificate: name("DNS:a.example")),
            .init(name: "by-subject", digest: nil, configurationIndex: 3, certificate: subject("CN=a")),
        ])
        func found(_ identities: CertificateIdentity...) -> String? { table.principal(showing: identities).map { String($0.name) } }
        #expect(found(name("DNS:a.example")) == "by-name")
        #expect(found(subject("CN=a"), name("URI:x")) == "by-subject")
        #expect(found(subject("CN=a"), name("DNS:a.example")) == "by-name")
        #expect(found() == nil && found(name("CN=a")) == nil && found(subject("DNS:a.example")) == nil)
        // Texts of certificates are no secrets that somebody could present.
        for text in ["DNS:a.example", "subject:CN=a", "CN=a"] { #expect(slice(text) { table.principal(presenting: $0) } == nil) }
    }

    @Test("a key with both says which certificate must come with it, and is not found by that alone")
    func bindsToCertificate() throws {
        let table = try KeyTable([.init(name: "bound", digest: digest("s"), certificate: subject("CN=a"))])
        let found = slice("s") { table.principal(presenting: $0) }
        #expect(found?.certificate == subject("CN=a"))
        #expect(table.principal(showing: [subject("CN=a")]) == nil)
    }

    @Test("two keys without secrets for one certificate are refused")
    func refusesSameCertificate() {
        #expect(throws: KeyTableError.sameCertificate("a", "b")) {
            try KeyTable([.init(name: "a", digest: nil, certificate: name("DNS:x")), .init(name: "b", digest: nil, certificate: name("DNS:x"))])
        }
    }

    @Test("a credential too long to be anyone's is not hashed")
    func refusesLongOnes() throws {
        let long = String(repeating: "a", count: LedgerLimits.credentialByteCount + 1)
        let table = try KeyTable([.init(name: "a", digest: digest(long))])
        #expect(slice(long) { table.principal(presenting: $0) } == nil)
    }
}

@Suite("Credential memory")
struct CredentialMemoryTests {
    private let principal: Principal
    private let table: KeyTable

    init() throws {
        let digest = slice("secret") { KeyDigest(of: $0) }
        let table = try KeyTable([.init(name: "a", digest: digest)])
        principal = try #require(table.principal(for: digest))
        self.table = table
    }

    /// Whether a memory of `remembered` knows `presented`.
    private func knows(_ remembered: String, _ presented: String, _ version: UInt64 = 1) -> Bool {
        var memory = CredentialMemory()
        slice(remembered) { memory.remember($0, as: principal, snapshotVersion: 1) }
        return slice(presented) { memory.recall($0, snapshotVersion: version) } != nil
    }

    @Test("the same bytes are recalled and no others", arguments: [
        ("secret", "secret", true), ("secret", "secreT", false), ("secret", "secre", false), ("secret", "secrets", false),
        ("secret", "", false), ("", "", false),
    ])
    func recalls(_ remembered: String, _ presented: String, _ expected: Bool) {
        #expect(knows(remembered, presented) == expected)
    }

    @Test("a new snapshot forgets the credential for good")
    func forgetsOnNewSnapshot() {
        #expect(!knows("secret", "secret", 2))
        var memory = CredentialMemory()
        slice("secret") { secret in
            memory.remember(secret, as: principal, snapshotVersion: 1)
            let later = memory.recall(secret, snapshotVersion: 2)
            let again = memory.recall(secret, snapshotVersion: 1)
            #expect(later == nil)
            #expect(again == nil)
        }
    }

    @Test("the last credential replaces the one before, a shorter one too")
    func replaces() {
        var memory = CredentialMemory()
        slice("long secret") { memory.remember($0, as: principal, snapshotVersion: 1) }
        slice("short") { memory.remember($0, as: principal, snapshotVersion: 1) }
        let long = slice("long secret") { memory.recall($0, snapshotVersion: 1) }
        let short = slice("short") { memory.recall($0, snapshotVersion: 1) }
        #expect(long == nil)
        #expect(short?.keyIndex == principal.keyIndex)
    }

    @Test("a credential longer than the memory is not remembered, one that fills it is")
    func bounds() {
        let full = String(repeating: "k", count: LedgerLimits.rememberedByteCount)
        #expect(knows(full, full))
        #expect(!knows(full + "k", full + "k"))
    }
}
