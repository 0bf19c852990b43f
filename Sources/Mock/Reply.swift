import Bytes

/// A generated answer: what it is made of, and what it says of itself. Slices are borrowed.
///
/// Its parts come in order. As a stream it has a few events that begin it, for each part some that open
/// it, one a token and some that close it, and a few that end it; how many each are is the form's.
struct Reply {
    static let standardText: StaticString = """
        Hello! This is the mock provider that comes with Sluice. Your request has gone the real way: through \
        the gateway, over a socket, to a provider and back. No account was needed, and nothing was spent.
        """
    static let thinkingText: StaticString = "The user wants an answer. It need not be true, only well formed. Let me count the tokens once more."
    static let refusalText: StaticString = "I'm sorry, but I can't help with that."
    /// Of thinking: any bytes in base64 will do.
    static let signature: StaticString = "c2x1aWNlLW1vY2stc2lnbmF0dXJl"

    enum Kind: UInt8 {
        case text, thinking, refusal, call, sound
    }

    /// Places are in `texts`.
    struct Part {
        var kind: Kind
        /// Plain bytes, not yet escaped: text, a call's arguments, sound in base64.
        var text = 0..<0
        /// The tool's name, inside its quotes as it came; the sound's transcript.
        var name = 0..<0
        /// Of calls: how many came before.
        var number = 0
        /// What one token holds: this many bytes, or a word where it is 0.
        var pieceByteCount = 0
        var tokenCount = 0
    }

    var form = Form.chat
    /// Whether Azure speaks, which tells what its content filters found.
    var isFiltered = false
    /// Distinguishes answers of one worker.
    var serial: UInt64 = 0
    var createdSeconds: UInt64 = 0
    /// Inside its quotes, as it came.
    var model = ByteSlice("mock")
    var texts = ByteSlice("")
    var parts: [Part] = []
    var finish = Finish.stop
    /// The stop sequence that was met, inside its quotes as it came.
    var stopSequence: ByteSlice?
    var promptTokens = 0
    var cachedTokens = 0
    var cacheWriteTokens = 0
    /// Whether a stream ends with a usage chunk, as asked for by `stream_options`.
    var includesUsage = false
    /// Whether usage is spoken of at all.
    var saysUsage = true

    /// How far a stream is.
    struct Cursor {
        /// The part whose tokens are being written, and where in its text.
        var part = -1
        var at = 0
        /// Tokens written so far, of thinking and of the rest.
        var thinkingTokens = 0
        var answerTokens = 0
    }

    // MARK: Tokens

    /// The next token of part `index`; the text starts again after its end.
    private func nextToken(_ index: Int, _ cursor: inout Cursor) -> (startsAgain: Bool, text: ByteSlice) {
        let part = parts[index]
        let text = texts[part.text]
        if cursor.part != index {
            cursor.part = index
            cursor.at = 0
        }
        if part.kind == .thinking { cursor.thinkingTokens += 1 } else { cursor.answerTokens += 1 }
        guard !text.isEmpty else { return (false, text) }
        let startsAgain = cursor.at >= text.count
        if startsAgain { cursor.at = 0 }
        let start = cursor.at
        cursor.at = Reply.tokenEnd(text, from: start, pieceByteCount: part.pieceByteCount)
        return (startsAgain, text[start..<cursor.at])
    }

    /// How many tokens `text` has.
    static func tokens(in text: ByteSlice, pieceByteCount: Int = 0) -> Int {
        var count = 0
        var at = 0
        while at < text.count {
            at = tokenEnd(text, from: at, pieceByteCount: pieceByteCount)
            count += 1
        }
        return count
    }

    /// A word takes the space before it with it; what is too long is cut between characters.
    private static func tokenEnd(_ text: ByteSlice, from start: Int, pieceByteCount: Int) -> Int {
        if pieceByteCount > 0 { return characterEnd(text, from: start, atMost: pieceByteCount) }
        let limit = min(text.count, start + MockLimits.tokenByteCount)
        if let space = text.prefix(limit).firstIndex(of: 0x20, from: start + 1) { return space }
        return characterEnd(text, from: start, atMost: MockLimits.tokenByteCount)
    }

    private static func characterEnd(_ text: ByteSlice, from start: Int, atMost byteCount: Int) -> Int {
        guard byteCount < text.count - start else { return text.count }
        var end = start + byteCount
        while end > start + 1, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// All tokens of part `index`, as the inside of a JSON string.
    func writeText(_ index: Int, into output: inout Output) {
        var cursor = Cursor()
        for _ in 0..<parts[index].tokenCount { writeToken(index, &cursor, into: &output) }
    }

    func writeToken(_ index: Int, _ cursor: inout Cursor, into output: inout Output) {
        let token = nextToken(index, &cursor)
        let kind = parts[index].kind
        if token.startsAgain, parts[index].pieceByteCount == 0, kind != .call { output.append(" ") }
        output.append(jsonContent: token.text)
    }

    func index(of kind: Kind) -> Int? { parts.firstIndex { $0.kind == kind } }

    /// Tokens of the answer, thinking included.
    var outputTokens: Int { parts.reduce(0) { $0 + $1.tokenCount } }
    var thinkingTokens: Int { parts.reduce(0) { $0 + ($1.kind == .thinking ? $1.tokenCount : 0) } }
    var soundTokens: Int { parts.reduce(0) { $0 + ($1.kind == .sound ? $1.tokenCount : 0) } }
    /// Of the prompt, what the cache held included.
    var inputTokens: Int { promptTokens + cachedTokens + cacheWriteTokens }

    /// The same with its bytes in `store`, which must not be written while the reply is used.
    func kept(in store: inout Output) -> Reply {
        store.removeAll()
        store.reserve(model.count + (stopSequence?.count ?? 0) + texts.count)
        func keep(_ bytes: ByteSlice) -> ByteSlice {
            let start = store.count
            store.append(bytes)
            return store.bytes.dropFirst(start)
        }
        var copy = self
        copy.model = keep(model)
        copy.stopSequence = stopSequence.map(keep)
        copy.texts = keep(texts)
        return copy
    }

    /// `chatcmpl-mock1f`: unique within one worker.
    func writeIdentifier(_ prefix: StaticString, _ number: Int = 0, into output: inout Output) {
        output.append(prefix)
        output.append("mock")
        output.append(hexadecimal: serial)
        if number > 0 {
            output.append("_")
            output.append(decimal: number)
        }
    }
}
