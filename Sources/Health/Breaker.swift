import Synchronization

/// One target's breaker: its state, and the window of outcomes it is judged by.
struct Breaker: ~Copyable, Sendable {
    // Written by the worker that brings about a transition, read by every worker that picks a target or reports. Acquire and
    // release: who sees a breaker closed again also sees its window cleared, and whoever takes the probe's place is alone.
    private let word = Atomic<UInt64>(0)
    // Written after a transition, read by operators. Relaxed: it may be of the transition before for a moment.
    private let changedAt = Atomic<UInt64>(0)
    let window = OutcomeWindow()

    private var state: BreakerState { BreakerState(word.load(ordering: .acquiring)) }

    /// The instant of the last transition; 0 before the first.
    var since: UInt64 { changedAt.load(ordering: .relaxed) }

    private func move(from old: BreakerState, to new: BreakerState) -> Bool {
        word.compareExchange(expected: old.word, desired: new.word, ordering: .acquiringAndReleasing).exchanged
    }

    private static func instant(_ nanoseconds: UInt64) -> UInt64 {
        Monotonic.milliseconds(roundingUp: nanoseconds, limit: BreakerState.latestInstant)
    }

    // MARK: Admission

    /// `.available`, `.probe` or `.open`.
    func availability(now: UInt64) -> Availability {
        switch state.phase {
        case .closed: return .available
        case .open(let until, _), .probing(let until, _):
            let until = until * Monotonic.nanosecondsPerMillisecond
            return now >= until ? .probe : .open(until: until)
        }
    }

    /// An admission that takes no probe's place.
    func admitRegardless() -> Admission { Admission(generation: state.generation, isProbe: false) }

    /// Admits to a closed breaker, and one probe to one whose cooldown is over; nil otherwise.
    func admit(now: UInt64) -> Admission? {
        while true {
            let state = state
            switch state.phase {
            case .closed: return Admission(generation: state.generation, isProbe: false)
            case .open(let until, let doublings), .probing(let until, let doublings):
                guard now >= until * Monotonic.nanosecondsPerMillisecond else { return nil }
                let lost = Breaker.instant(Monotonic.sum(now, HealthLimits.probeHoldNanoseconds))
                let probing = BreakerState(generation: state.generation &+ 1, phase: .probing(until: lost, doublings: doublings))
                guard move(from: state, to: probing) else { continue }
                changedAt.store(now, ordering: .relaxed)
                return Admission(generation: probing.generation, isProbe: true)
            }
        }
    }

    // MARK: Outcomes

    /// Counts a success; a probe's closes the breaker and clears the window.
    func succeed(_ admission: Admission, now: UInt64) -> BreakerChange {
        let state = state
        guard state.isProbed(by: admission) else {
            // What was admitted before the breaker last opened or was probed tells of a time that is over.
            if state.generation == admission.generation { window.count(isSuccess: true, now: now) }
            return .none
        }
        // Before the breaker closes: afterwards the first failure would be counted with those that had opened it.
        window.clear()
        guard move(from: state, to: BreakerState(generation: state.generation, phase: .closed)) else { return .none }
        changedAt.store(now, ordering: .relaxed)
        return .closed
    }

    /// Counts a failure, and opens the breaker when `policy` says so or when it was the probe's.
    func fail(_ admission: Admission, policy: BreakerPolicy, now: UInt64, random: UInt64) -> BreakerChange {
        let state = state
        guard state.generation == admission.generation else { return .none }
        window.count(isSuccess: false, now: now)
        switch state.phase {
        case .probing(_, let doublings):
            guard state.isProbed(by: admission) else { return .none }
            return open(from: state, state.generation, min(doublings + 1, BreakerState.mostDoublings), policy, now, random)
        case .closed:
            guard policy.isEnabled else { return .none }
            guard policy.opens(after: window.counts(now: now, nanoseconds: policy.windowNanoseconds)) else { return .none }
            return open(from: state, state.generation &+ 1, 0, policy, now, random)
        case .open: return .none
        }
    }

    private func open(
        from state: BreakerState, _ generation: UInt16, _ doublings: UInt8, _ policy: BreakerPolicy, _ now: UInt64, _ random: UInt64
    ) -> BreakerChange {
        let until = Breaker.instant(Monotonic.sum(now, policy.openNanoseconds(doublings: doublings, random: random)))
        guard move(from: state, to: BreakerState(generation: generation, phase: .open(until: until, doublings: doublings))) else {
            return .none
        }
        changedAt.store(now, ordering: .relaxed)
        return .opened(until: until * Monotonic.nanosecondsPerMillisecond)
    }

    /// Lets the next request probe, when `admission` was the probe.
    func abandon(_ admission: Admission) {
        let state = state
        guard state.isProbed(by: admission), case .probing(_, let doublings) = state.phase else { return }
        // When it fails the probe was taken for lost, and another has its place.
        _ = move(from: state, to: BreakerState(generation: state.generation, phase: .open(until: 0, doublings: doublings)))
    }
}
