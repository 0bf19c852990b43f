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

    /// Reads them where there are any: most requests have no field of that kind.
    init(_ fields: borrowing FieldTable, in message: ByteSlice) {
        guard fields.contains(.otherPortkey) else { return }
        var next = fields.firstIndex(of: .otherPortkey)
        while let index = next {
            take(message[fields[index].nameRange], message[fields[index].valueRange])
            next = fields.nextIndex(of: .otherPortkey, after: index)
        }
    }

    private mutating func take(_ name: ByteSlice, _ value: ByteSlice) {
        let prefix = ByteSlice("x-portkey-aws-")
        guard name.count > prefix.count, name.prefix(prefix.count).equalsIgnoringCase(prefix), !value.isEmpty else { return }
        let rest = name.dropFirst(prefix.count)
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
