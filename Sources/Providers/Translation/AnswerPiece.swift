public import Bytes
public import JSON

/// Why a model stopped, in nobody's words.
public enum FinishReason: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case stop
    /// One of the request's stop sequences came.
    case stopSequence
    case length
    case toolCalls
    /// A filter of the provider's cut the answer.
    case contentFilter
    /// The model itself declined.
    case refusal
    /// The provider paused a long turn, to be sent back and gone on with.
    case pause
    /// Anything else.
    case other
}

/// One thing an answer says, in nobody's dialect: between the reader of the provider's and the writer of the client's.
///
/// A whole answer is read as the same pieces as a stream of it, so that both come to the same message. Texts are string contents
/// as they stand in JSON; they borrow the provider's bytes until the reader's next call.
public struct AnswerPiece: BitwiseCopyable {
    public enum Kind: BitwiseCopyable {
        /// First, once: the answer's id and model, where the provider names them.
        case begin(id: JSONString?, model: JSONString?)
        case text(JSONString)
        case thinking(JSONString)
        /// Ends a run of thinking: the provider's proof that it is its own.
        case signature(JSONString)
        case redactedThinking(JSONString)
        case refusal(JSONString)
        /// A call opens; its arguments follow under the same `slot`. `signature` as in `ChatRequest.Content`.
        case toolCall(id: JSONString?, name: JSONString, signature: JSONString?)
        /// The next part of a call's arguments: JSON text as the content of a string.
        case argumentsText(JSONString)
        /// All of a call's arguments, as JSON.
        case arguments(JSONValue)
        /// A picture the model drew, base64.
        case image(type: ByteSlice, data: ByteSlice)
        /// What only the provider's dialect has a place for (citations, grounding, log probabilities, safety ratings), under its own name.
        case native(name: StaticString, JSONValue)
        /// OpenAI's `logprobs` of a choice.
        case logprobs(JSONValue)
        /// A choice is over. `word` is the provider's own for it, `sequence` the stop sequence that came.
        case finish(FinishReason, word: JSONString?, sequence: JSONString?)
        /// So far, for the whole answer; the last one stands.
        case usage(Usage)
        /// The provider failed in the middle of its answer.
        case failure(UpstreamFault)
    }

    public var kind: Kind
    /// Which of several answers to one request; from 0.
    public var choice: Int
    /// Which tool call of the choice; from 0, the same for all pieces of one call.
    public var slot: Int

    public init(_ kind: Kind, choice: Int = 0, slot: Int = 0) {
        self.kind = kind
        self.choice = choice
        self.slot = slot
    }
}

/// An error as a provider words it.
public struct UpstreamFault: BitwiseCopyable {
    public var message: JSONString
    /// The provider's own type of error, as Anthropic's `overloaded_error` or Gemini's `RESOURCE_EXHAUSTED`.
    public var type: JSONString?
    /// The provider's own code, a string or a number, as JSON.
    public var code: JSONValue?
    /// The member at fault, as JSON.
    public var parameter: JSONValue?
    public var requestID: JSONString?
    /// What the error would have been answered with, where it stands in a stream and its type tells.
    public var status: Int?

    public init(message: JSONString, type: JSONString? = nil, code: JSONValue? = nil, parameter: JSONValue? = nil, requestID: JSONString? = nil) {
        self.message = message
        self.type = type
        self.code = code
        self.parameter = parameter
        self.requestID = requestID
    }
}
