import Bytes

/// Chat completions and completions, as OpenAI and Azure give them.
/// - Source: openai 3.57.0, `types.chat.ChatCompletion`, `ChatCompletionChunk`; Azure OpenAI REST reference, "content filter results"
extension Reply {
    func writeChatBody(into output: inout Output) {
        writeOpening("chatcmpl-", object: "chat.completion", into: &output)
        if isFiltered { writePromptFilter(into: &output) }
        output.append(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":")
        writeStringOrNull(.text, into: &output)
        output.append(",\"refusal\":")
        writeStringOrNull(.refusal, into: &output)
        if let thinking = index(of: .thinking) {
            output.append(",\"reasoning_content\":\"")
            writeText(thinking, into: &output)
            output.append("\"")
        }
        if let sound = index(of: .sound) { writeSound(sound, into: &output) }
        if index(of: .call) != nil { writeCalls(into: &output) } else { output.append(",\"annotations\":[]") }
        output.append("},\"logprobs\":null,\"finish_reason\":\"")
        output.append(chatFinish)
        output.append("\"")
        writeFilter(into: &output)
        output.append("}]")
        writeClosing(into: &output)
    }

    private func writeStringOrNull(_ kind: Kind, into output: inout Output) {
        guard let part = index(of: kind) else { return output.append("null") }
        output.append("\"")
        writeText(part, into: &output)
        output.append("\"")
    }

    private func writeCalls(into output: inout Output) {
        output.append(",\"tool_calls\":[")
        for index in parts.indices where parts[index].kind == .call {
            if parts[index].number > 0 { output.append(",") }
            output.append("{\"id\":\"")
            writeIdentifier("call_", parts[index].number, into: &output)
            output.append("\",\"type\":\"function\",\"function\":{\"name\":\"")
            output.append(texts[parts[index].name])
            output.append("\",\"arguments\":\"")
            writeText(index, into: &output)
            output.append("\"}}")
        }
        output.append("]")
    }

    private func writeSound(_ index: Int, into output: inout Output) {
        output.append(",\"audio\":{\"id\":\"")
        writeIdentifier("audio_", into: &output)
        output.append("\",\"data\":\"")
        writeText(index, into: &output)
        output.append("\",\"expires_at\":")
        output.append(decimal: createdSeconds + 3600)
        output.append(",\"transcript\":\"")
        output.append(jsonContent: texts[parts[index].name])
        output.append("\"}")
    }

    func writeCompletionBody(into output: inout Output) {
        writeOpening("cmpl-", object: "text_completion", into: &output)
        if isFiltered { writePromptFilter(into: &output) }
        output.append(",\"choices\":[{\"index\":0,\"text\":\"")
        for index in parts.indices { writeText(index, into: &output) }
        output.append("\",\"logprobs\":null,\"finish_reason\":\"")
        output.append(chatFinish)
        output.append("\"")
        writeFilter(into: &output)
        output.append("}]")
        writeClosing(into: &output)
    }

    private var chatFinish: StaticString {
        switch finish {
        case .length: "length"
        case .contentFilter: "content_filter"
        case .calls: "tool_calls"
        case .stop, .stopSequence, .pause, .refusal: "stop"
        }
    }

    /// Up to the model, of an answer or chunk.
    private func writeOpening(_ prefix: StaticString, object: StaticString, into output: inout Output) {
        output.append("{\"id\":\"")
        writeIdentifier(prefix, into: &output)
        output.append("\",\"object\":\"")
        output.append(object)
        output.append("\",\"created\":")
        output.append(decimal: createdSeconds)
        output.append(",\"model\":\"")
        output.append(model)
        output.append("\"")
    }

    private func writeClosing(into output: inout Output) {
        if saysUsage {
            output.append(",\"usage\":")
            writeUsage(into: &output)
        }
        output.append(",\"system_fingerprint\":\"fp_mock\"}")
    }

    private func writeUsage(into output: inout Output) {
        output.append("{\"prompt_tokens\":")
        output.append(decimal: inputTokens)
        output.append(",\"completion_tokens\":")
        output.append(decimal: outputTokens)
        output.append(",\"total_tokens\":")
        output.append(decimal: inputTokens + outputTokens)
        output.append(",\"prompt_tokens_details\":{\"cached_tokens\":")
        output.append(decimal: cachedTokens)
        if cacheWriteTokens > 0 {
            output.append(",\"cache_write_tokens\":")
            output.append(decimal: cacheWriteTokens)
        }
        output.append(",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":")
        output.append(decimal: thinkingTokens)
        output.append(",\"audio_tokens\":")
        output.append(decimal: soundTokens)
        output.append(",\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}")
    }

    // MARK: Azure's filters

    private static let safe: StaticString = """
        {"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},\
        "sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}
        """
    private static let violent: StaticString = """
        {"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},\
        "sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}}
        """

    private func writePromptFilter(into output: inout Output) {
        output.append(",\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":")
        output.append(Reply.safe)
        output.append("}]")
    }

    private func writeFilter(into output: inout Output) {
        guard isFiltered else { return }
        output.append(",\"content_filter_results\":")
        output.append(finish == .contentFilter ? Reply.violent : Reply.safe)
    }

    // MARK: Events

    func writeChatEvent(_ place: Place, _ cursor: inout Cursor, into output: inout Output) {
        let object: StaticString = "chat.completion.chunk"
        switch place {
        case .begin(0) where isFiltered: return writePromptChunk(into: &output)
        case .end(let index) where index > 0: return writeTail(index, "chatcmpl-", object: object, into: &output)
        default: writeChunkOpening("chatcmpl-", object: object, into: &output)
        }
        output.append("[{\"index\":0,\"delta\":{")
        switch place {
        case .begin: output.append("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null")
        case .open(let part, _) where parts[part].kind == .call:
            if part == 0 { output.append("\"role\":\"assistant\",\"content\":null,") }
            writeCallOpening(part, into: &output)
        case .open(let part, _):
            output.append("\"audio\":{\"id\":\"")
            writeIdentifier("audio_", into: &output)
            output.append("\",\"transcript\":\"")
            output.append(jsonContent: texts[parts[part].name])
            output.append("\"}")
        case .token(let part): writeDelta(part, &cursor, into: &output)
        case .close:
            output.append("\"audio\":{\"expires_at\":")
            output.append(decimal: createdSeconds + 3600)
            output.append("}")
        case .end:
            output.append("},\"logprobs\":null,\"finish_reason\":\"")
            output.append(chatFinish)
            output.append("\"")
            writeFilter(into: &output)
            output.append("}]")
            return writeChunkClosing(into: &output)
        }
        output.append("},\"logprobs\":null,\"finish_reason\":null")
        if isFiltered { output.append(",\"content_filter_results\":{}") }
        output.append("}]")
        writeChunkClosing(into: &output)
    }

    private func writeCallOpening(_ part: Int, into output: inout Output) {
        output.append("\"tool_calls\":[{\"index\":")
        output.append(decimal: parts[part].number)
        output.append(",\"id\":\"")
        writeIdentifier("call_", parts[part].number, into: &output)
        output.append("\",\"type\":\"function\",\"function\":{\"name\":\"")
        output.append(texts[parts[part].name])
        output.append("\",\"arguments\":\"\"}}]")
    }

    private func writeDelta(_ part: Int, _ cursor: inout Cursor, into output: inout Output) {
        switch parts[part].kind {
        case .text: output.append("\"content\":\"")
        case .thinking: output.append("\"reasoning_content\":\"")
        case .refusal: output.append("\"refusal\":\"")
        case .sound: output.append("\"audio\":{\"data\":\"")
        case .call:
            output.append("\"tool_calls\":[{\"index\":")
            output.append(decimal: parts[part].number)
            output.append(",\"function\":{\"arguments\":\"")
        }
        writeToken(part, &cursor, into: &output)
        switch parts[part].kind {
        case .text, .thinking, .refusal: output.append("\"")
        case .sound: output.append("\"}")
        case .call: output.append("\"}}]")
        }
    }

    func writeCompletionEvent(_ place: Place, _ cursor: inout Cursor, into output: inout Output) {
        var isEnd = false
        switch place {
        case .begin: return writePromptChunk(into: &output)
        case .end(0): isEnd = true
        case .end(let index): return writeTail(index, "cmpl-", object: "text_completion", into: &output)
        case .open, .token, .close: break
        }
        writeChunkOpening("cmpl-", object: "text_completion", into: &output)
        output.append("[{\"index\":0,\"text\":\"")
        if case .token(let part) = place { writeToken(part, &cursor, into: &output) }
        output.append("\",\"logprobs\":null,\"finish_reason\":")
        if isEnd {
            output.append("\"")
            output.append(chatFinish)
            output.append("\"")
            writeFilter(into: &output)
        } else {
            output.append(isFiltered ? "null,\"content_filter_results\":{}" : "null")
        }
        output.append("}]")
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

    /// Azure's first chunk has no choices, and little else.
    private func writePromptChunk(into output: inout Output) {
        output.append("data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\"")
        writePromptFilter(into: &output)
        output.append("}\n\n")
    }

    /// The usage chunk, if asked for, and the end.
    private func writeTail(_ index: Int, _ prefix: StaticString, object: StaticString, into output: inout Output) {
        if index == 2 || !(includesUsage && saysUsage) { return output.append("data: [DONE]\n\n") }
        writeChunkOpening(prefix, object: object, into: &output)
        output.append("[],\"usage\":")
        writeUsage(into: &output)
        output.append("}\n\n")
    }
}
