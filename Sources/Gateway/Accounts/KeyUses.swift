import Synchronization

/// When the keys of a snapshot were last used: noted by workers, to the second, and taken from time to time by who writes it down.
// Unchecked: the address does not change, and what it leads to is atomics.
public final class KeyUses: @unchecked Sendable {
    /// By the keys' places in their table, from `start` on; empty for those of whom nobody asks.
    private let identities: [String]
    /// Where keys with places below are noted, which snapshots share.
    private let others: KeyUses?
    private let start: Int
    // Seconds since 1970, 0 for never. Written by all workers, read by who takes them; relaxed, for they publish nothing. A second's first request
    // writes, so that the others' caches keep the line.
    private let seconds: UnsafeMutablePointer<Atomic<Int64>>
    /// What was taken before.
    private let taken: Mutex<[Int64]>

    /// - Parameter others: have the places before these.
    public init(identities: [String], behind others: KeyUses? = nil) {
        self.identities = identities
        self.others = others
        start = others.map { $0.start + $0.identities.count } ?? 0
        seconds = .allocate(capacity: max(1, identities.count))
        for index in identities.indices { (seconds + index).initialize(to: Atomic(0)) }
        taken = Mutex([Int64](repeating: 0, count: identities.count))
    }

    deinit {
        seconds.deinitialize(count: identities.count)
        seconds.deallocate()
    }

    /// The key at `place` is used now.
    @inline(__always)
    func note(_ place: Int, wallSeconds: Int64) {
        if place < start { others?.note(place, wallSeconds: wallSeconds) } else { noteHere(place - start, wallSeconds) }
    }

    @inline(__always)
    private func noteHere(_ index: Int, _ wallSeconds: Int64) {
        guard index >= 0, index < identities.count, seconds[index].load(ordering: .relaxed) < wallSeconds else { return }
        seconds[index].store(wallSeconds, ordering: .relaxed)
    }

    /// Whoever was used since the last time, by identity: milliseconds since 1970.
    public func take() -> [String: Int64] {
        let before = others?.take() ?? [:]
        return taken.withLock { taken in
            var uses = before
            for index in identities.indices where !identities[index].isEmpty {
                let last = seconds[index].load(ordering: .relaxed)
                guard last > taken[index] else { continue }
                taken[index] = last
                uses[identities[index]] = max(uses[identities[index]] ?? 0, last * 1000)
            }
            return uses
        }
    }
}
