import Bytes
import Policy

/// One address to listen on: `127.0.0.1:8787`, `[::1]:8787`, `unix:/run/sluice.sock`.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A numeric address, an IPv6 one without its brackets. Port 0 takes a free one.
    case ip(host: String, port: UInt16)
    case unix(path: String)

    /// Where the public SDKs look when they are told nothing.
    public static let standard = ListenAddress.ip(host: "127.0.0.1", port: 8787)

    public struct ParseError: Error, Equatable {
        public let message: String
        public let hint: String
    }

    public init(_ text: String) throws(ParseError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // The kernel's sockaddr_un holds 107 bytes and the zero at their end.
            guard path.hasPrefix("/"), path.utf8.count <= 107, !path.utf8.contains(0) else {
                throw ParseError(
                    message: "a Unix socket's path starts with \"/\" and has at most 107 bytes", hint: "write unix:/run/sluice.sock"
                )
            }
            self = .unix(path: path)
            return
        }
        let hint = "write 127.0.0.1:8787, [::1]:8787 or unix:/path"
        guard let colon = text.lastIndex(of: ":"), let port = ListenAddress.port(text[text.index(after: colon)...]) else {
            throw ParseError(message: "an address ends with a port from 0 to 65535", hint: hint)
        }
        let host = String(text[..<colon])
        if host == "localhost" {
            self = .ip(host: "127.0.0.1", port: port)
            return
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : nil
        guard ListenAddress.isNumeric(bare ?? host, isBracketed: bare != nil) else {
            throw ParseError(
                message: "\(host.isEmpty ? "an address" : "an address's host") must be an IP address or localhost", hint: hint)
        }
        self = .ip(host: bare ?? host, port: port)
    }

    private static func port(_ digits: Substring) -> UInt16? {
        digits.utf8.allSatisfy { ASCII.isDigit($0) } ? UInt16(digits) : nil
    }

    private static func isNumeric(_ host: String, isBracketed: Bool) -> Bool {
        Array(host.utf8).withByteSlice { isBracketed ? IPv6Address($0) != nil : HostRules.ipv4Address($0) != nil }
    }

    /// Whether only this machine reaches it.
    public var isLoopback: Bool {
        switch self {
        case .unix: true
        case .ip(let host, _):
            Array(host.utf8).withByteSlice { bytes in
                if let address = HostRules.ipv4Address(bytes) { return AddressRules.verdict(ipv4: address) == .loopback }
                return IPv6Address(bytes).map { AddressRules.verdict(ipv6: $0) == .loopback } ?? false
            }
        }
    }

    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .ip(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}
