import Bytes
import JSON
import Providers

/// What must hold of Anthropic's readers and writers for any bytes; it traps where it does not. Called by seeded rounds in the tests
/// and by libFuzzer. Each line is a text of its own: a request, an answer, an event.
func fuzzAnthropic(_ bytes: ByteSlice) {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
    defer { memory.deallocate() }
    var tape = JSONTape(nodeLimit: 4096)
    var request = ChatRequest()
    var reader = AnthropicAnswerReader()
    var writer = AnthropicAnswerWriter(AnswerOptions())
    var start = 0
    while start <= bytes.count {
        let end = bytes.firstIndex(of: 0x0A, from: start) ?? bytes.count
        if let value = try? tape.parse(bytes[start..<end]) {
            fuzzAnthropicRequest(value, &request, memory)
            fuzzAnthropicAnswer(value, memory)
            fuzzAnthropicEvent(value, &reader, &writer, memory)
        }
        start = end + 1
    }
    var output = ByteWriter(memory, capacity: 1 << 16)
    writer.end(to: &output)
    checkEvents(output)
    let length = output.count
    writer.end(to: &output)
    precondition(output.count == length, "a stream ends once")
}

private func fuzzAnthropicRequest(_ value: JSONValue, _ request: inout ChatRequest, _ memory: UnsafeMutablePointer<UInt8>) {
    guard (try? AnthropicRequest.read(value, into: &request, requiresMaxTokens: false)) != nil else { return }
    for capacity in [7, 300, 1 << 16] {
        var output = ByteWriter(memory, capacity: capacity)
        var notes = TranslationNotes()
        guard (try? AnthropicRequest.write(&request, RequestOptions(), to: &output, &notes)) != nil else { continue }
        check(output)
        if output.overflowed { continue }
        // What was written is of the dialect.
        var tape = JSONTape()
        var again = ChatRequest()
        guard let body = try? tape.parse(output.written) else { preconditionFailure("a body is JSON") }
        precondition((try? AnthropicRequest.read(body, into: &again)) != nil, "a body that was written can be read")
    }
}

private func fuzzAnthropicAnswer(_ value: JSONValue, _ memory: UnsafeMutablePointer<UInt8>) {
    for capacity in [0, 90, 1 << 16] {
        var output = ByteWriter(memory, capacity: capacity)
        do throws(TranslationFault) {
            try AnthropicAnswerWriter.writeAnswer(AnswerOptions(), to: &output) { emit throws(TranslationFault) in
                try AnthropicAnswerReader.readAnswer(value, emit)
            }
            check(output)
        } catch {}
    }
    if let fault = AnthropicError.read(value) {
        var output = ByteWriter(memory, capacity: 1 << 16)
        AnthropicError.write(fault, status: 500, provider: ByteSlice(""), to: &output)
        check(output)
    }
}

private func fuzzAnthropicEvent(
    _ value: JSONValue, _ reader: inout AnthropicAnswerReader, _ writer: inout AnthropicAnswerWriter, _ memory: UnsafeMutablePointer<UInt8>
) {
    var output = ByteWriter(memory, capacity: 1 << 16)
    var stream = writer
    do throws(TranslationFault) {
        try reader.readEvent(type: ByteSlice("content_block_delta"), value) { stream.write($0, to: &output) }
    } catch {}
    checkEvents(output)
    writer = stream
}

private func check(_ output: ByteWriter) {
    precondition(output.overflowed || (try? JSONText.validate(output.written)) != nil, "what is written is JSON")
}

/// Each event is a line of its name, a line of JSON, and an empty line.
private func checkEvents(_ output: ByteWriter) {
    if output.overflowed { return }
    let text = output.written
    var start = 0
    while start < text.count {
        guard let name = text.firstIndex(of: 0x0A, from: start), let data = text.firstIndex(of: 0x0A, from: name + 1) else {
            preconditionFailure("an event has two lines")
        }
        precondition(text[start..<name].hasPrefix("event: ") && text[name + 1..<data].hasPrefix("data: "), "an event has a name and data")
        precondition((try? JSONText.validate(text[name + 7..<data])) != nil, "an event's data is JSON")
        precondition(data + 1 < text.count && text[data + 1] == 0x0A, "an event ends with an empty line")
        start = data + 2
    }
}
