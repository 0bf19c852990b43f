import Bytes
import Glibc

/// Bytes that are zeroed when the last who holds them lets go.
final class Secret: Hashable, @unchecked Sendable {
    // Unchecked for `storage`, which nothing writes between `init` and `deinit`.
    private let storage: UnsafeMutablePointer<UInt8>
    let count: Int
    /// Reckoned once: sources are looked up with each request.
    private let hash: Int

    init(_ bytes: ByteSlice) {
        count = bytes.count
        storage = .allocate(capacity: max(1, count))
        storage.update(from: bytes.base, count: count)
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(start: bytes.base, count: count))
        hash = hasher.finalize()
    }

    deinit {
        // Plain stores before `free` are dead to the optimiser; this call is not.
        explicit_bzero(storage, count)
        storage.deallocate()
    }

    /// Lends the bytes for the length of the call.
    func withBytes<Result>(_ body: (ByteSlice) -> Result) -> Result { body(ByteSlice(storage, count: count)) }

    static func == (left: Secret, right: Secret) -> Bool {
        left === right || left.hash == right.hash && left.withBytes { one in right.withBytes { one == $0 } }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
