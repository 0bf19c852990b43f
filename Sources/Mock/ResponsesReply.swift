import Bytes

/// Responses, as OpenAI's Responses API gives them: each part is an item of the output.
/// - Source: openai 3.57.0, `types.responses.Response`, `ResponseStreamEvent`
extension Reply {
    /// The response object, with its output when it is whole.
    func writeResponse(isWhole: Bool, into output: inout Output) {
        output.append("{\"id\":\"")
        writeIdentifier("resp_", into: &output)
        output.append("\",\"object\":\"response\",\"created_at\":")
        output.append(decimal: createdSeconds)
        output.append(",\"status\":\"")
        output.append(isWhole ? isIncomplete ? "incomplete" : "completed" : "in_progress")
        output.append("\",\"error\":null,\"incomplete_details\":")
        if isWhole, isIncomplete {
            output.append(finish == .length ? "{\"reason\":\"max_output_tokens\"}" : "{\"reason\":\"content_filter\"}")
        } else {
            output.append("null")
        }
        output.append(
            """
            ,"instructions":null,"metadata":{},"parallel_tool_calls":true,\
            "temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"model":"
            """)
        output.append(model)
        output.append("\",\"output\":[")
        for index in parts.indices where isWhole {
            if index > 0 { output.append(",") }
            writeItem(index, isWhole: true, into: &output)
        }
        output.append("],\"usage\":")
        if isWhole, saysUsage { writeResponseUsage(into: &output) } else { output.append("null") }
        output.append("}")
    }

    private var isIncomplete: Bool { finish == .length || finish == .contentFilter }

    private func writeResponseUsage(into output: inout Output) {
        output.append("{\"input_tokens\":")
        output.append(decimal: inputTokens)
        output.append(",\"output_tokens\":")
        output.append(decimal: outputTokens)
        output.append(",\"input_tokens_details\":{\"cached_tokens\":")
        output.append(decimal: cachedTokens)
        if cacheWriteTokens > 0 {
            output.append(",\"cache_write_tokens\":")
            output.append(decimal: cacheWriteTokens)
        }
        output.append("},\"output_tokens_details\":{\"reasoning_tokens\":")
        output.append(decimal: thinkingTokens)
        output.append("},\"total_tokens\":")
        output.append(decimal: inputTokens + outputTokens)
        output.append("}")
    }

    private func writeItem(_ part: Int, isWhole: Bool, into output: inout Output) {
        let status: StaticString = isWhole ? "completed" : "in_progress"
        switch parts[part].kind {
        case .text, .refusal, .sound:
            output.append("{\"type\":\"message\",\"id\":\"")
            writeIdentifier("msg_", into: &output)
            output.append("\",\"status\":\"")
            output.append(status)
            output.append("\",\"role\":\"assistant\",\"content\":[")
            if isWhole { writeContentPart(part, isWhole: true, into: &output) }
            output.append("]}")
        case .thinking:
            output.append("{\"type\":\"reasoning\",\"id\":\"")
            writeIdentifier("rs_", into: &output)
            output.append("\",\"summary\":[")
            if isWhole { writeContentPart(part, isWhole: true, into: &output) }
            output.append("]}")
        case .call:
            output.append("{\"type\":\"function_call\",\"id\":\"")
            writeIdentifier("fc_", parts[part].number, into: &output)
            output.append("\",\"call_id\":\"")
            writeIdentifier("call_", parts[part].number, into: &output)
            output.append("\",\"name\":\"")
            output.append(texts[parts[part].name])
            output.append("\",\"arguments\":\"")
            if isWhole { writeText(part, into: &output) }
            output.append("\",\"status\":\"")
            output.append(status)
            output.append("\"}")
        }
    }

    private func writeContentPart(_ part: Int, isWhole: Bool, into output: inout Output) {
        switch parts[part].kind {
        case .refusal: output.append("{\"type\":\"refusal\",\"refusal\":\"")
        case .thinking: output.append("{\"type\":\"summary_text\",\"text\":\"")
        case .text, .sound, .call: output.append("{\"type\":\"output_text\",\"annotations\":[],\"text\":\"")
        }
        if isWhole { writeText(part, into: &output) }
        output.append("\"}")
    }

    // MARK: Events

    func writeResponsesEvent(_ place: Place, _ index: Int, _ cursor: inout Cursor, into output: inout Output) {
        beginResponsesEvent(eventName(place), index, into: &output)
        switch place {
        case .begin, .end:
            output.append(",\"response\":")
            if case .end = place { writeResponse(isWhole: true, into: &output) } else { writeResponse(isWhole: false, into: &output) }
        case .open(let part, 0): writeItemEvent(part, isWhole: false, into: &output)
        case .close(let part, let step) where step == (parts[part].kind == .call ? 1 : 2): writeItemEvent(part, isWhole: true, into: &output)
        case .open(let part, _):
            writeItemPlace(part, into: &output)
            output.append(",\"part\":")
            writeContentPart(part, isWhole: false, into: &output)
        case .close(let part, 1):
            writeItemPlace(part, into: &output)
            output.append(",\"part\":")
            writeContentPart(part, isWhole: true, into: &output)
        case .close(let part, _):
            writeItemPlace(part, into: &output)
            switch parts[part].kind {
            case .text, .sound: output.append(",\"logprobs\":[],\"text\":\"")
            case .thinking: output.append(",\"text\":\"")
            case .refusal: output.append(",\"refusal\":\"")
            case .call: output.append(",\"arguments\":\"")
            }
            writeText(part, into: &output)
            output.append("\"")
        case .token(let part):
            writeItemPlace(part, into: &output)
            output.append(parts[part].kind == .text || parts[part].kind == .sound ? ",\"logprobs\":[],\"delta\":\"" : ",\"delta\":\"")
            writeToken(part, &cursor, into: &output)
            output.append("\"")
        }
        output.append("}\n\n")
    }

    private func eventName(_ place: Place) -> StaticString {
        switch place {
        case .begin(let step): step == 0 ? "response.created" : "response.in_progress"
        case .end: isIncomplete ? "response.incomplete" : "response.completed"
        case .open(_, 0): "response.output_item.added"
        case .open(let part, _): parts[part].kind == .thinking ? "response.reasoning_summary_part.added" : "response.content_part.added"
        case .token(let part):
            switch parts[part].kind {
            case .text, .sound: "response.output_text.delta"
            case .thinking: "response.reasoning_summary_text.delta"
            case .refusal: "response.refusal.delta"
            case .call: "response.function_call_arguments.delta"
            }
        case .close(let part, 0):
            switch parts[part].kind {
            case .text, .sound: "response.output_text.done"
            case .thinking: "response.reasoning_summary_text.done"
            case .refusal: "response.refusal.done"
            case .call: "response.function_call_arguments.done"
            }
        case .close(let part, 1) where parts[part].kind != .call:
            parts[part].kind == .thinking ? "response.reasoning_summary_part.done" : "response.content_part.done"
        case .close: "response.output_item.done"
        }
    }

    private func beginResponsesEvent(_ name: StaticString, _ index: Int, into output: inout Output) {
        output.append("event: ")
        output.append(name)
        output.append("\ndata: {\"type\":\"")
        output.append(name)
        output.append("\",\"sequence_number\":")
        output.append(decimal: index)
    }

    private func writeItemEvent(_ part: Int, isWhole: Bool, into output: inout Output) {
        output.append(",\"output_index\":")
        output.append(decimal: part)
        output.append(",\"item\":")
        writeItem(part, isWhole: isWhole, into: &output)
    }

    private func writeItemPlace(_ part: Int, into output: inout Output) {
        output.append(",\"item_id\":\"")
        switch parts[part].kind {
        case .text, .refusal, .sound: writeIdentifier("msg_", into: &output)
        case .thinking: writeIdentifier("rs_", into: &output)
        case .call: writeIdentifier("fc_", parts[part].number, into: &output)
        }
        output.append("\",\"output_index\":")
        output.append(decimal: part)
        switch parts[part].kind {
        case .text, .refusal, .sound: output.append(",\"content_index\":0")
        case .thinking: output.append(",\"summary_index\":0")
        case .call: break
        }
    }
}
