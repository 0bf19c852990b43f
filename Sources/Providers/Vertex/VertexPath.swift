public import Bytes

/// Paths and hosts of Vertex AI: `/v1/projects/P/locations/R/publishers/google/models/M:generateContent`.
///
/// - Source: cloud.google.com/vertex-ai/docs/reference/rest; …/generative-ai/docs/partner-models/claude (`:rawPredict`), …/mistral,
///   …/migrate/openai/overview (`endpoints/openapi`); the wire reference §6.3b
public enum VertexPath {
    /// The place of a model: all of a path that no request changes.
    public struct Place {
        /// What stands for `/v1`.
        public var base: ByteSlice
        /// Letters, digits and a few marks: see `isName`.
        public var project: ByteSlice
        public var region: ByteSlice

        public init(base: ByteSlice, project: ByteSlice, region: ByteSlice) {
            self.base = base
            self.project = project
            self.region = region
        }
    }

    /// What Anthropic's models are told in their bodies in place of a field, as JSON.
    public static let anthropicVersion: StaticString = "\"vertex-2023-10-16\""

    /// The host of a region, `global` and the multi-regions `us` and `eu` among them.
    public static func host(ofRegion region: String) -> String {
        switch region {
        case "global": "aiplatform.googleapis.com"
        case "us", "eu": "aiplatform.\(region).rep.googleapis.com"
        default: "\(region)-aiplatform.googleapis.com"
        }
    }

    /// Cloud Storage, in whose paths buckets stand.
    public static let storageHost = "storage.googleapis.com"

    /// Whether `name`, of a region or a project, can stand in a host and a path without leading elsewhere. Projects of a domain have a colon.
    public static func isName(_ name: ByteSlice, ofProject: Bool) -> Bool {
        guard !name.isEmpty, name.count <= 64, ASCII.isLetter(name[0]) || ASCII.isDigit(name[0]) else { return false }
        for index in 0..<name.count {
            let byte = name[index]
            if ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") { continue }
            guard ofProject, byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") else { return false }
        }
        return name[name.count - 1] != UInt8(ascii: "-")
    }

    /// Writes the request target; false when the model's name cannot stand in a path, or the client's is not below `/v1`.
    ///
    /// - Parameters:
    ///   - target: the client's, or the one its translation goes to, with its query.
    ///   - model: nil for requests to no model, which go below the base as they are.
    ///   - name: the model's, decoded, without its publisher.
    public static func write(
        target: ByteSlice, endpoint: Endpoint, _ place: Place, model: VertexModel?, name: ByteSlice, isStream: Bool, into writer: inout ByteWriter
    ) -> Bool {
        let path = TargetPath.path(of: target)
        guard let rest = TargetPath.afterVersion(path) else { return false }
        writer.append(place.base)
        guard let model else {
            writer.append(rest)
            writer.append(target.dropFirst(path.count))
            return true
        }
        writer.append("/projects/")
        writer.append(place.project)
        writer.append("/locations/")
        writer.append(place.region)
        switch model.publisher {
        case .google:
            // The translation's own path names model and method.
            writer.append("/publishers/google")
            writer.append(rest)
            writer.append(target.dropFirst(path.count))
        case .anthropic where endpoint == .countTokens:
            writer.append("/publishers/anthropic/models/count-tokens:rawPredict")
        case .anthropic, .mistral:
            guard GeminiPath.isSegment(name) else { return false }
            writer.append(model.publisher == .anthropic ? "/publishers/anthropic/models/" : "/publishers/mistralai/models/")
            append(segment: name, to: &writer)
            writer.append(isStream ? ":streamRawPredict" : ":rawPredict")
        case .endpoint:
            guard GeminiPath.isSegment(name) else { return false }
            writer.append("/endpoints/")
            append(segment: name, to: &writer)
            writer.append("/chat/completions")
        case .meta, .written:
            writer.append("/endpoints/openapi/chat/completions")
        }
        return true
    }

    /// Percent-encoded, but for the `@` before a version, which stands for itself (RFC 3986 §3.3).
    private static func append(segment name: ByteSlice, to writer: inout ByteWriter) {
        var rest = name
        while let mark = rest.firstIndex(of: UInt8(ascii: "@")) {
            writer.append(percentEncoded: rest.prefix(mark))
            writer.append("@")
            rest = rest.dropFirst(mark + 1)
        }
        writer.append(percentEncoded: rest)
    }
}
