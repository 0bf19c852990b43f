import Bytes

/// Two quoted member names looked for together.
///
/// What nearly every event of a stream is searched for, and most of what a relayed event costs here: both are found in one pass, by their quote
/// and first letter, sixteen places at a time.
struct NamePair {
    let first: StaticString
    let second: StaticString

    /// Whether `data` has a member of either name that is not null.
    @inline(__always)
    func isSaid(in data: ByteSlice) -> Bool {
        var least = ByteLanes.all(0xFF)
        return isSaid(in: data, &least)
    }

    /// Whether `data` has no member of either name but null, and is one line: it has no control character at all. False, too, of a line too
    /// short to tell at once.
    @inline(__always)
    func isAbsent(fromLine data: ByteSlice) -> Bool {
        guard data.count >= 17 else { return false }
        var least = ByteLanes.all(data[data.count &- 1])
        return !isSaid(in: data, &least) && ByteLanes.bits(least .< ByteLanes.all(0x20)) == 0
    }

    /// - Parameter least: becomes, in each lane, no more than any byte seen there: than any but the last, where there are seventeen or more.
    @inline(__always)
    private func isSaid(in data: ByteSlice, _ least: inout SIMD16<UInt8>) -> Bool {
        guard data.count >= 17 else { return (0..<max(0, data.count - 1)).contains { isSaid(in: data, at: $0) } }
        let (quote, one, other) = (ByteLanes.all(UInt8(ascii: "\"")), ByteLanes.all(first.utf8Start[1]), ByteLanes.all(second.utf8Start[1]))
        let last = data.count &- 17
        var at = 0
        while true {
            let (here, next) = (ByteLanes.load(data.base + at), ByteLanes.load(data.base + at + 1))
            least = ByteLanes.least(least, here)
            let places = ByteLanes.bits((here .== quote) .& ((next .== one) .| (next .== other)))
            if places != 0, isSaid(in: data, at, places) { return true }
            if at == last { return false }
            // The last block begins within the one before: what it finds again says no more than it did.
            at = min(at &+ 16, last)
        }
    }

    @inline(__always)
    private func isSaid(in data: ByteSlice, _ at: Int, _ places: UInt32) -> Bool {
        var places = places
        while places != 0 {
            if isSaid(in: data, at: at &+ places.trailingZeroBitCount) { return true }
            places &= places &- 1
        }
        return false
    }

    @inline(__always)
    private func isSaid(in data: ByteSlice, at place: Int) -> Bool {
        let rest = data.dropFirst(place)
        guard let name = rest.hasPrefix(first) ? first : rest.hasPrefix(second) ? second : nil else { return false }
        return !rest.afterColon(from: name.utf8CodeUnitCount).hasPrefix("null")
    }
}

extension ByteSlice {
    /// Whether there is a member `name`, which has its quotes, that is not null.
    func says(_ name: StaticString) -> Bool {
        var from = 0
        while let found = firstRange(of: ByteSlice(name), from: from) {
            guard afterColon(from: found.upperBound).hasPrefix("null") else { return true }
            from = found.upperBound
        }
        return false
    }

    /// What stands behind the colon of the member whose name ends at `start`.
    func afterColon(from start: Int) -> ByteSlice {
        var at = start
        while at < count, self[at] == 0x20 || self[at] == UInt8(ascii: ":") { at += 1 }
        return dropFirst(at)
    }
}
