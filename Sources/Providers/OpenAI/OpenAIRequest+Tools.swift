import Bytes
import JSON

// What is said about tools, the answer's form, and thinking.
extension OpenAIRequest {
    /// Reads `tools` and `tool_choice`, and `functions` and `function_call`, which they replaced.
    static func readTools(_ body: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        if let tools = body["tools"] {
            let name = JSONString(content: ByteSlice("tools"), hasEscapes: false)
            try OpenAIParameter.Shape.array.check(tools, name)
            var number = 0
            for tool in tools.elements {
                try readTool(tool, number, into: &request)
                number += 1
            }
            if number > 0 { request.give(.tools, name, tools) }
        }
        if let functions = body["functions"] {
            let name = JSONString(content: ByteSlice("functions"), hasEscapes: false)
            try OpenAIParameter.Shape.array.check(functions, name)
            var number = 0
            for function in functions.elements {
                try readFunction(function, mark: nil, "functions[\(number)]", into: &request)
                number += 1
            }
            if number > 0 { request.give(.tools, name, functions) }
        }
        if let choice = body["tool_choice"] {
            try readChoice(choice, into: &request)
            request.give(.toolChoice, JSONString(content: ByteSlice("tool_choice"), hasEscapes: false), choice)
        } else if let choice = body["function_call"] {
            try readLegacyChoice(choice, into: &request)
            request.give(.toolChoice, JSONString(content: ByteSlice("function_call"), hasEscapes: false), choice)
        }
    }

    private static func readTool(_ tool: JSONValue, _ number: Int, into request: inout ChatRequest) throws(TranslationFault) {
        guard tool.isObject else { throw TranslationFault(.invalid, "a tool must be an object", parameter: "tools[\(number)]") }
        if let type = tool["type"], !type.is("function") {
            guard let word = type.string else {
                throw TranslationFault(.invalid, "a tool's type must be a string", parameter: "tools[\(number)].type")
            }
            throw TranslationFault(
                .unsupported, "the provider of this model speaks another dialect and takes tools of type \"function\" only, not \"\(String(word.content))\"",
                parameter: "tools[\(number)]")
        }
        guard let function = tool["function"] else {
            throw TranslationFault(.invalid, "a tool needs an object \"function\"", parameter: "tools[\(number)].function")
        }
        try readFunction(function, mark: tool["cache_control"] ?? function["cache_control"], "tools[\(number)].function", into: &request)
    }

    /// `place` is built only for faults.
    private static func readFunction(
        _ function: JSONValue, mark: JSONValue?, _ place: @autoclosure () -> String, into request: inout ChatRequest
    ) throws(TranslationFault) {
        guard function.isObject else { throw TranslationFault(.invalid, "a function must be an object", parameter: place()) }
        guard let name = function["name"]?.string, !name.content.isEmpty else {
            throw TranslationFault(.invalid, "a function needs a name", parameter: "\(place()).name")
        }
        let description = function["description"]
        if let description, !description.isString {
            throw TranslationFault(.invalid, "a function's description must be a string", parameter: "\(place()).description")
        }
        let parameters = function["parameters"]
        if let parameters, !parameters.isObject {
            throw TranslationFault(.invalid, "a function's parameters must be a JSON schema, an object", parameter: "\(place()).parameters")
        }
        request.append(
            ChatRequest.Tool(
                name: name, description: description?.string, parameters: parameters, isStrict: function["strict"]?.bool, cacheMark: mark))
    }

    private static func readChoice(_ choice: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        if choice.is("auto") {
            request.toolChoice = .auto
        } else if choice.is("none") {
            request.toolChoice = ChatRequest.ToolChoice.none
        } else if choice.is("required") {
            request.toolChoice = .required
        } else if let type = choice["type"], type.is("allowed_tools") || type.is("custom") {
            throw TranslationFault(
                .unsupported, "the provider of this model speaks another dialect, which has no tool_choice of this type; name one function, or none",
                parameter: "tool_choice")
        } else if choice["type"]?.is("function") ?? true, let name = choice["function"]?["name"]?.string, !name.content.isEmpty {
            request.toolChoice = .named(name)
        } else {
            throw TranslationFault(
                .invalid, "tool_choice must be \"auto\", \"none\", \"required\" or {\"type\":\"function\",\"function\":{\"name\":…}}",
                parameter: "tool_choice")
        }
    }

    private static func readLegacyChoice(_ choice: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        if choice.is("auto") {
            request.toolChoice = .auto
        } else if choice.is("none") {
            request.toolChoice = ChatRequest.ToolChoice.none
        } else if let name = choice["name"]?.string, !name.content.isEmpty {
            request.toolChoice = .named(name)
        } else {
            throw TranslationFault(.invalid, "function_call must be \"auto\", \"none\" or {\"name\":…}", parameter: "function_call")
        }
    }

    // MARK: The answer's form

    static func readFormat(_ value: JSONValue, _ name: JSONString, into request: inout ChatRequest) throws(TranslationFault) {
        guard let type = value["type"] else {
            throw TranslationFault(
                .invalid, "response_format needs a type: \"text\", \"json_object\" or \"json_schema\"", parameter: "response_format.type")
        }
        // Text is the default.
        if type.is("text") { return request.format = .text }
        if type.is("json_object") {
            request.format = .jsonObject
        } else if type.is("json_schema") {
            guard let form = value["json_schema"], let schema = form["schema"], schema.isObject else {
                throw TranslationFault(.invalid, "response_format.json_schema needs an object \"schema\"", parameter: "response_format.json_schema")
            }
            request.format = .jsonSchema(name: form["name"]?.string, schema: schema, isStrict: form["strict"]?.bool)
        } else {
            throw TranslationFault(
                .invalid, "response_format.type must be \"text\", \"json_object\" or \"json_schema\"", parameter: "response_format.type")
        }
        request.give(.format, name, value)
    }

    // MARK: Thinking

    /// Reads OpenAI's `reasoning_effort` and Portkey's `thinking`. The latter is more exact and wins, unless it leaves the amount open.
    static func readReasoning(_ body: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        let effort = body["reasoning_effort"]
        let thinking = body["thinking"]
        let effortName = JSONString(content: ByteSlice("reasoning_effort"), hasEscapes: false)
        let fromEffort = try effort.map { value throws(TranslationFault) in try reasoning(effort: value) }
        let fromThinking = try thinking.map { value throws(TranslationFault) in try reasoning(thinking: value) }
        if let effort, let fromEffort {
            let isOpen = if case .adaptive? = fromThinking { true } else { fromThinking == nil }
            if isOpen {
                request.reasoning = fromEffort
                return request.give(.reasoning, effortName, effort)
            }
            request.giveExtra(effortName)
        }
        guard let thinking, let fromThinking else { return }
        request.reasoning = fromThinking
        request.give(.reasoning, JSONString(content: ByteSlice("thinking"), hasEscapes: false), thinking)
    }

    private static func reasoning(effort value: JSONValue) throws(TranslationFault) -> ChatRequest.Reasoning {
        if value.is("none") { return .off }
        for effort in ChatRequest.Effort.allCases where value.is(effort.word) { return .effort(effort) }
        throw TranslationFault(
            .invalid, "reasoning_effort must be \"none\", \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\" or \"max\"", parameter: "reasoning_effort")
    }

    /// Anthropic's form; `enabled` without a budget is DeepSeek's and Z.ai's.
    private static func reasoning(thinking value: JSONValue) throws(TranslationFault) -> ChatRequest.Reasoning {
        if value["type"]?.is("disabled") ?? false { return .off }
        if value["type"]?.is("adaptive") ?? false { return .adaptive }
        guard value["type"]?.is("enabled") ?? false else {
            throw TranslationFault(.invalid, "thinking.type must be \"enabled\", \"adaptive\" or \"disabled\"", parameter: "thinking.type")
        }
        guard let budget = value["budget_tokens"] else { return .adaptive }
        guard let tokens = budget.integer, tokens > 0 else {
            throw TranslationFault(.invalid, "thinking.budget_tokens must be a whole number, at least 1", parameter: "thinking.budget_tokens")
        }
        return .budget(tokens)
    }
}
