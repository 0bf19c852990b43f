extension PatternReader {
    // MARK: Repeats

    /// `atom`, which began at `start`, with the quantifier that follows it.
    ///
    /// A lazy one is as a greedy one: whether there is a match does not depend on it.
    mutating func quantified(_ atom: Fragment, from start: Int) throws(PatternError) -> Fragment {
        let place = next
        guard let (least, most) = try readQuantifier() else { return atom }
        let second = next
        if try readQuantifier() != nil { throw error("nothing to repeat", at: second) }
        if most == 0 || atom.extent.isEmpty { return .empty }
        // Of what matches no character, one is as good as many.
        if atom.extent.positions == 0 {
            return least > 0 ? atom : Fragment(text: atom.text + [UInt8(ascii: "?")], extent: atom.extent)
        }
        let extent = atom.extent.repeated(least, most)
        try check(extent, at: place)
        let unit = atom.extent.positions == 1 ? atom.text : Array("(?:".utf8) + atom.text + [UInt8(ascii: ")")]
        let suffix =
            switch (least, most) {
            case (0, nil): "*"
            case (1, nil): "+"
            case (0, 1): "?"
            case (1, 1): ""
            case (_, nil): "{\(least),}"
            case (_, let most?): "{\(least),\(most)}"
            }
        return Fragment(text: unit + Array(suffix.utf8), extent: extent)
    }

    /// How often, and no more than how often; nil, and nothing is read, where no quantifier stands.
    mutating func readQuantifier() throws(PatternError) -> (least: Int, most: Int?)? {
        let start = next
        var found: (least: Int, most: Int?)
        if take("*") {
            found = (0, nil)
        } else if take("+") {
            found = (1, nil)
        } else if take("?") {
            found = (0, 1)
        } else {
            // A brace that begins no quantifier is a character.
            guard take("{"), let least = readCount() else { return rewound(to: start) }
            found = (least, least)
            if take(",") { found.most = readCount() }
            guard take("}") else { return rewound(to: start) }
            if let most = found.most, most < least { throw error("the counts of a repeat are out of order", at: start) }
        }
        _ = take("?")
        return found
    }

    private mutating func rewound(to start: Int) -> (least: Int, most: Int?)? {
        next = start
        return nil
    }

    /// Decimal digits; those past a million count as a million, which nothing has room for.
    private mutating func readCount() -> Int? {
        var count: Int?
        while let scalar = peeked, ScalarSet.digits.contains(scalar) {
            count = min((count ?? 0) * 10 + Int(scalar - 0x30), 1_000_000)
            next += 1
        }
        return count
    }

    // MARK: Escapes and classes

    /// What one escape, or one item of a class, stands for.
    enum Item {
        case scalar(UInt32)
        case set(ScalarSet)
    }

    /// After the backslash, which stands at `start`.
    mutating func readEscape(from start: Int, inClass: Bool = false) throws(PatternError) -> Item {
        guard let scalar = peeked else { throw error(#"`\` at the end escapes nothing"#, at: start) }
        next += 1
        switch UInt8(clamping: scalar) {
        case UInt8(ascii: "d"): return .set(.digits)
        case UInt8(ascii: "D"): return .set(.digits.inverted)
        case UInt8(ascii: "w"): return .set(.words)
        case UInt8(ascii: "W"): return .set(.words.inverted)
        case UInt8(ascii: "s"): return .set(.spaces)
        case UInt8(ascii: "S"): return .set(.spaces.inverted)
        case UInt8(ascii: "t"): return .scalar(0x09)
        case UInt8(ascii: "n"): return .scalar(0x0A)
        case UInt8(ascii: "v"): return .scalar(0x0B)
        case UInt8(ascii: "f"): return .scalar(0x0C)
        case UInt8(ascii: "r"): return .scalar(0x0D)
        case UInt8(ascii: "b") where inClass: return .scalar(0x08)
        case UInt8(ascii: "0"):
            if let digit = peeked, ScalarSet.digits.contains(digit) { throw error(#"octal escapes are not supported; write `\xHH`"#, at: start) }
            return .scalar(0)
        case UInt8(ascii: "1")...UInt8(ascii: "9"), UInt8(ascii: "k"):
            throw error("back-references are not supported: matching is in linear time", at: start)
        case UInt8(ascii: "p"), UInt8(ascii: "P"): throw error("Unicode properties are not supported; name the ranges in a class", at: start)
        case UInt8(ascii: "c"):
            guard let letter = peeked, letter < 0x80, letter & 0x40 != 0, ScalarSet.words.contains(letter), letter != "_" else {
                throw error(#"`\c` needs a letter"#, at: start)
            }
            next += 1
            return .scalar(letter & 31)
        case UInt8(ascii: "x"):
            guard let value = readHex(2) else { throw error(#"`\x` needs two hexadecimal digits"#, at: start) }
            return .scalar(value)
        case UInt8(ascii: "u"): return .scalar(try readUnicodeEscape(from: start))
        default:
            let isLetter = ScalarSet.words.contains(scalar) && scalar != "_"
            if isLetter { throw error(#"this letter has no escape; without `\` it is a letter like others"#, at: start) }
            return .scalar(scalar)
        }
    }

    /// `XXXX`, two of them that are a surrogate pair, or `{X…}`.
    private mutating func readUnicodeEscape(from start: Int) throws(PatternError) -> UInt32 {
        var found: UInt32?
        if take("{") {
            var count = 1
            while next + count < scalars.count, scalars[next + count] != "}", count < 7 { count += 1 }
            if let value = readHex(count), take("}") { found = value }
        } else {
            found = readHex(4)
            if let high = found, 0xD800..<0xDC00 ~= high, take(all: #"\u"#), let low = readHex(4), 0xDC00..<0xE000 ~= low {
                found = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
            }
        }
        guard let value = found else { throw error(#"`\u` needs four hexadecimal digits, or some in braces"#, at: start) }
        guard Unicode.Scalar(value) != nil else { throw error(#"`\u` names no character: half a surrogate pair, or past U+10FFFF"#, at: start) }
        return value
    }

    /// `count` hexadecimal digits, or nil and nothing is read.
    private mutating func readHex(_ count: Int) -> UInt32? {
        guard count <= scalars.count - next else { return nil }
        var value: UInt32 = 0
        for scalar in scalars[next..<(next + count)] {
            guard let digit = UInt8(exactly: scalar).flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        next += count
        return value
    }

    /// After the bracket, which stands at `start`.
    mutating func readClass(from start: Int) throws(PatternError) -> Fragment {
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while true {
            if isAtEnd { throw error("the class is not closed", at: start) }
            if take("]") { break }
            let place = next
            switch try readClassItem() {
            case .set(let set): ranges += set.ranges
            case .scalar(let lower):
                let dash = next
                guard take("-"), !isAtEnd, peeked != UInt32(0x5D) else {
                    next = dash
                    ranges.append(lower...lower)
                    continue
                }
                switch try readClassItem() {
                case .scalar(let upper):
                    guard lower <= upper else { throw error("the ends of a range are out of order", at: place) }
                    ranges.append(lower...upper)
                // No range ends with a set: the dash is a character.
                case .set(let set): ranges += [lower...lower, 0x2D...0x2D] + set.ranges
                }
            }
        }
        let set = ScalarSet(ranges)
        guard isInverted else { return try spelled(set, from: start) }
        // What differs from a member by case alone is not in the rest either.
        return try spelled((options.contains(.ignoresCase) ? set.ignoringCase : set).inverted, from: start)
    }

    private mutating func readClassItem() throws(PatternError) -> Item {
        let start = next
        if take("\\") { return try readEscape(from: start, inClass: true) }
        let scalar = scalars[next]
        next += 1
        return .scalar(scalar)
    }
}
