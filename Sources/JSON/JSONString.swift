public import Bytes

/// The content of a JSON string as it stands in a text: between the quotes, escapes and all.
///
/// It borrows the text. Any bytes are safe to read: an escape that is none reads as U+FFFD.
public struct JSONString: BitwiseCopyable {
    /// The bytes between the quotes, escapes undecoded.
    public let content: ByteSlice
    public let hasEscapes: Bool

    public init(content: ByteSlice, hasEscapes: Bool) {
        self.content = content
        self.hasEscapes = hasEscapes
    }

    /// The string's own bytes where no decoding is needed; nil when it has escapes.
    public var plain: ByteSlice? { hasEscapes ? nil : content }

    /// Whether each surrogate escape has its pair: one alone stands for no character, and strict readers refuse its text.
    /// - Source: RFC 8259 §8.2
    public var isUnicode: Bool {
        var at = 0
        while hasEscapes, let backslash = content.firstIndex(of: UInt8(ascii: "\\"), from: at) {
            at = escape(at: backslash).end
            let isUnit = backslash + 1 < content.count && content[backslash + 1] == UInt8(ascii: "u")
            // A pair is one escape of twelve bytes.
            if isUnit, at - backslash < 12, let unit = codeUnit(at: backslash + 2), unit & 0xF800 == 0xD800 { return false }
        }
        return true
    }

    /// Whether the decoded string is `text`, byte for byte.
    public static func == (string: JSONString, text: ByteSlice) -> Bool {
        guard string.hasEscapes else { return string.content == text }
        return string.matchesDecoded(text)
    }

    public static func == (string: JSONString, text: StaticString) -> Bool { string == ByteSlice(text) }

    /// Appends the decoded string: pairs of surrogate escapes become one character, lone ones U+FFFD.
    public func decode(into writer: inout ByteWriter) {
        guard hasEscapes else { return writer.append(content) }
        var at = 0
        while at < content.count {
            let backslash = content.firstIndex(of: UInt8(ascii: "\\"), from: at) ?? content.count
            writer.append(content[at..<backslash])
            if backslash == content.count { return }
            let escape = escape(at: backslash)
            UTF8Character(escape.scalar).forEachByte { writer.append($0) }
            at = escape.end
        }
    }

    private func matchesDecoded(_ text: ByteSlice) -> Bool {
        // An escape is never shorter than what it stands for.
        guard content.count >= text.count else { return false }
        var at = 0
        var matched = 0
        while at < content.count {
            if content[at] != UInt8(ascii: "\\") {
                guard matched < text.count, text[matched] == content[at] else { return false }
                matched += 1
                at += 1
                continue
            }
            let escape = escape(at: at)
            var isEqual = true
            UTF8Character(escape.scalar).forEachByte { byte in
                isEqual = isEqual && matched < text.count && text[matched] == byte
                matched += 1
            }
            guard isEqual else { return false }
            at = escape.end
        }
        return matched == text.count
    }

    /// The character the escape at `at` stands for, and where the escape ends.
    private func escape(at start: Int) -> (scalar: UInt32, end: Int) {
        guard start + 1 < content.count else { return (0xFFFD, content.count) }
        let end = start + 2
        switch content[start + 1] {
        case UInt8(ascii: "n"): return (0x0A, end)
        case UInt8(ascii: "t"): return (0x09, end)
        case UInt8(ascii: "r"): return (0x0D, end)
        case UInt8(ascii: "b"): return (0x08, end)
        case UInt8(ascii: "f"): return (0x0C, end)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return (UInt32(content[start + 1]), end)
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(at: end) else { return (0xFFFD, end) }
            if unit & 0xFC00 == 0xD800, let low = lowSurrogate(at: end + 4) {
                return (0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF, end + 10)
            }
            return (unit & 0xF800 == 0xD800 ? 0xFFFD : unit, end + 4)
        default: return (0xFFFD, end)
        }
    }

    private func lowSurrogate(at start: Int) -> UInt32? {
        guard start + 1 < content.count, content[start] == UInt8(ascii: "\\"),
            content[start + 1] == UInt8(ascii: "u"), let unit = codeUnit(at: start + 2)
        else { return nil }
        return unit & 0xFC00 == 0xDC00 ? unit : nil
    }

    /// The four hexadecimal digits at `start`.
    private func codeUnit(at start: Int) -> UInt32? {
        guard content.count - start >= 4 else { return nil }
        var unit: UInt32 = 0
        for index in start..<start + 4 {
            guard let digit = ASCII.hexValue(content[index]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}

/// One character's UTF-8 bytes.
struct UTF8Character {
    private let scalar: UInt32

    /// `scalar` is a Unicode scalar value: at most U+10FFFF and no surrogate.
    @inline(__always)
    init(_ scalar: UInt32) { self.scalar = scalar }

    @inline(__always)
    func forEachByte(_ body: (UInt8) -> Void) {
        let tail = { (shift: UInt32) in 0x80 | UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) }
        if scalar < 0x80 { return body(UInt8(truncatingIfNeeded: scalar)) }
        if scalar < 0x800 {
            body(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
        } else {
            if scalar < 0x10000 {
                body(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
            } else {
                body(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18))
                body(tail(12))
            }
            body(tail(6))
        }
        body(tail(0))
    }
}
