import Analytics
import Books
import Configuration
import Exporters
import Gateway
import Glibc
import Reactor

/// The books of a process that serves, as its file wants them: the journal, and the rows that are derived from it.
struct Bookkeeping {
    let keeper: Bookkeeper
    let days: DayBooks
    let bodies: BodyKeeper
    let exporters: ExporterDesk

    /// Nil where nothing is to be recorded.
    ///
    /// - Parameter configuration: nil for a gateway without a file.
    init?(in directory: String, _ configuration: ServerConfiguration?, workers: Int) throws(StartError) {
        let declared = configuration?.books ?? BooksDeclaration()
        let settings = Bookkeeping.settings(declared)
        guard settings.mode != .off else { return nil }
        let report: @Sendable (String) -> Void = { standardError("sluice: \($0)") }
        do {
            keeper = try Bookkeeper(dataDirectory: directory, settings, workers: workers, process: .random(in: 0...(.max)), report: report)
            let kept = Bookkeeping.settings(declared.bodies)
            bodies = BodyKeeper(BodyFiles(dataDirectory: directory, kept), keeper.bodyRings, kept, report: report)
            days = try DayBooks(dataDirectory: directory, keepDays: Int(declared.rowsKeep / 86_400_000_000_000), report: report)
        } catch {
            throw StartError("\(error); name another folder with --data, or record nothing: books: {mode: off}")
        }
        exporters = ExporterDesk(dataDirectory: directory, report: report)
        let (days, bodies, exporters) = (days, bodies, exporters)
        keeper.serve(isDone: { days.isDone($0) }, metrics: { days.metrics() + bodies.metrics() + exporters.metrics() })
    }

    /// What removes bodies that were kept before, when their time is over, where nothing is recorded any more; nil elsewhere.
    static func upkeepOfBodies(in directory: String, _ declared: BooksDeclaration) throws(StartError) -> BodyKeeper? {
        guard settings(declared).mode == .off, BodyFiles.existing(in: directory) != nil else { return nil }
        let kept = settings(declared.bodies)
        let bodies = BodyKeeper(BodyFiles(dataDirectory: directory, kept), [], kept) { standardError("sluice: \($0)") }
        do { try start(bodies) } catch { throw StartError("\(error)") }
        return bodies
    }

    private static func start(_ bodies: BodyKeeper) throws(SystemError) {
        try Thread.start("bodies") {
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            bodies.run()
        }.detach()
    }

    /// Has rows derived, bodies kept and records exported from now on.
    func start(_ declared: [Exporter]) throws(StartError) {
        exporters.declare(declared)
        let days = days
        do {
            try Thread.start("rows") {
                // Behind who serves: 26 µs a record are nearly a request's own. Linux has a priority for each thread (sched(7)).
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
                days.run()
            }.detach()
            try Bookkeeping.start(bodies)
        } catch {
            throw StartError("\(error)")
        }
    }

    /// Ends that; false when it has not ended in the time there is.
    func stop() -> Bool {
        bodies.end()
        let areAtRest = [exporters.stop(), days.stop(), bodies.stop()]
        guard areAtRest == [true, true, true] else { return false }
        days.close()
        bodies.files.close()
        return true
    }

    private static func settings(_ declared: BodiesDeclaration) -> BodySettings {
        var settings = BodySettings()
        settings.keepNanoseconds = UInt64(clamping: declared.keep)
        settings.keepByteCount = declared.keepSize
        settings.most = Int(clamping: declared.most)
        settings.fields = declared.fields
        return settings
    }

    private static func settings(_ declared: BooksDeclaration) -> BooksSettings {
        var settings = BooksSettings()
        settings.mode =
            switch declared.mode {
            case .auto: .auto
            case .required: .required
            case .bestEffort: .bestEffort
            case .off: .off
            }
        settings.syncNanoseconds = UInt64(clamping: declared.sync)
        settings.segmentByteCount = declared.segment
        settings.keepNanoseconds = UInt64(clamping: declared.keep)
        settings.keepByteCount = declared.keepSize
        return settings
    }
}
