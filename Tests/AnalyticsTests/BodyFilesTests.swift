import Books
import Bytes
import Foundation
import Ledger
import Testing

@testable import Analytics

@Suite("Kept bodies")
struct BodyFilesTests {
    private static func id(_ number: UInt64, hours: Int64 = 0) -> Identifier {
        Identifier(high: UInt64(State.noon + hours * 3_600_000) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | number)
    }

    private static func bodies(_ text: String) -> KeptBodies {
        var kept = KeptBodies()
        kept.request = KeptMessage()
        kept.request?.line = "POST /v1/chat/completions HTTP/1.1"
        kept.request?.body = Array(text.utf8)
        return kept
    }

    private static func entry(_ number: UInt64, hours: Int64 = 0, _ text: String = "hello") throws -> BodyEntry {
        var compressor = FrameCompressor()
        let entry = BodyEntry(bodies(text), of: id(number, hours: hours), by: &compressor)
        return try #require(entry)
    }

    private static func names(_ state: State) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: state.path + "/books/bodies")) ?? []).filter { $0.hasSuffix(".sqlite") }.sorted()
    }

    @Test("what is written is found by its id, in the file of the hour in which its request began")
    func found() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        try files.write([Self.entry(1), Self.entry(2, hours: 1, "later"), Self.entry(3)])
        #expect(try files.bodies(of: Self.id(1)) == Self.bodies("hello"))
        #expect(try files.bodies(of: Self.id(2, hours: 1)) == Self.bodies("later"))
        #expect(try files.bodies(of: Self.id(4)) == nil && files.bodies(of: Self.id(1, hours: 5)) == nil)
        #expect(try files.bodies(of: Identifier(high: .max, low: .max)) == nil && files.bodies(of: Identifier(high: 0, low: 0)) == nil)
        #expect(Self.names(state) == ["2025-11-26-12.sqlite", "2025-11-26-13.sqlite"])
        files.close()
    }

    @Test("whole hours go when they are too old, and no other file with them")
    func age() throws {
        let state = State()
        var settings = BodySettings()
        settings.keepNanoseconds = 2 * 3_600_000_000_000
        let files = BodyFiles(dataDirectory: state.path, settings)
        try files.write([Self.entry(1), Self.entry(2, hours: 1), Self.entry(3, hours: 2)])
        try "mine".write(toFile: state.path + "/books/bodies/notes.sqlite", atomically: true, encoding: .utf8)
        files.upkeep(wallNanoseconds: UInt64(State.noon + 3 * 3_600_000) * 1_000_000)
        #expect(Self.names(state) == ["2025-11-26-13.sqlite", "2025-11-26-14.sqlite", "notes.sqlite"])
        #expect(try files.bodies(of: Self.id(1)) == nil && files.bodies(of: Self.id(2, hours: 1)) != nil)
        files.close()
    }

    @Test("where they take too much the oldest hours go, and the one that is written stays")
    func size() throws {
        let state = State()
        var settings = BodySettings()
        settings.keepByteCount = 1
        let files = BodyFiles(dataDirectory: state.path, settings)
        try files.write([Self.entry(1), Self.entry(2, hours: 1)])
        #expect(files.hindrance == nil)
        files.upkeep(wallNanoseconds: UInt64(State.noon + 3_600_000) * 1_000_000)
        #expect(Self.names(state) == ["2025-11-26-13.sqlite"])
        #expect(files.hindrance?.contains("keep_size") == true)
        files.close()
    }

    @Test("where the disk has little left the oldest hours go, and what comes is not kept until there is room: records need that more")
    func floor() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings()) { _ in (free: 10 << 20, total: 1 << 40) }
        try files.write([Self.entry(1), Self.entry(2, hours: 1)])
        files.upkeep(wallNanoseconds: UInt64(State.noon + 3_600_000) * 1_000_000)
        #expect(Self.names(state) == ["2025-11-26-13.sqlite"])
        #expect(files.hindrance?.contains("the disk has little left") == true)
        let small = BodyFiles(dataDirectory: state.path, BodySettings()) { _ in (free: 10 << 20, total: 100 << 20) }
        small.upkeep(wallNanoseconds: UInt64(State.noon + 3_600_000) * 1_000_000)
        #expect(small.hindrance == nil)
        files.close()
        small.close()
    }

    @Test("a frame that the disk has changed is no bodies, and traps nothing")
    func damaged() throws {
        let whole = try Self.entry(1, String(repeating: "hello there ", count: 50))
        for index in whole.frame.indices {
            var frame = whole.frame
            frame[index] ^= 0x55
            let read = BodyEntry.bodies(of: frame, byteCount: whole.byteCount)
            // What is written of the frame's own head may say the same in other words; its checksum vouches for the rest.
            #expect(read == nil || read == BodyEntry.bodies(of: whole.frame, byteCount: whole.byteCount))
        }
        for count in [-1, .max, whole.byteCount - 1] { #expect(BodyEntry.bodies(of: whole.frame, byteCount: count) == nil) }
    }

    @Test("a frame is the same whatever was compressed before it: longer, shorter, or nothing")
    func frames() throws {
        let texts = ["", "a", String(repeating: "hello there ", count: 50), String(repeating: "0123456789abcdef", count: 1 << 16), "b"].map { Array($0.utf8) }
        var kept = FrameCompressor()
        for text in texts + texts.reversed() {
            var own = FrameCompressor()
            let (frame, expected) = (kept.frame(of: text), own.frame(of: text))
            #expect(frame != nil && frame == expected)
        }
    }

    @Test("the thread puts together, writes and counts what rings hold, to the last when it is stopped")
    func keeper() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        let ring = BodyRing(capacity: 1 << 18)
        let keeper = BodyKeeper(files, [ring], BodySettings(), clock: { UInt64(State.noon) * 1_000_000 }) { Issue.record("\($0)") }
        let thread = Thread { keeper.run() }
        thread.start()
        for number in UInt64(1)...40 {
            func push(_ part: BodyPart, _ bytes: [UInt8]) {
                bytes.withByteSlice { slice in
                    withUnsafePointer(to: slice) {
                        #expect(ring.push(part, of: Self.id(number), starts: true, UnsafeBufferPointer(start: $0, count: 1), most: 1000))
                    }
                }
            }
            push(.request, Array("POST /v1/embeddings HTTP/1.1\r\nhost: here\r\n\r\nnumber \(number)".utf8))
            push(.end, [0])
        }
        #expect(keeper.stop())
        for number in UInt64(1)...40 { #expect(try files.bodies(of: Self.id(number))?.request?.body == Array("number \(number)".utf8)) }
        #expect(keeper.metrics().contains("sluice_bodies_kept_total 40\n"))
        files.close()
    }

    private static func told(_ number: UInt64, at milliseconds: Int64, span: String = "b7ad6b7169203331") -> RequestRecord {
        var record = RequestRecord()
        record.span = span
        // As a span has it, of its day.
        record.figures.identifier = Identifier(high: UInt64(State.noon / State.day * State.day) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | number)
        record.figures.wallNanoseconds = UInt64(milliseconds) * 1_000_000
        record.figures.flags = [.reported]
        return record
    }

    /// Runs a keeper while `body` tells it of something.
    private static func keeping(_ files: BodyFiles, _ settings: BodySettings = BodySettings(), _ body: (BodyKeeper) -> Void) -> BodyKeeper {
        let keeper = BodyKeeper(files, [], settings, clock: { UInt64(State.noon) * 1_000_000 }) { Issue.record("\($0)") }
        body(keeper)
        let thread = Thread { keeper.run() }
        thread.start()
        #expect(keeper.stop())
        return keeper
    }

    @Test("what others tell of is kept without its secrets, in the hour that they tell, and found by its record")
    func told() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        var settings = BodySettings()
        settings.most = 4
        var bodies = Self.bodies("hello")
        bodies.request?.fields = [KeptMessage.Field(name: "authorization", value: "sk-secret")]
        let keeper = Self.keeping(files, settings) { $0.keep(bodies, of: Self.told(1, at: State.noon)) }
        #expect(keeper.metrics().contains("sluice_bodies_kept_total 1\n") && keeper.metrics().contains("sluice_bodies_waiting_bytes 0\n"))
        #expect(Self.names(state) == ["2025-11-26-12.sqlite"])
        let found = try #require(try files.bodies(of: Self.told(1, at: State.noon)))
        #expect(found.request?.body == Array("hell".utf8) && found.flags == [.requestCut] && found.request?.fields.map(\.value) == ["[redacted]"])
        // Of one span a start and an end are told, which have an hour between them.
        for hours in [-1, 1] { #expect(try files.bodies(of: Self.told(1, at: State.noon + Int64(hours) * 3_600_000)) == found) }
        #expect(try files.bodies(of: Self.told(1, at: State.noon + 2 * 3_600_000)) == nil && files.bodies(of: Self.told(2, at: State.noon)) == nil)
        #expect(try files.bodies(of: Self.told(1, at: 0)) == nil)
        // What has no span has one time.
        #expect(try files.bodies(of: Self.told(1, at: State.noon, span: "")) == found)
        #expect(try files.bodies(of: Self.told(1, at: State.noon + 3_600_000, span: "")) == nil)
        files.close()
    }

    @Test("of what is told twice the first that says something stays; what says only that it was cut gives way to it", arguments: [true, false])
    func toldTwice(isEmptyFirst: Bool) throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        var empty = KeptBodies()
        (empty.request, empty.answer, empty.flags) = (KeptMessage(), KeptMessage(), [.requestCut, .answerCut])
        for told in isEmptyFirst ? [empty, empty, Self.bodies("h"), Self.bodies("late")] : [Self.bodies("h"), empty] {
            _ = Self.keeping(files) { $0.keep(told, of: Self.told(1, at: State.noon)) }
        }
        #expect(try files.bodies(of: Self.told(1, at: State.noon)) == Self.bodies("h"))
        files.close()
    }

    @Test("as much waits as there is room for, and what has none is dropped and counted")
    func toldLimit() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        var bodies = KeptBodies()
        bodies.request = KeptMessage()
        let frame = bodies.byteCount
        var settings = BodySettings()
        settings.most = AnalyticsLimits.toldBodiesByteCount
        bodies.request?.body = [UInt8](repeating: 7, count: AnalyticsLimits.toldBodiesByteCount / 2 - frame)
        let keeper = Self.keeping(files, settings) { keeper in
            for number in UInt64(1)...2 { keeper.keep(bodies, of: Self.told(number, at: State.noon)) }
            #expect(keeper.metrics().contains("sluice_bodies_waiting_bytes \(AnalyticsLimits.toldBodiesByteCount)\n"))
            bodies.request?.body = [7]
            keeper.keep(bodies, of: Self.told(3, at: State.noon))
        }
        #expect(keeper.metrics().contains("sluice_bodies_kept_total 2\n") && keeper.metrics().contains("sluice_bodies_dropped_total{where=\"memory\"} 1\n"))
        #expect(try files.bodies(of: Self.told(3, at: State.noon)) == nil)
        files.close()
    }

    @Test("what is told of waits as long as it is kept, and no longer")
    func toldCut() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        var settings = BodySettings()
        settings.most = 1000
        let keeper = Self.keeping(files, settings) { keeper in
            for number in UInt64(1)...40 { keeper.keep(Self.bodies(String(repeating: "x", count: 1 << 20)), of: Self.told(number, at: State.noon)) }
        }
        #expect(keeper.metrics().contains("sluice_bodies_kept_total 40\n") && keeper.metrics().contains("sluice_bodies_dropped_total{where=\"memory\"} 0\n"))
        files.close()
    }

    @Test("between two looks into the rings so much is taken of what is told of, in its order, and what is left is said to be there")
    func toldByTurns() {
        let files = BodyFiles(dataDirectory: State().path, BodySettings())
        let keeper = BodyKeeper(files, [], BodySettings()) { _ in }
        let turn = UInt64(AnalyticsLimits.bodyBatchByteCount / (1 << 20))
        for number in 1...2 * turn + 1 { keeper.keep(Self.bodies(String(repeating: "x", count: 1 << 20)), of: Self.told(number, at: State.noon)) }
        for (first, last) in [(1, turn), (turn + 1, 2 * turn), (2 * turn + 1, 2 * turn + 1)] {
            let (bodies, hasMore) = keeper.takeTold(isLast: false)
            #expect(bodies.map(\.id) == (first...last).map { Self.told($0, at: State.noon).identifier } && hasMore == (last <= 2 * turn))
        }
        #expect(keeper.takeTold(isLast: false).bodies.isEmpty && keeper.metrics().contains("sluice_bodies_waiting_bytes 0\n"))
    }

    @Test("all that waits is written at the end, however often it is looked at; what is told of after that is refused and counted")
    func toldLast() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        let count = UInt64(2 * AnalyticsLimits.bodyBatchByteCount / (1 << 20) + 1)
        let keeper = Self.keeping(files) { keeper in
            for number in 1...count { keeper.keep(Self.bodies(String(repeating: "x", count: 1 << 20)), of: Self.told(number, at: State.noon)) }
        }
        #expect(keeper.metrics().contains("sluice_bodies_kept_total \(count)\n") && keeper.metrics().contains("sluice_bodies_waiting_bytes 0\n"))
        keeper.keep(Self.bodies("late"), of: Self.told(count + 1, at: State.noon))
        #expect(keeper.metrics().contains("sluice_bodies_dropped_total{where=\"memory\"} 1\n") && keeper.metrics().contains("sluice_bodies_waiting_bytes 0\n"))
        files.close()
    }

    @Test("an hour whose file cannot be opened loses its own bodies, and no other's")
    func faultyHour() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        try files.write([Self.entry(1)])
        try FileManager.default.createDirectory(atPath: state.path + "/books/bodies/2025-11-26-13.sqlite", withIntermediateDirectories: false)
        var written = 0
        #expect(throws: AnalyticsError.self) {
            try files.write([Self.entry(2), Self.entry(3, hours: 1), Self.entry(4, hours: 1), Self.entry(5, hours: 2)]) { written += $0.count }
        }
        #expect(try written == 2 && files.bodies(of: Self.id(2)) != nil && files.bodies(of: Self.id(5, hours: 2)) != nil)
        files.close()
    }

    @Test("of the files that are open, that which was not used for longest is let go")
    func openFiles() throws {
        let state = State()
        let files = BodyFiles(dataDirectory: state.path, BodySettings())
        let (most, first) = (Int64(AnalyticsLimits.openBodyFiles), Int(State.noon / 3_600_000))
        for hour in 0..<most { try files.write([Self.entry(1, hours: hour)]) }
        #expect(files.openHours == Array(first..<first + Int(most)))
        _ = try files.bodies(of: Self.id(1))
        try files.write([Self.entry(1, hours: most)])
        #expect(files.openHours == [first] + Array(first + 2...first + Int(most)))
        files.close()
    }
}
