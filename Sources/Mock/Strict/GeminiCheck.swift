import Bytes
import JSON

/// Gemini's requests as a whole.
/// - Source: ai.google.dev/api/generate-content, ai.google.dev/api/caching#Schema, ai.google.dev/gemini-api/docs/function-calling
enum GeminiCheck {
    static func fault(in body: JSONValue, at endpoint: Endpoint, isVertex: Bool = false) -> RequestFault? {
        let rules = RequestRules.gemini
        switch endpoint {
        case .generate where isVertex && body["store"] != nil, .stream where isVertex && body["store"] != nil:
            return RequestFault("store", "is not documented by Vertex AI")
        case .geminiTokens where isVertex: return rules.check(body, as: "VertexCountRequest")
        case .predict: return rules.check(body, as: "PredictRequest")
        case .generate, .stream: return rules.check(body, as: "GenerateRequest") ?? generateFault(body)
        case .geminiTokens:
            if let fault = rules.check(body, as: "CountRequest") { return fault }
            return body["contents"] == nil && body["generateContentRequest"] == nil ? RequestFault("contents", "is required") : nil
        case .embed: return rules.check(body, as: "EmbedRequest")
        case .embedBatch:
            if let fault = rules.check(body, as: "EmbedBatchRequest") { return fault }
            guard let requests = body["requests"] else { return nil }
            for (index, request) in requests.elements.enumerated() where request["model"] == nil {
                return RequestFault("requests[\(index)].model", "is required")
            }
            return nil
        default: return nil
        }
    }

    private static func generateFault(_ body: JSONValue) -> RequestFault? {
        configFault(body["generationConfig"]) ?? toolFault(body) ?? turnFault(body)
    }

    private static func configFault(_ config: JSONValue?) -> RequestFault? {
        guard let config else { return nil }
        let path = "generationConfig"
        if let fault = RequestMeasure.outside(config, "temperature", 0...2, path) ?? RequestMeasure.outside(config, "topP", 0...1, path)
            ?? RequestMeasure.outside(config, "topK", 1...1000, path) ?? RequestMeasure.outside(config, "candidateCount", 1...8, path)
            ?? RequestMeasure.outside(config, "presencePenalty", -2...2, path) ?? RequestMeasure.outside(config, "frequencyPenalty", -2...2, path)
            ?? RequestMeasure.outside(config, "logprobs", 0...20, path) ?? RequestMeasure.outside(config, "maxOutputTokens", 1...Int(Int32.max), path)
        {
            return fault
        }
        if let stops = config["stopSequences"], stops.count > 5 { return RequestFault("\(path).stopSequences", "has at most 5 sequences") }
        if config["logprobs"] != nil, config["responseLogprobs"]?.bool != true {
            return RequestFault("\(path).logprobs", "needs responseLogprobs to be true")
        }
        if let thinking = config["thinkingConfig"], thinking["thinkingBudget"] != nil, thinking["thinkingLevel"] != nil {
            return RequestFault("\(path).thinkingConfig", "has either thinkingBudget or thinkingLevel")
        }
        let schemas = ["responseSchema", "responseJsonSchema", "_responseJsonSchema"].filter { config[$0] != nil } as [StaticString]
        guard let schema = schemas.first else { return nil }
        if schemas.count > 1 { return RequestFault("\(path).\(schemas[1])", "cannot be given together with \(schema)") }
        guard let type = config["responseMimeType"], type.is("application/json") || type.is("text/x.enum") else {
            return RequestFault("\(path).responseMimeType", "must be \"application/json\" when a schema is given")
        }
        return config["responseSchema"].flatMap { schemaFault($0, "\(path).responseSchema") }
    }

    private static func toolFault(_ body: JSONValue) -> RequestFault? {
        var names: [[UInt8]] = []
        if let tools = body["tools"] {
            for (index, tool) in tools.elements.enumerated() {
                if tool.isEmptyContainer { return RequestFault("tools[\(index)]", "has at least one member") }
                guard let functions = tool["functionDeclarations"] else { continue }
                for (number, function) in functions.elements.enumerated() {
                    let path = "tools[\(index)].functionDeclarations[\(number)]"
                    if let fault = functionFault(function, path) { return fault }
                    if let name = function["name"]?.string?.content { names.append([UInt8](name)) }
                }
            }
        }
        guard let calling = body["toolConfig"]?["functionCallingConfig"] else { return nil }
        let path = "toolConfig.functionCallingConfig"
        if names.isEmpty { return RequestFault(path, "is only allowed when functions are declared") }
        guard let allowed = calling["allowedFunctionNames"] else { return nil }
        guard let mode = calling["mode"], mode.is("ANY") || mode.is("VALIDATED") else {
            return RequestFault("\(path).allowedFunctionNames", "is only allowed when mode is ANY or VALIDATED")
        }
        for (index, name) in allowed.elements.enumerated() {
            guard let name = name.string?.content, !names.contains([UInt8](name)) else { continue }
            return RequestFault("\(path).allowedFunctionNames[\(index)]", "is \(String(name)), which is not declared")
        }
        return nil
    }

    private static func functionFault(_ function: JSONValue, _ path: String) -> RequestFault? {
        guard RequestMeasure.isName(function["name"], atMost: 128, more: ".:"), let first = function["name"]?.string?.content[0],
            ASCII.isLetter(first) || first == UInt8(ascii: "_")
        else { return RequestFault("\(path).name", "starts with a letter or _ and has up to 128 letters, digits, _ . : and -") }
        guard let parameters = function["parameters"] else { return nil }
        if function["parametersJsonSchema"] != nil {
            return RequestFault("\(path).parameters", "cannot be given together with parametersJsonSchema")
        }
        return schemaFault(parameters, "\(path).parameters")
    }

    /// A subset of OpenAPI 3.0, whose objects have properties and whose arrays have items.
    private static func schemaFault(_ schema: JSONValue, _ path: String) -> RequestFault? {
        let type = schema["type"]?.string?.content
        if let type, type.equalsIgnoringCase("object"), schema["properties"].map({ $0.isEmptyContainer }) ?? true {
            return RequestFault("\(path).properties", "should be non-empty for OBJECT type")
        }
        if let type, type.equalsIgnoringCase("array"), schema["items"] == nil { return RequestFault("\(path).items", "is required") }
        if let properties = schema["properties"] {
            for (name, property) in properties.members {
                if let fault = schemaFault(property, "\(path).properties.\(String(name.content))") { return fault }
            }
        }
        if let items = schema["items"], let fault = schemaFault(items, "\(path).items") { return fault }
        if let choices = schema["anyOf"] {
            for (index, choice) in choices.elements.enumerated() {
                if let fault = schemaFault(choice, "\(path).anyOf[\(index)]") { return fault }
            }
        }
        return nil
    }

    // MARK: Turns

    /// Members of a part of which exactly one stands in each.
    private static let data: [StaticString] = [
        "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult", "toolCall", "toolResponse",
    ]

    private static func turnFault(_ body: JSONValue) -> RequestFault? {
        if let parts = body["systemInstruction"]?["parts"] {
            for (index, part) in parts.elements.enumerated() where part["text"] == nil {
                return RequestFault("systemInstruction.parts[\(index)]", "must be text")
            }
        }
        guard let contents = body["contents"], !contents.isEmptyContainer else { return RequestFault("contents", "has at least one turn") }
        var waiting: [[UInt8]] = []
        var wasUser = false
        for (index, content) in contents.elements.enumerated() {
            let path = "contents[\(index)]"
            let isModel = content["role"]?.is("model") == true
            guard let parts = content["parts"], !parts.isEmptyContainer else { return RequestFault("\(path).parts", "has at least one part") }
            var calls: [[UInt8]] = []
            var responses: [[UInt8]] = []
            for (number, part) in parts.elements.enumerated() {
                let path = "\(path).parts[\(number)]"
                let count = data.reduce(0) { $0 + (part[$1] == nil ? 0 : 1) }
                if count != 1 { return RequestFault(path, "has exactly one of \(data.map { "\($0)" }.joined(separator: ", "))") }
                if let name = part["functionCall"]?["name"]?.string?.content {
                    guard isModel else { return RequestFault(path, "is a functionCall, which stands in a turn of the model") }
                    calls.append([UInt8](name))
                }
                if let name = part["functionResponse"]?["name"]?.string?.content {
                    guard !isModel else { return RequestFault(path, "is a functionResponse, which stands in a turn of the user") }
                    responses.append([UInt8](name))
                }
            }
            if waiting.sorted(by: { $0.lexicographicallyPrecedes($1) }) != responses.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                return RequestFault("\(path).parts", "must have one functionResponse, of the same name, for each functionCall of the turn before")
            }
            if !calls.isEmpty, !wasUser {
                return RequestFault("\(path).parts", "has a functionCall, which comes right after a turn of the user or of responses")
            }
            waiting = calls
            wasUser = !isModel
        }
        return waiting.isEmpty ? nil : RequestFault("contents", "must end with the functionResponse of the last functionCall")
    }
}
