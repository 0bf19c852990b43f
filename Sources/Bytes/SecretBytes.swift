import Glibc

/// A secret's bytes, wiped when the last reference goes. Nothing prints them.
public final class SecretBytes: @unchecked Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // Unchecked for `storage`, which nothing writes between `init` and `deinit`.
    private let storage: UnsafeMutablePointer<UInt8>
    public let count: Int

    public init(_ bytes: ByteSlice) {
        count = bytes.count
        storage = .allocate(capacity: max(count, 1))
        for index in 0..<count { storage[index] = bytes[index] }
    }

    /// The `count` bytes that `fill` writes; nil, and what it wrote wiped, where it answers that it failed.
    public init?(count: Int, fill: (UnsafeMutablePointer<UInt8>) -> Bool) {
        precondition(count >= 0, "a secret has no negative length")
        let storage = UnsafeMutablePointer<UInt8>.allocate(capacity: max(count, 1))
        storage.initialize(repeating: 0, count: max(count, 1))
        guard fill(storage) else {
            explicit_bzero(storage, count)
            storage.deallocate()
            return nil
        }
        self.storage = storage
        self.count = count
    }

    deinit {
        explicit_bzero(storage, count)
        storage.deallocate()
    }

    /// Lends the bytes for the length of the call.
    public func withBytes<Result, Failure: Error>(_ body: (ByteSlice) throws(Failure) -> Result) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    /// The bytes; valid as long as this object is held.
    public var bytes: ByteSlice { ByteSlice(UnsafePointer(storage), count: count) }

    /// `…9f2c`: enough to tell two keys apart. Short secrets show nothing.
    public var description: String { count < 16 ? "…" : "…" + String(bytes.dropFirst(count - 4)) }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
