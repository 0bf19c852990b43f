public import Bytes

/// A short text kept in place: a model's name, a finish reason. What does not fit is cut off.
public struct Text<let capacity: Int>: Sendable {
    private var storage = InlineArray<capacity, UInt8>(repeating: 0)
    public private(set) var count = 0

    public var isEmpty: Bool { count == 0 }

    mutating func clear() { count = 0 }

    mutating func append(_ byte: UInt8) {
        guard count < capacity else { return }
        storage[count] = byte
        count += 1
    }

    /// Lends the bytes for the length of the call.
    public func withBytes<Result>(_ body: (ByteSlice) -> Result) -> Result {
        withUnsafeBytes(of: storage) { room in
            guard let base = room.baseAddress else { return body(ByteSlice("")) }
            return body(ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: count))
        }
    }

    public func write(into writer: inout ByteWriter) {
        withBytes { writer.append($0) }
    }

    public static func == (left: borrowing Text, right: StaticString) -> Bool {
        left.withBytes { $0 == right }
    }
}
