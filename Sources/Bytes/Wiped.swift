import Glibc

/// Bytes of one call that hold a secret; zeroed at its end.
public struct Wiped: ~Copyable {
    private let storage: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    public let count: Int

    /// - Parameter capacity: what `body` writes past it is left out.
    public init(capacity: Int, _ body: (inout ByteWriter) -> Void) {
        self.capacity = max(1, capacity)
        storage = .allocate(capacity: self.capacity)
        var writer = ByteWriter(storage, capacity: capacity)
        body(&writer)
        count = writer.count
    }

    deinit {
        explicit_bzero(storage, capacity)
        storage.deallocate()
    }

    public borrowing func withBytes<Result>(_ body: (ByteSlice) -> Result) -> Result { body(ByteSlice(storage, count: count)) }
}
