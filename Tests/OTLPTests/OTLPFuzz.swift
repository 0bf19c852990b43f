import Bytes
import JSON
import OTLP

/// What must hold of the reader of telemetry for any bytes; it traps where it does not. Called by seeded rounds in the tests and by libFuzzer.
func fuzzOTLP(_ bytes: ByteSlice) {
    for encoding in [TelemetryEncoding.protobuf, .json] {
        let reader = TelemetryReader(encoding, contents: { ContentNames.isContent($0) }) { _ in true }
        _ = try? reader.spans(bytes) { fuzzReading($0) }
        _ = try? reader.logs(bytes) { log in
            precondition(log.trace.isEmpty || log.trace.utf8.count == 32, "an id has its length")
            if let reading = SpanReading(log) { precondition(reading.call != nil && reading.tokens != nil, "a record that is kept is a call with its tokens") }
        }
        _ = reader.isOfLogs(bytes)
    }
}

private func fuzzReading(_ span: Span) {
    precondition(span.trace.isEmpty || span.trace.utf8.count == 32, "a trace's id has 16 bytes")
    precondition(span.span.isEmpty || span.span.utf8.count == 16, "a span's id has 8 bytes")
    precondition(span.name.utf8.count <= 3 * OTLPLimits.textByteCount, "a text is bounded, what is replaced apart")
    precondition(span.attributes.list.count <= OTLPLimits.attributeCount && span.events.count <= OTLPLimits.eventCount + OTLPLimits.choiceCount, "lists are bounded")
    let reading = SpanReading(span)
    precondition(reading.durationNanoseconds <= OTLPLimits.durationNanoseconds && reading.firstTokenNanoseconds <= OTLPLimits.durationNanoseconds, "times are bounded")
    precondition(reading.status == 200 || (400...599).contains(reading.status), "a status is one of HTTP's")
    if let tokens = reading.tokens {
        let given = [tokens.input, tokens.cacheRead, tokens.cacheWrite5m, tokens.cacheWrite1h, tokens.audioInput]
        let taken = [tokens.output, tokens.reasoning, tokens.audioOutput]
        precondition((given + taken).allSatisfy { $0 >= 0 }, "counts are no debts")
    }
    precondition(reading.kind.isEmpty == false, "an observation is of something")
}
