import Bytes
import Foundation
import Testing

@testable import Providers

@Suite("Error shapes")
struct ErrorShapeTests {
    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func body(_ refusal: Refusal, _ dialect: Dialect, message: String = "", faults: [String] = []) -> String {
        withBytes(message) { message in
            written {
                ErrorShape(refusal, message: message, requestID: ByteSlice("req_1")).write(in: dialect, faults: faults, into: &$0)
            }
        }
    }

    @Test("codes are unique, and a status belongs to its blame", arguments: Refusal.allCases)
    func rowsAreSound(refusal: Refusal) {
        let row = refusal.row
        #expect(Refusal.allCases.filter { $0.code.description == row.code.description }.count == 1)
        #expect(!row.sentence.description.isEmpty)
        switch row.blame {
        case .client: #expect((400..<500).contains(row.status) || row.status == 501)
        case .policy: #expect([412, 429, 446].contains(row.status))
        case .upstream: #expect([408, 502, 503, 504].contains(row.status))
        case .gateway: #expect([500, 503].contains(row.status))
        }
    }

    @Test("every refusal is JSON both SDK families find their message in", arguments: Refusal.allCases)
    func everyRefusalIsReadable(refusal: Refusal) throws {
        let sentence = refusal.row.sentence.description
        let openAI = try object(body(refusal, .openAI))
        let error = try #require(openAI["error"] as? [String: Any])
        #expect(error["message"] as? String == sentence)
        #expect(error["type"] as? String == refusal.row.type.description)
        #expect(error["param"] is NSNull)
        if refusal != .requestTimeout, refusal != .guardrailDenied {
            #expect(error["code"] as? String == refusal.row.code.description)
            #expect(openAI["status"] as? String == "failure")
            #expect(openAI["message"] as? String == sentence)
            #expect(openAI["request_id"] as? String == "req_1")
        }
        let anthropic = try object(body(refusal, .anthropic))
        #expect(anthropic["type"] as? String == "error")
        #expect((anthropic["error"] as? [String: Any])?["message"] as? String == sentence)
        #expect(anthropic["request_id"] as? String == "req_1")
    }

    @Test("a denied request's body is Portkey's to the member, with the results; Anthropic's clients get theirs beside them")
    func deniedHasResults() throws {
        let results = #"{"before_request_hooks":[],"after_request_hooks":[]}"#
        func text(_ dialect: Dialect) -> String {
            withBytes(results) { results in
                written {
                    var shape = ErrorShape(.guardrailDenied, requestID: ByteSlice("r"))
                    shape.hookResults = results
                    shape.write(in: dialect, into: &$0)
                }
            }
        }
        let sentence = Refusal.guardrailDenied.row.sentence.description
        #expect(text(.openAI) == #"{"error":{"message":"\#(sentence)","type":"hooks_failed","param":null,"code":null},"hook_results":\#(results)}"#)
        #expect(
            text(.anthropic)
                == #"{"type":"error","error":{"type":"invalid_request_error","message":"\#(sentence)"},"hook_results":\#(results),"request_id":"r"}"#)
    }

    @Test("the timeout body is Portkey's to the byte")
    func timeoutIsExact() {
        let message = written { ErrorShape.writeTimeoutMessage(milliseconds: 200, into: &$0) }
        #expect(
            body(.requestTimeout, .openAI, message: message)
                == #"{"error":{"message":"Request exceeded the timeout sent in the request: 200ms","type":"timeout_error","param":null,"code":null}}"#)
    }

    @Test("a config's faults are listed as Portkey lists them")
    func faultsAreListed() throws {
        let fault = "path: strategy,mode, message: Invalid 'mode' value. Must be one of: single, \"x\""
        let text = body(.invalidConfig, .openAI, faults: [fault, "b"])
        #expect(try object(text)["errors"] as? [String] == [fault, "b"])
        #expect(try object(text)["message"] as? String == "Invalid config passed")
        #expect(try object(body(.invalidConfig, .anthropic, faults: [fault]))["errors"] == nil)
    }

    @Test("anthropic's type follows the status", arguments: [
        (400, "invalid_request_error"), (401, "authentication_error"), (403, "permission_error"), (404, "not_found_error"),
        (408, "timeout_error"), (412, "invalid_request_error"), (413, "request_too_large"), (429, "rate_limit_error"),
        (446, "invalid_request_error"), (500, "api_error"), (502, "api_error"), (503, "overloaded_error"), (504, "timeout_error"),
        (529, "overloaded_error"),
    ])
    func anthropicTypes(status: Int, type: String) {
        #expect(ErrorShape.anthropicType(status: status).description == type)
    }

    @Test("any bytes make a valid JSON message")
    func anyBytesAreEscaped() throws {
        var generator = SeededGenerator("JSON text of any bytes")
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 1...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let text = bytes.withByteSlice { slice in
                written { ErrorShape(.invalidJSON, message: slice).write(in: .openAI, into: &$0) }
            }
            let error = try #require(try object(text)["error"] as? [String: Any])
            // How many U+FFFD stand for a broken sequence is a matter of taste.
            let expected = String(decoding: bytes, as: UTF8.self)
            #expect((error["message"] as? String)?.filter { $0 != "\u{FFFD}" } == expected.filter { $0 != "\u{FFFD}" }, "\(bytes)")
        }
    }

    @Test("an error in a stream is one event of its dialect, apart from what was cut")
    func streamEvents() {
        let shape = ErrorShape(.streamInterrupted, requestID: ByteSlice("r"))
        #expect(
            written { shape.writeEvent(in: .openAI, midLine: false, into: &$0) }
                == "data: {\"error\":{\"message\":\"the provider's stream ended before it was complete\",\"type\":\"upstream_error\",\"param\":null,\"code\":\"stream_interrupted\"}}\n\n")
        #expect(
            written { shape.writeEvent(in: .anthropic, midLine: true, into: &$0) }
                == "\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"the provider's stream ended before it was complete\"},\"request_id\":\"r\"}\n\n")
    }
}
