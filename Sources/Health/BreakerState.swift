/// A breaker's state, which fits in one word so that each transition is one compare-exchange.
///
///                 too many failures
///       closed ───────────────────────▶ open ◀──────────────┐ the probe failed: twice as long
///          ▲                              │ cooldown over,  │ or said nothing: at once
///          │                              ▼ one request     │
///          └────────────────────────── probing ─────────────┘
///            the probe succeeded          ↺ held too long: the next request
///
/// Half-open is not a state of its own: it is open with its cooldown over, so that no timer has to fire.
struct BreakerState: BitwiseCopyable, Sendable, Equatable {
    enum Phase: BitwiseCopyable, Sendable, Equatable {
        case closed
        /// Milliseconds until a probe may go, and how many probes have failed in a row.
        case open(until: UInt64, doublings: UInt8)
        /// Milliseconds until the probe is taken for lost.
        case probing(until: UInt64, doublings: UInt8)
    }

    /// Rises with each opening and each probe. It wraps, which would matter to a request that outlives 65,536 of them.
    var generation: UInt16
    var phase: Phase

    private static let instantBits: UInt64 = 41
    /// 69 years of milliseconds.
    static let latestInstant: UInt64 = 1 << instantBits - 1
    static let mostDoublings: UInt8 = 31

    init(generation: UInt16, phase: Phase) {
        self.generation = generation
        self.phase = phase
    }

    /// From bit 0: instant 41, doublings 5, generation 16, phase 2.
    init(_ word: UInt64) {
        let until = word & BreakerState.latestInstant
        let doublings = UInt8(truncatingIfNeeded: word >> 41) & BreakerState.mostDoublings
        generation = UInt16(truncatingIfNeeded: word >> 46)
        switch word >> 62 {
        case 1: phase = .open(until: until, doublings: doublings)
        case 2: phase = .probing(until: until, doublings: doublings)
        default: phase = .closed
        }
    }

    var word: UInt64 {
        let rest = UInt64(generation) << 46
        return switch phase {
        case .closed: rest
        case .open(let until, let doublings): 1 << 62 | rest | BreakerState.pack(until, doublings)
        case .probing(let until, let doublings): 2 << 62 | rest | BreakerState.pack(until, doublings)
        }
    }

    private static func pack(_ until: UInt64, _ doublings: UInt8) -> UInt64 {
        UInt64(min(doublings, mostDoublings)) << instantBits | min(until, latestInstant)
    }

    /// Whether `admission` is the probe that is under way.
    func isProbed(by admission: Admission) -> Bool {
        guard case .probing = phase else { return false }
        return admission.isProbe && admission.generation == generation
    }
}
