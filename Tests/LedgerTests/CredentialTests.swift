import Bytes
import Ledger
import Testing

@Suite("Credential")
struct CredentialTests {
    /// A credential in words: `-`, `ours:…` or `foreign:…`.
    private func words(_ credential: Credential) -> String {
        switch credential {
        case .absent: "-"
        case .gatewayKey(let key): "ours:" + String(key)
        case .foreign(let token): "foreign:" + String(token)
        }
    }

    @Test("an SDK's placeholder, and nothing at all, count as absent", arguments: [
        ("", "-"), ("  ", "-"), ("OPENAI_API_KEY", "-"), ("DUMMY-KEY", "-"), ("dummy-key", "foreign:dummy-key"),
        ("sk-sluice-abc", "ours:sk-sluice-abc"), (" sk-1 ", "foreign:sk-1"), ("sk-sluice", "foreign:sk-sluice"),
    ])
    func readsBare(_ value: String, _ expected: String) {
        #expect(slice(value) { words(Credential($0)) } == expected)
    }

    @Test("an authorization is read by its scheme, in any case (RFC 9110 §11.1)", arguments: [
        ("Bearer sk-1", "foreign:sk-1"), ("bearer  sk-1 ", "foreign:sk-1"), ("BEARER\tsk-1", "foreign:sk-1"),
        ("Bearer OPENAI_API_KEY", "-"), ("Bearer DUMMY-KEY", "-"), ("Bearer", "-"), ("Bearer ", "-"), ("", "-"),
        ("Bearer sk-sluice-x", "ours:sk-sluice-x"), ("Basic Og==", "foreign:Basic Og=="), ("Bearers x", "foreign:Bearers x"),
        ("sk-sluice-x", "ours:sk-sluice-x"),
    ])
    func readsAuthorization(_ value: String, _ expected: String) {
        #expect(slice(value) { words(Credential(authorization: $0)) } == expected)
    }

    @Test("a masked credential shows four bytes at most, and none of a short one", arguments: [
        ("sk-sluice-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3fuA9f2c", "sk-sluice-…9f2c"),
        ("sk-sluice-short", "sk-sluice-…"), ("0123456789abcdef", "…cdef"), ("0123456789abcde", "…"), ("", "…"),
        ("0123456789abcde\u{1B}[1\n", "…?[1?"),
    ])
    func masks(_ secret: String, _ expected: String) {
        #expect(slice(secret) { bytes in written { Credential.writeMasked(bytes, into: &$0) } } == expected)
    }
}
