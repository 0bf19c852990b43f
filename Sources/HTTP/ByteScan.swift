import Bytes

/// Searches over a head's bytes, sixteen at a time.
///
/// Each takes a base and a half-open range of offsets the caller has proved to be readable, and
/// returns an offset in it, or its end when nothing was found.
enum ByteScan {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let delete: UInt8 = 0x7F

    /// The first byte no field value may hold: a control byte other than tab (RFC 9110 §5.5).
    @inline(__always)
    static func firstControl(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
        var at = from
        while at &+ 16 <= end {
            let bytes = load(base + at)
            let found = ((bytes .< all(space)) .& (bytes .!= all(tab))) .| (bytes .== all(delete))
            if let lane = firstLane(found) { return at &+ lane }
            at &+= 16
        }
        while at < end, !isControl(base[at]) { at &+= 1 }
        return at
    }

    /// The first byte that ends or spoils a path: anything but visible ASCII, or `?`, or `#`.
    @inline(__always)
    static func firstTargetStop(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
        var at = from
        while at &+ 16 <= end {
            let bytes = load(base + at)
            let found = (bytes .<= all(space)) .| (bytes .>= all(delete))
                .| (bytes .== all(UInt8(ascii: "?"))) .| (bytes .== all(UInt8(ascii: "#")))
            if let lane = firstLane(found) { return at &+ lane }
            at &+= 16
        }
        while at < end, isVisible(base[at]), base[at] != UInt8(ascii: "?"), base[at] != UInt8(ascii: "#") { at &+= 1 }
        return at
    }

    /// The first byte that ends an authority, or that no request target may hold.
    static func firstAuthorityEnd(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
        var at = from
        while at < end, isVisible(base[at]) {
            switch base[at] {
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): return at
            default: at &+= 1
            }
        }
        return at
    }

    /// The first byte that is no token character (RFC 9110 §5.6.2).
    @inline(__always)
    static func endOfToken(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
        var at = from
        while true {
            while at &+ 16 <= end {
                let bytes = load(base + at)
                // Letters, digits and the hyphen: what nearly every name is made of.
                let isLetter = ((bytes | all(0x20)) &- all(0x61)) .< all(26)
                let isDigit = (bytes &- all(0x30)) .< all(10)
                let isOther = .!(isLetter .| isDigit .| (bytes .== all(0x2D)))
                guard let lane = firstLane(isOther) else { at &+= 16; continue }
                at &+= lane
                break
            }
            guard at < end, isToken(base[at]) else { return at }
            at &+= 1
        }
    }

    /// The first carriage return or line feed.
    @inline(__always)
    static func firstLineEnd(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
        var at = from
        while at &+ 16 <= end {
            let bytes = load(base + at)
            if let lane = firstLane((bytes .== all(lineFeed)) .| (bytes .== all(carriageReturn))) { return at &+ lane }
            at &+= 16
        }
        while at < end, base[at] != lineFeed, base[at] != carriageReturn { at &+= 1 }
        return at
    }

    @inline(__always)
    static func isControl(_ byte: UInt8) -> Bool { (byte < space && byte != tab) || byte == delete }

    @inline(__always)
    static func isVisible(_ byte: UInt8) -> Bool { byte > space && byte < delete }

    /// Whether the byte is a `tchar`: one bit a character of US-ASCII.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        let bits: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return byte < 128 && (bits >> UInt64(byte & 63)) & 1 != 0
    }

    @inline(__always)
    private static func load(_ bytes: UnsafePointer<UInt8>) -> SIMD16<UInt8> {
        UnsafeRawPointer(bytes).loadUnaligned(as: SIMD16<UInt8>.self)
    }

    /// The byte in every lane. Operators between a vector and a scalar are generic, and were measured to
    /// run lane by lane, 25 times slower than between two vectors.
    @inline(__always)
    private static func all(_ byte: UInt8) -> SIMD16<UInt8> { SIMD16(repeating: byte) }

    /// The lowest lane that is set: a set lane is a byte of ones, so the count of trailing zero bits
    /// of each half, divided by eight, is its number.
    @inline(__always)
    private static func firstLane(_ mask: SIMDMask<SIMD16<Int8>>) -> Int? {
        let halves = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        if halves[0] != 0 { return halves[0].trailingZeroBitCount >> 3 }
        if halves[1] != 0 { return 8 &+ halves[1].trailingZeroBitCount >> 3 }
        return nil
    }
}
