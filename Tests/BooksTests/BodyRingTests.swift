import Bytes
import Ledger
import Synchronization
import Testing

@testable import Books

@Suite("Ring of bodies")
struct BodyRingTests {
    private static let id = Identifier(high: 1, low: 2)

    /// One byte after the other tells where it stood.
    private static func bytes(_ count: Int, from first: Int = 0) -> [UInt8] { (first..<first + count).map { UInt8(truncatingIfNeeded: $0 % 251) } }

    private static func push(_ ring: BodyRing, _ parts: [[UInt8]], starts: Bool = true, most: Int = .max, id: Identifier = id) -> Bool {
        let whole = parts.flatMap { $0 }
        return whole.withByteSlice { slice in
            var at = 0
            let runs = parts.map { part in
                defer { at += part.count }
                return slice[at..<at + part.count]
            }
            return runs.withUnsafeBufferPointer { ring.push(.answer, of: id, starts: starts, $0, most: min(most, whole.count)) }
        }
    }

    @Test("runs come out as one part, cut where no more is kept", arguments: [0, 1, 7, 8, 9, 20])
    func runs(most: Int) {
        let ring = BodyRing(capacity: 1 << 18)
        #expect(Self.push(ring, [Self.bytes(3), Self.bytes(5, from: 3), [], Self.bytes(2, from: 8)], most: most))
        var seen: [UInt8] = []
        ring.drain { part, id, starts, bytes in
            #expect(part == .answer && id == Self.id && starts)
            seen += (0..<bytes.count).map { bytes[$0] }
        }
        #expect(seen == Array(Self.bytes(10).prefix(most)))
    }

    @Test("what is longer than a piece comes in several, of which the first alone begins the part")
    func pieces() {
        let ring = BodyRing(capacity: 1 << 19)
        let whole = Self.bytes(3 * BooksLimits.bodyPieceByteCount + 17)
        #expect(Self.push(ring, [Array(whole.prefix(70_000)), Array(whole.dropFirst(70_000))]))
        var seen: [UInt8] = []
        var beginnings = 0
        ring.drain { _, _, starts, bytes in
            beginnings += starts ? 1 : 0
            seen += UnsafeBufferPointer(start: bytes.base, count: bytes.count)
        }
        #expect(seen == whole && beginnings == 1)
    }

    @Test("what finds no room is not taken, and what was taken stays as it is")
    func full() {
        let ring = BodyRing(capacity: 1 << 18)
        var taken = 0
        while Self.push(ring, [Self.bytes(1000, from: taken)]) { taken += 1 }
        #expect(taken > 100)
        var seen = 0
        ring.drain { _, _, _, bytes in
            #expect(bytes[0] == Self.bytes(1, from: seen)[0] && bytes.count == 1000)
            seen += 1
        }
        #expect(seen == taken && ring.waitingByteCount == 0)
        #expect(Self.push(ring, [Self.bytes(1000)]))
    }

    @Test("what does not fit whole is not begun, and an end has room where nothing else has")
    func ends() {
        let ring = BodyRing(capacity: 1 << 18)
        #expect(!Self.push(ring, [Self.bytes(1 << 18)]) && ring.waitingByteCount == 0)
        while Self.push(ring, [Self.bytes(100)]) {}
        let flags: [UInt8] = [0, 1]
        let isTaken = flags.withByteSlice { slice in
            withUnsafePointer(to: slice) { ring.push(.end, of: Self.id, starts: true, UnsafeBufferPointer(start: $0, count: 1), most: 2) }
        }
        #expect(isTaken)
        var last: BodyPart?
        ring.drain { part, _, _, _ in last = part }
        #expect(last == .end)
    }

    @Test("a reader beside the writer sees all that was taken, whole and in order, many times round the ring")
    func threads() async {
        let ring = BodyRing(capacity: 1 << 18)
        let over = Over()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var number: UInt64 = 0
                while number < 20_000 {
                    let bytes = Self.bytes(Int(number % 900) + 1, from: Int(number))
                    if Self.push(ring, [bytes], id: Identifier(high: number, low: 0)) { number += 1 }
                }
                over.flag.store(true, ordering: .releasing)
            }
            group.addTask {
                var expected: UInt64 = 0
                while true {
                    let isLast = over.flag.load(ordering: .acquiring)
                    ring.drain { _, id, _, bytes in
                        #expect(id.high == expected && bytes.count == Int(expected % 900) + 1 && bytes[0] == UInt8(truncatingIfNeeded: Int(expected) % 251))
                        expected += 1
                    }
                    if isLast { break }
                }
                #expect(expected == 20_000)
            }
        }
    }

    private final class Over: Sendable { let flag = Atomic<Bool>(false) }
}
