import Bytes

/// The grammar of `host[:port]`, as in Host and in absolute request targets.
///
/// Userinfo is refused, an empty host is refused (RFC 9110 §4.2.1), a port is at most 65535.
/// - Source: RFC 9110 §7.2; RFC 3986 §3.2.2
enum Authority {
    static func isValid(_ bytes: ByteSlice) -> Bool {
        guard bytes.count > 0 else { return false }
        let hostEnd: Int
        if bytes[0] == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), isIPv6(bytes[1..<close]) else { return false }
            hostEnd = close + 1
        } else {
            hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
            guard isRegisteredName(bytes.prefix(hostEnd)) else { return false }
        }
        if hostEnd == bytes.count { return true }
        return bytes[hostEnd] == UInt8(ascii: ":") && isPort(bytes.dropFirst(hostEnd + 1))
    }

    /// Digits, possibly none (RFC 3986 §3.2.3).
    private static func isPort(_ bytes: ByteSlice) -> Bool {
        if bytes.isEmpty { return true }
        guard bytes.count <= 5, let port = bytes.decimal else { return false }
        return port <= 65535
    }

    /// Unreserved characters, sub-delims and whole percent-encodings; at least one.
    private static func isRegisteredName(_ bytes: ByteSlice) -> Bool {
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if ASCII.isLetter(byte) || ASCII.isDigit(byte) || isNamePunctuation(byte) {
                at += 1
            } else if byte == UInt8(ascii: "%") {
                guard at + 2 < bytes.count, ASCII.hexValue(bytes[at + 1]) != nil,
                    ASCII.hexValue(bytes[at + 2]) != nil
                else { return false }
                at += 3
            } else {
                return false
            }
        }
        return bytes.count > 0
    }

    private static func isNamePunctuation(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "="): true
        default: false
        }
    }

    /// Eight groups, or fewer around one `::`; the last two may be a dotted IPv4 address.
    private static func isIPv6(_ bytes: ByteSlice) -> Bool {
        var groups = 0
        var at = 0
        var isElided = false
        if bytes.hasPrefix("::") {
            isElided = true
            at = 2
            if at == bytes.count { return true }
        }
        while true {
            let start = at
            while at < bytes.count, ASCII.hexValue(bytes[at]) != nil { at += 1 }
            if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
                guard isIPv4(bytes.dropFirst(start)) else { return false }
                groups += 2
                break
            }
            guard at > start, at - start <= 4 else { return false }
            groups += 1
            if at == bytes.count { break }
            guard bytes[at] == UInt8(ascii: ":") else { return false }
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: ":") {
                guard !isElided else { return false }
                isElided = true
                at += 1
                if at == bytes.count { break }
            }
        }
        return isElided ? groups <= 7 : groups == 8
    }

    private static func isIPv4(_ bytes: ByteSlice) -> Bool {
        var at = 0
        for part in 0..<4 {
            let start = at
            while at < bytes.count, ASCII.isDigit(bytes[at]) { at += 1 }
            guard at - start <= 3, let value = bytes[start..<at].decimal, value <= 255 else { return false }
            if part == 3 { break }
            guard at < bytes.count, bytes[at] == UInt8(ascii: ".") else { return false }
            at += 1
        }
        return at == bytes.count
    }
}
