import Bytes

/// Searches over a head's bytes, sixteen at a time.
///
/// Each takes a base and a half-open range of offsets, with everything from the base to the range's end proved readable by the caller, and
/// returns an offset in the range, or its end when nothing was found.
enum ByteScan {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let delete: UInt8 = 0x7F

    /// The first byte no field value may hold: a control byte other than tab (RFC 9110 §5.5).
    @inline(__always)
    static func firstControl(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
        ByteLanes.firstOffset(in: base, from: from, to: end) { bytes in
            ((bytes .< ByteLanes.all(space)) .& (bytes .!= ByteLanes.all(tab))) .| (bytes .== ByteLanes.all(delete))
        }
    }

    /// The first byte that ends or spoils a path: anything but visible ASCII, or `?`, or `#`.
    @inline(__always)
    static func firstTargetStop(_ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
        ByteLanes.firstOffset(in: base, from: from, to: end) { bytes in
            (bytes .<= ByteLanes.all(space)) .| (bytes .>= ByteLanes.all(delete))
                .| (bytes .== ByteLanes.all(UInt8(ascii: "?"))) .| (bytes .== ByteLanes.all(UInt8(ascii: "#")))
        }
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
                let bytes = ByteLanes.load(base + at)
                // Letters, digits and the hyphen: what nearly every name is made of.
                let isLetter = ((bytes | ByteLanes.all(0x20)) &- ByteLanes.all(0x61)) .< ByteLanes.all(26)
                let isDigit = (bytes &- ByteLanes.all(0x30)) .< ByteLanes.all(10)
                let isOther = .!(isLetter .| isDigit .| (bytes .== ByteLanes.all(0x2D)))
                guard let lane = ByteLanes.first(isOther) else { at &+= 16; continue }
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
        ByteLanes.firstOffset(in: base, from: from, to: end) { bytes in
            (bytes .== ByteLanes.all(lineFeed)) .| (bytes .== ByteLanes.all(carriageReturn))
        }
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
}
