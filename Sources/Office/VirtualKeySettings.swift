import Bytes
import JSON

/// What a virtual key or an integration says beside its credential, in a config's words.
///
/// Consoles and SDKs spell it in two ways: `resourceName` and `azure_resource_name`.
struct VirtualKeySettings {
    /// A config of one target; nil where nothing is said that a target could have.
    let text: [UInt8]?
    /// Whether a credential is among it, which then is the only one.
    let holdsSecret: Bool
    /// What has no effect here.
    let unknown: [String]

    private static let options: Set<String> = [
        "resource_name", "deployment_id", "api_version", "azure_auth_mode", "azure_entra_tenant_id", "azure_entra_client_id", "azure_entra_scope",
        "azure_managed_client_id", "azure_workload_client_id", "aws_access_key_id", "aws_session_token", "aws_region", "aws_auth_type", "aws_role_arn",
        "aws_external_id", "vertex_project_id", "vertex_region", "custom_host", "openai_organization", "openai_project", "openai_beta", "anthropic_beta",
    ]
    private static let secrets: Set<String> = [
        "azure_ad_token", "azure_entra_client_secret", "aws_secret_access_key", "vertex_service_account_json",
    ]
    /// One name for what has two.
    private static let plainNames = [
        "azure_resource_name": "resource_name", "azure_deployment_id": "deployment_id", "deployment_name": "deployment_id",
        "azure_deployment_name": "deployment_id", "azure_api_version": "api_version", "ad_token": "azure_ad_token",
    ]
    private static let lists = ["deployment_config", "azure_deployment_config"]
    /// For consoles alone.
    private static let labels: Set<String> = ["azure_model_name", "azure_model_slug", "alias", "is_default", "id", "name"]

    /// - Parameters:
    ///   - documents: JSON objects; what a later one says goes before what an earlier one does.
    ///   - hasCredential: whether there is one beside them.
    init(_ documents: [String], provider: String, hasCredential: Bool) {
        var found: [String: DocumentNode] = [:]
        var unknown: [String] = []
        for document in documents { VirtualKeySettings.read(document, into: &found, &unknown) }
        holdsSecret = found.keys.contains { VirtualKeySettings.secrets.contains($0) }
        self.unknown = unknown
        guard !found.isEmpty else {
            text = nil
            return
        }
        func string(_ text: String) -> DocumentNode { DocumentNode(.string(text), at: .start) }
        found["provider"] = string(provider)
        // The compiler wants what some options need beside them. What is in the vault takes its place.
        if hasCredential, !holdsSecret { found["api_key"] = string("vault") }
        let members = found.sorted { $0.key < $1.key }.map { DocumentMember(name: $0.key, position: .start, value: $0.value) }
        text = DocumentNode(.object(members), at: .start).json
    }

    private static func read(_ document: String, into found: inout [String: DocumentNode], _ unknown: inout [String]) {
        let parsed = Array(document.utf8).withByteSlice { DocumentParser.parse($0).document }
        guard case .object(let members) = parsed?.root.value else { return unknown.append("what is no JSON object") }
        for member in members where !isEmpty(member.value) {
            let name = plainName(member.name)
            if lists.contains(name) {
                readDeployments(member.value, into: &found)
            } else if options.contains(name) || secrets.contains(name) {
                found[name] = member.value
            } else if !labels.contains(name) {
                unknown.append(quoted(name))
            }
        }
    }

    /// One deployment of a resource is meant whatever the model. Of several, the request's model names it, as it does without any.
    private static func readDeployments(_ list: DocumentNode, into found: inout [String: DocumentNode]) {
        guard case .array(let elements) = list.value else { return }
        let rows = elements.compactMap { element -> [String: DocumentNode]? in
            guard case .object(let members) = element.value else { return nil }
            return Dictionary(members.map { (plainName($0.name), $0.value) }) { $1 }
        }
        func isDefault(_ row: [String: DocumentNode]) -> Bool {
            if case .boolean(true) = row["is_default"]?.value { return true }
            return false
        }
        guard let row = rows.first(where: isDefault) ?? rows.first else { return }
        if rows.count == 1, let name = row["deployment_id"] { found["deployment_id"] = name }
        if let version = row["api_version"] { found["api_version"] = version }
    }

    private static func isEmpty(_ node: DocumentNode) -> Bool {
        switch node.value {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        default: false
        }
    }

    /// `awsAccessKeyId` is `aws_access_key_id`.
    private static func plainName(_ name: String) -> String {
        var text: [UInt8] = []
        for byte in name.utf8 {
            let lower = ASCII.lowercased(byte)
            if lower != byte, !text.isEmpty { text.append(UInt8(ascii: "_")) }
            text.append(lower)
        }
        let spelled = String(decoding: text, as: UTF8.self)
        return plainNames[spelled] ?? spelled
    }
}
