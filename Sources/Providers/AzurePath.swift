public import Bytes

/// Paths of Azure OpenAI: `/openai/deployments/NAME/chat/completions?api-version=2024-10-21`, or below `/openai/v1` for the
/// version of that name, whose bodies name the deployment as their model.
/// - Source: Azure OpenAI REST API reference, "Data plane inference"; the wire reference §6.4
public enum AzurePath {
    /// The version asked for where nobody names one: the last dated one that is generally available.
    public static let defaultVersion: StaticString = "2024-10-21"

    public static func isVersionOne(_ version: ByteSlice) -> Bool { version == "v1" }

    /// Whether the version knows `stream_options`; older ones refuse members they do not know.
    /// - Source: Azure OpenAI REST API, versions 2024-09-01-preview and later
    public static func takesStreamOptions(_ version: ByteSlice) -> Bool {
        guard version.count >= 10, !isVersionOne(version) else { return true }
        let first = ByteSlice("2024-09-01")
        for index in 0..<10 where version[index] != first[index] { return version[index] > first[index] }
        return true
    }

    /// The host of a resource.
    public static func host(ofResource resource: String) -> String { "\(resource).openai.azure.com" }

    /// Whether requests to `endpoint` go to a deployment; the others go to the resource.
    public static func isDeployments(_ endpoint: Endpoint) -> Bool {
        switch endpoint {
        case .chatCompletions, .completions, .embeddings, .imagesGenerations, .imagesEdits, .audioSpeech, .audioTranscriptions, .audioTranslations: true
        default: false
        }
    }

    /// Writes the request target; false when the client's is not below `/v1`, or no deployment is named where one has to be.
    ///
    /// - Parameters:
    ///   - target: the client's, with its query.
    ///   - base: what stands before, as `/openai`.
    ///   - deployment: its name, any bytes; empty for none.
    public static func write(
        target: ByteSlice, endpoint: Endpoint, base: ByteSlice, deployment: ByteSlice, version: ByteSlice, into writer: inout ByteWriter
    ) -> Bool {
        let path = TargetPath.path(of: target)
        guard let rest = TargetPath.afterVersion(path) else { return false }
        var query = target.dropFirst(path.count)
        writer.append(base)
        if isVersionOne(version) {
            writer.append("/v1")
            writer.append(rest)
            writer.append(query)
            return true
        }
        if isDeployments(endpoint) {
            // A dot segment would be taken for a step (RFC 3986 §5.2.4).
            guard !deployment.isEmpty, !(deployment == "."), !(deployment == "..") else { return false }
            writer.append("/deployments/")
            writer.append(percentEncoded: deployment)
        }
        writer.append(rest)
        // A version that the client names itself stands.
        let isNamed = query.firstRange(of: ByteSlice("api-version=")) != nil
        if !isNamed {
            writer.append("?api-version=")
            writer.append(version.isEmpty ? ByteSlice(defaultVersion) : version)
            if query.count > 1 {
                writer.append("&")
                query = query.dropFirst(1)
            } else {
                query = ByteSlice("")
            }
        }
        writer.append(query)
        return true
    }
}
