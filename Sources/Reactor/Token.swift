/// What an event or a timer is about: a kind, a slot in a table, and the slot's generation.
///
/// Travels through epoll's 64 bits of user data. The generation tells an event for a socket
/// that was closed earlier in the same batch from one for the socket that took its slot.
///
///     63      56 55          32 31           0
///     [ kind   ] [ generation ] [    slot    ]
@frozen
public struct Token: BitwiseCopyable, Hashable, Sendable {
    public let rawValue: UInt64

    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    public init(kind: UInt8, generation: UInt32, slot: UInt32) {
        rawValue = UInt64(kind) << 56 | UInt64(generation & 0xFF_FFFF) << 32 | UInt64(slot)
    }

    @inlinable public var kind: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 56) }
    @inlinable public var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) & 0xFF_FFFF }
    @inlinable public var slot: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}

/// Objects by token: a slab whose slots remember how often they were used.
public struct SlotTable<Object: AnyObject>: ~Copyable {
    private struct Slot {
        var object: Object?
        var generation: UInt32 = 0
    }

    private let kind: UInt8
    private var slots: ContiguousArray<Slot> = []
    private var free: ContiguousArray<UInt32> = []

    /// Objects held now.
    public private(set) var count = 0

    public init(kind: UInt8) { self.kind = kind }

    /// Stores what `make` returns for the token it is given.
    public mutating func insert(_ make: (Token) -> Object) -> Object {
        let index: UInt32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = UInt32(slots.count)
            slots.append(Slot())
        }
        let object = make(Token(kind: kind, generation: slots[Int(index)].generation, slot: index))
        slots[Int(index)].object = object
        count += 1
        return object
    }

    /// The object `token` was made for, unless it has been removed.
    @inline(__always)
    public func object(for token: Token) -> Object? {
        let index = Int(token.slot)
        guard index < slots.count, slots[index].generation == token.generation else { return nil }
        return slots[index].object
    }

    /// Forgets the object; its token finds nothing from now on.
    public mutating func remove(_ token: Token) {
        let index = Int(token.slot)
        guard index < slots.count, slots[index].generation == token.generation, slots[index].object != nil else { return }
        slots[index].object = nil
        slots[index].generation = (slots[index].generation + 1) & 0xFF_FFFF
        free.append(token.slot)
        count -= 1
    }

    /// Calls `body` with each object. `body` may remove objects.
    public func forEach(_ body: (Object) -> Void) {
        for slot in slots {
            if let object = slot.object { body(object) }
        }
    }
}
