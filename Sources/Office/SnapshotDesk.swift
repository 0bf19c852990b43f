public import Gateway
import Glibc
public import Ledger
import Synchronization

/// Where snapshots are made: of what the file says, and of what the store has, whichever was read again last.
///
/// Called by threads that read the one or the other. Each puts its part in, and the snapshot of both is adopted before the next is begun.
public final class SnapshotDesk: Sendable {
    private struct State {
        var declared: DeclaredParts
        /// Goes up with each reading of the file.
        var edition: UInt64 = 1
        var stored: StoredObjects?
        /// Of the last snapshot.
        var version: UInt64 = 0
        var programs = ProgramShelf()
        /// When the clock alone makes another snapshot due, in milliseconds since 1970.
        var changesAt: Int64?
        /// Faults that were told with the snapshot before.
        var told: Set<String> = []
        var adopt: (@Sendable (Snapshot) -> Void)?
        /// Where uses of keys are noted: of the last snapshot, and before it of those that a worker may still serve by.
        var uses: [KeyUses] = []
        /// What was noted in those before them.
        var takenUses: [String: Int64] = [:]
    }

    private let state: Mutex<State>
    /// Nil without a store.
    private let pepper: KeyPepper?
    private let limits: @Sendable ([LimitedHolder]) -> LimitedTerms
    private let policies: @Sendable ([LimitedPolicy]) -> KeptPolicies
    private let clock: @Sendable () -> Int64
    private let note: @Sendable (String) -> Void

    /// - Parameters:
    ///   - pepper: the store's; nil without one.
    ///   - limits: makes terms of what the store's holders may spend.
    ///   - policies: the same of its policies.
    ///   - clock: wall-clock milliseconds since 1970.
    ///   - note: told what an operator should know.
    public init(
        _ declared: DeclaredParts, _ stored: StoredObjects? = nil, pepper: KeyPepper? = nil,
        limits: @escaping @Sendable ([LimitedHolder]) -> LimitedTerms = { _ in LimitedTerms(books: nil, terms: []) },
        policies: @escaping @Sendable ([LimitedPolicy]) -> KeptPolicies = { KeptPolicies.none($0) },
        clock: @escaping @Sendable () -> Int64 = SnapshotDesk.now, note: @escaping @Sendable (String) -> Void
    ) {
        var state = State(declared: declared)
        state.stored = stored
        self.state = Mutex(state)
        self.pepper = pepper
        self.limits = limits
        self.policies = policies
        self.clock = clock
        self.note = note
    }

    /// The first snapshot.
    public func first() -> Snapshot { state.withLock { make(&$0) } }

    /// Has `adopt` called with each snapshot from now on.
    public func serve(_ adopt: @escaping @Sendable (Snapshot) -> Void) { state.withLock { $0.adopt = adopt } }

    /// The file was read again.
    public func take(_ declared: DeclaredParts) {
        state.withLock { state in
            state.declared = declared
            state.edition += 1
            renew(&state)
        }
    }

    /// The store was read again.
    public func take(_ stored: StoredObjects) {
        state.withLock { state in
            state.stored = stored
            renew(&state)
        }
    }

    /// Makes another snapshot where the clock has made one due: something has expired since.
    public func lookAtTheClock() {
        state.withLock { state in
            guard let due = state.changesAt, clock() >= due else { return }
            renew(&state)
        }
    }

    private func keep(_ uses: KeyUses, _ state: inout State) {
        while state.uses.count >= OfficeLimits.keptUses { state.takenUses.merge(state.uses.removeFirst().take()) { max($0, $1) } }
        state.uses.append(uses)
    }

    /// When keys were used since the last time, by their ids: milliseconds since 1970.
    func takeUses() -> [String: Int64] {
        let (kept, taken) = state.withLock { state in
            defer { state.takenUses = [:] }
            return (state.uses, state.takenUses)
        }
        return kept.reduce(into: taken) { uses, notes in uses.merge(notes.take()) { max($0, $1) } }
    }

    private func renew(_ state: inout State) {
        let snapshot = make(&state)
        state.adopt?(snapshot)
    }

    private func make(_ state: inout State) -> Snapshot {
        state.version += 1
        guard let stored = state.stored, let pepper else { return Snapshot(state.declared.parts, version: state.version) }
        let merge = SnapshotMerge(
            state.declared, stored, pepper: pepper, now: clock(), edition: state.edition, limits: limits, policies: policies, &state.programs)
        state.changesAt = merge.changesAt
        tell(merge.faults, &state.told)
        if let uses = merge.parts.keyUses { keep(uses, &state) }
        return Snapshot(merge.parts, version: state.version)
    }

    /// Once each, until it is mended.
    private func tell(_ faults: [String], _ told: inout Set<String>) {
        let news = faults.filter { !told.contains($0) }
        for fault in news.prefix(OfficeLimits.toldFaults) { note("store: \(fault)") }
        let more = news.count - OfficeLimits.toldFaults
        if more > 0 { note("store: \(more) faults more; `sluice vault doctor` lists those of secrets") }
        told = Set(faults)
    }

    public static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
