import Bytes
import JSON

// The parts of a message's content, OpenAI's and those Portkey adds.
extension OpenAIMessageReader {
    /// Reads the part `number` of the array `list`.
    func readPart(_ part: JSONValue, _ list: StaticString, _ number: Int, into request: inout ChatRequest) throws(TranslationFault) {
        guard let type = part["type"]?.string else { throw fault("a part needs a type", member: "\(list)[\(number)]") }
        let mark = part["cache_control"]
        if type == "text" {
            guard let text = part["text"]?.string else { throw fault("a part of type text needs a string \"text\"", member: "\(list)[\(number)].text") }
            append(.text(text), mark: mark, into: &request)
        } else if role == .assistant, try readAssistantPart(part, type, mark, list, number, into: &request) {
            return
        } else if role != .system, let media = try media(part, type, list, number, into: &request) {
            append(.media(media), mark: mark, into: &request)
        } else {
            throw unknownPart(type, list, number)
        }
        for (name, value) in part.members where !value.isNull && name == "prompt_cache_breakpoint" { request.giveExtraOnce(name) }
    }

    private func unknownPart(_ type: JSONString, _ list: StaticString, _ number: Int) -> TranslationFault {
        let allowed =
            switch role {
            case .system: "text"
            case .user: "text, image_url, input_audio, file"
            case .assistant: "text, refusal, thinking, redacted_thinking"
            }
        return fault("parts of type \"\(String(type.content))\" are not taken here; those of \(allowed) are", member: "\(list)[\(number)]")
    }

    /// Parts that only the assistant's turns have; false for others.
    private func readAssistantPart(
        _ part: JSONValue, _ type: JSONString, _ mark: JSONValue?, _ list: StaticString, _ number: Int, into request: inout ChatRequest
    ) throws(TranslationFault) -> Bool {
        if type == "refusal" {
            guard let refusal = part["refusal"]?.string else { throw fault("a refusal needs a string \"refusal\"", member: "\(list)[\(number)].refusal") }
            append(.refusal(refusal), mark: mark, into: &request)
        } else if type == "thinking" {
            guard let thinking = part["thinking"]?.string else {
                throw fault("a part of type thinking needs a string \"thinking\"", member: "\(list)[\(number)].thinking")
            }
            append(.thinking(thinking, signature: part["signature"]?.string), mark: mark, into: &request)
        } else if type == "redacted_thinking" {
            guard let data = part["data"]?.string else {
                throw fault("a part of type redacted_thinking needs a string \"data\"", member: "\(list)[\(number)].data")
            }
            append(.redactedThinking(data), mark: mark, into: &request)
        } else if type == "tool_use" {
            // An Anthropic block kept as it came. `tool_calls`, where there are any, say the same again.
            if hasCalls { return true }
            guard let name = part["name"]?.string, let input = part["input"], input.isObject else {
                throw fault("a part of type tool_use needs a name and an object \"input\"", member: "\(list)[\(number)]")
            }
            append(.toolCall(id: part["id"]?.string, name: name, arguments: .json(input), signature: nil), mark: mark, into: &request)
        } else {
            return false
        }
        return true
    }

    // MARK: Media

    /// Nil when the part is of no kind of media.
    private func media(
        _ part: JSONValue, _ type: JSONString, _ list: StaticString, _ number: Int, into request: inout ChatRequest
    ) throws(TranslationFault) -> ChatRequest.Media? {
        if type == "image_url" { return try image(part["image_url"], "\(list)[\(number)].image_url", into: &request) }
        if type == "input_audio" { return try audio(part["input_audio"], "\(list)[\(number)].input_audio") }
        if type == "file" { return try file(part["file"], "\(list)[\(number)].file") }
        return nil
    }

    /// `{"url","detail"}`, or the URL alone. Portkey's `mime_type` may say that it is no image.
    private func image(
        _ image: JSONValue?, _ place: @autoclosure () -> String, into request: inout ChatRequest
    ) throws(TranslationFault) -> ChatRequest.Media {
        guard let image, let url = image.string ?? image["url"]?.string, !url.content.isEmpty else {
            throw fault("image_url needs a string \"url\": an address, or a data: URL", member: "\(place()).url")
        }
        if DataURL.isOne(url) {
            guard let data = DataURL(url) else { throw fault("a data: URL must be data:<type>;base64,<data>", member: "\(place()).url") }
            return ChatRequest.Media(DataURL.kind(of: data.type), .base64(type: data.type, data: data.data), detail: image["detail"]?.string)
        }
        let kind = image["mime_type"]?.string.map { DataURL.kind(of: $0.content) } ?? .image
        return ChatRequest.Media(kind, .url(url), detail: image["detail"]?.string)
    }

    private func audio(_ audio: JSONValue?, _ place: @autoclosure () -> String) throws(TranslationFault) -> ChatRequest.Media {
        guard let audio, let data = audio["data"]?.string, let format = audio["format"]?.string else {
            throw fault("input_audio needs strings \"data\" and \"format\"", member: place())
        }
        guard let type = OpenAIMessageReader.audioType(format) else {
            throw fault("format must be one of wav, mp3, flac, opus, ogg, aac, m4a, aiff, pcm16, webm, mp4, mpeg", member: "\(place()).format")
        }
        return ChatRequest.Media(.audio, .base64(type: ByteSlice(type), data: data.content))
    }

    /// OpenAI documents wav and mp3; the rest is what Portkey maps for Gemini.
    private static func audioType(_ format: JSONString) -> StaticString? {
        if format == "wav" { return "audio/wav" }
        if format == "mp3" { return "audio/mp3" }
        if format == "flac" { return "audio/flac" }
        if format == "opus" || format == "ogg" { return "audio/ogg" }
        if format == "aac" { return "audio/aac" }
        if format == "m4a" { return "audio/m4a" }
        if format == "aiff" { return "audio/aiff" }
        if format == "pcm16" { return "audio/pcm" }
        if format == "webm" { return "audio/webm" }
        if format == "mp4" { return "audio/mp4" }
        if format == "mpeg" || format == "mpga" { return "audio/mpeg" }
        return nil
    }

    /// `file_id`, `file_data` (a data: URL, or base64 alone), or Portkey's `file_url`; `mime_type` is Portkey's too.
    private func file(_ file: JSONValue?, _ place: @autoclosure () -> String) throws(TranslationFault) -> ChatRequest.Media {
        guard let file, file.isObject else { throw fault("a part of type file needs an object \"file\"", member: place()) }
        let name = file["filename"]?.string ?? file["file_name"]?.string
        let type = file["mime_type"]?.string?.content
        if let url = file["file_data"]?.string ?? file["file_url"]?.string, DataURL.isOne(url) {
            guard let data = DataURL(url) else { throw fault("a data: URL must be data:<type>;base64,<data>", member: place()) }
            return ChatRequest.Media(DataURL.kind(of: data.type), .base64(type: data.type, data: data.data), name: name)
        }
        if let data = file["file_data"]?.string {
            // As with Portkey, plain text is told as it is, and what has no type is a PDF.
            if let type, type == "text/plain" || type == "text\\/plain" { return ChatRequest.Media(.document, .text(data), name: name) }
            let type = type ?? ByteSlice("application/pdf")
            return ChatRequest.Media(DataURL.kind(of: type), .base64(type: type, data: data.content), name: name)
        }
        if let url = file["file_url"]?.string {
            return ChatRequest.Media(type.map { DataURL.kind(of: $0) } ?? .document, .url(url), name: name)
        }
        if let id = file["file_id"]?.string { return ChatRequest.Media(type.map { DataURL.kind(of: $0) } ?? .document, .file(id), name: name) }
        throw fault("a file needs one of file_data, file_id, file_url", member: place())
    }
}
