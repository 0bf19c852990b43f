import Bytes
import HTTP

/// What a path asks for.
enum Endpoint {
    case chat, completions, responses, messages
    case embeddings, countTokens
    case models, model(ByteSlice)
    case audioText, files
    /// Gemini's, of one model.
    case generate, stream, geminiTokens, embed, embedBatch, predict
    /// Bedrock's, of one model.
    case converse, converseStream, converseTokens
    case statistics, reset
    /// Something in a bucket of S3's or Cloud Storage's: `bucket/key`.
    case object(scheme: StaticString, ByteSlice)
    /// Batches, of Vertex AI or of Bedrock: what follows the collection's name.
    case jobs(isVertex: Bool, ByteSlice)
    /// What the provider would not know, and says so.
    case notFound
    /// Anything else is answered with an echo.
    case other

    init(_ path: ByteSlice, isPost: Bool) {
        guard path.hasPrefix("/v1/") else {
            self = path == "/mock/stats" ? .statistics : path == "/mock/reset" && isPost ? .reset : .other
            return
        }
        let rest = path.dropFirst(4)
        if !isPost {
            if rest == "models" {
                self = .models
            } else if rest.hasPrefix("models/"), rest.count > 7 {
                self = .model(rest.dropFirst(7))
            } else {
                self = .other
            }
        } else {
            self = Endpoint(operation: rest)
        }
    }

    /// What is posted to a path below the version or the deployment.
    private init(operation: ByteSlice) {
        if operation == "chat/completions" {
            self = .chat
        } else if operation == "messages" {
            self = .messages
        } else if operation == "embeddings" {
            self = .embeddings
        } else if operation == "completions" {
            self = .completions
        } else if operation == "responses" {
            self = .responses
        } else if operation == "messages/count_tokens" {
            self = .countTokens
        } else if operation == "audio/transcriptions" || operation == "audio/translations" {
            self = .audioText
        } else if operation == "files" {
            self = .files
        } else {
            self = .other
        }
    }

    var form: Form? {
        switch self {
        case .chat: .chat
        case .completions: .completion
        case .messages: .messages
        case .responses: .responses
        case .generate, .stream: .gemini
        case .converse, .converseStream: .converse
        default: nil
        }
    }

    /// Whether the body is JSON that the mock reads.
    var readsJSON: Bool {
        switch self {
        case .chat, .completions, .responses, .messages, .embeddings, .countTokens: true
        case .generate, .stream, .geminiTokens, .embed, .embedBatch, .predict: true
        case .converse, .converseStream, .converseTokens: true
        default: false
        }
    }
}

/// The shape of a generated answer.
enum Form: UInt8 {
    case chat, completion, messages, responses, gemini, converse
}

/// Whose errors and fields an answer speaks.
enum Dialect: UInt8 {
    case openAI, anthropic, gemini, azure, bedrock
}

/// What a request's path says: whose API it is, what it asks for, and of which model.
struct Address {
    var dialect = Dialect.openAI
    var endpoint = Endpoint.other
    /// As it stands in the path, percent-encoded; empty where the body names it.
    var model = ByteSlice("")
    /// Azure's, unless the path has the version in it.
    var wantsVersion = false
    /// Vertex AI's, whosever dialect the model speaks.
    var isVertex = false

    /// - Parameters:
    ///   - isAnthropic: whether a field says so.
    ///   - isGoogle: the same.
    init(_ path: ByteSlice, isPost: Bool, isAnthropic: Bool, isGoogle: Bool) {
        // Google's OpenAI-compatible paths are no Gemini.
        if path.hasPrefix("/s3/") || path.hasPrefix("/gcs/") {
            let isAmazon = path[1] == UInt8(ascii: "s")
            dialect = isAmazon ? .bedrock : .gemini
            endpoint = .object(scheme: isAmazon ? "s3://" : "gs://", path.dropFirst(isAmazon ? 4 : 5))
        } else if path.hasPrefix("/model-invocation-job") {
            dialect = .bedrock
            let rest = path.dropFirst(21)
            let isList = rest.hasPrefix("s")
            endpoint = !isList && rest.isEmpty || rest.hasPrefix("/") || rest == "s" ? .jobs(isVertex: false, isList ? ByteSlice("") : rest) : .notFound
        } else if path.hasPrefix("/v1/projects/") {
            readVertex(path.dropFirst(13), isPost: isPost)
        } else if path.hasPrefix("/v1beta/"), !path.hasPrefix("/v1beta/openai/") {
            dialect = .gemini
            readGemini(path.dropFirst(8), isPost: isPost)
        } else if path.hasPrefix("/v1/models"), isGoogle || (isPost && Address.hasMethod(path)) {
            // What has been v1beta's alone: google-genai asks below /v1 since its version 3.
            dialect = .gemini
            readGemini(path.dropFirst(4), isPost: isPost)
        } else if path.hasPrefix("/model/") {
            dialect = .bedrock
            readBedrock(path.dropFirst(7), isPost: isPost)
        } else if path.hasPrefix("/openai/v1/") {
            dialect = .azure
            endpoint = Endpoint(path.dropFirst(7), isPost: isPost)
        } else if path.hasPrefix("/openai/") {
            dialect = .azure
            wantsVersion = true
            readAzure(path.dropFirst(8), isPost: isPost)
        } else {
            dialect = isAnthropic || path.hasPrefix("/v1/messages") ? .anthropic : .openAI
            endpoint = Endpoint(path, isPost: isPost)
        }
    }

    private static func hasMethod(_ path: ByteSlice) -> Bool { path.firstIndex(of: UInt8(ascii: ":")) != nil }

    /// `models/{model}:{method}`
    /// - Source: ai.google.dev/api
    mutating func readGemini(_ rest: ByteSlice, isPost: Bool) {
        endpoint = .notFound
        guard rest.hasPrefix("models") else { return }
        let name = rest.dropFirst(6)
        if name.isEmpty {
            if !isPost { endpoint = .models }
            return
        }
        guard name[0] == UInt8(ascii: "/") else { return }
        let tail = name.dropFirst(1)
        guard isPost else {
            if !tail.isEmpty { endpoint = .model(tail) }
            return
        }
        var colon = tail.count
        while colon > 0, tail[colon - 1] != UInt8(ascii: ":") { colon -= 1 }
        guard colon > 1 else { return }
        model = tail.prefix(colon - 1)
        let method = tail.dropFirst(colon)
        if method == "generateContent" {
            endpoint = .generate
        } else if method == "streamGenerateContent" {
            endpoint = .stream
        } else if method == "countTokens" {
            endpoint = .geminiTokens
        } else if method == "embedContent" {
            endpoint = .embed
        } else if method == "batchEmbedContents" {
            endpoint = .embedBatch
        } else if method == "predict", isVertex {
            endpoint = .predict
        }
    }

    /// `{modelId}/{operation}`
    /// - Source: Amazon Bedrock API Reference, "Converse"
    private mutating func readBedrock(_ rest: ByteSlice, isPost: Bool) {
        endpoint = .notFound
        guard isPost, let slash = rest.firstIndex(of: UInt8(ascii: "/")), slash > 0 else { return }
        model = rest.prefix(slash)
        let operation = rest.dropFirst(slash + 1)
        if operation == "converse" {
            endpoint = .converse
        } else if operation == "converse-stream" {
            endpoint = .converseStream
        } else if operation == "count-tokens" {
            endpoint = .converseTokens
        }
    }

    /// `deployments/{deployment}/{operation}`
    /// - Source: learn.microsoft.com/azure/ai-services/openai/reference
    private mutating func readAzure(_ rest: ByteSlice, isPost: Bool) {
        endpoint = .notFound
        guard rest.hasPrefix("deployments/"), isPost else { return }
        let tail = rest.dropFirst(12)
        guard let slash = tail.firstIndex(of: UInt8(ascii: "/")), slash > 0 else { return }
        model = tail.prefix(slash)
        let operation = tail.dropFirst(slash + 1)
        if operation == "chat/completions" {
            endpoint = .chat
        } else if operation == "completions" {
            endpoint = .completions
        } else if operation == "embeddings" {
            endpoint = .embeddings
        } else if operation == "audio/transcriptions" || operation == "audio/translations" {
            endpoint = .audioText
        }
    }
}

/// One request, received whole; everything is borrowed from the connection's input.
struct Request {
    let method: ByteSlice
    let target: ByteSlice
    let endpoint: Endpoint
    let dialect: Dialect
    let isVertex: Bool
    let body: ByteSlice
    /// The head's bytes, which the worker's field table counts from.
    let message: ByteSlice
    let isHead: Bool

    /// The value of a query parameter, as it stands; nil when it is not there.
    func query(_ name: StaticString) -> ByteSlice? {
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        var rest = target.dropFirst(mark + 1)
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.count
            let pair = rest.prefix(end)
            rest = rest.dropFirst(min(end + 1, rest.count))
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            if pair.prefix(equals) == name { return pair.dropFirst(min(equals + 1, pair.count)) }
        }
        return nil
    }
}
