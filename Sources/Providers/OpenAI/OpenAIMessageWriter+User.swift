import Bytes
import JSON

// A run of user messages: results of tools, what was inside them, what the user said.
extension OpenAIMessageWriter {
    mutating func writeUser(_ request: ChatRequest, _ run: Range<Int>, to writer: inout ByteWriter) throws(TranslationFault) {
        let firstBare = bareResultCount
        var hasMedia = false
        for index in run {
            guard case .toolResult(let id, _, let isError) = request.parts[index].content else { continue }
            hasMedia = writeResult(request, index, run.upperBound, id, isError, to: &writer) || hasMedia
        }
        if hasMedia {
            hasResultMedia = true
            try writeResultMedia(request, run, firstBare, to: &writer)
        }
        var at = run.lowerBound
        while at < run.upperBound {
            var end = at + 1
            while end < run.upperBound, !request.parts[end].opensMessage { end += 1 }
            try writeUserMessage(request, at..<end, to: &writer)
            at = end
        }
    }

    private static func isUserContent(_ part: ChatRequest.Part) -> Bool {
        if part.isInResult || part.role != .user { return false }
        if case .toolResult = part.content { return false }
        return true
    }

    private mutating func writeUserMessage(_ request: ChatRequest, _ message: Range<Int>, to writer: inout ByteWriter) throws(TranslationFault) {
        var count = 0
        for index in message where OpenAIMessageWriter.isUserContent(request.parts[index]) { count += 1 }
        guard count > 0 else { return }
        open("user", to: &writer)
        writer.append(",\"content\":")
        // A single text is a string, which every host takes.
        for index in message where count == 1 && OpenAIMessageWriter.isUserContent(request.parts[index]) {
            guard case .text(let text) = request.parts[index].content else { continue }
            writer.append(quoted: text)
            writer.append("}")
            return
        }
        writer.append("[")
        var isFirst = true
        for index in message where OpenAIMessageWriter.isUserContent(request.parts[index]) {
            if !isFirst { writer.append(",") }
            isFirst = false
            switch request.parts[index].content {
            case .text(let text): OpenAIMessageWriter.writeText(text, to: &writer)
            case .media(let media): try writeMedia(media, request, index, to: &writer)
            default: throw unsupported("a user's message has text, images, documents and recordings alone for OpenAI", request, index)
            }
        }
        writer.append("]}")
    }

    // MARK: Results of tools

    /// Writes one tool message, its texts a line apart; whether there is media in the result.
    private mutating func writeResult(
        _ request: ChatRequest, _ index: Int, _ end: Int, _ id: JSONString?, _ isError: Bool, to writer: inout ByteWriter
    ) -> Bool {
        open("tool", to: &writer)
        writer.append(",\"tool_call_id\":")
        OpenAIMessageWriter.writeID(id, &bareResultCount, to: &writer)
        writer.append(",\"content\":\"")
        // OpenAI has no mark for a call that failed; the model must see it all the same.
        if isError {
            hasErrors = true
            writer.append("Error: ")
        }
        var hasText = false
        var hasMedia = false
        var at = index + 1
        while at < end, request.parts[at].isInResult {
            switch request.parts[at].content {
            case .text(let text):
                if hasText { writer.append("\\n") }
                hasText = true
                writer.append(text.content)
            case .media: hasMedia = true
            default: break
            }
            at += 1
        }
        if !hasText {
            if hasMedia { writer.append("The result follows in the next user message.") } else if isError { writer.append("the tool failed and gave no message") }
        }
        writer.append("\"}")
        return hasMedia
    }

    /// Writes the media of all results of the run as one user message.
    private mutating func writeResultMedia(
        _ request: ChatRequest, _ run: Range<Int>, _ firstBare: Int, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        open("user", to: &writer)
        writer.append(",\"content\":[")
        var bareCount = firstBare
        var isFirst = true
        var isNamed = false
        var result: JSONString?
        for index in run {
            if case .toolResult(let id, _, _) = request.parts[index].content {
                result = id
                isNamed = false
                if id == nil { bareCount += 1 }
            }
            guard request.parts[index].isInResult, case .media(let media) = request.parts[index].content else { continue }
            if !isFirst { writer.append(",") }
            isFirst = false
            if !isNamed {
                isNamed = true
                writer.append("{\"type\":\"text\",\"text\":\"From the result of tool call ")
                if let result { writer.append(result.content) } else {
                    writer.append("call_")
                    writer.append(decimal: max(bareCount - 1, 0))
                }
                writer.append(":\"},")
            }
            try writeMedia(media, request, index, to: &writer)
        }
        writer.append("]}")
    }

    // MARK: Media

    private mutating func writeMedia(
        _ media: ChatRequest.Media, _ request: ChatRequest, _ index: Int, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        switch (media.kind, media.source) {
        case (.image, .url(let url)):
            writer.append("{\"type\":\"image_url\",\"image_url\":{\"url\":")
            writer.append(quoted: url)
            OpenAIMessageWriter.endImage(media, to: &writer)
        case (.image, .base64(let type, let data)):
            writer.append("{\"type\":\"image_url\",\"image_url\":{\"url\":\"")
            OpenAIMessageWriter.writeDataURL(type, data, to: &writer)
            writer.append("\"")
            OpenAIMessageWriter.endImage(media, to: &writer)
        case (.document, .base64(let type, let data)):
            writer.append("{\"type\":\"file\",\"file\":{\"filename\":")
            // OpenAI wants a name; Anthropic's documents need no title.
            if let name = media.name { writer.append(quoted: name) } else { writer.append("\"document\"") }
            writer.append(",\"file_data\":\"")
            OpenAIMessageWriter.writeDataURL(type, data, to: &writer)
            writer.append("\"}}")
        case (.document, .file(let id)):
            writer.append("{\"type\":\"file\",\"file\":{\"file_id\":")
            writer.append(quoted: id)
            writer.append("}}")
        case (.document, .text(let text)):
            // OpenAI's files are PDFs; plain text is said as text.
            hasTextFiles = true
            writer.append("{\"type\":\"text\",\"text\":\"")
            if let name = media.name {
                writer.append(name.content)
                writer.append(":\\n\\n")
            }
            writer.append(text.content)
            writer.append("\"}")
        case (.audio, .base64(let type, let data)):
            guard let format = OpenAIMessageWriter.audioFormat(type) else { throw unsupported("OpenAI takes recordings as wav and mp3 alone", request, index) }
            writer.append("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"")
            writer.append(data)
            writer.append("\",\"format\":\"")
            writer.append(format)
            writer.append("\"}}")
        case (.image, _): throw unsupported("OpenAI takes images by address or as base64 alone", request, index)
        case (.document, _): throw unsupported("OpenAI's chat completions take no document by address; send its data as base64", request, index)
        case (.audio, _): throw unsupported("OpenAI takes recordings as base64 alone", request, index)
        }
    }

    private static func endImage(_ media: ChatRequest.Media, to writer: inout ByteWriter) {
        if let detail = media.detail {
            writer.append(",\"detail\":")
            writer.append(quoted: detail)
        }
        writer.append("}}")
    }

    private static func writeDataURL(_ type: ByteSlice, _ data: ByteSlice, to writer: inout ByteWriter) {
        writer.append("data:")
        writer.append(type)
        writer.append(";base64,")
        writer.append(data)
    }

    /// The format of `audio/…`, whose slash may be escaped.
    private static func audioFormat(_ type: ByteSlice) -> StaticString? {
        let words = type.dropFirst((type.firstIndex(of: UInt8(ascii: "/")) ?? -1) + 1)
        if words == "wav" || words == "x-wav" || words == "wave" { return "wav" }
        if words == "mp3" || words == "mpeg" { return "mp3" }
        return nil
    }
}
