import Bytes
public import Reactor

/// What one gateway key may be used for, and from where. An empty list restricts nothing.
///
/// Immutable, and a snapshot's; a request that is under way keeps those it began with.
public final class KeyRestrictions: Sendable {
    let models: NamePatterns
    /// Providers' ids and virtual keys' slugs.
    let providers: NamePatterns
    /// Paths, as `/v1/chat/completions`.
    private let endpoints: NamePatterns
    private let networks: [Network]

    /// - Returns: nil where there is nothing to restrict.
    public init?(models: [String] = [], providers: [String] = [], endpoints: [String] = [], networks: [Network] = []) {
        if models.isEmpty, providers.isEmpty, endpoints.isEmpty, networks.isEmpty { return nil }
        self.models = NamePatterns(models)
        self.providers = NamePatterns(providers)
        self.endpoints = NamePatterns(endpoints)
        self.networks = networks
    }

    /// - Parameter address: nil for whoever comes by a Unix socket, which is in no network.
    func allows(from address: IPAddress?) -> Bool {
        guard !networks.isEmpty else { return true }
        guard let address else { return false }
        return networks.contains { $0.contains(address) }
    }

    func allows(path: ByteSlice) -> Bool { endpoints.isEmpty || endpoints.include(path) }
}
