public import Bytes

/// `scheme://host[:port][/path]` taken apart: a custom host, or a provider's base URL. No allocation.
///
/// Stricter than RFC 3986 on purpose: what two parsers could read differently is refused.
public struct HostURL {
    public let isSecure: Bool
    /// As written; an IPv6 address without its brackets.
    public let host: ByteSlice
    public let isIPv6Literal: Bool
    public let port: UInt16
    /// Without the slash at its end; empty for none.
    public let path: ByteSlice

    public init(_ text: ByteSlice) throws(HostFault) {
        guard text.count <= PolicyLimits.customHostByteCount else { throw .tooLong }
        guard let schemeEnd = HostURL.schemeEnd(text) else { throw .noScheme }
        isSecure = ASCII.lowercased(text[4]) == UInt8(ascii: "s")
        var end = schemeEnd
        while end < text.count, text[end] != UInt8(ascii: "/") {
            if text[end] == UInt8(ascii: "?") || text[end] == UInt8(ascii: "#") { throw .queryOrFragment }
            end += 1
        }
        path = try HostURL.path(text.dropFirst(end))
        let authority = text[schemeEnd..<end]
        if authority.firstIndex(of: UInt8(ascii: "@")) != nil { throw .credentialsInside }
        let hostEnd = try HostURL.hostEnd(authority)
        isIPv6Literal = hostEnd.isBracketed
        host = hostEnd.isBracketed ? authority[1..<hostEnd.offset - 1] : authority[0..<hostEnd.offset]
        guard !host.isEmpty else { throw .badName }
        port = try HostURL.port(authority.dropFirst(hostEnd.offset), isSecure: isSecure)
        try HostURL.checkCharacters(of: host, isIPv6: isIPv6Literal)
    }

    private static func schemeEnd(_ text: ByteSlice) -> Int? {
        if text.count > 7, text.prefix(7).equalsIgnoringCase("http://") { return 7 }
        if text.count > 8, text.prefix(8).equalsIgnoringCase("https://") { return 8 }
        return nil
    }

    private static func hostEnd(_ authority: ByteSlice) throws(HostFault) -> (offset: Int, isBracketed: Bool) {
        guard !authority.isEmpty else { throw .badName }
        guard authority[0] == UInt8(ascii: "[") else {
            return (authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.count, false)
        }
        guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { throw .badAddress }
        return (close + 1, true)
    }

    private static func port(_ rest: ByteSlice, isSecure: Bool) throws(HostFault) -> UInt16 {
        if rest.isEmpty { return isSecure ? 443 : 80 }
        guard rest[0] == UInt8(ascii: ":"), rest.count <= 6, let number = rest.dropFirst(1).decimal, (1...65535).contains(number)
        else { throw .badPort }
        return UInt16(number)
    }

    private static func checkCharacters(of host: ByteSlice, isIPv6: Bool) throws(HostFault) {
        for index in 0..<host.count {
            let byte = host[index]
            let isFine =
                isIPv6
                ? ASCII.hexValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
                : ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            if !isFine { throw .badCharacter }
        }
    }

    private static func path(_ text: ByteSlice) throws(HostFault) -> ByteSlice {
        for index in 0..<text.count {
            switch text[index] {
            case UInt8(ascii: "?"), UInt8(ascii: "#"): throw .queryOrFragment
            case UInt8(ascii: "@"): throw .credentialsInside
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "|"), UInt8(ascii: "\\"),
                UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "\""):
                throw .badCharacter
            case 0x21...0x7E: continue
            default: throw .badCharacter
            }
        }
        var end = text.count
        while end > 0, text[end - 1] == UInt8(ascii: "/") { end -= 1 }
        return text.prefix(end)
    }
}
