import JSON

/// The keys of a Vertex AI target.
/// - Source: the wire reference §6.3b
extension ConfigReader {
    mutating func vertex(_ fields: Fields, into config: inout Config) {
        if let found = fields["vertex_project_id"] { config.vertex.project = place(found, marks: ".:") ?? "" }
        if let found = fields["vertex_region"] { config.vertex.region = place(found, marks: "") ?? "" }
        guard let found = fields["vertex_service_account_json"] else { return }
        if config.apiKey != nil || config.virtualKey != nil || config.has.contains(.credentials) {
            schema.report("a target has a service account or another credential, not both", kind: .meaning, at: found)
        }
        config.apiKey = account(found)
    }

    /// A project or a region, which become part of a host and a path at Google's: nothing that could lead elsewhere.
    private mutating func place(_ field: Field, marks: String) -> String? {
        guard let text = headerText(field) else { return nil }
        let isName = text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || marks.utf8.contains($0) }
        guard isName, text.utf8.count <= PolicyLimits.nameByteCount, text.utf8.first.map({ isAlphanumeric($0) }) == true, text.utf8.last != UInt8(ascii: "-")
        else {
            let allowed = marks.isEmpty ? "letters, digits and \"-\"" : "letters, digits, \"-\", \".\" and \":\""
            schema.report("\(quoted(field.name)) is up to \(PolicyLimits.nameByteCount) \(allowed)", at: field)
            return nil
        }
        return text
    }

    private func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// The account's key file, as an object or as its text; what it says is read where its tokens are asked for. Nothing of it
    /// appears in a message.
    private mutating func account(_ field: Field) -> String? {
        let text: String
        switch field.node.value {
        case .object: text = String(decoding: field.node.json, as: UTF8.self)
        case .string(let written): text = written
        default:
            schema.mismatch(field, wanted: "object", article: "the JSON of a service account's key file")
            return nil
        }
        guard text.utf8.first == UInt8(ascii: "{"), text.utf8.count <= PolicyLimits.accountByteCount else {
            schema.report("\(quoted(field.name)) is the JSON of a service account's key file, up to \(PolicyLimits.accountByteCount) bytes", at: field)
            return nil
        }
        return text
    }

    /// True or false, or the word for it, as SDKs write what stands in a header otherwise.
    mutating func flag(_ field: Field) -> Bool? {
        if case .string(let text) = field.node.value, text == "true" || text == "false" { return text == "true" }
        return schema.boolean(field)
    }
}
