import Bytes
import Guardrails
import Providers

/// What checks need to know of endpoints.
extension Endpoint {
    /// Where a request that is read says what is asked.
    var requestTextPlace: RequestTextPlace? {
        switch self {
        case .chatCompletions, .messages, .countTokens: .messages
        case .completions, .imagesGenerations: .prompt
        case .embeddings, .moderations, .audioSpeech: .input
        case .responses: .items
        case .rerank: .query
        default: nil
        }
    }

    /// Where an answer says what was generated; nil where nothing is, in words.
    var answerTextPlace: AnswerTextPlace? {
        switch self {
        case .chatCompletions: .chatChoices
        case .completions: .textChoices
        case .messages: .content
        case .responses: .output
        default: nil
        }
    }

    /// Whether an answer may have generated text although its request is not read: a recording's, or whatever a path unknown here gives.
    var answersUnread: Bool {
        switch self {
        case .audioTranscriptions, .audioTranslations, .other: true
        default: answerTextPlace != nil
        }
    }

    /// What the request is called in `allowedRequestTypes`.
    ///
    /// - Parameter path: without its query.
    func requestType(method: ByteSlice, path: ByteSlice) -> RequestType {
        switch self {
        case .chatCompletions: .chatComplete
        case .completions: .complete
        case .embeddings: .embed
        case .messages: .messages
        case .countTokens: .messagesCountTokens
        case .responses: .createModelResponse
        case .imagesGenerations: .imageGenerate
        case .imagesEdits: .imageEdit
        case .audioSpeech: .createSpeech
        case .audioTranscriptions: .createTranscription
        case .audioTranslations: .createTranslation
        case .realtime: .realtime
        case .files: Endpoint.fileType(method, path)
        case .batches: Endpoint.batchType(method, path)
        case .fineTuning: Endpoint.fineTuningType(method, path)
        case .other: Endpoint.responseType(method, path) ?? .proxy
        case .models, .moderations, .rerank, .promptRender, .promptCompletions, .health, .ready, .metrics, .operatorTargets, .operatorReload,
            .operatorCache, .admin, .unknown:
            .proxy
        }
    }

    /// Whether the answer is what was generated for an earlier request, in a shape that is not looked into.
    ///
    /// - Parameter path: without its query.
    func fetchesStored(method: ByteSlice, path: ByteSlice) -> Bool {
        self == .other && !(method == "DELETE") && Endpoint.namesKeptAnswers(target: path)
    }

    private static func fileType(_ method: ByteSlice, _ path: ByteSlice) -> RequestType {
        if method == "POST" { return .uploadFile }
        if method == "DELETE" { return .deleteFile }
        if ends(path, with: "/content") { return .retrieveFileContent }
        return ends(path, with: "/files") ? .listFiles : .retrieveFile
    }

    private static func batchType(_ method: ByteSlice, _ path: ByteSlice) -> RequestType {
        if method == "POST" { return ends(path, with: "/cancel") ? .cancelBatch : .createBatch }
        if ends(path, with: "/output") { return .getBatchOutput }
        return ends(path, with: "/batches") ? .listBatches : .retrieveBatch
    }

    private static func fineTuningType(_ method: ByteSlice, _ path: ByteSlice) -> RequestType {
        if method == "POST" { return ends(path, with: "/cancel") ? .cancelFinetune : .createFinetune }
        return ends(path, with: "/jobs") ? .listFinetunes : .retrieveFinetune
    }

    /// Of what is below `/responses`.
    private static func responseType(_ method: ByteSlice, _ path: ByteSlice) -> RequestType? {
        guard path.firstRange(of: ByteSlice("/responses/")) != nil else { return nil }
        if method == "DELETE" { return .deleteModelResponse }
        guard method == "GET" else { return nil }
        return ends(path, with: "/input_items") ? .listResponseInputItems : .getModelResponse
    }

    private static func ends(_ path: ByteSlice, with suffix: StaticString) -> Bool {
        let suffix = ByteSlice(suffix)
        return path.count >= suffix.count && path.dropFirst(path.count - suffix.count) == suffix
    }
}
