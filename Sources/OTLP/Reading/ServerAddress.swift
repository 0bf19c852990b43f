/// Where a call went: a host, and a port where it is said.
public struct ServerAddress: Equatable, Sendable {
    /// In lower case; of IPv6 without brackets.
    public let host: String
    /// Nil where it is not known.
    public let port: UInt16?

    /// Nil of what names no host.
    ///
    /// - Parameters:
    ///   - host: also with a port behind it, as some tell it.
    ///   - port: nil or 0 where none is said.
    init?(host: String, port: Int64?) {
        self.init(authority: host, port: port.flatMap { UInt16(exactly: $0) }.flatMap { $0 == 0 ? nil : $0 })
    }

    /// Nil of what is no URL with a host. Where it names no port it has its scheme's.
    public init?(url: String) {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let whole = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        self.init(authority: String(whole.split(separator: "@").last ?? ""), port: url[..<scheme.lowerBound].lowercased() == "http" ? 80 : 443)
    }

    /// - Parameter port: where the authority has none.
    private init?(authority: String, port usual: UInt16?) {
        let text = authority.lowercased()
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = String(text[text.index(after: text.startIndex)..<end])
            port = UInt16(text[text.index(after: end)...].drop { $0 == ":" }) ?? usual
        } else if colons == 1, let colon = text.firstIndex(of: ":") {
            host = String(text[..<colon])
            port = UInt16(text[text.index(after: colon)...]) ?? usual
        } else {
            host = text
            port = usual
        }
        if host.isEmpty { return nil }
    }

    /// Whether both are one server. A port that is not said is HTTP's: the conventions have others be said.
    public func isSame(as other: ServerAddress) -> Bool {
        // What ends TLS before a server leaves it to know itself by the plain one.
        host == other.host && (port == other.port || (isUsual && other.isUsual))
    }

    /// Whether it is where HTTP is, or where nothing else is said.
    public var isUsual: Bool { port == nil || port == 80 || port == 443 }
}
