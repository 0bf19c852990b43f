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
    private let kind: UInt8
    private var objects: UnsafeMutablePointer<Object?>
    private var generations: UnsafeMutablePointer<UInt32>
    private var capacity = 64
    private var used = 0
    private var free: ContiguousArray<UInt32> = []

    /// Objects held now.
    public private(set) var count = 0

    public init(kind: UInt8) {
        self.kind = kind
        objects = .allocate(capacity: capacity)
        generations = .allocate(capacity: capacity)
    }

    deinit {
        objects.deinitialize(count: used)
        objects.deallocate()
        generations.deallocate()
    }

    /// Stores what `make` returns for the token it is given.
    public mutating func insert(_ make: (Token) -> Object) -> Object {
        let index: Int
        if let reused = free.popLast() {
            index = Int(reused)
        } else {
            if used == capacity { grow() }
            index = used
            objects.advanced(by: index).initialize(to: nil)
            generations.advanced(by: index).initialize(to: 0)
            used += 1
        }
        let object = make(Token(kind: kind, generation: generations[index], slot: UInt32(index)))
        objects[index] = object
        count += 1
        return object
    }

    /// The object `token` was made for, unless it has been removed.
    @inline(__always)
    public func object(for token: Token) -> Object? {
        let index = Int(token.slot)
        guard index < used, generations[index] == token.generation else { return nil }
        return objects[index]
    }

    /// Forgets the object; its token finds nothing from now on.
    public mutating func remove(_ token: Token) {
        let index = Int(token.slot)
        guard index < used, generations[index] == token.generation, objects[index] != nil else { return }
        objects[index] = nil
        generations[index] = (generations[index] + 1) & 0xFF_FFFF
        free.append(token.slot)
        count -= 1
    }

    /// The objects held now, for who may remove some while looking at them.
    public var all: [Object] { (0..<used).compactMap { objects[$0] } }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Object?>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: objects, count: used)
        objects.deallocate()
        objects = larger
        let generations = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity * 2)
        generations.moveInitialize(from: self.generations, count: used)
        self.generations.deallocate()
        self.generations = generations
        capacity *= 2
    }
}
