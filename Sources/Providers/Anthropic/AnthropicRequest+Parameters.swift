import Bytes
import JSON

/// Reading of tools, thinking and the output's format.
extension AnthropicRequest {
    static func readTools(_ name: JSONString, _ value: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        guard value.isArray else { throw TranslationFault(.invalid, "tools: must be an array", parameter: "tools") }
        for (index, tool) in value.elements.enumerated() {
            if let type = tool["type"]?.string, !(type == "custom") {
                throw TranslationFault(
                    .unsupported, "tools[\(index)]: the target has no tool of type \"\(shown(type))\"; tools of your own have type custom",
                    parameter: "tools[\(index)]")
            }
            let own = try string(tool["name"], "tools[\(index)].name")
            guard let schema = tool["input_schema"], schema.isObject else {
                throw TranslationFault(.invalid, "tools[\(index)].input_schema: must be a JSON schema", parameter: "tools[\(index)].input_schema")
            }
            request.append(
                ChatRequest.Tool(
                    name: own, description: tool["description"]?.string, parameters: schema, isStrict: tool["strict"]?.bool,
                    cacheMark: tool["cache_control"]))
            for (name, value) in tool.members where !value.isNull {
                if name == "type" || name == "name" || name == "input_schema" || name == "description" { continue }
                if !(name == "strict" || name == "cache_control") { request.giveOnce(name) }
            }
        }
        if !value.isEmptyContainer { request.give(.tools, name, value) }
    }

    static func readToolChoice(_ name: JSONString, _ value: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        let type = try string(value["type"], "tool_choice.type")
        if type == "auto" {
            request.toolChoice = .auto
        } else if type == "any" {
            request.toolChoice = .required
        } else if type == "none" {
            request.toolChoice = ChatRequest.ToolChoice.none
        } else if type == "tool" {
            request.toolChoice = .named(try string(value["name"], "tool_choice.name"))
        } else {
            throw TranslationFault(.invalid, "tool_choice.type: must be auto, any, tool or none", parameter: "tool_choice.type")
        }
        request.give(.toolChoice, name, value)
        for member in value.members where !member.value.isNull {
            if member.name == "disable_parallel_tool_use" {
                guard let isDisabled = member.value.bool else {
                    throw TranslationFault(.invalid, "tool_choice.disable_parallel_tool_use: must be true or false", parameter: "tool_choice")
                }
                request.allowsParallelCalls = !isDisabled
                request.give(.parallelToolCalls, member.name, member.value)
            } else if !(member.name == "type" || member.name == "name") {
                request.giveOnce(member.name)
            }
        }
    }

    // MARK: Output

    /// Reads `output_config` but for `effort`, which `readReasoning` weighs against `thinking`.
    static func readOutputConfig(_ name: JSONString, _ value: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        guard value.isObject else { throw TranslationFault(.invalid, "output_config: must be an object", parameter: "output_config") }
        for member in value.members where !member.value.isNull {
            if member.name == "format" {
                try readFormat(name, member.value, into: &request)
            } else if !(member.name == "effort") {
                request.giveOnce(member.name)
            }
        }
    }

    static func readFormat(_ name: JSONString, _ value: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        guard value["type"]?.is("json_schema") ?? false, let schema = value["schema"], schema.isObject else {
            throw TranslationFault(.invalid, "output_config.format: must be {\"type\":\"json_schema\",\"schema\":{…}}", parameter: "output_config.format")
        }
        request.format = .jsonSchema(name: nil, schema: schema, isStrict: nil)
        request.give(.format, name, value)
    }

    // MARK: Thinking

    /// Reads `thinking` and `output_config.effort`. An effort says more than a budget to all who have no budgets, and thinking that is
    /// switched off stays off whatever the effort.
    static func readReasoning(_ body: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        if let thinking = body["thinking"] {
            request.reasoning = try readThinking(thinking, into: &request)
            // The names are the client's; members of the body are found by them.
            for (name, value) in body.members where name == "thinking" { request.give(.reasoning, name, value) }
        }
        guard let value = body["output_config"]?["effort"] else { return }
        let effort = try readEffort(value)
        for (name, config) in body.members where name == "output_config" {
            if case .off? = request.reasoning {
                request.giveOnce(name)
            } else {
                request.reasoning = .effort(effort)
                request.give(.reasoning, name, config)
            }
        }
    }

    private static func readThinking(_ thinking: JSONValue, into request: inout ChatRequest) throws(TranslationFault) -> ChatRequest.Reasoning {
        let type = try string(thinking["type"], "thinking.type")
        for member in thinking.members where member.name == "display" && !member.value.isNull { request.giveOnce(member.name) }
        if type == "adaptive" { return .adaptive }
        // `between_tools` is how thinking is switched off on models that know no `disabled`.
        if type == "disabled" || type == "between_tools" { return .off }
        guard type == "enabled" else {
            throw TranslationFault(.invalid, "thinking.type: must be enabled, adaptive or disabled", parameter: "thinking.type")
        }
        guard let tokens = thinking["budget_tokens"]?.integer, tokens >= AnthropicThinking.leastBudget else {
            throw TranslationFault(.invalid, "thinking.budget_tokens: must be a number of tokens, 1024 or more", parameter: "thinking.budget_tokens")
        }
        return .budget(tokens)
    }

    private static func readEffort(_ value: JSONValue) throws(TranslationFault) -> ChatRequest.Effort {
        for effort in ChatRequest.Effort.allCases where effort != .minimal && value.is(effort.word) { return effort }
        throw TranslationFault(.invalid, "output_config.effort: must be low, medium, high, xhigh or max", parameter: "output_config.effort")
    }
}
