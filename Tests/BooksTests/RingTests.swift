import Bytes
import Foundation
import Testing

@testable import Books

@Suite("Ring of records")
struct RingTests {
    private func push(_ number: Int, _ duty: RecordDuty = .bestEffort, to ring: RecordRing) {
        let record = RequestRecord.sample(number)
        ring.push(duty) { record.write(to: &$0) }
    }

    private func drained(_ ring: RecordRing) -> [String] {
        var traces: [String] = []
        ring.drain { bytes in
            if let record = try? RequestRecord(bytes) { traces.append(record.trace) }
            return true
        }
        return traces
    }

    @Test("records come out in the order in which they went in, around the ring's end many times")
    func order() {
        let ring = RecordRing(capacity: 32 << 10)
        var expected: [String] = []
        var found: [String] = []
        for number in 0..<2000 {
            push(number, to: ring)
            expected.append("trace-\(number)")
            if number % 7 == 0 { found += drained(ring) }
        }
        found += drained(ring)
        #expect(found == expected)
        #expect(ring.unrecorded == 0)
        #expect(ring.waitingByteCount == 0)
    }

    @Test("where the ring is full, what need not be recorded is counted, and nothing is lost unsaid")
    func bestEffort() {
        let ring = RecordRing(capacity: 32 << 10)
        for number in 0..<200 { push(number, to: ring) }
        let found = drained(ring)
        #expect(found.count + ring.unrecorded == 200)
        #expect(ring.unrecorded > 0)
        #expect(found == (0..<found.count).map { "trace-\($0)" })
    }

    @Test("where the ring is full, what must be recorded is, behind what was there")
    func required() {
        let ring = RecordRing(capacity: 32 << 10)
        for number in 0..<200 { push(number, .required, to: ring) }
        #expect(ring.isBehind)
        #expect(ring.unrecorded == 0)
        #expect(drained(ring) == (0..<200).map { "trace-\($0)" })
        #expect(!ring.isBehind)
        push(200, .required, to: ring)
        #expect(drained(ring) == ["trace-200"])
    }

    @Test("a ring is behind when more than half of it waits")
    func behind() {
        let ring = RecordRing(capacity: 32 << 10)
        while ring.waitingByteCount <= 16 << 10 {
            #expect(!ring.isBehind)
            push(1, to: ring)
        }
        #expect(ring.isBehind)
        _ = drained(ring)
        #expect(!ring.isBehind)
    }

    @Test("what was refused is recorded while less than half of the ring waits, and counted from then on: the rest is for those under way")
    func refusals() {
        let ring = RecordRing(capacity: 32 << 10)
        for number in 0..<200 { push(number, .whereThereIsRoom, to: ring) }
        #expect(ring.waitingByteCount <= (16 << 10) + 600)
        #expect(ring.unrecorded > 0)
        let kept = 200 - ring.unrecorded
        push(200, to: ring)
        #expect(drained(ring) == (0..<kept).map { "trace-\($0)" } + ["trace-200"])
    }

    @Test("what a reader does not take is there the next time")
    func refusedStays() {
        let ring = RecordRing(capacity: 32 << 10)
        for number in 0..<3 { push(number, to: ring) }
        var taken = 0
        ring.drain { _ in
            taken += 1
            return taken < 2
        }
        #expect(drained(ring) == ["trace-1", "trace-2"])
    }

    @Test("one thread writes while another reads: every record comes out once, in order")
    func twoThreads() {
        let ring = RecordRing(capacity: 64 << 10)
        let count = 20_000
        let writer = Foundation.Thread {
            for number in 0..<count {
                while ring.isBehind { usleep(50) }
                let record = RequestRecord.sample(number)
                ring.push(.required) { record.write(to: &$0) }
            }
        }
        writer.start()
        var next = 0
        var isInOrder = true
        let deadline = Date().addingTimeInterval(60)
        while next < count, Date() < deadline {
            ring.drain { bytes in
                if (try? RequestRecord(bytes))?.trace != "trace-\(next)" { isInOrder = false }
                next += 1
                return true
            }
            usleep(20)
        }
        #expect(isInOrder)
        #expect(next == count)
    }
}
