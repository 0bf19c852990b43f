import Bytes
import HTTP

/// What a path asks for.
enum Endpoint {
    case chat, completions, responses, messages
    case embeddings, countTokens
    case models, model(ByteSlice)
    case audioText, files
    case statistics, reset
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
        } else if rest == "chat/completions" {
            self = .chat
        } else if rest == "messages" {
            self = .messages
        } else if rest == "embeddings" {
            self = .embeddings
        } else if rest == "completions" {
            self = .completions
        } else if rest == "responses" {
            self = .responses
        } else if rest == "messages/count_tokens" {
            self = .countTokens
        } else if rest == "audio/transcriptions" || rest == "audio/translations" {
            self = .audioText
        } else if rest == "files" {
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
        default: nil
        }
    }
}

/// The shape of a generated answer.
enum Form: UInt8 {
    case chat, completion, messages, responses
}

/// Whose errors and fields an answer speaks.
enum Dialect: UInt8 {
    case openAI, anthropic
}

/// One request, received whole; everything is borrowed from the connection's input.
struct Request {
    let method: ByteSlice
    let target: ByteSlice
    let endpoint: Endpoint
    let dialect: Dialect
    let body: ByteSlice
    /// The head's bytes, which the worker's field table counts from.
    let message: ByteSlice
    let isHead: Bool
}
