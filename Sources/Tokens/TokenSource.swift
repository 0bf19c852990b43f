import Bytes

/// Where access tokens come from: an endpoint, and what is shown to it.
///
/// - Source: RFC 6749 §4.4; RFC 7523 §2; Microsoft identity platform, "OAuth 2.0 client credentials flow"; Azure, "How to use managed
///   identities … to acquire an access token"; Google, "Using OAuth 2.0 for Server to Server Applications"
public struct TokenSource: Hashable, Sendable {
    enum Grant: Hashable, Sendable {
        /// The secret of a client of Microsoft Entra's.
        case secret(Secret, scope: String)
        /// A token of the machine's cluster, in a file that is written anew before it ends, for one of Entra's.
        case federated(tokenFile: String, scope: String)
        /// A statement signed with the key of a service account of Google's.
        case serviceAccount(ServiceAccount)
        /// A request signed with an access key that may assume a role.
        case role(AssumedRole)
        /// Nothing: the metadata service of an Azure machine knows who asks.
        case machine
    }

    /// Whom to ask, in messages.
    public let authority: String
    /// The client's id or the account's address; empty for the machine's only identity.
    public let client: String
    let url: String
    let grant: Grant

    /// Entra's in Microsoft's public cloud.
    public static let publicAuthority = "https://login.microsoftonline.com"
    /// What Azure OpenAI wants tokens for.
    public static let cognitiveServices = "https://cognitiveservices.azure.com/.default"
    /// The metadata service of a machine at Microsoft's.
    public static let metadataAuthority = "http://169.254.169.254"
    /// Google's token endpoint. What an account's file says of one is not believed: it would be a way to any host.
    public static let googleEndpoint = "https://oauth2.googleapis.com/token"
    /// What Vertex AI wants tokens for.
    static let cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

    /// A client of Entra's and its secret.
    ///
    /// - Parameters:
    ///   - authority: without a slash at its end; nil for the public cloud's.
    ///   - tenant: letters, digits, dots and hyphens; it becomes part of a path.
    ///   - scope: empty for Azure OpenAI's.
    public init(authority: String?, tenant: String, client: String, secret: [UInt8], scope: String) {
        self.init(
            entra: authority, tenant: tenant, client: client,
            grant: .secret(secret.withByteSlice { Secret($0) }, scope: scope.isEmpty ? TokenSource.cognitiveServices : scope))
    }

    /// A client of Entra's whom its cluster vouches for (workload identity).
    ///
    /// - Parameter tokenFile: read anew for each exchange.
    public init(authority: String?, tenant: String, client: String, tokenFile: String, scope: String) {
        self.init(
            entra: authority, tenant: tenant, client: client,
            grant: .federated(tokenFile: tokenFile, scope: scope.isEmpty ? TokenSource.cognitiveServices : scope))
    }

    private init(entra authority: String?, tenant: String, client: String, grant: Grant) {
        self.authority = authority ?? TokenSource.publicAuthority
        self.client = client
        self.grant = grant
        url = "\(self.authority)/\(tenant)/oauth2/v2.0/token"
    }

    /// The identity of the machine itself (managed identity).
    ///
    /// - Parameters:
    ///   - metadata: where the machine asks who it is, without a slash at its end; nil for Azure's link-local address.
    ///   - client: which of several identities; empty for the only one.
    public init(metadata: String?, client: String) {
        authority = metadata ?? TokenSource.metadataAuthority
        self.client = client
        grant = .machine
        var url = "\(authority)/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com%2F"
        if !client.isEmpty { url += "&client_id=" + TokenSource.encoded(client) }
        self.url = url
    }

    /// A service account of Google's.
    ///
    /// - Parameter endpoint: nil for Google's own.
    public init(_ account: ServiceAccount, endpoint: String?) {
        authority = endpoint ?? TokenSource.googleEndpoint
        client = account.email
        url = authority
        grant = .serviceAccount(account)
    }

    /// A role that an access key assumes. Its token is three texts, a NUL after each: key id, secret, session token.
    ///
    /// - Parameter endpoint: the token service's of the role's region, without a slash at its end.
    public init(_ role: AssumedRole, endpoint: String) {
        authority = endpoint
        client = role.accessKey
        url = endpoint + "/"
        grant = .role(role)
    }

    /// Who asks, in messages.
    var subject: String {
        switch grant {
        case .secret, .federated: "client \(client)"
        case .role: "access key \(client)"
        case .serviceAccount: "service account \(client)"
        case .machine: client.isEmpty ? "this machine" : "this machine as \(client)"
        }
    }

    private static func encoded(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return bytes.withByteSlice { bytes in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 3 * bytes.count + 1) { room in
                guard let base = room.baseAddress else { return "" }
                var writer = ByteWriter(base, capacity: room.count)
                writer.append(percentEncoded: bytes)
                return String(writer.written)
            }
        }
    }
}

/// A token and until when it serves.
public struct AccessToken: Sendable {
    public let bytes: [UInt8]
    /// When it was granted, on the monotonic clock as what follows: it tells a source's tokens apart.
    public let grantedAtNanoseconds: UInt64
    public let expiresAtNanoseconds: UInt64
    /// From when on the next one is asked for: five minutes before its end, or half its life.
    public let renewsAtNanoseconds: UInt64

    public init(bytes: [UInt8], now: UInt64, lifeNanoseconds: UInt64) {
        self.bytes = bytes
        grantedAtNanoseconds = now
        expiresAtNanoseconds = now + lifeNanoseconds
        renewsAtNanoseconds = expiresAtNanoseconds - min(TokenLimits.renewalNanoseconds, lifeNanoseconds / 2)
    }
}

/// What asking for a token came to.
public enum TokenOutcome: Sendable {
    case granted(AccessToken)
    /// Why not, for the client and the log; no secret.
    case refused(String)
}
