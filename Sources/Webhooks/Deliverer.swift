import Bytes
import Reactor

/// What is counted of one webhook.
public struct WebhookCounts: Equatable, Sendable {
    public internal(set) var delivered: UInt64 = 0
    /// Not delivered in the time that there was.
    public internal(set) var failed: UInt64 = 0
    /// For which there was no room.
    public internal(set) var dropped: UInt64 = 0
    /// Posts that failed, and are tried again.
    public internal(set) var retries: UInt64 = 0
    public internal(set) var waiting = 0
}

/// What the sender's thread does: queues of all webhooks, and one post after the other. The clock is its caller's.
struct Deliverer {
    /// Makes a post and waits for its answer; why it was not taken, nil where it was.
    typealias Post = @Sendable (Webhook, WebhookPost) -> String?

    private let spool: DeliverySpool
    private let post: Post
    private let report: @Sendable (String) -> Void
    private var webhooks: [Webhook] = []
    private var queues: [String: DeliveryQueue] = [:]
    private(set) var counts: [String: WebhookCounts] = [:]
    private var nextScan = Instant(nanoseconds: 0)
    private var random = SystemRandomNumberGenerator()
    /// Webhooks of which it was told that they have no room, and what was told last of the spool.
    private var toldFull: Set<String> = []
    private var toldOfSpool = ""

    init(spool: DeliverySpool, report: @escaping @Sendable (String) -> Void, post: @escaping Post) {
        self.spool = spool
        self.report = report
        self.post = post
    }

    // MARK: What it is told

    /// From now on these are told. What waits for one of the same name goes where it leads now.
    mutating func declare(_ webhooks: [Webhook]) {
        self.webhooks = webhooks
        let names = Set(webhooks.map(\.name))
        queues = queues.filter { names.contains($0.key) }
        for name in names where counts[name] == nil { counts[name] = WebhookCounts() }
        nextScan = Instant(nanoseconds: 0)
        noteWaiting()
    }

    mutating func tell(_ message: WebhookMessage, now: Instant) {
        for webhook in webhooks {
            let name = webhook.name
            guard queues[name, default: DeliveryQueue()].add(message, isKept: false, now: now) else {
                drop(1, webhook)
                continue
            }
            let fault = spool.store(message, for: name)
            if fault == nil { queues[name]?.keepLast() }
            if let fault, fault != toldOfSpool { report("alerts are not kept over a restart: \(fault)") }
            toldOfSpool = fault ?? ""
        }
        noteWaiting()
    }

    private mutating func drop(_ count: UInt64, _ webhook: Webhook) {
        counts[webhook.name]?.dropped += count
        guard toldFull.insert(webhook.name).inserted else { return }
        report("alert webhook \(webhook.title): \(WebhookLimits.waiting) alerts wait for it, and further ones are dropped")
    }

    // MARK: What it does

    /// When there is something to do; nil for never.
    var dueAt: Instant? {
        guard !webhooks.isEmpty else { return nil }
        return min(queues.values.compactMap { $0.next?.dueAt }.min() ?? nextScan, nextScan)
    }

    /// Whether something waits that has not been tried.
    func hasUntried(now: Instant) -> Bool { queues.values.contains { $0.next.map { $0.dueAt <= now } ?? false && $0.failuresInARow == 0 } }

    /// Makes the post that is due the longest, if any is.
    mutating func step(now: Instant, wallNanoseconds: UInt64) {
        guard !webhooks.isEmpty else { return }
        if now >= nextScan {
            nextScan = now.adding(nanoseconds: WebhookLimits.leftoverMilliseconds * 1_000_000)
            adopt(now: now, wallMilliseconds: wallNanoseconds / 1_000_000)
        }
        let due = webhooks.compactMap { webhook in queues[webhook.name]?.next.map { (webhook: webhook, index: $0.index, at: $0.dueAt) } }
        guard let first = due.min(by: { $0.at < $1.at }), first.at <= now else { return }
        attempt(first.webhook, first.index, now: now, wallNanoseconds: wallNanoseconds)
        noteWaiting()
    }

    private mutating func attempt(_ webhook: Webhook, _ index: Int, now: Instant, wallNanoseconds: UInt64) {
        guard var queue = queues[webhook.name] else { return }
        defer { queues[webhook.name] = queue }
        let delivery = queue.deliveries[index]
        let name = DeliverySpool.Name(delivery.message.id, webhook.name)
        // Another process, before or after this one, has done it.
        if delivery.isKept, !spool.holds(name) { return queue.remove(index) }
        if delivery.message.isOver(wallMilliseconds: wallNanoseconds / 1_000_000) {
            counts[webhook.name]?.failed += 1
            report("alert \(delivery.message.id) was not delivered to webhook \(webhook.title) within a day, and is given up")
            spool.remove(name)
            return queue.remove(index)
        }
        guard let fault = post(webhook, WebhookPost(message: delivery.message, wallSeconds: wallNanoseconds / 1_000_000_000)) else {
            if delivery.isKept { spool.remove(name) }
            counts[webhook.name]?.delivered += 1
            if queue.failuresInARow > 0 { report("alert webhook \(webhook.title) takes alerts again") }
            return queue.succeeded(index)
        }
        counts[webhook.name]?.retries += 1
        let isFirst = queue.failuresInARow == 0
        let wait = queue.failed(index, now: now, jitter: random.next())
        guard isFirst else { return }
        report("alert webhook \(webhook.title): \(fault); tried again in \(wait / 1_000_000) ms, with longer and longer waits for a day")
    }

    /// Takes up what others have left, and gives up what is too old.
    private mutating func adopt(now: Instant, wallMilliseconds: UInt64) {
        let isAlone = spool.isAlone()
        let own = queues.mapValues { Set($0.deliveries.map(\.message.id)) }
        for name in spool.names() {
            let empty = WebhookMessage(id: name.id, body: [])
            guard own[name.webhook]?.contains(name.id) != true, isAlone || wallMilliseconds > empty.madeAt + WebhookLimits.leftoverMilliseconds else {
                continue
            }
            if empty.isOver(wallMilliseconds: wallMilliseconds) {
                counts[name.webhook]?.failed += 1
                spool.remove(name)
                continue
            }
            guard webhooks.contains(where: { $0.name == name.webhook }), let message = spool.read(name) else { continue }
            // What finds no room now does at a later look.
            guard queues[name.webhook, default: DeliveryQueue()].add(message, isKept: true, now: now) else { continue }
        }
        noteWaiting()
    }

    private mutating func noteWaiting() {
        for name in counts.keys {
            let waiting = queues[name]?.deliveries.count ?? 0
            counts[name]?.waiting = waiting
            if waiting < WebhookLimits.waiting { toldFull.remove(name) }
        }
    }
}

extension Webhook {
    /// For messages.
    var title: String { "\"\(name)\" at \(host)" }
}
