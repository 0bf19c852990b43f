import Bytes
import JSON
import Providers

/// What must hold of files and batches for any bytes; it traps where it does not. Called by seeded rounds in the tests and by libFuzzer.
func fuzzBatches(_ bytes: ByteSlice) {
    if let form = try? UploadForm(bytes, contentType: ByteSlice("multipart/form-data; boundary=b")) {
        precondition(form.file.isEmpty || form.file.base >= bytes.base && form.file.base + form.file.count <= bytes.base + bytes.count, "a file lies in its form")
    }
    for method in ["GET", "POST", "DELETE"] as [StaticString] {
        guard let route = BatchRoute(method: ByteSlice(method), path: bytes) else { continue }
        precondition(PercentText.decoded(route.id).count <= route.id.count, "decoded text is no longer")
    }
    _ = CloudTime.seconds(bytes)
    _ = BatchOrder.hours(in: bytes)
    precondition(!BedrockJob.isID(bytes) || bytes.firstIndex(of: UInt8(ascii: "?")) == nil && bytes.firstIndex(of: 0x0D) == nil, "an id stays in its segment")
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 18)
    defer { room.deallocate() }
    var translator = Translator()
    var start = 0
    while start <= bytes.count {
        let end = bytes.firstIndex(of: 0x0A, from: start) ?? bytes.count
        fuzzRow(bytes[start..<end], room, &translator)
        start = end + 1
    }
    fuzzJobs(bytes, room)
    var writer = ByteWriter(room, capacity: 1 << 17)
    var scratch = ByteWriter(room + (1 << 17), capacity: 1 << 17)
    translator.writeError(
        bytes, status: 404, provider: ByteSlice("p"), requestID: ByteSlice(""), type: ByteSlice(""), Translation(.chat, from: .openAI, to: .bedrock),
        scratch: &scratch, to: &writer)
    requireJSON(writer)
}

private func fuzzRow(_ line: ByteSlice, _ room: UnsafeMutablePointer<UInt8>, _ translator: inout Translator) {
    var tape = JSONTape()
    if let row = try? BatchRow(line, &tape) {
        for form in [BatchRow.Form.record, .request, .customRequest, .openAI] {
            var writer = ByteWriter(room, capacity: 1 << 18)
            row.writeStart(form, to: &writer)
            writer.append(row.body)
            row.writeEnd(to: &writer)
            precondition(writer.count <= row.byteCount + row.body.count, "a row has the room it asks for")
            requireJSON(writer)
        }
        var writer = ByteWriter(room, capacity: 1 << 18)
        var notes = TranslationNotes()
        if (try? row.writeEmbedding(row.body, &tape, to: &writer, &notes)) != nil { requireJSON(writer) }
    }
    var answer = BatchAnswerRow()
    let isRead = answer.read(line)
    var writer = ByteWriter(room, capacity: 1 << 18)
    if isRead, (try? answer.write(1, AnswerOptions(), &translator, to: &writer)) != nil, !writer.overflowed { requireJSON(writer) }
    writer = ByteWriter(room, capacity: 1 << 18)
    answer.writeFailure(1, line.prefix(min(line.count, 100)), to: &writer)
    requireJSON(writer)
}

private func fuzzJobs(_ bytes: ByteSlice, _ room: UnsafeMutablePointer<UInt8>) {
    var tape = JSONTape()
    guard let root = try? tape.parse(bytes) else { return }
    for record in [BedrockJob.read(root), VertexJob.read(root)] {
        guard let record else { continue }
        var writer = ByteWriter(room, capacity: 1 << 18)
        record.write(to: &writer)
        precondition(writer.count <= record.byteCount, "a batch has the room it asks for")
        requireJSON(writer)
    }
    for page in [BedrockJob.readList(root), VertexJob.readList(root)] {
        guard let page else { continue }
        var writer = ByteWriter(room, capacity: 1 << 18)
        page.write(to: &writer)
        precondition(writer.count <= page.byteCount, "a page has the room it asks for")
        if !writer.overflowed { requireJSON(writer) }
    }
}

private func requireJSON(_ writer: ByteWriter) {
    precondition(!writer.overflowed, "there is room for what is written")
    var tape = JSONTape()
    precondition((try? tape.parse(writer.written)) != nil, "what is written is JSON: \(String(writer.written))")
}
