import Bytes
import JSON

/// One plain member of a chat completions request: what it gives, what it must be, what it is when absent.
/// - Source: openai-python `types/chat/completion_create_params.py`
struct OpenAIParameter {
    /// What a member's value must be.
    enum Shape {
        case number, integer, bool, string, object, array
        /// A whole number, at least 1.
        case count
        case stringOrStrings

        func check(_ value: JSONValue, _ name: JSONString) throws(TranslationFault) {
            guard !accepts(value) else { return }
            let name = String(name.content)
            throw TranslationFault(.invalid, "\(name) must be \(words)", parameter: name)
        }

        private func accepts(_ value: JSONValue) -> Bool {
            switch self {
            case .number: value.isNumber
            case .integer: value.integer != nil
            case .count: (value.integer ?? 0) > 0
            case .bool: value.bool != nil
            case .string: value.isString
            case .object: value.isObject
            case .array: value.isArray
            case .stringOrStrings: value.isString || (value.isArray && value.elements.allSatisfy(\.isString))
            }
        }

        private var words: String {
            switch self {
            case .number: "a number"
            case .integer: "a whole number"
            case .count: "a whole number, at least 1"
            case .bool: "true or false"
            case .string: "a string"
            case .object: "an object"
            case .array: "an array"
            case .stringOrStrings: "a string or an array of strings"
            }
        }
    }

    let parameter: ChatRequest.Parameter
    let shape: Shape

    private init(_ parameter: ChatRequest.Parameter, _ shape: Shape) {
        self.parameter = parameter
        self.shape = shape
    }

    /// The row of the member `name`; nil for those that need more than a look at their kind.
    init?(_ name: JSONString) {
        guard let row = OpenAIParameter.row(name) else { return nil }
        self = row
    }

    private static func row(_ name: JSONString) -> OpenAIParameter? {
        if name == "temperature" { return OpenAIParameter(.temperature, .number) }
        if name == "top_p" { return OpenAIParameter(.topP, .number) }
        if name == "top_k" { return OpenAIParameter(.topK, .integer) }
        if name == "stop" { return OpenAIParameter(.stop, .stringOrStrings) }
        if name == "seed" { return OpenAIParameter(.seed, .integer) }
        if name == "n" { return OpenAIParameter(.count, .count) }
        if name == "frequency_penalty" { return OpenAIParameter(.frequencyPenalty, .number) }
        if name == "presence_penalty" { return OpenAIParameter(.presencePenalty, .number) }
        if name == "logit_bias" { return OpenAIParameter(.logitBias, .object) }
        if name == "logprobs" { return OpenAIParameter(.logprobs, .bool) }
        if name == "top_logprobs" { return OpenAIParameter(.topLogprobs, .integer) }
        if name == "user" { return OpenAIParameter(.user, .string) }
        if name == "metadata" { return OpenAIParameter(.metadata, .object) }
        if name == "service_tier" { return OpenAIParameter(.serviceTier, .string) }
        if name == "store" { return OpenAIParameter(.store, .bool) }
        if name == "modalities" { return OpenAIParameter(.modalities, .array) }
        if name == "audio" { return OpenAIParameter(.audio, .object) }
        if name == "prediction" { return OpenAIParameter(.prediction, .object) }
        if name == "verbosity" { return OpenAIParameter(.verbosity, .string) }
        if name == "prompt_cache_key" { return OpenAIParameter(.promptCacheKey, .string) }
        if name == "safety_identifier" { return OpenAIParameter(.safetyIdentifier, .string) }
        return nil
    }

    /// Whether `value` is what OpenAI does when the member is absent.
    func isDefault(_ value: JSONValue) -> Bool {
        switch parameter {
        case .count: value.integer == 1
        case .frequencyPenalty, .presencePenalty: value.bytes == "0" || value.bytes == "0.0"
        case .topLogprobs: value.integer == 0
        case .logprobs, .store: value.bool == false
        case .logitBias, .metadata: value.isEmptyContainer
        case .serviceTier: value.is("auto")
        case .modalities: value.elements.allSatisfy { $0.is("text") }
        case .stop: value.isEmptyContainer
        default: false
        }
    }
}
