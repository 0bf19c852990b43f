import Analytics
import Books
import Configuration
import Gateway
import Glibc
import Reactor

/// The books of a process that serves, as its file wants them: the journal, and the rows that are derived from it.
struct Bookkeeping {
    let keeper: Bookkeeper
    let days: DayBooks

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
            days = try DayBooks(dataDirectory: directory, keepDays: Int(declared.rowsKeep / 86_400_000_000_000), report: report)
        } catch {
            throw StartError("\(error); name another folder with --data, or record nothing: books: {mode: off}")
        }
        let days = days
        keeper.serve(isDone: { days.isDone($0) }, metrics: { days.metrics() })
    }

    /// Has rows derived from now on.
    func start() throws(StartError) {
        let days = days
        do {
            try Thread.start("rows") {
                // Behind who serves: 26 µs a record are nearly a request's own. Linux has a priority for each thread (sched(7)).
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
                days.run()
            }.detach()
        } catch {
            throw StartError("\(error)")
        }
    }

    /// Ends that; false when it has not ended in the time there is.
    func stop() -> Bool {
        guard days.stop() else { return false }
        days.close()
        return true
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
