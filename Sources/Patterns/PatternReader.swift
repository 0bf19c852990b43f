/// Reads a pattern in JavaScript's syntax and writes it as Hyperscan's, over the bytes of UTF-8.
///
/// Every construct is known here and written anew: Hyperscan reads PCRE, in which several of the same characters mean something
/// else (`$` before a last line end, `[^]`, `\A`), and it neither names the place of a fault nor bounds what it builds.
///
/// - Source: ECMA-262 §22.2.1 (Patterns) and §B.1.2, without what is refused
struct PatternReader {
    let scalars: [UInt32]
    /// Where each scalar stands in the pattern's bytes, and where the last one ends.
    let offsets: [Int]
    var next = 0
    var options: PatternOptions
    private var depth = 0

    /// - Throws: for bytes that are not UTF-8.
    init(_ text: [UInt8], _ options: PatternOptions) throws(PatternError) {
        var scalars: [UInt32] = []
        var offsets: [Int] = [0]
        var bytes = text.makeIterator()
        var decoder = UTF8()
        decoding: while true {
            switch decoder.decode(&bytes) {
            case .scalarValue(let scalar):
                scalars.append(scalar.value)
                offsets.append(offsets[offsets.count - 1] + UTF8.width(scalar))
            case .emptyInput: break decoding
            case .error: throw PatternError("the pattern is not valid UTF-8", at: offsets.last)
            }
        }
        self.scalars = scalars
        self.offsets = offsets
        self.options = options
    }

    var peeked: UInt32? { next < scalars.count ? scalars[next] : nil }

    var isAtEnd: Bool { next == scalars.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peeked == character.value else { return false }
        next += 1
        return true
    }

    /// `characters`, all of them, or nothing.
    mutating func take(all characters: String) -> Bool {
        let wanted = characters.unicodeScalars.map(\.value)
        guard scalars[next...].starts(with: wanted) else { return false }
        next += wanted.count
        return true
    }

    func error(_ reason: String, at index: Int) -> PatternError { PatternError(reason, at: offsets[min(index, scalars.count)]) }

    // MARK: The parts of a pattern

    /// The whole pattern.
    mutating func read() throws(PatternError) -> Fragment {
        let whole = try readAlternatives()
        if !isAtEnd { throw error("`)` closes no group", at: next) }
        return whole
    }

    /// Up to `)` or the end. Flags set inside hold to the end of it.
    private mutating func readAlternatives() throws(PatternError) -> Fragment {
        let outer = options
        defer { options = outer }
        var whole = try readSequence()
        var hasEmpty = whole.text.isEmpty
        while take("|") {
            let choice = try readSequence()
            // Hyperscan would lay out each empty choice, again and again in a repeat.
            if choice.text.isEmpty, hasEmpty { continue }
            hasEmpty = hasEmpty || choice.text.isEmpty
            whole.text += [UInt8(ascii: "|")] + choice.text
            whole.extent = whole.extent.or(choice.extent)
            try check(whole.extent, at: next)
        }
        return whole
    }

    private mutating func readSequence() throws(PatternError) -> Fragment {
        var whole = Fragment.empty
        while let scalar = peeked, scalar != "|", scalar != ")" {
            let start = next
            if let assertion = readAssertion() {
                whole.text += assertion
                whole.extent = whole.extent.followed(by: .assertion)
                try check(whole.extent, at: start)
                if try readQuantifier() != nil { throw error("an assertion cannot be repeated", at: start) }
                continue
            }
            let part = try quantified(try readAtom(), from: start)
            whole.text += part.text
            whole.extent = whole.extent.followed(by: part.extent)
            try check(whole.extent, at: start)
        }
        return whole
    }

    func check(_ extent: Extent, at index: Int) throws(PatternError) {
        if extent.isBeyondLimits { throw error("the pattern becomes too large here; shorten it, or lower its repeat counts", at: index) }
    }

    /// What matches a place and no character.
    private mutating func readAssertion() -> [UInt8]? {
        let isMultiline = options.contains(.isMultiline)
        if take("^") { return Array(isMultiline ? "(?m:^)".utf8 : "^".utf8) }
        // PCRE's `$` matches before a last line end too, JavaScript's does not.
        if take("$") { return Array(isMultiline ? "(?m:$)".utf8 : #"\z"#.utf8) }
        if take(all: #"\b"#) { return Array(#"\b"#.utf8) }
        if take(all: #"\B"#) { return Array(#"\B"#.utf8) }
        return nil
    }

    private mutating func readAtom() throws(PatternError) -> Fragment {
        let start = next
        if take("(") { return try readGroup(from: start) }
        if take("[") { return try readClass(from: start) }
        if take(".") { return try spelled(options.contains(.dotMatchesAll) ? .all : .withinLine, from: start) }
        if take("\\") {
            switch try readEscape(from: start) {
            case .set(let set): return try spelled(set, from: start)
            case .scalar(let scalar): return try literal(scalar, from: start)
            }
        }
        if try readQuantifier() != nil { throw error("nothing to repeat", at: start) }
        let scalar = scalars[next]
        next += 1
        return try literal(scalar, from: start)
    }

    private mutating func readGroup(from start: Int) throws(PatternError) -> Fragment {
        guard depth < PatternLimits.depth else { throw error("more than \(PatternLimits.depth) groups inside each other", at: start) }
        let outer = options
        if take("?") {
            if take("=") || take("!") { throw error("look-ahead is not supported: matching is in linear time", at: start) }
            if take(all: "<=") || take(all: "<!") { throw error("look-behind is not supported: matching is in linear time", at: start) }
            if take("<") {
                try readGroupName(from: start)
            } else if !take(":") {
                try readFlags(from: start)
                // `(?i)` holds to the end of the group it stands in.
                if take(")") { return .empty }
                next += 1
            }
        }
        depth += 1
        var inner = try readAlternatives()
        depth -= 1
        options = outer
        guard take(")") else { throw error("the group is not closed", at: start) }
        if inner.extent.isEmpty { return .empty }
        inner.text = Array("(?:".utf8) + inner.text + [UInt8(ascii: ")")]
        return inner
    }

    private mutating func readGroupName(from start: Int) throws(PatternError) {
        var count = 0
        while let scalar = peeked, scalar != ">" {
            let isName = ScalarSet.words.contains(scalar) || scalar == "$" || scalar >= 0x80
            guard isName, count > 0 || !ScalarSet.digits.contains(scalar) else { break }
            next += 1
            count += 1
        }
        guard count > 0, take(">") else { throw error("a group's name is letters, digits and `_` between `<` and `>`", at: start) }
    }

    /// `i`, `m`, `s`, and after `-` those to be unset; up to `:` or `)`, which is left.
    private mutating func readFlags(from start: Int) throws(PatternError) {
        var isUnsetting = false
        while let scalar = peeked, scalar != ":", scalar != ")" {
            let flag: PatternOptions
            switch scalar {
            case "i": flag = .ignoresCase
            case "m": flag = .isMultiline
            case "s": flag = .dotMatchesAll
            case "-" where !isUnsetting:
                isUnsetting = true
                next += 1
                continue
            default: throw error("`(?` begins no group that is known; flags are `i`, `m` and `s`", at: start)
            }
            if isUnsetting { options.remove(flag) } else { options.insert(flag) }
            next += 1
        }
        if isAtEnd { throw error("the group is not closed", at: start) }
    }

    // MARK: What is matched

    private func literal(_ scalar: UInt32, from start: Int) throws(PatternError) -> Fragment {
        try spelled(ScalarSet([scalar...scalar]), from: start)
    }

    /// The set, closed under case where the options say so.
    func spelled(_ set: ScalarSet, from start: Int) throws(PatternError) -> Fragment {
        let set = options.contains(.ignoresCase) ? set.ignoringCase : set
        guard let fragment = set.spelled else { throw error("an empty class matches nothing", at: start) }
        return fragment
    }
}

/// Compares with a character of the syntax.
private func ~= (pattern: Unicode.Scalar, scalar: UInt32) -> Bool { pattern.value == scalar }
func == (scalar: UInt32, character: Unicode.Scalar) -> Bool { scalar == character.value }
func != (scalar: UInt32, character: Unicode.Scalar) -> Bool { scalar != character.value }
