import Bytes
import HTTP
import JSON

/// The strict mock: a request is held to what its provider documents, first member by member, then as a whole.
extension Connection {
    /// The first thing wrong with `request`; nil when it is as documented, or of no documented kind.
    func fault(in request: Request, _ document: JSONValue?) -> RequestFault? {
        if let fault = credentialFault(request) { return fault }
        guard request.endpoint.readsJSON else { return nil }
        guard let document else { return RequestFault("", "has more values than a provider would read") }
        switch request.dialect {
        case .openAI: return OpenAICheck.fault(in: document, at: request.endpoint, .openAI)
        case .azure: return OpenAICheck.fault(in: document, at: request.endpoint, .azure)
        case .anthropic where request.isVertex: return AnthropicCheck.vertexFault(in: document, at: request.endpoint)
        case .anthropic:
            let isOlder = worker.requestHead.fields.value(of: .anthropicVersion, in: request.message).map { $0 == "2023-06-01" } ?? false
            return AnthropicCheck.fault(in: document, at: request.endpoint, isOlder: isOlder)
        case .gemini: return GeminiCheck.fault(in: document, at: request.endpoint, isVertex: request.isVertex)
        case .bedrock: return BedrockCheck.fault(in: document, at: request.endpoint)
        }
    }

    /// Keys go where the dialect has its place for them; which key it is does not matter.
    func credentialFault(_ request: Request) -> RequestFault? {
        let hasToken = worker.requestHead.fields.contains(.authorization)
        if request.isVertex { return hasToken ? nil : RequestFault(status: 401, "the request has no token; Vertex AI's stands in authorization") }
        switch request.dialect {
        case .gemini:
            guard !hasToken, worker.requestHead.fields.firstIndex(named: ByteSlice("x-goog-api-key"), in: request.message) == nil else { return nil }
            return RequestFault(status: 403, "the request has no key; Gemini's stands in the field x-goog-api-key")
        case .azure:
            guard !hasToken, !worker.requestHead.fields.contains(.apiKey) else { return nil }
            return RequestFault(status: 401, "the request has no key; Azure's stands in the field api-key, a token in authorization")
        case .anthropic:
            guard let version = worker.requestHead.fields.value(of: .anthropicVersion, in: request.message) else {
                return RequestFault(status: 400, "anthropic-version: header is required")
            }
            if version == "2023-06-01" || version == "2026-10-21" { return nil }
            return RequestFault(status: 400, "anthropic-version: \"\(String(version))\" is not a valid version")
        case .bedrock:
            guard let line = worker.requestHead.fields.value(of: .authorization, in: request.message) else {
                return RequestFault(status: 403, "the request has neither a signature nor a Bedrock API key in the field authorization")
            }
            guard line.hasPrefix("AWS4-HMAC-SHA256 ") else { return nil }
            guard worker.requestHead.fields.firstIndex(named: ByteSlice("x-amz-date"), in: request.message) != nil else {
                return RequestFault(status: 403, "the request is signed and lacks the field x-amz-date")
            }
            return nil
        case .openAI: return nil
        }
    }
}

/// Checks that several dialects have in common.
enum RequestMeasure {
    /// Whether a number stands within bounds; what is no number was refused before.
    static func outside(_ body: JSONValue, _ name: StaticString, _ bounds: ClosedRange<Int>, _ path: String = "") -> RequestFault? {
        guard let value = body[name], value.isNumber else { return nil }
        let text = value.bytes
        // The whole part decides, but at the upper bound, where any fraction but zeros is too much.
        let dot = text.firstIndex(of: UInt8(ascii: ".")) ?? text.count
        let isNegative = text.hasPrefix("-")
        guard let whole = JSONNumber.integer(text.prefix(dot)) else { return nil }
        var hasFraction = false
        for index in min(dot + 1, text.count)..<text.count where text[index] != UInt8(ascii: "0") { hasFraction = true }
        let isAbove = whole > bounds.upperBound || (whole == bounds.upperBound && hasFraction && !isNegative)
        let isBelow = whole < bounds.lowerBound || (hasFraction && isNegative && whole <= bounds.lowerBound)
        guard isAbove || isBelow else { return nil }
        return RequestFault(
            RequestRules.joined(path, "\(name)"), "must be from \(bounds.lowerBound) to \(bounds.upperBound), and is \(String(text))")
    }

    /// Letters, digits, `_` and `-`, so many at most.
    static func isName(_ value: JSONValue?, atMost count: Int, more: StaticString = "") -> Bool {
        guard let text = value?.string?.content, !text.isEmpty, text.count <= count else { return false }
        for index in 0..<text.count {
            let byte = text[index]
            let isPlain = ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            guard isPlain || ByteSlice(more).firstIndex(of: byte) != nil else { return false }
        }
        return true
    }

    /// Structured outputs want closed objects, and OpenAI's every property required.
    static func openObject(_ schema: JSONValue, needsAll: Bool, _ path: String) -> RequestFault? {
        guard schema.isObject else { return nil }
        if schema["type"]?.is("object") == true {
            guard schema.member("additionalProperties")?.bool == false else {
                return RequestFault(RequestRules.joined(path, "additionalProperties"), "must be false in a strict schema")
            }
            if needsAll, let properties = schema["properties"] {
                for (name, _) in properties.members {
                    let isRequired = schema["required"]?.elements.contains { $0.spells(name.content) } ?? false
                    guard isRequired else {
                        return RequestFault(
                            RequestRules.joined(path, "required"), "must name every property in a strict schema, and lacks \(String(name.content))")
                    }
                }
            }
        }
        for (name, value) in schema.members {
            let path = RequestRules.joined(path, String(name.content))
            if name == "properties" || name == "$defs" {
                for (name, property) in value.members {
                    if let fault = openObject(property, needsAll: needsAll, RequestRules.joined(path, String(name.content))) { return fault }
                }
            } else if name == "items" {
                if let fault = openObject(value, needsAll: needsAll, path) { return fault }
            } else if name == "anyOf" {
                for (index, choice) in value.elements.enumerated() {
                    if let fault = openObject(choice, needsAll: needsAll, "\(path)[\(index)]") { return fault }
                }
            }
        }
        return nil
    }
}
