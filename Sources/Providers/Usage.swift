/// What one answer consumed, in tokens, in parts that do not overlap, and in what is charged for beside them.
///
/// Providers disagree on what includes what (OpenAI's `prompt_tokens` holds the cached ones,
/// Anthropic's `input_tokens` does not); here each token is counted in exactly one part, so a cost
/// is the sum of part times price. Every part is at most `Limits.tokenCount`, so no sum overflows.
public struct Usage: BitwiseCopyable, Sendable, Equatable {
    /// Prompt tokens read afresh, sound and pictures apart.
    public var input: Int64 = 0
    /// Prompt tokens served from the provider's cache, those of sound and pictures apart where it tells them.
    public var cachedRead: Int64 = 0
    /// Prompt tokens written to the provider's cache for five minutes, or for an unstated time.
    public var cacheWrite5m: Int64 = 0
    /// Prompt tokens written to the provider's cache for an hour.
    public var cacheWrite1h: Int64 = 0
    public var audioInput: Int64 = 0
    public var audioCached: Int64 = 0
    public var imageInput: Int64 = 0
    public var imageCached: Int64 = 0
    /// Tokens of the answer itself, reasoning, sound and pictures apart.
    public var output: Int64 = 0
    /// Tokens the model thought in, charged as output.
    public var reasoning: Int64 = 0
    public var audioOutput: Int64 = 0
    public var imageOutput: Int64 = 0
    /// Searches of the web that its provider made for it, each at a price of its own; no tokens, and in none of the sums below.
    public var webSearches: Int64 = 0

    public init() {}

    /// Takes out of it what `part` has of texts, as far as it has that much.
    /// - Returns: what was taken.
    public mutating func take(_ part: Usage) -> Usage {
        var taken = Usage()
        taken.input = Usage.take(part.input, from: &input)
        taken.cachedRead = Usage.take(part.cachedRead, from: &cachedRead)
        taken.cacheWrite5m = Usage.take(part.cacheWrite5m, from: &cacheWrite5m)
        taken.cacheWrite1h = Usage.take(part.cacheWrite1h, from: &cacheWrite1h)
        taken.output = Usage.take(part.output, from: &output)
        return taken
    }

    private static func take(_ count: Int64, from whole: inout Int64) -> Int64 {
        let taken = min(count, whole)
        whole -= taken
        return taken
    }

    /// All that came from the provider's cache.
    public var cachedTotal: Int64 { cachedRead + audioCached + imageCached }

    /// All tokens that went in, as OpenAI's `prompt_tokens` counts them.
    public var inputTotal: Int64 { input + cachedTotal + cacheWrite5m + cacheWrite1h + audioInput + imageInput }

    /// All tokens that came out, as OpenAI's `completion_tokens` counts them.
    public var outputTotal: Int64 { output + reasoning + audioOutput + imageOutput }

    public var total: Int64 { inputTotal + outputTotal }
}
