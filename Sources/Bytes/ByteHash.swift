/// A fast 64-bit hash of bytes, seeded at random in each process so that a peer cannot aim
/// for collisions. For tables that compare the bytes as well; not a digest.
public struct ByteHash: Sendable {
    private let seed: UInt64

    public init(seed: UInt64) { self.seed = seed }

    public func hash(_ bytes: ByteSlice) -> UInt64 {
        var state = seed ^ (UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15)
        var offset = 0
        let raw = UnsafeRawPointer(bytes.base)
        while offset + 8 <= bytes.count {
            let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            state = ByteHash.fold(state ^ word, 0xA076_1D64_78BD_642F)
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < bytes.count {
            tail = tail << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return ByteHash.fold(state ^ tail, 0xE703_7ED1_A0B4_28DB)
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
