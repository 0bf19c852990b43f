public import Bytes
import JSON

/// Writes a stream of Anthropic's events from an answer's pieces.
///
///     begin ─▶ message_start
///     text, thinking, toolCall ─▶ (content_block_stop) content_block_start content_block_delta …
///     finish, usage ─▶ kept
///     end ─▶ (content_block_stop) message_delta message_stop
///
/// Anthropic's blocks do not interleave, and nothing is held back: a piece of a call whose block is closed cannot be told any more.
/// Hosts finish one call before the next; of one that does not, the stream ends with an error rather than with a call cut short.
/// A message is one choice: others are not shown. `message_start` goes out at once, so its counts are 0 and `message_delta` has all.
/// - Source: Claude Platform docs "Streaming messages"
public struct AnthropicAnswerWriter: BitwiseCopyable {
    private let options: AnswerOptions
    private var hasStarted = false
    private var hasEnded = false
    /// The answer could not be told to its end, and the client knows: nothing more is said, and the stream does not end cleanly.
    public private(set) var hasFailed = false
    private var open = AnthropicBlock.none
    /// The open block's index, or the next one's when none is open.
    private var index = 0
    private var ending = AnthropicEnding()

    public init(_ options: AnswerOptions) { self.options = options }

    public mutating func write(_ piece: AnswerPiece, to writer: inout ByteWriter) {
        guard piece.choice == 0, !hasEnded else { return }
        switch piece.kind {
        case .begin(let id, let model): start(id: id, model: model, to: &writer)
        case .text(let text): writeDelta(.text, "text_delta", "text", text, to: &writer)
        case .refusal(let text):
            ending.isRefusal = true
            writeDelta(.text, "text_delta", "text", text, to: &writer)
        case .thinking(let thinking): writeDelta(.thinking, "thinking_delta", "thinking", thinking, to: &writer)
        case .signature(let signature):
            writeDelta(.thinking, "signature_delta", "signature", signature, to: &writer)
            if open == .thinking { close(to: &writer) }
        case .redactedThinking(let data):
            openBlock(.redacted, to: &writer) { writer in
                writer.append("{\"type\":\"redacted_thinking\",\"data\":")
                writer.append(asIs: data)
                writer.append("}")
            }
            close(to: &writer)
        case .toolCall(let id, let name, signature: _):
            if open == .tool(piece.slot) { return }
            if ending.calls > piece.slot { return fail("the provider returned to a tool call it had left; this dialect cannot tell that", to: &writer) }
            let options = options
            openBlock(.tool(piece.slot), to: &writer) { writer in
                AnthropicBlock.writeCall(id: id, name: name, slot: piece.slot, options, to: &writer)
                writer.append("{}}")
            }
            ending.calls = piece.slot &+ 1
        case .argumentsText(let text):
            if text.content.isEmpty { return }
            guard open == .tool(piece.slot) else { return failOnLateArguments(to: &writer) }
            writeDelta(.tool(piece.slot), "input_json_delta", "partial_json", text, to: &writer)
        case .arguments(let value):
            guard open == .tool(piece.slot) else { return failOnLateArguments(to: &writer) }
            beginDelta("input_json_delta", "partial_json", to: &writer)
            writer.append(jsonString: value.bytes)
            writer.append("}}\n\n")
        case .image: fail("the provider answered with a picture, which this dialect has no block for", to: &writer)
        case .native, .logprobs: break
        case .finish(let reason, word: _, let sequence): ending.finish(reason, sequence)
        case .usage(let usage): ending.usage = usage
        case .failure(let fault):
            hasEnded = true
            hasFailed = true
            AnthropicError.writeEvent(fault, to: &writer)
        }
    }

    /// Ends the stream, once; after a failure there is nothing left to say.
    public mutating func end(to writer: inout ByteWriter) {
        if hasEnded { return }
        start(id: nil, model: nil, to: &writer)
        close(to: &writer)
        hasEnded = true
        writer.append("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{")
        ending.writeReason(to: &writer)
        writer.append("},\"usage\":")
        ending.usage.writeAnthropic(to: &writer)
        writer.append("}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
    }

    // MARK: Events

    private mutating func start(id: JSONString?, model: JSONString?, to writer: inout ByteWriter) {
        if hasStarted { return }
        hasStarted = true
        writer.append("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{")
        AnthropicBlock.writeHead(id: id, model: model, options, to: &writer)
        writer.append(",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":")
        ending.usage.writeAnthropic(to: &writer)
        writer.append("}}\n\n")
    }

    private mutating func openBlock(_ block: AnthropicBlock, to writer: inout ByteWriter, _ content: (inout ByteWriter) -> Void) {
        start(id: nil, model: nil, to: &writer)
        close(to: &writer)
        open = block
        writer.append("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":")
        writer.append(decimal: index)
        writer.append(",\"content_block\":")
        content(&writer)
        writer.append("}\n\n")
    }

    private mutating func close(to writer: inout ByteWriter) {
        if open == .none { return }
        open = .none
        writer.append("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":")
        writer.append(decimal: index)
        writer.append("}\n\n")
        index &+= 1
    }

    private mutating func writeDelta(
        _ block: AnthropicBlock, _ type: StaticString, _ member: StaticString, _ text: JSONString, to writer: inout ByteWriter
    ) {
        if text.content.isEmpty { return }
        if open != block {
            openBlock(block, to: &writer) { writer in
                if block == .text {
                    writer.append("{\"type\":\"text\",\"text\":\"\"}")
                } else {
                    writer.append("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
                }
            }
        }
        beginDelta(type, member, to: &writer)
        writer.append(asIs: text)
        writer.append("}}\n\n")
    }

    private func beginDelta(_ type: StaticString, _ member: StaticString, to writer: inout ByteWriter) {
        writer.append("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":")
        writer.append(decimal: index)
        writer.append(",\"delta\":{\"type\":\"")
        writer.append(type)
        writer.append("\",\"")
        writer.append(member)
        writer.append("\":")
    }

    // MARK: Failures

    private mutating func failOnLateArguments(to writer: inout ByteWriter) {
        fail("the provider sent arguments of a tool call that is not open; this dialect cannot tell that", to: &writer)
    }

    private mutating func fail(_ message: StaticString, to writer: inout ByteWriter) {
        hasEnded = true
        hasFailed = true
        AnthropicError.writeEvent(UpstreamFault(message: JSONString(content: ByteSlice(message), hasEscapes: false)), to: &writer)
    }
}
