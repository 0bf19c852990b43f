import Bytes

/// GenerateContentResponse, as Gemini gives it. A stream is a row of them, and has no last event of its own.
/// - Source: ai.google.dev/api/generate-content; google-genai 3.6.1, `types.GenerateContentResponse`
extension Reply {
    func writeGeminiBody(into output: inout Output) {
        if finish == .refusal { return writeBlocked(into: &output) }
        output.append("{\"candidates\":[{\"content\":{\"parts\":[")
        var isFirst = true
        for index in parts.indices {
            if !isFirst { output.append(",") }
            isFirst = false
            switch parts[index].kind {
            case .call: writeFunctionCall(index, into: &output)
            case .sound: writeInlineSound(index, into: &output) { writeText(index, into: &$0) }
            case .text, .refusal, .thinking:
                output.append("{\"text\":\"")
                writeText(index, into: &output)
                output.append(parts[index].kind == .thinking ? "\",\"thought\":true" : "\"")
                if parts[index].kind == .text, index > 0, self.index(of: .call) == nil { writeSignature(into: &output) }
                output.append("}")
            }
        }
        output.append("],\"role\":\"model\"}")
        writeFinish(into: &output)
        output.append(",\"index\":0}]")
        writeGeminiClosing(thinking: thinkingTokens, answer: outputTokens - thinkingTokens, into: &output)
    }

    private func writeFunctionCall(_ part: Int, into output: inout Output) {
        output.append("{\"functionCall\":{\"name\":\"")
        output.append(texts[parts[part].name])
        output.append("\",\"args\":")
        output.append(texts[parts[part].text])
        output.append("}")
        if parts[part].number == 0, index(of: .thinking) != nil { writeSignature(into: &output) }
        output.append("}")
    }

    private func writeSignature(into output: inout Output) {
        output.append(",\"thoughtSignature\":\"")
        output.append(Reply.signature)
        output.append("\"")
    }

    private func writeInlineSound(_ part: Int, into output: inout Output, data: (inout Output) -> Void) {
        output.append("{\"inlineData\":{\"mimeType\":\"audio/L16;codec=pcm;rate=24000\",\"data\":\"")
        data(&output)
        output.append("\"}}")
    }

    private func writeFinish(into output: inout Output) {
        output.append(",\"finishReason\":\"")
        switch finish {
        case .stop, .stopSequence, .calls, .refusal: output.append("STOP\"")
        case .length: output.append("MAX_TOKENS\"")
        case .pause: output.append("OTHER\"")
        case .contentFilter:
            output.append("SAFETY\",\"safetyRatings\":")
            output.append(Reply.ratings)
        }
    }

    private static let ratings: StaticString = """
        [{"category":"HARM_CATEGORY_DANGEROUS_CONTENT","probability":"HIGH","blocked":true}]
        """

    /// A prompt that is refused has no candidates.
    private func writeBlocked(into output: inout Output) {
        output.append("{\"promptFeedback\":{\"blockReason\":\"SAFETY\",\"safetyRatings\":")
        output.append(Reply.ratings)
        output.append("}")
        writeGeminiClosing(thinking: 0, answer: 0, into: &output)
    }

    private func writeGeminiClosing(thinking: Int, answer: Int, into output: inout Output) {
        if saysUsage {
            output.append(",\"usageMetadata\":{\"promptTokenCount\":")
            output.append(decimal: inputTokens)
            if cachedTokens > 0 {
                output.append(",\"cachedContentTokenCount\":")
                output.append(decimal: cachedTokens)
            }
            if answer > 0 {
                output.append(",\"candidatesTokenCount\":")
                output.append(decimal: answer)
            }
            if thinking > 0 {
                output.append(",\"thoughtsTokenCount\":")
                output.append(decimal: thinking)
            }
            output.append(",\"totalTokenCount\":")
            output.append(decimal: inputTokens + answer + thinking)
            output.append(",\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":")
            output.append(decimal: inputTokens)
            output.append("}]")
            if soundTokens > 0, answer > 0 {
                output.append(",\"candidatesTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":")
                output.append(decimal: answer)
                output.append("}]")
            }
            output.append("}")
        }
        output.append(",\"modelVersion\":\"")
        output.append(model)
        output.append("\",\"responseId\":\"")
        writeIdentifier("", into: &output)
        output.append("\"}")
    }

    // MARK: Events

    /// Each says what has been used up to it; lines end as Google's do.
    func writeGeminiEvent(_ place: Place, _ cursor: inout Cursor, into output: inout Output) {
        output.append("data: ")
        defer { output.append("\r\n\r\n") }
        if finish == .refusal { return writeBlocked(into: &output) }
        output.append("{\"candidates\":[{\"content\":{\"parts\":[")
        var isEnd = false
        switch place {
        case .open(let part, _):
            writeFunctionCall(part, into: &output)
            cursor.answerTokens += parts[part].tokenCount
        case .token(let part) where parts[part].kind == .sound:
            writeInlineSound(part, into: &output) { writeToken(part, &cursor, into: &$0) }
        case .token(let part):
            output.append("{\"text\":\"")
            writeToken(part, &cursor, into: &output)
            output.append(parts[part].kind == .thinking ? "\",\"thought\":true}" : "\"}")
        case .begin, .close, .end:
            isEnd = true
            output.append("{\"text\":\"\"")
            if index(of: .thinking) != nil, index(of: .call) == nil { writeSignature(into: &output) }
            output.append("}")
        }
        output.append("],\"role\":\"model\"}")
        if isEnd { writeFinish(into: &output) }
        output.append(",\"index\":0}]")
        writeGeminiClosing(thinking: cursor.thinkingTokens, answer: cursor.answerTokens, into: &output)
    }
}
