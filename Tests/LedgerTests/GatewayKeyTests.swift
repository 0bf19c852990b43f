import Bytes
import Ledger
import Testing

/// What `body` writes.
func written(capacity: Int = 256, _ body: (inout ByteWriter) -> Void) -> String {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { memory in
        var writer = ByteWriter(memory.baseAddress!, capacity: capacity)
        body(&writer)
        #expect(!writer.overflowed)
        return String(writer.written)
    }
}

func slice<Result>(_ text: String, _ body: (ByteSlice) -> Result) -> Result {
    Array(text.utf8).withByteSlice(body)
}

@Suite("Gateway key")
struct GatewayKeyTests {
    @Test("a made key is well formed, and no two are alike")
    func generates() throws {
        var seen: Set<String> = []
        for _ in 0..<200 {
            let key = try GatewayKey.generate()
            #expect(key.utf8.count == GatewayKey.byteCount)
            #expect(slice(key) { GatewayKey.form(of: $0) } == .wellFormed)
            #expect(key.dropFirst(10).utf8.allSatisfy { ASCII.isDigit($0) || ASCII.isLetter($0) })
            seen.insert(key)
        }
        #expect(seen.count == 200)
    }

    @Test("every single wrong character, and every cut, is a typing error")
    func findsTypingErrors() throws {
        let key = Array(try GatewayKey.generate().utf8)
        for index in 10..<key.count {
            var wrong = key
            wrong[index] = wrong[index] == UInt8(ascii: "x") ? UInt8(ascii: "y") : UInt8(ascii: "x")
            #expect(wrong.withByteSlice { GatewayKey.form(of: $0) } == .mistyped)
        }
        for count in 10..<key.count {
            #expect(Array(key.prefix(count)).withByteSlice { GatewayKey.form(of: $0) } == .mistyped)
        }
        #expect((key + [0x61]).withByteSlice { GatewayKey.form(of: $0) } == .mistyped)
    }

    @Test("what starts otherwise is foreign", arguments: ["", "sk-", "sk-slui", "sk-ant-api03-abc", "SK-SLUICE-abc"])
    func tellsForeign(_ text: String) {
        #expect(slice(text) { GatewayKey.form(of: $0) } == .foreign)
    }

    @Test("the format does not change: a key made once stays a key")
    func keepsItsFormat() {
        // The check made by another CRC-32 (zlib).
        let key = "sk-sluice-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgn4nWz3"
        #expect(slice(key) { GatewayKey.form(of: $0) } == .wellFormed)
    }
}

@Suite("Key digest")
struct KeyDigestTests {
    @Test("SHA-256 of known texts (FIPS 180-4 examples)", arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    ])
    func hashes(_ text: String, _ digits: String) throws {
        let digest = slice(text) { KeyDigest(of: $0) }
        #expect(digest.description == "sha256:" + digits)
        #expect(try digest == read("sha256:" + digits))
        #expect(try digest == read("sha256:" + digits.uppercased()))
    }

    private func read(_ text: String) throws(KeyDigestError) -> KeyDigest {
        try Array(text.utf8).withByteSlice { bytes throws(KeyDigestError) in try KeyDigest(bytes) }
    }

    /// Cases as a text, the number of zeros after it, and the error.
    private static let refused: [(String, Int, KeyDigestError)] = [
        ("", 0, .missingPrefix), ("md5:", 32, .missingPrefix), ("sha256:", 0, .digitCount(0)),
        ("sha256:", 63, .digitCount(63)), ("sha256:", 65, .digitCount(65)),
        ("sha256:g", 63, .noDigit(offset: 7)), ("sha256:0g", 62, .noDigit(offset: 8)),
    ]

    @Test("what is no digest is refused with the place", arguments: refused)
    func refuses(_ text: String, _ zeros: Int, _ expected: KeyDigestError) {
        #expect(throws: expected) { try read(text + String(repeating: "0", count: zeros)) }
    }
}
