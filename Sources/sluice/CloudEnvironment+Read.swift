import Foundation
import Gateway

extension CloudEnvironment {
    /// What the environment says, under the names the clouds' own SDKs know it by.
    static func read() throws -> CloudEnvironment {
        var clouds = CloudEnvironment()
        clouds.azureAuthority = try endpoint("AZURE_AUTHORITY_HOST")
        // Not where a secret goes, but where a token comes from: the link-local address is one only this machine reaches.
        clouds.azureMetadata = try endpoint("AZURE_POD_IDENTITY_AUTHORITY_HOST", or: "http://169.254.")
        clouds.azureTenant = text("AZURE_TENANT_ID") ?? ""
        clouds.azureClient = text("AZURE_CLIENT_ID") ?? ""
        clouds.azureTokenFile = text("AZURE_FEDERATED_TOKEN_FILE") ?? ""
        clouds.googleTokenEndpoint = try endpoint("GOOGLE_TOKEN_URI")
        clouds.amazonTokenService = try endpoint("AWS_ENDPOINT_URL_STS")
        clouds.amazonStorage = try endpoint("AWS_ENDPOINT_URL_S3")
        clouds.googleStorage = try endpoint("STORAGE_EMULATOR_HOST")
        return clouds
    }

    /// Secrets go there: https, or this machine.
    private static func endpoint(_ name: String, or prefix: String = "https://") throws -> String? {
        guard var text = text(name) else { return nil }
        while text.hasSuffix("/") { text.removeLast() }
        if ["https://", "http://127.0.0.1:", "http://localhost:", prefix].contains(where: { text.hasPrefix($0) }) { return text }
        throw StartError("\(name) is an https:// URL, not \(text)")
    }

    private static func text(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
