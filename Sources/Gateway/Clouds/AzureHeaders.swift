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

    init(_ fields: borrowing FieldTable, in message: ByteSlice) {
        fields.eachPortkeyOption("x-portkey-azure-", in: message) { take($0, $1) }
    }

    private mutating func take(_ rest: ByteSlice, _ value: ByteSlice) {
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
