import Books
import Bytes
import Ledger

/// The ids that a record's span has: those that its caller gave where they have OpenTelemetry's form, else what follows from them, always the same.
struct SpanIdentity: Equatable {
    let trace: [UInt8]
    let span: [UInt8]
    /// Empty for the first of its trace.
    let parent: [UInt8]

    init(_ record: RequestRecord) {
        trace = SpanIdentity.trace(record.trace)
        span = record.span.isEmpty ? SpanIdentity.bytes(record.identifier.low) : SpanIdentity.span(record.span)
        let parent = record.parentSpan.isEmpty ? [] : SpanIdentity.span(record.parentSpan)
        // A caller may give one id for both, and a span that is its own parent is nowhere.
        self.parent = parent == span ? [] : parent
    }

    /// Of the attempt with this index: no caller gives it one.
    func attempt(_ index: Int) -> [UInt8] { SpanIdentity.digest("\(SpanIdentity.hexadecimal(span)).\(index)", 8) }

    /// 32 hexadecimal digits and a UUID as they are, of all else the first half of its SHA-256.
    static func trace(_ text: String) -> [UInt8] {
        let plain = text.utf8.count == Identifier.textByteCount && Array(text.utf8).withByteSlice { Identifier(text: $0) } != nil
        let digits = plain ? text.filter { $0 != "-" } : text
        return hexadecimal(digits, 16) ?? digest(text, 16)
    }

    /// 16 hexadecimal digits as they are, of all else the first quarter of its SHA-256.
    static func span(_ text: String) -> [UInt8] { hexadecimal(text, 8) ?? digest(text, 8) }

    /// Nil of what has another form, or nothing but zeros, which is no id (W3C Trace Context §3.2.2).
    private static func hexadecimal(_ text: String, _ count: Int) -> [UInt8]? {
        guard text.utf8.count == 2 * count else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            guard let value = ASCII.hexValue(digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes.contains { $0 != 0 } ? bytes : nil
    }

    private static func digest(_ text: String, _ count: Int) -> [UInt8] {
        Array(Array(text.utf8).withByteSlice { TextDigest.sha256(of: $0) }.prefix(count))
    }

    private static func bytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }

    private static func hexadecimal(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
