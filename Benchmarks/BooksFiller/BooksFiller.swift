import Analytics
import ArgumentParser
import Books
import CLinux
import Glibc
import Ledger
import Reactor

/// `books-filler --data FOLDER --records N --days N [--feedback N]`: requests of so many days up to and with today in a folder's journal, as many each
/// day, put there by the code that a gateway records with, and feedback on some. Says how fast the journal took them. `perf/books` calls it.
@main
struct BooksFiller: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "books-filler")

    @Option(name: .customLong("data")) var folder: String
    @Option(name: .customLong("records")) var recordCount: Int
    @Option(name: .customLong("days")) var dayCount = 1
    /// On requests as far from each other as can be.
    @Option(name: .customLong("feedback")) var feedbackCount = 0

    private static let dayNanoseconds: UInt64 = 86_400_000_000_000
    private static let batch = 256

    func validate() throws {
        guard !folder.isEmpty, dayCount > 0, recordCount >= dayCount else { throw ValidationError("a folder, and a record a day at least") }
        guard (0...recordCount).contains(feedbackCount) else { throw ValidationError("no more feedback than records") }
    }

    func run() throws { try fill() }

    private func fill() throws {
        let now = linux_wall_nanoseconds()
        let today = now / Self.dayNanoseconds
        let began = Instant.now()
        var feedback: [Feedback] = []
        for day in 0..<dayCount {
            let start = (today - UInt64(dayCount - 1 - day)) * Self.dayNanoseconds
            // Of today only what has been.
            let span = min(Self.dayNanoseconds, now - start)
            let (first, end) = (recordCount * day / dayCount, recordCount * (day + 1) / dayCount)
            try fill(first..<end, from: start, span: span, process: UInt32(day + 1), &feedback)
        }
        let seconds = Double(Instant.now().nanoseconds(since: began)) / 1e9
        try give(feedback)
        print("\(recordCount) records in \(Int(seconds * 1000)) ms: \(Int(Double(recordCount) / seconds)) a second")
    }

    /// Notes what is said of a record, where something is.
    private func judge(_ record: RequestRecord, _ number: Int, _ feedback: inout [Feedback]) {
        guard feedback.count < feedbackCount, number % (recordCount / feedbackCount) == 0 else { return }
        let at = Int64(record.figures.wallNanoseconds / 1_000_000) + 30_000
        feedback.append(
            Feedback(workspace: record.workspace, trace: record.identifier.description, key: record.key, value: feedback.count % 4 == 0 ? -5 : 5, givenAt: at))
    }

    private func give(_ feedback: [Feedback]) throws {
        guard !feedback.isEmpty else { return }
        let books = try DayBooks(dataDirectory: folder, keepDays: dayCount + 1) { print("books-filler: \($0)") }
        for start in stride(from: 0, to: feedback.count, by: Self.batch) {
            _ = try books.give(Array(feedback[start..<min(start + Self.batch, feedback.count)]))
        }
        books.close()
    }

    /// One day's, in segments of their own.
    private func fill(_ numbers: Range<Int>, from start: UInt64, span: UInt64, process: UInt32, _ feedback: inout [Feedback]) throws {
        var settings = BooksSettings()
        // Nothing is too old or too much: it is read by a gateway that starts later.
        (settings.keepNanoseconds, settings.keepByteCount) = (.max, .max)
        let keeper = try Bookkeeper(dataDirectory: folder, settings, workers: 0, process: process, clock: { start + span - 1 }) { print("books-filler: \($0)") }
        let thread = try Thread.start("books") { keeper.run() }
        var sample = Sample()
        var at = numbers.lowerBound
        while at < numbers.upperBound {
            let upper = min(at + Self.batch, numbers.upperBound)
            let step = span / UInt64(numbers.count)
            let records = (at..<upper).map { sample.record($0, wall: start + UInt64($0 - numbers.lowerBound) * step) }
            for (place, record) in records.enumerated() { judge(record, at + place, &feedback) }
            // The disk is behind.
            while !keeper.append(records) { usleep(1000) }
            at = upper
        }
        keeper.stop()
        thread.join()
    }
}

/// Requests as those of a company are: some models, teams and keys, many users; streams, hits, repeats and errors among them.
private struct Sample {
    private var state: UInt64 = 1

    private static let models: [(provider: String, model: String, served: String)] = [
        ("openai", "gpt-4o", "gpt-4o-2024-08-06"), ("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"), ("openai", "o3", "o3-2025-04-16"),
        ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"), ("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("google", "gemini-2.5-pro", "gemini-2.5-pro"), ("google", "gemini-2.5-flash", "gemini-2.5-flash"), ("mistral-ai", "mistral-large-latest", ""),
    ]

    private mutating func roll(_ count: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % count
    }

    mutating func record(_ number: Int, wall: UInt64) -> RequestRecord {
        var record = RequestRecord()
        let (model, team) = (Self.models[Int(roll(8))], roll(20))
        record.figures.identifier = Identifier(high: (wall / 1_000_000) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | UInt64(number))
        record.figures.wallNanoseconds = wall
        record.figures.flags = roll(2) == 0 ? [.counted, .stream, .ownTrace] : [.counted, .ownTrace]
        record.figures.status = roll(50) == 0 ? [400, 429, 500, 503][Int(roll(4))] : 200
        record.figures.attempts = roll(40) == 0 ? 2 : 1
        record.figures.cache = roll(10) == 0 ? .hit : roll(2) == 0 ? .miss : .disabled
        record.figures.firstByteNanoseconds = 200_000_000 + roll(400_000_000)
        record.figures.totalNanoseconds = record.figures.firstByteNanoseconds + roll(3_000_000_000)
        record.figures.gatewayNanoseconds = 60_000 + roll(40_000)
        (record.figures.receivedByteCount, record.figures.sentByteCount) = (900 + roll(4000), 1200 + roll(8000))
        record.figures.usage.input = Int64(200 + roll(3000))
        record.figures.usage.output = Int64(50 + roll(800))
        record.figures.cost = record.figures.cache == .hit ? 0 : Int64(100_000 + roll(20_000_000))
        if record.figures.cache == .hit { record.figures.saved = Int64(100_000 + roll(20_000_000)) }
        tell(&record)
        record.key = "01a20000-0000-7000-8000-0000000000\(10 + team)"
        record.keyName = "team-\(team)"
        record.workspace = team < 10 ? "01a20000-0000-7000-8000-00000000aa00" : "01a20000-0000-7000-8000-00000000bb00"
        record.virtualKey = model.provider + "-prod"
        record.metadata = "{\"_user\":\"user-\(roll(2000))\",\"team\":\"team-\(team)\",\"environment\":\"production\"}"
        (record.provider, record.model, record.served) = model
        record.config = "pc-route-\(team % 4)"
        (record.endpoint, record.method, record.path) = ("chat.completions", "POST", "/v1/chat/completions")
        (record.target, record.priceBook, record.finishReason) = ("config.targets[0]", "2026-11-01", "stop")
        (record.peer, record.agent) = ("10.0.3.\(roll(250))", "OpenAI/Python 2.8.0")
        return record
    }

    /// How it went: most were tried once and found a connection.
    private mutating func tell(_ record: inout RequestRecord) {
        (record.figures.mode, record.gatewayVersion) = (.fallback, "0.1.0")
        if roll(20) == 0 { record.figures.queueNanoseconds = 200_000 + roll(60_000_000) }
        if record.figures.attempts == 2 {
            let first = "{\"target\":\"config.targets[0]\",\"key\":\"\(record.provider)-prod\",\"status\":503,\"ms\":120,\"why\":\"first\""
            let second = "{\"target\":\"config.targets[0]\",\"key\":\"\(record.provider)-prod\",\"status\":200,\"ms\":2210,\"why\":\"retry\""
            record.attempts = "[\(first),\"begun_us\":71,\"first_byte_us\":120390,\"over_us\":120390},"
                + "\(second),\"begun_us\":1120390,\"first_byte_us\":1320100,\"over_us\":3330712}]"
        } else if record.figures.cache != .hit {
            record.figures.flags.insert(.triedOnce)
            record.figures.reason = .first
        }
    }
}
