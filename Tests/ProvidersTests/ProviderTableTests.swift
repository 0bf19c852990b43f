import Bytes
import Testing

@testable import Providers

@Suite("Provider table")
struct ProviderTableTests {
    /// Portkey's VALID_PROVIDERS (src/globals.ts), in its order.
    static let portkeyIDs = """
        anthropic anyscale azure-openai cohere google vertex-ai mistral-ai openai palm perplexity-ai \
        reka-ai together-ai deepinfra ncompass stability-ai nomic ollama ai21 bedrock groq segmind jina \
        fireworks-ai workers-ai moonshot openrouter lingyi zhipu novita-ai monsterapi deepseek predibase \
        triton voyage azure-ai github deepbricks siliconflow huggingface cerebras inference-net sambanova \
        lemonfox-ai upstage lambda dashscope x-ai cortex sagemaker nebius recraft-ai milvus replicate \
        portkey lepton kluster-ai nscale hyperbolic bytez featherless-ai krutrim qdrant 302ai cometapi \
        matterai meshy tripo3d nextbit modal z-ai oracle iointelligence aibadgr ovhcloud
        """.split(separator: " ").map(String.init)

    let table = ProviderTable()

    private func rows() -> [Provider] { (0..<table.count).map { table[$0] } }

    @Test("every provider Portkey accepts is known, and our own seven")
    func allListedAreKnown() {
        #expect(Self.portkeyIDs.count == 74)
        let own = ["openai", "anthropic", "vllm", "lm-studio", "llama-cpp", "localai", "ollama", "mock"]
        for id in Self.portkeyIDs + own {
            let index = withBytes(id) { table.index(of: $0) }
            #expect(index.map { table[$0].id.description } == id)
        }
        #expect(table.count == Set(Self.portkeyIDs + own).count)
    }

    @Test("an id is found whole, in its own case, or not at all", arguments: ["", "opena", "openaix", "OpenAI", "@openai", "x"])
    func othersAreUnknown(id: String) {
        #expect(withBytes(id) { table.index(of: $0) } == nil)
    }

    @Test("ids are unique, in lower case, and stand for one row each")
    func idsAreUnique() {
        let ids = rows().map(\.id.description)
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }, "\(id)")
        }
    }

    @Test("a served row has a host that can be connected to and a prefix that can be joined")
    func rowsAreSound() {
        for row in rows() {
            let host = row.host.description
            let prefix = row.pathPrefix.description
            switch row.standing {
            case .served:
                #expect(host.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "." || $0 == "-" }, "\(row.id)")
                // A resource's or a region's name makes it a host.
                if row.paths == .below, row.dialect != .bedrock { #expect(host.split(separator: ".").count >= 2 && !host.hasSuffix("."), "\(row.id)") }
                // What is signed is written here; bytes that only pass through are not.
                #expect(row.endpoints.contains(EndpointSet(.other)) == (row.dialect != .bedrock), "\(row.id)")
            case .needsCustomHost: #expect(host.isEmpty)
            case .unsupported(let reason):
                #expect(host.isEmpty && row.endpoints.isEmpty)
                #expect(!reason.description.isEmpty && !reason.description.hasSuffix("."))
            }
            #expect(prefix.isEmpty || (prefix.hasPrefix("/") && !prefix.hasSuffix("/")), "\(row.id)")
            #expect(prefix.hasSuffix(row.keptUnderCustomHost.description), "\(row.id)")
            #expect(!prefix.contains("/v1/v1"))
        }
    }

    @Test("plain HTTP goes to loopback only; every other row is HTTPS on 443")
    func onlyLocalServersArePlain() {
        for row in rows() {
            #expect((row.scheme == .http) == (row.host.description == "127.0.0.1"), "\(row.id)")
            if row.scheme == .https { #expect(row.port == 443, "\(row.id)") }
        }
    }

    @Test("include_usage is added only for hosts known to take it")
    func onlyKnownTakersGetStreamOptions() {
        let takers = rows().filter(\.takesIncludeUsage).map(\.id.description)
        #expect(Set(takers) == ["openai", "azure-openai", "deepbricks", "sambanova", "x-ai", "vllm", "llama-cpp", "ollama", "mock"])
    }

    @Test("include_usage is never added for a host that refuses or ignores it",
        arguments: ["mistral-ai", "perplexity-ai", "lemonfox-ai", "nscale", "openrouter", "anthropic"])
    func refusersGetNoStreamOptions(id: String) throws {
        let index = try #require(withBytes(id) { table.index(of: $0) })
        #expect(!table[index].takesIncludeUsage)
    }

    @Test("mistral's two renames are what its API calls them")
    func mistralRenames() throws {
        let index = try #require(table.index(of: ByteSlice("mistral-ai")))
        let renames = table[index].renames
        #expect(renames.count == 2)
        #expect(renames[0].from.description == "seed" && renames[0].to.description == "random_seed")
        #expect(renames[1].to.description == "max_tokens")
    }

    @Test("top_k is for hosts that document it, fills in the middle are Mistral's")
    func extensions() {
        #expect(Set(rows().filter(\.takesTopK).map(\.id.description)) == ["fireworks-ai", "openrouter", "together-ai", "vllm", "llama-cpp"])
        #expect(rows().filter(\.fillsInTheMiddle).map(\.id.description) == ["mistral-ai"])
    }

    @Test("chat is not sent to a host that only embeds, nor messages to one that only chats")
    func endpointsAreHeld() throws {
        let jina = table[try #require(table.index(of: ByteSlice("jina")))]
        #expect(jina.serves(.embeddings) && jina.serves(.other) && !jina.serves(.chatCompletions))
        let openai = table[try #require(table.index(of: ByteSlice("openai")))]
        #expect(openai.serves(.chatCompletions) && !openai.serves(.messages) && !openai.serves(.countTokens))
        let anthropic = table[try #require(table.index(of: ByteSlice("anthropic")))]
        #expect(anthropic.serves(.messages) && anthropic.serves(.countTokens) && !anthropic.serves(.chatCompletions))
    }

    @Test("what a provider cannot do is said in one sentence, with what works instead", arguments: [
        ("sagemaker", Endpoint.chatCompletions, Refusal.unsupportedProvider,
            "provider \"sagemaker\" is not supported yet: it speaks its own dialect and signs each request"),
        ("qdrant", .other, .unsupportedProvider, "provider \"qdrant\" has no common address: set custom_host"),
        ("jina", .chatCompletions, .unsupportedEndpoint, "provider \"jina\" has no such endpoint"),
        ("openai", .messages, .unsupportedTranslation,
            "provider \"openai\" does not speak the dialect of this path, and translation is not supported yet"),
        ("anthropic", .chatCompletions, .unsupportedTranslation,
            "provider \"anthropic\" does not speak the dialect of this path, and translation is not supported yet"),
    ])
    func refusalsAreSentences(id: String, endpoint: Endpoint, refusal: Refusal, sentence: String) throws {
        let index = try #require(withBytes(id) { table.index(of: $0) })
        var found: Refusal?
        let text = written { found = table[index].refusal(of: endpoint, hasCustomHost: false, message: &$0) }
        #expect(found == refusal)
        #expect(text == sentence)
    }

    @Test("what a provider can do is not refused, nor what a custom host makes possible")
    func servedIsNotRefused() throws {
        for (id, endpoint, hasCustomHost) in [
            ("openai", Endpoint.chatCompletions, false), ("anthropic", .messages, false), ("anthropic", .models, false),
            ("mock", .messages, false), ("mock", .chatCompletions, false), ("qdrant", .other, true), ("modal", .chatCompletions, true),
        ] {
            let index = try #require(withBytes(id) { table.index(of: $0) })
            let text = written { writer in
                #expect(table[index].refusal(of: endpoint, hasCustomHost: hasCustomHost, message: &writer) == nil)
            }
            #expect(text.isEmpty)
        }
    }
}
