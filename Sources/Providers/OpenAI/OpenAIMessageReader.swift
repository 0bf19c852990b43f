import Bytes
import JSON

/// One message of a chat completions request, as parts.
///
/// `system` and `developer` messages may stand anywhere; their order is kept. `function` messages and an assistant's
/// `function_call` are what tool messages and `tool_calls` replaced; they have no ids.
/// - Source: openai-python `types/chat/chat_completion_message_param.py` and its kin
struct OpenAIMessageReader {
    let message: JSONValue
    /// Which of the messages it is.
    let number: Int
    /// The index its first part has in the request.
    let firstPart: Int
    private(set) var role = ChatRequest.Role.user
    /// Whether parts being read are content of a tool result.
    private(set) var isInResult = false
    /// Whether the assistant's calls are given as OpenAI gives them.
    private(set) var hasCalls = false

    init(_ message: JSONValue, number: Int, firstPart: Int) {
        self.message = message
        self.number = number
        self.firstPart = firstPart
    }

    mutating func read(into request: inout ChatRequest) throws(TranslationFault) {
        guard message.isObject else { throw fault("a message must be an object") }
        let word = message["role"]
        if word?.is("user") ?? false {
            role = .user
            try readContent(into: &request)
        } else if word?.is("assistant") ?? false {
            role = .assistant
            hasCalls = !(message["tool_calls"]?.isEmptyContainer ?? true)
            try readAssistant(into: &request)
        } else if word?.is("system") ?? false || word?.is("developer") ?? false {
            role = .system
            try readContent(into: &request)
        } else if word?.is("tool") ?? false {
            guard let id = message["tool_call_id"]?.string, !id.content.isEmpty else {
                throw fault("a tool message needs the tool_call_id it answers", member: "tool_call_id")
            }
            try readResult(id: id, into: &request)
        } else if word?.is("function") ?? false {
            guard message["name"]?.string != nil else { throw fault("a function message needs the function's name", member: "name") }
            try readResult(id: nil, into: &request)
        } else {
            throw fault("role must be one of system, developer, user, assistant, tool, function", member: "role")
        }
        readMark(into: &request)
        readRest(into: &request)
    }

    /// Adds a part; the first one opens the message.
    func append(_ content: ChatRequest.Content, mark: JSONValue?, into request: inout ChatRequest) {
        request.append(
            ChatRequest.Part(role, content, opensMessage: request.parts.count == firstPart, isInResult: isInResult, cacheMark: mark))
    }

    private func readContent(into request: inout ChatRequest) throws(TranslationFault) {
        guard let content = message["content"] else { throw fault("content must be a string or an array of parts", member: "content") }
        if content.isEmptyContainer, content.isArray { throw fault("content must have at least one part", member: "content") }
        try readStringOrParts(content, "content", into: &request)
    }

    private func readStringOrParts(_ content: JSONValue, _ list: StaticString, into request: inout ChatRequest) throws(TranslationFault) {
        if let text = content.string { return append(.text(text), mark: nil, into: &request) }
        guard content.isArray else { throw fault("\(list) must be a string or an array of parts", member: "\(list)") }
        var number = 0
        for part in content.elements {
            try readPart(part, list, number, into: &request)
            number += 1
        }
    }

    /// A tool's answer: the result, then its content. An empty one has none.
    private mutating func readResult(id: JSONString?, into request: inout ChatRequest) throws(TranslationFault) {
        append(.toolResult(id: id, name: message["name"]?.string, isError: false), mark: nil, into: &request)
        guard let content = message["content"] else { return }
        isInResult = true
        if content.string?.content.isEmpty ?? false { return }
        try readStringOrParts(content, "content", into: &request)
    }

    // MARK: The assistant

    /// What it thought, what it said, what it called, in this order: the order of Anthropic's turns.
    private func readAssistant(into request: inout ChatRequest) throws(TranslationFault) {
        if let audio = message["audio"] {
            guard audio.isEmptyContainer else {
                throw TranslationFault(
                    .unsupported, "an earlier answer given as audio is kept by OpenAI only; send its transcript as content", parameter: place("audio"))
            }
        }
        let calls = message["tool_calls"]
        if let calls, !calls.isArray { throw fault("tool_calls must be an array", member: "tool_calls") }
        var hasContent = false
        if let blocks = message["content_blocks"], !blocks.isEmptyContainer {
            guard blocks.isArray else { throw fault("content_blocks must be an array", member: "content_blocks") }
            try readStringOrParts(blocks, "content_blocks", into: &request)
            // Portkey's blocks hold the text as well, and `content` holds it again.
            hasContent = blocks.elements.contains { $0["type"]?.is("text") ?? false }
        }
        if !hasContent, let content = message["content"], !(content.string?.content.isEmpty ?? false) {
            try readStringOrParts(content, "content", into: &request)
        }
        if let refusal = message["refusal"]?.string, !refusal.content.isEmpty { append(.refusal(refusal), mark: nil, into: &request) }
        if let calls {
            var number = 0
            for call in calls.elements {
                try readCall(call, number, into: &request)
                number += 1
            }
        }
        if let call = message["function_call"] { try readFunction(call, id: nil, signature: nil, mark: nil, "function_call", into: &request) }
        // A turn that says nothing is still a turn.
        if request.parts.count == firstPart { append(.text(JSONString(content: ByteSlice(""), hasEscapes: false)), mark: nil, into: &request) }
    }

    private func readCall(_ call: JSONValue, _ number: Int, into request: inout ChatRequest) throws(TranslationFault) {
        if let type = call["type"], !type.is("function") {
            throw TranslationFault(
                .unsupported, "the provider of this model speaks another dialect and takes tool calls of type \"function\" only",
                parameter: place("tool_calls[\(number)]"))
        }
        guard let function = call["function"] else { throw fault("a tool call needs an object \"function\"", member: "tool_calls[\(number)]") }
        // Portkey's place for Gemini's signature, and Google's own in its OpenAI-compatible API.
        let signature = function["thought_signature"]?.string ?? call["extra_content"]?["google"]?["thought_signature"]?.string
        try readFunction(
            function, id: call["id"]?.string, signature: signature, mark: call["cache_control"], "tool_calls[\(number)].function", into: &request)
    }

    private func readFunction(
        _ function: JSONValue, id: JSONString?, signature: JSONString?, mark: JSONValue?, _ place: @autoclosure () -> String,
        into request: inout ChatRequest
    ) throws(TranslationFault) {
        guard let name = function["name"]?.string, !name.content.isEmpty else { throw fault("a call needs the function's name", member: "\(place()).name") }
        let arguments: ChatRequest.Arguments
        if let value = function["arguments"] {
            if let text = value.string { arguments = .text(text) } else if value.isObject { arguments = .json(value) } else {
                throw fault("a call's arguments must be JSON inside a string", member: "\(place()).arguments")
            }
        } else {
            arguments = .text(JSONString(content: ByteSlice(""), hasEscapes: false))
        }
        let known = id.flatMap { $0.content.isEmpty ? nil : $0 }
        append(.toolCall(id: known, name: name, arguments: arguments, signature: signature), mark: mark, into: &request)
    }

    // MARK: What else a message says

    /// A mark on the message is one on its end; on a tool's answer, one on the result.
    private func readMark(into request: inout ChatRequest) {
        guard let mark = message["cache_control"], request.parts.count > firstPart else { return }
        let marked = isInResult ? firstPart : request.parts.count - 1
        if request.parts[marked].cacheMark == nil { request.parts[marked].cacheMark = mark }
    }

    /// Tells of members no other dialect has; what is empty says nothing.
    private func readRest(into request: inout ChatRequest) {
        for (name, value) in message.members where !value.isNull && !value.isEmptyContainer && !(value.string?.content.isEmpty ?? false) {
            if name == "role" || name == "content" || name == "cache_control" { continue }
            if role == .assistant {
                if name == "tool_calls" || name == "function_call" || name == "refusal" || name == "content_blocks" { continue }
            } else if isInResult, name == "name" || name == "tool_call_id" {
                continue
            }
            request.giveExtraOnce(name)
        }
    }

    // MARK: Faults

    /// Where in the body, as `messages[3].content[0]`.
    func place(_ member: String) -> String { member.isEmpty ? "messages[\(number)]" : "messages[\(number)].\(member)" }

    func fault(_ message: String, member: String = "") -> TranslationFault {
        TranslationFault(.invalid, message, parameter: place(member))
    }
}
