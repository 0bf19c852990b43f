import Bytes

/// Bytes kept between calls, in memory that grows by doubling and is reused.
struct ByteStore: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(initialCapacity: Int) {
        precondition(initialCapacity > 0, "a store starts with room for something")
        capacity = initialCapacity
        base = .allocate(capacity: initialCapacity)
    }

    deinit { base.deallocate() }

    /// Valid until the store is written again.
    var bytes: ByteSlice { ByteSlice(base, count: count) }

    mutating func removeAll() { count = 0 }

    mutating func removeLast() { count = max(0, count - 1) }

    mutating func append(_ bytes: ByteSlice) {
        reserve(bytes.count)
        (base + count).update(from: bytes.base, count: bytes.count)
        count += bytes.count
    }

    mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    private mutating func reserve(_ more: Int) {
        guard more > capacity - count else { return }
        let grown = max(capacity * 2, count + more)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
        memory.update(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = grown
    }
}
