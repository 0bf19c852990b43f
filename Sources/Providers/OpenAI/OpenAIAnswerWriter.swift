public import Bytes
import JSON

/// Writes answers as OpenAI's `chat.completion.chunk` events, or as one `chat.completion`.
///
/// A choice is one chunk with its role, then content, then one with its finish reason; usage is a chunk of its own, without
/// choices; `[DONE]` ends all. Not strict, a chunk has Portkey's `content_blocks` and the provider's own members beside OpenAI's.
/// - Source: openai-python `types/chat/chat_completion_chunk.py`; Portkey's gateway, `src/providers/anthropic/chatComplete.ts`
public struct OpenAIAnswerWriter: BitwiseCopyable {
    /// What has been said of one choice.
    struct Choice: BitwiseCopyable {
        /// Calls, of the first 32, whose arguments have not come.
        var bareCalls: UInt32 = 0
        /// The number of `content_blocks`' last block.
        var block: UInt16 = 0
        var blockKind = Block.none
        var flags: UInt8 = 0

        static let started: UInt8 = 1
        static let finished: UInt8 = 2
        static let hasCalls: UInt8 = 4
    }

    enum Block: UInt8, BitwiseCopyable { case none, text, thinking, closed }

    var envelope: OpenAIEnvelope
    private var choices = WrittenChoices(repeating: Choice())
    private var usage: Usage?
    private var hasFailed = false
    private var hasEnded = false

    public init(_ options: AnswerOptions) { envelope = OpenAIEnvelope(options) }

    /// Writes what `piece` adds, as whole events; some add none.
    public mutating func write(_ piece: AnswerPiece, to writer: inout ByteWriter) {
        guard !hasFailed, !hasEnded, piece.choice >= 0, piece.choice < Limits.choices else { return }
        let choice = piece.choice
        switch piece.kind {
        case .begin(let id, let model):
            envelope.name(id: id, model: model)
            start(choice, to: &writer)
        case .usage(let counts): usage = counts
        case .failure(let fault):
            hasFailed = true
            OpenAIError.writeEvent(fault, to: &writer)
        case .finish(let reason, let word, _): finish(choice, reason, word, to: &writer)
        default:
            start(choice, to: &writer)
            writeDelta(piece, choice, to: &writer)
        }
    }

    /// Writes what is still owed: finish reasons, usage, `[DONE]`. After a failure, which ends a stream itself, nothing.
    public mutating func end(to writer: inout ByteWriter) {
        guard !hasFailed, !hasEnded else { return }
        hasEnded = true
        var isAnyStarted = false
        for choice in choices.indices where choices[choice].flags & Choice.started != 0 {
            isAnyStarted = true
            finish(choice, .stop, nil, to: &writer)
        }
        if !isAnyStarted { finish(0, .stop, nil, to: &writer) }
        if envelope.includesUsage, let usage {
            envelope.open(to: &writer)
            writer.append("],\"usage\":")
            OpenAIUsage.write(usage, isStrict: envelope.isStrict, to: &writer)
            writer.append("}\n\n")
        }
        writer.append("data: [DONE]\n\n")
    }

    // MARK: Ends of a choice

    private mutating func start(_ choice: Int, to writer: inout ByteWriter) {
        guard choices[choice].flags & Choice.started == 0 else { return }
        choices[choice].flags |= Choice.started
        envelope.open(choice, to: &writer)
        writer.append("{\"role\":\"assistant\",\"content\":\"\"}")
        envelope.close(to: &writer)
    }

    private mutating func finish(_ choice: Int, _ reason: FinishReason, _ word: JSONString?, to writer: inout ByteWriter) {
        guard choices[choice].flags & Choice.finished == 0 else { return }
        start(choice, to: &writer)
        choices[choice].flags |= Choice.finished
        writeMissingArguments(choice, to: &writer)
        envelope.open(choice, to: &writer)
        writer.append("{},\"logprobs\":null,\"finish_reason\":")
        OpenAIEnvelope.writeFinish(reason, word, hasCalls: choices[choice].flags & Choice.hasCalls != 0, isStrict: envelope.isStrict, to: &writer)
        envelope.closeChoice(to: &writer)
    }

    /// Arguments are JSON, even of a call that has none.
    private mutating func writeMissingArguments(_ choice: Int, to writer: inout ByteWriter) {
        var bare = choices[choice].bareCalls
        choices[choice].bareCalls = 0
        while bare != 0 {
            openCall(choice, bare.trailingZeroBitCount, to: &writer)
            writer.append(",\"function\":{\"arguments\":\"{}\"}}]}")
            envelope.close(to: &writer)
            bare &= bare - 1
        }
    }

    // MARK: Deltas

    private mutating func writeDelta(_ piece: AnswerPiece, _ choice: Int, to writer: inout ByteWriter) {
        switch piece.kind {
        case .text(let text): writeText(text, choice, to: &writer)
        case .thinking(let text): writeBlock("thinking", text, .thinking, choice, to: &writer)
        case .signature(let signature):
            writeBlock("signature", signature, .thinking, choice, to: &writer)
            choices[choice].blockKind = .closed
        case .redactedThinking(let data):
            choices[choice].closeBlock()
            writeBlock("data", data, .closed, choice, to: &writer)
        case .refusal(let refusal):
            envelope.open(choice, to: &writer)
            writer.append("{\"refusal\":")
            writer.append(quoted: refusal)
            writer.append("}")
            envelope.close(to: &writer)
        case .toolCall(let id, let name, let signature): writeCall(id, name, signature, choice, piece.slot, to: &writer)
        case .argumentsText(let text):
            guard !text.content.isEmpty else { return }
            openArguments(choice, piece.slot, to: &writer)
            writer.append(quoted: text)
            writer.append("}}]}")
            envelope.close(to: &writer)
        case .arguments(let json):
            openArguments(choice, piece.slot, to: &writer)
            writer.append(jsonString: json.bytes)
            writer.append("}}]}")
            envelope.close(to: &writer)
        case .image(let type, let data): writeImage(type, data, choice, to: &writer)
        case .native(let name, let value):
            if envelope.isStrict { return }
            envelope.open(choice, to: &writer)
            writer.append("{")
            writer.append(jsonString: ByteSlice(name))
            writer.append(":")
            writer.append(oneLine: value)
            writer.append("}")
            envelope.close(to: &writer)
        case .logprobs(let value):
            envelope.open(choice, to: &writer)
            writer.append("{},\"logprobs\":")
            writer.append(oneLine: value)
            writer.append(",\"finish_reason\":null")
            envelope.closeChoice(to: &writer)
        case .begin, .usage, .failure, .finish: return
        }
    }

    private mutating func writeText(_ text: JSONString, _ choice: Int, to writer: inout ByteWriter) {
        envelope.open(choice, to: &writer)
        writer.append("{\"content\":")
        writer.append(quoted: text)
        if !envelope.isStrict {
            writer.append(",")
            openBlock(.text, choice, to: &writer)
            writer.append("\"text\":")
            writer.append(quoted: text)
            writer.append("}}]")
        }
        writer.append("}")
        envelope.close(to: &writer)
    }

    /// A delta of `content_blocks` alone: OpenAI has no place for it.
    private mutating func writeBlock(_ member: StaticString, _ text: JSONString, _ kind: Block, _ choice: Int, to writer: inout ByteWriter) {
        if envelope.isStrict { return }
        envelope.open(choice, to: &writer)
        writer.append("{")
        openBlock(kind, choice, to: &writer)
        writer.append(jsonString: ByteSlice(member))
        writer.append(":")
        writer.append(quoted: text)
        writer.append("}}]}")
        envelope.close(to: &writer)
    }

    private mutating func writeImage(_ type: ByteSlice, _ data: ByteSlice, _ choice: Int, to writer: inout ByteWriter) {
        if envelope.isStrict { return }
        choices[choice].closeBlock()
        envelope.open(choice, to: &writer)
        writer.append("{")
        openBlock(.closed, choice, to: &writer)
        OpenAIEnvelope.writeImage(type, data, to: &writer)
        writer.append("}]}")
        envelope.close(to: &writer)
    }

    private mutating func openBlock(_ kind: Block, _ choice: Int, to writer: inout ByteWriter) {
        choices[choice].enter(kind)
        writer.append("\"content_blocks\":[{\"index\":")
        writer.append(decimal: Int(choices[choice].block))
        // A picture's delta is a part of its own.
        writer.append(",\"delta\":{")
    }

    // MARK: Calls

    private mutating func writeCall(
        _ id: JSONString?, _ name: JSONString, _ signature: JSONString?, _ choice: Int, _ slot: Int, to writer: inout ByteWriter
    ) {
        choices[choice].flags |= Choice.hasCalls
        choices[choice].closeBlock()
        if slot >= 0, slot < 32 { choices[choice].bareCalls |= 1 << UInt32(slot) }
        openCall(choice, slot, to: &writer)
        writer.append(",\"id\":")
        envelope.writeCallID(id, choice, slot, to: &writer)
        writer.append(",\"type\":\"function\",\"function\":{\"name\":")
        writer.append(quoted: name)
        writer.append(",\"arguments\":\"\"")
        envelope.writeSignature(signature, to: &writer)
        writer.append("}}]}")
        envelope.close(to: &writer)
    }

    private mutating func openCall(_ choice: Int, _ slot: Int, to writer: inout ByteWriter) {
        envelope.open(choice, to: &writer)
        writer.append("{\"tool_calls\":[{\"index\":")
        writer.append(decimal: slot)
    }

    private mutating func openArguments(_ choice: Int, _ slot: Int, to writer: inout ByteWriter) {
        if slot >= 0, slot < 32 { choices[choice].bareCalls &= ~(1 << UInt32(slot)) }
        openCall(choice, slot, to: &writer)
        writer.append(",\"function\":{\"arguments\":")
    }
}

extension OpenAIAnswerWriter.Choice {
    /// Makes a block of `kind` the last one: the same goes on, another begins.
    mutating func enter(_ kind: OpenAIAnswerWriter.Block) {
        if blockKind != .none, blockKind != kind || kind == .closed { block &+= 1 }
        blockKind = kind
    }

    mutating func closeBlock() {
        if blockKind != .none { blockKind = .closed }
    }
}
