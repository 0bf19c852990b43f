import Bytes
import JSON
import Providers

/// Ways to drive the OpenAI dialect in tests, and its normal form as lines of text.
enum OpenAIDialect {
    /// The part's or piece's text as it stands.
    static func text(_ string: JSONString?) -> String { string.map { String($0.content) } ?? "-" }

    static func string(_ literal: StaticString) -> JSONString { JSONString(content: ByteSlice(literal), hasEscapes: false) }

    /// Lends the value of `json` for the length of the call.
    static func withValue<Result>(_ json: String, _ body: (JSONValue) throws -> Result) throws -> Result {
        var tape = JSONTape()
        return try Array(json.utf8).withUnsafeBufferPointer { bytes in
            try body(try tape.parse(ByteSlice(bytes.baseAddress ?? ByteSlice("").base, count: bytes.count)))
        }
    }

    static func withRequest<Result>(_ json: String, _ body: (inout ChatRequest) throws -> Result) throws -> Result {
        try withValue(json) { value in
            var request = ChatRequest()
            try OpenAIRequest.read(value, into: &request)
            return try body(&request)
        }
    }

    /// The parts of a request with these messages.
    static func parts(_ messages: String) throws -> [String] {
        try withRequest(#"{"model":"m","messages":["# + messages + "]}") { $0.parts.map(describe) }
    }

    static func fault(_ json: String) throws -> TranslationFault? {
        do {
            try withRequest(json) { _ in }
            return nil
        } catch let fault as TranslationFault { return fault }
    }

    static func describe(_ part: ChatRequest.Part) -> String {
        let role = "\(part.role)"
        let mark = part.cacheMark.map { " mark:" + String($0.bytes) } ?? ""
        return role + (part.opensMessage ? "*" : "") + (part.isInResult ? "+" : "") + " " + describe(part.content) + mark
    }

    private static func describe(_ content: ChatRequest.Content) -> String {
        switch content {
        case .text(let text): return "text:" + self.text(text)
        case .media(let media): return describe(media)
        case .toolCall(let id, let name, let arguments, let signature):
            let written = switch arguments {
            case .text(let text): "'" + self.text(text) + "'"
            case .json(let json): String(json.bytes)
            }
            return "call:\(text(id)) \(text(name)) \(written)" + (signature.map { " signature:" + text($0) } ?? "")
        case .toolResult(let id, let name, let isError): return "result:\(text(id)) \(text(name))" + (isError ? " error" : "")
        case .thinking(let thinking, let signature): return "thinking:\(text(thinking)) \(text(signature))"
        case .redactedThinking(let data): return "redacted:" + text(data)
        case .refusal(let refusal): return "refusal:" + text(refusal)
        }
    }

    private static func describe(_ media: ChatRequest.Media) -> String {
        let source = switch media.source {
        case .url(let url): "url:" + text(url)
        case .base64(let type, let data): "base64:\(String(type)),\(String(data))"
        case .text(let text): "text:" + self.text(text)
        case .file(let id): "file:" + text(id)
        }
        return "\(media.kind) \(source)" + (media.name.map { " name:" + text($0) } ?? "") + (media.detail.map { " detail:" + text($0) } ?? "")
    }

    // MARK: Writing requests

    /// What is written of `request`, and what is told of it.
    static func written(_ request: inout ChatRequest, takesIncludeUsage: Bool = false) throws -> (body: String, notes: String) {
        var options = RequestOptions()
        options.takesIncludeUsage = takesIncludeUsage
        var notes = TranslationNotes()
        let body = try ProvidersTests.written(capacity: 1 << 16) { try OpenAIRequest.write(&request, options, to: &$0, &notes) }
        return (body, ProvidersTests.written { notes.write(into: &$0) })
    }

    // MARK: Answers

    static func pieces(_ answer: String) throws -> [String] {
        try withValue(answer) { value in
            var lines: [String] = []
            try OpenAIAnswerReader.readAnswer(value) { lines.append(describe($0)) }
            return lines
        }
    }

    /// The pieces of a stream of these events, and whether it is complete then.
    static func pieces(events: [String]) throws -> (lines: [String], isComplete: Bool) {
        var reader = OpenAIAnswerReader()
        var lines: [String] = []
        for event in events { try withValue(event) { try reader.readEvent(type: ByteSlice(""), $0) { lines.append(describe($0)) } } }
        return (lines, reader.isComplete)
    }

    static func describe(_ piece: AnswerPiece) -> String {
        let place = piece.choice == 0 ? "" : "[\(piece.choice)] "
        return place + describe(piece.kind, piece.slot)
    }

    private static func describe(_ kind: AnswerPiece.Kind, _ slot: Int) -> String {
        switch kind {
        case .begin(let id, let model): "begin \(text(id)) \(text(model))"
        case .text(let words): "text \(text(words))"
        case .thinking(let words): "thinking \(text(words))"
        case .signature(let proof): "signature \(text(proof))"
        case .redactedThinking(let data): "redacted \(text(data))"
        case .refusal(let words): "refusal \(text(words))"
        case .toolCall(let id, let name, let signature): "call \(slot) \(text(id)) \(text(name))" + (signature.map { " " + text($0) } ?? "")
        case .argumentsText(let words): "arguments \(slot) \(text(words))"
        case .arguments(let json): "json \(slot) \(String(json.bytes))"
        case .image(let type, let data): "image \(String(type)) \(String(data))"
        case .native(let name, let value): "native \(name) \(String(value.bytes))"
        case .logprobs(let value): "logprobs \(String(value.bytes))"
        case .finish(let reason, let word, let sequence): "finish \(reason) \(text(word)) \(text(sequence))"
        case .usage(let usage): "usage \(usage.input)/\(usage.cachedRead)/\(usage.output)/\(usage.reasoning)"
        case .failure(let fault): "failure \(text(fault.message)) \(text(fault.type)) \(fault.code.map { String($0.bytes) } ?? "-")"
        }
    }

    /// Options with fixed id, time and model.
    static func options(isStrict: Bool = true, includesUsage: Bool = false) -> AnswerOptions {
        var options = AnswerOptions()
        options.isStrict = isStrict
        options.includesUsage = includesUsage
        options.created = 7
        options.identifier.set(ByteSlice("req"))
        options.model.set(ByteSlice("asked"))
        return options
    }

    /// The data of the events that `pieces` become, the members all chunks share left out.
    static func stream(_ options: AnswerOptions, _ pieces: [AnswerPiece], ends: Bool = true) -> [String] {
        var writer = OpenAIAnswerWriter(options)
        let text = ProvidersTests.written(capacity: 1 << 16) { bytes in
            for piece in pieces { writer.write(piece, to: &bytes) }
            if ends { writer.end(to: &bytes) }
        }
        return text.split(separator: "\n\n", omittingEmptySubsequences: false).dropLast().map { String($0.dropFirst("data: ".count)) }
    }

    static func whole(_ options: AnswerOptions, _ pieces: [AnswerPiece]) throws -> String {
        try ProvidersTests.written(capacity: 1 << 16) { bytes in
            try OpenAIAnswerWriter.writeAnswer(options, to: &bytes) { (emit: (AnswerPiece) -> Void) throws(TranslationFault) in
                for piece in pieces { emit(piece) }
            }
        }
    }
}
