public import Bytes
public import JSON

/// Reads Anthropic's answers: messages, and streams of them event by event.
///
/// Blocks of server tools, which nobody else has, become `.native("content_block")`; their deltas `.native("content_block_delta")`;
/// a text's citations `.native("citations")`, one at a time. A refusal's explanation is a `.refusal`.
/// - Source: Claude Platform docs "Streaming messages", "Stop reasons"; `anthropic.types.RawMessageStreamEvent`
public struct AnthropicAnswerReader: BitwiseCopyable {
    /// What the open block is. Blocks follow each other and never interleave.
    private enum Block: UInt8, BitwiseCopyable { case none, text, thinking, tool, toolWithInput, native }

    private var block = Block.none
    private var toolCount = 0
    private var usage = AnthropicUsage()
    /// `message_stop` was seen.
    public private(set) var isComplete = false

    public init() {}

    // MARK: Whole answers

    public static func readAnswer(_ answer: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard answer.isObject, let content = answer["content"], content.isArray else {
            throw TranslationFault(.unreadable, "the provider's answer is no message: it has no content")
        }
        emit(AnswerPiece(.begin(id: answer["id"]?.string, model: answer["model"]?.string)))
        var reader = AnthropicAnswerReader()
        for block in content.elements { try reader.open(block, isWhole: true, emit) }
        readFinish(answer, emit)
        if let usage = answer["usage"] {
            reader.usage.read(usage)
            if let total = reader.usage.usage { emit(AnswerPiece(.usage(total))) }
        }
    }

    /// Reads `stop_reason` and what stands beside it.
    private static func readFinish(_ holder: JSONValue, _ emit: (AnswerPiece) -> Void) {
        guard let word = holder["stop_reason"]?.string else { return }
        if let explanation = holder["stop_details"]?["explanation"]?.string, !explanation.content.isEmpty {
            emit(AnswerPiece(.refusal(explanation)))
        }
        emit(AnswerPiece(.finish(FinishReason(anthropicWord: word), word: word, sequence: holder["stop_sequence"]?.string)))
    }

    // MARK: Streams

    /// Reads one event; what the documentation does not name is passed over, as it asks.
    /// - Parameter type: the event's name; the data's own `type` counts where it has one.
    public mutating func readEvent(type: ByteSlice, _ event: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        let name = event["type"]?.string ?? JSONString(content: type, hasEscapes: false)
        if name == "content_block_delta" {
            guard let delta = event["delta"], delta.isObject else { throw AnthropicAnswerReader.unreadable("content_block_delta", "delta") }
            try readDelta(delta, emit)
        } else if name == "content_block_start" {
            guard let block = event["content_block"], block.isObject else {
                throw AnthropicAnswerReader.unreadable("content_block_start", "content_block")
            }
            try open(block, isWhole: false, emit)
        } else if name == "content_block_stop" {
            block = .none
        } else if name == "message_start" {
            guard let message = event["message"], message.isObject else { throw AnthropicAnswerReader.unreadable("message_start", "message") }
            emit(AnswerPiece(.begin(id: message["id"]?.string, model: message["model"]?.string)))
            // Hosts that do not stream put the blocks here.
            if let content = message["content"] { for block in content.elements { try open(block, isWhole: true, emit) } }
            readUsage(message, emit)
        } else if name == "message_delta" {
            if let delta = event["delta"] { AnthropicAnswerReader.readFinish(delta, emit) }
            readUsage(event, emit)
        } else if name == "message_stop" {
            isComplete = true
        } else if name == "error" {
            guard let fault = AnthropicError.read(event) else { throw AnthropicAnswerReader.unreadable("error", "error") }
            emit(AnswerPiece(.failure(fault)))
        }
    }

    /// Reads the counts in `holder.usage` on top of those before: they are cumulative.
    private mutating func readUsage(_ holder: JSONValue, _ emit: (AnswerPiece) -> Void) {
        guard let counts = holder["usage"] else { return }
        usage.read(counts)
        if let total = usage.usage { emit(AnswerPiece(.usage(total))) }
    }

    // MARK: Blocks

    /// Reads the start of a block, or all of one.
    private mutating func open(_ value: JSONValue, isWhole: Bool, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard let type = value["type"]?.string else { throw TranslationFault(.unreadable, "the provider's answer has a block without a type") }
        if type == "text" {
            block = .text
            if let text = value["text"]?.string, !text.content.isEmpty { emit(AnswerPiece(.text(text))) }
            if let citations = value["citations"] {
                for citation in citations.elements { emit(AnswerPiece(.native(name: "citations", citation))) }
            }
        } else if type == "tool_use" {
            try openTool(value, isWhole: isWhole, emit)
        } else if type == "thinking" {
            block = .thinking
            if let thinking = value["thinking"]?.string, !thinking.content.isEmpty { emit(AnswerPiece(.thinking(thinking))) }
            if let signature = value["signature"]?.string, !signature.content.isEmpty { emit(AnswerPiece(.signature(signature))) }
        } else if type == "redacted_thinking" {
            block = .native
            guard let data = value["data"]?.string else { throw AnthropicAnswerReader.unreadable("redacted_thinking", "data") }
            emit(AnswerPiece(.redactedThinking(data)))
        } else {
            block = .native
            emit(AnswerPiece(.native(name: "content_block", value)))
        }
    }

    /// A stream's block starts with an empty input and has it in deltas; a host that has the input at once may not repeat it.
    private mutating func openTool(_ value: JSONValue, isWhole: Bool, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard let name = value["name"]?.string else { throw AnthropicAnswerReader.unreadable("tool_use", "name") }
        let slot = toolCount
        toolCount += 1
        block = .tool
        emit(AnswerPiece(.toolCall(id: value["id"]?.string, name: name, signature: nil), slot: slot))
        guard let input = value["input"] else { return }
        guard input.isObject else { throw AnthropicAnswerReader.unreadable("tool_use", "input") }
        if isWhole || !input.isEmptyContainer {
            block = .toolWithInput
            emit(AnswerPiece(.arguments(input), slot: slot))
        }
    }

    private func readDelta(_ delta: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard let type = delta["type"]?.string else { throw AnthropicAnswerReader.unreadable("content_block_delta", "delta.type") }
        if type == "text_delta" {
            guard let text = delta["text"]?.string else { throw AnthropicAnswerReader.unreadable("text_delta", "text") }
            if !text.content.isEmpty { emit(AnswerPiece(.text(text))) }
        } else if type == "input_json_delta" {
            guard let json = delta["partial_json"]?.string else { throw AnthropicAnswerReader.unreadable("input_json_delta", "partial_json") }
            if block == .native { return emit(AnswerPiece(.native(name: "content_block_delta", delta))) }
            if block == .tool, !json.content.isEmpty { emit(AnswerPiece(.argumentsText(json), slot: toolCount - 1)) }
        } else if type == "thinking_delta" {
            guard let thinking = delta["thinking"]?.string else { throw AnthropicAnswerReader.unreadable("thinking_delta", "thinking") }
            if !thinking.content.isEmpty { emit(AnswerPiece(.thinking(thinking))) }
        } else if type == "signature_delta" {
            guard let signature = delta["signature"]?.string else { throw AnthropicAnswerReader.unreadable("signature_delta", "signature") }
            if !signature.content.isEmpty { emit(AnswerPiece(.signature(signature))) }
        } else if type == "citations_delta" {
            if let citation = delta["citation"] { emit(AnswerPiece(.native(name: "citations", citation))) }
        }
    }

    private static func unreadable(_ event: StaticString, _ member: StaticString) -> TranslationFault {
        TranslationFault(.unreadable, "the provider's \(event) lacks its \(member)")
    }
}

extension FinishReason {
    /// - Source: Claude Platform docs "Stop reasons"
    init(anthropicWord word: JSONString) {
        if word == "end_turn" {
            self = .stop
        } else if word == "tool_use" {
            self = .toolCalls
        } else if word == "max_tokens" || word == "model_context_window_exceeded" {
            self = .length
        } else if word == "stop_sequence" {
            self = .stopSequence
        } else if word == "refusal" {
            self = .refusal
        } else if word == "pause_turn" {
            self = .pause
        } else {
            self = .other
        }
    }
}

/// The counts of Anthropic's `usage`, over the events of a stream.
struct AnthropicUsage: BitwiseCopyable {
    private var reported = ReportedUsage()

    /// Nil while the provider has reported none.
    var usage: Usage? {
        mutating get { reported.isMeaningful ? reported.normalised(.anthropic) : nil }
    }

    mutating func read(_ counts: JSONValue) {
        var counts = UsageScan.read(counts.bytes, as: .usage)
        reported.merge(&counts)
    }
}
