public import Bytes
public import JSON

/// What a model is asked, in nobody's dialect: between the reader of the client's dialect and the writer of the provider's.
///
///     client's body ─ reader ─▶ ChatRequest ─ writer ─▶ provider's body
///
/// Everything in it borrows the client's body and the tape that was parsed from it. Texts stay as they stand in JSON, escapes
/// and all, and are copied out as they are. Make one a worker: `begin` keeps the room of its lists.
public struct ChatRequest {
    /// Who says something.
    public enum Role: UInt8, BitwiseCopyable, Sendable { case system, user, assistant }

    /// A tool's arguments: JSON inside a string, as OpenAI writes them, or JSON itself.
    public enum Arguments: BitwiseCopyable {
        case text(JSONString)
        case json(JSONValue)
    }

    /// A picture, a document, a recording.
    public struct Media: BitwiseCopyable {
        public enum Kind: UInt8, BitwiseCopyable, Sendable { case image, document, audio }

        public enum Source: BitwiseCopyable {
            case url(JSONString)
            /// Both as string contents: `image/png` (or `image\/png`), and the base64 digits.
            case base64(type: ByteSlice, data: ByteSlice)
            /// A document that is plain text.
            case text(JSONString)
            /// A file uploaded to the provider beforehand.
            case file(JSONString)
        }

        public var kind: Kind
        public var source: Source
        /// A file name or title.
        public var name: JSONString?
        /// OpenAI's `detail` of an image.
        public var detail: JSONString?

        public init(_ kind: Kind, _ source: Source, name: JSONString? = nil, detail: JSONString? = nil) {
            self.kind = kind
            self.source = source
            self.name = name
            self.detail = detail
        }
    }

    /// One piece of what is said.
    public enum Content: BitwiseCopyable {
        case text(JSONString)
        case media(Media)
        /// The assistant called a tool. `signature` is the provider's proof of the thinking behind it (Gemini's thought signature).
        case toolCall(id: JSONString?, name: JSONString, arguments: Arguments, signature: JSONString?)
        /// What a tool answered. The parts that follow with `isInResult` are its content.
        case toolResult(id: JSONString?, name: JSONString?, isError: Bool)
        case thinking(JSONString, signature: JSONString?)
        case redactedThinking(JSONString)
        case refusal(JSONString)
    }

    public struct Part: BitwiseCopyable {
        public var role: Role
        /// Whether a message of the client's starts here.
        public var opensMessage: Bool
        /// Whether it is content of the tool result before it.
        public var isInResult = false
        public var content: Content
        /// The client marked the prompt up to here for the provider's prompt cache: Anthropic's `cache_control`, whole.
        public var cacheMark: JSONValue?

        public init(_ role: Role, _ content: Content, opensMessage: Bool, isInResult: Bool = false, cacheMark: JSONValue? = nil) {
            self.role = role
            self.content = content
            self.opensMessage = opensMessage
            self.isInResult = isInResult
            self.cacheMark = cacheMark
        }
    }

    /// A function the model may call.
    public struct Tool: BitwiseCopyable {
        public var name: JSONString
        public var description: JSONString?
        /// The JSON schema of its arguments.
        public var parameters: JSONValue?
        /// OpenAI's and Anthropic's `strict`.
        public var isStrict: Bool?
        public var cacheMark: JSONValue?

        public init(name: JSONString, description: JSONString?, parameters: JSONValue?, isStrict: Bool? = nil, cacheMark: JSONValue? = nil) {
            self.name = name
            self.description = description
            self.parameters = parameters
            self.isStrict = isStrict
            self.cacheMark = cacheMark
        }
    }

    public enum ToolChoice: BitwiseCopyable {
        case auto
        case none
        /// Some tool must be called.
        case required
        case named(JSONString)
    }

    public enum Format: BitwiseCopyable {
        case text
        case jsonObject
        case jsonSchema(name: JSONString?, schema: JSONValue, isStrict: Bool?)
    }

    /// How much the model thinks before it speaks.
    public enum Reasoning: BitwiseCopyable {
        /// OpenAI's words and Anthropic's `output_config.effort`.
        case effort(Effort)
        /// Anthropic's `thinking.budget_tokens`.
        case budget(Int64)
        /// The model decides (Anthropic's `adaptive`).
        case adaptive
        case off
    }

    public enum Effort: UInt8, BitwiseCopyable, Sendable, CaseIterable {
        case minimal, low, medium, high, xhigh, max

        public var word: StaticString {
            switch self {
            case .minimal: "minimal"
            case .low: "low"
            case .medium: "medium"
            case .high: "high"
            case .xhigh: "xhigh"
            case .max: "max"
            }
        }
    }

    /// What a request says beside its messages. Each that is there must be honoured by the writer, or the client is told.
    public enum Parameter: UInt8, Sendable, CaseIterable {
        case maxTokens, temperature, topP, topK, stop, seed, count
        case frequencyPenalty, presencePenalty, logitBias, logprobs, topLogprobs
        case tools, toolChoice, parallelToolCalls, format, reasoning
        /// OpenAI's `user`, Anthropic's `metadata.user_id`.
        case user
        case metadata, serviceTier, store, modalities, audio, prediction, verbosity, promptCacheKey, safetyIdentifier
    }

    /// A member that is none of the parameters.
    public struct Extra: BitwiseCopyable {
        public let name: JSONString
        public let value: JSONValue?
    }

    private struct Given: BitwiseCopyable {
        /// The client's own name for it.
        var name: JSONString
        var value: JSONValue
    }

    public internal(set) var parts: ContiguousArray<Part> = []
    public internal(set) var tools: ContiguousArray<Tool> = []
    /// What the request says that no dialect but the client's knows: names for the warning, and the values of what stands at the top.
    public private(set) var extras: ContiguousArray<Extra> = []
    /// Nil when the request names none.
    public var model: JSONString?
    public var isStream = false
    /// The client wants a stream's usage: OpenAI's `stream_options.include_usage`; always, for Anthropic's.
    public var wantsUsage = false
    public var toolChoice: ToolChoice?
    public var format = Format.text
    public var reasoning: Reasoning?
    /// Whether the client forbids more than one call at a time; nil when it does not say.
    public var allowsParallelCalls: Bool?

    private var given = InlineArray<27, Given?>(repeating: nil)
    private var honoured: UInt32 = 0

    public init() {}

    /// Forgets all and keeps the room.
    public mutating func begin() {
        parts.removeAll(keepingCapacity: true)
        tools.removeAll(keepingCapacity: true)
        extras.removeAll(keepingCapacity: true)
        model = nil
        isStream = false
        wantsUsage = false
        toolChoice = nil
        format = .text
        reasoning = nil
        allowsParallelCalls = nil
        given = InlineArray(repeating: nil)
        honoured = 0
    }

    // MARK: For readers

    public mutating func append(_ part: Part) { parts.append(part) }
    public mutating func append(_ tool: Tool) { tools.append(tool) }

    /// Notes that the client's member `name` gives `parameter`; null is absent.
    public mutating func give(_ parameter: Parameter, _ name: JSONString, _ value: JSONValue) {
        if !value.isNull { given[Int(parameter.rawValue)] = Given(name: name, value: value) }
    }

    /// Notes a member that only the client's dialect has.
    /// - Parameter value: where the member stands in the body itself: a provider may know it by the same name.
    public mutating func giveExtra(_ name: JSONString, _ value: JSONValue? = nil) { extras.append(Extra(name: name, value: value)) }

    // MARK: For writers

    public func has(_ parameter: Parameter) -> Bool { given[Int(parameter.rawValue)] != nil }

    /// What the client calls `parameter`; empty when it is not there.
    public func name(of parameter: Parameter) -> ByteSlice { given[Int(parameter.rawValue)]?.name.content ?? ByteSlice("") }

    /// The parameter's value, while it is open whether the writer honours it.
    public func value(of parameter: Parameter) -> JSONValue? { given[Int(parameter.rawValue)]?.value }

    /// The parameter's value, which the writer honours: it will not be told as dropped.
    public mutating func honour(_ parameter: Parameter) -> JSONValue? {
        honoured |= 1 << UInt32(parameter.rawValue)
        return given[Int(parameter.rawValue)]?.value
    }

    /// The value of the body's member `name`, which the writer honours: it will not be told as dropped.
    public mutating func takeExtra(_ name: StaticString) -> JSONValue? {
        guard let index = extras.firstIndex(where: { $0.value != nil && $0.name == name }) else { return nil }
        return extras.remove(at: index).value
    }

    /// Tells of all that was given and not honoured. Every writer ends with this.
    public func noteDropped(_ notes: inout TranslationNotes) {
        for parameter in Parameter.allCases where honoured & (1 << UInt32(parameter.rawValue)) == 0 {
            if let name = given[Int(parameter.rawValue)]?.name { notes.drop(name.content) }
        }
        for extra in extras { notes.drop(extra.name.content) }
    }
}
