import Bytes
import JSON

/// What a request's JSON body asks for.
struct Ask {
    /// The model's name as it stands inside its quotes, so that it is written back as it came.
    var model = ByteSlice("mock")
    /// The `user` field, or the `user_id` of the metadata, as it stands.
    var user = ByteSlice("")
    var streams = false
    var includesUsage = false
    var promptTokens = 0
    /// The longest answer that is wanted; nil where the request does not say.
    var tokenLimit: Int?
    /// The tool to call, as it stands, when the answer is a call; its arguments are in the worker's text.
    var toolName: ByteSlice?
}

/// Reads bodies; its tables are allocated once.
struct BodyReader: ~Copyable {
    private var scan = ObjectScan(names: [
        "model", "user", "stream", "stream_options", "messages", "prompt", "input", "system", "instructions", "tools",
        "tool_choice", "metadata", "encoding_format", "dimensions", "max_tokens", "max_completion_tokens", "max_output_tokens",
    ])
    private var nested = ObjectScan(names: [
        "include_usage", "user_id", "role", "type", "content", "text", "function", "name", "parameters", "input_schema", "required",
        "properties", "enum",
    ])

    /// - Parameter arguments: receives the arguments of the tool call, if the answer is to be one.
    mutating func read(_ body: ByteSlice, form: Form?, arguments: inout Output) throws(JSONError) -> Ask {
        try scan.scan(body)
        var ask = Ask()
        if let model = scan.string("model") { ask.model = model.content }
        if let user = scan.string("user") { ask.user = user.content }
        ask.streams = scan.bool("stream") ?? false
        if let options = scan.member("stream_options"), enter(body, options.value) {
            ask.includesUsage = nested.bool("include_usage") ?? false
        }
        if ask.user.isEmpty, let metadata = scan.member("metadata"), enter(body, metadata.value) {
            ask.user = nested.string("user_id")?.content ?? ask.user
        }
        ask.promptTokens = (textByteCount(body) + 3) / 4
        let limit = scan.integer("max_completion_tokens") ?? scan.integer("max_tokens") ?? scan.integer("max_output_tokens")
        ask.tokenLimit = limit.flatMap { $0 > 0 ? Int(clamping: $0) : nil }
        if let tools = scan.member("tools"), form == .chat || form == .messages {
            ask.toolName = toolCall(body, tools.value, &arguments)
        }
        return ask
    }

    /// Whether the body named a model.
    var namesModel: Bool { scan.string("model") != nil }

    /// A top-level member's place in the body last read.
    func value(_ name: StaticString) -> Range<Int>? { scan.member(name)?.value }
    func integer(_ name: StaticString) -> Int64? { scan.integer(name) }
    func isString(_ name: StaticString, _ text: StaticString) -> Bool { scan.string(name).map { $0 == text } ?? false }

    private mutating func enter(_ body: ByteSlice, _ range: Range<Int>) -> Bool {
        do throws(JSONError) {
            try nested.scan(body, at: range)
            return true
        } catch {
            return false
        }
    }

    // MARK: Text

    /// Bytes of the prompt's text: every string of messages, parts, system, prompt and input, as they
    /// stand between their quotes. Four make a token, rounded up.
    private mutating func textByteCount(_ body: ByteSlice) -> Int {
        var sum = 0
        if let messages = scan.member("messages") { sum += textByteCount(body, messages.value, depth: 0) }
        if let prompt = scan.member("prompt") { sum += textByteCount(body, prompt.value, depth: 0) }
        if let input = scan.member("input") { sum += textByteCount(body, input.value, depth: 0) }
        if let system = scan.member("system") { sum += textByteCount(body, system.value, depth: 0) }
        if let instructions = scan.member("instructions") { sum += textByteCount(body, instructions.value, depth: 0) }
        return sum
    }

    mutating func textByteCount(_ body: ByteSlice, _ range: Range<Int>, depth: Int) -> Int {
        guard depth < MockLimits.textDepth, !range.isEmpty else { return 0 }
        switch body[range.lowerBound] {
        case UInt8(ascii: "\""):
            return range.count - 2
        case UInt8(ascii: "["):
            var sum = 0
            var elements = ArrayElements(body, range)
            while let element = elements.next() { sum += textByteCount(body, element, depth: depth + 1) }
            return sum
        case UInt8(ascii: "{"):
            guard enter(body, range) else { return 0 }
            let text = nested.member("text")?.value
            let content = nested.member("content")?.value
            var sum = 0
            if let text { sum += textByteCount(body, text, depth: depth + 1) }
            if let content { sum += textByteCount(body, content, depth: depth + 1) }
            return sum
        default:
            return 0
        }
    }

    // MARK: Tools

    /// The tool to call: the one `tool_choice` names, else the first; none when the choice is none, or
    /// when the last message brings a tool's result.
    private mutating func toolCall(_ body: ByteSlice, _ tools: Range<Int>, _ arguments: inout Output) -> ByteSlice? {
        var wanted: ByteSlice?
        if let choice = scan.member("tool_choice") {
            if let word = choice.string(in: body) {
                if word == "none" { return nil }
            } else if enter(body, choice.value) {
                if let type = nested.string("type"), type == "none" { return nil }
                wanted = nested.string("name")?.content
                if let function = nested.member("function")?.value, enter(body, function) {
                    wanted = nested.string("name")?.content
                }
            }
        }
        if let messages = scan.member("messages"), endsWithResult(body, messages.value) { return nil }
        var elements = ArrayElements(body, tools)
        while let element = elements.next() {
            guard enter(body, element) else { continue }
            if let function = nested.member("function")?.value, !enter(body, function) { continue }
            guard let name = nested.string("name")?.content else { continue }
            if let wanted, !(name == wanted) { continue }
            let schema = nested.member("parameters")?.value ?? nested.member("input_schema")?.value
            writeArguments(body, schema, &arguments)
            return name
        }
        return nil
    }

    private mutating func endsWithResult(_ body: ByteSlice, _ messages: Range<Int>) -> Bool {
        var last: Range<Int>?
        var elements = ArrayElements(body, messages)
        while let element = elements.next() { last = element }
        guard let last, enter(body, last) else { return false }
        if let role = nested.string("role"), role == "tool" || role == "function" { return true }
        guard let content = nested.member("content")?.value else { return false }
        var blocks = ArrayElements(body, content)
        while let block = blocks.next() {
            if enter(body, block), let type = nested.string("type"), type == "tool_result" { return true }
        }
        return false
    }

    /// An object with each required property of the schema: "mock" or the first of its enum, 1, true, [] or {}.
    private mutating func writeArguments(_ body: ByteSlice, _ schema: Range<Int>?, _ output: inout Output) {
        output.removeAll()
        output.append("{")
        defer { output.append("}") }
        guard let schema, enter(body, schema), let required = nested.member("required")?.value else { return }
        let properties = nested.member("properties")?.value
        var names = ArrayElements(body, required)
        var isFirst = true
        while let name = names.next() {
            guard name.count >= 2, body[name.lowerBound] == UInt8(ascii: "\"") else { continue }
            output.append(isFirst ? "\"" : ",\"")
            isFirst = false
            let bare = body[name.lowerBound + 1..<name.upperBound - 1]
            output.append(bare)
            output.append("\":")
            writeArgument(body, property(body, bare, of: properties), &output)
        }
    }

    private mutating func property(_ body: ByteSlice, _ name: ByteSlice, of properties: Range<Int>?) -> Range<Int>? {
        guard let properties, enter(body, properties) else { return nil }
        return nested.member(name)?.value
    }

    private mutating func writeArgument(_ body: ByteSlice, _ property: Range<Int>?, _ output: inout Output) {
        guard let property, enter(body, property) else { return output.append("\"mock\"") }
        if let choices = nested.member("enum")?.value {
            var elements = ArrayElements(body, choices)
            if let first = elements.next() { return output.append(body[first]) }
        }
        guard let type = nested.string("type") else { return output.append("\"mock\"") }
        if type == "integer" || type == "number" {
            output.append("1")
        } else if type == "boolean" {
            output.append("true")
        } else if type == "array" {
            output.append("[]")
        } else if type == "object" {
            output.append("{}")
        } else {
            output.append("\"mock\"")
        }
    }
}
