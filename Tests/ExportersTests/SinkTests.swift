import Bytes
import Compression
import Testing

@testable import Exporters

@Suite("What sinks answer")
struct SinkTests {
    private let spans = ExportForm.spans(TraceRequest(resource: []))

    @Test("a status is about the batch, or about the way to its sink, and only the first drops it", arguments: [
        (200, SinkAnswer.takenWhole), (202, .takenWhole), (204, .takenWhole), (400, .refused("it answered 400")), (422, .refused("it answered 422")),
        (413, .tooLarge("it answered 413")), (307, .failed("it answered 307, and redirects are not followed", pauseNanoseconds: nil)),
        (401, .failed("it answered 401", pauseNanoseconds: 7_000_000_000)), (404, .failed("it answered 404", pauseNanoseconds: 7_000_000_000)),
        (429, .failed("it answered 429", pauseNanoseconds: 7_000_000_000)), (500, .failed("it answered 500", pauseNanoseconds: 7_000_000_000)),
        (503, .failed("it answered 503", pauseNanoseconds: 7_000_000_000)),
    ])
    func statuses(status: Int, answer: SinkAnswer) {
        #expect(HTTPSink.answer(status, retryAfterSeconds: 7, spans, []) == answer)
        if status == 503 { #expect(HTTPSink.answer(503, retryAfterSeconds: 0, .message, []) == .failed("it answered 503", pauseNanoseconds: nil)) }
    }

    @Test("a batch is packed where that is declared, and as it is where it is not", arguments: [true, false])
    func packed(isPacked: Bool) throws {
        let url = Array("http://127.0.0.1:4318/v1/traces".utf8).withByteSlice { SecretBytes($0) }
        let sink = HTTPSink(HTTPDestination(host: "h", url: url, isPacked: isPacked), contentType: "application/x-protobuf", isSigned: false)
        var batch = ExportBatch(spans)
        for record in records(0..<20) { batch.add(record) }
        let content = sink.content(of: batch)
        #expect(content.isPacked == isPacked)
        let body = try isPacked ? content.body.withByteSlice { try Gzip.unpacked($0, atMost: 1 << 20) } : content.body
        #expect(body == batch.closed && (content.body.count < body.count) == isPacked)
    }

    @Test("of a collector that took a part its own words are read; of others nothing is")
    func partial() {
        // partial_success { rejected_spans: 300, error_message: "full" }
        let answer: [UInt8] = [0x0A, 0x09, 0x08, 0xAC, 0x02, 0x12, 0x04] + Array("full".utf8)
        #expect(HTTPSink.answer(200, retryAfterSeconds: 0, spans, answer) == .taken(rejected: 300, said: "full"))
        #expect(HTTPSink.answer(200, retryAfterSeconds: 0, .message, answer) == .takenWhole)
        #expect(PartialSuccess([0x0A, 0x00]) == nil && PartialSuccess(Array("{}".utf8)) == nil)
    }

    @Test("an answer that is longer than what is read of it is no success: what is there of it is told", arguments: [false, true])
    func cut(isLonger: Bool) {
        // partial_success { rejected_spans: 300, error_message } with 9 bytes of heads, as long as what is read, or longer.
        let count = ExporterLimits.answerByteCount - 9 + (isLonger ? 500 : 0)
        func varint(_ number: Int) -> [UInt8] { [UInt8(number & 0x7F | 0x80), UInt8(number >> 7)] }
        let answer = [0x0A] + varint(count + 6) + [0x08, 0xAC, 0x02, 0x12] + varint(count) + [UInt8](repeating: UInt8(ascii: "x"), count: count)
        let read = Array(answer.prefix(ExporterLimits.answerByteCount))
        let said = String(repeating: "x", count: ExporterLimits.answerByteCount - 9)
        #expect(HTTPSink.answer(200, retryAfterSeconds: 0, spans, read) == .taken(rejected: 300, said: said))
        #expect(HTTPSink.answer(200, retryAfterSeconds: 0, spans, Array(read.dropLast())) == .takenWhole)
    }

    @Test("whatever an answer is, reading it ends: each beginning of one, each byte of it changed")
    func garbage() {
        let answer: [UInt8] = [0x0A, 0x09, 0x08, 0xAC, 0x02, 0x12, 0x04] + Array("full".utf8)
        for count in 0..<answer.count { _ = PartialSuccess(Array(answer.prefix(count))) }
        for index in answer.indices {
            for value in UInt8.min...UInt8.max {
                var changed = answer
                changed[index] = value
                _ = (PartialSuccess(changed), PartialSuccess(changed, isCut: true))
            }
        }
    }
}
