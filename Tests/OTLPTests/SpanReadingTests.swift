import Bytes
import Testing
@testable import OTLP

@Suite("What spans say")
struct SpanReadingTests {
    private func reading(_ attributes: [Attribute], _ change: (inout Span) -> Void = { _ in }) -> SpanReading {
        var span = Span()
        span.attributes = Attributes(attributes)
        span.startNanoseconds = 1_000_000_000
        span.endNanoseconds = 3_000_000_000
        change(&span)
        return SpanReading(span)
    }

    private func tokens(_ attributes: [Attribute]) -> [Int64] {
        guard let tokens = reading(attributes).tokens else { return [] }
        let given = [tokens.input, tokens.cacheRead, tokens.cacheWrite5m, tokens.cacheWrite1h, tokens.audioInput]
        return given + [tokens.output, tokens.reasoning, tokens.audioOutput]
    }

    @Test("OpenTelemetry's conventions: a call with all that they name")
    func conventions() {
        let call = reading([
            Attribute("gen_ai.operation.name", .text("chat")), Attribute("gen_ai.provider.name", .text("aws.bedrock")), Attribute("gen_ai.request.model", .text("a")),
            Attribute("gen_ai.response.model", .text("b")), Attribute("gen_ai.usage.input_tokens", .integer(100)), Attribute("gen_ai.usage.output_tokens", .integer(50)),
            Attribute("gen_ai.usage.cache_read.input_tokens", .integer(30)), Attribute("gen_ai.usage.cache_creation.input_tokens", .integer(20)),
            Attribute("gen_ai.usage.reasoning.output_tokens", .integer(40)), Attribute("gen_ai.response.finish_reasons", .list([.text("stop")])),
            Attribute("gen_ai.conversation.id", .text("s-1")), Attribute("user.id", .text("ada")), Attribute("gen_ai.response.time_to_first_chunk", .number(0.5)),
            Attribute("server.address", .text("API.example")), Attribute("server.port", .integer(8080)), Attribute("gen_ai.prompt.name", .text("greet")),
        ])
        #expect(call.call == .chat && call.provider == "bedrock" && call.model == "a" && call.served == "b" && call.finishReason == "stop" && call.user == "ada")
        #expect(call.tokens?.input == 50 && call.tokens?.cacheRead == 30 && call.tokens?.cacheWrite5m == 20)
        #expect(call.tokens?.output == 10 && call.tokens?.reasoning == 40)
        #expect(call.durationNanoseconds == 2_000_000_000 && call.firstTokenNanoseconds == 500_000_000 && call.isStream && call.status == 200)
        #expect(call.metadata.map { "\($0)=\($1)" } == ["session_id=s-1"] && call.server == ServerAddress(host: "api.example", port: 8080) && call.prompt == "greet")
    }

    @Test("roles, in each dialect", arguments: [
        ([("gen_ai.operation.name", "chat")], "llm", true), ([("gen_ai.operation.name", "generate_content")], "llm", true),
        ([("gen_ai.operation.name", "text_completion")], "llm", true), ([("gen_ai.operation.name", "embeddings")], "embedding", true),
        ([("gen_ai.operation.name", "invoke_agent")], "agent", false), ([("gen_ai.operation.name", "create_agent")], "agent", false),
        ([("gen_ai.operation.name", "execute_tool")], "tool", false), ([("gen_ai.operation.name", "invoke_workflow")], "chain", false),
        ([("gen_ai.operation.name", "retrieval")], "retriever", false), ([("gen_ai.operation.name", "something"), ("gen_ai.system", "openai")], "llm", true),
        ([("openinference.span.kind", "LLM")], "llm", true), ([("openinference.span.kind", "EMBEDDING")], "embedding", true),
        ([("openinference.span.kind", "AGENT")], "agent", false), ([("openinference.span.kind", "CHAIN")], "chain", false),
        ([("openinference.span.kind", "TOOL")], "tool", false), ([("openinference.span.kind", "RETRIEVER")], "retriever", false),
        ([("openinference.span.kind", "RERANKER")], "reranker", false), ([("openinference.span.kind", "GUARDRAIL")], "guardrail", false),
        ([("openinference.span.kind", "EVALUATOR")], "evaluator", false), ([("openinference.span.kind", "PROMPT")], "prompt", false),
        ([("langfuse.observation.type", "generation")], "llm", true), ([("langfuse.observation.type", "embedding")], "embedding", true),
        ([("langfuse.observation.type", "agent"), ("gen_ai.system", "openai")], "agent", false), ([("langfuse.observation.type", "event")], "event", false),
        ([("llm.request.type", "chat"), ("gen_ai.system", "OpenAI")], "llm", true), ([("llm.request.type", "embedding")], "embedding", true),
        ([("llm.request.type", "rerank"), ("gen_ai.system", "Cohere")], "reranker", false), ([("traceloop.span.kind", "workflow")], "chain", false),
        ([("traceloop.span.kind", "task")], "chain", false), ([("traceloop.span.kind", "agent")], "agent", false), ([("traceloop.span.kind", "tool")], "tool", false),
        ([("ai.operationId", "ai.generateText"), ("ai.usage.promptTokens", "4")], "chain", false), ([("ai.operationId", "ai.generateText.doGenerate")], "llm", true),
        ([("ai.operationId", "ai.streamText.doStream")], "llm", true), ([("ai.operationId", "ai.embedMany.doEmbed")], "embedding", true),
        ([("ai.operationId", "ai.toolCall")], "tool", false), ([("gen_ai.system", "openai")], "llm", true), ([("gen_ai.usage.prompt_tokens", "3")], "llm", true),
        ([("http.method", "GET")], "span", false), ([("tool.name", "search")], "tool", false),
    ] as [([(String, String)], String, Bool)])
    func roles(attributes: [(String, String)], kind: String, isCall: Bool) {
        let said = reading(attributes.map { Attribute($0.0, .text($0.1)) } + [Attribute("gen_ai.request.model", .text("m"))])
        #expect(said.kind == kind && (said.call != nil) == isCall)
        // Without a model there is nothing to price.
        #expect(reading(attributes.map { Attribute($0.0, .text($0.1)) }).call == nil)
    }

    @Test("tokens: what each dialect's totals hold", arguments: [
        ([("gen_ai.usage.input_tokens", 10), ("gen_ai.usage.output_tokens", 5)], [10, 0, 0, 0, 0, 5, 0, 0]),
        ([("gen_ai.usage.prompt_tokens", 10), ("gen_ai.usage.completion_tokens", 5), ("gen_ai.usage.cache_read_input_tokens", 4)], [6, 4, 0, 0, 0, 5, 0, 0]),
        // Less than its parts: they stand beside it.
        ([("gen_ai.usage.input_tokens", 3), ("gen_ai.usage.cache_read.input_tokens", 40), ("gen_ai.usage.cache_creation.input_tokens", 7)], [3, 40, 7, 0, 0, 0, 0, 0]),
        ([("gen_ai.usage.output_tokens", 3), ("gen_ai.usage.reasoning_tokens", 9), ("gen_ai.usage.input_tokens", 1)], [1, 0, 0, 0, 0, 3, 9, 0]),
        ([("llm.token_count.prompt", 20), ("llm.token_count.completion", 9), ("llm.token_count.prompt_details.cache_read", 5),
            ("llm.token_count.prompt_details.cache_write", 2), ("llm.token_count.prompt_details.audio", 3), ("llm.token_count.completion_details.reasoning", 4),
            ("llm.token_count.completion_details.audio", 1)], [10, 5, 2, 0, 3, 4, 4, 1]),
        ([("ai.usage.promptTokens", 8), ("ai.usage.completionTokens", 2)], [8, 0, 0, 0, 0, 2, 0, 0]),
        ([("ai.usage.inputTokens", 8), ("ai.usage.outputTokens", 6), ("ai.usage.cachedInputTokens", 3), ("ai.usage.reasoningTokens", 1)], [5, 3, 0, 0, 0, 5, 1, 0]),
        ([("ai.usage.inputTokens", 12), ("ai.usage.inputTokenDetails.noCacheTokens", 5), ("ai.usage.inputTokenDetails.cacheReadTokens", 4),
            ("ai.usage.inputTokenDetails.cacheWriteTokens", 3), ("ai.usage.outputTokens", 1)], [5, 4, 3, 0, 0, 1, 0, 0]),
        ([("ai.usage.tokens", 4)], [4, 0, 0, 0, 0, 0, 0, 0]), ([("llm.usage.total_tokens", 9)], [9, 0, 0, 0, 0, 0, 0, 0]), ([], []),
        ([("llm.usage.total_tokens", 9), ("gen_ai.usage.output_tokens", 4)], [5, 0, 0, 0, 0, 4, 0, 0]),
        ([("gen_ai.usage.output_tokens", 5)], [0, 0, 0, 0, 0, 5, 0, 0]), ([("gen_ai.usage.input_tokens", -5)], [0, 0, 0, 0, 0, 0, 0, 0]),
        ([("gen_ai.usage.input_tokens", .max), ("gen_ai.usage.cache_read.input_tokens", .max), ("gen_ai.usage.cache_creation.input_tokens", .max)],
            [.max, .max, .max, 0, 0, 0, 0, 0]),
    ] as [([(String, Int64)], [Int64])])
    func counts(attributes: [(String, Int64)], wanted: [Int64]) {
        #expect(tokens(attributes.map { Attribute($0.0, .integer($0.1)) }) == wanted)
        // As texts, too: some exporters write numbers so.
        #expect(tokens(attributes.map { Attribute($0.0, .text("\($0.1)")) }) == wanted)
    }

    @Test("Anthropic's tokens by the Vercel AI SDK stand beside one another")
    func vercelAnthropic() {
        let usage = [Attribute("ai.usage.inputTokens", .integer(100)), Attribute("ai.usage.cachedInputTokens", .integer(30))]
        #expect(tokens(usage + [Attribute("ai.model.provider", .text("anthropic.messages"))]) == [100, 30, 0, 0, 0, 0, 0, 0])
        #expect(tokens(usage + [Attribute("ai.model.provider", .text("openai.chat"))]) == [70, 30, 0, 0, 0, 0, 0, 0])
    }

    @Test("Langfuse's usage: parts of its own, OpenAI's, Anthropic's", arguments: [
        (#"{"input": 10, "output": 5, "total": 15}"#, [10, 0, 0, 0, 0, 5, 0, 0]),
        (#"{"input": 10, "input_cached_tokens": 30, "output": 5, "output_reasoning_tokens": 9}"#, [10, 30, 0, 0, 0, 5, 9, 0]),
        (#"{"input": 10, "input_cache_creation_5m": 3, "input_cache_creation_1h": 4, "output": 5}"#, [10, 0, 3, 4, 0, 5, 0, 0]),
        (#"{"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 2}}"#,
            [5, 4, 0, 0, 1, 3, 2, 0]),
        (#"{"input_tokens": 10, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4}, "output_tokens_details": {"reasoning_tokens": 2}}"#, [6, 4, 0, 0, 0, 3, 2, 0]),
        (#"{"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 2}"#, [10, 40, 2, 0, 0, 5, 0, 0]),
        (#"{"output": 5}"#, [0, 0, 0, 0, 0, 5, 0, 0]), ("{}", []), ("no JSON", []), ("[1]", []), (#"{"input": "many"}"#, []),
    ] as [(String, [Int64])])
    func langfuseUsage(details: String, wanted: [Int64]) {
        #expect(tokens([Attribute("langfuse.observation.usage_details", .text(details))]) == wanted)
    }

    @Test("providers have the gateway's ids", arguments: [
        ("openai", "openai"), ("OpenAI", "openai"), ("openai.chat", "openai"), ("anthropic.messages", "anthropic"), ("gcp.gemini", "google"),
        ("google.generative-ai", "google"), ("google.vertex.chat", "vertex-ai"), ("gcp.vertex_ai", "vertex-ai"), ("azure.ai.openai", "azure-openai"),
        ("azure-openai.chat", "azure-openai"), ("az.ai.openai", "azure-openai"), ("aws.bedrock", "bedrock"), ("amazon-bedrock", "bedrock"), ("mistralai", "mistral-ai"),
        ("xai", "x-ai"), ("x_ai", "x-ai"), ("perplexity", "perplexity-ai"), ("ibm.watsonx.ai", "ibm.watsonx.ai"), ("house", "house"),
    ])
    func providers(named: String, id: String) {
        #expect(reading([Attribute("gen_ai.system", .text(named))]).provider == id)
        #expect(reading([Attribute("ai.model.provider", .text(named))]).provider == id)
    }

    @Test("where no provider is named, a model tells of one that it alone has", arguments: [
        ("gpt-4o", "openai"), ("o3-mini", "openai"), ("text-embedding-3-small", "openai"), ("claude-sonnet-4-5", "anthropic"), ("gemini-2.5-pro", "google"), ("llama-3", ""),
    ])
    func modelTells(model: String, id: String) {
        #expect(reading([Attribute("langfuse.observation.model.name", .text(model))]).provider == id)
    }

    @Test("an error has a status, and its kind for a word, never its message")
    func errors() {
        func failed(_ attributes: [Attribute], _ exception: [Attribute] = []) -> SpanReading {
            reading(attributes) { span in
                span.status = .error
                span.statusMessage = "Incorrect API key provided: sk-secret"
                var event = Span.Event()
                event.name = "exception"
                event.attributes = Attributes(exception + [Attribute("exception.message", .text("sk-secret"))])
                span.events = [event]
            }
        }
        func said(_ reading: SpanReading) -> String { "\(reading.status) \(reading.error)" }
        #expect(said(failed([Attribute("error.type", .text("429"))])) == "429 429")
        #expect(said(failed([Attribute("error.type", .text("RateLimitError")), Attribute("http.response.status_code", .integer(429))])) == "429 RateLimitError")
        #expect(said(failed([], [Attribute("exception.type", .text("TimeoutError"))])) == "500 TimeoutError")
        #expect(said(failed([])) == "500 error" && said(failed([Attribute("error.type", .text("700"))])) == "500 700")
        #expect(said(reading([Attribute("langfuse.observation.level", .text("ERROR"))])) == "500 error")
        #expect(said(reading([Attribute("error.type", .text("x"))])) == "200 ")
    }

    @Test("streams and first tokens, in each dialect")
    func streams() {
        #expect(reading([Attribute("gen_ai.request.stream", .flag(true))]).isStream && reading([Attribute("llm.is_streaming", .text("True"))]).isStream)
        #expect(reading([Attribute("ai.operationId", .text("ai.streamText.doStream"))]).isStream && !reading([]).isStream)
        #expect(reading([Attribute("llm.invocation_parameters", .text(#"{"stream": true, "n": 1}"#))]).isStream)
        #expect(reading([Attribute("ai.response.msToFirstChunk", .number(250.5))]).firstTokenNanoseconds == 250_500_000)
        #expect(reading([Attribute("langfuse.observation.completion_start_time", .text("\"1970-01-01T00:00:01.750Z\""))]).firstTokenNanoseconds == 750_000_000)
        let event = reading([]) { span in
            var event = Span.Event()
            (event.name, event.nanoseconds) = ("First Token Stream Event", 1_200_000_000)
            span.events = [event]
        }
        #expect(event.firstTokenNanoseconds == 200_000_000 && event.isStream)
        for wrong in [Double.nan, .infinity, -1, 1e300] {
            #expect(reading([Attribute("gen_ai.response.time_to_first_chunk", .number(wrong))]).firstTokenNanoseconds == 0)
        }
    }

    @Test("times that cannot be are none")
    func times() {
        #expect(reading([]) { $0.endNanoseconds = 5 }.durationNanoseconds == 0)
        #expect(reading([]) { $0.startNanoseconds = 0 }.durationNanoseconds == 0)
        for late in ["9999-12-31T00:00:00Z", "\"2555-01-01\"", "1969-12-31", "no date"] {
            #expect(reading([Attribute("langfuse.observation.completion_start_time", .text(late))]).firstTokenNanoseconds == 0)
        }
        #expect(reading([]) { $0.endNanoseconds = .max }.durationNanoseconds == OTLPLimits.durationNanoseconds)
    }

    @Test("metadata: callers' own names, sessions, tags; of its process what the span does not say")
    func metadata() {
        let said = reading([
            Attribute("langfuse.session.id", .text("s")), Attribute("langfuse.trace.tags", .list([.text("a"), .text("b")])), Attribute("langfuse.environment", .text("prod")),
            Attribute("langfuse.trace.metadata.team", .text("search")), Attribute("ai.telemetry.metadata.turn", .integer(3)), Attribute("ai.telemetry.metadata.userId", .text("ada")),
            Attribute("traceloop.association.properties.plan", .flag(true)), Attribute("metadata", .text(#"{"team": "other", "city": "Ulm", "deep": {"left": "out"}}"#)),
        ]) { $0.resource = Attributes([Attribute("service.name", .text("app")), Attribute("deployment.environment.name", .text("stage"))]) }
        #expect(said.metadata.map { "\($0)=\($1)" } == [
            "session_id=s", "environment=prod", "service=app", "tags=a,b", "team=search", "turn=3", "plan=true", "city=Ulm",
        ])
        #expect(said.user == "ada")
    }

    @Test("prompts, finish reasons and servers as dialects write them")
    func others() {
        let prompt = reading([Attribute("langfuse.observation.prompt.name", .text("greet")), Attribute("langfuse.observation.prompt.version", .integer(7))])
        #expect(prompt.prompt == "greet" && prompt.promptVersion == 7)
        #expect(reading([Attribute("traceloop.prompt.version", .integer(7))]).promptVersion == 0)
        for value in [AttributeValue.text("stop"), .text(#"["stop", "length"]"#), .list([.text("stop")])] {
            #expect(reading([Attribute("gen_ai.response.finish_reasons", value)]).finishReason == "stop")
        }
    }

    @Test("a server is a host and a port, however it is written", arguments: [
        ("https://user@API.openai.com:443/v1/", "api.openai.com", 443), ("http://localhost:8787/v1?x", "localhost", 8787), ("http://localhost", "localhost", 80),
        ("https://[2001:DB8::1]:8443/v1", "2001:db8::1", 8443), ("https://[::1]", "::1", 443), ("http://h:99999", "h", 80),
    ] as [(String, String, UInt16)])
    func servers(url: String, host: String, port: UInt16) {
        let server = reading([Attribute("url.full", .text(url))]).server
        #expect(server?.host == host && server?.port == port)
    }

    @Test("of servers that say a host the port is theirs, behind it, or not known")
    func serverHosts() {
        func server(_ host: String, _ port: Int64? = nil) -> ServerAddress? {
            reading([Attribute("server.address", .text(host))] + (port.map { [Attribute("server.port", .integer($0))] } ?? [])).server
        }
        #expect(server("Gateway.example", 8787)?.port == 8787 && server("gateway.example:8787")?.port == 8787 && server("gateway.example", 0)?.port == nil)
        #expect(server("2001:db8::1", 80)?.host == "2001:db8::1" && server("[2001:DB8::1]")?.host == "2001:db8::1" && server("h", 1 << 40)?.port == nil)
        #expect(ServerAddress(url: "no URL") == nil && ServerAddress(url: "http:///v1") == nil)
    }

    @Test("a provider's name is looked at as far as one may be long, also where it is all full stops")
    func longProviders() {
        let most = String(repeating: "a", count: OTLPLimits.providerNameCount)
        #expect(reading([Attribute("gen_ai.system", .text(most))]).provider == most)
        #expect(reading([Attribute("gen_ai.system", .text(most + "a"))]).provider == most)
        let dots = String(repeating: ".", count: OTLPLimits.textByteCount)
        #expect(reading([Attribute("gen_ai.system", .text(dots))]).provider == "")
        #expect(reading([Attribute("gen_ai.system", .text("openai" + dots))]).provider == "openai")
    }

    @Test("of log records those of calls with their tokens are kept")
    func logs() throws {
        var log = LogRecord()
        (log.event, log.trace, log.span, log.nanoseconds) = ("gen_ai.client.inference.operation.details", "t", "s", 7)
        log.attributes = Attributes([Attribute("gen_ai.operation.name", .text("chat")), Attribute("gen_ai.request.model", .text("gpt-4o"))])
        #expect(SpanReading(log) == nil)
        log.attributes = Attributes(log.attributes.list + [Attribute("gen_ai.usage.input_tokens", .integer(4))])
        let reading = try #require(SpanReading(log))
        #expect(reading.call == .chat && reading.tokens?.input == 4 && reading.startNanoseconds == 7 && reading.name == log.event)
        log.event = "app.started"
        #expect(SpanReading(log) == nil)
        log.attributes = Attributes(log.attributes.list + [Attribute("event.name", .text("gen_ai.client.inference.operation.details"))])
        log.event = ""
        #expect(SpanReading(log) != nil)
    }

    @Test("no name has two meanings, and every meaning is read")
    func table() {
        var seen: Set<String> = []
        for meaning in Meaning.allCases {
            #expect(!meaning.names.isEmpty)
            for name in meaning.names { #expect(seen.insert(name).inserted && AttributeNames.isRead(name), "\(name)") }
        }
        #expect(!AttributeNames.isRead("gen_ai.input.messages") && AttributeNames.isRead("openinference.span.kind"))
    }
}
