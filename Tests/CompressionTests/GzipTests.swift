import Bytes
import Compression
import Testing

@Suite("Gzip")
struct GzipTests {
    /// "hello, hello, hello", as zlib packs it.
    private static let hello: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 215, 81, 200, 64, 162, 0, 159, 161, 202, 9, 19, 0, 0, 0,
    ]

    /// A member whose content lies in it as it is (RFC 1951 §3.2.4).
    private static func stored(_ content: [UInt8]) -> [UInt8] {
        func little(_ number: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        var member: [UInt8] = [31, 139, 8, 0, 0, 0, 0, 0, 0, 255]
        var rest = content[...]
        repeat {
            let part = rest.prefix(65_535)
            rest = rest.dropFirst(part.count)
            member += [rest.isEmpty ? 1 : 0] + little(part.count, 2) + little(~part.count, 2) + part
        } while !rest.isEmpty
        return member + little(Int(content.withByteSlice { CRC32.of($0) }), 4) + little(content.count, 4)
    }

    private func unpacked(_ packed: [UInt8], atMost limit: Int = 1 << 20) throws(GzipError) -> [UInt8] {
        try packed.withByteSlice { (packed) throws(GzipError) in try Gzip.unpacked(packed, atMost: limit) }
    }

    @Test("what was packed is unpacked: packed, as it is, in several members, nothing at all")
    func whole() throws {
        #expect(try unpacked(Self.hello) == Array("hello, hello, hello".utf8))
        let long = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        #expect(try unpacked(Self.stored(long)) == long)
        #expect(try unpacked(Self.stored([])) == [])
        #expect(try unpacked(Self.hello + Self.stored([33]) + Self.hello) == Array("hello, hello, hello!hello, hello, hello".utf8))
    }

    @Test("what is packed here is one member that is unpacked again, the same each time, and shorter where it says things again")
    func packed() throws {
        let long = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var seed = UInt64.random(in: .min ... .max)
        print("what is packed: seed \(seed)")
        let noise = (0..<70_000).map { _ in
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: seed >> 56)
        }
        for bytes in [[], [7], Array("hello, hello, hello".utf8), long, noise] {
            let packed = try #require(bytes.withByteSlice { Gzip.packed($0) })
            #expect(try unpacked(packed) == bytes && bytes.withByteSlice { Gzip.packed($0) } == packed)
        }
        #expect(try #require(long.withByteSlice { Gzip.packed($0) }).count < long.count / 10)
    }

    @Test("a body of the limit is unpacked, and one of a byte more is refused")
    func limit() throws {
        let content = [UInt8](repeating: 7, count: 100_000)
        #expect(try unpacked(Self.stored(content), atMost: 100_000) == content)
        #expect(throws: GzipError.tooLong(limit: 99_999)) { try unpacked(Self.stored(content), atMost: 99_999) }
    }

    @Test("a bomb is refused at its limit: 1000 members of 256 KiB of zeroes, in 289 KB")
    func bomb() throws {
        let zeroes: [UInt8] = [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 245, 79, 237, 109, 7, 160]
            + [UInt8](repeating: 0, count: 254) + [222, 0, 34, 234, 14, 226, 0, 0, 4, 0]
        #expect(try unpacked(zeroes) == [UInt8](repeating: 0, count: 256 << 10))
        let bomb = Array(repeatElement(zeroes, count: 1000).joined())
        #expect(throws: GzipError.tooLong(limit: 1 << 20)) { try unpacked(bomb) }
    }

    @Test("cut at any byte it is refused")
    func cut() {
        for count in 0..<Self.hello.count {
            #expect(throws: GzipError.cut) { try unpacked(Array(Self.hello.prefix(count))) }
        }
    }

    @Test("any byte changed, it is refused or says the same")
    func changed() {
        for index in Self.hello.indices {
            var changed = Self.hello
            changed[index] ^= 0x55
            // The head's time, hints and system are not checked.
            if let found = try? unpacked(changed) { #expect(found == Array("hello, hello, hello".utf8) && (3..<10).contains(index)) }
        }
    }

    @Test("what is no gzip says so", arguments: [[UInt8]("{}".utf8), [0x78, 0x9C, 3, 0, 0, 0, 0, 1], [UInt8](repeating: 0, count: 64)])
    func foreign(bytes: [UInt8]) {
        #expect(performing: { try unpacked(bytes) }, throws: { error in if case .broken? = error as? GzipError { true } else { error as? GzipError == .cut } })
    }

    @Test("random bytes behind a true head never trap")
    func noise() {
        var seed = UInt64.random(in: .min ... .max)
        let first = seed
        for _ in 0..<2000 {
            let noise = (0..<64).map { _ in
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: seed >> 56)
            }
            let found = try? unpacked(Array(Self.hello.prefix(10)) + noise, atMost: 4096)
            #expect((found?.count ?? 0) <= 4096, "seed \(first)")
        }
    }
}
