import Bytes
import JSON
import Testing

@testable import Mock

/// Asks a model of Bedrock's; `model` is written as it stands in the path.
private func ask(
    _ client: TestClient, _ model: String, _ operation: String = "converse",
    _ body: String = #"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#, fields: String = "authorization: Bearer k\r\n"
) -> TestClient.Answer {
    client.post("/model/\(model)/\(operation)", body, fields: fields)
    return client.answer()
}

@Suite("Mock provider speaking Bedrock")
struct BedrockTests {
    @Test("an answer has its message, why it ended, and usage that leaves the cache out of the input")
    func answers() throws {
        try withServer { server in
            let client = try TestClient(server)
            let answer = ask(client, "mock%3Ftokens=2&cached=3&cache_write=4")
            #expect(answer.status == 200 && answer.isWhole && answer.field("content-type") == "application/json")
            #expect(
                answer.body
                    == #"{"metrics":{"latencyMs":1},"output":{"message":{"content":[{"text":"Hello! This"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"cacheReadInputTokens":3,"cacheWriteInputTokens":4,"inputTokens":1,"outputTokens":2,"totalTokens":10}}"#)
            #expect(ask(client, "mock", "count-tokens", #"{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"12345678"}]}]}}}"#).body == #"{"inputTokens":2}"#)
            #expect(ask(client, "mock%3Ffinish=stop_sequence&reply=x", "converse", #"{"messages":[],"inferenceConfig":{"stopSequences":["END"]}}"#).body
                .contains(#""stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"END"}"#))
        }
    }

    @Test("a stream is a row of messages by name: a call has a start, text and thinking have none")
    func streams() throws {
        try withServer { server in
            let client = try TestClient(server)
            let tools = #"{"messages":[],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}}"#
            let stream = ask(client, "mock%3Fthinking=1&tools=1&reply=yes", "converse-stream", tools)
            #expect(stream.isWhole && stream.field("content-type") == "application/vnd.amazon.eventstream")
            let names = stream.body.split(separator: ":event-type").dropFirst().map { part in
                String(part.drop { !$0.isLetter }.prefix { $0.isLetter })
            }
            #expect(
                names == [
                    "messageStart", "contentBlockDelta", "contentBlockDelta", "contentBlockStop", "contentBlockDelta", "contentBlockStop", "contentBlockStart",
                    "contentBlockDelta", "contentBlockStop", "messageStop", "metadata",
                ])
            #expect(stream.body.contains(#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"The"}},"#))
            #expect(stream.body.contains(#""start":{"toolUse":{"name":"f","toolUseId":"tooluse_mock"#))
        }
    }

    @Test("errors have AWS's words: of an answer in a field, of a stream in an exception's frame", arguments: [
        (400, "ValidationException", "validationException"), (403, "AccessDeniedException", "internalServerException"),
        (424, "ModelErrorException", "modelStreamErrorException"), (429, "ThrottlingException", "throttlingException"),
        (500, "InternalServerException", "internalServerException"), (503, "ServiceUnavailableException", "serviceUnavailableException"),
    ])
    func errors(status: Int, name: String, exception: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            let answer = ask(client, "mock%3Fstatus=\(status)")
            #expect(answer.status == status && answer.body == #"{"message":"the mock provider was asked to answer \#(status)"}"#)
            #expect(answer.field("x-amzn-errortype")?.hasPrefix(name.lowercased() + ":") == true)
            let stream = ask(client, "mock%3Ferror_after=1&status=\(status)", "converse-stream")
            #expect(stream.status == 200 && stream.body.contains(":exception-type") && stream.body.contains(exception))
        }
    }

    @Test("a wrong checksum differs from the right one in the message's last byte, and in nothing else")
    func checksums() throws {
        try withServer { server in
            let client = try TestClient(server)
            let whole = Array(ask(client, "mock%3Ftokens=2", "converse-stream").body.utf8)
            let broken = Array(ask(client, "mock%3Ftokens=2&checksum=1", "converse-stream").body.utf8)
            #expect(whole != broken && ask(client, "mock%3Ftokens=2&checksum=9", "converse-stream").status == 200)
        }
    }

    @Test("what Bedrock would not know is refused, and a path without an operation is none of its")
    func refusals() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(ask(client, "mock", "invoke").status == 404)
            #expect(ask(client, "mock%3Fstrict=1", fields: "").status == 403)
            #expect(ask(client, "mock%3Fstrict=1", fields: "authorization: AWS4-HMAC-SHA256 x\r\n").body.contains("x-amz-date"))
            #expect(ask(client, "mock%3Fstrict=1", fields: "authorization: AWS4-HMAC-SHA256 x\r\nx-amz-date: 20150830T123600Z\r\n").status == 200)
            #expect(ask(client, "mock%3Fstrict=1", "converse", #"{"messages":[{"role":"user","content":[{"text":"a"}]}],"n":1}"#).body.hasPrefix(#"{"message":"n "#))
        }
    }

    private static let turn = #"{"role":"user","content":[{"text":"a"}]}"#
    private static let call = #"{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"f","input":{}}}]}"#
    private static let tools = #""toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}"#

    @Test("the strict mock holds requests to Converse's rules, and says where", arguments: [
        (#"{"messages":[\#(turn)]}"#, ""), (#"{"messages":[\#(turn),\#(call),{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[]}}]}],\#(tools)}"#, ""),
        (#"{"messages":[]}"#, "messages"), (#"{"messages":[\#(turn),\#(turn)]}"#, "messages[1].role"), (#"{"messages":[\#(call)],\#(tools)}"#, "messages"),
        (#"{"messages":[{"role":"user","content":[{"text":" "}]}]}"#, "messages[0].content[0].text"),
        (#"{"messages":[{"role":"user","content":[{"text":"a","image":{"format":"png","source":{}}}]}]}"#, "messages[0].content[0]"),
        (#"{"messages":[{"role":"user","content":[{"image":{"format":"tiff","source":{}}}]}]}"#, "messages[0].content[0].image.format"),
        (#"{"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"a","source":{"bytes":"AA=="}}}]}]}"#, "messages[0].content"),
        (#"{"messages":[{"role":"user","content":[{"text":"a"},{"document":{"name":"a.pdf","source":{"bytes":"AA=="}}}]}]}"#, "messages[0].content[1].document.name"),
        (#"{"messages":[\#(turn),\#(call)],\#(tools)}"#, "messages"), (#"{"messages":[\#(turn),\#(call),\#(turn)],\#(tools)}"#, "messages[2].content"),
        (#"{"messages":[\#(turn),\#(call)]}"#, "toolConfig"),
        (#"{"messages":[\#(turn)],"system":[{"text":""}]}"#, "system[0].text"), (#"{"messages":[\#(turn)],"toolConfig":{"tools":[]}}"#, "toolConfig.tools"),
        (#"{"messages":[\#(turn)],"toolConfig":{"tools":[{"toolSpec":{"name":"a b","inputSchema":{"json":{"type":"object"}}}}]}}"#, "toolConfig.tools[0].toolSpec.name"),
        (#"{"messages":[\#(turn)],"toolConfig":{"tools":[{"toolSpec":{"name":"a","inputSchema":{"json":{}}}}]}}"#, "toolConfig.tools[0].toolSpec.inputSchema.json.type"),
        (#"{"messages":[\#(turn)],"inferenceConfig":{"temperature":1.5}}"#, "inferenceConfig.temperature"),
        (#"{"messages":[\#(turn)],"inferenceConfig":{"stopSequences":[""]}}"#, "inferenceConfig.stopSequences[0]"),
    ])
    func strict(body: String, path: String) throws {
        var tape = JSONTape()
        let bytes = Array(body.utf8)
        let found = try bytes.withUnsafeBufferPointer { buffer in
            let base = try #require(buffer.baseAddress)
            return BedrockCheck.fault(in: try tape.parse(ByteSlice(base, count: buffer.count)), at: .converse)?.path ?? ""
        }
        #expect(found == path)
    }
}
