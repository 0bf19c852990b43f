import Bytes
import JSON

/// What a model's id tells of how it may be asked.
///
/// An id is a foundation model's (`anthropic.claude-sonnet-4-5-20250929-v1:0`), an inference profile's (`us.anthropic.claude-…`), or an
/// ARN that ends with one of them. Of ARNs that name neither nothing is known, and they get what Converse has for all models.
/// - Source: Amazon Bedrock User Guide, "Supported models and model features", "Structured outputs", "Prompt caching", "Request parameters"
struct BedrockModel {
    enum Family: UInt8, Sendable {
        case claude
        /// Amazon Nova of the second generation, which reasons.
        case nova2
        case nova
        case mistral, cohere, gptOSS
        /// Amazon Titan, Meta, AI21 and Writer: what Converse has for all, and no more.
        case plain
        case other
    }

    let family: Family
    /// Claude's own facts; of any other family those that no model refuses.
    let claude: AnthropicModel

    init(_ name: JSONString) {
        let name = name.content
        family = BedrockModel.families.first { name.firstRange(of: ByteSlice($0.mark)) != nil }?.family ?? .other
        // Before its third generation the version stood where the size does now: `anthropic.claude-v2:1`, `anthropic.claude-instant-v1`.
        let isOld = name.firstRange(of: ByteSlice("claude-v2")) != nil
        claude = AnthropicModel(named: isOld ? ByteSlice("claude-2") : family == .claude ? name : ByteSlice(""))
    }

    /// The first whose mark stands in the id counts.
    private static let families: [(mark: StaticString, family: Family)] = [
        ("anthropic.claude", .claude), ("amazon.nova-2", .nova2), ("amazon.nova", .nova), ("mistral.", .mistral), ("cohere.", .cohere),
        ("openai.gpt-oss", .gptOSS), ("amazon.", .plain), ("meta.", .plain), ("ai21.", .plain), ("writer.", .plain),
    ]

    /// `outputConfig.textFormat` and a tool's `strict`.
    var hasStructuredOutputs: Bool {
        switch family {
        case .claude: claude.hasStructuredOutputs
        case .mistral, .gptOSS, .other: true
        case .nova2, .nova, .cohere, .plain: false
        }
    }

    /// Cache points in messages and system prompts.
    var hasCachePoints: Bool {
        switch family {
        case .claude, .nova2, .nova, .other: true
        case .mistral, .cohere, .gptOSS, .plain: false
        }
    }

    /// Cache points among tools.
    var hasToolCachePoints: Bool { family == .claude || family == .other }
}
