public import Bytes
import JSON

/// Carries bodies from dialect to dialect, with the room that takes: one a worker.
///
/// Every call is pure but for what it keeps for the next: given more memory after an overflow it writes the same.
public struct Translator: ~Copyable {
    var tape = JSONTape()
    private var request = ChatRequest()
    /// The event just read; it borrows the tape and the caller's bytes.
    private var event: JSONValue?
    /// What the last request could not carry over.
    public var notes = TranslationNotes()

    public init() {}

    /// Whether the last request asked for a stream's usage.
    public var wantsUsage: Bool { request.wantsUsage }

    /// Whether the last request asked for a stream.
    public var wantsStream: Bool { request.isStream }

    /// Whether the last request, for embeddings, asked for them in base64.
    public private(set) var wantsBase64 = false

    // MARK: Requests

    /// Writes `body` as the provider's dialect has it, and the path that goes with it: `/v1` and what follows, in place of the client's.
    public mutating func writeRequest(
        _ body: ByteSlice, _ translation: Translation, _ options: RequestOptions, to writer: inout ByteWriter, path: inout ByteWriter
    ) throws(TranslationFault) {
        notes.removeAll()
        let root: JSONValue
        do throws(JSONError) {
            root = try tape.parse(body)
        } catch {
            throw TranslationFault(.invalid, "the request body cannot be read: \(error)")
        }
        switch translation.subject {
        case .chat:
            try read(root, translation.client, requiresMaxTokens: true)
            try writeChat(translation.provider, options, to: &writer, path: &path)
        case .embeddings:
            try writeModelPath(root["model"]?.string, options.isVertex ? .predict : .batchEmbed, to: &path)
            wantsBase64 = try GeminiEmbeddings.write(root, isVertex: options.isVertex, to: &writer, &notes) == .base64
        case .countTokens:
            try read(root, translation.client, requiresMaxTokens: false)
            if translation.provider == .bedrock {
                try writeModelPath(request.model, BedrockPath.Verb.countTokens, to: &path)
                return try BedrockCountTokens.write(&request, to: &writer, &notes)
            }
            try writeModelPath(request.model, GeminiPath.Verb.countTokens, to: &path)
            try GeminiCountTokens.write(&request, options, to: &writer, &notes)
        }
    }

    private mutating func read(_ root: JSONValue, _ dialect: Dialect, requiresMaxTokens: Bool) throws(TranslationFault) {
        switch dialect {
        case .openAI: try OpenAIRequest.read(root, into: &request)
        case .anthropic: try AnthropicRequest.read(root, into: &request, requiresMaxTokens: requiresMaxTokens)
        case .gemini, .bedrock: throw TranslationFault(.unsupported, "requests in a provider's own form go to it only")
        }
    }

    private mutating func writeChat(
        _ dialect: Dialect, _ options: RequestOptions, to writer: inout ByteWriter, path: inout ByteWriter
    ) throws(TranslationFault) {
        switch dialect {
        case .openAI:
            path.append("/v1/chat/completions")
            try OpenAIRequest.write(&request, options, to: &writer, &notes)
        case .anthropic:
            path.append("/v1/messages")
            try AnthropicRequest.write(&request, options, to: &writer, &notes)
        case .gemini:
            try writeModelPath(request.model, request.isStream ? .stream : .generate, to: &path)
            try GeminiRequest.write(&request, options, to: &writer, &notes)
        case .bedrock:
            try writeModelPath(request.model, request.isStream ? .converseStream : .converse, to: &path)
            try BedrockRequest.write(&request, options, to: &writer, &notes)
        }
    }

    private func writeModelPath(_ model: JSONString?, _ verb: BedrockPath.Verb, to path: inout ByteWriter) throws(TranslationFault) {
        guard let model else { throw TranslationFault(.invalid, "the request names no model", parameter: "model") }
        guard BedrockPath.write(model: model, verb: verb, below: "/v1", to: &path) else {
            throw TranslationFault(.invalid, "the model's id cannot stand in a path", parameter: "model")
        }
    }

    private func writeModelPath(_ model: JSONString?, _ verb: GeminiPath.Verb, to path: inout ByteWriter) throws(TranslationFault) {
        guard let model else { throw TranslationFault(.invalid, "the request names no model", parameter: "model") }
        guard GeminiPath.write(model: model, verb: verb, below: "/v1", to: &path) else {
            throw TranslationFault(.invalid, "the model's name cannot stand in a path", parameter: "model")
        }
    }

    // MARK: Answers

    /// Writes the provider's whole answer as the client's dialect has it.
    public mutating func writeAnswer(
        _ body: ByteSlice, _ translation: Translation, _ options: AnswerOptions, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        let root: JSONValue
        do throws(JSONError) {
            root = try tape.parse(body)
        } catch {
            throw TranslationFault(.unreadable, "the provider's answer is not JSON: \(error)")
        }
        switch translation.subject {
        case .chat where options.isStream: try writeChatStream(root, translation, options, to: &writer)
        case .chat: try writeChatAnswer(root, translation, options, to: &writer)
        case .embeddings:
            var model = options.model
            try model.withBytesInPlace { (model) -> Result<Void, TranslationFault> in
                do throws(TranslationFault) {
                    return .success(try GeminiEmbeddings.writeAnswer(root, model: model, options.isBase64 ? .base64 : .float, to: &writer))
                } catch {
                    return .failure(error)
                }
            }.get()
        case .countTokens where translation.provider == .bedrock: try BedrockCountTokens.writeAnswer(root, to: &writer)
        case .countTokens: try GeminiCountTokens.writeAnswer(root, to: &writer)
        }
    }

    /// Writes a whole answer as the stream the client has asked for.
    private func writeChatStream(
        _ root: JSONValue, _ translation: Translation, _ options: AnswerOptions, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        let stream = StreamTranslation(translation, options)
        try stream.readWhole(root, to: &writer)
        if stream.hasFailed { throw TranslationFault(.unreadable, "the provider answered with an error") }
        stream.end(to: &writer)
    }

    private func writeChatAnswer(
        _ root: JSONValue, _ translation: Translation, _ options: AnswerOptions, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        let provider = translation.provider
        var failure: UpstreamFault?
        let replay = { (emit: (AnswerPiece) -> Void) throws(TranslationFault) -> Void in
            let watch = { (piece: AnswerPiece) in
                if case .failure(let fault) = piece.kind { failure = fault } else { emit(piece) }
            }
            switch provider {
            case .openAI: try OpenAIAnswerReader.readAnswer(root, watch)
            case .anthropic: try AnthropicAnswerReader.readAnswer(root, watch)
            case .gemini: try GeminiAnswerReader.readAnswer(root, watch)
            case .bedrock: try BedrockAnswerReader.readAnswer(root, watch)
            }
        }
        switch translation.client {
        case .openAI: try OpenAIAnswerWriter.writeAnswer(options, to: &writer, replay)
        case .anthropic: try AnthropicAnswerWriter.writeAnswer(options, to: &writer, replay)
        case .gemini, .bedrock: throw TranslationFault(.unsupported, "no answer is written in a form that no client speaks")
        }
        // An error may come with a status that says success.
        guard let failure else { return }
        let words = failure.message.content
        throw TranslationFault(.unreadable, "the provider answered with an error: \(String(words.prefix(min(words.count, Limits.faultTextByteCount))))")
    }

    // MARK: Errors

    /// Writes a provider's error answer as the client's dialect has it, with the provider's own message, type, code and request id.
    ///
    /// - Parameters:
    ///   - scratch: room for a body that is no error of the dialect: what it says becomes the message.
    ///   - requestID: the provider's, from its header fields; empty for none.
    ///   - type: the error's, where the provider says it in a header field; else empty.
    public mutating func writeError(
        _ body: ByteSlice, status: Int, provider: ByteSlice, requestID: ByteSlice, type: ByteSlice, _ translation: Translation,
        scratch: inout ByteWriter, to writer: inout ByteWriter
    ) {
        var fault = readError(body, translation.provider) ?? StoreError.read(body, scratch: &scratch)
        if fault == nil {
            let shown = body.trimmed.prefix(min(body.trimmed.count, Limits.faultTextByteCount))
            scratch.append(jsonContent: shown.isEmpty ? ByteSlice("the provider answered with an error and no text") : shown)
            fault = UpstreamFault(message: JSONString(content: scratch.written, hasEscapes: true))
        }
        guard var fault else { return }
        // A name of letters and digits needs no escapes.
        let name = BedrockError.name(in: type)
        if fault.type == nil, !name.isEmpty { fault.type = JSONString(content: name, hasEscapes: false) }
        if fault.requestID == nil, !requestID.isEmpty {
            let start = scratch.count
            scratch.append(jsonContent: requestID)
            fault.requestID = JSONString(content: scratch.written.dropFirst(start), hasEscapes: true)
        }
        switch translation.client {
        case .openAI, .gemini, .bedrock: OpenAIError.write(fault, status: status, provider: provider, to: &writer)
        case .anthropic: AnthropicError.write(fault, status: status, provider: provider, to: &writer)
        }
    }

    private mutating func readError(_ body: ByteSlice, _ dialect: Dialect) -> UpstreamFault? {
        guard let root = try? tape.parse(body) else { return nil }
        return switch dialect {
        case .openAI: OpenAIError.read(root)
        case .anthropic: AnthropicError.read(root)
        case .gemini: GeminiError.read(root)
        case .bedrock: BedrockError.read(root)
        }
    }

    // MARK: Streams

    /// Reads one of the provider's events; returns room that what it becomes fits into, in bytes.
    ///
    /// A text is sent on once, at most doubled where it has to be escaped; the least that says something is three values, `{"text":"a"}`, and becomes
    /// a chunk of some 400 bytes with its id and its model.
    public mutating func readEvent(_ data: ByteSlice) throws(TranslationFault) -> Int {
        do throws(JSONError) {
            event = try tape.parse(data)
        } catch {
            event = nil
            throw TranslationFault(.unreadable, "an event of the provider's stream is not JSON: \(error)")
        }
        return 2 * data.count + 160 * tape.valueCount + 4096
    }

    /// Writes the client's events for the one just read, whose bytes are still in place. `stream` keeps what went before, so that what overflows is lost.
    public mutating func writeEvent(type: ByteSlice, _ stream: StreamTranslation, to writer: inout ByteWriter) throws(TranslationFault) {
        guard let event else { return }
        self.event = nil
        try stream.read(type: type, event, to: &writer)
    }

    /// Room that `writeFailure` needs for a frame of `data`.
    public static func failureByteCount(_ data: ByteSlice) -> Int { 6 * min(data.count, Limits.faultTextByteCount) + 2 * data.count + 1024 }

    /// Writes the client's error event for a frame by which a provider says that it failed, and not what it is about to say.
    ///
    /// - Parameters:
    ///   - type: the exception's name.
    ///   - data: the error as JSON, or as text.
    ///   - scratch: room for a text that is no JSON.
    public mutating func writeFailure(type: ByteSlice, _ data: ByteSlice, _ stream: StreamTranslation, scratch: inout ByteWriter, to writer: inout ByteWriter) {
        var fault = (try? tape.parse(data)).flatMap { BedrockError.read($0) }
        if fault == nil {
            let shown = data.isEmpty ? ByteSlice("the provider's stream ended with an error") : data.prefix(min(data.count, Limits.faultTextByteCount))
            scratch.append(jsonContent: shown)
            fault = UpstreamFault(message: JSONString(content: scratch.written, hasEscapes: true))
        }
        guard var fault else { return }
        let name = BedrockError.name(in: type)
        if !name.isEmpty { fault.type = JSONString(content: name, hasEscapes: false) }
        fault.status = BedrockError.status(of: type)
        stream.fail(fault, to: &writer)
    }
}
