public import Bytes

/// One value of a text, found by name and index without tables or allocation.
///
/// It borrows the text. For a few look-ups in a text that has been judged already; where a text is
/// broken what lies behind the break is not there.
public struct JSONView: BitwiseCopyable {
    /// The whole value, a string's quotes included.
    public let bytes: ByteSlice
    public let kind: JSONKind
    /// Whether the value is a string with escapes in it.
    public let hasEscapes: Bool

    /// The value that `text` holds, white space around it apart; nil when it starts with none.
    public init?(_ text: ByteSlice) {
        let grammar = Grammar(base: text.base, end: text.count, depthLimit: JSONLimits.depth)
        self.init(grammar, text, at: grammar.skipSpace(0))
    }

    /// The object that `text` begins with, its end not looked for: a member is found in one pass.
    public init?(objectIn text: ByteSlice) {
        let grammar = Grammar(base: text.base, end: text.count, depthLimit: JSONLimits.depth)
        let start = grammar.skipSpace(0)
        guard grammar.byte(start) == UInt8(ascii: "{") else { return nil }
        bytes = text.dropFirst(start)
        kind = .object
        hasEscapes = false
    }

    /// The value of a member that a scan of `text` has found.
    public init(_ member: Member, in text: ByteSlice) {
        bytes = text[member.value]
        kind = member.kind
        hasEscapes = member.valueHasEscapes
    }

    /// The beginning of a value: what stands before its end is found in it.
    private init(prefix: ByteSlice, _ kind: JSONKind) {
        bytes = prefix
        self.kind = kind
        hasEscapes = false
    }

    private init?(_ grammar: Grammar, _ text: ByteSlice, at start: Int) {
        guard let found = try? grammar.valueEnd(from: start, under: 0) else { return nil }
        bytes = text[start..<found.end]
        kind = found.kind
        hasEscapes = found.hasEscapes
    }

    /// The value, when it is a string.
    public var string: JSONString? {
        kind == .string ? JSONString(content: bytes[1..<bytes.count - 1], hasEscapes: hasEscapes) : nil
    }

    /// The value, when it is a number: the nearest double.
    public var number: Double? { kind == .number ? JSONNumber.double(bytes) : nil }

    /// An object's member called `name`, the last of several; an array's element, when `name` is its index.
    public func child(_ name: ByteSlice) -> JSONView? {
        switch kind {
        case .object: member(name)
        case .array: name.decimal.flatMap { element($0) }
        case .string, .number, .true, .false, .null: nil
        }
    }

    /// The value at a path of names with dots between them: `metadata.plan`, `messages.0.role`.
    ///
    /// At each level a member whose name is all that is left of the path comes first, so names with dots in them are found, too.
    ///
    /// - Parameter byteCount: how much of the value is searched.
    public func value(at path: ByteSlice, within byteCount: Int = .max) -> JSONView? {
        var value = byteCount < bytes.count ? JSONView(prefix: bytes.prefix(byteCount), kind) : self
        var rest = path
        while true {
            if let whole = value.child(rest) { return whole }
            guard let dot = rest.firstIndex(of: UInt8(ascii: ".")), let next = value.child(rest.prefix(dot)) else { return nil }
            value = next
            rest = rest.dropFirst(dot + 1)
        }
    }

    private func member(_ name: ByteSlice) -> JSONView? {
        var found: JSONView?
        for member in members where member.name.content.count >= name.count && member.name == name { found = member.value }
        return found
    }

    private func element(_ index: Int64) -> JSONView? {
        var count: Int64 = 0
        for element in elements {
            if count == index { return element }
            count += 1
        }
        return nil
    }

    /// An object's members in the order written, up to a break in the text; none of any other value.
    public var members: Members { Members(bytes, isObject: kind == .object) }

    /// An array's elements in the order written, up to a break in the text; none of any other value.
    public var elements: Elements { Elements(bytes, isArray: kind == .array) }

    public struct Members: Sequence, IteratorProtocol {
        private let text: ByteSlice
        /// Where the next name stands; past the text when there is none.
        private var at: Int

        fileprivate init(_ text: ByteSlice, isObject: Bool) {
            self.text = text
            at = isObject ? Grammar(base: text.base, end: text.count, depthLimit: JSONLimits.depth).skipSpace(1) : text.count
        }

        public mutating func next() -> (name: JSONString, value: JSONView)? {
            let grammar = Grammar(base: text.base, end: text.count, depthLimit: JSONLimits.depth)
            guard grammar.byte(at) == UInt8(ascii: "\""), let key = try? grammar.keyEnd(from: at), let value = JSONView(grammar, text, at: key.value) else {
                at = text.count
                return nil
            }
            let name = JSONString(content: text[at + 1..<key.quote], hasEscapes: key.hasEscapes)
            at = grammar.skipSpace(key.value + value.bytes.count)
            at = grammar.byte(at) == UInt8(ascii: ",") ? grammar.skipSpace(at + 1) : text.count
            return (name, value)
        }
    }

    public struct Elements: Sequence, IteratorProtocol {
        private let text: ByteSlice
        /// Where the next element stands; past the text when there is none.
        private var at: Int

        fileprivate init(_ text: ByteSlice, isArray: Bool) {
            self.text = text
            at = isArray ? Grammar(base: text.base, end: text.count, depthLimit: JSONLimits.depth).skipSpace(1) : text.count
        }

        public mutating func next() -> JSONView? {
            let grammar = Grammar(base: text.base, end: text.count, depthLimit: JSONLimits.depth)
            guard at < text.count, let value = JSONView(grammar, text, at: at) else {
                at = text.count
                return nil
            }
            at = grammar.skipSpace(at + value.bytes.count)
            at = grammar.byte(at) == UInt8(ascii: ",") ? grammar.skipSpace(at + 1) : text.count
            return value
        }
    }
}

extension JSONNumber {
    /// The nearest double of a number's text; nil when it is none, infinite when it is too large for one.
    public static func double(_ text: ByteSlice) -> Double? {
        guard !text.isEmpty, text.count <= JSONLimits.doubleByteCount else { return nil }
        return short(text) ?? Double(String(text))
    }

    /// What most numbers are: at most 15 digits with a point among them. Both the digits and the power of ten are exact as
    /// doubles, so that the one division rounds right.
    /// - Source: W. D. Clinger, "How to read floating point numbers accurately", 1990
    private static func short(_ text: ByteSlice) -> Double? {
        let isNegative = text[0] == UInt8(ascii: "-")
        var digits: Int64 = 0
        var count = 0
        var power: Double = 1
        var hasPoint = false
        for at in (isNegative ? 1 : 0)..<text.count {
            let byte = text[at]
            if byte == UInt8(ascii: "."), !hasPoint, count > 0, at + 1 < text.count {
                hasPoint = true
                continue
            }
            guard ASCII.isDigit(byte), count < 15 else { return nil }
            digits = digits * 10 + Int64(byte - UInt8(ascii: "0"))
            count += 1
            if hasPoint { power *= 10 }
        }
        guard count > 0 else { return nil }
        let value = Double(digits) / power
        return isNegative ? -value : value
    }

    /// As JavaScript's `parseFloat`: the number that `text` begins with, white space before it apart; nil for NaN.
    /// - Source: ECMA-262 §19.2.4
    public static func leadingDouble(_ text: ByteSlice) -> Double? {
        var start = 0
        while start < text.count, text[start] == 0x20 || (0x09...0x0D).contains(text[start]) { start += 1 }
        var at = start
        func skipDigits() -> Int {
            let first = at
            while at < text.count, ASCII.isDigit(text[at]) { at += 1 }
            return at - first
        }
        if at < text.count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") { at += 1 }
        var digits = skipDigits()
        if at < text.count, text[at] == UInt8(ascii: ".") {
            let point = at
            at += 1
            let fraction = skipDigits()
            if fraction == 0 { at = point }
            digits += fraction
        }
        guard digits > 0 else { return nil }
        let mantissaEnd = at
        if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < text.count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") { at += 1 }
            if skipDigits() == 0 { at = mantissaEnd }
        }
        return double(text[start..<at])
    }
}
