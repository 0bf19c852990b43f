import Bytes
import HTTP

/// What `x-portkey-vertex-…` headers say of a model's place, for requests whose headers name the provider.
/// - Source: the wire reference §2.1
struct VertexHeaders {
    private(set) var project = ByteSlice("")
    private(set) var region = ByteSlice("")
    /// A service account's key file, JSON: it takes the place of the caller's credential.
    private(set) var account = ByteSlice("")
    private(set) var isGiven = false

    init() {}

    init(_ fields: borrowing FieldTable, in message: ByteSlice) {
        fields.eachPortkeyOption("x-portkey-vertex-", in: message) { take($0, $1) }
    }

    private mutating func take(_ rest: ByteSlice, _ value: ByteSlice) {
        if rest.equalsIgnoringCase("project-id") { project = value }
        else if rest.equalsIgnoringCase("region") { region = value }
        else if rest.equalsIgnoringCase("service-account-json") { account = value }
        else { return }
        isGiven = true
    }

    func write(to writer: inout ByteWriter) {
        for part in [project, region, account] {
            writer.append(part)
            writer.append(0)
        }
    }
}
