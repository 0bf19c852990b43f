import Bytes
import HTTP
import Providers

/// What must hold of the usage reader for any bytes; it traps where it does not. Called by seeded
/// rounds in the tests and by libFuzzer.
func fuzzUsage(_ bytes: ByteSlice) {
    for dialect in [Dialect.openAI, .anthropic, .gemini, .bedrock] {
        var whole = UsageReader(dialect)
        whole.readAnswer(bytes)
        for width in [1, 7] {
            var pieces = UsageReader(dialect)
            feed(bytes, width: width) { pieces.readAnswer($0) }
            precondition(pieces.usage == whole.usage, "pieces and whole agree on the usage")
            precondition(same(pieces.model, whole.model), "pieces and whole agree on the model")
        }
        precondition((whole.usage?.total ?? 0) >= 0 && (whole.usage?.input ?? 0) >= 0, "counts are no debts")
        fuzzEvents(bytes, dialect)
    }
    fuzzDelta(bytes)
}

/// Takes the bytes for what one read of a stream brought: passed at once only where they are one event that reads as ordinary.
private func fuzzDelta(_ bytes: ByteSlice) {
    let first = ByteSlice("data: {\"model\":\"m\",\"choices\":[{}]}\n\n")
    var quick = UsageReader(.openAI)
    var slow = UsageReader(.openAI)
    var ends = EventBoundaryScanner()
    _ = ends.next(first)
    _ = quick.readEvent(first[6..<first.count - 2])
    _ = slow.readEvent(first[6..<first.count - 2])
    guard ends.isBetweenEvents, quick.passesDelta(bytes) else { return }
    guard let event = ends.next(bytes), event.end == bytes.count, let data = event.payload else { preconditionFailure("what passes is one whole event") }
    let kind = slow.readEvent(bytes[data])
    precondition(kind == .ordinary && slow.deltaCount == quick.deltaCount, "what passes is an ordinary event")
}

/// Takes the lines for events.
private func fuzzEvents(_ bytes: ByteSlice, _ dialect: Dialect) {
    var whole = UsageReader(dialect)
    var pieces = UsageReader(dialect)
    var start = 0
    while start <= bytes.count {
        let end = bytes.firstIndex(of: 0x0A, from: start) ?? bytes.count
        let data = bytes[start..<end]
        _ = whole.readEvent(data)
        pieces.beginEvent()
        feed(data, width: 3) { pieces.continueEvent($0) }
        _ = pieces.endEvent()
        start = end + 1
    }
    precondition(whole.deltaCount >= 0 && (whole.usage?.total ?? 0) >= 0, "counts are no debts")
    // A glance may pass over an event that is broken JSON; a scan of all events sees at least as much.
    precondition(whole.usage == nil || pieces.usage != nil, "a whole event shows no more than its pieces")
}

private func feed(_ bytes: ByteSlice, width: Int, _ body: (ByteSlice) -> Void) {
    var at = 0
    while at < bytes.count {
        let end = min(at + width, bytes.count)
        body(bytes[at..<end])
        at = end
    }
}

private func same<let capacity: Int>(_ left: InlineText<capacity>, _ right: InlineText<capacity>) -> Bool {
    left.withBytes { left in right.withBytes { left == $0 } }
}
