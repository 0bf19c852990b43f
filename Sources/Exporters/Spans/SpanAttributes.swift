import Books

/// What a request's span says: by GenAI's names, and by our own where it has none.
///
/// - Source: OpenTelemetry semantic conventions 1.40.0, attribute registry "gen_ai"
struct SpanAttributes {
    private enum Value {
        case text(String)
        case texts([String])
        case count(Int64)
        case measure(Double)
        case truth
    }

    private var pairs: [(name: String, value: Value)] = []

    init(_ record: RequestRecord) {
        addModel(record)
        addUsage(record.figures)
        addOutcome(record)
        addOwn(record)
        for pair in record.metadataPairs.prefix(ExporterLimits.metadataCount) { text("sluice.metadata.\(pair.key)", pair.value) }
    }

    func write(to span: inout ProtobufWriter) {
        for (name, value) in pairs {
            span.attribute(9, name) { any in
                switch value {
                case .text(let text): any.text(1, text)
                case .texts(let texts):
                    any.message(5) { array in
                        for text in texts { array.message(1) { $0.text(1, text) } }
                    }
                case .count(let count): any.number(3, UInt64(bitPattern: count))
                case .measure(let measure): any.double(4, measure)
                case .truth: any.number(2, 1)
                }
            }
        }
    }

    // MARK: GenAI's names

    /// `gen_ai.operation.name`: the conventions' word where they have one, else the endpoint's own.
    static func operation(_ record: RequestRecord) -> String {
        if record.figures.flags.contains(.observation) { return operations[record.kind] ?? record.kind }
        return operations[record.endpoint] ?? (record.endpoint.isEmpty ? "chat" : record.endpoint)
    }

    private static let operations = [
        "chat.completions": "chat", "messages": "chat", "responses": "chat", "prompts.completions": "chat", "completions": "text_completion",
        "agent": "invoke_agent", "tool": "execute_tool", "retriever": "retrieval", "embedding": "embeddings",
    ]

    /// Ids of ours that the conventions call otherwise.
    private static let providers = [
        "azure-openai": "azure.ai.openai", "azure-ai": "azure.ai.inference", "bedrock": "aws.bedrock", "google": "gcp.gemini", "vertex-ai": "gcp.vertex_ai",
        "mistral-ai": "mistral_ai", "perplexity-ai": "perplexity", "x-ai": "x_ai",
    ]

    private mutating func addModel(_ record: RequestRecord) {
        text("gen_ai.operation.name", SpanAttributes.operation(record))
        let provider = SpanAttributes.providers[record.provider] ?? record.provider
        text("gen_ai.provider.name", provider)
        // The name that it had before: what reads spans may know that one alone.
        text("gen_ai.system", provider)
        text("gen_ai.request.model", record.model)
        text("gen_ai.response.model", record.served)
        text("gen_ai.prompt.name", record.prompt)
        if !record.finishReason.isEmpty { pairs.append(("gen_ai.response.finish_reasons", .texts([record.finishReason]))) }
        if record.figures.flags.contains(.stream) { flag("gen_ai.request.stream") }
    }

    private mutating func addUsage(_ figures: RecordFigures) {
        guard figures.flags.contains(.counted) else { return }
        let usage = figures.usage
        pairs.append(("gen_ai.usage.input_tokens", .count(usage.inputTotal)))
        pairs.append(("gen_ai.usage.output_tokens", .count(usage.outputTotal)))
        let parts: [(String, Int64)] = [
            ("gen_ai.usage.cache_read.input_tokens", usage.cachedTotal),
            ("gen_ai.usage.cache_creation.input_tokens", usage.cacheWrite5m.addingReportingOverflow(usage.cacheWrite1h).partialValue),
            ("gen_ai.usage.reasoning.output_tokens", usage.reasoning),
            ("sluice.usage.audio.input_tokens", usage.audioInput), ("sluice.usage.audio.output_tokens", usage.audioOutput),
            ("sluice.usage.image.input_tokens", usage.imageInput), ("sluice.usage.image.output_tokens", usage.imageOutput),
            ("sluice.usage.web_searches", usage.webSearches),
        ]
        for (name, count) in parts where count > 0 { pairs.append((name, .count(count))) }
        if figures.flags.contains(.estimated) { flag("sluice.usage.estimated") }
    }

    private mutating func addOutcome(_ record: RequestRecord) {
        let figures = record.figures
        if figures.status > 0 { pairs.append(("http.response.status_code", .count(Int64(figures.status)))) }
        if !record.error.isEmpty { text("error.type", record.error) } else if figures.status >= 400 { text("error.type", "\(figures.status)") }
        if figures.flags.contains(.stream) { seconds("gen_ai.response.time_to_first_chunk", figures.firstTokenNanoseconds) }
    }

    // MARK: Our own

    private mutating func addOwn(_ record: RequestRecord) {
        let figures = record.figures
        text("sluice.id", record.identifier.description)
        let texts: [(String, String)] = [
            ("sluice.trace", record.trace), ("sluice.span", record.span), ("sluice.span_name", record.spanName), ("sluice.organisation", record.organisation),
            ("sluice.workspace", record.workspace), ("sluice.key", record.keyName), ("sluice.key_id", record.key), ("sluice.certificate", record.certificate),
            ("sluice.virtual_key", record.virtualKey), ("sluice.user", record.user), ("sluice.config", record.config), ("sluice.target", record.target),
            ("sluice.prompt", record.promptReference), ("sluice.endpoint", record.endpoint), ("sluice.blame", record.blame.text.description),
            ("sluice.peer", record.peer), ("sluice.kind", record.kind), ("sluice.price_book", record.priceBook),
        ]
        for (name, value) in texts { text(name, value) }
        if figures.cost >= 0 { pairs.append(("sluice.cost_usd", .measure(Double(figures.cost) / 1e9))) }
        if figures.lostCost > 0 { pairs.append(("sluice.lost_cost_usd", .measure(Double(figures.lostCost) / 1e9))) }
        for (name, count) in [("sluice.lost_tokens_in", figures.lostInputTokens), ("sluice.lost_tokens_out", figures.lostOutputTokens)] where count > 0 {
            pairs.append((name, .count(count)))
        }
        if figures.saved >= 0 { pairs.append(("sluice.saved_usd", .measure(Double(figures.saved) / 1e9))) }
        text("sluice.cache", figures.cache.text.description)
        pairs.append(("sluice.attempts", .count(Int64(figures.attempts))))
        seconds("sluice.first_byte", figures.firstByteNanoseconds)
        seconds("sluice.gateway", figures.gatewayNanoseconds)
        seconds("sluice.queue", figures.queueNanoseconds)
        seconds("sluice.connect", figures.connectNanoseconds)
        let flags: [(String, RecordFlags)] = [
            ("sluice.aborted", .aborted), ("sluice.hedged", .hedged), ("sluice.unpriced", .unpriced), ("sluice.reported", .reported),
            ("sluice.searches_unpriced", .searchesUnpriced),
        ]
        for (name, flag) in flags where figures.flags.contains(flag) { self.flag(name) }
    }

    /// What is empty is not there.
    private mutating func text(_ name: String, _ text: String) {
        if !text.isEmpty { pairs.append((name, .text(text))) }
    }

    private mutating func flag(_ name: String) { pairs.append((name, .truth)) }

    private mutating func seconds(_ name: String, _ nanoseconds: UInt64) {
        if nanoseconds > 0 { pairs.append((name, .measure(Double(nanoseconds) / 1e9))) }
    }
}
