/// Bytes of their own, shared by reference and zeroed before they are let go.
// Unchecked: written once, before anybody else has it.
public final class OwnedBytes: @unchecked Sendable {
    public let slice: ByteSlice
    private let storage: UnsafeMutablePointer<UInt8>

    public init(_ bytes: ByteSlice) {
        storage = .allocate(capacity: max(1, bytes.count))
        storage.update(from: bytes.base, count: bytes.count)
        slice = ByteSlice(storage, count: bytes.count)
    }

    deinit {
        storage.update(repeating: 0, count: slice.count)
        storage.deallocate()
    }
}
