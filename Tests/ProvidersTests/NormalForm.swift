import Bytes
import JSON
import Providers

/// Requests in nobody's dialect, written as JSON, so that a writer's test needs no reader:
///
///     {"model": "m", "parts": [PART, …], "tools": [{"name", "description", "parameters", "strict"}, …], "extras": ["x"],
///      "choice": "auto" | "none" | "required" | {"name": "f"}, "format": "json" | {"schema": {…}}, "parallel": false,
///      "reasoning": "high" | 1024 | "adaptive" | "off", "given": {"temperature": 1, …}}
///
/// A PART is `{"role", ONE KIND, "joins": true, "inResult": true, "cache": {…}}`, of the kind `text`, `refusal`, `redacted`, `thinking`
/// (with `signature`), `call` (a name; with `id`, `args`, `signature`), `result` (an id or null; with `name`, `error`), or `media`
/// (`image`, `document`, `audio`; with `url`, `type` and `data`, `content` or `file`; and `title`, `detail`).
enum NormalForm {
    static func request(_ value: JSONValue) -> ChatRequest {
        var request = ChatRequest()
        request.begin()
        request.model = value["model"]?.string
        if let parts = value["parts"] {
            for element in parts.elements { if let part = part(element) { request.append(part) } }
        }
        if let tools = value["tools"] {
            for tool in tools.elements {
                guard let name = tool["name"]?.string else { continue }
                request.append(
                    ChatRequest.Tool(
                        name: name, description: tool["description"]?.string, parameters: tool["parameters"], isStrict: tool["strict"]?.bool,
                        cacheMark: tool["cache"]))
            }
            give(.tools, "tools", tools, &request)
        }
        choose(value["choice"], &request)
        if let format = value["format"] {
            if format.is("json") { request.format = .jsonObject }
            if let schema = format["schema"] { request.format = .jsonSchema(name: nil, schema: schema, isStrict: true) }
            give(.format, "response_format", format, &request)
        }
        if let allowed = value["parallel"]?.bool, let parallel = value["parallel"] {
            request.allowsParallelCalls = allowed
            give(.parallelToolCalls, "parallel_tool_calls", parallel, &request)
        }
        think(value["reasoning"], &request)
        for (name, given) in (value["given"]?.members.map { $0 } ?? []) {
            if let parameter = parameters.first(where: { name == $0.0 })?.1 { request.give(parameter, name, given) }
        }
        for extra in (value["extras"]?.elements.map { $0 } ?? []) { if let name = extra.string { request.giveExtra(name) } }
        return request
    }

    static let parameters: [(StaticString, ChatRequest.Parameter)] = [
        ("max_tokens", .maxTokens), ("temperature", .temperature), ("top_p", .topP), ("top_k", .topK), ("stop", .stop), ("seed", .seed), ("n", .count),
        ("frequency_penalty", .frequencyPenalty), ("presence_penalty", .presencePenalty), ("logit_bias", .logitBias), ("logprobs", .logprobs),
        ("top_logprobs", .topLogprobs), ("user", .user), ("metadata", .metadata), ("service_tier", .serviceTier), ("store", .store),
        ("modalities", .modalities), ("audio", .audio), ("verbosity", .verbosity), ("prompt_cache_key", .promptCacheKey),
    ]

    private static func give(_ parameter: ChatRequest.Parameter, _ name: StaticString, _ value: JSONValue, _ request: inout ChatRequest) {
        request.give(parameter, JSONString(content: ByteSlice(name), hasEscapes: false), value)
    }

    private static func choose(_ choice: JSONValue?, _ request: inout ChatRequest) {
        guard let choice else { return }
        if choice.is("auto") { request.toolChoice = .auto }
        if choice.is("none") { request.toolChoice = ChatRequest.ToolChoice.none }
        if choice.is("required") { request.toolChoice = .required }
        if let name = choice["name"]?.string { request.toolChoice = .named(name) }
        give(.toolChoice, "tool_choice", choice, &request)
    }

    private static func think(_ reasoning: JSONValue?, _ request: inout ChatRequest) {
        guard let reasoning else { return }
        if let tokens = reasoning.integer { request.reasoning = .budget(tokens) }
        if reasoning.is("adaptive") { request.reasoning = .adaptive }
        if reasoning.is("off") { request.reasoning = .off }
        for effort in ChatRequest.Effort.allCases where reasoning.is(effort.word) { request.reasoning = .effort(effort) }
        give(.reasoning, "reasoning_effort", reasoning, &request)
    }

    private static func part(_ value: JSONValue) -> ChatRequest.Part? {
        let role: ChatRequest.Role = value["role"]?.is("system") == true ? .system : value["role"]?.is("assistant") == true ? .assistant : .user
        guard let content = content(value) else { return nil }
        return ChatRequest.Part(
            role, content, opensMessage: value["joins"]?.bool != true, isInResult: value["inResult"]?.bool == true, cacheMark: value["cache"])
    }

    private static func content(_ value: JSONValue) -> ChatRequest.Content? {
        if let text = value["text"]?.string { return .text(text) }
        if let text = value["refusal"]?.string { return .refusal(text) }
        if let data = value["redacted"]?.string { return .redactedThinking(data) }
        if let text = value["thinking"]?.string { return .thinking(text, signature: value["signature"]?.string) }
        if let name = value["call"]?.string, let arguments = value["args"] {
            return .toolCall(
                id: value["id"]?.string, name: name, arguments: arguments.string.map { .text($0) } ?? .json(arguments), signature: value["signature"]?.string)
        }
        if let id = value.member("result") { return .toolResult(id: id.string, name: value["name"]?.string, isError: value["error"]?.bool == true) }
        guard let media = value["media"] else { return nil }
        let kind: ChatRequest.Media.Kind = media.is("audio") ? .audio : media.is("document") ? .document : .image
        let source: ChatRequest.Media.Source
        if let url = value["url"]?.string {
            source = .url(url)
        } else if let data = value["data"]?.string {
            source = .base64(type: value["type"]?.string?.content ?? ByteSlice(""), data: data.content)
        } else if let text = value["content"]?.string {
            source = .text(text)
        } else if let file = value["file"]?.string {
            source = .file(file)
        } else {
            return nil
        }
        return .media(ChatRequest.Media(kind, source, name: value["title"]?.string, detail: value["detail"]?.string))
    }
}
