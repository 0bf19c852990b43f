import Books
import Glibc
import Reactor
import Synchronization

/// One exporter's thread: nobody waits for its sink.
final class ExportWorker: Sendable {
    private enum Order: Sendable {
        case declare(Exporter)
        /// It is declared no more.
        case leave
        /// The process ends.
        case finish
    }

    let name: String
    private let journal: JournalFolder
    /// Of positions.
    private let folder: String
    private let report: @Sendable (String) -> Void
    private let orders: Mailbox<Order>
    // Written by the thread alone, read for metrics.
    private let standing = Mutex(ExporterCounts())
    // Written by the thread at its end, read by who stops it.
    private let isOver = Atomic(false)

    init(_ name: String, _ journal: JournalFolder, folder: String, report: @escaping @Sendable (String) -> Void) throws(SystemError) {
        self.name = name
        self.journal = journal
        self.folder = folder
        self.report = report
        orders = try Mailbox()
    }

    /// Starts the thread. One that was never there begins with what is recorded from now on, and not from when its thread has its turn.
    func start(_ exporter: Exporter) throws(SystemError) {
        if case .own(let file)? = try? PositionFile.open(in: folder, name: name) {
            // What is wrong is told by the thread.
            _ = try? file.position(of: journal, startsAtOldest: exporter.terms.startsAtOldest) { _ in }
        }
        try Thread.start("export \(name)") {
            // Behind who serves: Linux has a priority for each thread (sched(7)).
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            self.run(exporter)
        }.detach()
    }

    func declare(_ exporter: Exporter) { orders.post(.declare(exporter)) }
    func leave() { orders.post(.leave) }
    func finish() { orders.post(.finish) }

    var hasEnded: Bool { isOver.load(ordering: .acquiring) }
    var counts: ExporterCounts { standing.withLock { $0 } }

    // MARK: The thread

    private func run(_ first: Exporter) {
        var exporter = first
        var run: ExportRun?
        var fault = ""
        defer { isOver.store(true, ordering: .releasing) }
        while true {
            for order in orders.receiveAll() {
                switch order {
                case .declare(let other):
                    exporter = other
                    run?.declare(other, sink: other.makeSink())
                case .leave: return
                case .finish:
                    run?.finish(until: Instant.now().adding(nanoseconds: ExporterLimits.finalNanoseconds))
                    if let counts = run?.counts { standing.withLock { $0 = counts } }
                    return
                }
            }
            if run == nil { run = begin(exporter, &fault) }
            run?.step()
            if let counts = run?.counts { standing.withLock { $0 = counts } }
            wait(until: run?.dueAt ?? Instant.now().adding(nanoseconds: ExporterLimits.beginNanoseconds))
        }
    }

    /// Nil where it has to wait, and where it cannot begin, which is told once.
    private func begin(_ exporter: Exporter, _ fault: inout String) -> ExportRun? {
        do {
            guard case .own(let file) = try PositionFile.open(in: folder, name: name) else {
                standing.withLock { $0.state = .elsewhere }
                return nil
            }
            let position = try file.position(of: journal, startsAtOldest: exporter.terms.startsAtOldest) { report("\(exporter.title): \($0)") }
            if !fault.isEmpty { report("\(exporter.title) begins") }
            let clock = ExportRun.Clock(now: { Instant.now() }, wall: { wallClockNanoseconds() }, random: { .random(in: 0...(.max)) })
            return ExportRun(exporter, sink: exporter.makeSink(), file, Backlog(journal, position), counts: counts, clock: clock, report: report)
        } catch {
            standing.withLock { $0.state = .unable }
            if fault != "\(error)" { report("\(exporter.title) cannot begin: \(error)") }
            fault = "\(error)"
            return nil
        }
    }

    private func wait(until due: Instant) {
        let left = due.nanoseconds(since: Instant.now())
        // A millisecond more than is left of one, or it would be asked again and again within it.
        let milliseconds = Int32(clamping: left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1))
        var waiting = pollfd(fd: orders.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, milliseconds)
    }
}
