import Bytes
import HTTP
import Reactor

/// Reads from a request's fields for whom a proxy asks.
///
/// Each proxy adds, at the end, the address that was connected to it. Read from the end, an address is believed as long as the one
/// behind it is a trusted proxy's; what stands before the first other address may be the client's invention.
/// - Source: RFC 7239; `X-Forwarded-For` as developer.mozilla.org describes it under "Selecting an IP address"
enum ForwardedAddress {
    /// The client's address as the proxy wrote it, without brackets or port; nil when nothing believable is said.
    static func find(in fields: borrowing FieldTable, of message: ByteSlice, _ field: ProxyTrust.Field, trusting trust: ProxyTrust) -> ByteSlice? {
        let name = field == .forwarded ? FieldName.forwarded : .xForwardedFor
        guard fields.contains(name) else { return nil }
        var believed: ByteSlice?
        var lookedAt = 0
        var line = fields.count
        while line > 0 {
            line -= 1
            guard fields[line].name == name else { continue }
            var rest: ByteSlice? = message[fields[line].valueRange]
            while let element = takeLast(of: &rest) {
                lookedAt += 1
                guard lookedAt <= GatewayLimits.forwardedAddresses, let host = host(of: element, field), let address = IPAddress(numeric: host) else {
                    return believed
                }
                believed = host
                guard trust.includes(address) else { return believed }
            }
        }
        return believed
    }

    /// The last element of a list; a comma between quotes parts nothing.
    private static func takeLast(of list: inout ByteSlice?) -> ByteSlice? {
        guard let bytes = list else { return nil }
        var isQuoted = false
        var at = bytes.count
        while at > 0 {
            at -= 1
            if isQuote(bytes, at) { isQuoted.toggle() }
            if bytes[at] == UInt8(ascii: ","), !isQuoted {
                list = bytes.prefix(at)
                return bytes.dropFirst(at + 1).trimmed
            }
        }
        list = nil
        return bytes.trimmed
    }

    private static func host(of element: ByteSlice, _ field: ProxyTrust.Field) -> ByteSlice? {
        switch field {
        case .xForwardedFor: return withoutPort(element)
        case .forwarded:
            var rest = element
            var found: ByteSlice?
            while let pair = takePair(of: &rest) {
                if pair.hasPrefix(ignoringCase: "for=") { found = found ?? withoutPort(unquoted(pair.dropFirst(4))) }
            }
            // A quote that stays open: what it holds may be anything.
            return rest.isEmpty ? found : nil
        }
    }

    /// The next pair; a semicolon between quotes parts none. Nil at the end, and where a quote stays open, with `rest` left as it is.
    private static func takePair(of rest: inout ByteSlice) -> ByteSlice? {
        guard !rest.isEmpty else { return nil }
        var isQuoted = false
        var end = 0
        while end < rest.count, isQuoted || rest[end] != UInt8(ascii: ";") {
            if isQuote(rest, end) { isQuoted.toggle() }
            end += 1
        }
        if isQuoted { return nil }
        defer { rest = rest.dropFirst(min(end + 1, rest.count)) }
        return rest.prefix(end).trimmed
    }

    /// Whether a quote at `index` begins or ends a string: one behind an odd number of backslashes is a part of it.
    private static func isQuote(_ bytes: ByteSlice, _ index: Int) -> Bool {
        guard bytes[index] == UInt8(ascii: "\"") else { return false }
        var at = index
        while at > 0, bytes[at - 1] == UInt8(ascii: "\\") { at -= 1 }
        return (index - at) % 2 == 0
    }

    private static func unquoted(_ value: ByteSlice) -> ByteSlice {
        let quote = UInt8(ascii: "\"")
        guard value.count >= 2, value[0] == quote, value[value.count - 1] == quote else { return value }
        return value[1..<(value.count - 1)]
    }

    /// `192.0.2.7:4711`, `[2001:db8::1]:4711` and the same without a port.
    private static func withoutPort(_ text: ByteSlice) -> ByteSlice? {
        if !text.isEmpty, text[0] == UInt8(ascii: "[") {
            return text.firstIndex(of: UInt8(ascii: "]")).map { text[1..<$0] }
        }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return text }
        // More than one: an IPv6 address without brackets, which has no port.
        return text.firstIndex(of: UInt8(ascii: ":"), from: colon + 1) == nil ? text.prefix(colon) : text
    }
}
