import Bytes

extension Grammar {
    /// Past the closing quote of the string whose content starts at `start`.
    @inline(__always)
    func stringEnd(from start: Int) throws(JSONError) -> (end: Int, hasEscapes: Bool) {
        let at = firstIndex(of: NotPlain.self, in: base, from: start, to: end)
        if byte(at) == UInt8(ascii: "\"") { return (at + 1, false) }
        return try markedStringEnd(from: at)
    }

    /// The rest of a string from its first byte that is not plain.
    private func markedStringEnd(from start: Int) throws(JSONError) -> (end: Int, hasEscapes: Bool) {
        var at = start
        var hasEscapes = false
        while at < end {
            let next = base[at]
            if next == UInt8(ascii: "\"") { return (at + 1, hasEscapes) }
            if next == UInt8(ascii: "\\") {
                hasEscapes = true
                at = try escapeEnd(from: at)
                // Escapes come in company (`\",\n\t`); a chunk is loaded only where none follows.
                if byte(at) == UInt8(ascii: "\\") { continue }
            } else if next >= 0x80 {
                at = try multibyteEnd(from: at)
            } else {
                throw JSONError(.controlByte, at: at)
            }
            at = firstIndex(of: NotPlain.self, in: base, from: at, to: end)
        }
        throw JSONError(.closingQuote, at: end)
    }

    /// Past an escape. Surrogates need not pair: RFC 8259 §8.2 leaves that to the reader, and
    /// the bytes go on unchanged.
    @inline(__always)
    private func escapeEnd(from start: Int) throws(JSONError) -> Int {
        switch byte(start + 1) {
        case UInt8(ascii: "n"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "t"),
            UInt8(ascii: "r"), UInt8(ascii: "b"), UInt8(ascii: "f"):
            return start + 2
        case UInt8(ascii: "u"):
            for index in start + 2..<start + 6 where ASCII.hexValue(byte(index)) == nil {
                throw JSONError(.hexadecimalDigit, at: index)
            }
            return start + 6
        default: throw JSONError(.escape, at: start + 1)
        }
    }

    /// Past the run of multi-byte characters at `start`.
    @inline(__always)
    private func multibyteEnd(from start: Int) throws(JSONError) -> Int {
        var at = start
        repeat {
            let length = UTF8Sequence.length(at: base + at, atMost: end - at)
            guard length > 0 else { throw JSONError(.utf8, at: at) }
            at += length
        } while byte(at) >= 0x80
        return at
    }

    /// Past a number: `-`, an integer without leading zeros, fraction, exponent (RFC 8259 §6).
    @inline(__always)
    func numberEnd(from start: Int) throws(JSONError) -> Int {
        var at = start
        if byte(at) == UInt8(ascii: "-") { at += 1 }
        if byte(at) == UInt8(ascii: "0") { at += 1 } else { at = try digitsEnd(from: at) }
        if byte(at) == UInt8(ascii: ".") { at = try digitsEnd(from: at + 1) }
        if byte(at) | 0x20 == UInt8(ascii: "e") {
            at += 1
            if byte(at) == UInt8(ascii: "+") || byte(at) == UInt8(ascii: "-") { at += 1 }
            at = try digitsEnd(from: at)
        }
        return at
    }

    /// Past one digit or more.
    @inline(__always)
    private func digitsEnd(from start: Int) throws(JSONError) -> Int {
        guard ASCII.isDigit(byte(start)) else { throw JSONError(.digit, at: start) }
        var at = start + 1
        while ASCII.isDigit(byte(at)) { at += 1 }
        return at
    }

    @inline(__always)
    func literalEnd(_ word: StaticString, from start: Int) throws(JSONError) -> Int {
        for index in 0..<word.utf8CodeUnitCount where byte(start + index) != word.utf8Start[index] {
            throw JSONError(.literal, at: start + index)
        }
        return start + word.utf8CodeUnitCount
    }
}

/// Characters of two to four bytes.
enum UTF8Sequence {
    /// Bytes of the well-formed sequence at `bytes`, or 0 when none stands there: overlong forms,
    /// surrogates, anything past U+10FFFF and cut sequences are none (RFC 3629 §4).
    @inline(__always)
    static func length(at bytes: UnsafePointer<UInt8>, atMost available: Int) -> Int {
        guard available >= 2 else { return 0 }
        let first = bytes[0]
        let second = bytes[1]
        guard second & 0xC0 == 0x80 else { return 0 }
        if first &- 0xC2 < 0x1E { return 2 }
        guard available >= 3, bytes[2] & 0xC0 == 0x80 else { return 0 }
        if first & 0xF0 == 0xE0 {
            if first == 0xE0 && second < 0xA0 || first == 0xED && second > 0x9F { return 0 }
            return 3
        }
        guard first &- 0xF0 < 5, available >= 4, bytes[3] & 0xC0 == 0x80 else { return 0 }
        if first == 0xF0 && second < 0x90 || first == 0xF4 && second > 0x8F { return 0 }
        return 4
    }
}
