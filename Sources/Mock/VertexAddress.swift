import Bytes

extension Address {
    /// `{project}/locations/{region}/publishers/{publisher}/models/{model}:{method}`, or `…/endpoints/{endpoint}/chat/completions`.
    /// - Source: cloud.google.com/vertex-ai/docs/reference/rest; cloud.google.com/vertex-ai/generative-ai/docs/partner-models/use-partner-models
    mutating func readVertex(_ rest: ByteSlice, isPost: Bool) {
        isVertex = true
        dialect = .gemini
        endpoint = .notFound
        guard let project = Address.step(rest), let locations = Address.step(project.rest), locations.name == "locations",
            let region = Address.step(locations.rest)
        else { return }
        let jobs: StaticString = "batchPredictionJobs"
        if region.rest.hasPrefix(jobs) {
            let below = region.rest.dropFirst(jobs.utf8CodeUnitCount)
            if below.isEmpty || below.hasPrefix("/") { endpoint = .jobs(isVertex: true, below) }
            return
        }
        guard isPost, let kind = Address.step(region.rest) else { return }
        if kind.name == "endpoints" {
            guard let name = Address.step(kind.rest), name.rest == "chat/completions" else { return }
            dialect = .openAI
            endpoint = .chat
            return
        }
        guard kind.name == "publishers" else { return }
        if kind.rest.hasPrefix("google/") { return readGemini(kind.rest.dropFirst(7), isPost: true) }
        let claude: StaticString = "anthropic/models/"
        let mistral: StaticString = "mistralai/models/"
        let isClaude = kind.rest.hasPrefix(claude)
        guard isClaude || kind.rest.hasPrefix(mistral) else { return }
        let tail = kind.rest.dropFirst(claude.utf8CodeUnitCount)
        guard let colon = tail.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return }
        let method = tail.dropFirst(colon + 1)
        guard method == "rawPredict" || method == "streamRawPredict" else { return }
        if isClaude {
            dialect = .anthropic
            endpoint = tail.prefix(colon) == "count-tokens" ? .countTokens : .messages
            if case .messages = endpoint { model = tail.prefix(colon) }
        } else {
            dialect = .openAI
            endpoint = .chat
        }
    }

    /// The first segment of a path, and what follows its slash; nil where there is none.
    private static func step(_ path: ByteSlice) -> (name: ByteSlice, rest: ByteSlice)? {
        guard let slash = path.firstIndex(of: UInt8(ascii: "/")), slash > 0 else { return nil }
        return (path.prefix(slash), path.dropFirst(slash + 1))
    }
}
