import Bytes
public import CLinux
import Glibc
import Synchronization

/// Which requests must leave a record.
public enum BooksMode: String, Sendable, CaseIterable {
    /// Those that a budget applies to; of others, what cannot be recorded is counted.
    case auto
    /// All: one that could not be recorded is refused.
    case required
    /// None: what cannot be recorded is counted.
    case bestEffort = "best_effort"
    /// Nothing is recorded.
    case off
}

/// How the journal is kept.
public struct BooksSettings: Sendable, Equatable {
    public var mode = BooksMode.auto
    /// Between two calls that have the disk take what was written: what a power failure may lose.
    public var syncNanoseconds: UInt64 = 1_000_000_000
    public var segmentByteCount: Int64 = 64 << 20
    /// Of segments: the oldest that are kept, and how much of them.
    public var keepNanoseconds: UInt64 = 7 * 86_400_000_000_000
    public var keepByteCount: Int64 = 4 << 30

    public init() {}
}

/// The journal of one process: its workers' rings, and the thread that writes what they hold.
///
/// The thread looks every 20 ms, so that a busy gateway's records leave in few large writes. Nothing it does, and nothing the disk does, holds up a worker.
public final class Bookkeeper: Sendable {
    public let mode: BooksMode
    public let folder: JournalFolder
    private let settings: BooksSettings
    /// The workers', and behind them that of records which are no worker's.
    private let rings: [RecordRing]
    /// The workers', for what is kept beside records.
    public let bodyRings: [BodyRing]
    /// Held by who writes into the last.
    private let appending = Mutex<Void>(())
    private let process: UInt32
    private let clock: @Sendable () -> UInt64
    private let report: @Sendable (String) -> Void

    // Written by whoever stops it, read by its thread.
    private let isStopping = Atomic<Bool>(false)
    // The number of a question whether all that was recorded before is written, which anybody may ask; and the last that the thread has answered: what it has
    // written by then is in the journal for who reads it.
    private let asked = Atomic<UInt64>(0)
    private let answered = Atomic<UInt64>(0)
    // Written by the thread, read for metrics: counts alone.
    private let records = Atomic<UInt64>(0)
    private let byteCount = Atomic<UInt64>(0)
    private let faults = Atomic<UInt64>(0)
    private let removed = Atomic<UInt64>(0)
    private let journalByteCount = Atomic<Int64>(0)
    /// Nanoseconds on the monotonic clock.
    private let drainedAt: Atomic<UInt64>
    /// On the same: nothing is removed for its age before.
    private let settledAt: UInt64
    /// Who reads the journal in this process, and needs its segments until then.
    private let reader = Mutex<Reader?>(nil)

    private struct Reader {
        let isDone: @Sendable (SegmentName) -> Bool
        let metrics: @Sendable () -> String
    }

    /// Makes the folder, and seals what processes have left that were killed.
    /// - Parameters:
    ///   - process: tells this process's segments from others'; random.
    ///   - settlingNanoseconds: until anything is removed for its age.
    ///   - clock: nanoseconds since 1970.
    ///   - report: told of what operators should know, a line each.
    public init(
        dataDirectory: String, _ settings: BooksSettings = BooksSettings(), workers: Int, process: UInt32, ringByteCount: Int = BooksLimits.ringByteCount,
        settlingNanoseconds: UInt64 = BooksLimits.settlingNanoseconds, clock: @escaping @Sendable () -> UInt64 = { linux_wall_nanoseconds() },
        report: @escaping @Sendable (String) -> Void
    ) throws(JournalError) {
        self.settings = settings
        mode = settings.mode
        folder = JournalFolder(dataDirectory: dataDirectory)
        self.process = process
        self.clock = clock
        self.report = report
        rings = (0...workers).map { _ in RecordRing(capacity: ringByteCount) }
        bodyRings = (0..<workers).map { _ in BodyRing() }
        drainedAt = Atomic(linux_monotonic_nanoseconds())
        settledAt = linux_monotonic_nanoseconds() + settlingNanoseconds
        try folder.make(in: dataDirectory)
        try folder.recover(own: nil, report: report)
    }

    public func ring(worker: Int) -> RecordRing { rings[worker] }

    /// Has records written that are no worker's. Called from any thread.
    ///
    /// - Returns: false where the disk is so far behind that none of them is taken.
    public func append(_ records: [RequestRecord]) -> Bool {
        appending.withLock { _ in
            guard let ring = rings.last, !ring.isBehind else { return false }
            for record in records { ring.push(.required) { record.write(to: &$0) } }
            return true
        }
    }

    /// Waits until the journal has all that was recorded before. Called from any thread.
    ///
    /// - Returns: whether it has.
    public func awaitWritten(withinNanoseconds limit: UInt64 = BooksLimits.settlingWaitNanoseconds) -> Bool {
        let question = asked.add(1, ordering: .acquiringAndReleasing).newValue
        let deadline = linux_monotonic_nanoseconds() + limit
        while answered.load(ordering: .acquiring) < question {
            if linux_monotonic_nanoseconds() >= deadline { return false }
            _ = poll(nil, 0, 1)
        }
        return true
    }

    /// Has each segment stay until its reader `isDone` with it.
    ///
    /// - Parameter metrics: the reader's own, told with these.
    public func serve(isDone: @escaping @Sendable (SegmentName) -> Bool, metrics: @escaping @Sendable () -> String) {
        reader.withLock { $0 = Reader(isDone: isDone, metrics: metrics) }
    }

    public func stop() { isStopping.store(true, ordering: .releasing) }

    // MARK: The thread

    /// Writes until `stop`, then what is left, and seals.
    public func run() {
        var writer = JournalWriter(folder, process: process, segmentByteCount: Int(clamping: settings.segmentByteCount))
        var fault = ""
        var told: Set<String> = []
        var nextSync = linux_monotonic_nanoseconds() + settings.syncNanoseconds
        var nextUpkeep: UInt64 = 0
        while true {
            let isLast = isStopping.load(ordering: .acquiring)
            // Before the rings are looked into.
            let question = asked.load(ordering: .acquiring)
            let now = linux_monotonic_nanoseconds()
            var pause = BooksLimits.intervalMilliseconds
            do throws(JournalError) {
                try drain(&writer)
                drainedAt.store(now, ordering: .relaxed)
                answered.store(question, ordering: .releasing)
                if now >= nextSync {
                    nextSync = now + settings.syncNanoseconds
                    try writer.sync()
                }
                if isLast { return try writer.seal() }
                if !fault.isEmpty { report("the journal is written again") }
                fault = ""
            } catch {
                faults.add(1, ordering: .relaxed)
                // Told once, until it is over.
                if fault != error.description { report("journal: \(error)") }
                fault = error.description
                if isLast { return giveUp(writer.waiting) }
                pause = BooksLimits.faultMilliseconds
            }
            // Also while the disk is full: it may be what makes room.
            if now >= nextUpkeep {
                nextUpkeep = now + BooksLimits.upkeepNanoseconds
                upkeep(&writer) { line in
                    if told.insert(line).inserted { report(line) }
                }
            }
            _ = poll(nil, 0, pause)
        }
    }

    /// Writes all that waits.
    private func drain(_ writer: inout JournalWriter) throws(JournalError) {
        try write(&writer)
        for ring in rings {
            while true {
                var isFull = false
                ring.drain { record in
                    isFull = !writer.add(record)
                    return !isFull
                }
                try write(&writer)
                if !isFull { break }
            }
        }
    }

    private func write(_ writer: inout JournalWriter) throws(JournalError) {
        let done = try writer.write(wallNanoseconds: clock())
        records.add(UInt64(done.records), ordering: .relaxed)
        byteCount.add(UInt64(done.byteCount), ordering: .relaxed)
    }

    /// - Parameter tell: what is still so is not told again.
    private func upkeep(_ writer: inout JournalWriter, _ tell: (String) -> Void) {
        let reader = reader.withLock { $0 }
        let now = clock()
        let isSettled = linux_monotonic_nanoseconds() >= settledAt
        let oldest = isSettled ? Int64(clamping: (now - min(now, settings.keepNanoseconds)) / 1_000_000_000) : .min
        do throws(JournalError) {
            let retired = try folder.retire(olderThan: oldest, keeping: settings.keepByteCount) { reader?.isDone($0) ?? true }
            removed.add(UInt64(retired.removed), ordering: .relaxed)
            journalByteCount.store(retired.leftByteCount, ordering: .relaxed)
        } catch {
            tell("journal: \(error)")
        }
        do throws(JournalError) { try folder.recover(own: writer.own, report: tell) } catch { tell("journal: \(error)") }
        do throws(JournalError) { try writer.sealIfOver(wallNanoseconds: now) } catch { tell("journal: \(error)") }
    }

    /// At the end, where the disk takes no more.
    private func giveUp(_ batched: Int) {
        var lost = batched
        for ring in rings {
            ring.drain { _ in
                lost += 1
                return true
            }
        }
        if lost > 0 { report("journal: \(lost) records could not be written and are lost") }
    }

    // MARK: Metrics

    /// In Prometheus's text format.
    public func metrics() -> String {
        let unrecorded = rings.reduce(0) { $0 + $1.unrecorded }
        let now = linux_monotonic_nanoseconds()
        let drained = drainedAt.load(ordering: .relaxed)
        let lag = Double((now - min(now, drained)) / 1_000_000) / 1000
        var text = ""
        func add(_ name: String, _ kind: String, _ help: String, _ value: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n\(name) \(value)\n"
        }
        add("sluice_books_records_total", "counter", "Records written to the journal.", "\(records.load(ordering: .relaxed))")
        add("sluice_books_bytes_total", "counter", "Bytes written to the journal.", "\(byteCount.load(ordering: .relaxed))")
        add("sluice_books_unrecorded_total", "counter", "Requests of which there is no record: the disk fell behind.", "\(unrecorded)")
        add("sluice_books_faults_total", "counter", "Failures of the journal's disk.", "\(faults.load(ordering: .relaxed))")
        add("sluice_books_waiting_bytes", "gauge", "Records that wait to be written.", "\(rings.reduce(0) { $0 + $1.waitingByteCount })")
        add("sluice_books_lag_seconds", "gauge", "Since all that waited was written.", "\(lag)")
        add("sluice_books_journal_bytes", "gauge", "What the journal takes of the disk, as of its last upkeep.", "\(journalByteCount.load(ordering: .relaxed))")
        add("sluice_books_segments_removed_total", "counter", "Segments that were too old or too many.", "\(removed.load(ordering: .relaxed))")
        return text + (reader.withLock { $0 }?.metrics() ?? "")
    }
}
