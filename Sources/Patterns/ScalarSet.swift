/// A set of Unicode scalar values, as a class of a pattern names them.
struct ScalarSet: Equatable {
    static let last: UInt32 = 0x10FFFF

    static let all = ScalarSet([0...last])
    static let digits = ScalarSet([0x30...0x39])
    static let words = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])

    /// White space and line ends.
    /// - Source: ECMA-262 §22.2.2.9 (CharacterClassEscape), §12.2, §12.3
    static let spaces = ScalarSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F, 0x205F...0x205F,
        0x3000...0x3000, 0xFEFF...0xFEFF,
    ])

    /// What `.` matches. JavaScript leaves out U+2028 and U+2029 too, which would triple the size of each `.` for no text that is seen.
    static let withinLine = ScalarSet([0x0A...0x0A, 0x0D...0x0D]).inverted

    /// In ascending order, apart from each other.
    private(set) var ranges: [ClosedRange<UInt32>]

    init(_ ranges: [ClosedRange<UInt32>] = []) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    var isEmpty: Bool { ranges.isEmpty }

    func contains(_ scalar: UInt32) -> Bool {
        var (lower, upper) = (0, ranges.count)
        while lower < upper {
            let middle = (lower + upper) / 2
            if ranges[middle].upperBound < scalar { lower = middle + 1 } else { upper = middle }
        }
        return lower < ranges.count && ranges[lower].contains(scalar)
    }

    /// Every scalar that is not in the set.
    var inverted: ScalarSet {
        var rest: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { rest.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= ScalarSet.last { rest.append(next...ScalarSet.last) }
        return ScalarSet(rest)
    }

    /// The set and whatever differs from its members by case alone.
    var ignoringCase: ScalarSet {
        var all = ranges
        if let only = ranges.first, ranges.count == 1, only.count == 1 {
            all += CaseFold.same(as: only.lowerBound).map { $0...$0 }
        } else {
            for group in CaseFold.groups where group.contains(where: contains) { all += group.map { $0...$0 } }
        }
        return ScalarSet(all)
    }
}
