import Bytes

/// The grammar of RFC 8259 over one run of bytes: each rule takes where it starts and returns
/// where it ends, or throws at the byte that breaks it.
///
/// Offsets count from `base`; nothing at or past `end` is read.
struct Grammar {
    let base: UnsafePointer<UInt8>
    let end: Int
    let depthLimit: Int

    /// The byte at `at`, or NUL past the end, which stands nowhere outside a string.
    @inline(__always)
    func byte(_ at: Int) -> UInt8 { at < end ? base[at] : 0 }

    @inline(__always)
    func skipSpace(_ start: Int) -> Int {
        if byte(start) > 0x20 { return start }
        if byte(start) == 0x20, byte(start + 1) > 0x20 { return start + 1 }
        return skipLongSpace(start)
    }

    private func skipLongSpace(_ start: Int) -> Int {
        var at = start
        while at < end {
            let next = base[at]
            guard next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 else { break }
            at += 1
        }
        return at
    }

    /// Past a whole text: one value with nothing but white space around it.
    func textEnd(from start: Int) throws(JSONError) {
        try refuseByteOrderMark(at: start)
        let value = try valueEnd(from: skipSpace(start), under: 0)
        let rest = skipSpace(value.end)
        if rest < end { throw JSONError(.endOfText, at: rest) }
    }

    /// UTF-8's mark, or either of UTF-16's: a text in another encoding is named for what it is.
    func refuseByteOrderMark(at start: Int) throws(JSONError) {
        switch (byte(start), byte(start + 1)) {
        case (0xEF, 0xBB) where byte(start + 2) == 0xBF, (0xFE, 0xFF), (0xFF, 0xFE):
            throw JSONError(.byteOrderMark, at: start)
        default: break
        }
    }

    /// Past the value at `start`, whose containers open under `depth` others.
    @inline(__always)
    func valueEnd(from start: Int, under depth: Int) throws(JSONError) -> (end: Int, kind: JSONKind, hasEscapes: Bool) {
        switch byte(start) {
        case UInt8(ascii: "\""):
            let string = try stringEnd(from: start + 1)
            return (string.end, .string, string.hasEscapes)
        case UInt8(ascii: "{"): return (try containerEnd(from: start, under: depth), .object, false)
        case UInt8(ascii: "["): return (try containerEnd(from: start, under: depth), .array, false)
        case UInt8(ascii: "t"): return (try literalEnd("true", from: start), .true, false)
        case UInt8(ascii: "f"): return (try literalEnd("false", from: start), .false, false)
        case UInt8(ascii: "n"): return (try literalEnd("null", from: start), .null, false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return (try numberEnd(from: start), .number, false)
        default: throw JSONError(.value, at: start)
        }
    }

    /// Past the object or array that opens at `start`. Walks, does not recurse: a hostile text
    /// costs a bit of one fixed table per level.
    private func containerEnd(from start: Int, under outer: Int) throws(JSONError) -> Int {
        var nesting = Nesting(outer: outer)
        var at = start
        nextValue: while true {
            switch byte(at) {
            case UInt8(ascii: "{"):
                guard nesting.depth < depthLimit else { throw JSONError(.tooDeep, at: at) }
                nesting.open(UInt8(ascii: "}"))
                at = skipSpace(at + 1)
                if byte(at) != UInt8(ascii: "}") {
                    at = try keyEnd(from: at).value
                    continue nextValue
                }
            case UInt8(ascii: "["):
                guard nesting.depth < depthLimit else { throw JSONError(.tooDeep, at: at) }
                nesting.open(UInt8(ascii: "]"))
                at = skipSpace(at + 1)
                if byte(at) != UInt8(ascii: "]") { continue nextValue }
            case UInt8(ascii: "\""): at = try stringEnd(from: at + 1).end
            case UInt8(ascii: "t"): at = try literalEnd("true", from: at)
            case UInt8(ascii: "f"): at = try literalEnd("false", from: at)
            case UInt8(ascii: "n"): at = try literalEnd("null", from: at)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): at = try numberEnd(from: at)
            default: throw JSONError(.value, at: at)
            }
            while true {
                at = skipSpace(at)
                if byte(at) == UInt8(ascii: ",") {
                    at = skipSpace(at + 1)
                    if nesting.isObject { at = try keyEnd(from: at).value }
                    continue nextValue
                }
                guard byte(at) == nesting.closer else {
                    throw JSONError(nesting.isObject ? .commaOrBrace : .commaOrBracket, at: at)
                }
                at += 1
                nesting.close()
                if nesting.depth == outer { return at }
            }
        }
    }

    /// Past a member's name and colon: the closing quote's offset and where the value starts.
    @inline(__always)
    func keyEnd(from start: Int) throws(JSONError) -> (quote: Int, value: Int, hasEscapes: Bool) {
        guard byte(start) == UInt8(ascii: "\"") else { throw JSONError(.key, at: start) }
        let key = try stringEnd(from: start + 1)
        let colon = skipSpace(key.end)
        guard byte(colon) == UInt8(ascii: ":") else { throw JSONError(.colon, at: colon) }
        return (key.end - 1, skipSpace(colon + 1), key.hasEscapes)
    }
}

/// Which containers are open around a place, one bit a level.
private struct Nesting {
    private(set) var depth: Int
    /// What closes the innermost container.
    private(set) var closer: UInt8 = 0
    // 16 × 64 bits = JSONLimits.deepest levels, and a depth limit is at most that.
    private var objects = InlineArray<16, UInt64>(repeating: 0)

    @inline(__always)
    init(outer: Int) { depth = outer }

    @inline(__always)
    var isObject: Bool { closer == UInt8(ascii: "}") }

    @inline(__always)
    mutating func open(_ closer: UInt8) {
        self.closer = closer
        let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: depth & 63)
        if isObject { objects[depth >> 6] |= bit } else { objects[depth >> 6] &= ~bit }
        depth += 1
    }

    @inline(__always)
    mutating func close() {
        depth -= 1
        // At depth 0 nothing is left open, and no one asks.
        let inner = depth > 0 ? depth - 1 : 0
        let isObject = objects[inner >> 6] &>> UInt64(truncatingIfNeeded: inner & 63) & 1 == 1
        closer = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
    }
}
