import Books
import Glibc
import Reactor
import Synchronization

/// The exporters of a process: each reads the journal on a thread of its own, and is as far as its sink has let it.
public final class ExporterDesk: Sendable {
    private struct State {
        var workers: [String: ExportWorker] = [:]
        /// Those that are declared no more, and have not ended.
        var leaving: [ExportWorker] = []
    }

    private let journal: JournalFolder
    private let folder: String
    private let report: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - dataDirectory: where the journal is, and how far exporters are.
    ///   - report: told of what operators should know, a line each.
    public init(dataDirectory: String, report: @escaping @Sendable (String) -> Void) {
        journal = JournalFolder(dataDirectory: dataDirectory)
        folder = dataDirectory + "/books/exporters"
        self.report = report
    }

    /// From now on these export. One of a name that was there goes on from where it is. Called by one thread at a time.
    public func declare(_ exporters: [Exporter]) {
        let names = Set(exporters.map(\.name))
        let known = state.withLock { state in
            for (name, worker) in state.workers where !names.contains(name) {
                worker.leave()
                state.workers[name] = nil
                state.leaving.append(worker)
            }
            state.leaving.removeAll { $0.hasEnded }
            return state.workers
        }
        for exporter in exporters {
            if let worker = known[exporter.name] {
                worker.declare(exporter)
                continue
            }
            // Not under the lock: a disk may take its time, and metrics are asked for.
            do throws(SystemError) {
                let worker = try ExportWorker(exporter.name, journal, folder: folder, report: report)
                try worker.start(exporter)
                state.withLock { $0.workers[exporter.name] = worker }
            } catch {
                report("\(exporter.title) cannot begin: \(error)")
            }
        }
    }

    /// In Prometheus's text format.
    public func metrics() -> String {
        let standings = state.withLock { state in state.workers.values.map { (name: $0.name, counts: $0.counts) } }
        return ExporterCounts.metrics(standings.sorted { $0.name < $1.name }, wallNanoseconds: wallClockNanoseconds())
    }

    /// Sends what is recorded, once, and ends the threads; what is not sent is after the next start.
    /// - Returns: false where one is still at it after `ExporterLimits.endMilliseconds`.
    public func stop() -> Bool {
        let workers = state.withLock { state in
            for worker in state.workers.values { worker.finish() }
            return Array(state.workers.values) + state.leaving
        }
        for _ in 0..<ExporterLimits.endMilliseconds where !workers.allSatisfy(\.hasEnded) { usleep(1000) }
        return workers.allSatisfy(\.hasEnded)
    }
}
