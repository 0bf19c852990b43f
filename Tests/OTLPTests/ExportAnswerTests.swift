import Testing
@testable import OTLP

@Suite("Answers to exporters")
struct ExportAnswerTests {
    @Test("all taken is an empty message, and an empty object")
    func taken() {
        #expect(ExportAnswer.taken(.traces, rejected: 0, "", .protobuf) == [] && ExportAnswer.taken(.logs, rejected: 0, "", .json) == Array("{}".utf8))
    }

    @Test("what was rejected is counted, with why")
    func partial() {
        #expect(ExportAnswer.taken(.traces, rejected: 300, "why", .protobuf) == [0x0A, 8, 0x08, 0xAC, 0x02, 0x12, 3] + Array("why".utf8))
        #expect(
            String(decoding: ExportAnswer.taken(.traces, rejected: 3, "\"why\"", .json), as: UTF8.self)
                == #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"\"why\""}}"#)
        #expect(String(decoding: ExportAnswer.taken(.logs, rejected: 3, "", .json), as: UTF8.self).contains(#""rejectedLogRecords":"3""#))
    }

    @Test("a refusal is a status with its code")
    func status() {
        #expect(ExportAnswer.status(.unavailable, "no", .protobuf) == [0x08, 14, 0x12, 2] + Array("no".utf8))
        #expect(String(decoding: ExportAnswer.status(.invalidArgument, "no", .json), as: UTF8.self) == #"{"code":3,"message":"no"}"#)
    }
}
