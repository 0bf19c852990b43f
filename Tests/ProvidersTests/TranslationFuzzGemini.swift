import Bytes
import JSON
import Providers

/// What must hold of Gemini's dialect for any JSON; it traps where it does not. Called by seeded rounds in the tests and, as the
/// other fuzz functions, fit for libFuzzer.
func fuzzGemini(_ bytes: ByteSlice) {
    var tape = JSONTape()
    guard let value = try? tape.parse(bytes) else { return }
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: fuzzedCapacity)
    defer { memory.deallocate() }
    fuzzRequests(value, memory)
    fuzzAnswers(value)
    fuzzOthers(value, memory)
}

private let fuzzedCapacity = 1 << 18

private func fuzzRequests(_ value: JSONValue, _ memory: UnsafeMutablePointer<UInt8>) {
    for capacity in [fuzzedCapacity, 100] {
        var request = NormalForm.request(value)
        var notes = TranslationNotes()
        var writer = ByteWriter(memory, capacity: capacity)
        if (try? GeminiRequest.write(&request, RequestOptions(), to: &writer, &notes)) != nil { checkJSON(writer) }
        request = NormalForm.request(value)
        writer = ByteWriter(memory, capacity: capacity)
        if (try? GeminiCountTokens.write(&request, to: &writer, &notes)) != nil { checkJSON(writer) }
        guard let model = request.model else { continue }
        writer = ByteWriter(memory, capacity: capacity)
        let isWritten = GeminiPath.write(model: model, verb: .stream, to: &writer)
        precondition(isWritten || writer.count == 0, "what is refused is not written")
        let segment = writer.written.dropFirst(min(writer.count, 15))
        for index in 0..<segment.count { precondition(segment[index] > 0x20 && segment[index] < 0x7F && segment[index] != UInt8(ascii: "/"), "one segment") }
    }
}

private func fuzzAnswers(_ value: JSONValue) {
    var slots: Set<Int> = []
    var finishes = 0
    var isValid = true
    let watch = { (piece: AnswerPiece) in
        precondition(piece.choice >= 0 && piece.slot >= 0, "places are counts")
        if case .toolCall = piece.kind { precondition(slots.insert(piece.choice << 32 | piece.slot).inserted, "a call has a slot of its own") }
        if case .finish = piece.kind { finishes += 1 }
        if case .usage(let usage) = piece.kind { isValid = isValid && usage.total >= 0 && usage.input >= 0 && usage.output >= 0 }
    }
    try? GeminiAnswerReader.readAnswer(value, watch)
    precondition(isValid, "counts are no debts")
    let first = (slots, finishes)
    slots = []
    finishes = 0
    try? GeminiAnswerReader.readAnswer(value, watch)
    precondition(first.0 == slots && first.1 == finishes, "a whole answer is read alike each time")
    // The elements of an array are events.
    slots = []
    var reader = GeminiAnswerReader()
    for event in value.elements { try? reader.readEvent(type: ByteSlice(""), event, watch) }
    try? reader.readEvent(type: ByteSlice("x"), value, watch)
    if let fault = GeminiError.read(value) { precondition(fault.message.content.count >= 0, "a fault has a message") }
}

private func fuzzOthers(_ value: JSONValue, _ memory: UnsafeMutablePointer<UInt8>) {
    var notes = TranslationNotes()
    var writer = ByteWriter(memory, capacity: fuzzedCapacity)
    if (try? GeminiEmbeddings.write(value, to: &writer, &notes)) != nil { checkJSON(writer) }
    for encoding in [GeminiEmbeddings.Encoding.float, .base64] {
        writer = ByteWriter(memory, capacity: fuzzedCapacity)
        if (try? GeminiEmbeddings.writeAnswer(value, model: ByteSlice("m"), encoding, to: &writer)) != nil { checkJSON(writer) }
    }
    writer = ByteWriter(memory, capacity: fuzzedCapacity)
    if (try? GeminiCountTokens.writeAnswer(value, to: &writer)) != nil { checkJSON(writer) }
}

private func checkJSON(_ writer: ByteWriter) {
    precondition(writer.overflowed || (try? JSONText.validate(writer.written)) != nil, "what is written is JSON")
}
