import Analytics
import ArgumentParser
import Books
import Bytes
import Console
import Foundation
import Glibc
import JSON

/// `sluice logs`: the requests that a gateway has recorded.
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the requests that a gateway has recorded, and follow them.",
        discussion: """
            Reads the journal of a folder for state (`sluice serve --data FOLDER`), whether its gateway runs or not. Filters: id, trace, key, virtual_key, \
            workspace, user, config, prompt (pp-x, or pp-x@3), endpoint, provider, model, served, status (429, or 4xx), cache, error, blame, stream, peer, \
            kind and metadata.NAME; key!=value is the others. All must hold. Spans that are no calls of models are shown with --spans, or where kind is \
            asked for. "~" stands before what is reckoned, since no provider has counted it. Times are UTC; dates are there from the first line on that \
            is of another day than that on which the command began.
            """)

    @Option(help: "Folder for state, as `sluice serve --data` has it (default: $SLUICE_DATA, or ./sluice-data).")
    var data: String?

    @Flag(name: [.short, .long], help: "Go on with what is recorded from now on.")
    var follow = false

    @Option(help: ArgumentHelp("Only what is so; may be repeated.", valueName: "key=value"))
    var filter: [String] = []

    @Option(help: ArgumentHelp("From this time on: 10m, 2h, 7d, 2026-11-26 or 2026-11-26T15:04:05Z.", valueName: "time"))
    var since: String?

    @Option(name: [.customShort("n"), .long], help: "Only the last so many (default: 50, or all where --since is given).")
    var last: Int?

    @Flag(help: "Also spans that are no calls of models: agents, tools, retrievals.")
    var spans = false

    @Flag(help: "Each as a line of JSON, with all that is known of it.")
    var json = false

    @Flag(help: "The same, with what was asked, sent and answered where that is kept (books.bodies).")
    var bodies = false

    func validate() throws {
        if let last, !(0...1_000_000).contains(last) { throw ValidationError("--last takes a number from 0 to 1000000") }
        _ = try filters()
        _ = try start()
    }

    func run() throws {
        let filters = try filters()
        let start = try start() ?? 0
        let directory = data ?? ProcessInfo.processInfo.environment["SLUICE_DATA"] ?? "./sluice-data"
        let folder = JournalFolder(dataDirectory: directory)
        do {
            guard access(folder.path, F_OK) == 0 else {
                throw StopReason("there is no journal at \(folder.path); `sluice serve --data FOLDER` keeps one, and --data names its folder here")
            }
            var tail = JournalTail(folder)
            let showsSpans = spans || filters.contains(where: \.isOfKinds)
            func isWanted(_ record: RequestRecord) -> Bool {
                guard showsSpans || !record.figures.flags.contains(.observation) else { return false }
                return record.figures.wallNanoseconds >= start && filters.allSatisfy { $0.accepts(record) }
            }
            let kept = bodies ? BodyFiles.existing(in: directory) : nil
            if bodies, kept == nil { throw StopReason("no bodies were kept in \(directory); `books: { bodies: full }` in the file has them kept") }
            var printer = LogsPrinter(isJSON: json || bodies, bodies: kept)
            if let count = last ?? (since == nil ? LogsCommand.usualCount : nil) {
                for record in try tail.last(count, where: isWanted) { printer.add(record) }
            } else {
                try tail.readOn(since: start) { if isWanted($0) { printer.add($0) } }
            }
            printer.flush()
            while follow {
                poll(nil, 0, BooksLimits.followMilliseconds)
                // Workers' records are written one worker's after the other's.
                var latest: [RequestRecord] = []
                try tail.readOn { if isWanted($0) { latest.append($0) } }
                // What they asked is written a moment after them.
                if bodies, !latest.isEmpty { poll(nil, 0, AnalyticsLimits.bodyDelayMilliseconds) }
                for record in latest.sorted(by: { $0.identifier < $1.identifier }) { printer.add(record) }
                printer.flush()
            }
        } catch let error as JournalError {
            standardError("sluice: \(error)")
            throw ExitCode(2)
        } catch let error as StopReason {
            standardError("sluice: \(error.text)")
            throw ExitCode(2)
        }
    }

    private static let usualCount = 50

    private struct StopReason: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private func filters() throws -> [RecordFilter] {
        do {
            return try filter.map { try RecordFilter($0) }
        } catch let fault as RecordFilter.Fault {
            throw ValidationError("--filter: \(fault)")
        }
    }

    /// Nanoseconds since 1970.
    private func start() throws -> UInt64? {
        guard let since else { return nil }
        if let unit = since.last, let factor = ["s": 1.0, "m": 60, "h": 3600, "d": 86_400][unit], let number = Double(since.dropLast()), number >= 0 {
            return LogsCommand.nanoseconds(Date().timeIntervalSince1970 - number * factor)
        }
        let whole = since.contains("T") ? since : since + "T00:00:00Z"
        guard let date = try? Date(whole, strategy: .iso8601), date.timeIntervalSince1970 >= 0 else {
            throw ValidationError("--since takes 10m, 2h, 7d, 2026-11-26 or 2026-11-26T15:04:05Z, not \(since)")
        }
        return LogsCommand.nanoseconds(date.timeIntervalSince1970)
    }

    /// The nearest there is.
    fileprivate static func nanoseconds(_ seconds: Double) -> UInt64 { seconds <= 0 ? 0 : seconds * 1e9 >= 0x1p64 ? .max : UInt64(seconds * 1e9) }
}

/// Records as lines: one of JSON each, or columns of a fixed width, so that those that follow stand below.
struct LogsPrinter {
    private let isJSON: Bool
    private var lines: [UInt8] = []
    private var hasHead = false
    /// Whether lines have dates: from the first on that is of another day than `today`.
    private var hasDates = false
    private let today = LogsPrinter.date(LogsCommand.nanoseconds(Date().timeIntervalSince1970))
    private let bodies: BodyFiles?

    /// - Parameter bodies: where what was asked and answered is, if that is wanted.
    init(isJSON: Bool, bodies: BodyFiles? = nil) {
        self.isJSON = isJSON
        self.bodies = bodies
    }

    mutating func add(_ record: RequestRecord) {
        if isJSON {
            let kept = (try? bodies?.bodies(of: record)) ?? nil
            lines += (kept.map { KeptBodyAnswer.document(record, $0) } ?? record.document).json + [UInt8(ascii: "\n")]
        } else {
            if !hasDates, LogsPrinter.date(record.figures.wallNanoseconds) != today {
                hasDates = true
                // Columns stand elsewhere from now on.
                hasHead = false
            }
            if !hasHead { add(LogsPrinter.columns.map(\.title)) }
            hasHead = true
            add(LogsPrinter.cells(record))
        }
        if lines.count > 1 << 20 { flush() }
    }

    /// Ends the process where nobody reads any more.
    mutating func flush() {
        var sent = 0
        while sent < lines.count {
            let count = lines.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress.map { $0 + sent }, lines.count - sent) }
            if count < 0 {
                if errno == EINTR { continue }
                exit(errno == EPIPE ? 0 : 1)
            }
            sent += count
        }
        lines.removeAll(keepingCapacity: true)
    }

    private static let columns: [(title: String, width: Int)] = [
        ("DATE", 10), ("TIME", 12), ("KEY", 14), ("MODEL", 28), ("TARGET", 24), ("STATUS", 6), ("CACHE", 7), ("TOKENS", 12), ("COST", 11), ("FIRST", 8),
        ("TOTAL", 8), ("", 0),
    ]

    /// - Parameter cells: one of each column.
    private mutating func add(_ cells: [String]) {
        var line = ""
        for (text, column) in zip(cells, LogsPrinter.columns).dropFirst(hasDates ? 0 : 1) {
            line += text + String(repeating: " ", count: max(0, column.width - text.count) + 2)
        }
        while line.last == " " { line.removeLast() }
        lines += Array((line + "\n").utf8)
    }

    private static func cells(_ record: RequestRecord) -> [String] {
        let figures = record.figures
        let mark = figures.flags.contains(.estimated) ? "~" : ""
        let key = record.keyName.isEmpty ? "-" : record.keyName
        let isOther = !record.served.isEmpty && record.served != record.model
        let asked = record.model.isEmpty && record.served.isEmpty ? "-" : record.model + (isOther ? (record.model.isEmpty ? "" : " > ") + record.served : "")
        let model = figures.flags.contains(.observation) ? "\(record.kind): \(record.spanName)" : asked
        let place = record.target == "config" || record.target.isEmpty ? "" : " " + record.target
        let target = record.virtualKey.isEmpty ? record.provider + place : "@" + record.virtualKey + place
        let tokens = record.billedInputTokens.map { "\(mark)\($0)/\(record.billedOutputTokens ?? 0)" } ?? "-"
        // It costs more than that, and nobody knows how much.
        let more = figures.flags.contains(.searchesUnpriced) ? "+" : ""
        let cost = record.billedCost.map { "\(mark)$\(RecordMoney.dollars($0))\(more)" } ?? (figures.flags.contains(.unpriced) ? "unpriced" : "-")
        let first = figures.firstTokenNanoseconds > 0 ? figures.firstTokenNanoseconds : figures.firstByteNanoseconds
        var remark = record.error
        if figures.flags.contains(.aborted), remark.isEmpty { remark = "aborted" }
        if !record.prompt.isEmpty { remark += (remark.isEmpty ? "" : ", ") + record.promptReference }
        if figures.attempts > 1 { remark += (remark.isEmpty ? "" : ", ") + "\(figures.attempts) attempts" }
        return [
            date(figures.wallNanoseconds), RecordTime.timeOfDay(figures.wallNanoseconds), key, model, target.isEmpty ? "-" : target, "\(figures.status)",
            cache(figures.cache), tokens, cost, first > 0 ? time(first) : "-", time(figures.totalNanoseconds), remark,
        ].map(plain)
    }

    /// `2026-11-26`
    private static func date(_ nanoseconds: UInt64) -> String { String(RecordTime.text(nanoseconds).prefix { $0 != "T" }) }

    private static func cache(_ status: RecordedCache) -> String { status == .disabled ? "-" : status.text.description.lowercased() }

    /// `412us`, `3.1ms`, `2.05s`
    private static func time(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case 0..<1_000_000: "\(nanoseconds / 1000)us"
        case 1_000_000..<1_000_000_000: "\(Double(nanoseconds / 100_000) / 10)ms"
        default: "\(Double(nanoseconds / 10_000_000) / 100)s"
        }
    }

    /// What a client has sent must not move a terminal's cursor.
    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }))
    }
}
