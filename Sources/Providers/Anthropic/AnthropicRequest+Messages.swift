import Bytes
import JSON

/// Reading of the conversation: the system prompt and the messages' blocks.
extension AnthropicRequest {
    /// Where a block stands, spelled out only when something is wrong with it.
    struct BlockPath {
        var message: Int
        var block: Int
        /// The block's own content's block, in a tool result or a document.
        var inner: Int?

        var text: String {
            let outer = message < 0 ? "system[\(block)]" : "messages[\(message)].content[\(block)]"
            return inner.map { "\(outer).content[\($0)]" } ?? outer
        }

        func inside(_ index: Int) -> BlockPath { BlockPath(message: message, block: block, inner: index) }
    }

    /// What all parts of one message have in common; the first part opens it.
    private struct Opening {
        var role: ChatRequest.Role
        var isFirst = true
        var isInResult = false

        mutating func part(_ content: ChatRequest.Content, cacheMark: JSONValue? = nil) -> ChatRequest.Part {
            defer { isFirst = false }
            return ChatRequest.Part(role, content, opensMessage: isFirst, isInResult: isInResult, cacheMark: cacheMark)
        }
    }

    static func readSystem(_ value: JSONValue, at path: String, into request: inout ChatRequest) throws(TranslationFault) {
        var opening = Opening(role: .system)
        if let text = value.string { return request.append(opening.part(.text(text))) }
        guard value.isArray else { throw TranslationFault(.invalid, "\(path): must be a string or an array of text blocks", parameter: path) }
        for (index, block) in value.elements.enumerated() {
            guard block["type"]?.is("text") ?? false else {
                throw TranslationFault(.invalid, "\(path)[\(index)]: must be a text block", parameter: "\(path)[\(index)]")
            }
            try readText(block, BlockPath(message: -1, block: index), &opening, into: &request)
        }
    }

    static func readMessage(_ message: JSONValue, _ index: Int, into request: inout ChatRequest) throws(TranslationFault) {
        let role = message["role"]
        let content = message["content"]
        // Opus 4.8 and its successors take instructions between the turns.
        if role?.is("system") ?? false, let content { return try readSystem(content, at: "messages[\(index)].content", into: &request) }
        let isAssistant = role?.is("assistant") ?? false
        guard isAssistant || role?.is("user") ?? false else {
            throw TranslationFault(.invalid, "messages[\(index)].role: must be user or assistant", parameter: "messages[\(index)].role")
        }
        for member in message.members where !(member.name == "role" || member.name == "content") { request.giveOnce(member.name) }
        var opening = Opening(role: isAssistant ? .assistant : .user)
        if let text = content?.string { return request.append(opening.part(.text(text))) }
        guard let content, content.isArray else {
            throw TranslationFault(
                .invalid, "messages[\(index)].content: must be a string or an array of blocks", parameter: "messages[\(index)].content")
        }
        for (block, value) in content.elements.enumerated() {
            try readBlock(value, BlockPath(message: index, block: block), &opening, into: &request)
        }
    }

    // MARK: Blocks

    private static func readBlock(
        _ block: JSONValue, _ path: BlockPath, _ opening: inout Opening, into request: inout ChatRequest
    ) throws(TranslationFault) {
        let type = try string(block["type"], "\(path.text).type")
        if type == "text" { return try readText(block, path, &opening, into: &request) }
        if type == "image" { return try readImage(block, path, &opening, into: &request) }
        if type == "document" { return try readDocument(block, path, &opening, into: &request) }
        // Nothing else stands inside a tool's result.
        if path.inner == nil {
            try checkRole(type, path, opening.role)
            if type == "tool_use" { return try readToolUse(block, path, &opening, into: &request) }
            if type == "tool_result" { return try readToolResult(block, path, &opening, into: &request) }
            if type == "thinking" {
                let thinking = try string(block["thinking"], "\(path.text).thinking")
                return request.append(opening.part(.thinking(thinking, signature: block["signature"]?.string)))
            }
            if type == "redacted_thinking" {
                return request.append(opening.part(.redactedThinking(try string(block["data"], "\(path.text).data"))))
            }
        }
        throw TranslationFault(
            .unsupported, "\(path.text): the target has nothing like a block of type \"\(shown(type))\"", parameter: path.text)
    }

    /// Calls and thinking are the assistant's, results the user's.
    private static func checkRole(_ type: JSONString, _ path: BlockPath, _ role: ChatRequest.Role) throws(TranslationFault) {
        let isAssistants = type == "tool_use" || type == "thinking" || type == "redacted_thinking"
        guard isAssistants && role != .assistant || type == "tool_result" && role != .user else { return }
        throw TranslationFault(
            .invalid, "\(path.text): a block of type \"\(shown(type))\" must be in a message of role \(isAssistants ? "assistant" : "user")",
            parameter: path.text)
    }

    private static func readText(
        _ block: JSONValue, _ path: BlockPath, _ opening: inout Opening, into request: inout ChatRequest
    ) throws(TranslationFault) {
        let text = try string(block["text"], "\(path.text).text")
        request.append(opening.part(.text(text), cacheMark: block["cache_control"]))
        for (name, value) in block.members where !value.isNull && !(name == "type" || name == "text" || name == "cache_control") {
            request.giveOnce(name)
        }
    }

    private static func readImage(
        _ block: JSONValue, _ path: BlockPath, _ opening: inout Opening, into request: inout ChatRequest
    ) throws(TranslationFault) {
        guard let source = try mediaSource(block["source"], path) else { throw unknownSource(path) }
        request.append(opening.part(.media(ChatRequest.Media(.image, source)), cacheMark: block["cache_control"]))
        for (name, value) in block.members where !value.isNull && !(name == "type" || name == "source" || name == "cache_control") {
            request.giveOnce(name)
        }
    }

    /// A document's context, and what a document of blocks holds, are things the model reads: they become parts of their own.
    private static func readDocument(
        _ block: JSONValue, _ path: BlockPath, _ opening: inout Opening, into request: inout ChatRequest
    ) throws(TranslationFault) {
        let mark = block["cache_control"]
        let title = block["title"]?.string
        if let context = block["context"]?.string { request.append(opening.part(.text(context))) }
        for (name, value) in block.members where !value.isNull {
            if name == "type" || name == "source" || name == "title" || name == "context" || name == "cache_control" { continue }
            if name == "citations", value["enabled"]?.bool != true { continue }
            request.giveOnce(name)
        }
        let source = block["source"]
        if source?["type"]?.is("text") ?? false {
            let text = try string(source?["data"], "\(path.text).source.data")
            return request.append(opening.part(.media(ChatRequest.Media(.document, .text(text), name: title)), cacheMark: mark))
        }
        if let known = try mediaSource(source, path) {
            return request.append(opening.part(.media(ChatRequest.Media(.document, known, name: title)), cacheMark: mark))
        }
        guard source?["type"]?.is("content") ?? false, let content = source?["content"] else { throw unknownSource(path) }
        if let title { request.append(opening.part(.text(title))) }
        if let text = content.string { return request.append(opening.part(.text(text), cacheMark: mark)) }
        for (index, inner) in content.elements.enumerated() { try readBlock(inner, path.inside(index), &opening, into: &request) }
    }

    /// The sources images and documents have in common; nil for any other.
    private static func mediaSource(_ source: JSONValue?, _ path: BlockPath) throws(TranslationFault) -> ChatRequest.Media.Source? {
        guard let source, let type = source["type"]?.string else { throw unknownSource(path) }
        if type == "base64" {
            let kind = try string(source["media_type"], "\(path.text).source.media_type")
            return .base64(type: kind.content, data: try string(source["data"], "\(path.text).source.data").content)
        }
        if type == "url" { return .url(try string(source["url"], "\(path.text).source.url")) }
        if type == "file" { return .file(try string(source["file_id"], "\(path.text).source.file_id")) }
        return nil
    }

    private static func unknownSource(_ path: BlockPath) -> TranslationFault {
        TranslationFault(.invalid, "\(path.text).source: must be of type base64, url, file, text or content", parameter: "\(path.text).source")
    }

    // MARK: Tools

    private static func readToolUse(
        _ block: JSONValue, _ path: BlockPath, _ opening: inout Opening, into request: inout ChatRequest
    ) throws(TranslationFault) {
        let id = try string(block["id"], "\(path.text).id")
        let name = try string(block["name"], "\(path.text).name")
        guard let input = block["input"], input.isObject else {
            throw TranslationFault(.invalid, "\(path.text).input: must be an object", parameter: "\(path.text).input")
        }
        let content = ChatRequest.Content.toolCall(id: id, name: name, arguments: .json(input), signature: nil)
        request.append(opening.part(content, cacheMark: block["cache_control"]))
        for (name, value) in block.members where !value.isNull {
            if name == "type" || name == "id" || name == "name" || name == "input" || name == "cache_control" { continue }
            request.giveOnce(name)
        }
    }

    private static func readToolResult(
        _ block: JSONValue, _ path: BlockPath, _ opening: inout Opening, into request: inout ChatRequest
    ) throws(TranslationFault) {
        let id = try string(block["tool_use_id"], "\(path.text).tool_use_id")
        let result = ChatRequest.Content.toolResult(id: id, name: nil, isError: block["is_error"]?.bool ?? false)
        request.append(opening.part(result, cacheMark: block["cache_control"]))
        for (name, value) in block.members where !value.isNull {
            if name == "type" || name == "tool_use_id" || name == "content" || name == "is_error" || name == "cache_control" { continue }
            request.giveOnce(name)
        }
        guard let content = block["content"] else { return }
        opening.isInResult = true
        defer { opening.isInResult = false }
        if let text = content.string { return request.append(opening.part(.text(text))) }
        guard content.isArray else {
            throw TranslationFault(.invalid, "\(path.text).content: must be a string or an array of blocks", parameter: "\(path.text).content")
        }
        for (index, inner) in content.elements.enumerated() { try readBlock(inner, path.inside(index), &opening, into: &request) }
    }
}
