public import Bytes
import JSON

/// One answer in the two forms of its own dialect: whole, and as the events of a stream.
///
/// What has no place in the normal form, or a place in one form only, is a fault: such an answer stays in the form it came in.
extension Translator {
    /// The data of the event that stands at an offset, which is moved to the next one; nil behind the last. Gone through more than once.
    public typealias Events = (_ at: inout Int) -> ByteSlice?

    /// Writes what a complete stream of `dialect` adds up to.
    ///
    /// - Parameter usage: what the answer took, for streams that do not say it.
    public mutating func writeWhole(
        _ dialect: Dialect, _ options: AnswerOptions, usage: Usage?, to writer: inout ByteWriter, _ events: Events
    ) throws(TranslationFault) {
        switch dialect {
        case .openAI:
            try OpenAIAnswerWriter.writeAnswer(options, to: &writer) { (emit) throws(TranslationFault) in
                try Translator.replay(dialect, usage, &tape, emit, events)
            }
        case .anthropic:
            try AnthropicAnswerWriter.writeAnswer(options, to: &writer) { (emit) throws(TranslationFault) in
                try Translator.replay(dialect, usage, &tape, emit, events)
            }
        case .gemini, .bedrock: throw TranslationFault(.unsupported, "no client speaks it")
        }
    }

    /// Writes a whole answer of `dialect` as a stream.
    public mutating func writeStream(_ answer: ByteSlice, _ dialect: Dialect, _ options: AnswerOptions, to writer: inout ByteWriter) throws(TranslationFault) {
        let root: JSONValue
        do throws(JSONError) {
            root = try tape.parse(answer)
        } catch {
            throw TranslationFault(.unreadable, "the answer is not JSON: \(error)")
        }
        if let name = AnswerPlaces.stranger(in: root, dialect) { throw TranslationFault(.unsupported, name) }
        var fault: TranslationFault?
        let check = { (piece: AnswerPiece) in fault = fault ?? Translator.fault(of: piece, dialect) }
        if dialect == .openAI { try OpenAIAnswerReader.readAnswer(root, check) } else { try AnthropicAnswerReader.readAnswer(root, check) }
        if let fault { throw fault }
        var options = options
        options.isStream = true
        try writeAnswer(answer, Translation(.chat, from: dialect, to: dialect), options, to: &writer)
    }

    private static func replay(
        _ dialect: Dialect, _ usage: Usage?, _ tape: inout JSONTape, _ emit: (AnswerPiece) -> Void, _ events: Events
    ) throws(TranslationFault) {
        var openAI = OpenAIAnswerReader()
        var anthropic = AnthropicAnswerReader()
        var fault: TranslationFault?
        var hasUsage = false
        var slots = InlineArray<128, Int>(repeating: -1)
        var at = 0
        while let data = events(&at) {
            let event: JSONValue
            do throws(JSONError) {
                event = try tape.parse(data)
            } catch {
                throw TranslationFault(.unreadable, "an event is not JSON: \(error)")
            }
            let watch = { (piece: AnswerPiece) in
                fault = fault ?? Translator.fault(of: piece, dialect)
                if case .usage = piece.kind { hasUsage = true }
                if case .toolCall = piece.kind, slots.indices.contains(piece.choice) { slots[piece.choice] = piece.slot }
                // Arguments of a call that another has followed would be lost.
                if case .argumentsText = piece.kind, slots.indices.contains(piece.choice), slots[piece.choice] != piece.slot {
                    fault = fault ?? TranslationFault(.unsupported, "calls whose arguments take turns")
                }
                emit(piece)
            }
            if let name = AnswerPlaces.stranger(in: event, dialect) { fault = fault ?? TranslationFault(.unsupported, name) }
            if dialect == .openAI {
                try openAI.readEvent(type: ByteSlice(""), event, watch)
            } else {
                try anthropic.readEvent(type: ByteSlice(""), event, watch)
            }
        }
        if let fault { throw fault }
        if !hasUsage, let usage { emit(AnswerPiece(.usage(usage))) }
    }

    /// Why a piece cannot be told in the other form; nil when it can.
    private static func fault(of piece: AnswerPiece, _ dialect: Dialect) -> TranslationFault? {
        switch piece.kind {
        case .begin, .text, .refusal, .toolCall, .argumentsText, .arguments, .usage: return nil
        case .finish(let reason, let word, let sequence):
            // A host's own word, which its client may have asked to see.
            guard dialect == .openAI, let word, !(word == FinishReasonTable.openAI(reason)) || sequence != nil else { return nil }
            return TranslationFault(.unsupported, "a finish reason of the provider's own")
        case .thinking, .signature, .redactedThinking:
            // OpenAI has no member for it; hosts that have one disagree on its name.
            return dialect == .anthropic ? nil : TranslationFault(.unsupported, "thinking")
        case .logprobs(let value): return value.isNull ? nil : TranslationFault(.unsupported, "log probabilities")
        case .native(let name, _): return TranslationFault(.unsupported, "\(name)")
        case .image: return TranslationFault(.unsupported, "a picture")
        case .failure: return TranslationFault(.unreadable, "an error")
        }
    }
}
