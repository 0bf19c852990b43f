import JSON

/// The keys of an Azure OpenAI target.
/// - Source: the wire reference §6.4
extension ConfigReader {
    /// How a caller proves itself to Azure, beside a key.
    static let azureModes = ["default", "apiKey", "entra", "managed", "workload"]

    mutating func azure(_ fields: Fields, into config: inout Config) {
        if let found = fields["resource_name"] { config.azure.resource = resource(found) ?? "" }
        if let found = fields["deployment_id"] { config.azure.deployment = headerText(found) ?? "" }
        if let found = fields["api_version"] { config.azure.apiVersion = version(found) ?? "" }
        var secret: (field: Field, isToken: Bool)?
        if let found = fields["azure_ad_token"] { secret = (found, true) }
        if let found = fields["azure_entra_client_secret"] { secret = (found, false) }
        if let secret {
            if config.apiKey != nil {
                schema.report("a target has an api_key, an azure_ad_token or an Entra client's secret, and only one of them", kind: .meaning, at: secret.field)
            }
            config.apiKey = apiKey(secret.field)
            config.azure.usesToken = secret.isToken
        }
        if let found = fields["azure_entra_tenant_id"] { config.azure.entraTenant = resource(found) ?? "" }
        if let found = fields["azure_entra_client_id"] { config.azure.entraClient = headerText(found) ?? "" }
        if let found = fields["azure_entra_scope"] { config.azure.entraScope = headerText(found) ?? "" }
        let managed = fields["azure_managed_client_id"].flatMap { headerText($0) }
        let workload = fields["azure_workload_client_id"].flatMap { headerText($0) }
        guard let found = fields["azure_auth_mode"], let mode = schema.string(found) else { return }
        check(mode, found, config)
        switch mode {
        case "managed": takeIdentity(.managed, client: managed, found, into: &config)
        case "workload": takeIdentity(.workload, client: workload, found, into: &config)
        default: break
        }
    }

    /// The machine's identity is the operator's: where its tokens go, no caller says.
    private mutating func takeIdentity(_ identity: AzureIdentity, client: String?, _ field: Field, into config: inout Config) {
        guard origin == .file else {
            schema.report(
                "\(quoted("azure_auth_mode")) \(identity) asks with the identity of the gateway's machine, which only configs of its file may",
                hint: "declare the config in the file and name it", kind: .meaning, at: field)
            return
        }
        if config.apiKey != nil || config.virtualKey != nil || config.has.contains(.credentials) {
            schema.report("a target with \(quoted("azure_auth_mode")) \(identity) has no other credential", kind: .meaning, at: field)
        }
        config.azure.identity = identity
        config.azure.identityClient = client ?? ""
    }

    private mutating func check(_ mode: String, _ field: Field, _ config: Config) {
        switch mode {
        case "entra":
            if config.azure.entraTenant.isEmpty || config.azure.entraClient.isEmpty {
                let hint = "set azure_entra_tenant_id, azure_entra_client_id and azure_entra_client_secret"
                schema.report("azure_auth_mode \"entra\" needs a client of Entra's", hint: hint, kind: .meaning, at: field)
            }
        case _ where ConfigReader.azureModes.contains(mode): break
        default: schema.report("unknown azure_auth_mode \(quoted(mode))", hint: "one of default, entra, managed, workload", at: field)
        }
    }

    /// A name that becomes part of a host or of a path at Microsoft's: nothing that could lead elsewhere.
    private mutating func resource(_ field: Field) -> String? {
        guard let text = headerText(field) else { return nil }
        guard text.utf8.count <= 64, text.utf8.allSatisfy({ isNameByte($0) }), let first = text.first, let last = text.last, first.isLetter || first.isNumber,
            last.isLetter || last.isNumber
        else {
            schema.report("\(quoted(field.name)) is up to 64 letters, digits, \".\" and \"-\"", at: field)
            return nil
        }
        return text
    }

    private mutating func version(_ field: Field) -> String? {
        guard let text = headerText(field) else { return nil }
        guard text.utf8.count <= 64, text.utf8.allSatisfy({ isNameByte($0) }) else {
            schema.report("\(quoted(field.name)) is a date such as 2024-10-21, or v1", at: field)
            return nil
        }
        return text
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
