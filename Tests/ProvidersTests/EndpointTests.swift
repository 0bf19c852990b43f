import Bytes
import Testing

@testable import Providers

@Suite("Endpoint")
struct EndpointTests {
    private func classify(_ method: String, _ target: String) -> Endpoint {
        withBytes(method) { method in withBytes(target) { Endpoint.classify(method: method, target: $0) } }
    }

    @Test("a request line names its endpoint", arguments: [
        ("POST", "/v1/chat/completions", Endpoint.chatCompletions), ("POST", "/v1/completions", .completions),
        ("POST", "/v1/fim/completions", .completions), ("POST", "/v1/embeddings", .embeddings),
        ("GET", "/v1/models", .models), ("GET", "/v1/models/gpt-4o", .models), ("HEAD", "/v1/models", .models),
        ("POST", "/v1/messages", .messages), ("POST", "/v1/messages/count_tokens", .countTokens),
        ("POST", "/v1/messages/batches", .other), ("POST", "/v1/responses", .responses),
        ("GET", "/v1/responses/resp_1", .other), ("POST", "/v1/responses/resp_1/cancel", .other),
        ("POST", "/v1/images/generations", .imagesGenerations), ("POST", "/v1/images/edits", .imagesEdits),
        ("POST", "/v1/images/variations", .other), ("POST", "/v1/audio/speech", .audioSpeech),
        ("POST", "/v1/audio/transcriptions", .audioTranscriptions),
        ("POST", "/v1/audio/translations", .audioTranslations), ("POST", "/v1/files", .files),
        ("GET", "/v1/files/file-\(String(repeating: "a", count: 80))/content", .files), ("DELETE", "/v1/files/f", .files),
        ("POST", "/v1/batches", .batches), ("POST", "/v1/fine_tuning/jobs", .fineTuning),
        ("POST", "/v1/moderations", .moderations), ("POST", "/v1/rerank", .rerank),
        ("GET", "/v1/realtime?model=gpt-realtime", .realtime), ("GET", "/v1/chat/completions", .other),
        ("PATCH", "/v1/anything/at/all", .other), ("POST", "/v1/filesystem", .other), ("GET", "/v1", .other),
        ("POST", "/v1/proxy/chat/completions", .chatCompletions), ("POST", "/v1/proxyless", .other),
        ("GET", "/health", .health), ("HEAD", "/ready", .ready), ("GET", "/ready?verbose", .ready),
        ("POST", "/health", .unknown), ("GET", "/", .unknown), ("GET", "/v2/models", .unknown),
        ("POST", "/v1beta/models", .unknown), ("GET", "*", .unknown), ("GET", "", .unknown),
    ])
    func requestLineNamesEndpoint(method: String, target: String, endpoint: Endpoint) {
        #expect(classify(method, target) == endpoint)
    }

    @Test("another spelling of a model endpoint does not slip past its policy", arguments: [
        "/v1/chat/completions/", "/v1/chat/completions?x=/files", "/v1/chat/%63ompletions", "/v1/chat%2Fcompletions",
        "/v1/Chat/Completions", "/v1/proxy/chat/%63%6f%6D%70letions/",
    ])
    func spellingsAreFolded(target: String) {
        #expect(classify("POST", target) == .chatCompletions)
    }

    @Test("a path hosts may read differently is none of ours", arguments: [
        "/v1/../admin", "/v1/./chat/completions", "/v1/files/%2e%2e/chat/completions", "/v1/files/..", "/v1//chat/completions",
        "/v1/files%2f%2fx", "/v1/chat\\completions", "/v1/chat/completions;a=b", "/v1/chat/completions%00", "/v1/a%5c..%5cb",
        "/v1/chat/completions%23",
    ])
    func ambiguousPathsAreUnknown(target: String) {
        #expect(classify("POST", target) == .unknown)
    }

    @Test("a broken percent escape is taken as it stands", arguments: ["/v1/files/%", "/v1/files/%2", "/v1/files/%zz", "/v1/files/..."])
    func brokenEscapesAreOrdinary(target: String) {
        #expect(classify("GET", target) == .files)
    }

    @Test("the model endpoints' JSON is collected, uploads and the rest stream")
    func bodiesAreCollectedOnlyWhereAModelIsNamed() {
        #expect(Endpoint.chatCompletions.body == .collected && Endpoint.messages.body == .collected)
        #expect(Endpoint.audioTranscriptions.body == .streamed && Endpoint.other.body == .streamed)
        #expect(Endpoint.health.body == .ignored)
    }

    @Test("the path decides the dialect; where both have it, anthropic-version does")
    func dialectOfTheClient() {
        #expect(Endpoint.messages.clientDialect(sentAnthropicVersion: false) == .anthropic)
        #expect(Endpoint.countTokens.clientDialect(sentAnthropicVersion: false) == .anthropic)
        #expect(Endpoint.chatCompletions.clientDialect(sentAnthropicVersion: true) == .openAI)
        #expect(Endpoint.models.clientDialect(sentAnthropicVersion: true) == .anthropic)
        #expect(Endpoint.models.clientDialect(sentAnthropicVersion: false) == .openAI)
    }
}

@Suite("Upstream target")
struct UpstreamTargetTests {
    let table = ProviderTable()

    private func target(_ id: String, _ client: String, custom: String? = nil) -> String? {
        guard let index = withBytes(id, { table.index(of: $0) }) else { return nil }
        var isBelowVersion = false
        let text = withBytes(client) { client in
            written { writer in
                if let custom {
                    isBelowVersion = withBytes(custom) {
                        table[index].writeTarget(of: client, customPrefix: $0, into: &writer)
                    }
                } else {
                    isBelowVersion = table[index].writeTarget(of: client, customPrefix: nil, into: &writer)
                }
            }
        }
        return isBelowVersion ? text : nil
    }

    @Test("the row's prefix takes the place of /v1", arguments: [
        ("openai", "/v1/chat/completions", "/v1/chat/completions"), ("groq", "/v1/chat/completions", "/openai/v1/chat/completions"),
        ("perplexity-ai", "/v1/chat/completions", "/chat/completions"), ("zhipu", "/v1/embeddings", "/api/paas/v4/embeddings"),
        ("openai", "/v1/proxy/models", "/v1/models"), ("openai", "/v1", "/v1"), ("perplexity-ai", "/v1", "/"),
        ("openai", "/v1/files/%41?after=%2F&x", "/v1/files/%41?after=%2F&x"), ("openai", "/v1?a=/v1", "/v1?a=/v1"),
        ("upstage", "/v1/chat/completions?", "/v1/solar/chat/completions?"),
    ])
    func prefixReplacesVersion(id: String, client: String, upstream: String) {
        #expect(target(id, client) == upstream)
    }

    @Test("a custom host's path replaces the prefix, and /v1 never comes twice", arguments: [
        ("openai", "/v1", "/v1/chat/completions"), ("openai", "/v1/", "/v1/chat/completions"),
        ("openai", "/openai/deployments/x", "/openai/deployments/x/chat/completions"), ("openai", "", "/chat/completions"),
        ("ollama", "", "/v1/chat/completions"), ("ollama", "/", "/v1/chat/completions"), ("ollama", "/v1", "/v1/chat/completions"),
        ("vllm", "/models/a", "/models/a/v1/chat/completions"), ("openrouter", "/api", "/api/v1/chat/completions"),
        ("together-ai", "/v1", "/v1/chat/completions"),
    ])
    func customPrefixReplacesRow(id: String, custom: String, upstream: String) {
        #expect(target(id, "/v1/chat/completions", custom: custom) == upstream)
    }

    @Test("a target that is not below /v1 is not rewritten", arguments: ["/health", "/v12/x", "", "http://a/v1/x"])
    func othersAreLeft(client: String) {
        #expect(target("openai", client) == nil)
    }
}
