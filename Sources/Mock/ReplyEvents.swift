import Bytes

/// Answers as server-sent events: a few that open, one a token, a few that close.
extension Reply {
    /// Events before the first token.
    var openingEvents: Int {
        switch form {
        case .chat: 1
        case .completion: 0
        case .messages: 3
        case .responses: 4
        }
    }

    var closingEvents: Int {
        switch form {
        case .chat, .completion: includesUsage && saysUsage ? 3 : 2
        case .messages: 3
        case .responses: 4
        }
    }

    var eventCount: Int { openingEvents + tokenCount + closingEvents }

    /// Writes event `index`; tokens must be asked for in order, with the same cursor.
    func writeEvent(_ index: Int, _ cursor: inout Cursor, into output: inout Output) {
        switch form {
        case .chat: writeChatEvent(index, &cursor, into: &output)
        case .completion: writeCompletionEvent(index, &cursor, into: &output)
        case .messages: writeMessagesEvent(index, &cursor, into: &output)
        case .responses: writeResponsesEvent(index, &cursor, into: &output)
        }
    }

    // MARK: Chat completions

    private func writeChatEvent(_ index: Int, _ cursor: inout Cursor, into output: inout Output) {
        let closing = index - openingEvents - tokenCount
        if closing > 0 { return writeTail(closing, "chatcmpl-", object: "chat.completion.chunk", into: &output) }
        writeChunkOpening("chatcmpl-", object: "chat.completion.chunk", into: &output)
        output.append("[{\"index\":0,\"delta\":{")
        if closing == 0 {
            output.append("},\"logprobs\":null,\"finish_reason\":\"")
            output.append(toolName == nil ? "stop\"}]" : "tool_calls\"}]")
            return writeChunkClosing(into: &output)
        }
        if index == 0, let toolName {
            output.append("\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"")
            writeIdentifier("call_", into: &output)
            output.append("\",\"type\":\"function\",\"function\":{\"name\":\"")
            output.append(toolName)
            output.append("\",\"arguments\":\"\"}}]")
        } else if index == 0 {
            output.append("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null")
        } else if toolName != nil {
            output.append("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"")
            writeToken(&cursor, into: &output)
            output.append("\"}}]")
        } else {
            output.append("\"content\":\"")
            writeToken(&cursor, into: &output)
            output.append("\"")
        }
        output.append("},\"logprobs\":null,\"finish_reason\":null}]")
        writeChunkClosing(into: &output)
    }

    private func writeChunkOpening(_ prefix: StaticString, object: StaticString, into output: inout Output) {
        output.append("data: ")
        writeOpening(prefix, object: object, into: &output)
        output.append(",\"system_fingerprint\":\"fp_mock\",\"choices\":")
    }

    /// With `include_usage` every chunk but the last says that its usage is null.
    private func writeChunkClosing(into output: inout Output) {
        output.append(includesUsage && saysUsage ? ",\"usage\":null}\n\n" : "}\n\n")
    }

    /// The usage chunk, if asked for, and the end.
    private func writeTail(_ closing: Int, _ prefix: StaticString, object: StaticString, into output: inout Output) {
        if closing == closingEvents - 1 { return output.append("data: [DONE]\n\n") }
        writeChunkOpening(prefix, object: object, into: &output)
        output.append("[],\"usage\":")
        writeUsage(into: &output)
        output.append("}\n\n")
    }

    // MARK: Completions

    private func writeCompletionEvent(_ index: Int, _ cursor: inout Cursor, into output: inout Output) {
        let closing = index - tokenCount
        if closing > 0 { return writeTail(closing, "cmpl-", object: "text_completion", into: &output) }
        writeChunkOpening("cmpl-", object: "text_completion", into: &output)
        output.append("[{\"index\":0,\"text\":\"")
        if closing < 0 { writeToken(&cursor, into: &output) }
        output.append("\",\"logprobs\":null,\"finish_reason\":")
        output.append(closing < 0 ? "null}]" : "\"stop\"}]")
        writeChunkClosing(into: &output)
    }

    // MARK: Messages

    private func writeMessagesEvent(_ index: Int, _ cursor: inout Cursor, into output: inout Output) {
        switch index {
        case 0:
            output.append("event: message_start\ndata: {\"type\":\"message_start\",\"message\":")
            writeMessageOpening(into: &output)
            output.append("],\"stop_reason\":null,\"stop_sequence\":null")
            if saysUsage {
                output.append(",\"usage\":")
                writeMessageUsage(output: 1, into: &output)
            }
            output.append("}}\n\n")
        case 1:
            output.append(
                "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"")
            if let toolName {
                output.append("tool_use\",\"id\":\"")
                writeIdentifier("toolu_", into: &output)
                output.append("\",\"name\":\"")
                output.append(toolName)
                output.append("\",\"input\":{}}}\n\n")
            } else {
                output.append("text\",\"text\":\"\"}}\n\n")
            }
        case 2: output.append("event: ping\ndata: {\"type\":\"ping\"}\n\n")
        case openingEvents + tokenCount:
            output.append("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n")
        case openingEvents + tokenCount + 1:
            output.append("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"")
            output.append(toolName == nil ? "end_turn" : "tool_use")
            output.append("\",\"stop_sequence\":null}")
            if saysUsage {
                output.append(",\"usage\":{\"output_tokens\":")
                output.append(decimal: tokenCount)
                output.append("}")
            }
            output.append("}\n\n")
        case openingEvents + tokenCount + 2:
            output.append("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
        default:
            output.append("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"")
            output.append(toolName == nil ? "text_delta\",\"text\":\"" : "input_json_delta\",\"partial_json\":\"")
            writeToken(&cursor, into: &output)
            output.append("\"}}\n\n")
        }
    }

    // MARK: Responses

    private func writeResponsesEvent(_ index: Int, _ cursor: inout Cursor, into output: inout Output) {
        let closing = index - openingEvents - tokenCount
        switch (index, closing) {
        case (0, _): beginResponsesEvent("response.created", index, into: &output)
        case (1, _): beginResponsesEvent("response.in_progress", index, into: &output)
        case (2, _): beginResponsesEvent("response.output_item.added", index, into: &output)
        case (3, _): beginResponsesEvent("response.content_part.added", index, into: &output)
        case (_, 0): beginResponsesEvent("response.output_text.done", index, into: &output)
        case (_, 1): beginResponsesEvent("response.content_part.done", index, into: &output)
        case (_, 2): beginResponsesEvent("response.output_item.done", index, into: &output)
        case (_, 3): beginResponsesEvent("response.completed", index, into: &output)
        default: beginResponsesEvent("response.output_text.delta", index, into: &output)
        }
        switch (index, closing) {
        case (0, _), (1, _):
            output.append(",\"response\":")
            writeResponse(status: "in_progress", isWhole: false, into: &output)
        case (2, _):
            output.append(",\"output_index\":0,\"item\":")
            writeResponseItem(status: "in_progress", isWhole: false, into: &output)
        case (3, _), (_, 1):
            writeItemPlace(into: &output)
            output.append(",\"part\":")
            writeResponsePart(isWhole: closing == 1, into: &output)
        case (_, 0):
            writeItemPlace(into: &output)
            output.append(",\"logprobs\":[],\"text\":\"")
            writeText(into: &output)
            output.append("\"")
        case (_, 2):
            output.append(",\"output_index\":0,\"item\":")
            writeResponseItem(status: "completed", isWhole: true, into: &output)
        case (_, 3):
            output.append(",\"response\":")
            writeResponse(status: "completed", isWhole: true, into: &output)
        default:
            writeItemPlace(into: &output)
            output.append(",\"logprobs\":[],\"delta\":\"")
            writeToken(&cursor, into: &output)
            output.append("\"")
        }
        output.append("}\n\n")
    }

    private func beginResponsesEvent(_ name: StaticString, _ index: Int, into output: inout Output) {
        output.append("event: ")
        output.append(name)
        output.append("\ndata: {\"type\":\"")
        output.append(name)
        output.append("\",\"sequence_number\":")
        output.append(decimal: index)
    }

    private func writeItemPlace(into output: inout Output) {
        output.append(",\"item_id\":\"")
        writeIdentifier("msg_", into: &output)
        output.append("\",\"output_index\":0,\"content_index\":0")
    }
}
