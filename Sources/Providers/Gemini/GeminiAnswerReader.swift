public import Bytes
public import JSON

/// Reads `GenerateContentResponse`: a whole answer, or the events of a stream, each of which is one.
///
///     responseId, modelVersion   begin, once
///     candidates[i]              choice i: parts, native metadata, finish
///     promptFeedback             finish, when a filter left no candidates
///     usageMetadata              usage so far, in every event
///     error                      failure
///
/// - Source: ai.google.dev/api/generate-content#GenerateContentResponse, #Candidate; …/api/caching#Part
public struct GeminiAnswerReader: BitwiseCopyable {
    /// Whether every candidate that was heard of has ended, or the prompt was refused. The API has no last event of its own: its
    /// streams end with the body, after the event that has the finish reason.
    public var isComplete: Bool { finished != 0 && seen & ~finished == 0 }
    private var hasBegun = false
    /// Calls count up over the whole stream: parallel ones come in events of their own.
    private var callCounts = GeminiCallCounts(repeating: 0)
    /// Bit i: candidate i has ended. One that goes on all the same has its end told once.
    private var finished: UInt32 = 0
    /// Candidates that were heard of, by bit.
    private var seen: UInt32 = 0
    /// Bit i: candidate i is thinking, and has not signed what it thought.
    private var thinking: UInt32 = 0
    private var reported = ReportedUsage()

    public init() {}

    /// Reads a whole answer; also one in an array, which is what a stream without `alt=sse` is.
    public static func readAnswer(_ answer: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        var reader = GeminiAnswerReader()
        try reader.read(answer, emit)
        guard reader.hasBegun || GeminiError.read(answer) != nil else { throw GeminiAnswerReader.unreadable("an empty array") }
        // Rarely an answer has usage and nothing else; its message is empty, but is one.
        if reader.hasBegun, !reader.isComplete { emit(AnswerPiece(.finish(.other, word: nil, sequence: nil))) }
    }

    /// Reads one event. The API names no types of events.
    public mutating func readEvent(type: ByteSlice, _ event: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        try read(event, emit)
    }

    private mutating func read(_ value: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        if let fault = GeminiError.read(value) { return emit(AnswerPiece(.failure(fault))) }
        if value.isArray {
            for element in value.elements {
                if let fault = GeminiError.read(element) { emit(AnswerPiece(.failure(fault))) } else { try read(response: element, emit) }
            }
            return
        }
        try read(response: value, emit)
    }

    private mutating func read(response: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        let candidates = response["candidates"]
        let feedback = response["promptFeedback"]
        let usage = response["usageMetadata"]
        guard candidates?.isArray ?? (feedback != nil || usage != nil) else {
            throw GeminiAnswerReader.unreadable("neither candidates nor promptFeedback nor usageMetadata")
        }
        if !hasBegun {
            hasBegun = true
            emit(AnswerPiece(.begin(id: response["responseId"]?.string, model: response["modelVersion"]?.string)))
        }
        if let candidates {
            var position = 0
            for candidate in candidates.elements {
                try read(candidate: candidate, at: position, emit)
                position += 1
            }
        }
        if let feedback { read(feedback: feedback, emit) }
        if let usage {
            var counts = GeminiUsage.read(usage)
            reported.merge(&counts)
            if reported.isMeaningful { emit(AnswerPiece(.usage(reported.normalised(.gemini)))) }
        }
    }

    // MARK: Candidates

    private mutating func read(candidate: JSONValue, at position: Int, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        let choice = candidate["index"].map { $0.integer ?? -1 } ?? Int64(position)
        guard candidate.isObject, choice >= 0, choice < Int64(callCounts.count) else {
            throw GeminiAnswerReader.unreadable("a candidate that is none of the first \(callCounts.count)")
        }
        let index = Int(choice)
        seen |= 1 << UInt32(index)
        if let parts = candidate["content"]?["parts"] {
            for part in parts.elements { try read(part: part, index, emit) }
        }
        readMetadata(of: candidate, index, emit)
        guard let word = candidate["finishReason"]?.string, let reason = GeminiFinish.reason(word, hasCalled: callCounts[index] > 0) else { return }
        finish(index, reason, word, emit)
    }

    private mutating func finish(_ choice: Int, _ reason: FinishReason, _ word: JSONString?, _ emit: (AnswerPiece) -> Void) {
        let bit: UInt32 = 1 << UInt32(choice)
        guard finished & bit == 0 else { return }
        finished |= bit
        emit(AnswerPiece(.finish(reason, word: word, sequence: nil), choice: choice))
    }

    private mutating func read(part: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard part.isObject else { throw GeminiAnswerReader.unreadable("a part that is no object") }
        let signature = part["thoughtSignature"]?.string
        if let call = part["functionCall"] { return try read(call: call, signature, choice, emit) }
        if let text = part["text"]?.string {
            let isThought = part["thought"]?.bool == true
            if isThought { thinking |= 1 << UInt32(choice) }
            if !text.content.isEmpty { emit(AnswerPiece(isThought ? .thinking(text) : .text(text), choice: choice)) }
        } else if let blob = part["inlineData"] {
            read(blob: blob, choice, emit)
        } else {
            readNative(part, choice, emit)
        }
        // Signatures of anything but calls may come with an empty text, in a stream's last event.
        if let signature { sign(signature, choice, emit) }
    }

    private mutating func sign(_ signature: JSONString, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        thinking &= ~(1 << UInt32(choice))
        if !signature.content.isEmpty { emit(AnswerPiece(.signature(signature), choice: choice)) }
    }

    private mutating func read(call: JSONValue, _ signature: JSONString?, _ choice: Int, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard let name = call["name"]?.string else { throw GeminiAnswerReader.unreadable("a function call without a name") }
        let arguments = call["args"]
        guard arguments?.isObject != false else { throw GeminiAnswerReader.unreadable("a function call whose args are no object") }
        // What is thought before a call is signed on the call. Clients that have a place for it have it with the thinking.
        if let signature, thinking & (1 << UInt32(choice)) != 0 { sign(signature, choice, emit) }
        let slot = callCounts[choice]
        callCounts[choice] += 1
        emit(AnswerPiece(.toolCall(id: call["id"]?.string, name: name, signature: signature), choice: choice, slot: slot))
        // A function without parameters is called without args.
        let none = JSONString(content: ByteSlice("{}"), hasEscapes: false)
        emit(AnswerPiece(arguments.map { .arguments($0) } ?? .argumentsText(none), choice: choice, slot: slot))
    }

    private func read(blob: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        guard let type = blob["mimeType"]?.string, let data = blob["data"]?.string, type.content.hasPrefix("image") else {
            return emit(AnswerPiece(.native(name: "inlineData", blob), choice: choice))
        }
        emit(AnswerPiece(.image(type: type.content, data: data.content), choice: choice))
    }

    // MARK: What only Gemini has

    private func readNative(_ part: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        native("executableCode", part, choice, emit)
        native("codeExecutionResult", part, choice, emit)
        native("fileData", part, choice, emit)
        native("toolCall", part, choice, emit)
        native("toolResponse", part, choice, emit)
    }

    private func readMetadata(of candidate: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        native("groundingMetadata", candidate, choice, emit)
        native("citationMetadata", candidate, choice, emit)
        native("urlContextMetadata", candidate, choice, emit)
        native("safetyRatings", candidate, choice, emit)
        // OpenAI's shape would have to be built; what is here is one list of the chosen and one of the likely tokens.
        native("logprobsResult", candidate, choice, emit)
        native("finishMessage", candidate, choice, emit)
    }

    private func native(_ name: StaticString, _ object: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        if let value = object[name] { emit(AnswerPiece(.native(name: name, value), choice: choice)) }
    }

    private mutating func read(feedback: JSONValue, _ emit: (AnswerPiece) -> Void) {
        guard let word = feedback["blockReason"]?.string else { return }
        emit(AnswerPiece(.native(name: "promptFeedback", feedback)))
        finish(0, .contentFilter, word, emit)
    }

    private static func unreadable(_ what: String) -> TranslationFault {
        TranslationFault(.unreadable, "expected a response of the Gemini API; got \(what)")
    }
}
