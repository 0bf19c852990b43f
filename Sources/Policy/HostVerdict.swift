public import Bytes

/// What the rules say of a host a config or a header wants requests sent to.
public enum HostVerdict: BitwiseCopyable, Sendable, Equatable {
    /// A public name or address. What the name resolves to is judged again (`AddressRules`).
    case ordinary
    /// This machine: allowed only while every listener is loopback too.
    case loopback
    /// In the operator's list of trusted hosts; may be private.
    case trusted
    case refused(HostFault)
}

/// Why a custom host is refused.
public enum HostFault: Error, BitwiseCopyable, Sendable, Equatable {
    case tooLong, noScheme, credentialsInside, badCharacter, badPort, badName, badAddress, queryOrFragment
    case gatewayItself, metadataService, privateName, privateAddress

    /// For messages: `the host …`.
    public var reason: String {
        switch self {
        case .tooLong: "is longer than \(PolicyLimits.customHostByteCount) bytes"
        case .noScheme: "does not start with http:// or https://"
        case .credentialsInside: "carries a user name or an \"@\""
        case .badCharacter: "has a character that no host or path has"
        case .badPort: "has a port that is not 1 to 65535"
        case .badName: "is not a host name"
        case .badAddress: "is not an IP address in its plain form"
        case .queryOrFragment: "has a query or a fragment"
        case .gatewayItself: "is a gateway"
        case .metadataService: "is a cloud's metadata service"
        case .privateName: "has a name for private networks"
        case .privateAddress: "is a private or reserved address"
        }
    }

    /// Whether naming the host as trusted would allow it.
    public var canBeTrusted: Bool { self == .privateName || self == .privateAddress || self == .metadataService }
}

/// Private hosts the operator lets requests go to: exact names and addresses, and `*.suffix`.
public struct TrustedHosts: Sendable {
    private let exact: NameTable
    private let suffixes: [[UInt8]]

    /// - Parameter entries: `10.0.0.5`, `models.internal`, `*.svc.cluster.local`, `fd00::5`; capitals are folded.
    public init(_ entries: [String]) {
        let folded = entries.map { $0.lowercased() }
        exact = NameTable(folded.filter { !$0.hasPrefix("*.") })
        suffixes = folded.filter { $0.hasPrefix("*.") }.map { Array($0.dropFirst().utf8) }
    }

    /// - Parameter host: lower case, an IPv6 address without brackets.
    public func contains(_ host: ByteSlice) -> Bool {
        if exact.index(of: host) != nil { return true }
        for suffix in suffixes where host.count > suffix.count {
            if suffix.withByteSlice({ host.dropFirst(host.count - $0.count) == $0 }) { return true }
        }
        return false
    }
}
