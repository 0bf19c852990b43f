import Synchronization

/// When memory that was taken out of the table may be freed: once every participant has since announced that it holds nothing.
///
/// An epoch is a number. Whoever has taken entries out moves it on and stamps them with the new one. A participant announces, between
/// two turns, the epoch it finds. When all have announced the stamp or a later one, none can reach what bears it:
///
///     participant   … reads entry …       announces 8          … reads …
///     evictor           takes entry out, epoch 7 → 8, stamp 8 ────────▶ all have announced 8: free
///
/// Announcing is a load and at most a store. There is no fence: the participant's load of the epoch sees the evictor's release, and with
/// it the empty slot; the evictor's load of the announcement sees the participant's release, and with it that its reads are over.
///
/// A participant that sleeps, or has no use for the cache, is parked, which counts as any epoch. Waking up, in the middle of a turn as well,
/// must not be missed by one that frees at that moment: both write the parked one's word by read-modify-write, so one of the two comes
/// first. Either the evictor finds it awake and waits, or the one that woke has read what the evictor wrote, and so sees the slot empty.
final class Reclamation: Sendable {
    // Moved on by whoever has taken entries out, read by each participant that is awake once a turn. Acquire and release, as above.
    private let epoch = LoneWord()
    let members: [CacheMember]

    init(memberCount: Int) { members = (0..<max(1, memberCount)).map { _ in CacheMember() } }

    var present: UInt64 { epoch.value.load(ordering: .acquiring) }

    /// Begins an epoch; what was taken out before is stamped with it.
    func advance() -> UInt64 { epoch.value.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue }

    /// What bears this stamp or an earlier one is held by nobody.
    func leastSeen() -> UInt64 {
        var least = UInt64.max
        for member in members { least = min(least, seen(by: member)) }
        return least
    }

    private func seen(by member: CacheMember) -> UInt64 {
        let seen = member.seen.value.load(ordering: .acquiring)
        guard seen == CacheMember.parked else { return seen }
        return member.seen.value.compareExchange(
            expected: CacheMember.parked, desired: CacheMember.parked, ordering: .acquiringAndReleasing
        ).original
    }

    /// - Returns: what `member` has announced.
    func unpark(_ member: CacheMember) -> UInt64 {
        let present = present
        _ = member.seen.value.exchange(present, ordering: .acquiringAndReleasing)
        return present
    }

    func park(_ member: CacheMember) { member.seen.value.store(CacheMember.parked, ordering: .releasing) }
}
