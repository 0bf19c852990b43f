public import Bytes

extension Endpoint {
    /// The endpoint of a request line. `target` is in origin form and may carry a query.
    ///
    /// The path is compared after decoding `%XX`, folding capitals and dropping one last slash, as
    /// a lenient upstream would: a spelling must not carry a request past the policy of the
    /// endpoint it reaches. It is forwarded as it was sent. Dot segments, empty segments and
    /// backslashes and `;` are `.unknown`, since hosts disagree on where they lead (RFC 3986 §6.2.2).
    public static func classify(method: ByteSlice, target: ByteSlice) -> Endpoint {
        // What nearly every request asks for, as every SDK spells it.
        if method == "POST" {
            if target == "/v1/chat/completions" { return .chatCompletions }
            if target == "/v1/messages" { return .messages }
            if target == "/v1/embeddings" { return .embeddings }
        }
        let path = TargetPath.path(of: target)
        guard let rest = TargetPath.afterVersion(path) else { return local(method: method, path: path) }
        guard TargetPath.isUnambiguous(path) || namesBucket(rest) else { return .unknown }
        if method == "POST", let prompt = prompt(in: rest) { return prompt.endpoint }
        return TargetPath.folded(rest).withBytes { match(method: method, path: $0) }
    }

    /// What the path of a prompt's endpoint names it by, as it was sent; nil for any other path.
    public static func promptReference(target: ByteSlice) -> ByteSlice? {
        TargetPath.afterVersion(TargetPath.path(of: target)).flatMap { prompt(in: $0)?.reference }
    }

    /// `/prompts/{reference}/completions` or `/render`.
    private static func prompt(in rest: ByteSlice) -> (endpoint: Endpoint, reference: ByteSlice)? {
        guard rest.hasPrefix(ignoringCase: "/prompts/") else { return nil }
        let below = rest.dropFirst("/prompts/".utf8.count)
        guard let slash = below.firstIndex(of: UInt8(ascii: "/")), slash > 0 else { return nil }
        let reference = below.prefix(slash)
        let verb = below.dropFirst(slash + 1)
        // Partials have routes of their own.
        guard !reference.equalsIgnoringCase("partials") else { return nil }
        if verb.equalsIgnoringCase("completions") { return (.promptCompletions, reference) }
        return verb.equalsIgnoringCase("render") ? (.promptRender, reference) : nil
    }

    /// Whether `rest` has a file's id that is its address in a bucket, `s3%3A%2F%2Fbucket%2Fkey`, and is unambiguous but for that. Some SDKs
    /// leave the colon.
    private static func namesBucket(_ rest: ByteSlice) -> Bool {
        guard let below = TargetPath.after("/files", in: rest), !below.isEmpty else { return false }
        let id = below.dropFirst(1)
        for scheme in ["s3%3a%2f%2f", "gs%3a%2f%2f", "s3:%2f%2f", "gs:%2f%2f"] as [StaticString] where id.hasPrefix(ignoringCase: scheme) {
            return id.count > scheme.utf8CodeUnitCount && TargetPath.isUnambiguous(id.dropFirst(scheme.utf8CodeUnitCount))
        }
        return false
    }

    /// Whether `target` is where providers keep the answers they have given, or below it: compared as endpoints are.
    public static func namesKeptAnswers(target: ByteSlice) -> Bool {
        guard let rest = TargetPath.afterVersion(TargetPath.path(of: target)) else { return false }
        return TargetPath.folded(rest).withBytes { isResource("/responses", in: $0) || isResource("/chat/completions", in: $0) }
    }

    /// The gateway's own paths.
    private static func local(method: ByteSlice, path: ByteSlice) -> Endpoint {
        guard method == "GET" || method == "HEAD" else { return .unknown }
        if path == "/health" { return .health }
        if path == "/ready" { return .ready }
        if path == "/metrics" { return .metrics }
        return .unknown
    }

    /// `path` is what follows `/v1`, folded.
    private static func match(method: ByteSlice, path: ByteSlice) -> Endpoint {
        if isResource("/sluice", in: path) {
            // No provider's, now and later.
            if path == "/sluice/targets" { return .operatorTargets }
            if path == "/sluice/reload" { return .operatorReload }
            return path == "/sluice/cache" ? .operatorCache : .unknown
        }
        if isResource("/files", in: path) { return .files }
        if isResource("/batches", in: path) { return .batches }
        if isResource("/fine_tuning", in: path) { return .fineTuning }
        if method == "POST" { return matchPost(path) }
        if method == "GET" || method == "HEAD" {
            if isResource("/models", in: path) { return .models }
            if path == "/realtime" { return .realtime }
        }
        return .other
    }

    private static func matchPost(_ path: ByteSlice) -> Endpoint {
        if path == "/chat/completions" { return .chatCompletions }
        if path == "/messages" { return .messages }
        if path == "/responses" { return .responses }
        if path == "/embeddings" { return .embeddings }
        if path == "/completions" || path == "/fim/completions" { return .completions }
        if path == "/messages/count_tokens" { return .countTokens }
        if path == "/moderations" { return .moderations }
        if path == "/rerank" { return .rerank }
        if path == "/images/generations" { return .imagesGenerations }
        if path == "/images/edits" { return .imagesEdits }
        if path == "/audio/speech" { return .audioSpeech }
        if path == "/audio/transcriptions" { return .audioTranscriptions }
        if path == "/audio/translations" { return .audioTranslations }
        return .other
    }

    /// Whether `path` is `name` or something below it.
    private static func isResource(_ name: StaticString, in path: ByteSlice) -> Bool {
        path.hasPrefix(name)
            && (path.count == name.utf8CodeUnitCount || path[name.utf8CodeUnitCount] == UInt8(ascii: "/"))
    }
}
