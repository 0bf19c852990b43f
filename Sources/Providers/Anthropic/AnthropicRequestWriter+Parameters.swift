import Bytes
import JSON

/// Writing of what is neither message nor tool.
extension AnthropicRequest {
    static func writeThinking(_ thinking: AnthropicThinking, to writer: inout ByteWriter) {
        switch thinking.type {
        case .unsaid: break
        case .budget(let tokens):
            writer.append(",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":")
            writer.append(decimal: Int(tokens))
            writer.append("}")
        case .adaptive: writer.append(",\"thinking\":{\"type\":\"adaptive\"}")
        case .disabled: writer.append(",\"thinking\":{\"type\":\"disabled\"}")
        case .betweenTools: writer.append(",\"thinking\":{\"type\":\"between_tools\"}")
        }
    }

    /// Writes effort and format. The API has nothing like `json_object`, which is told as dropped.
    static func writeOutputConfig(
        _ request: inout ChatRequest, _ thinking: AnthropicThinking, _ model: AnthropicModel, to writer: inout ByteWriter
    ) {
        var schema: JSONValue?
        switch request.format {
        case .text: _ = request.honour(.format)
        case .jsonObject: break
        case .jsonSchema(name: _, schema: let given, isStrict: _):
            guard model.hasStructuredOutputs else { break }
            _ = request.honour(.format)
            schema = given
        }
        guard schema != nil || thinking.effort != nil else { return }
        writer.append(",\"output_config\":{")
        if let effort = thinking.effort {
            writer.append("\"effort\":\"")
            writer.append(effort.word)
            writer.append(schema == nil ? "\"" : "\",")
        }
        if let schema {
            writer.append("\"format\":{\"type\":\"json_schema\",\"schema\":")
            writer.append(schema.bytes)
            writer.append("}")
        }
        writer.append("}")
    }

    // MARK: Sampling

    /// Thinking takes no temperature but 1 and no `top_k`, and a `top_p` of 0.95 or more.
    static func writeSampling(
        _ request: inout ChatRequest, _ thinking: AnthropicThinking, _ model: AnthropicModel, to writer: inout ByteWriter,
        _ notes: inout TranslationNotes
    ) {
        guard model.sampling != .none else { return }
        var hasTemperature = false
        if let value = request.value(of: .temperature), value.isNumber, !thinking.isOn {
            _ = request.honour(.temperature)
            hasTemperature = true
            writer.append(",\"temperature\":")
            // OpenAI's goes to 2.
            if value.number > 1 {
                writer.append("1")
                request.noteChange(.temperature, "temperature", &notes)
            } else {
                writer.append(value.bytes)
            }
        }
        let isPaired = hasTemperature && model.sampling == .temperatureOrTopP
        if let value = request.value(of: .topP), value.isNumber, !isPaired, !thinking.isOn || value.number >= 0.95 {
            _ = request.honour(.topP)
            writer.append(",\"top_p\":")
            writer.append(value.bytes)
        }
        if let value = request.value(of: .topK), value.isNumber, !thinking.isOn {
            _ = request.honour(.topK)
            writer.append(",\"top_k\":")
            writer.append(value.bytes)
        }
    }

    // MARK: Stop, user, tier

    /// The API refuses sequences of white space alone: those are left out, and the client is told.
    static func writeStops(_ request: inout ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        guard let value = request.honour(.stop) else { return }
        let name = request.name(of: .stop)
        if let stop = value.string {
            if stop.isBlank { return notes.change(name) }
            writer.append(",\"stop_sequences\":[")
            writer.append(asIs: stop)
            return writer.append("]")
        }
        guard value.isArray else { throw TranslationFault(.invalid, "\(String(name)): must be a string or an array of strings", parameter: String(name)) }
        var count = 0
        for element in value.elements {
            guard let stop = element.string else {
                throw TranslationFault(.invalid, "\(String(name)): must be a string or an array of strings", parameter: String(name))
            }
            if stop.isBlank {
                notes.change(name)
                continue
            }
            writer.append(count == 0 ? ",\"stop_sequences\":[" : ",")
            writer.append(asIs: stop)
            count += 1
        }
        if count > 0 { writer.append("]") }
    }

    /// `safety_identifier` is OpenAI's newer word for the same purpose.
    static func writeUser(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        let parameter: ChatRequest.Parameter = request.has(.user) ? .user : .safetyIdentifier
        guard let user = request.value(of: parameter)?.string else { return }
        _ = request.honour(parameter)
        writer.append(",\"metadata\":{\"user_id\":")
        writer.append(asIs: user)
        writer.append("}")
    }

    /// OpenAI's `default` is the standard tier; the tiers that are OpenAI's alone are told as dropped.
    static func writeServiceTier(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        guard let tier = request.value(of: .serviceTier) else { return }
        if tier.is("auto") {
            writer.append(",\"service_tier\":\"auto\"")
        } else if tier.is("default") || tier.is("standard_only") {
            writer.append(",\"service_tier\":\"standard_only\"")
        } else {
            return
        }
        _ = request.honour(.serviceTier)
    }

    /// Honours by saying nothing what asks for what happens anyway.
    static func honourDefaults(_ request: inout ChatRequest) {
        honour(.count, of: &request) { $0.integer == 1 }
        honour(.logprobs, of: &request) { $0.bool == false }
        honour(.store, of: &request) { $0.bool == false }
        honour(.topLogprobs, of: &request) { $0.integer == 0 }
        honour(.frequencyPenalty, of: &request) { $0.isNumber && $0.number == 0 }
        honour(.presencePenalty, of: &request) { $0.isNumber && $0.number == 0 }
        honour(.logitBias, of: &request) { $0.isEmptyContainer }
        honour(.modalities, of: &request) { modalities in
            var isTextAlone = modalities.isArray
            for modality in modalities.elements where !modality.is("text") { isTextAlone = false }
            return isTextAlone
        }
    }

    private static func honour(_ parameter: ChatRequest.Parameter, of request: inout ChatRequest, when isDefault: (JSONValue) -> Bool) {
        if let value = request.value(of: parameter), isDefault(value) { _ = request.honour(parameter) }
    }
}

extension JSONString {
    /// Whether it has nothing but white space, which the API refuses as a text and as a stop sequence.
    var isBlank: Bool {
        var at = 0
        while at < content.count {
            if content[at] == 0x20 {
                at += 1
                continue
            }
            guard content[at] == UInt8(ascii: "\\"), at + 1 < content.count else { return false }
            switch content[at + 1] {
            case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "f"): at += 2
            default: return false
            }
        }
        return true
    }
}

extension JSONValue {
    /// A number's value, near enough to compare with a bound of few digits; 0 for any other value.
    var number: Double {
        guard isNumber else { return 0 }
        let text = bytes
        var value = 0.0
        var scale = 0
        var exponent = 0
        var at = text.count > 0 && text[0] == UInt8(ascii: "-") ? 1 : 0
        var isFraction = false
        while at < text.count, text[at] | 0x20 != UInt8(ascii: "e") {
            if text[at] == UInt8(ascii: ".") {
                isFraction = true
            } else {
                value = value * 10 + Double(text[at] &- 0x30)
                if isFraction { scale += 1 }
            }
            at += 1
        }
        if at < text.count {
            let sign = text[at + 1]
            let digits = text.dropFirst(sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? at + 2 : at + 1)
            let magnitude = Int(min(digits.decimal ?? 400, 400))
            exponent = sign == UInt8(ascii: "-") ? -magnitude : magnitude
        }
        // Past this every number is 0 or infinite, and so is the loop's work bounded.
        var shift = max(-400, min(400, exponent - scale))
        while shift > 0 {
            value *= 10
            shift -= 1
        }
        while shift < 0 {
            value /= 10
            shift += 1
        }
        return text[0] == UInt8(ascii: "-") ? -value : value
    }
}
