/// A short text stored in place, at most `capacity` (below 256) bytes; what is longer is cut.
public struct InlineText<let capacity: Int>: BitwiseCopyable, Sendable {
    private var storage = InlineArray<capacity, UInt8>(repeating: 0)
    private var length: UInt8 = 0

    public init() { assert(capacity < 256) }

    public init(_ bytes: ByteSlice) {
        self.init()
        append(bytes)
    }

    public init(_ literal: StaticString) { self.init(ByteSlice(literal)) }

    public var count: Int { Int(length) }
    public var isEmpty: Bool { length == 0 }

    public mutating func append(_ bytes: ByteSlice) {
        let start = count
        let kept = min(bytes.count, capacity - start)
        withUnsafeMutableBytes(of: &storage) { room in
            guard kept > 0, let base = room.baseAddress else { return }
            (base + start).copyMemory(from: bytes.base, byteCount: kept)
        }
        length += UInt8(truncatingIfNeeded: kept)
    }

    public mutating func append(_ byte: UInt8) {
        guard count < capacity else { return }
        storage[count] = byte
        length += 1
    }

    public mutating func removeAll() { length = 0 }

    /// Lends the text for the length of the call.
    public func withBytes<Result>(_ body: (ByteSlice) -> Result) -> Result {
        withUnsafeBytes(of: storage) { room in
            guard let base = room.baseAddress else { return body(ByteSlice("")) }
            return body(ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: count))
        }
    }

    public func write(into writer: inout ByteWriter) { withBytes { writer.append($0) } }

    public static func == (left: InlineText, right: StaticString) -> Bool { left.withBytes { $0 == right } }
}
