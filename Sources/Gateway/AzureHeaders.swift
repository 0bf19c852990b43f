import Bytes
import HTTP

/// What `x-portkey-azure-…` headers say of a deployment, for requests whose headers name the provider.
/// - Source: the wire reference §2.1
struct AzureHeaders {
    private(set) var resource = ByteSlice("")
    private(set) var deployment = ByteSlice("")
    private(set) var apiVersion = ByteSlice("")
    /// A token of Entra's, or a client's secret: it takes the place of the caller's credential.
    private(set) var token = ByteSlice("")
    private(set) var clientSecret = ByteSlice("")
    private(set) var tenant = ByteSlice("")
    private(set) var client = ByteSlice("")
    private(set) var scope = ByteSlice("")
    /// The caller asks for the identity of the gateway's machine, which is not its to use.
    private(set) var wantsIdentity = false
    private(set) var isGiven = false

    /// Whether they say where a request, or a secret, goes.
    var namesPlace: Bool { !resource.isEmpty || !tenant.isEmpty || !client.isEmpty || !scope.isEmpty }

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
        let prefix = ByteSlice("x-portkey-azure-")
        guard name.count > prefix.count, name.prefix(prefix.count).equalsIgnoringCase(prefix), !value.isEmpty else { return }
        let rest = name.dropFirst(prefix.count)
        if rest.equalsIgnoringCase("resource-name") { resource = value }
        else if rest.equalsIgnoringCase("deployment-id") { deployment = value }
        else if rest.equalsIgnoringCase("api-version") { apiVersion = value }
        else if rest.equalsIgnoringCase("ad-token") { token = value }
        else if rest.equalsIgnoringCase("entra-client-secret") { clientSecret = value }
        else if rest.equalsIgnoringCase("entra-tenant-id") { tenant = value }
        else if rest.equalsIgnoringCase("entra-client-id") { client = value }
        else if rest.equalsIgnoringCase("entra-scope") { scope = value }
        else if rest.equalsIgnoringCase("auth-mode") { wantsIdentity = value.equalsIgnoringCase("managed") || value.equalsIgnoringCase("workload") }
        else { return }
        isGiven = true
    }

    func write(to writer: inout ByteWriter) {
        for part in [resource, deployment, apiVersion, token, clientSecret, tenant, client, scope] {
            writer.append(part)
            writer.append(0)
        }
        if wantsIdentity { writer.append("i") }
    }
}
