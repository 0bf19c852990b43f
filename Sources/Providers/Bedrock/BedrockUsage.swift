import Bytes
import JSON

/// Converse's `usage`, where it stands in an answer that is translated.
///
/// `inputTokens` leaves the cache out, as Anthropic's does.
/// - Source: Amazon Bedrock API Reference, "TokenUsage", "CacheDetail"
enum BedrockUsage {
    static func read(_ counts: JSONValue) -> ReportedUsage { UsageScan.read(counts.bytes, as: .bedrockUsage) }
}
