import Bytes
public import Policy

/// `trusted_proxies:`: who may say for whom it asks.
public struct ProxiesDeclaration: Sendable, Equatable {
    public enum Field: String, Sendable, CaseIterable {
        case xForwardedFor = "x-forwarded-for"
        case forwarded
        /// By the PROXY protocol alone.
        case none
    }

    public internal(set) var networks: [DeclaredNetwork] = []
    /// Whether whoever connects to a Unix socket is one of them.
    public internal(set) var includesUnixSockets = false
    public internal(set) var field = Field.xForwardedFor
}

/// `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`.
public enum DeclaredNetwork: Sendable, Equatable {
    case v4(UInt32, prefixLength: Int)
    case v6(IPv6Address, prefixLength: Int)

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let host = Array(parts[0].utf8)
        var length: Int?
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ ASCII.isDigit($0) }), let number = Int(parts[1]) else { return nil }
            length = number
        }
        if let address = host.withByteSlice({ HostRules.ipv4Address($0) }) {
            let length = length ?? 32
            guard length <= 32, length == 32 || address & (UInt32.max >> UInt32(length)) == 0 else { return nil }
            self = .v4(address, prefixLength: length)
        } else if let address = host.withByteSlice({ IPv6Address($0) }) {
            let length = length ?? 128
            guard length <= 128, DeclaredNetwork.isFirst(address, length) else { return nil }
            self = .v6(address, prefixLength: length)
        } else {
            return nil
        }
    }

    /// Whether no bit behind the prefix is set. `>>` past the width gives zero.
    private static func isFirst(_ address: IPv6Address, _ length: Int) -> Bool {
        address.high & (UInt64.max >> UInt64(min(length, 64))) == 0 && address.low & (UInt64.max >> UInt64(max(length - 64, 0))) == 0
    }
}

/// `cors:`: from where web pages may ask.
public struct CrossOriginDeclaration: Sendable, Equatable {
    public internal(set) var origins: [DeclaredOrigin] = []
    public internal(set) var maxAgeSeconds: Int64 = 600
}

/// Where a web page comes from, as browsers say it.
/// - Source: the HTML Standard, "Origin": its ASCII serialization
public enum DeclaredOrigin: Sendable, Hashable {
    case any
    /// `https://app.example.com`
    case exact(String)
    /// `https://*.example.com`, as what stands before the star and behind it.
    case below(scheme: String, suffix: String)

    init?(_ text: String) {
        if text == "*" {
            self = .any
            return
        }
        guard text.utf8.count <= ConfigurationLimits.originByteCount, let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else {
            return nil
        }
        let isWild = text.dropFirst(scheme.count).hasPrefix("*.")
        let name = Array(text.utf8.dropFirst(scheme.count + (isWild ? 2 : 0)))
        // Browsers write it in lower case, with no path, and no port that is the scheme's own.
        guard !name.contains(where: { (0x41...0x5A).contains($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "@") }), name.first != UInt8(ascii: "."),
            Array(scheme.utf8 + name).withByteSlice({ (try? HostURL($0)) != nil }), !text.hasSuffix(scheme == "https://" ? ":443" : ":80")
        else { return nil }
        self = isWild ? .below(scheme: scheme, suffix: "." + String(decoding: name, as: UTF8.self)) : .exact(text)
    }
}
