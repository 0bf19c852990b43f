import Bytes
import HTTP

/// What `x-portkey-aws-…` headers say of the keys and the region, for requests whose headers name the provider.
/// - Source: the wire reference §2.1
struct AmazonHeaders {
    private(set) var accessKey = ByteSlice("")
    /// The secret access key: it takes the place of the caller's credential.
    private(set) var secret = ByteSlice("")
    private(set) var sessionToken = ByteSlice("")
    /// The role the keys assume, and what its owner wants to hear.
    private(set) var role = ByteSlice("")
    private(set) var externalID = ByteSlice("")
    private(set) var region = ByteSlice("")
    private(set) var authType = ByteSlice("")
    private(set) var isGiven = false

    /// Whether they say where a request goes, or in whose name.
    var namesPlace: Bool { !region.isEmpty || !accessKey.isEmpty || !role.isEmpty }

    init() {}

    init(_ fields: borrowing FieldTable, in message: ByteSlice) {
        fields.eachPortkeyOption("x-portkey-aws-", in: message) { take($0, $1) }
    }

    private mutating func take(_ rest: ByteSlice, _ value: ByteSlice) {
        if rest.equalsIgnoringCase("access-key-id") { accessKey = value }
        else if rest.equalsIgnoringCase("secret-access-key") { secret = value }
        else if rest.equalsIgnoringCase("session-token") { sessionToken = value }
        else if rest.equalsIgnoringCase("role-arn") { role = value }
        else if rest.equalsIgnoringCase("external-id") { externalID = value }
        else if rest.equalsIgnoringCase("region") { region = value }
        else if rest.equalsIgnoringCase("auth-type") { authType = value }
        else { return }
        isGiven = true
    }

    func write(to writer: inout ByteWriter) {
        for part in [accessKey, secret, sessionToken, role, externalID, region, authType] {
            writer.append(part)
            writer.append(0)
        }
    }
}
