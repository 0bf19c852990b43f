import Bytes

/// Messages, as Anthropic gives them.
/// - Source: anthropic 2.14.0, `types.Message`, `RawMessageStreamEvent`
extension Reply {
    func writeMessagesBody(into output: inout Output) {
        writeMessageOpening(into: &output)
        for index in parts.indices {
            if index > 0 { output.append(",") }
            switch parts[index].kind {
            case .call:
                writeUseOpening(index, into: &output)
                output.append(texts[parts[index].text])
                output.append("}")
            case .thinking:
                output.append("{\"type\":\"thinking\",\"thinking\":\"")
                writeText(index, into: &output)
                output.append("\",\"signature\":\"")
                output.append(Reply.signature)
                output.append("\"}")
            case .text, .refusal, .sound:
                output.append("{\"type\":\"text\",\"text\":\"")
                writeText(index, into: &output)
                output.append("\"}")
            }
        }
        output.append("],\"stop_reason\":\"")
        writeStop(into: &output)
        if saysUsage {
            output.append(",\"usage\":")
            writeMessageUsage(output: outputTokens, thinking: thinkingTokens, into: &output)
        }
        output.append("}")
    }

    /// Up to the opening of the content's array.
    private func writeMessageOpening(into output: inout Output) {
        output.append("{\"id\":\"")
        writeIdentifier("msg_", into: &output)
        output.append("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"")
        output.append(model)
        output.append("\",\"content\":[")
    }

    /// Up to the input.
    private func writeUseOpening(_ index: Int, into output: inout Output) {
        output.append("{\"type\":\"tool_use\",\"id\":\"")
        writeIdentifier("toolu_", parts[index].number, into: &output)
        output.append("\",\"name\":\"")
        output.append(texts[parts[index].name])
        output.append("\",\"input\":")
    }

    /// The stop reason's word and what belongs to it.
    private func writeStop(into output: inout Output) {
        switch finish {
        case .stop: output.append("end_turn")
        case .length: output.append("max_tokens")
        case .contentFilter, .refusal: output.append("refusal")
        case .stopSequence: output.append("stop_sequence")
        case .pause: output.append("pause_turn")
        case .calls: output.append("tool_use")
        }
        output.append("\",\"stop_sequence\":")
        if finish == .stopSequence {
            output.append("\"")
            output.append(stopSequence ?? ByteSlice("STOP"))
            output.append("\"")
        } else {
            output.append("null")
        }
        if finish == .contentFilter || finish == .refusal {
            output.append(",\"stop_details\":{\"type\":\"refusal\",\"category\":null,\"explanation\":null}")
        }
    }

    private func writeMessageUsage(output tokens: Int, thinking: Int, into output: inout Output) {
        output.append("{\"input_tokens\":")
        output.append(decimal: promptTokens)
        output.append(",\"output_tokens\":")
        output.append(decimal: tokens)
        output.append(",\"cache_creation_input_tokens\":")
        output.append(decimal: cacheWriteTokens)
        output.append(",\"cache_read_input_tokens\":")
        output.append(decimal: cachedTokens)
        if cacheWriteTokens > 0 {
            output.append(",\"cache_creation\":{\"ephemeral_5m_input_tokens\":")
            output.append(decimal: cacheWriteTokens)
            output.append(",\"ephemeral_1h_input_tokens\":0}")
        }
        if thinking > 0 { writeThinkingTokens(into: &output) }
        output.append("}")
    }

    private func writeThinkingTokens(into output: inout Output) {
        output.append(",\"output_tokens_details\":{\"thinking_tokens\":")
        output.append(decimal: thinkingTokens)
        output.append("}")
    }

    // MARK: Events

    func writeMessagesEvent(_ place: Place, _ cursor: inout Cursor, into output: inout Output) {
        switch place {
        case .begin:
            output.append("event: message_start\ndata: {\"type\":\"message_start\",\"message\":")
            writeMessageOpening(into: &output)
            output.append("],\"stop_reason\":null,\"stop_sequence\":null")
            if saysUsage {
                output.append(",\"usage\":")
                writeMessageUsage(output: 1, thinking: 0, into: &output)
            }
            output.append("}}\n\n")
        case .open(_, 1): output.append("event: ping\ndata: {\"type\":\"ping\"}\n\n")
        case .open(let part, _): writeBlockStart(part, into: &output)
        case .token(let part):
            beginBlockDelta(part, into: &output)
            switch parts[part].kind {
            case .text, .refusal, .sound: output.append("text_delta\",\"text\":\"")
            case .thinking: output.append("thinking_delta\",\"thinking\":\"")
            case .call: output.append("input_json_delta\",\"partial_json\":\"")
            }
            writeToken(part, &cursor, into: &output)
            output.append("\"}}\n\n")
        case .close(let part, 0) where parts[part].kind == .thinking:
            beginBlockDelta(part, into: &output)
            output.append("signature_delta\",\"signature\":\"")
            output.append(Reply.signature)
            output.append("\"}}\n\n")
        case .close(let part, _):
            output.append("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":")
            output.append(decimal: part)
            output.append("}\n\n")
        case .end(0):
            output.append("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"")
            writeStop(into: &output)
            output.append("}")
            if saysUsage {
                output.append(",\"usage\":{\"output_tokens\":")
                output.append(decimal: outputTokens)
                if thinkingTokens > 0 { writeThinkingTokens(into: &output) }
                output.append("}")
            }
            output.append("}\n\n")
        case .end: output.append("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
        }
    }

    private func writeBlockStart(_ part: Int, into output: inout Output) {
        output.append("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":")
        output.append(decimal: part)
        output.append(",\"content_block\":")
        switch parts[part].kind {
        case .call:
            writeUseOpening(part, into: &output)
            output.append("{}}")
        case .thinking: output.append("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
        case .text, .refusal, .sound: output.append("{\"type\":\"text\",\"text\":\"\"}")
        }
        output.append("}\n\n")
    }

    /// Up to the delta's type.
    private func beginBlockDelta(_ part: Int, into output: inout Output) {
        output.append("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":")
        output.append(decimal: part)
        output.append(",\"delta\":{\"type\":\"")
    }
}
