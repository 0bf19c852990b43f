import Bytes

/// Answers in one piece.
extension Reply {
    func writeBody(into output: inout Output) {
        switch form {
        case .chat: writeChatBody(into: &output)
        case .completion: writeCompletionBody(into: &output)
        case .messages: writeMessagesBody(into: &output)
        case .responses: writeResponse(status: "completed", isWhole: true, into: &output)
        }
    }

    private func writeChatBody(into output: inout Output) {
        writeOpening("chatcmpl-", object: "chat.completion", into: &output)
        output.append(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":")
        if let toolName {
            output.append("null,\"refusal\":null,\"tool_calls\":[{\"id\":\"")
            writeIdentifier("call_", into: &output)
            output.append("\",\"type\":\"function\",\"function\":{\"name\":\"")
            output.append(toolName)
            output.append("\",\"arguments\":\"")
            writeText(into: &output)
            output.append("\"}}]},\"logprobs\":null,\"finish_reason\":\"tool_calls\"}]")
        } else {
            output.append("\"")
            writeText(into: &output)
            output.append("\",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}]")
        }
        writeClosing(into: &output)
    }

    private func writeCompletionBody(into output: inout Output) {
        writeOpening("cmpl-", object: "text_completion", into: &output)
        output.append(",\"choices\":[{\"index\":0,\"text\":\"")
        writeText(into: &output)
        output.append("\",\"logprobs\":null,\"finish_reason\":\"stop\"}]")
        writeClosing(into: &output)
    }

    /// Up to the model, of an OpenAI answer or chunk.
    func writeOpening(_ prefix: StaticString, object: StaticString, into output: inout Output) {
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

    private func writeMessagesBody(into output: inout Output) {
        writeMessageOpening(into: &output)
        if let toolName {
            output.append("{\"type\":\"tool_use\",\"id\":\"")
            writeIdentifier("toolu_", into: &output)
            output.append("\",\"name\":\"")
            output.append(toolName)
            output.append("\",\"input\":")
            output.append(text)
            output.append("}],\"stop_reason\":\"tool_use\",\"stop_sequence\":null")
        } else {
            output.append("{\"type\":\"text\",\"text\":\"")
            writeText(into: &output)
            output.append("\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null")
        }
        if saysUsage {
            output.append(",\"usage\":")
            writeMessageUsage(output: tokenCount, into: &output)
        }
        output.append("}")
    }

    /// Up to the opening of the content's array.
    func writeMessageOpening(into output: inout Output) {
        output.append("{\"id\":\"")
        writeIdentifier("msg_", into: &output)
        output.append("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"")
        output.append(model)
        output.append("\",\"content\":[")
    }

    func writeMessageUsage(output tokens: Int, into output: inout Output) {
        writeInputOutputUsage(
            output: tokens, details: ",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0}", into: &output)
    }

    /// A response object of the Responses API, with its output when it is whole.
    func writeResponse(status: StaticString, isWhole: Bool, into output: inout Output) {
        output.append("{\"id\":\"")
        writeIdentifier("resp_", into: &output)
        output.append("\",\"object\":\"response\",\"created_at\":")
        output.append(decimal: createdSeconds)
        output.append(",\"status\":\"")
        output.append(status)
        output.append(
            """
            ","error":null,"incomplete_details":null,"instructions":null,"metadata":{},"parallel_tool_calls":true,\
            "temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"model":"
            """)
        output.append(model)
        output.append("\",\"output\":[")
        if isWhole { writeResponseItem(status: "completed", isWhole: true, into: &output) }
        output.append("],\"usage\":")
        if isWhole, saysUsage {
            writeInputOutputUsage(output: tokenCount, details: ",\"input_tokens_details\":{\"cached_tokens\":0}", into: &output)
            output.append(",\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":")
            output.append(decimal: promptTokens + tokenCount)
            output.append("}}")
        } else {
            output.append("null}")
        }
    }

    func writeResponseItem(status: StaticString, isWhole: Bool, into output: inout Output) {
        output.append("{\"type\":\"message\",\"id\":\"")
        writeIdentifier("msg_", into: &output)
        output.append("\",\"status\":\"")
        output.append(status)
        output.append("\",\"role\":\"assistant\",\"content\":[")
        if isWhole { writeResponsePart(isWhole: true, into: &output) }
        output.append("]}")
    }

    func writeResponsePart(isWhole: Bool, into output: inout Output) {
        output.append("{\"type\":\"output_text\",\"annotations\":[],\"text\":\"")
        if isWhole { writeText(into: &output) }
        output.append("\"}")
    }
}
