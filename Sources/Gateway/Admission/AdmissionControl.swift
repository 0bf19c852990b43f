import Bytes
import Reactor
import Synchronization

/// Which requests of a process are let in, and how many are under way, all together and of each caller.
///
/// Nobody waits to be let in: a request that is not is answered 503 at once, and its client may go elsewhere. The last places are kept from whoever
/// has many: a caller may hold no more than `AdmissionLimits.alpha` times what is still free, so that one who floods leaves room for the next, two who
/// flood leave it for a third, and where places are plenty nobody notices. Decision 0033 says why, and what is exact.
/// - Source: A. Choudhury, E. Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", IEEE/ACM ToN 6(2), 1998
final class AdmissionControl: @unchecked Sendable {
    // Unchecked for the pointer, which never changes, to words that are atomic.

    /// Why a request was not let in, as metrics name it.
    enum Refused: Int, CaseIterable {
        /// All places are taken.
        case inFlight
        /// The caller has more than its share of the places.
        case share
        /// Buffers hold as much as they may before requests under way come short.
        case buffers
        /// The worker is behind with its turns.
        case lag

        var name: StaticString {
            switch self {
            case .inFlight: "in_flight"
            case .share: "share"
            case .buffers: "buffers"
            case .lag: "lag"
            }
        }
    }

    /// What the answer depends on beside the counts.
    struct Terms {
        /// `limits.in_flight`.
        var places: Int
        /// Bytes the request says it brings.
        var announcedByteCount: Int64 = 0
        /// How hard the worker sheds; see `TurnLag`.
        var pressure = 0.0
        /// At random, from 0 up to 1.
        var draw = 1.0
    }

    private let budget: ByteBudget
    private let hash: ByteHash

    // Written by every worker, once for each request that comes and once when it is over; `places` holds in the value the addition returned, so that
    // it is exact. Relaxed: a count publishes no other memory.
    private let total = Atomic<Int>(0)

    // Requests under way by caller. Callers whose hashes meet are counted as one, and what is compared may be as many requests old as there are workers.
    private let callers: UnsafeMutablePointer<Atomic<Int>>

    // Written by every worker, read for metrics.
    private let refusals = InlineArray<4, Atomic<UInt64>> { _ in Atomic(0) }

    // Clients connected. Written by every worker with each connection; relaxed, as above.
    private let clients = Atomic<Int>(0)

    /// The process's; nil when it is not known.
    let descriptorLimit: Int?

    // When a connection to a provider last found no descriptor, in nanoseconds of the monotonic clock; 0 before the first time. Written then, read
    // where a connection would be kept for later. Relaxed: it publishes no other memory.
    private let shortAt = Atomic<UInt64>(0)

    /// When operators are told that descriptors have run out.
    private let pauses = RareNotice(everyNanoseconds: AdmissionLimits.pauseNoticeNanoseconds)

    init(budget: ByteBudget, seed: UInt64, descriptorLimit: Int? = nil) {
        self.budget = budget
        self.descriptorLimit = descriptorLimit
        hash = ByteHash(seed: seed)
        callers = .allocate(capacity: AdmissionLimits.callers)
        for index in 0..<AdmissionLimits.callers { (callers + index).initialize(to: Atomic(0)) }
    }

    deinit {
        callers.deinitialize(count: AdmissionLimits.callers)
        callers.deallocate()
    }

    /// Requests under way.
    var inFlight: Int { total.load(ordering: .relaxed) }

    /// Where the requests of the caller that `identity` tells from others are counted. The seed is the process's own: nobody can aim for another's.
    func place(of identity: ByteSlice) -> Int { Int(truncatingIfNeeded: hash.hash(identity) >> 32) & (AdmissionLimits.callers - 1) }

    /// Lets a request of the caller at `caller` in, which is to `leave` when it is over, or says why not.
    func enter(_ caller: Int, _ terms: Terms) -> Refused? {
        // Read one after the other: a request that ends in between leaves fewer in all than its caller seems to hold.
        let held = callers[caller].load(ordering: .relaxed)
        let others = max(held, total.load(ordering: .relaxed))
        if let refused = refusal(held: held, others: others, terms) { return count(refused) }
        if total.add(1, ordering: .relaxed).newValue > terms.places {
            // Others came between the look and the addition.
            total.subtract(1, ordering: .relaxed)
            return count(.inFlight)
        }
        callers[caller].add(1, ordering: .relaxed)
        return nil
    }

    func leave(_ caller: Int) {
        callers[caller].subtract(1, ordering: .relaxed)
        total.subtract(1, ordering: .relaxed)
    }

    /// - Parameters:
    ///   - held: the caller's requests under way.
    ///   - others: everybody's, its own among them.
    private func refusal(held: Int, others: Int, _ terms: Terms) -> Refused? {
        let free = terms.places - others
        if free <= 0 { return .inFlight }
        if held >= AdmissionLimits.alpha * free { return .share }
        if let refused = refusalByBytes(held: held, others: others, terms.announcedByteCount) { return refused }
        // Whoever has half of what is under way has half of what is turned away.
        if terms.pressure > 0, terms.draw * Double(others + 1) < terms.pressure * Double(held + 1) { return .lag }
        return nil
    }

    /// The same rule for bytes, of which a caller is taken to hold as large a part as of the requests.
    private func refusalByBytes(held: Int, others: Int, _ announced: Int64) -> Refused? {
        let bytes = budget.heldByteCount
        let most = budget.limitByteCount / 8 * 7
        if bytes >= most || announced > Int64(budget.limitByteCount - bytes) { return .buffers }
        // Doubles: counts times bytes need not fit an integer.
        return Double(held) * Double(bytes) > Double(AdmissionLimits.alpha * others) * Double(most - bytes) ? .share : nil
    }

    private func count(_ refused: Refused) -> Refused {
        refusals[refused.rawValue].wrappingAdd(1, ordering: .relaxed)
        return refused
    }

    // MARK: Clients

    var clientCount: Int { clients.load(ordering: .relaxed) }

    func clientCame() { clients.add(1, ordering: .relaxed) }

    func clientLeft() { clients.subtract(1, ordering: .relaxed) }

    /// Whether descriptors are left for one more client. Workers that ask at once may take one each.
    var takesClient: Bool {
        guard let descriptorLimit else { return true }
        return clientCount < max(1, descriptorLimit - max(descriptorLimit / 4, AdmissionLimits.leastOtherDescriptors))
    }

    /// Notes that there was no descriptor for a connection to a provider.
    func noteShortage(now: Instant) { shortAt.store(max(1, now.nanoseconds), ordering: .relaxed) }

    /// Whether descriptors are too few to keep one for later.
    func isShort(now: Instant) -> Bool {
        let last = shortAt.load(ordering: .relaxed)
        return last != 0 && now.nanoseconds < last &+ AdmissionLimits.shortageNanoseconds
    }

    /// Notes that no connections are accepted for a while.
    /// - Returns: whether operators are to be told, and how often they have not been since the last time.
    func notesPause(now: Instant) -> UInt64? { pauses.isDue(now: now) }

    // MARK: Metrics

    /// In the text format of Prometheus.
    var text: String {
        var text = """
            # HELP sluice_requests_in_flight Requests under way, those of operators and of health checks apart.
            # TYPE sluice_requests_in_flight gauge
            sluice_requests_in_flight \(inFlight)
            # HELP sluice_buffers_bytes Bytes in buffers, of limits.buffers.
            # TYPE sluice_buffers_bytes gauge
            sluice_buffers_bytes \(budget.heldByteCount)
            # HELP sluice_buffers_limit_bytes The limit itself.
            # TYPE sluice_buffers_limit_bytes gauge
            sluice_buffers_limit_bytes \(budget.limitByteCount)
            # HELP sluice_shed_requests_total Requests answered 503 because the gateway was at a limit, by the limit.
            # TYPE sluice_shed_requests_total counter

            """
        for refused in Refused.allCases { text += "sluice_shed_requests_total{limit=\"\(refused.name)\"} \(refusals[refused.rawValue].load(ordering: .relaxed))\n" }
        return text
    }
}
