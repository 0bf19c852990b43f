public import Bytes

/// What a request's writer must know of the target beside the request itself.
public struct RequestOptions: BitwiseCopyable {
    /// The target takes `stream_options.include_usage`, and usage is wanted of every stream.
    public var takesIncludeUsage = false
    /// The target, which speaks OpenAI's dialect, takes `top_k` as well.
    public var takesTopK = false
    /// The target is Vertex AI, which wants some things otherwise than the maker of the model does.
    public var isVertex = false

    public init() {}
}

/// What an answer's writer must know beside the answer.
public struct AnswerOptions: BitwiseCopyable {
    /// Portkey's `strict_open_ai_compliance`: nothing but what OpenAI documents. False adds native finish reasons, `content_blocks`
    /// and the provider's own members to OpenAI's answers.
    public var isStrict = true
    /// The client asked for a stream's usage.
    public var includesUsage = false
    /// The client asked for a stream, and the provider answers whole.
    public var isStream = false
    /// The client asked for embeddings in base64.
    public var isBase64 = false
    /// Seconds since 1970, for answers whose provider states no time.
    public var created: Int64 = 0
    /// The request's own id, for answers that have none.
    public var identifier = InlineText<36>()
    /// The model asked for, as string content, for answers that name none.
    public var model = ModelText()

    public init() {}
}
