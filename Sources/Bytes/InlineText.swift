/// A short text stored in place, at most `capacity` (below 65,536) bytes; what is longer is cut.
///
/// Everything is inlinable: a generic value whose size the compiler cannot see is copied byte by
/// byte through its witnesses.
@frozen
public struct InlineText<let capacity: Int>: BitwiseCopyable, Sendable {
    /// First: where it is known the text begins to be at hand as well.
    @usableFromInline var length: UInt16
    @usableFromInline var storage: InlineArray<capacity, UInt8>

    @inlinable
    public init() {
        assert(capacity < 65_536)
        storage = InlineArray(repeating: 0)
        length = 0
    }

    @inlinable
    public init(_ bytes: ByteSlice) {
        self.init()
        append(bytes)
    }

    /// Puts `bytes` in place of the text.
    @inlinable
    public mutating func set(_ bytes: ByteSlice) {
        length = 0
        append(bytes)
    }

    @inlinable
    public init(_ literal: StaticString) { self.init(ByteSlice(literal)) }

    @inlinable public var count: Int { Int(length) }
    @inlinable public var isEmpty: Bool { length == 0 }

    @inlinable
    public mutating func append(_ bytes: ByteSlice) {
        let start = count
        let kept = min(bytes.count, capacity - start)
        withUnsafeMutableBytes(of: &storage) { room in
            guard kept > 0, let base = room.baseAddress else { return }
            (base + start).copyMemory(from: bytes.base, byteCount: kept)
        }
        length += UInt16(truncatingIfNeeded: kept)
    }

    @inlinable
    public mutating func append(_ byte: UInt8) {
        guard count < capacity else { return }
        storage[count] = byte
        length += 1
    }

    /// Puts what `body` writes in place of the text.
    @inlinable
    public mutating func replace(_ body: (inout ByteWriter) -> Void) {
        length = withUnsafeMutableBytes(of: &storage) { room in
            guard let base = room.baseAddress else { return 0 }
            var writer = ByteWriter(base.assumingMemoryBound(to: UInt8.self), capacity: capacity)
            body(&writer)
            return UInt16(truncatingIfNeeded: writer.count)
        }
    }

    @inlinable
    public mutating func removeAll() { length = 0 }

    /// Lends the text for the length of the call.
    @inlinable
    public func withBytes<Result>(_ body: (ByteSlice) -> Result) -> Result {
        var copy = self
        return copy.withBytesInPlace(body)
    }

    /// Lends the text where it is stored. Changes nothing; it is mutating because only then is the
    /// value certain not to be copied.
    @inlinable
    public mutating func withBytesInPlace<Result>(_ body: (ByteSlice) -> Result) -> Result {
        let count = count
        return withUnsafeMutableBytes(of: &storage) { room in
            guard let base = room.baseAddress else { return body(ByteSlice("")) }
            return body(ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: count))
        }
    }

    @inlinable
    public static func == (left: borrowing InlineText, right: StaticString) -> Bool { left.withBytes { $0 == right } }
}
