import Books
import Bytes
import Foundation
import Ledger

@testable import Analytics

/// A folder for state that is gone with the value, with a journal that a test writes.
final class State {
    let path: String
    /// 2025-11-26T12:00:00Z, in milliseconds.
    static let noon: Int64 = 1_764_158_400_000
    static let day: Int64 = 86_400_000

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "sluice-analytics-\(UUID().uuidString)").path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var journal: String { path + "/books/journal" }

    func books(
        keepDays: Int = 30, now: Int64 = noon, settlingNanoseconds: UInt64 = 0, mostGroups: Int = AnalyticsLimits.groupCount,
        isByRows: Bool = false, report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> DayBooks {
        try DayBooks(
            dataDirectory: path, keepDays: keepDays, settlingNanoseconds: settlingNanoseconds, mostGroups: mostGroups, isByRows: isByRows,
            clock: { UInt64(now) * 1_000_000 }, report: report)
    }

    /// Adds records to the journal, by the code that serves: in a segment of `process` that is sealed.
    func write(_ records: [Sample], process: UInt32 = 1, at milliseconds: Int64 = noon) throws {
        let keeper = try Bookkeeper(dataDirectory: path, workers: 1, process: process, clock: { UInt64(milliseconds) * 1_000_000 }) { _ in }
        for record in records { keeper.ring(worker: 0).push(.required) { record.write(to: &$0) } }
        keeper.stop()
        keeper.run()
    }
}

/// What a test says of a request.
struct Sample {
    var number = 0
    /// Milliseconds since 1970.
    var at = State.noon
    var workspace = ""
    var key = "team"
    var virtualKey = ""
    var config = ""
    var prompt = ""
    var promptVersion: UInt32 = 0
    var provider = "openai"
    var model = "gpt-4o"
    var served = ""
    var status: UInt16 = 200
    var cache = RecordedCache.disabled
    var attempts: UInt8 = 1
    var tries = ""
    var target = "config"
    var tokensIn: Int64 = 10
    var tokensOut: Int64 = 5
    var cost: Int64 = 1_000
    var saved: Int64 = -1
    var microseconds: UInt64 = 2_000
    var metadata = ""
    var user = ""
    var trace = ""
    var span = ""
    var parentSpan = ""
    var spanName = ""
    /// Of an observation.
    var kind = ""
    /// Whether somebody else tells of it.
    var isReported = false

    var id: String { Identifier(high: UInt64(at) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | UInt64(number)).description }

    /// As a journal has it.
    func bytes() throws -> [UInt8] {
        let state = State()
        try state.write([self])
        guard let segment = try JournalFolder(dataDirectory: state.path).segments().first else { return [] }
        var reader = try SegmentReader(segment, from: 0)
        guard case .record(let bytes) = try reader.next() else { return [] }
        return Array(UnsafeBufferPointer(start: bytes.base, count: bytes.count))
    }

    func write(to writer: inout RecordWriter) {
        var figures = RecordFigures()
        figures.identifier = Identifier(high: UInt64(at) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | UInt64(number))
        figures.wallNanoseconds = UInt64(at) * 1_000_000
        figures.totalNanoseconds = microseconds * 1000
        figures.status = status
        figures.attempts = attempts
        figures.cache = cache
        figures.cost = cost
        figures.saved = saved
        figures.flags = kind.isEmpty ? [.counted] : [.counted, .observation]
        if isReported { figures.flags.insert(.reported) }
        figures.usage.input = tokensIn
        figures.usage.output = tokensOut
        figures.promptVersion = promptVersion
        writer.write(figures)
        func lend(_ text: String, _ body: (ByteSlice) -> Void) { Array(text.utf8).withByteSlice { body($0) } }
        lend(workspace) { writer.workspace($0) }
        lend(key) { writer.key($0) }
        lend(virtualKey) { writer.virtualKey($0) }
        lend(config) { writer.config($0) }
        lend(prompt) { writer.prompt($0) }
        lend(provider) { writer.provider($0) }
        lend(model) { writer.model($0) }
        lend(served) { writer.served($0) }
        lend(tries) { writer.attempts($0) }
        lend(target) { writer.target($0) }
        lend(metadata) { writer.metadata($0) }
        lend(user) { writer.user($0) }
        lend(trace) { writer.trace($0) }
        lend(span) { writer.span($0) }
        lend(parentSpan) { writer.parentSpan($0) }
        lend(spanName) { writer.spanName($0) }
        lend(kind) { writer.kind($0) }
    }
}

/// What day books have told.
final class Told: @unchecked Sendable {
    // Unchecked: behind the lock.
    private let lock = NSLock()
    private var told: [String] = []

    var lines: [String] { lock.withLock { told } }
    func add(_ line: String) { lock.withLock { told.append(line) } }
}

/// Numbers that a test can have again.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 33
    }
}
