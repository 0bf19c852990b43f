import Bytes
import Glibc
import JSON
import Providers
import Testing

/// JSON texts that stay where they are, so that what was parsed from them may be kept.
final class AnthropicInk {
    private final class Page {
        let bytes: UnsafeMutablePointer<UInt8>
        var tape = JSONTape()
        init(_ text: [UInt8]) {
            bytes = .allocate(capacity: max(text.count, 1))
            for (index, byte) in text.enumerated() { bytes[index] = byte }
        }
        deinit { bytes.deallocate() }
    }

    private var pages: [Page] = []

    func value(_ json: String) throws -> JSONValue {
        let text = Array(json.utf8)
        let page = Page(text)
        pages.append(page)
        return try page.tape.parse(ByteSlice(page.bytes, count: text.count))
    }

    /// The content of the JSON string that says `text`.
    func string(_ text: String) throws -> JSONString {
        let quoted = written(capacity: text.utf8.count * 6 + 2) { writer in withBytes(text) { writer.append(jsonString: $0) } }
        return try value(quoted).string ?? JSONString(content: ByteSlice(""), hasEscapes: false)
    }

    /// The content of a JSON string as it is to stand there.
    func raw(_ content: String) throws -> JSONString { try value("\"\(content)\"").string ?? JSONString(content: ByteSlice(""), hasEscapes: false) }
}

/// What `AnthropicRequest.write` makes of a request.
struct AnthropicWritten {
    var body: String
    var notes: String

    init(_ request: ChatRequest) throws {
        var copy = request
        var notes = TranslationNotes()
        var fault: TranslationFault?
        body = written(capacity: 1 << 16) { writer in
            do throws(TranslationFault) {
                try AnthropicRequest.write(&copy, RequestOptions(), to: &writer, &notes)
            } catch { fault = error }
        }
        if let fault { throw fault }
        self.notes = written { notes.write(into: &$0) }
    }
}

/// A piece in one line, for comparisons.
func spelled(_ piece: AnswerPiece) -> String {
    func text(_ string: JSONString?) -> String { string.map { String($0.content) } ?? "-" }
    return switch piece.kind {
    case .begin(let id, let model): "begin \(text(id)) \(text(model))"
    case .text(let string): "text \(text(string))"
    case .thinking(let string): "thinking \(text(string))"
    case .signature(let string): "signature \(text(string))"
    case .redactedThinking(let string): "redacted \(text(string))"
    case .refusal(let string): "refusal \(text(string))"
    case .toolCall(let id, let name, _): "call[\(piece.slot)] \(text(id)) \(text(name))"
    case .argumentsText(let string): "arguments[\(piece.slot)] \(text(string))"
    case .arguments(let value): "input[\(piece.slot)] \(String(value.bytes))"
    case .image: "image"
    case .native(let name, let value): "\(name) \(String(value.bytes))"
    case .logprobs(let value): "logprobs \(String(value.bytes))"
    case .finish(let reason, let word, let sequence): "finish \(reason) \(text(word)) \(text(sequence))"
    case .usage(let usage):
        "usage \(usage.input)+\(usage.cachedRead)+\(usage.cacheWrite5m)+\(usage.cacheWrite1h) \(usage.output)+\(usage.reasoning)"
    case .failure(let fault): "failure \(text(fault.type)) \(text(fault.message))"
    }
}

/// The events of a stream as a transcript has them: names and data.
func events(of transcript: String) -> [(name: String, data: String)] {
    transcript.replacing("\r\n", with: "\n").split(separator: "\n\n").compactMap { block in
        var name = ""
        var data = ""
        for line in block.split(separator: "\n") {
            if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
            if line.hasPrefix("data: ") { data += line.dropFirst(6) }
        }
        return data.isEmpty ? nil : (name, data)
    }
}

/// A file of Tests/Fixtures/anthropic.
func anthropicFixture(_ name: String, _ here: String = #filePath) throws -> String {
    let tests = here.split(separator: "/").dropLast(2).joined(separator: "/")
    let path = "/\(tests)/Fixtures/anthropic/\(name)"
    let file = try #require(fopen(path, "r"), "\(path) cannot be read")
    defer { fclose(file) }
    var text: [UInt8] = []
    while case let byte = fgetc(file), byte >= 0 { text.append(UInt8(truncatingIfNeeded: byte)) }
    return String(decoding: text, as: UTF8.self)
}

/// All pieces of a stream's events, in one line each; and what a client of Anthropic's is sent for them.
struct AnthropicStreamed {
    var pieces: [String] = []
    var isComplete = false
    var events = ""

    init(_ transcript: String, _ options: AnswerOptions = AnswerOptions()) throws {
        let ink = AnthropicInk()
        var reader = AnthropicAnswerReader()
        var writer = AnthropicAnswerWriter(options)
        for event in ProvidersTests.events(of: transcript) {
            let value = try ink.value(event.data)
            var found: [AnswerPiece] = []
            try withBytes(event.name) { name in try reader.readEvent(type: name, value) { found.append($0) } }
            pieces += found.map(spelled)
            events += written(capacity: 1 << 14) { memory in for piece in found { writer.write(piece, to: &memory) } }
        }
        isComplete = reader.isComplete
        if isComplete { events += written { writer.end(to: &$0) } }
    }
}

/// The message that a stream of Anthropic's events adds up to, as its SDKs add it up; nil when the events are out of order.
func anthropicMessage(of transcript: String) throws -> String? {
    let ink = AnthropicInk()
    var head = ""
    var blocks: [(start: String, text: String, end: String)] = []
    var tail: String?
    var open = -1
    for event in events(of: transcript) {
        let value = try ink.value(event.data)
        let index = value["index"]?.integer.map { Int($0) } ?? -1
        switch event.name {
        case "message_start":
            guard head.isEmpty, let message = value["message"] else { return nil }
            for name in ["id", "type", "role", "model"] { head += "\"\(name)\":\(try #require(withBytes(name) { message.member($0)?.bytes }.map { String($0) })),"}
        case "content_block_start":
            guard open < 0, index == blocks.count, let block = value["content_block"] else { return nil }
            open = index
            if block["type"]?.is("text") ?? false { blocks.append((#"{"type":"text","text":""#, "", "\"}")) }
            else if block["type"]?.is("thinking") ?? false { blocks.append((#"{"type":"thinking","thinking":""#, "", #"","signature":""}"#)) }
            else if block["type"]?.is("tool_use") ?? false { blocks.append((String(String(block.bytes).dropLast(3)), "", "}")) }
            else { blocks.append((String(block.bytes), "", "")) }
        case "content_block_delta":
            guard index == open, index >= 0, let delta = value["delta"] else { return nil }
            if let text = delta["text"]?.string ?? delta["thinking"]?.string { blocks[index].text += String(text.content) }
            if let signature = delta["signature"] { blocks[index].end = #"","signature":\#(String(signature.bytes))}"# }
            if let json = delta["partial_json"]?.string { blocks[index].text += written { json.decode(into: &$0) } }
        case "content_block_stop":
            guard index == open, index >= 0 else { return nil }
            if blocks[index].end == "}", blocks[index].text.isEmpty { blocks[index].text = "{}" }
            open = -1
        case "message_delta":
            guard tail == nil, open < 0, let delta = value["delta"], let usage = value["usage"] else { return nil }
            tail = "\(String(delta.bytes).dropFirst().dropLast()),\"usage\":\(String(usage.bytes))}"
        case "message_stop": return tail.map { "{\(head)\"content\":[\(blocks.map { $0.start + $0.text + $0.end }.joined(separator: ","))],\($0)" }
        default: break
        }
    }
    return nil
}
