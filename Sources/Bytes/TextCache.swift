/// Values found by a whole text, bounded in entries and in bytes of text.
///
/// It compares whole texts, so its hash need not be strong; two texts of one hash take turns. When full it gives up
/// what has not been used since it last had to.
public struct TextCache<Value> {
    @usableFromInline
    final class Entry {
        @usableFromInline let text: OwnedBytes
        @usableFromInline let value: Value
        @usableFromInline var wasUsed = true

        @usableFromInline
        init(text: OwnedBytes, value: Value) {
            self.text = text
            self.value = value
        }
    }

    @usableFromInline var entries: [UInt64: Entry] = [:]
    @usableFromInline let hash: ByteHash
    private var textByteCount = 0
    private let capacity: Int
    private let textCapacity: Int

    /// - Parameters:
    ///   - capacity: entries it may hold.
    ///   - textByteCount: bytes their texts may have together.
    public init(seed: UInt64, capacity: Int, textByteCount: Int) {
        hash = ByteHash(seed: seed)
        self.capacity = capacity
        textCapacity = textByteCount
    }

    public var count: Int { entries.count }

    /// What was last inserted for `text`, if it is still held.
    @inlinable
    public func value(for text: ByteSlice) -> Value? {
        guard let entry = entries[hash.hash(text)], entry.text.slice == text else { return nil }
        entry.wasUsed = true
        return entry.value
    }

    public mutating func insert(_ value: Value, for text: OwnedBytes) {
        if entries.count >= capacity || textByteCount + text.slice.count > textCapacity { sweep() }
        if let replaced = entries.updateValue(Entry(text: text, value: value), forKey: hash.hash(text.slice)) {
            textByteCount -= replaced.text.slice.count
        }
        textByteCount += text.slice.count
    }

    private mutating func sweep() {
        entries = entries.filter(\.value.wasUsed)
        textByteCount = entries.values.reduce(0) { $0 + $1.text.slice.count }
        if entries.count > capacity / 2 || textByteCount > textCapacity / 2 {
            entries = [:]
            textByteCount = 0
        }
        for entry in entries.values { entry.wasUsed = false }
    }
}
