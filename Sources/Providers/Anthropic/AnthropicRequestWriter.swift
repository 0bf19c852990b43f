public import Bytes
import JSON

/// Writing of a request for Anthropic's Messages API.
///
///     client's words            Anthropic's
///     system, developer         system, as blocks, in order, wherever they stood
///     messages                  turns: what one role says in a row is one message
///     tool results              first in the user's turn after the calls
///     stop                      stop_sequences, always an array
///     n, seed, penalties, …     told as dropped
///
/// - Source: Claude Platform docs "Messages", "Tool use", "Structured outputs", "Errors"; `anthropic.types.MessageCreateParams`
extension AnthropicRequest {
    /// - Throws: `.invalid` when the API could make nothing of it, `.unsupported` for content it has no block for.
    public static func write(
        _ request: inout ChatRequest, _ options: RequestOptions, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        guard let name = request.model else { throw TranslationFault(.invalid, "model: required, the name of a model", parameter: "model") }
        guard !request.parts.isEmpty else { throw TranslationFault(.invalid, "messages: must have at least one message", parameter: "messages") }
        let model = AnthropicModel(named: name.content)
        let thinking = AnthropicThinking(&request, model, maxTokens: try maxTokens(&request, model), &notes)
        if options.isVertex {
            // The path names the model there.
            writer.append("{\"anthropic_version\":")
            writer.append(VertexPath.anthropicVersion)
        } else {
            writer.append("{\"model\":")
            writer.append(asIs: name)
        }
        writer.append(",\"max_tokens\":")
        writer.append(decimal: Int(thinking.maxTokens))
        if request.isStream { writer.append(",\"stream\":true") }
        try writeSystem(request, to: &writer)
        try writeMessages(request, to: &writer, &notes)
        try writeTools(&request, model, to: &writer, &notes)
        writeThinking(thinking, to: &writer)
        writeOutputConfig(&request, thinking, model, to: &writer)
        writeSampling(&request, thinking, model, to: &writer, &notes)
        try writeStops(&request, to: &writer, &notes)
        writeUser(&request, to: &writer)
        writeServiceTier(&request, to: &writer)
        writer.append("}")
        honourDefaults(&request)
        request.noteDropped(&notes)
    }

    /// The client's limit, or the model's where the client leaves it to the model: the API has no default.
    private static func maxTokens(_ request: inout ChatRequest, _ model: AnthropicModel) throws(TranslationFault) -> Int64 {
        guard let value = request.honour(.maxTokens) else { return model.outputLimit }
        guard let count = value.integer, count >= 1, count <= Limits.tokenCount else {
            let name = String(request.name(of: .maxTokens))
            throw TranslationFault(.invalid, "\(name): must be a number of tokens, 1 or more", parameter: name)
        }
        return count
    }

    // MARK: Tools

    private static func writeTools(
        _ request: inout ChatRequest, _ model: AnthropicModel, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        guard !request.tools.isEmpty else {
            // Without tools nothing is called, as these ask; the API refuses a choice where there is none.
            switch request.toolChoice {
            case .auto?, .none?, nil: _ = request.honour(.toolChoice)
            case .required?, .named?: break
            }
            _ = request.honour(.parallelToolCalls)
            return
        }
        _ = request.honour(.tools)
        writer.append(",\"tools\":[")
        var hasLostStrictness = false
        for index in request.tools.indices {
            let tool = request.tools[index]
            writer.append(index > 0 ? ",{\"name\":" : "{\"name\":")
            writer.append(asIs: tool.name)
            if let description = tool.description {
                writer.append(",\"description\":")
                writer.append(asIs: description)
            }
            writer.append(",\"input_schema\":")
            try writeSchema(tool.parameters, index, to: &writer)
            if let isStrict = tool.isStrict {
                if model.hasStructuredOutputs { writer.append(isStrict ? ",\"strict\":true" : ",\"strict\":false") }
                hasLostStrictness = hasLostStrictness || isStrict && !model.hasStructuredOutputs
            }
            writeCacheMark(tool.cacheMark, to: &writer)
            writer.append("}")
        }
        writer.append("]")
        if hasLostStrictness { request.noteChange(.tools, "tools", &notes) }
        writeToolChoice(&request, model, to: &writer, &notes)
    }

    /// The schema whole, whatever it has; `type` alone is added, which the API demands and OpenAI does not.
    static func writeSchema(_ schema: JSONValue?, _ index: Int, to writer: inout ByteWriter) throws(TranslationFault) {
        guard let schema else { return writer.append("{\"type\":\"object\",\"properties\":{}}") }
        guard schema.isObject else {
            throw TranslationFault(.invalid, "tools[\(index)].function.parameters: must be a JSON schema", parameter: "tools[\(index)]")
        }
        if schema["type"] != nil { return writer.append(schema.bytes) }
        writer.append("{\"type\":\"object\"")
        for member in schema.members where !(member.name == "type") {
            writer.append(",")
            writer.append(asIs: member.name)
            writer.append(":")
            writer.append(member.value.bytes)
        }
        writer.append("}")
    }

    private static func writeToolChoice(
        _ request: inout ChatRequest, _ model: AnthropicModel, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) {
        _ = request.honour(.toolChoice)
        _ = request.honour(.parallelToolCalls)
        var choice = request.toolChoice
        if request.forcesTool, !model.takesForcedTools {
            choice = .auto
            request.noteChange(.toolChoice, "tool_choice", &notes)
        }
        let isOneAtATime = request.allowsParallelCalls == false
        switch choice {
        case nil:
            guard isOneAtATime else { return }
            writer.append(",\"tool_choice\":{\"type\":\"auto\"")
        case .auto?: writer.append(",\"tool_choice\":{\"type\":\"auto\"")
        case .required?: writer.append(",\"tool_choice\":{\"type\":\"any\"")
        case .named(let name)?:
            writer.append(",\"tool_choice\":{\"type\":\"tool\",\"name\":")
            writer.append(asIs: name)
        case .none?: return writer.append(",\"tool_choice\":{\"type\":\"none\"}")
        }
        writer.append(isOneAtATime ? ",\"disable_parallel_tool_use\":true}" : "}")
    }

    static func writeCacheMark(_ mark: JSONValue?, to writer: inout ByteWriter) {
        guard let mark else { return }
        writer.append(",\"cache_control\":")
        writer.append(mark.bytes)
    }
}

extension ByteWriter {
    /// A string as it stands in the JSON it comes from, in quotes.
    mutating func append(asIs text: JSONString) {
        append(UInt8(ascii: "\""))
        append(text.content)
        append(UInt8(ascii: "\""))
    }
}
