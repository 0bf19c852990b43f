import Bytes
import JSON
import Testing

@testable import Providers

@Suite("OpenAI errors")
struct OpenAIErrorTests {
    private func describe(_ body: String) throws -> String? {
        try OpenAIDialect.withValue(body) { value in
            OpenAIError.read(value).map { fault in
                [
                    OpenAIDialect.text(fault.message), OpenAIDialect.text(fault.type), fault.code.map { String($0.bytes) } ?? "-",
                    fault.parameter.map { String($0.bytes) } ?? "-", OpenAIDialect.text(fault.requestID),
                ].joined(separator: " ")
            }
        }
    }

    @Test("errors of all hosts are read", arguments: [
        (#"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#, #"m t "c" "p" -"#),
        (#"{"error":{"message":"m","type":null,"param":null,"code":429},"request_id":"r"}"#, "m - 429 - r"),
        (#"{"error":"m"}"#, "m - - - -"), (#"{"error":"m","code":5}"#, "m - 5 - -"),
        (#"{"object":"error","message":"m","type":"t","code":400}"#, "m t 400 - -"),
        (#"{"detail":"m"}"#, "m - - - -"), (#"{"detail":[{"loc":["body","x"],"msg":"m","type":"missing"}]}"#, #"m missing - ["body","x"] -"#),
        (#"{"errors":[{"message":"m","code":7003}],"success":false}"#, "m - 7003 - -"),
        (#"[{"error":{"message":"m","code":400,"status":"INVALID_ARGUMENT"}}]"#, "m - 400 - -"),
        (#"{"error":{}}"#, "the provider gave no message - - - -"),
        (#"{"id":"i","choices":[],"message":"m"}"#, nil), ("{}", nil), ("[]", nil), ("7", nil), (#"{"error":null}"#, nil), (#"{"errors":[]}"#, nil),
    ] as [(String, String?)])
    func reading(body: String, fault: String?) throws {
        #expect(try describe(body) == fault)
    }

    @Test("errors are written with the provider's own words, and OpenAI's type where it has none", arguments: [
        (#"{"error":{"message":"m","type":"t","param":"p","code":"c"},"request_id":"r"}"#, 400,
            #"{"error":{"message":"m","type":"t","param":"p","code":"c"},"provider":"x","request_id":"r"}"#),
        (#"{"error":"m"}"#, 400, #"{"error":{"message":"m","type":"invalid_request_error","param":null,"code":null},"provider":"x"}"#),
        (#"{"error":"m"}"#, 401, #"{"error":{"message":"m","type":"authentication_error","param":null,"code":null},"provider":"x"}"#),
        (#"{"error":"m"}"#, 429, #"{"error":{"message":"m","type":"rate_limit_error","param":null,"code":null},"provider":"x"}"#),
        (#"{"error":"m"}"#, 529, #"{"error":{"message":"m","type":"api_error","param":null,"code":null},"provider":"x"}"#),
    ])
    func writing(body: String, status: Int, written expected: String) throws {
        try OpenAIDialect.withValue(body) { value in
            let fault = try #require(OpenAIError.read(value))
            #expect(written { OpenAIError.write(fault, status: status, provider: ByteSlice("x"), to: &$0) } == expected)
            let event = written { OpenAIError.writeEvent(fault, to: &$0) }
            #expect(event.hasPrefix(#"data: {"error":{"message":"m","#) && event.hasSuffix("}\n\n"))
        }
    }

    @Test("an event is one line, however the provider's members are written")
    func oneLine() throws {
        try OpenAIDialect.withValue("{\"error\":{\"message\":\"m\",\"code\":{\r\n \"a\":\n1}}}") { value in
            let fault = try #require(OpenAIError.read(value))
            let event = written { OpenAIError.writeEvent(fault, to: &$0) }
            #expect(event == "data: {\"error\":{\"message\":\"m\",\"type\":\"api_error\",\"param\":null,\"code\":{ \"a\":1}}}\n\n")
        }
    }
}
