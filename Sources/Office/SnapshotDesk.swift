public import Gateway
import Glibc
public import Ledger
import Store
import Synchronization

/// Where snapshots are made: of what the file says, and of what the store has, whichever was read again last.
///
/// Called by threads that read the one or the other. Each puts its part in, and the snapshot of both is adopted before the next is begun.
public final class SnapshotDesk: Sendable {
    /// What the last snapshot was made of, for one in which some keys are others.
    private struct Last {
        var parts: Snapshot.Parts
        let merge: KeyMerge
        /// Where uses of all keys are noted that have not changed since.
        let uses: KeyUses
    }

    private struct State {
        var declared: DeclaredParts
        /// Nil where a snapshot has to be made of all.
        var last: Last?
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
    private let mostChangedKeys: Int
    private let limits: @Sendable ([LimitedHolder]) -> LimitedTerms
    private let policies: @Sendable ([LimitedPolicy]) -> KeptPolicies
    private let clock: @Sendable () -> Int64
    private let note: @Sendable (String) -> Void

    /// - Parameters:
    ///   - pepper: the store's; nil without one.
    ///   - mostChangedKeys: that are kept beside a table of all, before one is made anew.
    ///   - limits: makes terms of what the store's holders may spend.
    ///   - policies: the same of its policies.
    ///   - clock: wall-clock milliseconds since 1970.
    ///   - note: told what an operator should know.
    public init(
        _ declared: DeclaredParts, _ stored: StoredObjects? = nil, pepper: KeyPepper? = nil, mostChangedKeys: Int? = nil,
        limits: @escaping @Sendable ([LimitedHolder]) -> LimitedTerms = { _ in LimitedTerms(books: nil, terms: []) },
        policies: @escaping @Sendable ([LimitedPolicy]) -> KeptPolicies = { KeptPolicies.none($0) },
        clock: @escaping @Sendable () -> Int64 = SnapshotDesk.now, note: @escaping @Sendable (String) -> Void
    ) {
        var state = State(declared: declared)
        state.stored = stored
        self.state = Mutex(state)
        self.pepper = pepper
        self.mostChangedKeys = mostChangedKeys ?? OfficeLimits.changedKeys
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
            var stored = stored
            stored.completeKeys(of: &state.stored)
            state.stored = stored
            renew(&state)
        }
    }

    /// Some keys of the store have changed, and nothing else: the next snapshot shares all else with the last. False where all has to be read for it.
    func take(_ changes: KeyChanges) -> Bool {
        state.withLock { state in
            guard state.last != nil, let (changed, faults) = state.stored?.change(changes) else { return false }
            if !changed.isEmpty, !amend(changed, faults, &state) { renew(&state) }
            return true
        }
    }

    /// Puts changed keys beside the last snapshot's; false where there are too many, or two have one secret.
    private func amend(_ changed: [StoredObjects.KeyChange], _ faults: [String], _ state: inout State) -> Bool {
        guard var last = state.last, last.parts.keys.changeCount + changed.count <= mostChangedKeys,
            last.parts.changedKeys.keys.count + changed.count <= mostChangedKeys
        else { return false }
        var faults = faults
        let news = changed.map { change in
            let digests = [change.before?.declaration.digest, change.before?.declaration.previous?.digest].compactMap { $0 }
            guard let key = change.after, var merged = last.merge.merged(key, &faults) else {
                last.parts.changedKeys.remove(change.id)
                return KeyTable.Change(identity: change.id, gone: digests, made: nil)
            }
            var made = ChangedKeys.Key(identity: change.id)
            (made.restrictions, made.metadata) = (key.restrictions, key.metadata)
            made.terms = terms(of: &merged, &last.parts, &faults)
            let place = last.parts.changedKeys.end
            last.parts.changedKeys.add(made)
            return KeyTable.Change(identity: change.id, gone: digests, made: (merged.declaration, place))
        }
        guard let keys = try? last.parts.keys.changed(by: news) else { return false }
        last.parts.keys = keys
        let uses = KeyUses(identities: last.parts.changedKeys.keys.map(\.identity), behind: last.uses)
        last.parts.keyUses = uses
        keep(uses, &state)
        state.last = last
        state.version += 1
        tell(faults, &state.told) { told in changed.contains { told.contains("(\($0.id))") } }
        state.adopt?(Snapshot(last.parts, version: state.version))
        return true
    }

    /// One whose limits cannot be kept opens nothing.
    private func terms(of key: inout KeyMerge.Merged, _ parts: inout Snapshot.Parts, _ faults: inout [String]) -> SpendingTerms? {
        guard let holder = key.holder else { return nil }
        let made = limits([holder])
        if let books = made.books { parts.books = books }
        switch made.terms.first ?? .failure(LimitFault("nothing keeps its limits")) {
        case .success(let terms): return terms
        case .failure(let fault):
            KeyMerge.close(&key.declaration, fault.description, &faults)
            return nil
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
        state.last = nil
        guard let stored = state.stored, let pepper else { return Snapshot(state.declared.parts, version: state.version) }
        let merge = SnapshotMerge(
            state.declared, stored, pepper: pepper, now: clock(), edition: state.edition, limits: limits, policies: policies, &state.programs)
        state.changesAt = merge.changesAt
        tell(merge.faults, &state.told) { _ in true }
        if let uses = merge.parts.keyUses {
            keep(uses, &state)
            if merge.hasAllKeys { state.last = Last(parts: merge.parts, merge: merge.keyMerge, uses: uses) }
        }
        return Snapshot(merge.parts, version: state.version)
    }

    /// Once each, until it is mended.
    ///
    /// - Parameter isOver: of what was told before, whether it is mended where it is not among them.
    private func tell(_ faults: [String], _ told: inout Set<String>, isOver: (String) -> Bool) {
        let news = faults.filter { !told.contains($0) }
        for fault in news.prefix(OfficeLimits.toldFaults) { note("store: \(fault)") }
        let more = news.count - OfficeLimits.toldFaults
        if more > 0 { note("store: \(more) faults more; `sluice vault doctor` lists those of secrets") }
        told = told.filter { !isOver($0) }.union(faults)
    }

    public static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
