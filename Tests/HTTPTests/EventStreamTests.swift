import Bytes
import Foundation
import HTTP
import Testing

private struct EventVectors: Decodable {
    struct Vector: Decodable {
        let id: String
        let b64: String
        let events: [ReadEvent]
        let retry: Int64?
    }

    let vectors: [Vector]
}

@Suite("Event stream")
struct EventStreamTests {
    @Test("every vector is read as WHATWG has it, whole, cut in two at each offset, and byte by byte")
    func vectors() throws {
        guard let table = try SharedData.decode(EventVectors.self, "sse/sse_vectors.json") else { return }
        #expect(table.vectors.count >= 30)
        for vector in table.vectors {
            let bytes = try [UInt8](#require(Data(base64Encoded: vector.b64)))
            let whole = try readEvents(bytes)
            #expect(whole.events == vector.events, "\(vector.id)")
            #expect(vector.retry == nil || whole.retry == vector.retry, "\(vector.id)")
            let step = bytes.count < 4000 ? 1 : bytes.count / 40
            for cut in stride(from: 0, through: bytes.count, by: step) {
                let split = try readEvents(bytes, cuts: [cut])
                if split.events != whole.events || split.retry != whole.retry { Issue.record("\(vector.id) cut at \(cut)") }
            }
            if bytes.count < 4000 {
                let single = try readEvents(bytes, cuts: Array(0..<bytes.count))
                #expect(single.events == whole.events, "\(vector.id) byte by byte")
            }
            // The scanner sees the same events, in the same order.
            let scanned = scanEvents(bytes).filter(\.hasData)
            #expect(scanned.count == vector.events.count, "\(vector.id)")
            for (seen, event) in zip(scanned, vector.events) where seen.payload != nil {
                #expect(seen.payload == event.data, "\(vector.id)")
            }
        }
    }

    @Test("parser and scanner agree on any stream, cut anywhere")
    func parserAndScannerAgree() throws {
        var random = SeededGenerator.announced("parserAndScannerAgree")
        let parts = [
            "data", ":", " ", "data: x", "\n", "\n\n", "\r", "\r\n", "\r\r", "event: e", "id: 1", ": c", "\u{FEFF}",
            "dat", "datab:", "a long line of text that is past sixteen bytes", "retry: 5",
        ]
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...14, using: &random) { text += parts.randomElement(using: &random) ?? "" }
            let bytes = Array(text.utf8)
            let events = try readEvents(bytes).events
            let scanned = scanEvents(bytes)
            let seen = scanned.filter(\.hasData)
            #expect(seen.count == events.count, "\(text.debugDescription)")
            for (seen, event) in zip(seen, events) where seen.payload != nil {
                #expect(seen.payload == event.data, "\(text.debugDescription)")
            }
            var cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &random) }
            cuts.sort()
            let cutScan = scanEvents(bytes, cuts: cuts)
            #expect(cutScan.map(\.end) == scanned.map(\.end), "\(text.debugDescription) cut at \(cuts)")
            #expect(cutScan.map(\.hasData) == scanned.map(\.hasData), "\(text.debugDescription) cut at \(cuts)")
            for (cut, whole) in zip(cutScan, scanned) where cut.payload != nil { #expect(cut.payload == whole.payload) }
            #expect(try readEvents(bytes, cuts: cuts).events == events, "\(text.debugDescription) cut at \(cuts)")
        }
    }

    @Test("an event is complete with the byte that completes it, without a look at the next", arguments: [
        "data: a\n\n", "data: a\r\r", "data: a\r\n\r", "data: a\n\r", "data: a\r\n\n", "\n\ndata: a\n\n", "data:a\r\n\r",
    ])
    func completesAtOnce(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(scanEvents(bytes) == [ScannedEvent(end: bytes.count, hasData: true, payload: "a")])
        #expect(scanEvents(Array(bytes.dropLast())).isEmpty)
    }

    @Test("the line feed of a CRLF belongs to the event when it is there, and to nothing when it comes later")
    func takesTheLineFeedOfAPair() {
        let bytes = Array("data: a\r\n\r\ndata: b\r\n\r\n".utf8)
        bytes.withByteSlice { slice in
            var scanner = EventBoundaryScanner()
            #expect(scanner.next(slice) == EventBoundary(end: 11, hasData: true, payload: 6..<7))
            #expect(scanner.next(slice, from: 11) == EventBoundary(end: 22, hasData: true, payload: 17..<18))
            #expect(scanner.next(slice, from: 22) == nil)
            var split = EventBoundaryScanner()
            #expect(split.next(slice.prefix(10)) == EventBoundary(end: 10, hasData: true, payload: 6..<7))
            #expect(split.next(slice.prefix(10), from: 10) == nil)
            #expect(!split.isMidway)
            // The next slice starts with the pair's line feed, which ends nothing.
            #expect(split.next(slice.dropFirst(10)) == EventBoundary(end: 12, hasData: true, payload: 7..<8))
        }
    }

    @Test("a payload is given for one data line in one slice only; comments and fields beside it do not matter")
    func givesPayloads() {
        #expect(scanEvents(Array("event: e\ndata: {}\nid: 3\n\n".utf8)).map(\.payload) == ["{}"])
        #expect(scanEvents(Array("data: a\ndata: b\n\n".utf8)).map(\.payload) == [nil])
        #expect(scanEvents(Array("data\n\n".utf8)).map(\.payload) == [""])
        #expect(scanEvents(Array("data:\n\n".utf8)).map(\.payload) == [""])
        #expect(scanEvents(Array(": comment\n\n".utf8)) == [ScannedEvent(end: 11, hasData: false, payload: nil)])
        #expect(scanEvents(Array("data: a\n\n".utf8), cuts: [3]).map(\.payload) == [nil])
        #expect(scanEvents(Array("\u{FEFF}data: a\n\n".utf8), cuts: [2]).map(\.payload) == ["a"])
    }

    @Test("a line, and an event's data, may be as large as the limit and no larger")
    func boundsEvents() throws {
        var limits = HTTPLimits()
        limits.eventByteCount = 20
        let line = "data: " + String(repeating: "x", count: 14)
        #expect(try readEvents(Array("\(line)\n\n".utf8), limits: limits).events.count == 1)
        let two = "data: 123456789\ndata: 0123456789\n\n"
        #expect(try readEvents(Array(two.utf8), limits: limits).events.first?.data.count == 20)
        for text in ["\(line)x\n\n", "\(line)x", "data: 123456789\ndata: 01234567890\n\n", ": " + String(repeating: "c", count: 19)] {
            for cuts in [[], [10], Array(0..<text.utf8.count)] {
                #expect(throws: EventStreamError.eventTooLarge(limit: 20)) {
                    try readEvents(Array(text.utf8), cuts: cuts, limits: limits)
                }
            }
        }
    }

    @Test("a reconnection time of anything but digits is ignored")
    func ignoresOddRetries() throws {
        for text in ["retry: -1\n\n", "retry: \n\n", "retry: 1s\n\n", "retry: 99999999999999999999\n\n"] {
            #expect(try readEvents(Array(text.utf8)).retry == nil)
        }
        #expect(try readEvents(Array("retry: 007\n".utf8)).retry == 7)
    }
}
