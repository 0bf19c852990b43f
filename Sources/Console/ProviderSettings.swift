import Bytes
import JSON

/// What requests to a provider may need beside a credential: those keys of a config's target that say it.
enum ProviderSettings {
    static let names = plain + secrets

    private static let plain = [
        "resource_name", "azure_resource_name", "deployment_id", "azure_deployment_id", "api_version", "azure_api_version", "azure_auth_mode",
        "azure_entra_tenant_id", "azure_entra_client_id", "azure_entra_scope", "azure_managed_client_id", "azure_workload_client_id", "aws_access_key_id",
        "aws_session_token", "aws_region", "aws_auth_type", "aws_role_arn", "aws_external_id", "vertex_project_id", "vertex_region", "custom_host",
        "openai_organization", "openai_project", "openai_beta", "anthropic_beta",
    ]
    /// Those that are a credential, and then the only one.
    static let secrets = ["azure_ad_token", "ad_token", "azure_entra_client_secret", "aws_secret_access_key", "vertex_service_account_json"]

    /// As members of a body, in either spelling: `aws_region` and `awsRegion`.
    static let members = names.map { BodyField($0, .any, aliases: [camelCase($0)], "`\($0)` of `model_config`") }

    private static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    /// An object's names as a config has them: `awsRegion` is `aws_region`.
    static func snakeCase(_ node: DocumentNode) -> DocumentNode { .object(node.members.map { (snakeCase($0.name), $0.value) }) }

    private static func snakeCase(_ name: String) -> String {
        var text: [UInt8] = []
        for byte in name.utf8 {
            let lower = ASCII.lowercased(byte)
            if lower != byte, !text.isEmpty { text.append(UInt8(ascii: "_")) }
            text.append(lower)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
