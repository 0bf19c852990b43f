public import CLinux

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

    /// One bit a lane, the first lane's the lowest.
    @inlinable @inline(__always)
    public static func bits(_ mask: SIMDMask<SIMD16<Int8>>) -> UInt32 { linux_lane_bits(unsafeBitCast(mask, to: SIMD16<UInt8>.self)) }

    /// The lesser byte of each lane.
    @inlinable @inline(__always)
    public static func least(_ one: SIMD16<UInt8>, _ other: SIMD16<UInt8>) -> SIMD16<UInt8> { linux_lane_least(one, other) }

    /// The lowest lane that is set.
    @inlinable @inline(__always)
    public static func first(_ mask: SIMDMask<SIMD16<Int8>>) -> Int? {
        let bits = bits(mask)
        return bits == 0 ? nil : bits.trailingZeroBitCount
    }

    /// Where a byte that `matches` finds first stands in `start..<end`, offsets from `base`; `end` when none does, and `start` where that is past it.
    ///
    /// The last bytes, too few for sixteen, are read with those before them, from `base` on: one step, where one by one they would cost
    /// more than the rest of a short text.
    @inlinable @inline(__always)
    public static func firstOffset(
        in base: UnsafePointer<UInt8>, from start: Int, to end: Int, _ matches: (SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>>
    ) -> Int {
        var at = start
        while end &- at >= 16 {
            let found = bits(matches(load(base + at)))
            if found != 0 { return at &+ found.trailingZeroBitCount }
            at &+= 16
        }
        guard at < end else { return at }
        guard end >= 16 else { return firstOffset(oneByOneIn: base, from: at, to: end, matches) }
        let found = bits(matches(load(base + (end &- 16)))) &>> UInt32(truncatingIfNeeded: at &- (end &- 16))
        return found == 0 ? end : at &+ found.trailingZeroBitCount
    }

    @inlinable @inline(__always)
    static func firstOffset(
        oneByOneIn base: UnsafePointer<UInt8>, from start: Int, to end: Int, _ matches: (SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>>
    ) -> Int {
        var at = start
        while at < end, bits(matches(all(base[at]))) == 0 { at &+= 1 }
        return at
    }
}
