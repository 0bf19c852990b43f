import Bytes
import JSON

/// Writes a value that fits a JSON schema: its constant or the first of its choices, else the plainest of its type.
///
/// Objects have their required properties, or all where none is required; arrays have one element.
struct SchemaSample {
    /// What `$ref` counts from.
    let root: JSONValue

    func write(_ schema: JSONValue, depth: Int = 0, into output: inout Output) {
        if let constant = schema.member("const") { return output.append(constant.bytes) }
        if let first = schema["enum"]?.elements.first(where: { _ in true }) { return output.append(first.bytes) }
        if depth < MockLimits.schemaDepth {
            if let target = reference(schema) { return write(target, depth: depth + 1, into: &output) }
            for name in ["anyOf", "oneOf", "allOf"] as [StaticString] {
                guard let choice = schema[name]?.elements.first(where: { !isType($0, "null") }) else { continue }
                return write(choice, depth: depth + 1, into: &output)
            }
        }
        if isType(schema, "object") || schema["properties"] != nil {
            writeObject(schema, depth: depth, into: &output)
        } else if isType(schema, "array") {
            writeArray(schema, depth: depth, into: &output)
        } else if isType(schema, "integer") || isType(schema, "number") {
            output.append(schema["minimum"]?.bytes ?? ByteSlice("1"))
        } else if isType(schema, "boolean") {
            output.append("true")
        } else if isType(schema, "null") {
            output.append("null")
        } else {
            output.append(schema["format"]?.is("date-time") == true ? "\"2026-01-01T00:00:00Z\"" : "\"mock\"")
        }
    }

    private func writeObject(_ schema: JSONValue, depth: Int, into output: inout Output) {
        output.append("{")
        defer { output.append("}") }
        guard depth < MockLimits.schemaDepth else { return }
        let properties = schema["properties"]
        var isFirst = true
        func write(_ name: JSONString, _ property: JSONValue?) {
            output.append(isFirst ? "\"" : ",\"")
            isFirst = false
            output.append(name.content)
            output.append("\":")
            if let property { self.write(property, depth: depth + 1, into: &output) } else { output.append("\"mock\"") }
        }
        if let required = schema["required"], required.isArray {
            for name in required.elements {
                guard let name = name.string else { continue }
                write(name, properties?.members.first { $0.name.content == name.content }?.value)
            }
        } else if let properties {
            for (name, property) in properties.members { write(name, property) }
        }
    }

    private func writeArray(_ schema: JSONValue, depth: Int, into output: inout Output) {
        output.append("[")
        if depth < MockLimits.schemaDepth, let items = schema["items"], items.isObject {
            write(items, depth: depth + 1, into: &output)
        }
        output.append("]")
    }

    /// Whether the schema's type, or the first of its types that is not null, is `type`; Gemini writes them in capitals.
    private func isType(_ schema: JSONValue, _ type: StaticString) -> Bool {
        guard let named = schema["type"] else { return false }
        func isNamed(_ value: JSONValue) -> Bool { value.string?.content.equalsIgnoringCase(type) ?? false }
        if named.isString { return isNamed(named) }
        return named.elements.first { !$0.is("null") }.map(isNamed) ?? false
    }

    /// What `#/$defs/name` leads to.
    private func reference(_ schema: JSONValue) -> JSONValue? {
        guard let path = schema["$ref"]?.string?.plain, path.hasPrefix("#/") else { return nil }
        var found = root
        var rest = path.dropFirst(2)
        while true {
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.count
            guard let next = found.member(rest.prefix(end)) else { return nil }
            found = next
            if end == rest.count { return found }
            rest = rest.dropFirst(end + 1)
        }
    }
}

extension JSONValue {
    /// Whether it is a string that stands as `content` between its quotes.
    func spells(_ content: ByteSlice) -> Bool { string.map { $0.content == content } ?? false }
}

/// The schema an answer is asked to fit.
enum RequestedSchema {
    static func find(in body: JSONValue, form: Form) -> JSONValue? {
        switch form {
        case .chat: body["response_format"]?["json_schema"]?["schema"]
        case .responses: body["text"]?["format"]?["schema"]
        case .messages: body["output_config"]?["format"]?["schema"]
        case .gemini:
            body["generationConfig"]?["responseJsonSchema"] ?? body["generationConfig"]?["_responseJsonSchema"]
                ?? body["generationConfig"]?["responseSchema"]
        // A schema within a string has none to be read here.
        case .completion, .converse: nil
        }
    }
}

/// A function the request declares.
struct DeclaredTool {
    /// Inside its quotes, as it came.
    let name: ByteSlice
    let schema: JSONValue?

    func writeArguments(into output: inout Output) {
        guard let schema, schema.isObject, !schema.isEmptyContainer else { return output.append("{}") }
        let start = output.count
        SchemaSample(root: schema).write(schema, into: &output)
        // Arguments are an object, whatever the schema says.
        guard output.bytes[start] != UInt8(ascii: "{") else { return }
        output.removeLast(output.count - start)
        output.append("{}")
    }

    /// Functions the model may call now, in the order declared; nil when it may not call any, or their results have just come.
    static func callable(in body: JSONValue, form: Form) -> [DeclaredTool]? {
        let declared = all(in: body, form: form)
        switch form {
        case .chat, .responses, .messages:
            guard let choice = body["tool_choice"] else { break }
            if choice.is("none") || choice["type"]?.is("none") == true { return nil }
            if let name = (choice["function"]?["name"] ?? choice["name"])?.string {
                return endsWithResult(body, form) ? nil : declared.filter { $0.name == name.content }
            }
        case .gemini:
            let calling = body["toolConfig"]?["functionCallingConfig"]
            if calling?["mode"]?.is("NONE") == true { return nil }
            if let allowed = calling?["allowedFunctionNames"], !allowed.isEmptyContainer, !endsWithResult(body, form) {
                return declared.filter { tool in allowed.elements.contains { $0.spells(tool.name) } }
            }
        case .converse:
            if let name = body["toolConfig"]?["toolChoice"]?["tool"]?["name"]?.string {
                return endsWithResult(body, form) ? nil : declared.filter { $0.name == name.content }
            }
        case .completion: return []
        }
        return endsWithResult(body, form) ? nil : declared
    }

    private static func all(in body: JSONValue, form: Form) -> [DeclaredTool] {
        var found: [DeclaredTool] = []
        func add(_ function: JSONValue, _ schema: JSONValue?) {
            if let name = function["name"]?.string { found.append(DeclaredTool(name: name.content, schema: schema)) }
        }
        guard let tools = form == .converse ? body["toolConfig"]?["tools"] : body["tools"] else { return [] }
        for tool in tools.elements {
            switch form {
            case .chat: if let function = tool["function"] { add(function, function["parameters"]) }
            case .responses: if tool["type"]?.is("function") == true { add(tool, tool["parameters"]) }
            case .messages: if tool["type"].map({ $0.is("custom") }) ?? true { add(tool, tool["input_schema"]) }
            case .gemini:
                guard let functions = tool["functionDeclarations"] else { continue }
                for function in functions.elements { add(function, function["parametersJsonSchema"] ?? function["parameters"]) }
            case .converse: if let tool = tool["toolSpec"] { add(tool, tool["inputSchema"]?["json"]) }
            case .completion: break
            }
        }
        return found
    }

    private static func endsWithResult(_ body: JSONValue, _ form: Form) -> Bool {
        let turns = form == .gemini ? body["contents"] : form == .responses ? body["input"] : body["messages"]
        var last: JSONValue?
        if let turns { for turn in turns.elements { last = turn } }
        guard let last else { return false }
        switch form {
        case .chat: return last["role"]?.is("tool") == true || last["role"]?.is("function") == true
        case .responses: return last["type"]?.is("function_call_output") == true
        case .messages: return last["content"]?.elements.contains { $0["type"]?.is("tool_result") == true } ?? false
        case .gemini: return last["parts"]?.elements.contains { $0["functionResponse"] != nil } ?? false
        case .converse: return last["content"]?.elements.contains { $0["toolResult"] != nil } ?? false
        case .completion: return false
        }
    }
}
