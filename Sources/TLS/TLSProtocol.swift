import COpenSSL

/// What is spoken over TLS, as ALPN names it (RFC 7301).
public enum TLSProtocol: Sendable {
    case http1
    case http2

    var name: StaticString {
        switch self {
        case .http1: "http/1.1"
        case .http2: "h2"
        }
    }
}

/// A version of TLS that is spoken here.
public enum TLSVersion: UInt8, Sendable, Comparable {
    case tls12 = 2
    case tls13 = 3

    var number: CInt { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }

    public static func < (one: TLSVersion, other: TLSVersion) -> Bool { one.rawValue < other.rawValue }
}
