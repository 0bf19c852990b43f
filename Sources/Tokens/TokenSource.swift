import Bytes

/// A client of Microsoft Entra's whose secret is exchanged for access tokens (OAuth 2.0 client credentials).
/// - Source: RFC 6749 §4.4; Microsoft identity platform, "OAuth 2.0 client credentials flow"
public struct TokenSource: Hashable, Sendable {
    /// Where tokens are asked for, without a slash at its end.
    public let authority: String
    public let tenant: String
    public let client: String
    public let scope: String
    let secret: [UInt8]

    /// Of Microsoft's public cloud.
    public static let publicAuthority = "https://login.microsoftonline.com"
    /// What Azure OpenAI wants tokens for.
    public static let cognitiveServices = "https://cognitiveservices.azure.com/.default"

    /// - Parameters:
    ///   - authority: nil for the public cloud's.
    ///   - tenant: letters, digits, dots and hyphens; it becomes part of a path.
    ///   - scope: empty for Azure OpenAI's.
    public init(authority: String?, tenant: String, client: String, secret: [UInt8], scope: String) {
        self.authority = authority ?? TokenSource.publicAuthority
        self.tenant = tenant
        self.client = client
        self.scope = scope.isEmpty ? TokenSource.cognitiveServices : scope
        self.secret = secret
    }

    var url: String { "\(authority)/\(tenant)/oauth2/v2.0/token" }

    var form: [UInt8] {
        let values = [Array(client.utf8), secret, Array(scope.utf8)]
        let capacity = 64 + values.reduce(0) { $0 + 3 * $1.count }
        return [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
            guard let base = room.baseAddress else { return }
            var writer = ByteWriter(base, capacity: capacity)
            writer.append("grant_type=client_credentials")
            for (name, value) in zip(["&client_id=", "&client_secret=", "&scope="] as [StaticString], values) {
                writer.append(name)
                value.withByteSlice { writer.append(percentEncoded: $0) }
            }
            count = writer.count
        }
    }
}

/// A token and until when it serves.
public struct AccessToken: Sendable {
    public let bytes: [UInt8]
    /// On the monotonic clock.
    public let expiresAtNanoseconds: UInt64
    /// From when on the next one is asked for: five minutes before its end, or half its life.
    public let renewsAtNanoseconds: UInt64

    public init(bytes: [UInt8], now: UInt64, lifeNanoseconds: UInt64) {
        self.bytes = bytes
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
