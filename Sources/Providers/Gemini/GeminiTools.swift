import Bytes
import JSON

/// `tools` and `toolConfig`.
///
/// - Source: ai.google.dev/api/caching#Tool, #FunctionDeclaration, #ToolConfig; …/gemini-api/docs/function-calling
enum GeminiTools {
    static func write(_ request: inout ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        _ = request.honour(.tools)
        var list = GeminiList(",\"tools\":[{\"functionDeclarations\":[", "]}]")
        var marks = false
        var isStrict = false
        for (index, tool) in request.tools.enumerated() {
            list.next(&writer)
            try write(tool, index, to: &writer)
            if tool.cacheMark != nil { marks = true }
            if tool.isStrict == true { isStrict = true }
        }
        list.close(&writer)
        if marks { notes.drop("cache_control") }
        let isForced = try writeChoice(&request, to: &writer)
        // Arguments are held to their schema only where a call is demanded.
        if isStrict, !isForced { notes.drop("strict") }
        // Several calls at a time cannot be forbidden; allowed they are anyway.
        if request.allowsParallelCalls != false { _ = request.honour(.parallelToolCalls) }
    }

    private static func write(_ tool: ChatRequest.Tool, _ index: Int, to writer: inout ByteWriter) throws(TranslationFault) {
        writer.append("{\"name\":")
        GeminiText.quote(tool.name.content, &writer)
        if let description = tool.description {
            writer.append(",\"description\":")
            GeminiText.quote(description.content, &writer)
        }
        if let schema = tool.parameters, !schema.isNull {
            guard schema.isObject else {
                throw TranslationFault(.invalid, "expected the JSON schema of the tool's arguments to be an object", parameter: "tools[\(index)]")
            }
            if !schema.isEmptyContainer {
                writer.append(",\"parametersJsonSchema\":")
                GeminiSchema.write(schema, to: &writer)
            }
        }
        writer.append("}")
    }

    /// Whether some call is demanded.
    private static func writeChoice(_ request: inout ChatRequest, to writer: inout ByteWriter) throws(TranslationFault) -> Bool {
        let name = request.name(of: .toolChoice)
        guard let choice = request.toolChoice else { return false }
        _ = request.honour(.toolChoice)
        let mode: StaticString
        var allowed: JSONString?
        switch choice {
        case .auto: mode = "AUTO"
        case .none: mode = "NONE"
        case .required: mode = "ANY"
        case .named(let function):
            mode = "ANY"
            allowed = function
        }
        let isForced = mode.utf8CodeUnitCount == 3
        guard !request.tools.isEmpty else {
            if isForced { throw TranslationFault(.invalid, "expected tools, one of which is to be called", parameter: String(name)) }
            return false
        }
        writer.append(",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"")
        writer.append(mode)
        writer.append("\"")
        if let allowed {
            writer.append(",\"allowedFunctionNames\":[")
            GeminiText.quote(allowed.content, &writer)
            writer.append("]")
        }
        writer.append("}}")
        return isForced
    }
}
