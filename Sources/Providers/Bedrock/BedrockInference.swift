import Bytes
import JSON

/// `inferenceConfig`, `outputConfig`, `serviceTier`, and what a family of models has of its own in `additionalModelRequestFields`.
///
/// | asked                | Claude                                | Nova 2                              | gpt-oss            |
/// | effort, budget       | as Anthropic's: see `AnthropicThinking` | `reasoningConfig.maxReasoningEffort` | `reasoning_effort` |
/// | top_k                | `top_k`                               | `inferenceConfig.topK`              | –                  |
///
/// - Source: Amazon Bedrock API Reference, "InferenceConfiguration", "OutputConfig"; Amazon Bedrock User Guide, "Inference request parameters
///   and response fields for foundation models"; Amazon Nova User Guide, "Extended thinking", "Complete request schema"
enum BedrockInference {
    static func write(
        _ request: inout ChatRequest, _ model: BedrockModel, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        let givenLimit = try maxTokens(&request)
        // What Claude is not told of its limit it has by itself: Converse's default is the model's most.
        let thinking: AnthropicThinking? =
            model.family == .claude ? AnthropicThinking(&request, model.claude, maxTokens: givenLimit ?? model.claude.outputLimit, &notes) : nil
        let reasoning = model.family == .claude ? nil : self.reasoning(&request, model, &notes)
        var config = Members(",\"inferenceConfig\":{")
        if reasoning?.isUnbounded == true {
            // Nova refuses these beside its highest effort: they are told as dropped.
            if givenLimit != nil { notes.drop(request.name(of: .maxTokens)) }
        } else {
            if let limit = limit(givenLimit, thinking) {
                config.next("maxTokens", &writer)
                writer.append(decimal: Int(limit))
            }
            writeSampling(&request, model, thinking, &config, to: &writer, &notes)
        }
        try writeStops(&request, model, &config, to: &writer, &notes)
        config.close(&writer)
        writeOutput(&request, model, thinking, to: &writer)
        writeTier(&request, to: &writer)
        writeAdditional(&request, model, thinking, reasoning, to: &writer)
        writeResponsePaths(&request, model, to: &writer)
    }

    /// The members of one object that may stay empty, and then is not written at all.
    private struct Members {
        private let opening: StaticString
        private(set) var isOpen = false

        init(_ opening: StaticString) { self.opening = opening }

        mutating func next(_ name: StaticString, _ writer: inout ByteWriter) {
            writer.append(isOpen ? ",\"" : opening)
            if !isOpen { writer.append("\"") }
            isOpen = true
            writer.append(name)
            writer.append("\":")
        }

        func close(_ writer: inout ByteWriter) { if isOpen { writer.append("}") } }
    }

    // MARK: Inference

    private static func maxTokens(_ request: inout ChatRequest) throws(TranslationFault) -> Int64? {
        guard let value = request.honour(.maxTokens) else { return nil }
        guard let count = value.integer, count >= 1, count <= Limits.tokenCount else {
            let name = String(request.name(of: .maxTokens))
            throw TranslationFault(.invalid, "\(name): must be a number of tokens, 1 or more", parameter: name)
        }
        return count
    }

    /// The limit, which a budget may have raised.
    private static func limit(_ given: Int64?, _ thinking: AnthropicThinking?) -> Int64? { given == nil ? nil : thinking?.maxTokens ?? given }

    /// Converse takes temperatures up to 1; Claude has rules of its own.
    private static func writeSampling(
        _ request: inout ChatRequest, _ model: BedrockModel, _ thinking: AnthropicThinking?, _ config: inout Members, to writer: inout ByteWriter,
        _ notes: inout TranslationNotes
    ) {
        let isThinking = thinking?.isOn == true
        if model.family == .claude, model.claude.sampling == .none { return }
        var hasTemperature = false
        if let value = request.value(of: .temperature), value.isNumber, !isThinking {
            _ = request.honour(.temperature)
            hasTemperature = true
            config.next("temperature", &writer)
            // OpenAI's goes to 2.
            if value.number > 1 {
                writer.append("1")
                request.noteChange(.temperature, "temperature", &notes)
            } else {
                writer.append(value.bytes)
            }
        }
        let isPaired = hasTemperature && model.family == .claude && model.claude.sampling == .temperatureOrTopP
        if let value = request.value(of: .topP), value.isNumber, !isPaired, !isThinking || value.number >= 0.95 {
            _ = request.honour(.topP)
            config.next("topP", &writer)
            writer.append(value.bytes)
        }
    }

    /// Empty sequences are nobody's; Claude refuses white space alone, too. Those are left out, and the client is told.
    private static func writeStops(
        _ request: inout ChatRequest, _ model: BedrockModel, _ config: inout Members, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        guard let value = request.honour(.stop) else { return }
        let name = request.name(of: .stop)
        guard value.isString || value.isArray else {
            throw TranslationFault(.invalid, "\(String(name)): must be a string or an array of strings", parameter: String(name))
        }
        if value.isArray, value.count > Limits.bedrockStopCount {
            throw TranslationFault(.unsupported, "Bedrock takes at most \(Limits.bedrockStopCount) stop sequences", parameter: String(name))
        }
        var list = BedrockConversation.Blocks()
        func write(_ stop: JSONString) {
            guard !stop.content.isEmpty, model.family != .claude || !stop.isBlank else { return notes.change(name) }
            if list.count == 0 {
                config.next("stopSequences", &writer)
                writer.append("[")
            }
            list.next(&writer)
            writer.append(asIs: stop)
        }
        if let stop = value.string { write(stop) }
        for element in value.elements {
            guard let stop = element.string else {
                throw TranslationFault(.invalid, "\(String(name)): must be a string or an array of strings", parameter: String(name))
            }
            write(stop)
        }
        if list.count > 0 { writer.append("]") }
    }

    // MARK: Output

    /// The schema is a string here. The API has nothing like `json_object`, which is told as dropped.
    private static func writeOutput(
        _ request: inout ChatRequest, _ model: BedrockModel, _ thinking: AnthropicThinking?, to writer: inout ByteWriter
    ) {
        var members = Members(",\"outputConfig\":{")
        switch request.format {
        case .text: _ = request.honour(.format)
        case .jsonObject: break
        case .jsonSchema(let name, let schema, isStrict: _):
            guard model.hasStructuredOutputs else { break }
            _ = request.honour(.format)
            members.next("textFormat", &writer)
            writer.append("{\"type\":\"json_schema\",\"structure\":{\"jsonSchema\":{\"schema\":")
            writer.append(jsonString: schema.bytes)
            if let name {
                writer.append(",\"name\":")
                writer.append(asIs: name)
            }
            writer.append("}}}")
        }
        if let effort = thinking?.effort {
            members.next("effort", &writer)
            writer.append("\"")
            writer.append(effort.word)
            writer.append("\"")
        }
        members.close(&writer)
    }

    /// `auto` leaves the choice to the account, as naming no tier does. A tier that is not here stays to be told of.
    private static func writeTier(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        guard let tier = request.value(of: .serviceTier) else { return }
        if tier.is("flex") {
            writer.append(",\"serviceTier\":{\"type\":\"flex\"}")
        } else if tier.is("priority") {
            writer.append(",\"serviceTier\":{\"type\":\"priority\"}")
        } else if tier.is("default") || tier.is("standard_only") {
            writer.append(",\"serviceTier\":{\"type\":\"default\"}")
        } else if !tier.is("auto") {
            return
        }
        _ = request.honour(.serviceTier)
    }

    // MARK: What a family has of its own

    private struct Reasoning {
        var word: StaticString
        /// Nova's highest effort takes no bounds of the answer beside it.
        var isUnbounded = false
    }

    /// The effort of models that are not Claude; nil where none is asked for or the family has no words for it.
    private static func reasoning(_ request: inout ChatRequest, _ model: BedrockModel, _ notes: inout TranslationNotes) -> Reasoning? {
        guard let asked = request.reasoning, model.family == .nova2 || model.family == .gptOSS else { return nil }
        _ = request.honour(.reasoning)
        var effort = ChatRequest.Effort.medium
        var isExact = true
        switch asked {
        case .off:
            // Nova thinks when told to; gpt-oss always does.
            if model.family == .nova2 { return nil }
            (effort, isExact) = (.low, false)
        case .effort(let given): effort = given
        case .budget(let tokens):
            effort = ChatRequest.Effort.allCases.first { AnthropicThinking.budget(of: $0) >= tokens } ?? .high
            isExact = false
        case .adaptive: isExact = false
        }
        if effort == .minimal || effort.rawValue > ChatRequest.Effort.high.rawValue {
            effort = effort == .minimal ? .low : .high
            isExact = false
        }
        if !isExact { request.noteChange(.reasoning, "reasoning_effort", &notes) }
        return Reasoning(word: effort.word, isUnbounded: model.family == .nova2 && effort == .high)
    }

    /// Writes what only the model's family knows, behind what the client wrote there itself, whose word counts.
    private static func writeAdditional(
        _ request: inout ChatRequest, _ model: BedrockModel, _ thinking: AnthropicThinking?, _ reasoning: Reasoning?, to writer: inout ByteWriter
    ) {
        let own = request.takeExtra("additionalModelRequestFields") ?? request.takeExtra("additional_model_request_fields")
        var members = Members(",\"additionalModelRequestFields\":{")
        func isFree(_ name: StaticString) -> Bool { own?[name] == nil }
        if let thinking, isFree("thinking") { writeThinking(thinking, &members, to: &writer) }
        if let reasoning {
            if model.family == .gptOSS, isFree("reasoning_effort") {
                members.next("reasoning_effort", &writer)
                writer.append("\"")
                writer.append(reasoning.word)
                writer.append("\"")
            } else if model.family == .nova2, isFree("reasoningConfig") {
                members.next("reasoningConfig", &writer)
                writer.append("{\"type\":\"enabled\",\"maxReasoningEffort\":\"")
                writer.append(reasoning.word)
                writer.append("\"}")
            }
        }
        writeTopK(&request, model, thinking, own, &members, to: &writer)
        if let own, own.isObject, !own.isEmptyContainer {
            if members.isOpen {
                writer.append(",")
            } else {
                writer.append(",\"additionalModelRequestFields\":{")
            }
            // The members alone: from behind the brace to before the other.
            writer.append(own.bytes[1..<own.bytes.count])
        } else {
            members.close(&writer)
        }
    }

    private static func writeThinking(_ thinking: AnthropicThinking, _ members: inout Members, to writer: inout ByteWriter) {
        switch thinking.type {
        case .unsaid: return
        case .budget(let tokens):
            members.next("thinking", &writer)
            writer.append("{\"type\":\"enabled\",\"budget_tokens\":")
            writer.append(decimal: Int(tokens))
        case .adaptive:
            members.next("thinking", &writer)
            writer.append("{\"type\":\"adaptive\"")
        case .disabled:
            members.next("thinking", &writer)
            writer.append("{\"type\":\"disabled\"")
        case .betweenTools:
            members.next("thinking", &writer)
            writer.append("{\"type\":\"between_tools\"")
        }
        writer.append("}")
    }

    private static func writeTopK(
        _ request: inout ChatRequest, _ model: BedrockModel, _ thinking: AnthropicThinking?, _ own: JSONValue?, _ members: inout Members,
        to writer: inout ByteWriter
    ) {
        guard let value = request.value(of: .topK), value.isNumber else { return }
        switch model.family {
        case .claude:
            guard model.claude.sampling != .none, thinking?.isOn != true, own?["top_k"] == nil else { return }
            members.next("top_k", &writer)
            writer.append(value.bytes)
        case .mistral:
            guard own?["top_k"] == nil else { return }
            members.next("top_k", &writer)
            writer.append(value.bytes)
        case .cohere:
            guard own?["k"] == nil else { return }
            members.next("k", &writer)
            writer.append(value.bytes)
        case .nova, .nova2:
            guard own?["inferenceConfig"] == nil else { return }
            members.next("inferenceConfig", &writer)
            writer.append("{\"topK\":")
            writer.append(value.bytes)
            writer.append("}")
        case .gptOSS, .plain, .other: return
        }
        _ = request.honour(.topK)
    }

    /// Which stop sequence came Claude says only when asked.
    private static func writeResponsePaths(_ request: inout ChatRequest, _ model: BedrockModel, to writer: inout ByteWriter) {
        if let own = request.takeExtra("additionalModelResponseFieldPaths") ?? request.takeExtra("additional_model_response_field_paths") {
            writer.append(",\"additionalModelResponseFieldPaths\":")
            return writer.append(own.bytes)
        }
        guard model.family == .claude, request.has(.stop) else { return }
        writer.append(",\"additionalModelResponseFieldPaths\":[\"/stop_sequence\"]")
    }
}
