public import Bytes
import JSON

/// What block of content is being written.
enum AnthropicBlock: BitwiseCopyable, Equatable {
    case none, text, thinking, redacted
    /// With the call's slot.
    case tool(Int)

    /// Writes a message's members up to the model. An id of Anthropic's form is kept; others are replaced by one made from the request's.
    static func writeHead(id: JSONString?, model: JSONString?, _ options: AnswerOptions, to writer: inout ByteWriter) {
        writer.append("\"id\":\"")
        if let id, id.content.hasPrefix("msg_") {
            writer.append(id.content)
        } else {
            writer.append("msg_")
            options.identifier.withBytes { writer.append(jsonContent: $0) }
        }
        writer.append("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"")
        if let model, !model.content.isEmpty { writer.append(model.content) } else { options.model.withBytes { writer.append($0) } }
        writer.append("\"")
    }

    /// Writes a call up to its input. A call without an id gets one that no other of the conversation has.
    static func writeCall(id: JSONString?, name: JSONString, slot: Int, _ options: AnswerOptions, to writer: inout ByteWriter) {
        writer.append("{\"type\":\"tool_use\",\"id\":\"")
        if let id, !id.content.isEmpty {
            writer.append(id.content)
        } else {
            writer.append("toolu_")
            options.identifier.withBytes { writer.append(jsonContent: $0) }
            writer.append("_")
            writer.append(decimal: slot)
        }
        writer.append("\",\"name\":")
        writer.append(asIs: name)
        writer.append(",\"input\":")
    }
}

/// What is told last: why the model stopped, and what it took.
struct AnthropicEnding: BitwiseCopyable {
    var usage = Usage()
    /// Calls that were opened.
    var calls = 0
    /// The model declined, in text of its own, whatever word the provider ends with.
    var isRefusal = false
    private var reason = FinishReason.stop
    /// The stop sequence that came, where it fits; empty when none is known.
    private var sequence = ModelText()

    mutating func finish(_ reason: FinishReason, _ sequence: JSONString?) {
        self.reason = reason
        self.sequence.removeAll()
        if let content = sequence?.content, content.count <= 128 { self.sequence.set(content) }
    }

    /// Writes `stop_reason` and `stop_sequence`. Who reads `tool_use` looks for calls, and who reads another word does not.
    mutating func writeReason(to writer: inout ByteWriter) {
        writer.append("\"stop_reason\":\"")
        switch isRefusal && calls == 0 && reason != .length ? .refusal : reason {
        case .stop, .other, .toolCalls: writer.append(calls > 0 ? "tool_use" : "end_turn")
        case .stopSequence: writer.append("stop_sequence")
        case .length: writer.append("max_tokens")
        case .contentFilter, .refusal: writer.append("refusal")
        case .pause: writer.append("pause_turn")
        }
        writer.append("\",\"stop_sequence\":")
        if sequence.isEmpty { return writer.append("null") }
        writer.append("\"")
        sequence.withBytesInPlace { writer.append($0) }
        writer.append("\"")
    }
}

extension Usage {
    /// Writes Anthropic's `usage`: `input_tokens` without the cache, `output_tokens` with the thinking.
    func writeAnthropic(to writer: inout ByteWriter) {
        writer.append("{\"input_tokens\":")
        writer.append(decimal: Int(input + audioInput + imageInput))
        writer.append(",\"cache_creation_input_tokens\":")
        writer.append(decimal: Int(cacheWrite5m + cacheWrite1h))
        writer.append(",\"cache_read_input_tokens\":")
        writer.append(decimal: Int(cachedTotal))
        writer.append(",\"cache_creation\":{\"ephemeral_5m_input_tokens\":")
        writer.append(decimal: Int(cacheWrite5m))
        writer.append(",\"ephemeral_1h_input_tokens\":")
        writer.append(decimal: Int(cacheWrite1h))
        writer.append("},\"output_tokens\":")
        writer.append(decimal: Int(outputTotal))
        if reasoning > 0 {
            writer.append(",\"output_tokens_details\":{\"thinking_tokens\":")
            writer.append(decimal: Int(reasoning))
            writer.append("}")
        }
        writer.append("}")
    }
}

extension AnthropicAnswerWriter {
    /// Writes a whole message, in one pass over its pieces.
    /// - Throws: `.unreadable` when a call's arguments are no JSON object or the provider failed, `.unsupported` for a picture.
    public static func writeAnswer(
        _ options: AnswerOptions, to writer: inout ByteWriter, _ replay: ((AnswerPiece) -> Void) throws(TranslationFault) -> Void
    ) throws(TranslationFault) {
        var message = WholeMessage(options)
        try replay { piece in message.write(piece, to: &writer) }
        message.end(to: &writer)
        if let fault = message.fault { throw fault }
    }
}

/// A whole message being written.
private struct WholeMessage {
    private let options: AnswerOptions
    private(set) var fault: TranslationFault?
    private var hasStarted = false
    private var open = AnthropicBlock.none
    private var count = 0
    private var ending = AnthropicEnding()
    /// Where the open call's input starts in what is written.
    private var inputStart = 0

    init(_ options: AnswerOptions) { self.options = options }

    mutating func write(_ piece: AnswerPiece, to writer: inout ByteWriter) {
        guard piece.choice == 0, fault == nil else { return }
        switch piece.kind {
        case .begin(let id, let model): start(id: id, model: model, to: &writer)
        case .text(let text), .refusal(let text):
            if case .refusal = piece.kind { ending.isRefusal = true }
            if text.content.isEmpty { return }
            if open != .text { openBlock(.text, "{\"type\":\"text\",\"text\":\"", to: &writer) }
            writer.append(text.content)
        case .thinking(let thinking):
            if thinking.content.isEmpty { return }
            if open != .thinking { openBlock(.thinking, "{\"type\":\"thinking\",\"thinking\":\"", to: &writer) }
            writer.append(thinking.content)
        case .signature(let signature):
            if signature.content.isEmpty, open != .thinking { return }
            if open != .thinking { openBlock(.thinking, "{\"type\":\"thinking\",\"thinking\":\"", to: &writer) }
            writer.append("\",\"signature\":")
            writer.append(asIs: signature)
            writer.append("}")
            open = .none
        case .redactedThinking(let data):
            openBlock(.none, "{\"type\":\"redacted_thinking\",\"data\":", to: &writer)
            writer.append(asIs: data)
            writer.append("}")
        case .toolCall(let id, let name, signature: _):
            openBlock(.tool(piece.slot), "", to: &writer)
            AnthropicBlock.writeCall(id: id, name: name, slot: piece.slot, options, to: &writer)
            inputStart = writer.count
            ending.calls += 1
        case .argumentsText(let text):
            guard open == .tool(piece.slot) else { return failOnOrder() }
            text.decode(into: &writer)
        case .arguments(let value):
            guard open == .tool(piece.slot) else { return failOnOrder() }
            writer.append(value.bytes)
        case .image: fault = TranslationFault(.unsupported, "the provider answered with a picture, which Anthropic's dialect has no block for")
        case .native, .logprobs: break
        case .finish(let reason, word: _, let sequence): ending.finish(reason, sequence)
        case .usage(let usage): ending.usage = usage
        case .failure(let upstream):
            fault = TranslationFault(.unreadable, "the provider failed: \(String(upstream.message.content.prefix(min(upstream.message.content.count, 250))))")
        }
    }

    mutating func end(to writer: inout ByteWriter) {
        start(id: nil, model: nil, to: &writer)
        close(to: &writer)
        writer.append("],")
        ending.writeReason(to: &writer)
        writer.append(",\"usage\":")
        ending.usage.writeAnthropic(to: &writer)
        writer.append("}")
    }

    private mutating func start(id: JSONString?, model: JSONString?, to writer: inout ByteWriter) {
        if hasStarted { return }
        hasStarted = true
        writer.append("{")
        AnthropicBlock.writeHead(id: id, model: model, options, to: &writer)
        writer.append(",\"content\":[")
    }

    private mutating func openBlock(_ block: AnthropicBlock, _ opening: StaticString, to writer: inout ByteWriter) {
        start(id: nil, model: nil, to: &writer)
        close(to: &writer)
        open = block
        if count > 0 { writer.append(",") }
        count += 1
        writer.append(opening)
    }

    private mutating func close(to writer: inout ByteWriter) {
        switch open {
        case .none, .redacted: return
        case .text: writer.append("\"}")
        case .thinking: writer.append("\",\"signature\":\"\"}")
        case .tool:
            // What did not fit is judged when the caller writes again with more room.
            if !writer.overflowed {
                let input = writer.written.dropFirst(inputStart)
                if isBlank(input) {
                    writer.append("{}")
                } else if !ByteWriter.isObject(input) {
                    fault = fault ?? TranslationFault(.unreadable, "the provider's answer has a tool call whose arguments are no JSON object")
                }
            }
            writer.append("}")
        }
        open = .none
    }

    private func isBlank(_ text: ByteSlice) -> Bool {
        for index in 0..<text.count where text[index] > 0x20 { return false }
        return true
    }

    private mutating func failOnOrder() {
        fault = TranslationFault(.unreadable, "the provider's answer mixes the arguments of several tool calls")
    }
}
