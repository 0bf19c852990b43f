public import Gateway
import Glibc
public import Ledger
import Store
import Synchronization

/// Where snapshots are made: of what the file says, and of what the store has, whichever was read again last.
///
/// Called by threads that read the one or the other. Each puts its part in, and the snapshot of both is adopted before the next is begun.
public final class SnapshotDesk: Sendable {
    /// What the last snapshot was made of, for one in which some objects are others.
    private struct Last {
        var shared: SharedKeys
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
        var virtualKeys = VirtualKeyShelf()
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
            state.virtualKeys.removeAll()
            renew(&state)
        }
    }

    /// The whole store was read again.
    public func take(_ stored: StoredObjects) {
        state.withLock { state in
            state.stored = stored
            state.virtualKeys.removeAll()
            renew(&state)
        }
    }

    /// Some objects of the store have changed: the next snapshot shares with the last what they are not part of. False where all has to be read for it.
    ///
    /// - Parameter others: where one of those has changed.
    func take(_ changes: ObjectChanges, _ others: OtherObjects?) -> Bool {
        state.withLock { state in
            guard state.last != nil, let changed = state.stored?.change(changes, others) ?? nil else { return false }
            for id in changed.virtualKeys { state.virtualKeys.remove(id) }
            if changed.hasWorkspaces { state.virtualKeys.removeShared() }
            if changed.isMoreThanKeys || state.last?.shared.unkept.isEmpty == false {
                renew(&state, sharing: changed.keys)
            } else if !changed.keys.isEmpty {
                amendAlone(changed, &state)
            }
            return true
        }
    }

    private func amendAlone(_ changed: StoredObjects.Changed, _ state: inout State) {
        var (faults, mended) = (changed.faults, changed.mended)
        guard var last = state.last, amend(changed.keys, &last, &faults, &mended) else { return renew(&state) }
        keep(last.shared.parts.keyUses, &state)
        state.last = last
        state.version += 1
        tell(faults, &state.told) { mended.contains($0) }
        state.adopt?(Snapshot(last.shared.parts, version: state.version))
    }

    /// Puts changed keys beside the last snapshot's; false where there are too many, or two have one secret.
    ///
    /// - Parameters:
    ///   - faults: what is wrong with them is added.
    ///   - mended: and what was.
    private func amend(
        _ changed: [StoredObjects.KeyChange], _ last: inout Last, _ faults: inout [String], _ mended: inout Set<String>
    ) -> Bool {
        guard !changed.isEmpty else { return true }
        guard last.shared.parts.keys.changeCount + changed.count <= mostChangedKeys,
            last.shared.parts.changedKeys.keys.count + changed.count <= mostChangedKeys
        else { return false }
        var found: [StoredObjects.Fault] = []
        let news = changed.map { change in
            let digests = [change.before?.declaration.digest, change.before?.declaration.previous?.digest].compactMap { $0 }
            if let key = change.after, let config = last.shared.merge.configID(of: key) { last.shared.named.insert(config) }
            last.shared.unkept.remove(change.id)
            guard let key = change.after, var merged = last.shared.merge.merged(key, &found) else {
                last.shared.parts.changedKeys.remove(change.id)
                return KeyTable.Change(identity: change.id, gone: digests, made: nil)
            }
            var made = ChangedKeys.Key(identity: change.id)
            (made.restrictions, made.metadata) = (key.restrictions, key.metadata)
            made.terms = terms(of: &merged, &last.shared, &found)
            let place = last.shared.parts.changedKeys.end
            last.shared.parts.changedKeys.add(made)
            return KeyTable.Change(identity: change.id, gone: digests, made: (merged.declaration, place))
        }
        guard let keys = try? last.shared.parts.keys.changed(by: news) else { return false }
        last.shared.parts.keys = keys
        last.shared.parts.keyUses = KeyUses(identities: last.shared.parts.changedKeys.keys.map(\.identity), behind: last.uses)
        let ids = Set(changed.map(\.id))
        mended.formUnion(last.shared.faults.lazy.filter { ids.contains($0.owner) }.map(\.text))
        last.shared.faults.removeAll { ids.contains($0.owner) }
        last.shared.faults += found
        faults += found.map(\.text)
        return true
    }

    private func keep(_ uses: KeyUses?, _ state: inout State) {
        guard let uses, uses !== state.uses.last else { return }
        while state.uses.count >= OfficeLimits.keptUses { state.takenUses.merge(state.uses.removeFirst().take()) { max($0, $1) } }
        state.uses.append(uses)
    }

    /// One whose limits cannot be kept opens nothing.
    private func terms(of key: inout KeyMerge.Merged, _ shared: inout SharedKeys, _ faults: inout [StoredObjects.Fault]) -> SpendingTerms? {
        guard let holder = key.holder else { return nil }
        let made = limits([holder])
        if let books = made.books { shared.parts.books = books }
        switch made.terms.first ?? .failure(LimitFault("nothing keeps its limits")) {
        case .success(let terms): return terms
        case .failure(let fault):
            KeyMerge.close(&key.declaration, fault.description, &faults)
            shared.unkept.insert(key.declaration.identity)
            return nil
        }
    }

    /// Makes another snapshot where the clock has made one due: something has expired since.
    public func lookAtTheClock() {
        state.withLock { state in
            guard let due = state.changesAt, clock() >= due else { return }
            renew(&state, sharing: [])
        }
    }

    /// When keys were used since the last time, by their ids: milliseconds since 1970.
    func takeUses() -> [String: Int64] {
        let (kept, taken) = state.withLock { state in
            defer { state.takenUses = [:] }
            return (state.uses, state.takenUses)
        }
        return kept.reduce(into: taken) { uses, notes in uses.merge(notes.take()) { max($0, $1) } }
    }

    /// - Parameter changed: of keys, all that have since the last snapshot; nil where any may have.
    private func renew(_ state: inout State, sharing changed: [StoredObjects.KeyChange]? = nil) {
        let snapshot = make(&state, sharing: changed)
        state.adopt?(snapshot)
    }

    private func make(_ state: inout State, sharing changed: [StoredObjects.KeyChange]? = nil) -> Snapshot {
        state.version += 1
        let before = state.last
        state.last = nil
        guard let stored = state.stored, let pepper else { return Snapshot(state.declared.parts, version: state.version) }
        // Configs that are gone have their places still: of too many all is made anew.
        let mostPlaces = state.declared.parts.configs.count + 2 * stored.configs.count + OfficeLimits.emptyPlaces
        let shared = before.flatMap { changed == nil || $0.shared.parts.configs.count > mostPlaces ? nil : $0.shared }
        var merge = merged(&state, stored, pepper, sharing: shared)
        if let before, var changed, let affected = merge.affectedKeys {
            let ids = Set(changed.map(\.id))
            for key in affected where !ids.contains(key.id) { changed.append(StoredObjects.KeyChange(id: key.id, before: key, after: key)) }
            var last = Last(shared: merge.sharedKeys, uses: before.uses)
            var (faults, mended) = (merge.faults, Set<String>())
            if amend(changed, &last, &faults, &mended) {
                let isThere = Set(last.shared.faults.map(\.text))
                tell(faults.filter { !mended.contains($0) || isThere.contains($0) }, &state.told) { _ in true }
                state.changesAt = merge.changesAt
                keep(last.shared.parts.keyUses, &state)
                state.last = last
                return Snapshot(last.shared.parts, version: state.version)
            }
            merge = merged(&state, stored, pepper, sharing: nil)
        }
        state.changesAt = merge.changesAt
        tell(merge.faults, &state.told) { _ in true }
        keep(merge.parts.keyUses, &state)
        if let uses = merge.parts.keyUses, merge.hasAllKeys { state.last = Last(shared: merge.sharedKeys, uses: uses) }
        return Snapshot(merge.parts, version: state.version)
    }

    private func merged(_ state: inout State, _ stored: StoredObjects, _ pepper: KeyPepper, sharing shared: SharedKeys?) -> SnapshotMerge {
        SnapshotMerge(
            state.declared, stored, pepper: pepper, now: clock(), edition: state.edition, sharing: shared, limits: limits, policies: policies,
            &state.programs, &state.virtualKeys)
    }

    /// Once each, until it is mended.
    ///
    /// - Parameter isOver: of what was told before, whether it is mended where it is not among them.
    private func tell(_ faults: [String], _ told: inout Set<String>, isOver: (String) -> Bool) {
        var seen = told
        let news = faults.filter { seen.insert($0).inserted }
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
