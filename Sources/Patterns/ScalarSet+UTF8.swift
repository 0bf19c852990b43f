/// A part of an expression for Hyperscan, over bytes, and how large it is.
struct Fragment {
    var text: [UInt8]
    var extent: Extent

    static let empty = Fragment(text: [], extent: .empty)
}

/// Byte ranges that spell some scalars, one after the other.
private typealias Spelling = ArraySlice<ClosedRange<UInt8>>

extension ScalarSet {
    /// The set as an alternation of the UTF-8 spellings of its members; nil when it has none.
    ///
    /// Spellings that valid UTF-8 does not have may be among them where that makes the expression shorter: beside the shortest
    /// form of a scalar a longer one, above the last scalar what is left of its lead byte.
    var spelled: Fragment? {
        var choices: [Fragment] = []
        for length in 1...4 {
            let spellings = spellings(of: length)
            if !spellings.isEmpty { choices += ScalarSet.choices(spellings) }
        }
        return ScalarSet.joined(choices)
    }

    private func spellings(of length: Int) -> [Spelling] {
        let (shortest, longest): (UInt32, UInt32) =
            switch length {
            case 1: (0, 0x7F)
            case 2: (0x80, 0x7FF)
            case 3: (0x800, 0xFFFF)
            default: (0x10000, ScalarSet.last)
            }
        var all: [Spelling] = []
        for range in ranges where range.lowerBound <= longest && range.upperBound >= shortest {
            var (lower, upper) = (max(range.lowerBound, shortest), min(range.upperBound, longest))
            // C0 and C1 are no lead bytes; E0 and F0 are, and what they may not be followed by does not come.
            if length > 2, lower == shortest { lower = 0 }
            if upper == ScalarSet.last { upper = 0x13FFFF }
            let lead: UInt8 = length == 1 ? 0 : length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0
            ScalarSet.split(lower, upper, lead: lead, following: length - 1, before: [], into: &all)
        }
        return all
    }

    /// Adds the spellings of `lower` to `upper`, which have `following` continuation bytes, behind `before`.
    private static func split(
        _ lower: UInt32, _ upper: UInt32, lead: UInt8, following: Int, before: Spelling, into all: inout [Spelling]
    ) {
        guard lower <= upper else { return }
        let shift = UInt32(6 * following)
        let mask = (UInt32(1) << shift) - 1
        func byte(_ value: UInt32) -> UInt8 { lead | UInt8(truncatingIfNeeded: value >> shift) }
        if following == 0 {
            all.append(before + [byte(lower)...byte(upper)])
        } else if lower >> shift == upper >> shift {
            split(lower & mask, upper & mask, lead: 0x80, following: following - 1, before: before + [byte(lower)...byte(lower)], into: &all)
        } else if lower & mask != 0 {
            split(lower, lower | mask, lead: lead, following: following, before: before, into: &all)
            split((lower | mask) + 1, upper, lead: lead, following: following, before: before, into: &all)
        } else if upper & mask != mask {
            split(lower, (upper & ~mask) - 1, lead: lead, following: following, before: before, into: &all)
            split(upper & ~mask, upper, lead: lead, following: following, before: before, into: &all)
        } else {
            let whole = (0..<following).map { _ in UInt8(0x80)...0xBF }
            all.append(before + [byte(lower)...byte(upper)] + whole)
        }
    }

    /// One fragment for all spellings that go on in the same way; `spellings` are of one length and in order.
    private static func choices(_ spellings: [Spelling]) -> [Fragment] {
        var places: [[UInt8]: Int] = [:]
        var rows: [(leads: [ClosedRange<UInt8>], rest: Fragment?)] = []
        var index = 0
        while index < spellings.count, let lead = spellings[index].first {
            let start = index
            while index < spellings.count, spellings[index].first == lead { index += 1 }
            let rests = spellings[start..<index].map { $0.dropFirst() }.filter { !$0.isEmpty }
            let rest = joined(choices(rests))
            if let place = places[rest?.text ?? []] {
                rows[place].leads.append(lead)
            } else {
                places[rest?.text ?? []] = rows.count
                rows.append((leads: [lead], rest: rest))
            }
        }
        return rows.map { row in
            let lead = Fragment(text: byteClass(row.leads), extent: Extent(run: 1))
            guard let rest = row.rest else { return lead }
            return Fragment(text: lead.text + rest.text, extent: lead.extent.followed(by: rest.extent))
        }
    }

    private static func joined(_ choices: [Fragment]) -> Fragment? {
        guard var whole = choices.first else { return nil }
        guard choices.count > 1 else { return whole }
        for choice in choices.dropFirst() {
            whole.text += [UInt8(ascii: "|")] + choice.text
            whole.extent = whole.extent.or(choice.extent)
        }
        whole.text = Array("(?:".utf8) + whole.text + [UInt8(ascii: ")")]
        return whole
    }

    private static func byteClass(_ ranges: [ClosedRange<UInt8>]) -> [UInt8] {
        if ranges.count == 1, ranges[0].count == 1 { return quoted(ranges[0].lowerBound) }
        var text: [UInt8] = [UInt8(ascii: "[")]
        for range in ranges {
            text += quoted(range.lowerBound)
            if range.count > 2 { text.append(UInt8(ascii: "-")) }
            if range.count > 1 { text += quoted(range.upperBound) }
        }
        return text + [UInt8(ascii: "]")]
    }

    /// A byte as it may stand in an expression, within a class or outside.
    static func quoted(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF: return [byte]
        default:
            let digits = Array("0123456789ABCDEF".utf8)
            return [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
