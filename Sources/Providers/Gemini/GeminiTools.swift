import Bytes
import JSON

/// `tools` and `toolConfig`.
///
/// - Source: ai.google.dev/api/caching#Tool, #FunctionDeclaration, #ToolConfig; …/gemini-api/docs/function-calling
enum GeminiTools {
    static func write(_ request: inout ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        _ = request.honour(.tools)
        try writeDeclarations(request, to: &writer)
        if request.tools.contains(where: { $0.cacheMark != nil }) { notes.drop("cache_control") }
        let isStrict = request.tools.contains { $0.isStrict == true }
        let isForced = try writeChoice(&request, to: &writer)
        // Arguments are held to their schema only where a call is demanded.
        if isStrict, !isForced { notes.drop("strict") }
        // Several calls at a time cannot be forbidden; allowed they are anyway.
        if request.allowsParallelCalls != false { _ = request.honour(.parallelToolCalls) }
    }

    /// Writes `tools` alone.
    static func writeDeclarations(_ request: borrowing ChatRequest, to writer: inout ByteWriter) throws(TranslationFault) {
        var list = GeminiList(",\"tools\":[{\"functionDeclarations\":[", "]}]")
        for (index, tool) in request.tools.enumerated() {
            list.next(&writer)
            try write(tool, index, to: &writer)
        }
        list.close(&writer)
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
