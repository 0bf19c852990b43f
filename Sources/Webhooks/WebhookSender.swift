import Glibc
public import Reactor
import Synchronization

/// Tells webhooks, on a thread of its own: nobody waits for a receiver, and none for another longer than a time-out.
///
/// A message is delivered at least once, as long as its receiver is there within a day: until then it is on disk.
public final class WebhookSender: Sendable {
    private enum Message: Sendable {
        case declare([Webhook])
        case tell(WebhookMessage)
        /// Look whether to stop.
        case wake
    }

    private struct State {
        var webhooks: [Webhook] = []
        var hasThread = false
    }

    private let messages: Mailbox<Message>
    private let state = Mutex(State())
    private let counts = Mutex<[String: WebhookCounts]>([:])
    /// For which there was no room in the mailbox.
    private let lost = Atomic<UInt64>(0)
    private let isStopping = Atomic(false)
    private let hasEnded = Atomic(false)
    private let folder: String
    private let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - folder: where what is not delivered yet is kept; made when it is needed.
    ///   - report: told of what operators should know, a line each.
    public init(folder: String, report: @escaping @Sendable (String) -> Void) throws(SystemError) {
        messages = try Mailbox()
        self.folder = folder
        self.report = report
    }

    /// From now on these are told. The thread is started for the first.
    public func declare(_ webhooks: [Webhook]) {
        state.withLock { state in
            guard !state.webhooks.elementsEqual(webhooks, by: { $0 === $1 }) else { return }
            state.webhooks = webhooks
            if !state.hasThread {
                do throws(SystemError) {
                    try Thread.start("webhooks") { self.run() }.detach()
                    state.hasThread = true
                } catch {
                    report("alert webhooks are not told: \(error)")
                }
            }
            messages.post(.declare(webhooks))
        }
    }

    /// Whether anybody is told.
    public var isWanted: Bool { state.withLock { $0.hasThread && !$0.webhooks.isEmpty } }

    /// Has all webhooks told. Where too many wait for the thread it is dropped, and counted.
    public func tell(_ message: WebhookMessage) {
        if !messages.send(.tell(message)) { noteLost() }
    }

    /// A message could not even be made.
    public func noteLost() { lost.wrappingAdd(1, ordering: .relaxed) }

    /// What is counted of each webhook that is declared, in the order of their names.
    public var standings: [(name: String, counts: WebhookCounts)] {
        let names = state.withLock { $0.webhooks.map(\.name) }
        let lost = lost.load(ordering: .relaxed)
        return counts.withLock { counts in
            names.sorted().map { name in
                var own = counts[name] ?? WebhookCounts()
                own.dropped += lost
                return (name, own)
            }
        }
    }

    /// Ends the thread, once what waits has been tried; what is not delivered stays on disk.
    /// - Returns: false where it is still at it after `WebhookLimits.endMilliseconds`.
    public func stop() -> Bool {
        guard state.withLock({ $0.hasThread }) else { return true }
        isStopping.store(true, ordering: .releasing)
        messages.post(.wake)
        for _ in 0..<WebhookLimits.endMilliseconds where !hasEnded.load(ordering: .acquiring) { usleep(1000) }
        return hasEnded.load(ordering: .acquiring)
    }

    // MARK: The thread

    private func run() {
        var deliverer = Deliverer(spool: DeliverySpool(path: folder), report: report) { webhook, post in post.send(to: webhook) }
        while true {
            // Read first: what was told before the stop is then among what is received.
            let isLast = isStopping.load(ordering: .acquiring)
            for message in messages.receiveAll() {
                switch message {
                case .declare(let webhooks): deliverer.declare(webhooks)
                case .tell(let message): deliverer.tell(message, now: Instant.now())
                case .wake: break
                }
            }
            let now = Instant.now()
            if isLast, !deliverer.hasUntried(now: now) { break }
            deliverer.step(now: now, wallNanoseconds: wallClockNanoseconds())
            counts.withLock { $0 = deliverer.counts }
            wait(until: deliverer.dueAt)
        }
        hasEnded.store(true, ordering: .releasing)
    }

    private func wait(until due: Instant?) {
        // A millisecond more than is left of one, or it would be asked again and again within it.
        let milliseconds = due.map { Int32(clamping: $0.nanoseconds(since: Instant.now()).dividedRoundingUp(by: 1_000_000)) } ?? -1
        var waiting = pollfd(fd: messages.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, milliseconds)
    }
}

extension UInt64 {
    fileprivate func dividedRoundingUp(by divisor: UInt64) -> UInt64 { self / divisor + (self % divisor == 0 ? 0 : 1) }
}
