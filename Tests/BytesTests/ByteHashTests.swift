import Bytes
import Testing

@Suite("Byte hash")
struct ByteHashTests {
    let hash = ByteHash(seed: 0x0123_4567_89AB_CDEF)

    @Test("equal bytes hash alike wherever they lie, odd addresses included")
    func ignoresAddresses() {
        let text = Array("x-portkey-provider: openai".utf8)
        let expected = text.withByteSlice { hash.hash($0) }
        for shift in 0..<9 {
            let moved = [UInt8](repeating: 0xEE, count: shift) + text + [0xEE]
            moved.withByteSlice { #expect(hash.hash($0[shift..<shift + text.count]) == expected) }
        }
    }

    @Test("a changed, added or removed byte changes the hash at every length up to 33")
    func seesEveryByte() {
        for count in 0...33 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            var seen: Set<UInt64> = [bytes.withByteSlice { hash.hash($0) }]
            for index in 0..<count {
                var changed = bytes
                changed[index] ^= 1
                seen.insert(changed.withByteSlice { hash.hash($0) })
            }
            seen.insert((bytes + [0]).withByteSlice { hash.hash($0) })
            #expect(seen.count == count + 2)
        }
    }

    @Test("zero bytes are told apart by their number")
    func countsZeros() {
        let zeros = [UInt8](repeating: 0, count: 64)
        let hashes = zeros.withByteSlice { zeros in Set((0...64).map { hash.hash(zeros.prefix($0)) }) }
        #expect(hashes.count == 65)
    }

    @Test("another seed gives other hashes, or a peer could aim for collisions")
    func dependsOnItsSeed() {
        let other = ByteHash(seed: 0x0123_4567_89AB_CDEE)
        for text in ["", "a", "a longer text of some words"] {
            Array(text.utf8).withByteSlice { #expect(hash.hash($0) != other.hash($0)) }
        }
    }

    @Test("100,000 numbered names fill a table of 2¹⁶ slots about evenly, by low and by high bits")
    func spreads() {
        for shift in [0, 48] as [UInt64] {
            var counts = [UInt8](repeating: 0, count: 1 << 16)
            for number in 0..<100_000 {
                let slot = Array("key-\(number)".utf8).withByteSlice { Int(truncatingIfNeeded: hash.hash($0) >> shift) & 0xFFFF }
                counts[slot] += 1
            }
            // 100,000 balls in 65,536 bins leave e^−1.526 = 21.7 % empty; 12 in one bin has odds of 1 in 5,000 over all bins.
            let empty = counts.count { $0 == 0 }
            #expect(abs(empty - 14_242) < 700)
            #expect(counts.max() ?? 0 < 16)
        }
    }
}
