extension ProviderTable {
    /// Every provider: one row each, in the order of the families below.
    ///
    /// Ids are Portkey's (its `VALID_PROVIDERS`), so existing configurations name them, and so are
    /// the bases, but for those with a note. `usage` other than `.unknown` rests on a document: the
    /// host's or its own client's, a client that sends the member, a maintainer's answer, or that
    /// Portkey reads usage from streams it did not ask it of.
    static let allRows: [Provider] = openAIRows + compatibleRows + localRows + otherTaskRows + unsupportedRows

    /// The dialects' own hosts.
    private static let openAIRows: [Provider] = [
        compatible("openai", "api.openai.com", "/v1", usage: .onRequest,
            has: [.completions, .embeddings, .responses, .images, .speech, .transcription, .files, .moderations, .realtime]).limitingCompletions,
        Provider(
            id: "anthropic", scheme: .https, host: "api.anthropic.com", port: 443, pathPrefix: "/v1",
            keptUnderCustomHost: "", auth: .xAPIKey, needsCredential: true, dialect: .anthropic,
            streamUsage: .always, endpoints: [.messages, EndpointSet(.models, .files, .other)],
            renames: .none, standing: .served),
        // Gemini by API key. Its OpenAI-compatible side is provider "openai" with the custom host …/v1beta/openai.
        Provider(
            id: "google", scheme: .https, host: "generativelanguage.googleapis.com", port: 443, pathPrefix: "/v1beta",
            keptUnderCustomHost: "/v1beta", auth: .googAPIKey, needsCredential: true, dialect: .gemini,
            streamUsage: .always, endpoints: .proxied, renames: .none, standing: .served),
        // Converse. Its host is made of the target's region; requests are signed, or carry a Bedrock API key.
        Provider(
            id: "bedrock", scheme: .https, host: "", port: 443, pathPrefix: "", keptUnderCustomHost: "", auth: .bearer,
            needsCredential: true, dialect: .bedrock, streamUsage: .always, endpoints: [], renames: .none, standing: .served),
        // Its host is made of the target's resource.
        Provider(
            id: "azure-openai", scheme: .https, host: "", port: 443, pathPrefix: "/openai", keptUnderCustomHost: "", auth: .apiKey,
            needsCredential: true, dialect: .openAI, streamUsage: .onRequest,
            endpoints: [.chat, .completions, .embeddings, .responses, .images, .speech, .transcription, .files, .realtime],
            renames: .none, standing: .served, paths: .azure).limitingCompletions,
        // Its host is made of the target's region, and each model speaks its maker's dialect: see `VertexModel`.
        Provider(
            id: "vertex-ai", scheme: .https, host: "", port: 443, pathPrefix: "/v1", keptUnderCustomHost: "/v1", auth: .bearer,
            needsCredential: true, dialect: .gemini, streamUsage: .always,
            endpoints: [.messages, EndpointSet(.chatCompletions, .embeddings, .other)], renames: .none, standing: .served, paths: .vertex),
    ]

    /// Hosts that speak OpenAI's chat completions.
    private static let compatibleRows: [Provider] = [
        compatible("302ai", "api.302.ai", "/v1", kept: "/v1", has: [.embeddings]),
        // Portkey's base; its paths there are the older `/<model>/chat`. Not verified.
        compatible("ai21", "api.ai21.com", "/studio/v1"),
        compatible("aibadgr", "aibadgr.com", "/api/v1"),
        compatible("anyscale", "api.endpoints.anyscale.com", "/v1", has: [.completions, .embeddings]),
        // Its own API is `/models/v2/<model>`; this is the compatible one.
        compatible("bytez", "api.bytez.com", "/models/v2/openai/v1", has: [.completions, .responses]),
        compatible("cerebras", "api.cerebras.ai", "/v1", has: [.completions]),
        compatible("cometapi", "api.cometapi.com", "/v1", has: [.embeddings, .images]),
        compatible("dashscope", "dashscope-intl.aliyuncs.com", "/compatible-mode/v1", has: [.embeddings]),
        compatible("deepbricks", "api.deepbricks.ai", "/v1", usage: .onRequest, has: [.images]),
        compatible("deepinfra", "api.deepinfra.com", "/v1/openai", has: [.completions, .embeddings, .images]),
        compatible("deepseek", "api.deepseek.com", "/v1", kept: "/v1", usage: .always, renames: maxTokens),
        compatible("featherless-ai", "api.featherless.ai", "/v1", has: [.completions]),
        compatible("fireworks-ai", "api.fireworks.ai", "/inference/v1", usage: .always,
            has: [.completions, .embeddings, .responses, .transcription, .rerank], takesTopK: true),
        // GitHub's REST documentation; Portkey's base is the older preview's.
        compatible("github", "models.github.ai", "/inference", has: [.embeddings]),
        compatible("groq", "api.groq.com", "/openai/v1", usage: .always, has: [.responses, .speech, .transcription, .files]),
        // The router; Portkey's `api-inference` host puts the model into the path. Not verified.
        compatible("huggingface", "router.huggingface.co", "/v1", has: [.responses]),
        compatible("hyperbolic", "api.hyperbolic.xyz", "/v1", kept: "/v1", has: [.completions]),
        compatible("inference-net", "api.inference.net", "/v1", has: [.completions, .embeddings]),
        compatible("iointelligence", "api.intelligence.io.solutions", "/api/v1", has: [.embeddings]),
        compatible("kluster-ai", "api.kluster.ai", "/v1", has: [.embeddings, .files]),
        compatible("krutrim", "cloud.olakrutrim.com", "/v1"),
        compatible("lambda", "api.lambdalabs.com", "/v1", has: [.completions]),
        // Portkey leaves `stream_options` out for it.
        compatible("lemonfox-ai", "api.lemonfox.ai", "/v1", has: [.images, .speech, .transcription]),
        compatible("lepton", "api.lepton.ai", "/api/v1", kept: "/api/v1", has: [.completions, .transcription]),
        compatible("lingyi", "api.lingyiwanwu.com", "/v1", kept: "/v1"),
        compatible("matterai", "api.matterai.so", "/v1"),
        // Answers 422 to `stream_options` and to OpenAI's names of these two members.
        compatible("mistral-ai", "api.mistral.ai", "/v1", usage: .always,
            has: [.completions, .embeddings, .transcription, .files, .moderations],
            renames: FieldRenames(
                FieldRename("seed", to: "random_seed"), FieldRename("max_completion_tokens", to: "max_tokens")), fillsInTheMiddle: true),
        compatible("monsterapi", "llm.monsterapi.ai", "/v1"),
        compatible("moonshot", "api.moonshot.cn", "/v1", kept: "/v1", has: [.files]),
        compatible("ncompass", "api.ncompass.tech", "/v1"),
        compatible("nebius", "api.studio.nebius.ai", "/v1", has: [.completions, .embeddings, .images, .files]),
        compatible("nextbit", "api.nextbit256.com", "/v1", has: [.completions]),
        compatible("novita-ai", "api.novita.ai", "/v3/openai", has: [.completions, .embeddings]),
        // Portkey leaves `stream_options` out for it.
        compatible("nscale", "inference.api.nscale.com", "/v1", has: [.images]),
        // Its documentation: `include_usage` has no effect, usage is always sent.
        compatible("openrouter", "openrouter.ai", "/api/v1", kept: "/v1", usage: .always,
            has: [.completions, .embeddings, .responses, .messages], takesTopK: true),
        compatible("ovhcloud", "oai.endpoints.kepler.ai.cloud.ovh.net", "/v1", has: [.completions, .embeddings, .transcription]),
        compatible("perplexity-ai", "api.perplexity.ai", "", usage: .always, renames: maxTokens),
        compatible("sambanova", "api.sambanova.ai", "/v1", kept: "/v1", usage: .onRequest, has: [.embeddings, .transcription]),
        compatible("siliconflow", "api.siliconflow.cn", "/v1",
            has: [.completions, .embeddings, .images, .speech, .transcription, .rerank]),
        compatible("together-ai", "api.together.xyz", "/v1", kept: "/v1", usage: .always,
            has: [.completions, .embeddings, .images, .speech, .transcription, .files, .rerank], renames: maxTokens, takesTopK: true),
        compatible("upstage", "api.upstage.ai", "/v1/solar", has: [.embeddings]),
        compatible("x-ai", "api.x.ai", "/v1", usage: .onRequest,
            has: [.completions, .embeddings, .responses, .messages, .images, .files]),
        compatible("z-ai", "api.z.ai", "/api/paas/v4"),
        compatible("zhipu", "open.bigmodel.cn", "/api/paas/v4", has: [.embeddings, .images, .files]),
    ]

    /// Servers on the user's own machine: plain HTTP on loopback, at each one's default port. A
    /// custom host is where they run otherwise, with or without its `/v1`.
    private static let localRows: [Provider] = [
        local("vllm", port: 8000, has: [.completions, .embeddings, .responses, .transcription, .rerank], takesTopK: true),
        local("lm-studio", port: 1234, usage: .unknown, has: [.completions, .embeddings, .responses]),
        local("llama-cpp", port: 8080, has: [.completions, .embeddings, .rerank], takesTopK: true),
        local("localai", port: 8080, usage: .unknown,
            has: [.completions, .embeddings, .images, .speech, .transcription, .rerank]),
        local("ollama", port: 11434, auth: .none, has: [.completions, .embeddings, .responses]),
        // `sluice mock`; the port is the one it takes by default.
        local("mock", port: 8788, has: [.completions, .embeddings, .responses, .messages]),
        // Portkey names no common host for it: deployments have one each.
        compatible("modal", "", "/v1", needsCredential: false, has: [.completions], standing: .needsCustomHost),
    ]

    /// Hosts of one task, or with an API of their own that is passed on as it is.
    private static let otherTaskRows: [Provider] = [
        single("jina", "api.jina.ai", "/v1", [.embeddings, .rerank, .proxied]),
        single("voyage", "api.voyageai.com", "/v1", [.embeddings, .rerank, .proxied]),
        single("nomic", "api-atlas.nomic.ai", "/v1", .proxied),
        single("recraft-ai", "external.api.recraft.ai", "/v1", [.images, .proxied]),
        single("segmind", "api.segmind.com", "/v1", .proxied, auth: .xAPIKey),
        single("stability-ai", "api.stability.ai", "/v1", .proxied),
        single("replicate", "api.replicate.com", "/v1", [EndpointSet(.files), .proxied]),
        single("meshy", "api.meshy.ai", "/openapi/v1", .proxied),
        single("tripo3d", "api.tripo3d.ai", "/v2/openapi", .proxied),
        single("milvus", "", "", .proxied, standing: .needsCustomHost),
        single("qdrant", "", "", .proxied, auth: .apiKey, standing: .needsCustomHost),
    ]

    /// Hosts that need what is not here yet: another dialect, a signature, an address made from an
    /// account. Each sentence ends the message "provider "x" is not supported yet: …".
    private static let unsupportedRows: [Provider] = [
        unsupported("azure-ai", "its address is made of a resource; use provider \"openai\" with the custom host https://RESOURCE.services.ai.azure.com/openai/v1"),
        unsupported("sagemaker", "it speaks its own dialect and signs each request"),
        unsupported("palm", "its host has closed this API; use a Gemini model"),
        unsupported("cohere", "it speaks its own dialect; use provider \"openai\" with the custom host https://api.cohere.ai/compatibility/v1"),
        unsupported("reka-ai", "it speaks its own dialect"),
        unsupported("workers-ai", "its path is made of an account; use provider \"openai\" with the custom host https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1"),
        unsupported("cortex", "its address is made of an account and it speaks its own dialect"),
        unsupported("oracle", "it speaks its own dialect and signs each request"),
        unsupported("predibase", "its path is made of a tenant and a deployment; use provider \"openai\" with the custom host https://serving.app.predibase.com/TENANT/deployments/v2/llms/MODEL/v1"),
        unsupported("triton", "it speaks its own dialect; use provider \"openai\" with the custom host of its OpenAI frontend"),
        unsupported("portkey", "this gateway stands in its place; name the provider itself"),
    ]

    /// For hosts that know only the older name of the limit, and drop or refuse the newer one.
    private static let maxTokens = FieldRenames(FieldRename("max_completion_tokens", to: "max_tokens"))

    private static func compatible(
        _ id: StaticString, _ host: StaticString, _ prefix: StaticString, kept: StaticString = "",
        usage: StreamUsage = .unknown, needsCredential: Bool = true, has: EndpointSet = [],
        renames: FieldRenames = .none, standing: Standing = .served, fillsInTheMiddle: Bool = false,
        takesTopK: Bool = false
    ) -> Provider {
        Provider(
            id: id, scheme: .https, host: host, port: 443, pathPrefix: prefix, keptUnderCustomHost: kept,
            auth: .bearer, needsCredential: needsCredential, dialect: .openAI, streamUsage: usage,
            endpoints: has.union(.chat), renames: renames, standing: standing, fillsInTheMiddle: fillsInTheMiddle, takesTopK: takesTopK)
    }

    private static func local(
        _ id: StaticString, port: UInt16, auth: AuthStyle = .bearer, usage: StreamUsage = .onRequest, has: EndpointSet,
        takesTopK: Bool = false
    ) -> Provider {
        Provider(
            id: id, scheme: .http, host: "127.0.0.1", port: port, pathPrefix: "/v1", keptUnderCustomHost: "/v1",
            auth: auth, needsCredential: false, dialect: .openAI, streamUsage: usage,
            endpoints: has.union(.chat), renames: .none, standing: .served, takesTopK: takesTopK)
    }

    private static func single(
        _ id: StaticString, _ host: StaticString, _ prefix: StaticString, _ endpoints: EndpointSet,
        auth: AuthStyle = .bearer, standing: Standing = .served
    ) -> Provider {
        Provider(
            id: id, scheme: .https, host: host, port: 443, pathPrefix: prefix, keptUnderCustomHost: "",
            auth: auth, needsCredential: true, dialect: .openAI, streamUsage: .unknown,
            endpoints: endpoints, renames: .none, standing: standing)
    }

    private static func unsupported(_ id: StaticString, _ reason: StaticString) -> Provider {
        Provider(
            id: id, scheme: .https, host: "", port: 443, pathPrefix: "", keptUnderCustomHost: "",
            auth: .none, needsCredential: true, dialect: .openAI, streamUsage: .unknown,
            endpoints: [], renames: .none, standing: .unsupported(reason))
    }
}

extension Provider {
    fileprivate var limitingCompletions: Provider {
        var row = self
        row.limitsCompletions = true
        return row
    }
}
