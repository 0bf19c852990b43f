import Bytes
public import Reactor

/// Whose word on a client's address is taken.
public struct ProxyTrust: Sendable {
    /// The field that trusted proxies add the address to which they were connected to. The other one is what a client
    /// wrote, and is never believed.
    public enum Field: String, Sendable, CaseIterable {
        case xForwardedFor = "x-forwarded-for"
        /// RFC 7239.
        case forwarded
    }

    private let networks: [Network]
    /// Whether whoever connects to a Unix socket is trusted.
    private let includesUnixSockets: Bool
    /// Nil where proxies tell by the PROXY protocol alone.
    let field: Field?

    public init(networks: [Network] = [], includesUnixSockets: Bool = false, field: Field? = nil) {
        self.networks = networks
        self.includesUnixSockets = includesUnixSockets
        self.field = networks.isEmpty && !includesUnixSockets ? nil : field
    }

    /// - Parameter address: nil for a Unix socket's peer.
    func includes(_ address: IPAddress?) -> Bool {
        guard let address else { return includesUnixSockets }
        for network in networks where network.contains(address) { return true }
        return false
    }
}
