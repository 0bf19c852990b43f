public import Bytes
import JSON

extension OpenAIAnswerWriter {
    /// Writes a whole `chat.completion`, one pass over the pieces for each member of a message.
    ///
    /// The pieces of one call follow each other, as readers of whole answers emit them. An answer that is a failure becomes an error body.
    public static func writeAnswer(
        _ options: AnswerOptions, to writer: inout ByteWriter, _ replay: ((AnswerPiece) -> Void) throws(TranslationFault) -> Void
    ) throws(TranslationFault) {
        var outline = Outline(OpenAIEnvelope(options))
        try replay { outline.note($0) }
        if let fault = outline.fault { return OpenAIError.write(fault, status: 502, provider: ByteSlice(""), to: &writer) }
        outline.envelope.writeHead("chat.completion", to: &writer)
        var isFirst = true
        for choice in 0..<Limits.choices where outline.has(choice) {
            if !isFirst { writer.append(",") }
            isFirst = false
            var message = WholeChoice(choice, outline.envelope)
            try message.write(to: &writer, replay)
        }
        writer.append("]")
        if let usage = outline.usage {
            writer.append(",\"usage\":")
            OpenAIUsage.write(usage, isStrict: options.isStrict, to: &writer)
        }
        writer.append("}")
    }

    /// What an answer says of itself.
    private struct Outline {
        var envelope: OpenAIEnvelope
        var usage: Usage?
        var fault: UpstreamFault?
        private var choices = SeenChoices(repeating: false)
        private var isAnySeen = false

        init(_ envelope: OpenAIEnvelope) { self.envelope = envelope }

        mutating func note(_ piece: AnswerPiece) {
            switch piece.kind {
            case .begin(let id, let model): envelope.name(id: id, model: model)
            case .usage(let counts): usage = counts
            case .failure(let failure): fault = failure
            default:
                guard piece.choice >= 0, piece.choice < Limits.choices else { return }
                choices[piece.choice] = true
                isAnySeen = true
            }
        }

        /// An answer that says nothing has one choice that says nothing.
        func has(_ choice: Int) -> Bool { isAnySeen ? choices[choice] : choice == 0 }
    }
}

/// One choice of a whole answer.
private struct WholeChoice {
    let choice: Int
    var envelope: OpenAIEnvelope
    private var hasText = false
    private var hasRefusal = false
    private var hasCalls = false
    private var hasBlocks = false
    private var logprobs: JSONValue?
    private var reason = FinishReason.stop
    private var word: JSONString?

    init(_ choice: Int, _ envelope: OpenAIEnvelope) {
        self.choice = choice
        self.envelope = envelope
    }

    typealias Replay = ((AnswerPiece) -> Void) throws(TranslationFault) -> Void

    mutating func write(to writer: inout ByteWriter, _ replay: Replay) throws(TranslationFault) {
        try outline(replay)
        writer.append("{\"index\":")
        writer.append(decimal: choice)
        writer.append(",\"message\":{\"role\":\"assistant\",\"content\":")
        // Nothing said is an empty text, unless calls or a refusal are said instead.
        if hasText || !(hasCalls || hasRefusal) { try writeText(to: &writer, replay) } else { writer.append("null") }
        writer.append(",\"refusal\":")
        if hasRefusal { try writeRefusal(to: &writer, replay) } else { writer.append("null") }
        if hasCalls { try writeCalls(to: &writer, replay) }
        if hasBlocks, !envelope.isStrict { try writeBlocks(to: &writer, replay) }
        if !envelope.isStrict { try writeNatives(to: &writer, replay) }
        writer.append("},\"logprobs\":")
        if let logprobs { writer.append(logprobs.bytes) } else { writer.append("null") }
        writer.append(",\"finish_reason\":")
        OpenAIEnvelope.writeFinish(reason, word, hasCalls: hasCalls, isStrict: envelope.isStrict, to: &writer)
        writer.append("}")
    }

    private mutating func outline(_ replay: Replay) throws(TranslationFault) {
        var found = self
        try replay { piece in
            guard piece.choice == found.choice else { return }
            switch piece.kind {
            case .text:
                found.hasText = true
                found.hasBlocks = true
            case .thinking, .signature, .redactedThinking, .image: found.hasBlocks = true
            case .refusal: found.hasRefusal = true
            case .toolCall: found.hasCalls = true
            case .logprobs(let value): found.logprobs = value
            case .finish(let reason, let word, _):
                found.reason = reason
                found.word = word
            default: break
            }
        }
        self = found
    }

    private func writeText(to writer: inout ByteWriter, _ replay: Replay) throws(TranslationFault) {
        writer.append("\"")
        try replay { piece in
            if piece.choice == choice, case .text(let text) = piece.kind { writer.append(text.content) }
        }
        writer.append("\"")
    }

    private func writeRefusal(to writer: inout ByteWriter, _ replay: Replay) throws(TranslationFault) {
        writer.append("\"")
        try replay { piece in
            if piece.choice == choice, case .refusal(let text) = piece.kind { writer.append(text.content) }
        }
        writer.append("\"")
    }

    // MARK: Calls

    private func writeCalls(to writer: inout ByteWriter, _ replay: Replay) throws(TranslationFault) {
        var calls = WholeCalls(choice, envelope)
        writer.append(",\"tool_calls\":[")
        try replay { calls.write($0, to: &writer) }
        calls.close(to: &writer)
        writer.append("]")
    }

    private struct WholeCalls {
        let choice: Int
        var envelope: OpenAIEnvelope
        /// The call being written.
        private var slot: Int?
        private var hasArguments = false
        private var signature: JSONString?

        init(_ choice: Int, _ envelope: OpenAIEnvelope) {
            self.choice = choice
            self.envelope = envelope
        }

        mutating func write(_ piece: AnswerPiece, to writer: inout ByteWriter) {
            guard piece.choice == choice else { return }
            switch piece.kind {
            case .toolCall(let id, let name, let signature):
                let isFirst = slot == nil
                close(to: &writer)
                slot = piece.slot
                hasArguments = false
                self.signature = signature
                writer.append(isFirst ? "{\"id\":" : ",{\"id\":")
                envelope.writeCallID(id, choice, piece.slot, to: &writer)
                writer.append(",\"type\":\"function\",\"function\":{\"name\":")
                writer.append(quoted: name)
                writer.append(",\"arguments\":\"")
            case .argumentsText(let text) where slot == piece.slot:
                hasArguments = hasArguments || !text.content.isEmpty
                writer.append(text.content)
            case .arguments(let json) where slot == piece.slot:
                hasArguments = true
                writer.append(jsonContent: json.bytes)
            default: break
            }
        }

        mutating func close(to writer: inout ByteWriter) {
            guard slot != nil else { return }
            writer.append(hasArguments ? "\"" : "{}\"")
            envelope.writeSignature(signature, to: &writer)
            writer.append("}}")
        }
    }

    // MARK: Beside OpenAI's members

    private func writeBlocks(to writer: inout ByteWriter, _ replay: Replay) throws(TranslationFault) {
        var blocks = WholeBlocks()
        writer.append(",\"content_blocks\":[")
        try replay { piece in
            if piece.choice == choice { blocks.write(piece, to: &writer) }
        }
        blocks.close(to: &writer)
        writer.append("]")
    }

    /// Portkey's list of what was said, in order; calls are not in it.
    private struct WholeBlocks {
        private var open = OpenAIAnswerWriter.Block.none
        private var isFirst = true

        mutating func write(_ piece: AnswerPiece, to writer: inout ByteWriter) {
            switch piece.kind {
            case .text(let text):
                enter(.text, "{\"type\":\"text\",\"text\":\"", to: &writer)
                writer.append(text.content)
            case .thinking(let text):
                enter(.thinking, "{\"type\":\"thinking\",\"thinking\":\"", to: &writer)
                writer.append(text.content)
            case .signature(let signature):
                enter(.thinking, "{\"type\":\"thinking\",\"thinking\":\"", to: &writer)
                writer.append("\",\"signature\":")
                writer.append(quoted: signature)
                writer.append("}")
                open = .none
            case .redactedThinking(let data):
                begin("{\"type\":\"redacted_thinking\",\"data\":", to: &writer)
                writer.append(quoted: data)
                writer.append("}")
            case .image(let type, let data):
                begin("{", to: &writer)
                OpenAIEnvelope.writeImage(type, data, to: &writer)
            case .toolCall: close(to: &writer)
            default: break
            }
        }

        private mutating func enter(_ kind: OpenAIAnswerWriter.Block, _ head: StaticString, to writer: inout ByteWriter) {
            if open == kind { return }
            begin(head, to: &writer)
            open = kind
        }

        private mutating func begin(_ head: StaticString, to writer: inout ByteWriter) {
            close(to: &writer)
            if !isFirst { writer.append(",") }
            isFirst = false
            writer.append(head)
        }

        mutating func close(to writer: inout ByteWriter) {
            if open != .none { writer.append("\"}") }
            open = .none
        }
    }

    /// The provider's own members; what was said in several pieces is an array of them.
    private func writeNatives(to writer: inout ByteWriter, _ replay: Replay) throws(TranslationFault) {
        var natives = Natives()
        try replay { piece in
            if piece.choice == choice, case .native(let name, let value) = piece.kind { natives.note(name, value) }
        }
        for index in 0..<natives.count {
            guard let native = natives[index] else { continue }
            writer.append(",")
            writer.append(jsonString: ByteSlice(native.name))
            writer.append(":")
            if native.pieceCount == 1 {
                writer.append(native.first.bytes)
                continue
            }
            writer.append("[")
            var isFirst = true
            try replay { piece in
                guard piece.choice == choice, case .native(let name, let value) = piece.kind, ByteSlice(name) == native.name else { return }
                if !isFirst { writer.append(",") }
                isFirst = false
                writer.append(value.bytes)
            }
            writer.append("]")
        }
    }

    /// The names of a choice's native members; as many as all dialects have.
    private struct Natives {
        struct Native {
            let name: StaticString
            let first: JSONValue
            var pieceCount = 1
        }

        private var members = NativeMembers<Native?>(repeating: nil)
        private(set) var count = 0

        subscript(_ index: Int) -> Native? { members[index] }

        mutating func note(_ name: StaticString, _ value: JSONValue) {
            for index in 0..<count where members[index].map({ ByteSlice($0.name) == name }) ?? false {
                members[index]?.pieceCount += 1
                return
            }
            guard count < members.count else { return }
            members[count] = Native(name: name, first: value)
            count += 1
        }
    }
}
