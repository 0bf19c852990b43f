/// What one answer consumed, in tokens, in parts that do not overlap.
///
/// Providers disagree on what includes what (OpenAI's `prompt_tokens` holds the cached ones,
/// Anthropic's `input_tokens` does not); here each token is counted in exactly one part, so a cost
/// is the sum of part times price. Every part is at most `Limits.tokenCount`, so no sum overflows.
public struct Usage: BitwiseCopyable, Sendable, Equatable {
    /// Prompt tokens read afresh, audio apart.
    public var input: Int64 = 0
    /// Prompt tokens served from the provider's cache.
    public var cachedRead: Int64 = 0
    /// Prompt tokens written to the provider's cache for five minutes, or for an unstated time.
    public var cacheWrite5m: Int64 = 0
    /// Prompt tokens written to the provider's cache for an hour.
    public var cacheWrite1h: Int64 = 0
    public var audioInput: Int64 = 0
    /// Tokens of the answer itself, reasoning and audio apart.
    public var output: Int64 = 0
    /// Tokens the model thought in, charged as output.
    public var reasoning: Int64 = 0
    public var audioOutput: Int64 = 0

    public init() {}

    /// All tokens that went in, as OpenAI's `prompt_tokens` counts them.
    public var inputTotal: Int64 { input + cachedRead + cacheWrite5m + cacheWrite1h + audioInput }

    /// All tokens that came out, as OpenAI's `completion_tokens` counts them.
    public var outputTotal: Int64 { output + reasoning + audioOutput }

    public var total: Int64 { inputTotal + outputTotal }
}
