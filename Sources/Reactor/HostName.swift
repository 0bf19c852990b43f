import Bytes

/// What can be said of a host name from its text alone.
enum HostName {
    /// The addresses of a numeric host, of `localhost` and of names below it (RFC 6761 §6.3); nil
    /// when someone must be asked.
    static func withoutAsking(_ host: ByteSlice) -> [IPAddress]? {
        if let address = IPAddress(numeric: host) { return [address] }
        let bare = withoutFinalDot(host)
        let local: StaticString = ".localhost"
        let isLocal =
            bare.equalsIgnoringCase("localhost")
            || bare.count > 10 && bare.dropFirst(bare.count - 10).equalsIgnoringCase(local)
        return isLocal ? [.loopback6, .loopback4] : nil
    }

    /// Letters, digits, hyphens and underscores in labels of 1 to 63 bytes, 253 in all (RFC 1035 §2.3.4).
    ///
    /// A last label that looks like a number is refused, as browsers do (WHATWG URL, "ends in a number"):
    /// `127.1` and `0x7f000001` are addresses to some resolvers and names to others.
    static func isValid(_ host: ByteSlice) -> Bool {
        let name = withoutFinalDot(host)
        guard name.count > 0, name.count <= 253 else { return false }
        var labelStart = 0
        for index in 0..<name.count {
            let byte = name[index]
            if byte == UInt8(ascii: ".") {
                guard isLabelLength(index - labelStart) else { return false }
                labelStart = index + 1
            } else if !(ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")) {
                return false
            }
        }
        let last = name.dropFirst(labelStart)
        return isLabelLength(last.count) && !isNumber(last)
    }

    private static func isLabelLength(_ count: Int) -> Bool { count >= 1 && count <= 63 }

    /// Whether a label is all digits, or hexadecimal after `0x`.
    private static func isNumber(_ label: ByteSlice) -> Bool {
        let isHexadecimal = label.count >= 2 && label.prefix(2).equalsIgnoringCase("0x")
        for index in (isHexadecimal ? 2 : 0)..<label.count {
            if isHexadecimal ? ASCII.hexValue(label[index]) == nil : !ASCII.isDigit(label[index]) { return false }
        }
        return true
    }

    private static func withoutFinalDot(_ host: ByteSlice) -> ByteSlice {
        host.count > 1 && host[host.count - 1] == UInt8(ascii: ".") ? host.prefix(host.count - 1) : host
    }
}
