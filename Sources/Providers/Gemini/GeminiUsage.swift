import Bytes
import JSON

/// `usageMetadata`, where it stands in an answer that is translated.
///
/// - Source: ai.google.dev/api/generate-content#UsageMetadata
enum GeminiUsage {
    static func read(_ metadata: JSONValue) -> ReportedUsage { UsageScan.read(metadata.bytes, as: .geminiUsage) }
}
