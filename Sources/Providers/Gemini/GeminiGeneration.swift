import Bytes
import JSON

/// `generationConfig`.
///
/// - Source: ai.google.dev/api/generate-content#GenerationConfig
enum GeminiGeneration {
    static func write(
        _ request: inout ChatRequest, _ model: GeminiModel, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        var list = GeminiList(",\"generationConfig\":{", "}")
        try writeInteger(.maxTokens, "maxOutputTokens", &request, &list, &writer)
        try writeNumber(.temperature, "temperature", &request, &list, &writer)
        try writeNumber(.topP, "topP", &request, &list, &writer)
        try writeInteger(.topK, "topK", &request, &list, &writer)
        try writeStop(&request, &list, &writer)
        try writeSeed(&request, &list, &writer, &notes)
        try writeCount(&request, &list, &writer)
        try writeNumber(.presencePenalty, "presencePenalty", &request, &list, &writer)
        try writeNumber(.frequencyPenalty, "frequencyPenalty", &request, &list, &writer)
        try writeLogprobs(&request, &list, &writer)
        writeFormat(&request, &list, &writer)
        try writeModalities(&request, &list, &writer)
        GeminiThinking.write(&request, model, &list, &writer, &notes)
        list.close(&writer)
    }

    // MARK: Numbers

    private static func writeNumber(
        _ parameter: ChatRequest.Parameter, _ name: StaticString, _ request: inout ChatRequest, _ list: inout GeminiList, _ writer: inout ByteWriter
    ) throws(TranslationFault) {
        guard let value = request.honour(parameter) else { return }
        guard value.isNumber else { throw fault("expected a number", parameter, request) }
        list.member(name, json: value.bytes, &writer)
    }

    private static func writeInteger(
        _ parameter: ChatRequest.Parameter, _ name: StaticString, _ request: inout ChatRequest, _ list: inout GeminiList, _ writer: inout ByteWriter
    ) throws(TranslationFault) {
        guard let value = request.honour(parameter) else { return }
        guard value.integer != nil else { throw fault("expected a whole number", parameter, request) }
        list.member(name, json: value.bytes, &writer)
    }

    /// A seed is 32 bits wide here. What is wider is cut, always in the same way, so that it stays a seed.
    private static func writeSeed(
        _ request: inout ChatRequest, _ list: inout GeminiList, _ writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        guard let value = request.honour(.seed) else { return }
        guard let seed = value.integer else { throw fault("expected a whole number", .seed, request) }
        list.member("seed", &writer)
        if let fitting = Int32(exactly: seed) { return writer.append(decimal: Int(fitting)) }
        notes.change(request.name(of: .seed))
        writer.append(decimal: Int(Int32(truncatingIfNeeded: seed) & .max))
    }

    private static func writeCount(_ request: inout ChatRequest, _ list: inout GeminiList, _ writer: inout ByteWriter) throws(TranslationFault) {
        guard let value = request.honour(.count) else { return }
        guard let count = value.integer, count > 0 else { throw fault("expected a whole number from 1 on", .count, request) }
        if count > 1 { list.member("candidateCount", json: value.bytes, &writer) }
    }

    private static func writeLogprobs(_ request: inout ChatRequest, _ list: inout GeminiList, _ writer: inout ByteWriter) throws(TranslationFault) {
        let wanted = request.honour(.logprobs)
        if let wanted, wanted.bool == nil { throw fault("expected true or false", .logprobs, request) }
        let top = request.honour(.topLogprobs)
        if let top, top.integer == nil { throw fault("expected a whole number", .topLogprobs, request) }
        guard wanted?.bool == true else {
            if let top, top.integer != 0 { throw fault("expected logprobs to be true as well", .topLogprobs, request) }
            return
        }
        list.member("responseLogprobs", json: ByteSlice("true"), &writer)
        if let top, top.integer != 0 { list.member("logprobs", json: top.bytes, &writer) }
    }

    // MARK: Texts

    private static func writeStop(_ request: inout ChatRequest, _ list: inout GeminiList, _ writer: inout ByteWriter) throws(TranslationFault) {
        guard let value = request.honour(.stop) else { return }
        if let one = value.string {
            list.member("stopSequences", &writer)
            writer.append("[")
            GeminiText.quote(one.content, &writer)
            return writer.append("]")
        }
        guard value.isArray else { throw fault("expected a string or an array of strings", .stop, request) }
        guard value.count <= Limits.geminiStopCount else {
            throw TranslationFault(.unsupported, "Gemini takes at most \(Limits.geminiStopCount) stop sequences", parameter: String(request.name(of: .stop)))
        }
        var stops = GeminiList("[", "]")
        for element in value.elements {
            guard let stop = element.string else { throw fault("expected a string or an array of strings", .stop, request) }
            if !stops.isOpen { list.member("stopSequences", &writer) }
            stops.next(&writer)
            GeminiText.quote(stop.content, &writer)
        }
        stops.close(&writer)
    }

    private static func writeFormat(_ request: inout ChatRequest, _ list: inout GeminiList, _ writer: inout ByteWriter) {
        _ = request.honour(.format)
        switch request.format {
        case .text: break
        case .jsonObject: list.member("responseMimeType", ByteSlice("application/json"), &writer)
        case .jsonSchema(_, let schema, _):
            list.member("responseMimeType", ByteSlice("application/json"), &writer)
            list.member("responseJsonSchema", &writer)
            GeminiSchema.write(schema, to: &writer)
        }
    }

    /// Text alone is what every model answers with; naming it would be refused by some.
    private static func writeModalities(_ request: inout ChatRequest, _ list: inout GeminiList, _ writer: inout ByteWriter) throws(TranslationFault) {
        guard let value = request.honour(.modalities) else { return }
        guard value.isArray else { throw fault("expected an array of strings", .modalities, request) }
        var wantsText = false
        var wantsImage = false
        for element in value.elements {
            guard let word = element.string else { throw fault("expected an array of strings", .modalities, request) }
            if word.content.equalsIgnoringCase("text") {
                wantsText = true
            } else if word.content.equalsIgnoringCase("image") {
                wantsImage = true
            } else {
                throw TranslationFault(
                    .unsupported, "Gemini's answers are translated as text and image; expected \"text\" or \"image\"",
                    parameter: String(request.name(of: .modalities)))
            }
        }
        if wantsImage { list.member("responseModalities", json: ByteSlice(wantsText ? "[\"TEXT\",\"IMAGE\"]" : "[\"IMAGE\"]"), &writer) }
    }

    private static func fault(_ message: String, _ parameter: ChatRequest.Parameter, _ request: borrowing ChatRequest) -> TranslationFault {
        TranslationFault(.invalid, message, parameter: String(request.name(of: parameter)))
    }
}
