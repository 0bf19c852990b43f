import Mock
import Testing

/// Asks a model of Gemini's; `model` is written as it stands in the path.
private func ask(
    _ client: TestClient, _ model: String, _ method: String = "generateContent", _ body: String = #"{"contents":[{"parts":[{"text":"hi"}]}]}"#,
    fields: String = "x-goog-api-key: k\r\n"
) -> TestClient.Answer {
    client.post("/v1beta/models/\(model):\(method)", body, fields: fields)
    return client.answer()
}

@Suite("Mock provider speaking Gemini")
struct GeminiTests {
    @Test("an answer has candidates, usage and the model's version, whatever way the script is written")
    func answers() throws {
        try withServer { server in
            let client = try TestClient(server)
            for model in ["mock%3Ftokens%3D2", "mock%3ftokens=2"] {
                let answer = ask(client, model)
                #expect(answer.status == 200 && answer.isWhole && answer.field("content-type") == "application/json; charset=utf-8")
                #expect(answer.body.hasPrefix(
                    #"{"candidates":[{"content":{"parts":[{"text":"Hello! This"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3,"#))
                #expect(answer.body.contains(#""modelVersion":"mock?tokens=2","#))
            }
        }
    }

    @Test("the paths of v1 are Gemini's too when a method or a field says so")
    func versionOne() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.post("/v1/models/mock:countTokens", #"{"contents":[{"parts":[{"text":"12345678"}]}]}"#)
            #expect(client.answer().body.hasPrefix(#"{"totalTokens":2,"#))
            client.send("GET /v1/models HTTP/1.1\r\nhost: m\r\nx-goog-api-key: k\r\n\r\n")
            #expect(client.answer().body.hasPrefix(#"{"models":[{"name":"models/mock","#))
            client.send("GET /v1/models HTTP/1.1\r\nhost: m\r\n\r\n")
            #expect(client.answer().body.hasPrefix(#"{"object":"list","#))
        }
    }

    @Test("a stream is asked for with alt=sse, says what the whole says, and has no last event")
    func streams() throws {
        try withServer { server in
            let client = try TestClient(server)
            let refused = ask(client, "mock", "streamGenerateContent")
            #expect(refused.status == 400 && refused.body.contains("alt=sse"))
            let stream = ask(client, "mock%3Ftokens=3", "streamGenerateContent?alt=sse")
            #expect(stream.isWhole && stream.field("content-type") == "text/event-stream")
            #expect(stream.body.hasSuffix("}\r\n\r\n") && stream.events.count == 4)
            #expect(stream.events.dropLast().allSatisfy { !$0.contains("finishReason") })
            #expect(stream.events[3].contains(#""finishReason":"STOP""#) && stream.events[3].contains(#""candidatesTokenCount":3,"totalTokenCount":4"#))
            #expect(stream.events.compactMap { between($0, #""text":""#, #"""#) }.joined() == "Hello! This is")
        }
    }

    @Test("a key in the URL is refused, as is a path that Google would not know")
    func refusals() throws {
        try withServer { server in
            let client = try TestClient(server)
            let inURL = ask(client, "mock", "generateContent?key=secret")
            #expect(inURL.status == 400 && inURL.body.contains("x-goog-api-key") && !inURL.body.contains("secret"))
            #expect(inURL.body.hasPrefix(#"{"error":{"code":400,"message":""#) && inURL.body.hasSuffix(#","status":"INVALID_ARGUMENT"}}"#))
            let unknown = ask(client, "mock", "generateText")
            #expect(unknown.status == 404 && unknown.body.contains(#""status":"NOT_FOUND""#))
        }
    }

    @Test("errors have Google's words", arguments: [
        (401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"), (429, "RESOURCE_EXHAUSTED"), (500, "INTERNAL"), (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"), (418, "INVALID_ARGUMENT"),
    ])
    func errorsHaveWords(_ status: Int, _ word: String) throws {
        try withServer { server in
            let answer = ask(try TestClient(server), "mock%3Fstatus=\(status)%26retry_after=7")
            #expect(answer.status == status && answer.field("retry-after") == "7")
            #expect(answer.body.hasPrefix(#"{"error":{"code":\#(status),"#) && answer.body.contains(#""status":"\#(word)""#))
            #expect(answer.body.contains(#""retryDelay":"7s""#))
        }
    }

    @Test("the first K fail of each label or field that names a user")
    func failuresAreCounted() throws {
        try withServer { server in
            let client = try TestClient(server)
            func status(label: String = "", field: String = "") -> Int {
                let body = #"{"contents":[],"labels":{"user":"\#(label)"}}"#
                return ask(client, "mock%3Ffail=1", "generateContent", body, fields: field.isEmpty ? "" : "X-Mock-User: \(field)\r\n").status
            }
            #expect([status(label: "a"), status(label: "a"), status(label: "b"), status(field: "c"), status(field: "c")] == [500, 200, 500, 500, 200])
        }
    }

    @Test("faults happen to it as to the others")
    func faults() throws {
        try withServer { server in
            let method = "streamGenerateContent?alt=sse"
            let cut = ask(try TestClient(server), "mock%3Fcut=2", method)
            #expect(!cut.isWhole && cut.events.count == 2)
            let client = try TestClient(server)
            let garbled = ask(client, "mock%3Fgarbage=1&tokens=2", method)
            #expect(garbled.isWhole && garbled.events.count == 4)
            #expect(ask(client, "mock%3Fsize=500000").body.utf8.count > 500_000)
            #expect(ask(client, "mock%3Fecho=1").body.contains("x-goog-api-key"))
            let held = milliseconds { _ = ask(client, "mock%3Flatency=30&tokens=3&gap=10", method) }
            #expect(held >= 50)
        }
    }

    @Test("tokens are counted, and embeddings are those that OpenAI's endpoint gives")
    func otherMethods() throws {
        try withServer { server in
            let client = try TestClient(server)
            let counted = ask(client, "mock", "countTokens", #"{"generateContentRequest":{"contents":[{"parts":[{"text":"12345"}]}]}}"#)
            #expect(counted.body.hasPrefix(#"{"totalTokens":2,"#))
            let one = ask(client, "mock", "embedContent", #"{"content":{"parts":[{"text":"a"}]},"outputDimensionality":2}"#).body
            let value = try #require(between(one, #"{"embedding":{"values":["#, "]"))
            let two = #"{"content":{"parts":[{"text":"a"}]},"outputDimensionality":2}"#
            #expect(ask(client, "mock", "batchEmbedContents", #"{"requests":[\#(two),\#(two)]}"#).body
                == #"{"embeddings":[{"values":[\#(value)]},{"values":[\#(value)]}]}"#)
            client.post("/v1/embeddings", #"{"model":"mock","input":"a","dimensions":2}"#)
            #expect(client.answer().body.contains("[\(value)]"))
            client.send("GET /v1beta/models/mock%3Fx HTTP/1.1\r\nhost: m\r\n\r\n")
            #expect(client.answer().body.hasPrefix(#"{"name":"models/mock?x","#))
        }
    }

    @Test("a declared function is called once unasked, and its response is answered in words")
    func functionsAreCalled() throws {
        try withServer { server in
            let client = try TestClient(server)
            let tools = #""tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a"]}}]}]"#
            func body(_ more: String, _ turns: String) -> String { #"{"contents":[\#(turns)],\#(tools)\#(more)}"# }
            let asks = #"{"role":"user","parts":[{"text":"x"}]}"#
            #expect(ask(client, "mock", "generateContent", body("", asks)).body.contains(#"{"functionCall":{"name":"f","args":{"a":"mock"}}}"#))
            let none = #","toolConfig":{"functionCallingConfig":{"mode":"NONE"}}"#
            #expect(!ask(client, "mock", "generateContent", body(none, asks)).body.contains("functionCall"))
            let response = #"{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}"#
            #expect(!ask(client, "mock", "generateContent", body("", response)).body.contains("functionCall"))
        }
    }
}

@Suite("Mock provider speaking Azure")
struct AzureTests {
    @Test("the deployment is the script, and the version of the API has to be said")
    func deployments() throws {
        try withServer { server in
            let client = try TestClient(server)
            let body = #"{"model":"mock?status=500","messages":[{"role":"user","content":"hi"}]}"#
            client.post("/openai/deployments/mock%3Ftokens%3D2/chat/completions?api-version=2024-10-21", body, fields: "api-key: k\r\n")
            let answer = client.answer().body
            #expect(answer.contains(#""model":"mock?tokens=2""#) && answer.contains(#""content":"Hello! This""#))
            #expect(answer.contains(#","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"#))
            #expect(answer.contains(#""finish_reason":"stop","content_filter_results":{"hate""#))
            for path in ["deployments/mock/chat/completions", "deployments/mock/chat/completions?api-version=", "models?api-version=1"] {
                client.post("/openai/\(path)", body)
                let refused = client.answer()
                #expect(refused.status == 404 && refused.body == #"{"error":{"code":"404","message":"Resource not found"}}"#)
            }
            client.post("/openai/v1/chat/completions", body)
            #expect(client.answer().status == 500)
            client.post("/openai/deployments/mock/embeddings?api-version=1", #"{"input":"a"}"#)
            #expect(client.answer().body.contains(#""model":"mock""#))
        }
    }

    @Test("a stream begins with a chunk that has no choices")
    func streams() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.post(
                "/openai/deployments/mock%3Ftokens=1%26finish=content_filter/chat/completions?api-version=1", #"{"stream":true,"messages":[]}"#)
            let events = client.answer().events
            #expect(events.count == 5 && events[0].hasPrefix(#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"#))
            #expect(events[2].hasSuffix(#""finish_reason":null,"content_filter_results":{}}]}"#))
            #expect(events[3].contains(#""finish_reason":"content_filter","content_filter_results":{"#) && events[3].contains(#"{"filtered":true"#))
            #expect(events[4] == "[DONE]")
        }
    }

    @Test("its front speaks in codes, its models as OpenAI's", arguments: [(429, #"{"error":{"code":"429","message":""#), (400, #"{"error":{"message":""#)])
    func errorsHaveShapes(_ status: Int, _ opening: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            client.post("/openai/deployments/mock%3Fstatus=\(status)/chat/completions?api-version=1", "{}")
            let answer = client.answer()
            #expect(answer.status == status && answer.body.hasPrefix(opening))
        }
    }
}
