/// Sixteen bytes at a time: what searches over text share.
public enum ByteLanes {
    /// The byte in every lane. Operators between a vector and a scalar are generic, and were measured to
    /// run lane by lane, 25 times slower than between two vectors.
    @inlinable @inline(__always)
    public static func all(_ byte: UInt8) -> SIMD16<UInt8> { SIMD16(repeating: byte) }

    /// The sixteen bytes at `bytes`, which the caller has found to be there.
    @inlinable @inline(__always)
    public static func load(_ bytes: UnsafePointer<UInt8>) -> SIMD16<UInt8> {
        UnsafeRawPointer(bytes).loadUnaligned(as: SIMD16<UInt8>.self)
    }

    /// The lowest lane that is set: a set lane is a byte of ones, so the count of trailing zero bits
    /// of each half, divided by eight, is its number (little-endian hosts).
    @inlinable @inline(__always)
    public static func first(_ mask: SIMDMask<SIMD16<Int8>>) -> Int? {
        let halves = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        if halves[0] != 0 { return halves[0].trailingZeroBitCount >> 3 }
        if halves[1] != 0 { return 8 &+ halves[1].trailingZeroBitCount >> 3 }
        return nil
    }
}
