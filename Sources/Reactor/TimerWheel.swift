/// Deadlines in a hierarchical wheel: O(1) to set and to cancel, whatever their number.
///
/// Seven levels of 64 slots with a tick of one millisecond reach 139 years. A timer sits on the
/// level of the highest base-64 digit in which its tick differs from the current one, in the
/// slot of that digit; when the wheel reaches the slot the timer moves down, and on level 0 it
/// is due. A timer never fires early and at most one tick late.
///
///     level 0  [ms 0…63]   level 1  [×64 ms]   level 2  [×4 s]   level 3  [×4 min]  …
///
/// - Source: G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels", 1987
public struct TimerWheel: ~Copyable {
    /// A timer's place; kept by its owner from `make` to `destroy`.
    public typealias Identifier = Int32

    private struct Node {
        var tick: UInt64 = 0
        var token: UInt64 = 0
        var next: Int32 = none
        var previous: Int32 = none
        /// `level * 64 + slot`, `due`, or `none` while it is not set.
        var list: Int32 = none
    }

    private static let none: Int32 = -1
    private static let levelCount = 7
    private static let due = Int32(levelCount * 64)
    private static let nanosecondsPerTick: UInt64 = 1_000_000
    private static let lastTick: UInt64 = 1 << (6 * UInt64(levelCount)) - 1

    private var nodes: UnsafeMutablePointer<Node>
    private var capacity: Int
    private var used: Int = 0
    private var firstFree: Int32 = none
    private let heads: UnsafeMutablePointer<Int32>
    private var occupied = InlineArray<7, UInt64>(repeating: 0)
    private var currentTick: UInt64
    /// What `nextOccupiedTick` is, until a timer is set, moved or unset: asked twice a turn, and mostly the same.
    private var next: Occupied?
    private var isNextKnown = false

    private struct Occupied {
        let tick: UInt64
        let level: Int
        let slot: Int
    }

    /// Timers set and not yet fired.
    public private(set) var pendingCount = 0

    public init(now: Instant) {
        capacity = 1024
        nodes = .allocate(capacity: capacity)
        heads = .allocate(capacity: Int(TimerWheel.due) + 1)
        heads.initialize(repeating: TimerWheel.none, count: Int(TimerWheel.due) + 1)
        currentTick = now.nanoseconds / TimerWheel.nanosecondsPerTick
    }

    deinit {
        nodes.deallocate()
        heads.deallocate()
    }

    /// A new timer, not set; `token` is what `popExpired` returns for it.
    public mutating func make(token: UInt64) -> Identifier {
        let identifier: Int32
        if firstFree != TimerWheel.none {
            identifier = firstFree
            firstFree = nodes[Int(identifier)].next
        } else {
            if used == capacity { grow() }
            identifier = Int32(used)
            used += 1
        }
        nodes.advanced(by: Int(identifier)).initialize(to: Node(token: token))
        return identifier
    }

    /// Ends a timer, set or not.
    public mutating func destroy(_ identifier: Identifier) {
        cancel(identifier)
        nodes[Int(identifier)].next = firstFree
        firstFree = identifier
    }

    /// Sets or moves the timer to `deadline`; one that has passed fires at the next `popExpired`.
    public mutating func set(_ identifier: Identifier, at deadline: Instant) {
        cancel(identifier)
        // Rounded up: a timer must not fire before its deadline.
        let tick = deadline.adding(nanoseconds: TimerWheel.nanosecondsPerTick - 1).nanoseconds / TimerWheel.nanosecondsPerTick
        nodes[Int(identifier)].tick = min(tick, TimerWheel.lastTick)
        place(identifier)
        pendingCount += 1
    }

    /// Unsets the timer, if it is set.
    public mutating func cancel(_ identifier: Identifier) {
        guard nodes[Int(identifier)].list != TimerWheel.none else { return }
        unlink(identifier)
        pendingCount -= 1
    }

    /// The token of one timer whose deadline has come; nil when no more have.
    public mutating func popExpired(now: Instant) -> UInt64? {
        advance(to: now.nanoseconds / TimerWheel.nanosecondsPerTick)
        let identifier = heads[Int(TimerWheel.due)]
        guard identifier != TimerWheel.none else { return nil }
        unlink(identifier)
        pendingCount -= 1
        return nodes[Int(identifier)].token
    }

    /// Until when a loop may sleep before a timer could be due; nil when none is set.
    public mutating func nextDeadline() -> Instant? {
        if heads[Int(TimerWheel.due)] != TimerWheel.none { return Instant(nanoseconds: 0) }
        guard let tick = nextOccupied()?.tick else { return nil }
        let (target, overflowed) = tick.multipliedReportingOverflow(by: TimerWheel.nanosecondsPerTick)
        return overflowed ? .distantFuture : Instant(nanoseconds: target)
    }

    private mutating func advance(to tick: UInt64) {
        guard tick > currentTick else { return }
        while let next = nextOccupied(), next.tick <= tick {
            currentTick = next.tick
            let list = next.level * 64 + next.slot
            while heads[list] != TimerWheel.none {
                let identifier = heads[list]
                unlink(identifier)
                place(identifier)
            }
        }
        currentTick = tick
    }

    /// The earliest slot that holds timers, with the tick at which the wheel reaches it.
    ///
    /// The lowest occupied level holds the earliest: higher ones start past this level's turn.
    @inline(__always)
    private mutating func nextOccupied() -> Occupied? {
        if !isNextKnown {
            next = findNextOccupied()
            isNextKnown = true
        }
        return next
    }

    private func findNextOccupied() -> Occupied? {
        for level in 0..<TimerWheel.levelCount where occupied[level] != 0 {
            let shift = UInt64(6 * level)
            let position = Int(truncatingIfNeeded: currentTick >> shift) & 63
            let ahead = occupied[level] >> UInt64(position)
            // A set slot is never behind the current digit: it differs from it in this very digit, upwards.
            guard ahead != 0 else { continue }
            let slot = position + ahead.trailingZeroBitCount
            let turn = (currentTick >> (shift + 6)) << (shift + 6)
            return Occupied(tick: max(turn | UInt64(slot) << shift, currentTick), level: level, slot: slot)
        }
        return nil
    }

    private mutating func place(_ identifier: Int32) {
        let tick = nodes[Int(identifier)].tick
        guard tick > currentTick else { return link(identifier, list: TimerWheel.due) }
        let difference = tick ^ currentTick
        let level = (63 - difference.leadingZeroBitCount) / 6
        let slot = Int(truncatingIfNeeded: tick >> UInt64(6 * level)) & 63
        link(identifier, list: Int32(level * 64 + slot))
    }

    private mutating func link(_ identifier: Int32, list: Int32) {
        let head = heads[Int(list)]
        nodes[Int(identifier)].next = head
        nodes[Int(identifier)].previous = TimerWheel.none
        nodes[Int(identifier)].list = list
        if head != TimerWheel.none { nodes[Int(head)].previous = identifier }
        heads[Int(list)] = identifier
        if list != TimerWheel.due { occupied[Int(list) >> 6] |= 1 << UInt64(list & 63) }
        isNextKnown = false
    }

    private mutating func unlink(_ identifier: Int32) {
        let node = nodes[Int(identifier)]
        if node.next != TimerWheel.none { nodes[Int(node.next)].previous = node.previous }
        if node.previous != TimerWheel.none {
            nodes[Int(node.previous)].next = node.next
        } else {
            heads[Int(node.list)] = node.next
            if node.next == TimerWheel.none, node.list != TimerWheel.due {
                occupied[Int(node.list) >> 6] &= ~(1 << UInt64(node.list & 63))
            }
        }
        nodes[Int(identifier)].list = TimerWheel.none
        isNextKnown = false
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Node>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: nodes, count: used)
        nodes.deallocate()
        nodes = larger
        capacity *= 2
    }
}
