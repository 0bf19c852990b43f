public import Bytes

/// Where a request stands in a distributed trace: the `traceparent` field.
///
///     00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
///     version  trace identifier            parent           flags
/// - Source: W3C Trace Context, §3.2
public struct TraceContext: BitwiseCopyable, Equatable, Sendable {
    /// The trace, as one 128-bit number, never zero.
    public let traceHigh: UInt64
    public let traceLow: UInt64
    /// The span that made the request, never zero.
    public let parent: UInt64
    /// Bit 0: the caller records this trace.
    public let flags: UInt8

    /// Bytes of the written form.
    public static let textByteCount = 55

    public init(trace: Identifier, parent: UInt64, flags: UInt8) {
        traceHigh = trace.high
        traceLow = trace.low
        // Zero is no span; it comes once in 2⁶⁴.
        self.parent = max(1, parent)
        self.flags = flags
    }

    private init(traceHigh: UInt64, traceLow: UInt64, parent: UInt64, flags: UInt8) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.parent = parent
        self.flags = flags
    }

    /// A span's identifier: 16 hexadecimal digits in either case, not all of them zero; nil for all else (§3.2.2.4).
    public static func span(_ text: ByteSlice) -> UInt64? {
        guard text.count == 16 else { return nil }
        var span: UInt64 = 0
        for index in 0..<16 {
            guard let digit = ASCII.hexValue(text[index]) else { return nil }
            span = span << 4 | UInt64(digit)
        }
        return span == 0 ? nil : span
    }

    /// The same trace with this gateway's span as the parent: what goes upstream.
    public func child(_ span: UInt64) -> TraceContext {
        TraceContext(traceHigh: traceHigh, traceLow: traceLow, parent: max(1, span), flags: flags)
    }

    /// Reads a field's value; nil when it is malformed, and the trace starts anew (§3.2.2.1).
    ///
    /// A version from the future is read as far as ours goes (§3.3).
    public init?(_ field: ByteSlice) {
        let value = field.trimmed
        guard value.count >= 55, let version = lowercaseHexadecimal(value[0..<2]), version != 0xFF,
            value.count == 55 || (version > 0 && value[55] == UInt8(ascii: "-")),
            value[2] == UInt8(ascii: "-"), value[35] == UInt8(ascii: "-"), value[52] == UInt8(ascii: "-"),
            let high = lowercaseHexadecimal(value[3..<19]), let low = lowercaseHexadecimal(value[19..<35]),
            let parent = lowercaseHexadecimal(value[36..<52]), let flags = lowercaseHexadecimal(value[53..<55]),
            high | low != 0, parent != 0
        else { return nil }
        // Of the flags we know only the first; unknown ones are not passed on (§3.2.2.5).
        self.init(traceHigh: high, traceLow: low, parent: parent, flags: UInt8(truncatingIfNeeded: flags) & 1)
    }

    /// Appends the field's value, in version 00.
    public func write(into writer: inout ByteWriter) {
        writer.append("00-")
        writeTrace(into: &writer)
        writer.append(UInt8(ascii: "-"))
        append(parent, into: &writer)
        writer.append(flags & 1 == 1 ? "-01" : "-00")
    }

    /// Appends the trace identifier alone: 32 hexadecimal digits.
    public func writeTrace(into writer: inout ByteWriter) {
        append(traceHigh, into: &writer)
        append(traceLow, into: &writer)
    }
}

/// The value of at most 16 digits; capitals are refused, as the specification asks.
private func lowercaseHexadecimal(_ digits: ByteSlice) -> UInt64? {
    var value: UInt64 = 0
    for index in 0..<digits.count {
        guard let digit = ASCII.hexValue(digits[index]), digits[index] == ASCII.lowercased(digits[index]) else { return nil }
        value = value << 4 | UInt64(digit)
    }
    return value
}

/// Appends all 16 digits of `number`.
private func append(_ number: UInt64, into writer: inout ByteWriter) {
    var bigEndian = number.bigEndian
    withUnsafeBytes(of: &bigEndian) { bytes in
        guard let base = bytes.baseAddress else { return }
        writer.append(hexadecimalOf: ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: 8))
    }
}
