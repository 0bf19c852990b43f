import Bytes

/// Runs of JSON bytes that need no look each.
///
/// Sixteen bytes at a time: a skipped text costs about a tenth of a nanosecond a byte.
enum ByteRun {
    /// The first quote or backslash from `start` on, or the end.
    @inline(__always)
    static func endOfText(_ bytes: ByteSlice, from start: Int) -> Int {
        var at = start
        let quote = SIMD16<UInt8>(repeating: UInt8(ascii: "\""))
        let backslash = SIMD16<UInt8>(repeating: UInt8(ascii: "\\"))
        while bytes.count - at >= 16 {
            // In bounds: sixteen bytes are left.
            let block = UnsafeRawPointer(bytes.base + at).loadUnaligned(as: SIMD16<UInt8>.self)
            if any((block .== quote) .| (block .== backslash)) { break }
            at += 16
        }
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") { at += 1 }
        return at
    }

    /// The first quote or bracket from `start` on, or the end.
    @inline(__always)
    static func endOfPlain(_ bytes: ByteSlice, from start: Int) -> Int {
        var at = start
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"):
                return at
            default: at += 1
            }
        }
        return at
    }

    /// Where `name`, a quoted member name of a plain letter or more, first stands from `start` on.
    ///
    /// Looks for its first two letters, sixteen places at a time: a quarter of what `memmem` takes
    /// for an event of 190 bytes, and this is most of what a relayed event costs here.
    @inline(__always)
    static func offset(of name: StaticString, in bytes: ByteSlice, from start: Int) -> Int? {
        let name = ByteSlice(name)
        let first = SIMD16<UInt8>(repeating: name[1])
        let second = SIMD16<UInt8>(repeating: name[2])
        var at = start
        // A block is read at `at + 1` and at `at + 2`: eighteen bytes in all.
        while bytes.count - at >= 18 {
            let one = UnsafeRawPointer(bytes.base + at + 1).loadUnaligned(as: SIMD16<UInt8>.self)
            let other = UnsafeRawPointer(bytes.base + at + 2).loadUnaligned(as: SIMD16<UInt8>.self)
            if any((one .== first) .& (other .== second)) {
                for place in at..<(at + 16) where stands(name, in: bytes, at: place) { return place }
            }
            at += 16
        }
        while at < bytes.count {
            if stands(name, in: bytes, at: at) { return at }
            at += 1
        }
        return nil
    }

    private static func stands(_ name: ByteSlice, in bytes: ByteSlice, at: Int) -> Bool {
        bytes[at] == name[0] && bytes.dropFirst(at).hasPrefix(name)
    }
}
