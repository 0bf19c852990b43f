import Bytes
import Glibc
import Testing

@testable import Gateway

@Suite("Access ring")
struct AccessRingTests {
    /// A record whose texts have lengths of their own for each number.
    private func record(_ number: Int) -> AccessRecord {
        var record = AccessRecord()
        record.figures.totalNanoseconds = UInt64(number)
        record.figures.cost.inputTokens = -1
        record.figures.status = 200
        record.figures.hasOwnTrace = number % 2 == 0
        for _ in 0..<(number % 64) { record.path.append(UInt8(truncatingIfNeeded: 0x41 + number % 26)) }
        for _ in 0..<(number * 7 % 129) { record.traceIdentifier.append(UInt8(ascii: "t")) }
        record.model.set(ByteSlice("gpt-4o"))
        return record
    }

    private func text<let capacity: Int>(_ text: InlineText<capacity>) -> String { text.withBytes { String($0) } }

    @Test("records come out as they went in, over many laps and at every place of the ring's end")
    func laps() {
        let ring = AccessRing(capacity: 4096)
        var sent = 0
        var received = 0
        for round in 0..<5_000 {
            for _ in 0..<(1 + round % 2) {
                var record = record(sent)
                ring.push(&record)
                sent += 1
            }
            ring.drain { found, tries in
                let wanted = record(received)
                #expect(found.figures.totalNanoseconds == UInt64(received) && found.figures.cost.inputTokens == -1 && found.figures.status == 200)
                #expect(found.figures.hasOwnTrace == wanted.figures.hasOwnTrace)
                #expect(text(found.path) == text(wanted.path) && text(found.traceIdentifier) == text(wanted.traceIdentifier))
                #expect(text(found.model) == "gpt-4o" && found.user.isEmpty && found.peer.isEmpty && tries.isEmpty)
                received += 1
            }
        }
        #expect(received == sent)
        #expect(ring.takeDropped() == 0)
    }

    @Test("a full ring drops the newest and counts them; what was in it stays whole")
    func full() {
        let ring = AccessRing(capacity: 8192)
        for number in 0..<100 {
            var record = record(number)
            ring.push(&record)
        }
        var received = 0
        ring.drain { found, _ in
            #expect(text(found.path) == text(record(received).path))
            received += 1
        }
        #expect(received > 3)
        #expect(ring.takeDropped() == 100 - received)
        #expect(ring.takeDropped() == 0)
    }

    @Test("a ring calls when it has become half full: once, and again after it was drained")
    func halfFull() throws {
        let signal = try Signal()
        let ring = AccessRing(capacity: 65536, halfFull: signal)
        func isCalled() -> Bool {
            var entry = pollfd(fd: signal.wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            defer { signal.wakeup.clear() }
            return poll(&entry, 1, 0) == 1
        }
        for _ in 0..<3 {
            var calls: [Int] = []
            for number in 0..<1000 {
                var record = record(number)
                ring.push(&record)
                if isCalled() { calls.append(number) }
            }
            var count = 0
            ring.drain { _, _ in count += 1 }
            #expect(ring.takeDropped() == 1000 - count)
            let place = try #require(calls.first)
            #expect(calls.count == 1 && place > count / 3 && place < count * 2 / 3, "\(calls) of \(count)")
        }
    }

    @Test("the largest record fits the room that is kept for one")
    func largest() {
        var record = AccessRecord()
        for _ in 0..<300 {
            record.identifier.append(1)
            record.traceIdentifier.append(1)
            record.method.append(1)
            record.path.append(1)
            record.key.append(1)
            record.user.append(1)
            record.provider.append(1)
            record.model.append(1)
            record.errorCode.append(1)
            record.peer.append(1)
        }
        let ring = AccessRing(capacity: 4096)
        let tries = [UInt8](repeating: UInt8(ascii: "t"), count: GatewayLimits.triesByteCount)
        tries.withByteSlice { ring.push(&record, tries: $0) }
        var count = 0
        ring.drain { found, tries in
            #expect(found.peer.count == 48 && found.errorCode.count == 32 && tries.count == GatewayLimits.triesByteCount)
            count += 1
        }
        #expect(count == 1)
    }
}
