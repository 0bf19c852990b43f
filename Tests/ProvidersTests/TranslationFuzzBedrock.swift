import Bytes
import JSON
import Providers

/// What must hold of Bedrock's dialect for any JSON; it traps where it does not. Called by seeded rounds in the tests and, as the
/// other fuzz functions, fit for libFuzzer.
func fuzzBedrock(_ bytes: ByteSlice) {
    var tape = JSONTape()
    guard let value = try? tape.parse(bytes) else { return }
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: fuzzedCapacity)
    defer { memory.deallocate() }
    fuzzRequests(value, memory)
    fuzzAnswers(value)
    fuzzFailures(bytes, memory)
}

private let fuzzedCapacity = 1 << 18

private func fuzzRequests(_ value: JSONValue, _ memory: UnsafeMutablePointer<UInt8>) {
    for capacity in [fuzzedCapacity, 100] {
        var request = NormalForm.request(value)
        var notes = TranslationNotes()
        var writer = ByteWriter(memory, capacity: capacity)
        if (try? BedrockRequest.write(&request, RequestOptions(), to: &writer, &notes)) != nil { checkJSON(writer) }
        request = NormalForm.request(value)
        writer = ByteWriter(memory, capacity: capacity)
        if (try? BedrockCountTokens.write(&request, to: &writer, &notes)) != nil { checkJSON(writer) }
        guard let model = request.model else { continue }
        writer = ByteWriter(memory, capacity: capacity)
        let isWritten = BedrockPath.write(model: model, verb: .converseStream, to: &writer)
        precondition(isWritten || writer.count == 0, "what is refused is not written")
        guard isWritten, !writer.overflowed else { continue }
        let segment = writer.written[7..<writer.count - 16]
        for index in 0..<segment.count { precondition(segment[index] > 0x20 && segment[index] < 0x7F && segment[index] != UInt8(ascii: "/"), "one segment") }
    }
}

private func fuzzAnswers(_ value: JSONValue) {
    var slots: Set<Int> = []
    var isValid = true
    let watch = { (piece: AnswerPiece) in
        precondition(piece.choice == 0 && piece.slot >= 0, "there is one answer")
        if case .toolCall = piece.kind { precondition(slots.insert(piece.slot).inserted, "a call has a slot of its own") }
        if case .usage(let usage) = piece.kind { isValid = isValid && usage.total >= 0 && usage.input >= 0 && usage.output >= 0 }
    }
    try? BedrockAnswerReader.readAnswer(value, watch)
    let first = slots
    slots = []
    try? BedrockAnswerReader.readAnswer(value, watch)
    precondition(first == slots, "a whole answer is read alike each time")
    // An object's members are events by their names, in a stream.
    slots = []
    var reader = BedrockAnswerReader()
    for (name, event) in value.members { try? reader.readEvent(type: name.content, event, watch) }
    for element in value.elements { for (name, event) in element.members { try? reader.readEvent(type: name.content, event, watch) } }
    precondition(!reader.hasEnded || reader.isComplete, "what has ended is whole")
    precondition(isValid, "counts are no debts")
    if let fault = BedrockError.read(value) { precondition(fault.message.content.count >= 0, "a fault has a message") }
}

private func fuzzFailures(_ bytes: ByteSlice, _ memory: UnsafeMutablePointer<UInt8>) {
    for client in [Dialect.openAI, .anthropic] {
        var translator = Translator()
        let stream = StreamTranslation(Translation(.chat, from: client, to: .bedrock), AnswerOptions())
        let room = Translator.failureByteCount(bytes)
        guard 2 * room < fuzzedCapacity else { return }
        var writer = ByteWriter(memory, capacity: room)
        var scratch = ByteWriter(memory + room, capacity: room)
        translator.writeFailure(type: bytes.prefix(min(bytes.count, 30)), bytes, stream, scratch: &scratch, to: &writer)
        precondition(!writer.overflowed && !scratch.overflowed, "a failure fits its room")
        precondition(stream.hasFailed, "a failure is one")
        let event = writer.written
        let start = client == .openAI ? 6 : 19
        precondition((try? JSONText.validate(event[start..<event.count - 2])) != nil, "what is written is JSON")
    }
}

private func checkJSON(_ writer: ByteWriter) {
    precondition(writer.overflowed || (try? JSONText.validate(writer.written)) != nil, "what is written is JSON")
}
