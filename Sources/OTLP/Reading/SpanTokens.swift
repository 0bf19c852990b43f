import JSON

/// Tokens that a span says a call has taken, in parts that do not overlap.
///
/// What a dialect's total holds differs. OpenTelemetry's, OpenInference's and Traceloop's totals hold the tokens of caches, reasoning and audio; Langfuse's
/// parts stand beside one another, but for what it has from OpenAI as it came. The Vercel AI SDK gives on what the provider says, which is a total but for
/// Anthropic, until it began to tell of `inputTokenDetails`. A total that is less than its parts cannot hold them.
public struct SpanTokens: Equatable, Sendable {
    public var input: Int64 = 0
    public var cacheRead: Int64 = 0
    public var cacheWrite5m: Int64 = 0
    public var cacheWrite1h: Int64 = 0
    public var audioInput: Int64 = 0
    public var output: Int64 = 0
    public var reasoning: Int64 = 0
    public var audioOutput: Int64 = 0

    public init() {}

    /// Nil where a span says nothing of tokens.
    init?(_ attributes: Attributes, provider: String) {
        if let details = attributes.value(.usageDetails), let counts = SpanTokens(langfuse: details) {
            self = counts
            return
        }
        let (given, sum, fresh) = (attributes.count(.output), attributes.count(.total), attributes.count(.freshInput))
        guard let total = attributes.count(.input) ?? fresh ?? sum.map({ $0 - min($0, given ?? 0) }) ?? given.map({ _ in 0 }) else { return nil }
        self.init()
        cacheRead = attributes.count(.cacheRead) ?? 0
        cacheWrite5m = attributes.count(.cacheWrite) ?? 0
        audioInput = attributes.count(.audioInput) ?? 0
        reasoning = attributes.count(.reasoning) ?? 0
        audioOutput = attributes.count(.audioOutput) ?? 0
        let isApart = ProviderNames.countCachesApart.contains(provider) && attributes["ai.usage.cachedInputTokens"] != nil
            && attributes["gen_ai.usage.cache_read.input_tokens"] == nil
        input = fresh ?? (isApart ? total : SpanTokens.without(total, [cacheRead, cacheWrite5m, audioInput]))
        output = SpanTokens.without(given ?? 0, [reasoning, audioOutput])
    }

    /// What is left of a total without its parts; all of it where they cannot be in it.
    private static func without(_ total: Int64, _ parts: [Int64]) -> Int64 {
        var left = total
        for part in parts {
            guard left >= part else { return total }
            left -= part
        }
        return left
    }

    // MARK: Langfuse

    /// A map of counts, mostly as JSON in a text.
    init?(langfuse details: AttributeValue) {
        var counts: [String: Int64] = [:]
        switch details {
        case .text(let text):
            guard let root = DocumentParser.parse(text).document?.root, case .object(let members) = root.value else { return nil }
            SpanTokens.collect(members, below: "", &counts)
        case .map(let members):
            for member in members { counts[member.name] = member.value.integer }
        case .flag, .integer, .number, .list, .nothing: return nil
        }
        func first(_ names: String...) -> Int64? { names.lazy.compactMap { counts[$0] }.first.map { max(0, $0) } }
        let asOpenAI = first("prompt_tokens") != nil || (first("input_tokens") != nil && first("cache_read_input_tokens", "cache_creation_input_tokens") == nil)
        guard let input = first("input", "prompt_tokens", "input_tokens", "total") ?? first("output").map({ _ in 0 }) else { return nil }
        self.init()
        cacheRead = first(
            "input_cached_tokens", "cache_read_input_tokens", "input_cache_read", "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens") ?? 0
        cacheWrite1h = first("input_cache_creation_1h", "cache_creation.ephemeral_1h_input_tokens") ?? 0
        let written = first("cache_creation_input_tokens", "input_cache_creation")
        cacheWrite5m = first("input_cache_creation_5m") ?? written.map { max(0, $0 - min($0, cacheWrite1h)) } ?? 0
        audioInput = first("input_audio_tokens", "input_audio", "prompt_tokens_details.audio_tokens", "input_tokens_details.audio_tokens") ?? 0
        reasoning = first(
            "output_reasoning_tokens", "output_reasoning", "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens") ?? 0
        audioOutput = first("output_audio_tokens", "output_audio", "completion_tokens_details.audio_tokens", "output_tokens_details.audio_tokens") ?? 0
        let output = first("output", "completion_tokens", "output_tokens") ?? 0
        self.input = asOpenAI ? SpanTokens.without(input, [cacheRead, cacheWrite5m, audioInput]) : input
        self.output = asOpenAI ? SpanTokens.without(output, [reasoning, audioOutput]) : output
    }

    /// Counts by their path: `prompt_tokens_details.cached_tokens`.
    private static func collect(_ members: [DocumentMember], below path: String, _ counts: inout [String: Int64]) {
        for member in members {
            switch member.value.value {
            case .number(let number): counts[path + member.name] = number.integer
            case .object(let inner) where path.isEmpty: collect(inner, below: member.name + ".", &counts)
            case .object, .null, .boolean, .string, .array: break
            }
        }
    }
}
