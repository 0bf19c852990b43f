import Bytes
import JSON

/// Bedrock's requests as a whole.
/// - Source: as `RequestRules.bedrock`, its bounds; Amazon Bedrock User Guide, "Carry out a conversation with the Converse API operations",
///   "Use a tool to complete an Amazon Bedrock model response"
enum BedrockCheck {
    static func fault(in body: JSONValue, at endpoint: Endpoint) -> RequestFault? {
        switch endpoint {
        case .converse, .converseStream: return RequestRules.bedrock.check(body, as: "ConverseRequest") ?? conversationFault(body) ?? configFault(body)
        case .converseTokens:
            if let fault = RequestRules.bedrock.check(body, as: "TokensRequest") { return fault }
            return body["input"]?["converse"].flatMap { conversationFault($0) }
        default: return nil
        }
    }

    private static func configFault(_ body: JSONValue) -> RequestFault? {
        guard let config = body["inferenceConfig"] else { return nil }
        let path = "inferenceConfig"
        if let fault = RequestMeasure.outside(config, "temperature", 0...1, path) ?? RequestMeasure.outside(config, "topP", 0...1, path)
            ?? RequestMeasure.outside(config, "maxTokens", 1...Int(Int32.max), path)
        {
            return fault
        }
        guard let stops = config["stopSequences"] else { return nil }
        if stops.count > 2500 { return RequestFault("\(path).stopSequences", "has at most 2500 sequences") }
        for (index, stop) in stops.elements.enumerated() where stop.is("") { return RequestFault("\(path).stopSequences[\(index)]", "must not be empty") }
        return nil
    }

    private static func conversationFault(_ body: JSONValue) -> RequestFault? {
        if let system = body["system"] {
            for (index, block) in system.elements.enumerated() where block["text"]?.is("") == true {
                return RequestFault("system[\(index)].text", "must not be empty")
            }
        }
        var declared: [[UInt8]] = []
        if let tools = body["toolConfig"]?["tools"] {
            if tools.isEmptyContainer { return RequestFault("toolConfig.tools", "has at least one tool") }
            for (index, tool) in tools.elements.enumerated() {
                if tool.count != 1 { return RequestFault("toolConfig.tools[\(index)]", "has exactly one member") }
                guard let spec = tool["toolSpec"] else { continue }
                let path = "toolConfig.tools[\(index)].toolSpec"
                guard RequestMeasure.isName(spec["name"], atMost: 64) else { return RequestFault("\(path).name", "has up to 64 letters, digits, _ and -") }
                if spec["description"]?.is("") == true { return RequestFault("\(path).description", "must not be empty") }
                guard spec["inputSchema"]?["json"]?["type"]?.is("object") == true else {
                    return RequestFault("\(path).inputSchema.json.type", "must be object")
                }
                if let name = spec["name"]?.string?.content { declared.append([UInt8](name)) }
            }
        }
        if let choice = body["toolConfig"]?["toolChoice"] {
            if choice.count != 1 { return RequestFault("toolConfig.toolChoice", "has exactly one of auto, any, tool") }
            if let name = choice["tool"]?["name"]?.string?.content, !declared.contains([UInt8](name)) {
                return RequestFault("toolConfig.toolChoice.tool.name", "is \(String(name)), which is not declared")
            }
        }
        return turnFault(body, hasTools: body["toolConfig"] != nil)
    }

    // MARK: Turns

    private static func turnFault(_ body: JSONValue, hasTools: Bool) -> RequestFault? {
        guard let messages = body["messages"], !messages.isEmptyContainer else { return RequestFault("messages", "has at least one message") }
        var waiting: [[UInt8]] = []
        var wasUser = false
        for (index, message) in messages.elements.enumerated() {
            let path = "messages[\(index)]"
            let isUser = message["role"]?.is("user") == true
            if index == 0, !isUser { return RequestFault("messages", "must start with a user message") }
            if index > 0, isUser == wasUser { return RequestFault("\(path).role", "must alternate between user and assistant") }
            guard let content = message["content"], !content.isEmptyContainer else { return RequestFault("\(path).content", "has at least one block") }
            var calls: [[UInt8]] = []
            var results: [[UInt8]] = []
            var hasDocument = false
            var hasText = false
            for (number, block) in content.elements.enumerated() {
                let path = "\(path).content[\(number)]"
                if block.count != 1 { return RequestFault(path, "has exactly one member") }
                if let text = block["text"]?.string {
                    hasText = true
                    if isBlank(text.content) { return RequestFault("\(path).text", "must not be blank") }
                }
                if let document = block["document"] {
                    hasDocument = true
                    if let fault = nameFault(document, path) { return fault }
                }
                if let call = block["toolUse"] {
                    if isUser { return RequestFault(path, "is a toolUse, which stands in a message of the assistant") }
                    guard RequestMeasure.isName(call["toolUseId"], atMost: 64, more: ".:") else {
                        return RequestFault("\(path).toolUse.toolUseId", "has up to 64 letters, digits, _ . : and -")
                    }
                    if let id = call["toolUseId"]?.string?.content { calls.append([UInt8](id)) }
                }
                if let result = block["toolResult"], let id = result["toolUseId"]?.string?.content {
                    if !isUser { return RequestFault(path, "is a toolResult, which stands in a message of the user") }
                    results.append([UInt8](id))
                }
            }
            if hasDocument, !hasText { return RequestFault("\(path).content", "has a document, which needs a text beside it") }
            if !hasTools, !calls.isEmpty || !results.isEmpty { return RequestFault("toolConfig", "must be defined when toolUse and toolResult blocks are used") }
            if waiting.sorted(by: { $0.lexicographicallyPrecedes($1) }) != results.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                return RequestFault("\(path).content", "must have one toolResult for each toolUse of the message before")
            }
            waiting = calls
            wasUser = isUser
        }
        return waiting.isEmpty ? nil : RequestFault("messages", "must end with the toolResult of the last toolUse")
    }

    private static func isBlank(_ text: ByteSlice) -> Bool {
        for index in 0..<text.count where text[index] != 0x20 { return false }
        return true
    }

    /// Letters, digits, single spaces, hyphens, parentheses and square brackets.
    private static func nameFault(_ document: JSONValue, _ path: String) -> RequestFault? {
        let wrong = RequestFault("\(path).document.name", "has up to 200 letters, digits, single spaces, hyphens, parentheses and square brackets")
        guard let name = document["name"]?.string?.content, (1...200).contains(name.count) else { return wrong }
        for index in 0..<name.count {
            let byte = name[index]
            let isPlain = ASCII.isLetter(byte) || ASCII.isDigit(byte) || ByteSlice(" -()[]").firstIndex(of: byte) != nil
            if !isPlain || byte == 0x20 && index > 0 && name[index - 1] == 0x20 { return wrong }
        }
        return nil
    }
}
