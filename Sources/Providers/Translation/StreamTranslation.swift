public import Bytes
import JSON

/// A stream on its way from the provider's dialect into the client's: a reader and a writer, of fixed size.
///
/// Each event is written out whole in the call that read it; nothing waits for the next. One allocation a translated stream;
/// the state is some kilobytes, for a hundred choices and calls that are told apart, and is changed where it lies.
public final class StreamTranslation {
    private let translation: Translation
    private var openAIReader = OpenAIAnswerReader()
    private var anthropicReader = AnthropicAnswerReader()
    private var geminiReader = GeminiAnswerReader()
    private var bedrockReader = BedrockAnswerReader()
    private var openAIWriter: OpenAIAnswerWriter
    private var anthropicWriter: AnthropicAnswerWriter
    /// The provider has failed in its stream, and the client has been told.
    public private(set) var hasFailed = false
    private var hasEnded = false
    private var sawDone = false

    public init(_ translation: Translation, _ options: AnswerOptions) {
        self.translation = translation
        openAIWriter = OpenAIAnswerWriter(options)
        anthropicWriter = AnthropicAnswerWriter(options)
    }

    /// Whether the stream has said all that a whole one says.
    public var isComplete: Bool {
        switch translation.provider {
        case .openAI: openAIReader.isComplete || sawDone
        case .anthropic: anthropicReader.isComplete
        case .gemini: geminiReader.isComplete
        case .bedrock: bedrockReader.isComplete
        }
    }

    /// Whether the provider has said its last event: what follows is framing. Gemini's streams have none.
    public var hasLastEvent: Bool {
        switch translation.provider {
        case .openAI, .gemini: sawDone
        case .anthropic: sawDone || anthropicReader.isComplete
        case .bedrock: bedrockReader.hasEnded
        }
    }

    /// OpenAI's `[DONE]` has come, which is no JSON: the stream is whole, whatever it left out.
    public func noteDone() { sawDone = true }

    func read(type: ByteSlice, _ event: JSONValue, to output: inout ByteWriter) throws(TranslationFault) {
        switch translation.provider {
        case .openAI: try openAIReader.readEvent(type: type, event) { write($0, to: &output) }
        case .anthropic: try anthropicReader.readEvent(type: type, event) { write($0, to: &output) }
        case .gemini: try geminiReader.readEvent(type: type, event) { write($0, to: &output) }
        case .bedrock: try bedrockReader.readEvent(type: type, event) { write($0, to: &output) }
        }
    }

    /// The same of a whole answer.
    func readWhole(_ answer: JSONValue, to output: inout ByteWriter) throws(TranslationFault) {
        switch translation.provider {
        case .openAI: try OpenAIAnswerReader.readAnswer(answer) { write($0, to: &output) }
        case .anthropic: try AnthropicAnswerReader.readAnswer(answer) { write($0, to: &output) }
        case .gemini: try GeminiAnswerReader.readAnswer(answer) { write($0, to: &output) }
        case .bedrock: try BedrockAnswerReader.readAnswer(answer) { write($0, to: &output) }
        }
    }

    private func write(_ piece: AnswerPiece, to output: inout ByteWriter) {
        guard !hasFailed else { return }
        if case .failure(let fault) = piece.kind { return fail(fault, to: &output) }
        switch translation.client {
        case .openAI, .gemini, .bedrock: openAIWriter.write(piece, to: &output)
        case .anthropic:
            anthropicWriter.write(piece, to: &output)
            hasFailed = anthropicWriter.hasFailed
        }
    }

    /// Tells the client that the provider has failed; once, and it is the last thing said.
    func fail(_ fault: UpstreamFault, to output: inout ByteWriter) {
        guard !hasFailed, !hasEnded else { return }
        hasFailed = true
        switch translation.client {
        case .openAI, .gemini, .bedrock: OpenAIError.writeEvent(fault, to: &output)
        case .anthropic: AnthropicError.writeEvent(fault, to: &output)
        }
    }

    /// Writes what a complete stream still owes its client; once.
    public func end(to output: inout ByteWriter) {
        guard !hasEnded, !hasFailed else { return }
        hasEnded = true
        switch translation.client {
        case .openAI, .gemini, .bedrock: openAIWriter.end(to: &output)
        case .anthropic: anthropicWriter.end(to: &output)
        }
    }
}
