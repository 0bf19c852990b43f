import Bytes
import JSON

/// `toolConfig`.
///
/// - Source: Amazon Bedrock API Reference, "ToolConfiguration", "ToolChoice", "ToolSpecification"
enum BedrockTools {
    static func write(
        _ request: inout ChatRequest, _ model: BedrockModel, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        if request.allowsParallelCalls != false { _ = request.honour(.parallelToolCalls) }
        guard !request.tools.isEmpty else {
            switch request.toolChoice {
            case .auto?, .none?, nil: _ = request.honour(.toolChoice)
            case .required?, .named?: throw TranslationFault(.invalid, "expected tools, one of which is to be called", parameter: "tool_choice")
            }
            // Where nothing is called, nothing is called at once.
            _ = request.honour(.parallelToolCalls)
            return writeNames(ofCallsIn: request, to: &writer, &notes)
        }
        _ = request.honour(.tools)
        var choice = request.toolChoice
        if case .none? = choice {
            // Nothing forbids calls but having no tools; a conversation with calls in it must have them.
            guard hasCalls(request) else {
                _ = request.honour(.toolChoice)
                _ = request.honour(.parallelToolCalls)
                return
            }
            choice = nil
        } else {
            _ = request.honour(.toolChoice)
        }
        writer.append(",\"toolConfig\":{\"tools\":[")
        try writeTools(&request, model, to: &writer, &notes)
        writer.append("]")
        switch choice {
        case .auto?: writer.append(",\"toolChoice\":{\"auto\":{}}")
        case .required?: writer.append(",\"toolChoice\":{\"any\":{}}")
        case .named(let name)?:
            writer.append(",\"toolChoice\":{\"tool\":{\"name\":")
            writer.append(asIs: name)
            writer.append("}}")
        case .none?, nil: break
        }
        writer.append("}")
    }

    /// A conversation with calls in it must have tools: those that were called, as far as their names tell.
    private static func writeNames(ofCallsIn request: ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes) {
        var names: [JSONString] = []
        var count = 0
        for part in request.parts {
            guard case .toolCall(_, let name, _, _) = part.content else { continue }
            count += 1
            guard count <= Limits.bedrockNamedCallCount, names.count < Limits.openCalls else { break }
            if !names.contains(where: { GeminiText.areSame($0, name) }) { names.append(name) }
        }
        guard !names.isEmpty else { return }
        notes.change("tools")
        writer.append(",\"toolConfig\":{\"tools\":[")
        var list = BedrockConversation.Blocks()
        for name in names {
            list.next(&writer)
            writer.append("{\"toolSpec\":{\"name\":")
            writer.append(asIs: name)
            writer.append(",\"inputSchema\":{\"json\":{\"type\":\"object\"}}}}")
        }
        writer.append("]}")
    }

    private static func hasCalls(_ request: ChatRequest) -> Bool {
        for part in request.parts {
            switch part.content {
            case .toolCall, .toolResult: return true
            default: continue
            }
        }
        return false
    }

    private static func writeTools(
        _ request: inout ChatRequest, _ model: BedrockModel, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        var list = BedrockConversation.Blocks()
        var hasLostStrictness = false
        var hasLostMark = false
        for index in request.tools.indices {
            let tool = request.tools[index]
            list.next(&writer)
            writer.append("{\"toolSpec\":{\"name\":")
            writer.append(asIs: tool.name)
            if let description = tool.description, !description.content.isEmpty {
                writer.append(",\"description\":")
                writer.append(asIs: description)
            }
            writer.append(",\"inputSchema\":{\"json\":")
            try AnthropicRequest.writeSchema(tool.parameters, index, to: &writer)
            writer.append("}")
            if let isStrict = tool.isStrict {
                if model.hasStructuredOutputs { writer.append(isStrict ? ",\"strict\":true" : ",\"strict\":false") }
                hasLostStrictness = hasLostStrictness || isStrict && !model.hasStructuredOutputs
            }
            writer.append("}}")
            BedrockConversation.writeCachePoint(tool.cacheMark, model.hasToolCachePoints, &list, to: &writer)
            hasLostMark = hasLostMark || tool.cacheMark != nil && !model.hasToolCachePoints
        }
        if hasLostStrictness { request.noteChange(.tools, "tools", &notes) }
        if hasLostMark { notes.drop("cache_control") }
    }
}
