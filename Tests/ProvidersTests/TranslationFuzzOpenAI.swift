import Bytes
import JSON
import Providers

/// What must hold of the OpenAI dialect for any JSON: nothing traps, what is written is JSON, and an event is one line.
/// Called by seeded rounds in the tests and by libFuzzer.
func fuzzOpenAI(_ bytes: ByteSlice) {
    var tape = JSONTape()
    guard let value = try? tape.parse(bytes) else { return }
    fuzzOpenAIRequest(value)
    for isStrict in [true, false] {
        fuzzOpenAIAnswer(value, isStrict: isStrict)
        fuzzOpenAIStream(value, isStrict: isStrict)
    }
    if let fault = OpenAIError.read(value) {
        requireJSON(replayed { OpenAIError.write(fault, status: 500, provider: ByteSlice("x"), to: &$0) })
        requireEvents(replayed { OpenAIError.writeEvent(fault, to: &$0) })
    }
}

private func fuzzOpenAIRequest(_ value: JSONValue) {
    var request = ChatRequest()
    do throws(TranslationFault) { try OpenAIRequest.read(value, into: &request) } catch { return }
    var options = RequestOptions()
    options.takesIncludeUsage = true
    var isWritten = false
    var notes = TranslationNotes()
    let body = replayed { writer in
        notes.removeAll()
        do throws(TranslationFault) {
            try OpenAIRequest.write(&request, options, to: &writer, &notes)
            isWritten = true
        } catch { isWritten = false }
    }
    if isWritten { requireJSON(body) }
    let told = replayed { notes.write(into: &$0) }
    precondition(told.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "notes go into a header field")
}

private func fuzzOptions(_ isStrict: Bool) -> AnswerOptions {
    var options = AnswerOptions()
    options.isStrict = isStrict
    options.includesUsage = true
    options.identifier.set(ByteSlice("req"))
    return options
}

private func fuzzOpenAIAnswer(_ value: JSONValue, isStrict: Bool) {
    var isWritten = false
    let body = replayed { writer in
        do throws(TranslationFault) {
            try OpenAIAnswerWriter.writeAnswer(fuzzOptions(isStrict), to: &writer) { (emit: (AnswerPiece) -> Void) throws(TranslationFault) in
                try OpenAIAnswerReader.readAnswer(value, emit)
            }
            isWritten = true
        } catch { isWritten = false }
    }
    if isWritten { requireJSON(body) }
}

/// Takes the value for one event, its elements for more, and each twice.
private func fuzzOpenAIStream(_ value: JSONValue, isStrict: Bool) {
    let events = replayed { bytes in
        var reader = OpenAIAnswerReader()
        var writer = OpenAIAnswerWriter(fuzzOptions(isStrict))
        for event in Array(value.elements) + [value, value] {
            try? reader.readEvent(type: ByteSlice(""), event) { writer.write($0, to: &bytes) }
        }
        writer.end(to: &bytes)
        writer.end(to: &bytes)
    }
    requireEvents(events)
}

/// What `body` writes, with as much room as it needs, each time begun anew.
private func replayed(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var capacity = 4096
    while true {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { memory.deallocate() }
        var writer = ByteWriter(memory, capacity: capacity)
        body(&writer)
        if !writer.overflowed { return [UInt8](writer.written) }
        precondition(capacity < 1 << 26, "what is written stays in proportion to what was read")
        capacity *= 4
    }
}

private func requireJSON(_ bytes: [UInt8]) {
    bytes.withByteSlice { text in
        do throws(JSONError) { try JSONText.validate(text, depthLimit: JSONLimits.deepest) } catch { preconditionFailure("not JSON: \(String(text))") }
    }
}

/// Events of one data line each, `[DONE]` once at most and last.
private func requireEvents(_ bytes: [UInt8]) {
    var isDone = false
    for event in String(decoding: bytes, as: UTF8.self).components(of: "\n\n") {
        precondition(!isDone && event.hasPrefix("data: ") && !event.dropFirst(6).utf8.contains { $0 == 10 || $0 == 13 }, "an event is one line, and [DONE] the last")
        if event == "data: [DONE]" { isDone = true } else { requireJSON(Array(event.utf8.dropFirst(6))) }
    }
}

extension String {
    /// The parts that `end` ends.
    fileprivate func components(of end: String) -> [Substring] { split(separator: end, omittingEmptySubsequences: false).dropLast() }
}
