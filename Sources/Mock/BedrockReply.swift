import Bytes
import HTTP
import JSON

/// Converse's answers. A stream is a row of messages in Amazon's framing; blocks of text and thinking begin without a start.
/// - Source: botocore 1.44, `bedrock-runtime/2023-09-30/service-2.json`: ConverseResponse, ConverseStreamOutput
extension Reply {
    func writeConverseBody(into output: inout Output) {
        output.append("{\"metrics\":{\"latencyMs\":1},\"output\":{\"message\":{\"content\":[")
        for index in parts.indices {
            if index > 0 { output.append(",") }
            switch parts[index].kind {
            case .call:
                output.append("{\"toolUse\":{\"input\":")
                output.append(texts[parts[index].text])
                output.append(",")
                writeToolUse(index, into: &output)
                output.append("}}")
            case .thinking:
                output.append("{\"reasoningContent\":{\"reasoningText\":{\"text\":\"")
                writeText(index, into: &output)
                output.append("\",\"signature\":\"")
                output.append(Reply.signature)
                output.append("\"}}}")
            case .text, .refusal, .sound:
                output.append("{\"text\":\"")
                writeText(index, into: &output)
                output.append("\"}")
            }
        }
        output.append("],\"role\":\"assistant\"}},\"stopReason\":\"")
        writeConverseStop(into: &output)
        if saysUsage {
            output.append(",")
            writeConverseUsage(into: &output)
        }
        output.append("}")
    }

    private func writeToolUse(_ index: Int, into output: inout Output) {
        output.append("\"name\":\"")
        output.append(texts[parts[index].name])
        output.append("\",\"toolUseId\":\"")
        writeIdentifier("tooluse_", parts[index].number, into: &output)
        output.append("\"")
    }

    /// The stop reason's word, and what stands beside it.
    private func writeConverseStop(into output: inout Output) {
        switch finish {
        case .stop, .pause, .refusal: output.append("end_turn\"")
        case .length: output.append("max_tokens\"")
        case .contentFilter: output.append("guardrail_intervened\"")
        case .calls: output.append("tool_use\"")
        case .stopSequence:
            output.append("stop_sequence\",\"additionalModelResponseFields\":{\"stop_sequence\":\"")
            output.append(stopSequence ?? ByteSlice("STOP"))
            output.append("\"}")
        }
    }

    private func writeConverseUsage(into output: inout Output) {
        output.append("\"usage\":{\"cacheReadInputTokens\":")
        output.append(decimal: cachedTokens)
        output.append(",\"cacheWriteInputTokens\":")
        output.append(decimal: cacheWriteTokens)
        output.append(",\"inputTokens\":")
        output.append(decimal: promptTokens)
        output.append(",\"outputTokens\":")
        output.append(decimal: outputTokens)
        output.append(",\"totalTokens\":")
        output.append(decimal: inputTokens + outputTokens)
        output.append("}")
    }

    // MARK: Events

    func writeConverseEvent(_ place: Place, _ cursor: inout Cursor, into output: inout Output) {
        var data = Output()
        switch place {
        case .begin:
            data.append("{\"p\":\"abcdefgh\",\"role\":\"assistant\"}")
            output.append(message: .event, type: ByteSlice("messageStart"), data.bytes)
        case .open(let part, _):
            begin(part, "\"start\":{\"toolUse\":{", into: &data)
            writeToolUse(part, into: &data)
            data.append("}}}")
            output.append(message: .event, type: ByteSlice("contentBlockStart"), data.bytes)
        case .token(let part):
            switch parts[part].kind {
            case .text, .refusal, .sound: begin(part, "\"delta\":{\"text\":\"", into: &data)
            case .thinking: begin(part, "\"delta\":{\"reasoningContent\":{\"text\":\"", into: &data)
            case .call: begin(part, "\"delta\":{\"toolUse\":{\"input\":\"", into: &data)
            }
            writeToken(part, &cursor, into: &data)
            switch parts[part].kind {
            case .text, .refusal, .sound: data.append("\"},\"p\":\"abc\"}")
            case .thinking, .call: data.append("\"}},\"p\":\"abcde\"}")
            }
            output.append(message: .event, type: ByteSlice("contentBlockDelta"), data.bytes)
        case .close(let part, 0) where parts[part].kind == .thinking:
            begin(part, "\"delta\":{\"reasoningContent\":{\"signature\":\"", into: &data)
            data.append(Reply.signature)
            data.append("\"}},\"p\":\"ab\"}")
            output.append(message: .event, type: ByteSlice("contentBlockDelta"), data.bytes)
        case .close(let part, _):
            data.append("{\"contentBlockIndex\":")
            data.append(decimal: part)
            data.append(",\"p\":\"abcdefghijk\"}")
            output.append(message: .event, type: ByteSlice("contentBlockStop"), data.bytes)
        case .end(0):
            data.append("{\"p\":\"abcd\",\"stopReason\":\"")
            writeConverseStop(into: &data)
            data.append("}")
            output.append(message: .event, type: ByteSlice("messageStop"), data.bytes)
        case .end:
            data.append("{\"metrics\":{\"latencyMs\":1},\"p\":\"abcdefghijklmn\"")
            if saysUsage {
                data.append(",")
                writeConverseUsage(into: &data)
            }
            data.append("}")
            output.append(message: .event, type: ByteSlice("metadata"), data.bytes)
        }
    }

    /// Up to the text of a block's event.
    private func begin(_ part: Int, _ opening: StaticString, into data: inout Output) {
        data.append("{\"contentBlockIndex\":")
        data.append(decimal: part)
        data.append(",")
        data.append(opening)
    }
}

extension Output {
    mutating func append(message kind: AmazonEvent.Kind, type: ByteSlice, _ data: ByteSlice) {
        write(atMost: 256 + type.count + data.count) { AmazonEvent.write(kind, type: type, data, to: &$0) }
    }

    /// Breaks the checksum of the message written last.
    mutating func breakChecksum() {
        guard let last = bytes.count > 0 ? bytes[bytes.count - 1] : nil else { return }
        removeLast(1)
        append(~last)
    }
}

/// What a body of Converse's asks for; its model stands in the path.
extension Ask {
    init(converse body: JSONValue, endpoint: Endpoint) {
        if let user = body["requestMetadata"]?["user"]?.string { self.user = user.content }
        if case .converseStream = endpoint { streams = true }
        let asked = body["input"]?["converse"] ?? body
        var byteCount = 0
        for list in [asked["system"], asked["messages"]] {
            guard let list else { continue }
            for element in list.elements {
                byteCount += element["text"]?.string?.content.count ?? 0
                guard let content = element["content"] else { continue }
                for block in content.elements {
                    byteCount += block["text"]?.string?.content.count ?? 0
                    guard let result = block["toolResult"]?["content"] else { continue }
                    for inner in result.elements { byteCount += inner["text"]?.string?.content.count ?? 0 }
                }
            }
        }
        promptTokens = (byteCount + 3) / 4
    }
}

extension ErrorAnswer {
    /// The name Bedrock has for an error of this status, as the field `x-amzn-errortype` says it.
    static func exceptionName(_ status: Int) -> StaticString {
        switch status {
        case 403, 401: "AccessDeniedException"
        case 404: "ResourceNotFoundException"
        case 408: "ModelTimeoutException"
        case 424: "ModelErrorException"
        case 429: "ThrottlingException"
        case 503: "ServiceUnavailableException"
        case 500...: "InternalServerException"
        default: "ValidationException"
        }
    }

    /// The name of the exception that ends a stream.
    static func streamExceptionName(_ status: Int) -> StaticString {
        switch status {
        case 400: "validationException"
        case 424: "modelStreamErrorException"
        case 429: "throttlingException"
        case 503: "serviceUnavailableException"
        default: "internalServerException"
        }
    }
}
