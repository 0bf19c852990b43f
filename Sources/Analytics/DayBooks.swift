public import Books
import Bytes
import Foundation
import Synchronization

/// The day files of a folder for state: written by one thread that follows the journal, asked by others.
public final class DayBooks: Sendable {
    let directory: String
    private let journal: JournalFolder
    private let keepDays: Int
    /// Groups that one question may come to.
    let mostGroups: Int
    /// Whether questions are asked of rows alone, for what roll-ups tell to be compared with.
    let isByRows: Bool
    /// On the monotonic clock: no day is dropped before.
    private let settledAt: UInt64
    let report: @Sendable (String) -> Void
    private let clock: @Sendable () -> UInt64
    private let open = Mutex<[Int: DayFile]>([:])
    /// Segments all of whose records have rows, and that no process writes any more.
    private let finished = Mutex<Set<SegmentName>>([])
    /// How far the others were read.
    private let offsets = Mutex<[SegmentName: Int64]>([:])
    // Written by whoever stops it, read by its thread.
    private let isStopping = Atomic<Bool>(false)
    private let hasEnded = DispatchSemaphore(value: 0)
    // The number of a question whether all that the journal has is in rows, which anybody may ask and wakes the thread for; and the last that it has answered.
    private let asked = Atomic<UInt64>(0)
    private let answered = Atomic<UInt64>(0)
    private let wake = DispatchSemaphore(value: 0)
    // Written by the thread, read for metrics: counts alone.
    private let rowCount = Atomic<UInt64>(0)
    private let faultCount = Atomic<UInt64>(0)
    let feedbackPath: String
    /// Nil until there is some.
    let feedbackOpened = Mutex<FeedbackFile?>(nil)
    /// What was told of it last; empty while it is well.
    let feedbackFault = Mutex("")
    // Written by whoever gives it, read for metrics: counts alone.
    let feedbackCount = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - keepDays: how many days' rows are kept.
    ///   - settlingNanoseconds: until a day is dropped: the wall clock of a machine that has just started may be far off.
    ///   - report: told of what operators should know, a line each.
    public init(
        dataDirectory: String, keepDays: Int, settlingNanoseconds: UInt64 = BooksLimits.settlingNanoseconds, mostGroups: Int = AnalyticsLimits.groupCount,
        isByRows: Bool = false, clock: @escaping @Sendable () -> UInt64 = DayBooks.now, report: @escaping @Sendable (String) -> Void
    ) throws(AnalyticsError) {
        directory = dataDirectory + "/books/days"
        feedbackPath = dataDirectory + "/books/feedback" + DayFile.suffix
        journal = JournalFolder(dataDirectory: dataDirectory)
        self.keepDays = max(1, keepDays)
        self.mostGroups = mostGroups
        self.isByRows = isByRows
        settledAt = DispatchTime.now().uptimeNanoseconds + settlingNanoseconds
        self.clock = clock
        self.report = report
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unusable(path: directory, detail: error.localizedDescription)
        }
    }

    /// Nanoseconds since 1970.
    public static func now() -> UInt64 { UInt64(max(0, Date().timeIntervalSince1970) * 1e9) }

    /// Whether a segment is needed no more: its rows are written, or its day is one that is not kept.
    public func isDone(_ segment: SegmentName) -> Bool { segment.day < firstDay || finished.withLock { $0.contains(segment) } }

    /// Since 1970.
    var today: Int { Int(clock() / 86_400_000_000_000) }
    private var firstDay: Int { today - keepDays + 1 }

    // MARK: Files

    static func fileName(day: Int) -> String {
        let date = CivilDate(daysSince1970: day)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day))"
    }

    /// The day of a file; nil for other files.
    static func day(ofFile name: String) -> Int? {
        guard name.hasSuffix(DayFile.suffix) else { return nil }
        let parts = name.dropLast(DayFile.suffix.count).split(separator: "-").compactMap { Int64($0) }
        guard parts.count == 3, (1970...9999).contains(parts[0]), (1...12).contains(parts[1]), (1...31).contains(parts[2]) else { return nil }
        let day = Int(CivilDate.daysSince1970(year: parts[0], month: parts[1], day: parts[2]))
        return fileName(day: day) + DayFile.suffix == name ? day : nil
    }

    /// Days that have a file, in order.
    func days() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.compactMap { DayBooks.day(ofFile: $0) }.sorted()
    }

    /// - Parameter makes: whether one is made where there is none.
    func file(day: Int, makes: Bool = false) throws(AnalyticsError) -> DayFile? {
        let path = directory + "/" + DayBooks.fileName(day: day) + DayFile.suffix
        if let known = open.withLock({ $0[day] }) { return known }
        guard makes || FileManager.default.fileExists(atPath: path) else { return nil }
        // Not under the lock: another process may be at work on the file for long.
        let file = try DayFile(path: path)
        return open.withLock { open in
            if let known = open[day] { return known }
            // One that is let go is closed when nobody reads it any more.
            if open.count >= AnalyticsLimits.openDays, let oldest = open.keys.min() { open[oldest] = nil }
            open[day] = file
            return file
        }
    }

    public func close() {
        open.withLock { open in
            for file in open.values { file.close() }
            open = [:]
        }
        feedbackOpened.withLock { opened in
            opened?.close()
            opened = nil
        }
    }

    // MARK: The thread

    /// Follows the journal until `stop`.
    public func run() {
        var fault = ""
        var nextUpkeep: UInt64 = 0
        // Days whose feedback is to be looked at, the latest last.
        var judged: [Int] = []
        while !isStopping.load(ordering: .acquiring) {
            var pause = AnalyticsLimits.intervalMilliseconds
            // Before the journal is looked at.
            let question = asked.load(ordering: .acquiring)
            do {
                let now = DispatchTime.now().uptimeNanoseconds
                let isUpkeepDue = now >= max(nextUpkeep, settledAt)
                if isUpkeepDue {
                    nextUpkeep = now + AnalyticsLimits.upkeepNanoseconds
                    dropOldDays()
                }
                try catchUp()
                answered.store(question, ordering: .releasing)
                if isUpkeepDue { judged = judgedDays }
                // One a turn: rows do not wait for all of them.
                if let day = judged.popLast() { judge(day: day) }
                if !fault.isEmpty { report("rows of the books are written again") }
                fault = ""
            } catch {
                faultCount.add(1, ordering: .relaxed)
                // Told once, until it is over.
                if fault != "\(error)" { report("rows of the books: \(error)") }
                fault = "\(error)"
                pause = AnalyticsLimits.faultMilliseconds
            }
            _ = wake.wait(timeout: .now() + .milliseconds(Int(pause)))
        }
        hasEnded.signal()
    }

    /// Waits until what the journal has by now has its rows, which the thread is woken to give. Called from any thread.
    ///
    /// - Returns: whether it has.
    public func awaitRows(withinNanoseconds limit: UInt64) -> Bool {
        let question = asked.add(1, ordering: .acquiringAndReleasing).newValue
        let deadline = DispatchTime.now().uptimeNanoseconds + limit
        wake.signal()
        while answered.load(ordering: .acquiring) < question {
            if DispatchTime.now().uptimeNanoseconds >= deadline { return false }
            _ = poll(nil, 0, 1)
        }
        return true
    }

    /// Ends the thread; returns when it no longer touches the files, and whether that was so within the time there is.
    public func stop() -> Bool {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        return hasEnded.wait(timeout: .now() + AnalyticsLimits.busySeconds) == .success
    }

    /// Gives rows to all records that have none. A day whose file is at fault holds up no other: what was wrong with the first is thrown at the end.
    ///
    /// Called from any thread: each takes what the others have not.
    public func catchUp() throws {
        var fault: AnalyticsError?
        var faultyDays: Set<Int> = []
        for segment in try journal.segments() where !isDone(segment.name) && !faultyDays.contains(segment.name.day) {
            if isStopping.load(ordering: .acquiring) { return }
            // An idle gateway's disk is left alone.
            if segment.isOpen, let known = offsets.withLock({ $0[segment.name] }), byteCount(of: segment) <= known { continue }
            do throws(AnalyticsError) {
                if let file = try file(day: segment.name.day, makes: true) { try take(segment, file) }
            } catch {
                guard !isPassedOver(segment, error) else { continue }
                fault = fault ?? error
                faultyDays.insert(segment.name.day)
            }
        }
        if let fault { throw fault }
    }

    /// A segment that has another name by now, or that this program never reads, is no fault.
    private func isPassedOver(_ segment: Segment, _ error: AnalyticsError) -> Bool {
        guard case .journal(let fault) = error else { return false }
        if case .inaccessible(path: _, call: _, code: ENOENT) = fault { return true }
        guard fault.isOfContent else { return false }
        report("\(fault); its records have no rows")
        finished.withLock { _ = $0.insert(segment.name) }
        return true
    }

    private func byteCount(of segment: Segment) -> Int64 {
        var status = stat()
        return stat(segment.path, &status) == 0 ? Int64(status.st_size) : .max
    }

    private func take(_ segment: Segment, _ file: DayFile) throws(AnalyticsError) {
        var hasMore = true
        while hasMore, !isStopping.load(ordering: .acquiring) {
            let taken = try file.take(segment)
            rowCount.add(UInt64(taken.count), ordering: .relaxed)
            if taken.damaged > 0 {
                report("\(segment.path): \(taken.damaged) bytes of it are no records, the disk has changed them; those around them have rows")
            }
            hasMore = taken.hasMore
            offsets.withLock { $0[segment.name] = taken.offset }
        }
        // Nothing comes to one that is sealed.
        guard !hasMore, !segment.isOpen else { return }
        finished.withLock { _ = $0.insert(segment.name) }
        file.settle()
    }

    private func dropOldDays() {
        for day in days() where day < firstDay {
            open.withLock { $0[day] = nil }
            let path = directory + "/" + DayBooks.fileName(day: day) + DayFile.suffix
            for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        }
        let first = firstDay
        dropOldFeedback(before: first)
        finished.withLock { $0 = $0.filter { $0.day >= first } }
        offsets.withLock { $0 = $0.filter { $0.key.day >= first } }
    }

    // MARK: Rebuilding

    /// What came of one day.
    public enum Rebuilt: Sendable {
        case records(Int, segments: Int)
        /// The journal no longer has all that the rows were made from.
        case refused(missing: [String])
    }

    /// Makes the rows of all days anew that the journal still has.
    ///
    /// A gateway may run meanwhile: what the journal has of a day is looked at when nobody else writes its rows.
    ///
    /// - Parameter force: also where rows were made from segments that are gone; those rows are lost.
    /// - Throws: after all days, what was wrong with the first of those that could not be made.
    public func rebuild(force: Bool, _ tell: (String, Rebuilt) -> Void) throws {
        var fault: AnalyticsError?
        for day in Set(try journal.segments().map(\.name.day)).sorted() {
            do throws(AnalyticsError) {
                guard let file = try file(day: day, makes: true) else { continue }
                tell(DayBooks.fileName(day: day), try file.rebuild(from: journal, day: day, force: force))
            } catch {
                fault = fault ?? error
            }
        }
        if let fault { throw fault }
    }

    // MARK: Metrics

    /// In Prometheus's text format.
    public func metrics() -> String {
        """
        # HELP sluice_books_rows_total Records of the journal that were given a row.
        # TYPE sluice_books_rows_total counter
        sluice_books_rows_total \(rowCount.load(ordering: .relaxed))
        # HELP sluice_books_row_faults_total Failures to write rows; each is tried again.
        # TYPE sluice_books_row_faults_total counter
        sluice_books_row_faults_total \(faultCount.load(ordering: .relaxed))
        # HELP sluice_books_feedback_total Feedback that was kept.
        # TYPE sluice_books_feedback_total counter
        sluice_books_feedback_total \(feedbackCount.load(ordering: .relaxed))

        """
    }
}
