import Reactor
import Synchronization

/// What came of looking at the configuration again.
public struct ReloadReport: Sendable {
    /// Why the old configuration goes on serving, fault by fault; empty when the new one serves.
    public var faults: [String]

    public init(faults: [String] = []) { self.faults = faults }
}

/// Reads the configuration again, on a thread of its own: a disk may take its time, and nobody else waits for it, whatever there is to do.
public final class Reloads: Sendable {
    /// How the running configuration came about.
    struct Standing: Sendable {
        /// Configurations adopted since the start, the first included.
        var version: UInt64 = 1
        var failureCount: UInt64 = 0
        var loadedAt = wallClockNanoseconds()
        /// Of the last attempt to load another.
        var faults: [String] = []
    }

    private struct Asked: Sendable {
        /// In a person's words.
        let cause: String
        let answer: @Sendable (ReloadReport) -> Void
    }

    private let asked: Mailbox<Asked>
    private let standing = Mutex(Standing())
    private let reader = Mutex<(@Sendable () -> ReloadReport)?>(nil)
    private let notices: Notices
    private let isStopping = Atomic(false)
    /// Written by the thread that reads, read by whoever ends the process; nothing else is told by it.
    private let isReading = Atomic(false)

    init(_ notices: Notices) throws(SystemError) {
        self.notices = notices
        asked = try Mailbox()
    }

    /// How a configuration is read again; without it there is none to read.
    public func setReader(_ read: @escaping @Sendable () -> ReloadReport) { reader.withLock { $0 = read } }

    /// Asks for it. Those who ask while one is under way get one more, all together.
    /// - Parameter answer: called on the thread that reads.
    /// - Returns: false when so many wait that one more is no other.
    @discardableResult
    public func ask(because cause: String, answer: @escaping @Sendable (ReloadReport) -> Void = { _ in }) -> Bool {
        asked.send(Asked(cause: cause, answer: answer))
    }

    /// Whether one is under way, and may never end.
    public var isUnderWay: Bool { isReading.load(ordering: .relaxed) }

    /// Of the last attempt, for who is asked whether the gateway is ready.
    var current: Standing { standing.withLock { $0 } }

    /// The thread's body, until `stop`.
    func run() {
        while true {
            let waiting = asked.waitForAll()
            if isStopping.load(ordering: .acquiring) { return }
            guard let first = waiting.first else { continue }
            isReading.store(true, ordering: .relaxed)
            let report = read(first.cause)
            isReading.store(false, ordering: .relaxed)
            for one in waiting { one.answer(report) }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        ask(because: "the end")
    }

    private func read(_ cause: String) -> ReloadReport {
        guard let read = reader.withLock({ $0 }) else { return ReloadReport(faults: ["there is no configuration file to read"]) }
        let report = read()
        standing.withLock { standing in
            standing.faults = report.faults
            if report.faults.isEmpty {
                standing.version += 1
                standing.loadedAt = wallClockNanoseconds()
            } else {
                standing.failureCount += 1
            }
        }
        if report.faults.isEmpty {
            notices.say("configuration read again (\(cause))")
        } else {
            for fault in report.faults { notices.say(fault) }
            notices.say("the configuration was not adopted (\(cause)); the one before it goes on serving")
        }
        return report
    }
}
