import Bytes

/// Two quoted member names, each of two plain letters or more, looked for together.
///
/// What nearly every event of a stream is searched for, and most of what a relayed event costs here: both are found in one pass, by their
/// first two letters, sixteen places at a time.
struct NamePair {
    let first: StaticString
    let second: StaticString

    /// Whether `data` has a member of either name that is not null.
    @inline(__always)
    func isSaid(in data: ByteSlice) -> Bool {
        var lineEnds = SIMDMask<SIMD16<Int8>>(repeating: false)
        return isSaid(in: data, &lineEnds)
    }

    /// Whether `data` is one line, without its end, that has no member of either name but null. False, too, of a line too short to tell at once.
    @inline(__always)
    func isAbsent(fromLine data: ByteSlice) -> Bool {
        guard data.count >= 18 else { return false }
        var lineEnds = NamePair.lineEnds(ByteLanes.load(data.base))
        return !isSaid(in: data, &lineEnds) && ByteLanes.bits(lineEnds) == 0
    }

    /// - Parameter lineEnds: lanes in which a line ends are set, of all bytes but the first two where there are eighteen or more.
    @inline(__always)
    private func isSaid(in data: ByteSlice, _ lineEnds: inout SIMDMask<SIMD16<Int8>>) -> Bool {
        let (one, other) = (Letters(first), Letters(second))
        var at = 0
        // A block is read at `at + 1` and at `at + 2`: eighteen bytes in all.
        while data.count &- at >= 18 {
            if isSaid(in: data, at, places(data, at, one, other, &lineEnds)) { return true }
            at &+= 16
        }
        // No name stands in the last two bytes.
        let rest = data.count &- 2 &- at
        guard data.count >= 18 else { return (0..<max(0, rest)).contains { isSaid(in: data, at: $0) } }
        let last = data.count &- 18
        let places = places(data, last, one, other, &lineEnds)
        return rest > 0 && isSaid(in: data, at, places &>> UInt32(truncatingIfNeeded: at &- last))
    }

    private struct Letters {
        let first: SIMD16<UInt8>
        let second: SIMD16<UInt8>

        @inline(__always)
        init(_ name: StaticString) {
            first = ByteLanes.all(name.utf8Start[1])
            second = ByteLanes.all(name.utf8Start[2])
        }
    }

    /// Bit i: one of the names may stand at `at + i`.
    @inline(__always)
    private func places(
        _ data: ByteSlice, _ at: Int, _ one: Letters, _ other: Letters, _ lineEnds: inout SIMDMask<SIMD16<Int8>>
    ) -> UInt32 {
        let ahead = ByteLanes.load(data.base + at + 1)
        let next = ByteLanes.load(data.base + at + 2)
        lineEnds = lineEnds .| NamePair.lineEnds(next)
        return ByteLanes.bits(((ahead .== one.first) .& (next .== one.second)) .| ((ahead .== other.first) .& (next .== other.second)))
    }

    @inline(__always)
    private static func lineEnds(_ bytes: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        (bytes .== ByteLanes.all(0x0A)) .| (bytes .== ByteLanes.all(0x0D))
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
