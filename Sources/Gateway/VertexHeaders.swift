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
        let prefix = ByteSlice("x-portkey-vertex-")
        guard name.count > prefix.count, name.prefix(prefix.count).equalsIgnoringCase(prefix), !value.isEmpty else { return }
        let rest = name.dropFirst(prefix.count)
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
