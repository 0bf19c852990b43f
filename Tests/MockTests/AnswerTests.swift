import Glibc
import Mock
import Testing

@Suite("Mock provider's answers")
struct AnswerTests {
    @Test("an answer that is not streamed carries its text and its usage")
    func chatAnswers() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.post("/v1/chat/completions", #"{"model":"mock?reply=one+two+three","messages":[{"role":"user","content":"12345"}]}"#)
            let answer = client.answer()
            #expect(answer.status == 200 && answer.isWhole)
            #expect(answer.field("content-type") == "application/json")
            #expect(answer.body.contains(#""content":"one two three""#))
            #expect(answer.body.contains(#""prompt_tokens":2,"completion_tokens":3,"total_tokens":5"#))
        }
    }

    @Test("usage stands in a stream only when it was asked for, and then as the provider does it")
    func streamUsage() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat("mock?tokens=3", streams: true)
            let plain = client.answer()
            #expect(plain.isWhole && plain.events.count == 6 && plain.events.last == "[DONE]")
            #expect(plain.field("content-type") == "text/event-stream; charset=utf-8")
            #expect(!plain.body.contains("usage"))
            client.chat("mock?tokens=3", streams: true, more: #","stream_options":{"include_usage":true}"#)
            let counted = client.answer().events
            #expect(counted.count == 7)
            #expect(counted.dropLast(2).allSatisfy { $0.hasSuffix(#","usage":null}"#) })
            #expect(counted[5].contains(#""choices":[],"usage":{"prompt_tokens":1,"completion_tokens":3,"#))
        }
    }

    @Test("a stream says the same as the answer in one piece", arguments: [
        "mock", "mock?tokens=100", "mock?tokens=2", "mock?tokens=0", "mock?size=1000", "mock?size=1000&tokens=7", "mock?reply=%C3%B6%22",
        "mock?size=200000", "mock?tokens=50&chunk=7", "mock?tokens=8&gap=1",
    ])
    func streamsEqualWholes(_ model: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat(model)
            let whole = client.answer()
            client.chat(model, streams: true)
            let stream = client.answer()
            #expect(whole.isWhole && stream.isWhole)
            let said = stream.events.compactMap { event in
                between(event, #""delta":{"content":""#, #""},"logprobs""#)
            }.joined()
            #expect(between(whole.body, #""content":""#, #"","refusal""#) == said)
        }
    }

    @Test("messages stream from start to stop in Anthropic's events")
    func messagesStream() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.post("/v1/messages", #"{"model":"mock?tokens=2","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#)
            let names = client.answer().body.split(separator: "\n").filter { $0.hasPrefix("event: ") }.map { $0.dropFirst(7) }
            #expect(names == [
                "message_start", "content_block_start", "ping", "content_block_delta", "content_block_delta", "content_block_stop",
                "message_delta", "message_stop",
            ])
        }
    }

    @Test("errors speak the endpoint's dialect")
    func errorsSpeakTheDialect() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat("mock?status=429&retry_after=7")
            let first = client.answer()
            #expect(first.status == 429 && first.field("retry-after") == "7")
            #expect(first.body.hasPrefix(#"{"error":{"message":""#) && first.body.contains("rate_limit_exceeded"))
            client.post("/v1/messages", #"{"model":"mock?status=529"}"#)
            let second = client.answer()
            #expect(second.status == 529)
            #expect(second.body.hasPrefix(#"{"type":"error","error":{"type":"overloaded_error""#))
            client.chat("mock?status=204")
            #expect(client.answer().status == 204)
            client.chat("mock?status=302")
            #expect(client.answer().field("location") == "/v1/models")
        }
    }

    @Test("an unknown script key is a 400 that names it and the known ones")
    func unknownKeysAreNamed() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat("mock?tokenz=3")
            let answer = client.answer()
            #expect(answer.status == 400)
            #expect(answer.body.contains("'tokenz'") && answer.body.contains("latency, tokens, gap"))
        }
    }

    @Test("a script is read from an escaped name, from a form, and from a field")
    func scriptsAreFound() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat(#"mock?tokens=1\u0026status=418"#)
            #expect(client.answer().status == 418)
            let form = "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nmock?status=503\r\n--b--\r\n"
            client.post("/v1/audio/transcriptions", form, fields: "content-type: multipart/form-data; boundary=b\r\n")
            #expect(client.answer().status == 503)
            client.send("GET /v1/models HTTP/1.1\r\nhost: m\r\nX-Mock-Model: mock?status=404\r\n\r\n")
            #expect(client.answer().status == 404)
        }
    }

    @Test("the first K requests of a user fail, over whichever connection they come")
    func failuresAreCountedByUser() throws {
        try withServer(workers: 2) { server in
            var statuses: [Int] = []
            for user in ["a", "a", "b", "a", "b", "b"] {
                let client = try TestClient(server)
                client.chat("mock?fail=2&status=503", more: #","user":"\#(user)""#)
                statuses.append(client.answer().status)
            }
            #expect(statuses == [503, 503, 503, 200, 503, 200])
        }
    }

    @Test("an echo holds the request byte for byte")
    func echoesAreExact() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("PUT /anything/%41?q=1 HTTP/1.1\r\nHost: mock\r\nX-Odd:  a\tb \r\ncontent-length: 4\r\n\r\nA\u{00}\"\\")
            let answer = client.answer()
            #expect(
                answer.body
                    == #"{"method":"PUT","target":"/anything/%41?q=1","headers":[["Host","mock"],["X-Odd","a\tb"],["content-length","4"]],"body":"A\u0000\"\\","body_base64":"QQAiXA=="}"#)
            client.chat("mock?echo=1", more: #","x":1.50"#)
            #expect(client.answer().body.contains(#"\\\"x\\\":1.50}\","#))
        }
    }

    @Test("a tool is called with what its schema requires, and its result is answered in words")
    func toolsAreCalled() throws {
        let tools = #"[{"type":"function","function":{"name":"f","parameters":{"properties":{"s":{"type":"string"},"n":{"type":"number"},"e":{"enum":["x"]},"o":{"type":"object"}},"required":["s","n","e","o"]}}}]"#
        try withServer { server in
            let client = try TestClient(server)
            client.chat("mock", more: #","tools":\#(tools)"#)
            let call = client.answer().body
            #expect(call.contains(#""function":{"name":"f","arguments":"{\"s\":\"mock\",\"n\":1,\"e\":\"x\",\"o\":{}}"}"#))
            #expect(call.contains(#""finish_reason":"tool_calls""#))
            client.chat("mock", more: #","tool_choice":"none","tools":\#(tools)"#)
            #expect(client.answer().body.contains(#""finish_reason":"stop""#))
            client.post("/v1/chat/completions", #"{"model":"mock","tools":\#(tools),"messages":[{"role":"tool","content":"1"}]}"#)
            #expect(client.answer().body.contains(#""finish_reason":"stop""#))
        }
    }

    @Test("what embeddings take is counted as it is told")
    func embeddingsAreBilled() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.post("/v1/embeddings", #"{"model":"mock","input":["12345","678"]}"#)
            #expect(client.answer().body.contains(#""usage":{"prompt_tokens":2,"total_tokens":2}"#))
            #expect(server.statistics().billedInputTokens == 2 && server.statistics().billedOutputTokens == 0)
        }
    }

    @Test("embeddings are the same in numbers and in base64, for the same input")
    func embeddingsAreDeterministic() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.post("/v1/embeddings", #"{"model":"mock","input":["a","a"],"dimensions":1}"#)
            let numbers = client.answer().body
            client.post("/v1/embeddings", #"{"model":"mock","input":"a","dimensions":1,"encoding_format":"base64"}"#)
            let coded = client.answer().body
            let number = try #require(between(numbers, #""index":0,"embedding":["#, "]").flatMap { Float($0) })
            #expect(numbers.contains(#""index":1,"embedding":[\#(between(numbers, #""index":0,"embedding":["#, "]") ?? "")]"#))
            let bytes = withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
            #expect(between(coded, #""embedding":""#, #"""#).map { decodeBase64($0) } == bytes)
        }
    }

    @Test("an upload is described part by part")
    func uploadsAreDescribed() throws {
        try withServer { server in
            let client = try TestClient(server)
            let body = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n\r\n--b--\r\n"
            client.post("/v1/files", body, fields: "content-type: multipart/form-data; boundary=b\r\n")
            let answer = client.answer().body
            #expect(answer.contains(#""bytes":7,"filename":"a.txt","purpose":"batch""#))
            #expect(answer.contains(#""received":{"bytes":\#(body.utf8.count),"#))
        }
    }

    @Test("statistics count requests and streams, and are zeroed")
    func statisticsCount() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat("mock")
            _ = client.answer()
            client.chat("mock", streams: true)
            _ = client.answer()
            client.send("GET /mock/stats HTTP/1.1\r\nhost: mock\r\n\r\n")
            #expect(client.answer().body.hasPrefix(#"{"requests":2,"open_connections":1,"accepted_connections":1,"started_streams":1,"completed_streams":1,"aborted_by_client":0,"#))
            client.post("/mock/reset", "")
            #expect(client.answer().body == #"{"reset":true}"#)
            #expect(server.statistics().requests == 0 && server.statistics().openConnections == 1)
        }
    }
}

/// What stands between the first `opening` and the next `closing`.
func between(_ text: String, _ opening: String, _ closing: String) -> String? {
    guard let start = text.firstRange(of: opening)?.upperBound, let end = text[start...].firstRange(of: closing)?.lowerBound else { return nil }
    return String(text[start..<end])
}

private func decodeBase64(_ text: String) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bits = 0
    var value = 0
    var bytes: [UInt8] = []
    for character in text.utf8 {
        guard let digit = alphabet.firstIndex(of: character) else { break }
        value = (value << 6 | digit) & 0xFFFF
        bits += 6
        if bits >= 8 {
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> bits))
        }
    }
    return bytes
}
