import Bytes

/// A generated answer: its text, its tokens, and what it says of itself. Slices are borrowed.
struct Reply {
    static let standardText: StaticString = """
        Hello! This is the mock provider that comes with Sluice. Your request has gone the real way: through \
        the gateway, over a socket, to a provider and back. No account was needed, and nothing was spent.
        """

    var form = Form.chat
    /// Distinguishes answers of one worker.
    var serial: UInt64 = 0
    var createdSeconds: UInt64 = 0
    /// Inside its quotes, as it came.
    var model = ByteSlice("mock")
    /// Set when the answer is a tool call, whose arguments `text` then holds.
    var toolName: ByteSlice?
    /// Plain bytes, not yet escaped.
    var text = ByteSlice(Reply.standardText)
    /// What one token holds: this many bytes, or a word where it is 0.
    var pieceByteCount = 0
    var tokenCount = 0
    var promptTokens = 0
    /// Whether a stream ends with a usage chunk, as asked for by `stream_options`.
    var includesUsage = false
    /// Whether usage is spoken of at all.
    var saysUsage = true

    /// Where the text stands between two tokens.
    struct Cursor {
        var at = 0
    }

    /// The next token; the text starts again after its end.
    func nextToken(_ cursor: inout Cursor) -> (startsAgain: Bool, text: ByteSlice) {
        guard !text.isEmpty else { return (false, text) }
        let startsAgain = cursor.at >= text.count
        if startsAgain { cursor.at = 0 }
        let start = cursor.at
        cursor.at = Reply.tokenEnd(text, from: start, pieceByteCount: pieceByteCount)
        return (startsAgain, text[start..<cursor.at])
    }

    /// How many tokens `text` has.
    static func tokens(in text: ByteSlice) -> Int {
        var count = 0
        var at = 0
        while at < text.count {
            at = tokenEnd(text, from: at, pieceByteCount: 0)
            count += 1
        }
        return count
    }

    /// A word takes the space before it with it; what is too long is cut between characters.
    private static func tokenEnd(_ text: ByteSlice, from start: Int, pieceByteCount: Int) -> Int {
        if pieceByteCount > 0 { return min(text.count, start + pieceByteCount) }
        let limit = min(text.count, start + MockLimits.tokenByteCount)
        if let space = text.prefix(limit).firstIndex(of: 0x20, from: start + 1) { return space }
        if limit == text.count { return limit }
        var end = limit
        while end > start + 1, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// All tokens, as the inside of a JSON string.
    func writeText(into output: inout Output) {
        var cursor = Cursor()
        for _ in 0..<tokenCount { writeToken(&cursor, into: &output) }
    }

    func writeToken(_ cursor: inout Cursor, into output: inout Output) {
        let token = nextToken(&cursor)
        if token.startsAgain, pieceByteCount == 0, toolName == nil { output.append(" ") }
        output.append(jsonContent: token.text)
    }

    /// The same with its bytes in `store`, which must not be written while the reply is used.
    func kept(in store: inout Output) -> Reply {
        store.removeAll()
        store.reserve(model.count + (toolName?.count ?? 0) + text.count)
        func keep(_ bytes: ByteSlice) -> ByteSlice {
            let start = store.count
            store.append(bytes)
            return store.bytes.dropFirst(start)
        }
        var copy = self
        copy.model = keep(model)
        copy.toolName = toolName.map(keep)
        copy.text = keep(text)
        return copy
    }

    // MARK: Parts of several forms

    /// `chatcmpl-mock1f`: unique within one worker.
    func writeIdentifier(_ prefix: StaticString, into output: inout Output) {
        output.append(prefix)
        output.append("mock")
        output.append(hexadecimal: serial)
    }

    func writeUsage(into output: inout Output) {
        output.append("{\"prompt_tokens\":")
        output.append(decimal: promptTokens)
        output.append(",\"completion_tokens\":")
        output.append(decimal: tokenCount)
        output.append(",\"total_tokens\":")
        output.append(decimal: promptTokens + tokenCount)
        output.append(
            """
            ,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,\
            "audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}
            """)
    }

    /// Usage as Anthropic and the Responses API name it.
    func writeInputOutputUsage(output tokens: Int, details: StaticString, into output: inout Output) {
        output.append("{\"input_tokens\":")
        output.append(decimal: promptTokens)
        output.append(",\"output_tokens\":")
        output.append(decimal: tokens)
        output.append(details)
    }
}
