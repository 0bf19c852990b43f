public import Bytes
public import JSON

/// Reads Converse's answers, and the events of ConverseStream.
///
///     messageStart                          begin
///     contentBlockStart {toolUse}           toolCall
///     contentBlockDelta {text, toolUse, …}  text, argumentsText, thinking, signature, redactedThinking
///     messageStop                           finish
///     metadata                              usage
///
/// An event's name stands in its frame, not in its data. Exceptions are frames of another kind and never come here. Neither an id nor
/// a model is said.
/// - Source: Amazon Bedrock API Reference, "Converse", "ConverseStream", "ContentBlock", "ContentBlockDelta"
public struct BedrockAnswerReader: BitwiseCopyable {
    /// `messageStop` was seen: what may still come is the usage.
    public private(set) var isComplete = false
    /// The stream's last event was seen.
    public private(set) var hasEnded = false
    /// The blocks that are calls, by their index in the message; a call's slot is its place here.
    private var calls = BedrockCalls(repeating: -1)
    private var callCount = 0
    /// What `contentBlockStart` said of the picture that comes in deltas.
    private var imageType: StaticString = "image/png"

    public init() {}

    // MARK: Whole answers

    public static func readAnswer(_ answer: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        if answer["output"] == nil, let fault = BedrockError.read(answer) { return emit(AnswerPiece(.failure(fault))) }
        guard let content = answer["output"]?["message"]?["content"], content.isArray else {
            throw unreadable("the answer", "output.message.content")
        }
        emit(AnswerPiece(.begin(id: nil, model: nil)))
        var reader = BedrockAnswerReader()
        for block in content.elements { try reader.read(block: block, emit) }
        readStop(answer, emit)
        readTail(answer, emit)
    }

    private mutating func read(block: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard block.isObject else { throw BedrockAnswerReader.unreadable("a content block", "members") }
        if let text = block["text"]?.string {
            BedrockAnswerReader.say(text, emit)
        } else if let call = block["toolUse"] {
            let slot = try openCall(call, at: Int64(callCount), emit)
            guard let input = call["input"] else { return }
            guard input.isObject else { throw BedrockAnswerReader.unreadable("toolUse", "input, as an object") }
            emit(AnswerPiece(.arguments(input), slot: slot))
        } else if let reasoning = block["reasoningContent"] {
            if let text = reasoning["reasoningText"]?["text"]?.string, !text.content.isEmpty { emit(AnswerPiece(.thinking(text))) }
            if let signature = reasoning["reasoningText"]?["signature"]?.string, !signature.content.isEmpty { emit(AnswerPiece(.signature(signature))) }
            if let data = reasoning["redactedContent"]?.string { emit(AnswerPiece(.redactedThinking(data))) }
        } else if let image = block["image"] {
            if let type = image["format"]?.string.flatMap({ BedrockAnswerReader.imageType(ofFormat: $0) }) { imageType = type }
            readImage(image, emit)
        } else if let cited = block["citationsContent"] {
            if let content = cited["content"] {
                for element in content.elements { if let text = element["text"]?.string { BedrockAnswerReader.say(text, emit) } }
            }
            if let citations = cited["citations"] {
                for citation in citations.elements { emit(AnswerPiece(.native(name: "citations", citation))) }
            }
        } else {
            emit(AnswerPiece(.native(name: "contentBlock", block)))
        }
    }

    // MARK: Streams

    /// Reads one event; one that is not named here is passed over.
    /// - Parameter type: the frame's `:event-type`.
    public mutating func readEvent(type: ByteSlice, _ event: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        if type == "contentBlockDelta" {
            guard let delta = event["delta"], delta.isObject else { throw BedrockAnswerReader.unreadable("contentBlockDelta", "delta") }
            try readDelta(delta, of: try BedrockAnswerReader.blockIndex(event), emit)
        } else if type == "contentBlockStart" {
            try readStart(event, emit)
        } else if type == "messageStart" {
            emit(AnswerPiece(.begin(id: nil, model: nil)))
        } else if type == "messageStop" {
            BedrockAnswerReader.readStop(event, emit)
            isComplete = true
        } else if type == "metadata" {
            BedrockAnswerReader.readTail(event, emit)
            hasEnded = isComplete
        }
    }

    private mutating func readStart(_ event: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard let start = event["start"], start.isObject else { throw BedrockAnswerReader.unreadable("contentBlockStart", "start") }
        if let call = start["toolUse"] {
            _ = try openCall(call, at: try BedrockAnswerReader.blockIndex(event), emit)
        } else if let image = start["image"] {
            if let type = image["format"]?.string.flatMap({ BedrockAnswerReader.imageType(ofFormat: $0) }) { imageType = type }
        } else if !start.isEmptyContainer {
            emit(AnswerPiece(.native(name: "contentBlockStart", start)))
        }
    }

    private func readDelta(_ delta: JSONValue, of block: Int64, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        if let text = delta["text"]?.string {
            BedrockAnswerReader.say(text, emit)
        } else if let call = delta["toolUse"] {
            guard let input = call["input"]?.string else { throw BedrockAnswerReader.unreadable("toolUse", "input, as a string") }
            guard let slot = slot(of: block) else { throw BedrockAnswerReader.unreadable("contentBlockDelta", "contentBlockStart before it") }
            if !input.content.isEmpty { emit(AnswerPiece(.argumentsText(input), slot: slot)) }
        } else if let reasoning = delta["reasoningContent"] {
            if let text = reasoning["text"]?.string, !text.content.isEmpty { emit(AnswerPiece(.thinking(text))) }
            if let signature = reasoning["signature"]?.string, !signature.content.isEmpty { emit(AnswerPiece(.signature(signature))) }
            if let data = reasoning["redactedContent"]?.string { emit(AnswerPiece(.redactedThinking(data))) }
        } else if let image = delta["image"] {
            readImage(image, emit)
        } else if let citation = delta["citation"] {
            emit(AnswerPiece(.native(name: "citations", citation)))
        } else if !delta.isEmptyContainer {
            emit(AnswerPiece(.native(name: "contentBlockDelta", delta)))
        }
    }

    // MARK: Pieces

    private static func say(_ text: JSONString, _ emit: (AnswerPiece) -> Void) {
        if !text.content.isEmpty { emit(AnswerPiece(.text(text))) }
    }

    private mutating func openCall(_ call: JSONValue, at block: Int64, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) -> Int {
        guard let name = call["name"]?.string else { throw BedrockAnswerReader.unreadable("toolUse", "name") }
        guard callCount < calls.count else { throw BedrockAnswerReader.unreadable("the answer", "end of its calls: more than \(calls.count)") }
        let slot = callCount
        calls[slot] = block
        callCount += 1
        emit(AnswerPiece(.toolCall(id: call["toolUseId"]?.string, name: name, signature: nil), slot: slot))
        return slot
    }

    /// The slot of the call that is the message's block `block`, the last one first.
    private func slot(of block: Int64) -> Int? {
        var slot = callCount
        while slot > 0 {
            slot -= 1
            if calls[slot] == block { return slot }
        }
        return nil
    }

    private func readImage(_ image: JSONValue, _ emit: (AnswerPiece) -> Void) {
        guard let data = image["source"]?["bytes"]?.string else { return emit(AnswerPiece(.native(name: "image", image))) }
        emit(AnswerPiece(.image(type: ByteSlice(imageType), data: data.content)))
    }

    private static func imageType(ofFormat format: JSONString) -> StaticString? {
        if format == "png" { return "image/png" }
        if format == "jpeg" { return "image/jpeg" }
        if format == "gif" { return "image/gif" }
        return format == "webp" ? "image/webp" : nil
    }

    private static func blockIndex(_ event: JSONValue) throws(TranslationFault) -> Int64 {
        guard let index = event["contentBlockIndex"]?.integer, index >= 0 else { throw unreadable("the event", "contentBlockIndex") }
        return index
    }

    /// Reads `stopReason`; Claude's stop sequence stands among the fields that the request asked for.
    private static func readStop(_ holder: JSONValue, _ emit: (AnswerPiece) -> Void) {
        let word = holder["stopReason"]?.string
        let sequence = holder["additionalModelResponseFields"]?["stop_sequence"]?.string
        emit(AnswerPiece(.finish(word.map { FinishReason(bedrockWord: $0) } ?? .other, word: word, sequence: sequence)))
    }

    private static func readTail(_ holder: JSONValue, _ emit: (AnswerPiece) -> Void) {
        if let counts = holder["usage"] {
            var reported = BedrockUsage.read(counts)
            if reported.isMeaningful { emit(AnswerPiece(.usage(reported.normalised(.bedrock)))) }
        }
        if let trace = holder["trace"] { emit(AnswerPiece(.native(name: "trace", trace))) }
    }

    private static func unreadable(_ what: String, _ lacking: String) -> TranslationFault {
        TranslationFault(.unreadable, "the provider's answer is not of the Converse API: \(what) lacks its \(lacking)")
    }
}

extension FinishReason {
    /// - Source: Amazon Bedrock API Reference, "Converse", stopReason
    init(bedrockWord word: JSONString) {
        if word == "end_turn" {
            self = .stop
        } else if word == "tool_use" {
            self = .toolCalls
        } else if word == "max_tokens" || word == "model_context_window_exceeded" {
            self = .length
        } else if word == "stop_sequence" {
            self = .stopSequence
        } else if word == "guardrail_intervened" || word == "content_filtered" {
            self = .contentFilter
        } else if word == "refusal" {
            self = .refusal
        } else {
            // malformed_model_output and malformed_tool_use among them.
            self = .other
        }
    }
}
