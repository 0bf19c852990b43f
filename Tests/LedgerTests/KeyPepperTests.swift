import Bytes
import Ledger
import Testing

@Suite("Key pepper")
struct KeyPepperTests {
    private let secret: [UInt8] = (0..<32).map { $0 }

    private func digest(_ key: String, purpose: StaticString) -> String {
        let pepper = secret.withByteSlice { KeyPepper($0, purpose: purpose) }
        return "\(pepper.digest(of: slice(key) { KeyDigest(of: $0) }))"
    }

    @Test("a digest is HMAC-SHA-256 of the key's SHA-256, keyed by HMAC-SHA-256 of the purpose (RFC 2104; computed by Python's hmac)")
    func knownAnswers() {
        #expect(digest("sk-sluice-test-key", purpose: "sluice gateway keys") == "sha256:e9688b378a62bbcba8dc56fdeff4400e685c43d33aa288d6c4e19552d8c969d4")
        #expect(digest("sk-sluice-test-key", purpose: "sluice audit chain") == "sha256:a4e550bbdf02e7c0e77982177e338cb0a8663d77e0669ee0cdef98dc3a7ad0fb")
    }

    @Test("the same pepper gives the same digest again, and another key another one")
    func repeats() {
        let pepper = secret.withByteSlice { KeyPepper($0, purpose: "a") }
        let (first, second) = (slice("a") { KeyDigest(of: $0) }, slice("b") { KeyDigest(of: $0) })
        #expect(pepper.digest(of: first) == pepper.digest(of: first) && pepper.digest(of: first) != pepper.digest(of: second))
        #expect(pepper.digest(of: first) != first)
    }

    @Test("a digest is read back from its bytes, and from 32 of them alone", arguments: [0, 31, 33])
    func bytes(count: Int) {
        let digest = slice("a") { KeyDigest(of: $0) }
        #expect(digest.bytes.count == KeyDigest.byteCount && digest.bytes.withByteSlice { KeyDigest(bytes: $0) } == digest)
        #expect([UInt8](repeating: 0, count: count).withByteSlice { KeyDigest(bytes: $0) } == nil)
    }
}
