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
        var form = Array("grant_type=client_credentials&client_id=".utf8)
        TokenSource.append(Array(client.utf8), to: &form)
        form += Array("&client_secret=".utf8)
        TokenSource.append(secret, to: &form)
        form += Array("&scope=".utf8)
        TokenSource.append(Array(scope.utf8), to: &form)
        return form
    }

    /// All but the unreserved as `%XX`.
    private static func append(_ value: [UInt8], to form: inout [UInt8]) {
        for byte in value {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                form.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                form += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}

/// A token and until when it serves.
public struct AccessToken: Sendable {
    public let bytes: [UInt8]
    /// On the monotonic clock.
    public let expiresAtNanoseconds: UInt64

    public init(bytes: [UInt8], expiresAtNanoseconds: UInt64) {
        self.bytes = bytes
        self.expiresAtNanoseconds = expiresAtNanoseconds
    }
}

/// What asking for a token came to.
public enum TokenOutcome: Sendable {
    case granted(AccessToken)
    /// Why not, for the client and the log; no secret.
    case refused(String)
}
