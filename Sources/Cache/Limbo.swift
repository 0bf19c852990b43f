import Synchronization

/// Entries that are out of the table and may still be read, in the order they were taken out, until all have looked away.
///
/// One participant's own. What it has left when it goes to sleep it leaves to the next that is awake.
final class Limbo {
    typealias LinkPointer = UnsafeMutablePointer<Link>

    /// Entries that are freed together.
    struct Link {
        var next: LinkPointer?
        /// The epoch that all have to have announced.
        var stamp: UInt64 = 0
        var count = 0
        var entries = InlineArray<61, UnsafeMutablePointer<CacheEntry>?>(repeating: nil)
    }

    // Being filled, not yet stamped.
    private var open: LinkPointer?
    private var first: LinkPointer?
    private var last: LinkPointer?

    init() { assert(InlineArray<61, UnsafeMutablePointer<CacheEntry>?>.count == CacheLimits.limboLinkEntryCount) }

    deinit { precondition(isEmpty, "a participant leaves what it has not freed to the others") }

    var isEmpty: Bool { open == nil && first == nil }

    func add(_ entry: UnsafeMutablePointer<CacheEntry>, _ reclamation: Reclamation) {
        let link: LinkPointer
        if let open {
            link = open
        } else {
            link = .allocate(capacity: 1)
            link.initialize(to: Link())
            open = link
        }
        link.pointee.entries[link.pointee.count] = entry
        link.pointee.count += 1
        if link.pointee.count == CacheLimits.limboLinkEntryCount { seal(reclamation) }
    }

    /// Stamps what has been added since, if anything has.
    func seal(_ reclamation: Reclamation) {
        guard let link = open else { return }
        open = nil
        link.pointee.stamp = reclamation.advance()
        append(link, last: link)
    }

    private func append(_ link: LinkPointer, last newLast: LinkPointer) {
        if let last { last.pointee.next = link } else { first = link }
        last = newLast
    }

    /// Frees what is stamped with `least` or an earlier epoch, at most so many links.
    /// - Returns: the bytes it took.
    func free(upTo least: UInt64, links most: Int, to pool: CacheEntryPool) -> Int {
        var byteCount = 0
        var left = most
        while left > 0, let link = first, link.pointee.stamp <= least {
            first = link.pointee.next
            if first == nil { last = nil }
            byteCount += Limbo.free(link, to: pool)
            left -= 1
        }
        return byteCount
    }

    private static func free(_ link: LinkPointer, to pool: CacheEntryPool) -> Int {
        var byteCount = 0
        for index in 0..<link.pointee.count {
            guard let entry = link.pointee.entries[index] else { continue }
            byteCount += entry.pointee.footprint
            pool.free(entry)
        }
        link.deallocate()
        return byteCount
    }

    // MARK: What sleepers leave

    /// Hands over all that is stamped.
    func leave(to orphans: borrowing LimboOrphans) {
        guard let first, let last else { return }
        self.first = nil
        self.last = nil
        orphans.push(first, last: last)
    }

    func adopt(from orphans: borrowing LimboOrphans) {
        guard let link = orphans.takeAll() else { return }
        var last = link
        while let next = last.pointee.next { last = next }
        append(link, last: last)
    }

    /// Frees a list that nobody can read any more.
    static func freeAll(_ list: LinkPointer?, to pool: CacheEntryPool) {
        var rest = list
        while let link = rest {
            rest = link.pointee.next
            _ = free(link, to: pool)
        }
    }
}

/// Links whose participants sleep or have left.
struct LimboOrphans: ~Copyable, Sendable {
    // The address of the first link. Pushed to by whoever goes to sleep, taken whole by whoever is awake: so no link can be
    // taken, and come back, behind the back of a push. Acquire and release, for what the links hold.
    private let head = Atomic<UInt>(0)

    var isEmpty: Bool { head.load(ordering: .relaxed) == 0 }

    func push(_ first: Limbo.LinkPointer, last: Limbo.LinkPointer) {
        var old = head.load(ordering: .relaxed)
        while true {
            last.pointee.next = Limbo.LinkPointer(bitPattern: old)
            let result = head.weakCompareExchange(expected: old, desired: UInt(bitPattern: first), ordering: .acquiringAndReleasing)
            if result.exchanged { return }
            old = result.original
        }
    }

    func takeAll() -> Limbo.LinkPointer? {
        guard !isEmpty else { return nil }
        return Limbo.LinkPointer(bitPattern: head.exchange(0, ordering: .acquiringAndReleasing))
    }
}
