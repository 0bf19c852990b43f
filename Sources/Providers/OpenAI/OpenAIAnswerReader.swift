public import Bytes
public import JSON

/// Reads answers of OpenAI and of the hosts compatible with it, whole ones and streams, as pieces.
///
/// Hosts differ where OpenAI's documents end: thinking as `reasoning_content` (DeepSeek, vLLM) or `reasoning` (OpenRouter, Groq), usage
/// on every chunk, in `x_groq` or in the choice (Moonshot), finish reasons said twice, empty first chunks (Azure), errors inside
/// a chunk (OpenRouter), content as parts (Mistral), calls without an index. All of it is read.
/// - Source: openai-python `types/chat/chat_completion.py`, `chat_completion_chunk.py`; openrouter.ai/docs/api/reference/streaming;
///   docs.vllm.ai "Reasoning Outputs"; api-docs.deepseek.com "Thinking Mode"; docs.mistral.ai "Reasoning"
public struct OpenAIAnswerReader: BitwiseCopyable {
    /// What has been read of one choice.
    struct Choice: BitwiseCopyable {
        var callCount: UInt16 = 0
        var isSeen = false
        var isFinished = false
    }

    var calls = ReadCalls(repeating: Call())
    var callCount = 0
    var choices = ReadChoices(repeating: Choice())
    private var hasBegun = false

    public init() {}

    /// Whether every choice that began has its finish reason.
    public var isComplete: Bool {
        var isAnySeen = false
        for index in choices.indices where choices[index].isSeen {
            guard choices[index].isFinished else { return false }
            isAnySeen = true
        }
        return isAnySeen
    }

    // MARK: Whole answers

    /// Reads a whole answer; the pieces of one choice follow each other, and so do those of one call.
    public static func readAnswer(_ answer: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard let list = answer["choices"], list.isArray else {
            guard let fault = OpenAIError.read(answer) else { throw unreadable("the answer has no array \"choices\"") }
            return emit(AnswerPiece(.failure(fault)))
        }
        emit(AnswerPiece(.begin(id: filled(answer["id"]), model: filled(answer["model"]))))
        var position = 0
        for value in list.elements {
            let choice = try index(of: value, position)
            guard let message = value["message"], message.isObject else { throw unreadable("a choice has no object \"message\"") }
            try readMessage(message, choice, emit)
            readEnd(of: value, choice, emit)
            if let finish = finish(of: value) { emit(AnswerPiece(finish, choice: choice)) }
            position += 1
        }
        readRest(answer, emit)
        if let usage = usage(of: answer) { emit(AnswerPiece(.usage(usage))) }
        if let fault = failure(of: answer) { emit(AnswerPiece(.failure(fault))) }
    }

    private static func readMessage(_ message: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        readContent(of: message, choice, emit)
        var slot = 0
        if let list = message["tool_calls"] {
            guard list.isArray else { throw unreadable("tool_calls is no array") }
            for call in list.elements {
                guard let function = call["function"], let name = filled(function["name"]) else { throw unreadable("a tool call names no function") }
                emit(AnswerPiece(.toolCall(id: filled(call["id"]), name: name, signature: signature(of: call)), choice: choice, slot: slot))
                readArguments(of: function, choice, slot, emit)
                slot += 1
            }
        }
        if let function = message["function_call"], let name = filled(function["name"]) {
            emit(AnswerPiece(.toolCall(id: nil, name: name, signature: nil), choice: choice, slot: slot))
            readArguments(of: function, choice, slot, emit)
        }
    }

    // MARK: Streams

    /// Reads one event of a stream; `[DONE]` is none.
    public mutating func readEvent(type: ByteSlice, _ event: JSONValue, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        guard event.isObject else { throw OpenAIAnswerReader.unreadable("an event is no JSON object") }
        if event["choices"] == nil || event["error"] != nil, let fault = OpenAIError.read(event) { return emit(AnswerPiece(.failure(fault))) }
        // Some hosts send the usage, or a sign of life, with no choices at all.
        let list = event["choices"]
        if let list, !list.isArray { throw OpenAIAnswerReader.unreadable("choices is no array") }
        if !hasBegun {
            let id = OpenAIAnswerReader.filled(event["id"])
            // Azure's first chunk, of its filter, has neither an id nor a choice.
            if id != nil || !(list?.isEmptyContainer ?? true) {
                hasBegun = true
                emit(AnswerPiece(.begin(id: id, model: OpenAIAnswerReader.filled(event["model"]))))
            }
        }
        var position = 0
        if let list {
            for value in list.elements {
                try readChoice(value, position, emit)
                position += 1
            }
        }
        OpenAIAnswerReader.readRest(event, emit)
        if let usage = OpenAIAnswerReader.usage(of: event) { emit(AnswerPiece(.usage(usage))) }
        if let fault = OpenAIAnswerReader.failure(of: event) { emit(AnswerPiece(.failure(fault))) }
    }

    private mutating func readChoice(_ value: JSONValue, _ position: Int, _ emit: (AnswerPiece) -> Void) throws(TranslationFault) {
        let choice = try OpenAIAnswerReader.index(of: value, position)
        choices[choice].isSeen = true
        if let delta = value["delta"] {
            OpenAIAnswerReader.readContent(of: delta, choice, emit)
            if let list = delta["tool_calls"] {
                guard list.isArray else { throw OpenAIAnswerReader.unreadable("tool_calls is no array") }
                for call in list.elements { try readCall(call, call["function"], choice, emit) }
            }
            if let function = delta["function_call"] { try readCall(nil, function, choice, emit) }
        }
        OpenAIAnswerReader.readEnd(of: value, choice, emit)
        // Said once, however often the host says it.
        if !choices[choice].isFinished, let finish = OpenAIAnswerReader.finish(of: value) {
            choices[choice].isFinished = true
            emit(AnswerPiece(finish, choice: choice))
        }
    }

    // MARK: What both have

    static func unreadable(_ message: String) -> TranslationFault { TranslationFault(.unreadable, message) }

    /// The string, unless it is empty, which many hosts write for what is not there.
    static func filled(_ value: JSONValue?) -> JSONString? {
        guard let string = value?.string, !string.content.isEmpty else { return nil }
        return string
    }

    private static func index(of choice: JSONValue, _ position: Int) throws(TranslationFault) -> Int {
        guard choice.isObject else { throw unreadable("a choice is no object") }
        let index = choice["index"]?.integer ?? Int64(position)
        guard index >= 0, index < Limits.choices else { throw unreadable("a choice's index is past \(Limits.choices - 1)") }
        return Int(index)
    }

    private static func usage(of answer: JSONValue) -> Usage? {
        if let usage = answer["usage"].flatMap({ OpenAIUsage.read($0) }) { return usage }
        if let usage = answer["x_groq"]?["usage"].flatMap({ OpenAIUsage.read($0) }) { return usage }
        guard let list = answer["choices"] else { return nil }
        for choice in list.elements {
            if let usage = choice["usage"].flatMap({ OpenAIUsage.read($0) }) { return usage }
        }
        return nil
    }

    /// An error beside or inside the choices.
    private static func failure(of answer: JSONValue) -> UpstreamFault? {
        if answer["error"] != nil { return OpenAIError.read(answer) }
        guard let list = answer["choices"] else { return nil }
        for choice in list.elements where choice["error"] != nil { return OpenAIError.read(choice) }
        return nil
    }

    private static func readEnd(of value: JSONValue, _ choice: Int, _ emit: (AnswerPiece) -> Void) {
        if let logprobs = value["logprobs"] { emit(AnswerPiece(.logprobs(logprobs), choice: choice)) }
    }

    /// The finish reason, if the choice has one. vLLM names the stop sequence that came in `stop_reason`.
    private static func finish(of choice: JSONValue) -> AnswerPiece.Kind? {
        guard let word = filled(choice["finish_reason"]) else { return nil }
        let reason = FinishReasonTable.read(openAI: word)
        guard reason == .stop || reason == .stopSequence, let sequence = filled(choice["stop_reason"]) else {
            return .finish(reason, word: word, sequence: nil)
        }
        return .finish(.stopSequence, word: word, sequence: sequence)
    }

    /// What stands beside the choices and has no place elsewhere (Perplexity's sources).
    private static func readRest(_ answer: JSONValue, _ emit: (AnswerPiece) -> Void) {
        if let citations = answer["citations"] { emit(AnswerPiece(.native(name: "citations", citations))) }
        if let results = answer["search_results"] { emit(AnswerPiece(.native(name: "search_results", results))) }
    }
}
