/// What a name resolves to.
public enum Resolution: Sendable {
    /// Addresses in the order to try them, at least one.
    case addresses(ResolvedAddresses)
    /// Being asked; a completion with the caller's token follows.
    case pending
    case failed(ResolverError)
}

/// The addresses of a name.
public struct ResolvedAddresses: Equatable, Sendable {
    /// Families taking turns, IPv6 first (RFC 8305 §4); within a family as the server ordered them.
    public let addresses: [IPAddress]
    /// When they must be asked for again.
    public let expiresAt: Instant
    /// They had expired and could not be renewed.
    public let isStale: Bool

    /// Interleaves the two families.
    static func interleaved(_ v6: [IPAddress], _ v4: [IPAddress]) -> [IPAddress] {
        var mixed: [IPAddress] = []
        mixed.reserveCapacity(v6.count + v4.count)
        for index in 0..<max(v6.count, v4.count) {
            if index < v6.count { mixed.append(v6[index]) }
            if index < v4.count { mixed.append(v4[index]) }
        }
        return mixed
    }

    /// Only the addresses of one version; nil when there are none.
    func only(_ version: IPAddress.Version?) -> ResolvedAddresses? {
        guard let version else { return self }
        let kept = addresses.filter { $0.version == version }
        return kept.isEmpty ? nil : ResolvedAddresses(addresses: kept, expiresAt: expiresAt, isStale: isStale)
    }
}

/// Why a name has no addresses.
public enum ResolverError: Error, Equatable, Sendable {
    /// No text that names a host.
    case invalidName
    /// The name does not exist (NXDOMAIN).
    case notFound
    /// The name exists, without an address of the family asked for.
    case noAddress
    case timedOut
    /// The servers cannot be reached, or answer that they cannot or will not (SERVFAIL, REFUSED, NOTIMP);
    /// c-ares tries them all and then does not say which it was.
    case serverFailure
    /// The servers' answers make no sense.
    case malformedAnswer
    /// Too many names or callers wait already.
    case tooManyLookups

    /// Whether the answer is about the name, and not about our luck in asking.
    var isAuthoritative: Bool { self == .notFound || self == .noAddress }
}

extension ResolverError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidName: "the host name is malformed"
        case .notFound: "the host name does not exist"
        case .noAddress: "the host name has no address"
        case .timedOut: "the name servers did not answer in time"
        case .serverFailure: "the name servers failed or cannot be reached"
        case .malformedAnswer: "the name servers' answer is malformed"
        case .tooManyLookups: "too many names are being resolved"
        }
    }
}
