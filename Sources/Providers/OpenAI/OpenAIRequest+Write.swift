public import Bytes
import JSON

extension OpenAIRequest {
    /// Writes `request` for a host that speaks OpenAI.
    ///
    /// The token limit goes out as `max_completion_tokens`; the provider table renames it for hosts that know only `max_tokens`. A thinking
    /// budget becomes an effort: below 4,096 tokens low, below 16,384 medium, else high, between the budgets Google gives for these words
    /// (1,024, 8,192, 24,576; ai.google.dev/gemini-api/docs/openai). An effort that is not asked for is left to the model: `adaptive` is told
    /// as changed, `disabled` as dropped, since most models refuse `"reasoning_effort":"none"`. `top_k` is not OpenAI's, but some hosts'.
    public static func write(
        _ request: inout ChatRequest, _ options: RequestOptions, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        writer.append("{")
        if let model = request.model {
            writer.append("\"model\":")
            writer.append(quoted: model)
            writer.append(",")
        }
        writer.append("\"messages\":[")
        var messages = OpenAIMessageWriter()
        try messages.write(request, to: &writer)
        writer.append("]")
        writeTools(&request, messages.hasMarks, to: &writer, &notes)
        messages.note(&notes)
        writeFormat(&request, to: &writer)
        writeReasoning(&request, to: &writer, &notes)
        writeServiceTier(&request, to: &writer)
        writeStop(&request, to: &writer)
        copy(.maxTokens, "max_completion_tokens", &request, to: &writer)
        copy(.temperature, "temperature", &request, to: &writer)
        copy(.topP, "top_p", &request, to: &writer)
        if options.takesTopK { copy(.topK, "top_k", &request, to: &writer) }
        copy(.seed, "seed", &request, to: &writer)
        copy(.count, "n", &request, to: &writer)
        copy(.frequencyPenalty, "frequency_penalty", &request, to: &writer)
        copy(.presencePenalty, "presence_penalty", &request, to: &writer)
        copy(.logitBias, "logit_bias", &request, to: &writer)
        copy(.logprobs, "logprobs", &request, to: &writer)
        copy(.topLogprobs, "top_logprobs", &request, to: &writer)
        copy(.user, "user", &request, to: &writer)
        copy(.metadata, "metadata", &request, to: &writer)
        copy(.store, "store", &request, to: &writer)
        copy(.modalities, "modalities", &request, to: &writer)
        copy(.audio, "audio", &request, to: &writer)
        copy(.prediction, "prediction", &request, to: &writer)
        copy(.verbosity, "verbosity", &request, to: &writer)
        copy(.promptCacheKey, "prompt_cache_key", &request, to: &writer)
        copy(.safetyIdentifier, "safety_identifier", &request, to: &writer)
        if request.isStream {
            writer.append(",\"stream\":true")
            if options.takesIncludeUsage { writer.append(",\"stream_options\":{\"include_usage\":true}") }
        }
        writer.append("}")
        request.noteDropped(&notes)
    }

    /// A parameter whose value is the same in both dialects.
    private static func copy(_ parameter: ChatRequest.Parameter, _ name: StaticString, _ request: inout ChatRequest, to writer: inout ByteWriter) {
        guard let value = request.honour(parameter) else { return }
        appendName(name, to: &writer)
        writer.append(value.bytes)
    }

    private static func appendName(_ name: StaticString, to writer: inout ByteWriter) {
        writer.append(",\"")
        writer.append(name)
        writer.append("\":")
    }

    /// Always an array: some hosts take no string.
    private static func writeStop(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        guard let stop = request.honour(.stop) else { return }
        appendName("stop", to: &writer)
        if stop.isArray { return writer.append(stop.bytes) }
        writer.append("[")
        writer.append(stop.bytes)
        writer.append("]")
    }

    /// Anthropic's `standard_only` is OpenAI's `default`.
    private static func writeServiceTier(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        guard let tier = request.honour(.serviceTier) else { return }
        appendName("service_tier", to: &writer)
        if tier.is("standard_only") { writer.append("\"default\"") } else { writer.append(tier.bytes) }
    }

    // MARK: Tools

    private static func writeTools(_ request: inout ChatRequest, _ hasMarks: Bool, to writer: inout ByteWriter, _ notes: inout TranslationNotes) {
        // OpenAI refuses a choice among no tools: without any, that is told as dropped.
        guard !request.tools.isEmpty else { return }
        _ = request.honour(.tools)
        var isMarked = false
        appendName("tools", to: &writer)
        writer.append("[")
        for index in request.tools.indices {
            if index > 0 { writer.append(",") }
            isMarked = isMarked || request.tools[index].cacheMark != nil
            write(request.tools[index], to: &writer)
        }
        writer.append("]")
        if isMarked, !hasMarks { notes.drop("cache_control") }
        writeToolChoice(&request, to: &writer)
        _ = request.honour(.parallelToolCalls)
        if let allows = request.allowsParallelCalls {
            appendName("parallel_tool_calls", to: &writer)
            writer.append(allows ? "true" : "false")
        }
    }

    private static func write(_ tool: ChatRequest.Tool, to writer: inout ByteWriter) {
        writer.append("{\"type\":\"function\",\"function\":{\"name\":")
        writer.append(quoted: tool.name)
        if let description = tool.description {
            writer.append(",\"description\":")
            writer.append(quoted: description)
        }
        if let parameters = tool.parameters {
            writer.append(",\"parameters\":")
            writer.append(parameters.bytes)
        }
        if let isStrict = tool.isStrict { writer.append(isStrict ? ",\"strict\":true" : ",\"strict\":false") }
        writer.append("}}")
    }

    private static func writeToolChoice(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        _ = request.honour(.toolChoice)
        guard let choice = request.toolChoice else { return }
        appendName("tool_choice", to: &writer)
        switch choice {
        case .auto: writer.append("\"auto\"")
        case .none: writer.append("\"none\"")
        case .required: writer.append("\"required\"")
        case .named(let name):
            writer.append("{\"type\":\"function\",\"function\":{\"name\":")
            writer.append(quoted: name)
            writer.append("}}")
        }
    }

    // MARK: The answer's form, and thinking

    private static func writeFormat(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        _ = request.honour(.format)
        switch request.format {
        case .text: return
        case .jsonObject: writer.append(",\"response_format\":{\"type\":\"json_object\"}")
        case .jsonSchema(let name, let schema, let isStrict):
            writer.append(",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":")
            // OpenAI wants a name, other dialects have none.
            if let name, !name.content.isEmpty { writer.append(quoted: name) } else { writer.append("\"response\"") }
            writer.append(",\"schema\":")
            writer.append(schema.bytes)
            if let isStrict { writer.append(isStrict ? ",\"strict\":true" : ",\"strict\":false") }
            writer.append("}}")
        }
    }

    private static func writeReasoning(_ request: inout ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes) {
        guard let reasoning = request.reasoning else { return }
        let word: StaticString
        switch reasoning {
        case .off: return
        case .adaptive:
            _ = request.honour(.reasoning)
            return notes.change("thinking")
        case .effort(let effort): word = effort.word
        case .budget(let tokens):
            word = tokens < 4096 ? "low" : tokens < 16384 ? "medium" : "high"
            notes.change("thinking")
        }
        _ = request.honour(.reasoning)
        appendName("reasoning_effort", to: &writer)
        writer.append(jsonString: ByteSlice(word))
    }
}
