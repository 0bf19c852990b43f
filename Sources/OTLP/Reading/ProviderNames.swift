/// Who has a model, by the names that dialects give them: the gateway's own ids, which price books have, too.
enum ProviderNames {
    private static let ids: [String: String] = [
        "gcp.gemini": "google", "gcp.gen_ai": "google", "gemini": "google", "google": "google", "google_genai": "google", "google.generative-ai": "google",
        "gcp.vertex_ai": "vertex-ai", "vertexai": "vertex-ai", "vertex_ai": "vertex-ai", "google.vertex": "vertex-ai",
        "azure.ai.openai": "azure-openai", "az.ai.openai": "azure-openai", "azure": "azure-openai", "azure_openai": "azure-openai",
        "azure.ai.inference": "azure-ai", "az.ai.inference": "azure-ai",
        "aws.bedrock": "bedrock", "aws": "bedrock", "aws_bedrock": "bedrock", "amazon-bedrock": "bedrock", "amazon_bedrock": "bedrock",
        "mistral_ai": "mistral-ai", "mistralai": "mistral-ai", "mistral": "mistral-ai",
        "x_ai": "x-ai", "xai": "x-ai", "perplexity": "perplexity-ai", "together_ai": "together-ai", "togetherai": "together-ai", "together": "together-ai",
        "fireworks": "fireworks-ai", "fireworks_ai": "fireworks-ai", "hugging_face": "huggingface", "zai": "z-ai",
    ]

    /// Whose count of what went in is without what caches had, where it is given on as it came.
    static let countCachesApart: Set<String> = ["anthropic"]

    /// Beginnings of models' names that one provider's alone have.
    private static let models: [(start: String, id: String)] = [
        ("gpt-", "openai"), ("chatgpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4-", "openai"), ("text-embedding-", "openai"),
        ("claude-", "anthropic"), ("gemini-", "google"), ("mistral-", "mistral-ai"), ("deepseek-", "deepseek"), ("grok-", "x-ai"), ("command-", "cohere"),
    ]

    /// - Parameters:
    ///   - named: as a span names it: `openai`, `aws.bedrock`, `anthropic.messages`; nil where it names none, and the model tells.
    static func id(_ named: String?, models names: [String]) -> String {
        guard let named, !named.isEmpty else { return byModel(names) }
        let name = String(Substring(named.unicodeScalars.prefix(OTLPLimits.providerNameCount))).lowercased()
        // The Vercel AI SDK's have the API behind them.
        var rest = name[...]
        while true {
            if let id = ids[String(rest)] { return id }
            guard let dot = rest.lastIndex(of: ".") else { break }
            rest = rest[..<dot]
        }
        return name.contains(".") && !name.hasPrefix("ibm.") ? String(rest) : name
    }

    private static func byModel(_ names: [String]) -> String {
        for name in names {
            if let found = models.first(where: { name.hasPrefix($0.start) }) { return found.id }
        }
        return ""
    }
}
