import Mock
import Testing

@Suite("Mock provider behind Vertex AI's paths")
struct VertexTests {
    private static let root = "/v1/projects/p/locations/us-east5"
    private static let contents = #"{"contents":[{"role":"user","parts":[{"text":"12345678"}]}]}"#
    private static let chat = #"{"model":"mock?tokens=2","messages":[{"role":"user","content":"hi"}]}"#
    private static let message = #"{"anthropic_version":"vertex-2023-10-16","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#

    private func answer(_ client: TestClient, _ path: String, _ body: String, token: Bool = true) -> TestClient.Answer {
        client.post(Self.root + path, body, fields: token ? "authorization: Bearer t\r\n" : "")
        return client.answer()
    }

    @Test(
        "each maker's models answer in its own dialect",
        arguments: [
            ("/publishers/google/models/mock%3Ftokens=2:generateContent", contents, #"{"candidates":[{"content":"#),
            ("/publishers/google/models/mock:countTokens", contents, #"{"totalTokens":2,"#),
            ("/publishers/google/models/mock:predict", #"{"instances":[{"content":"12345678"}]}"#, #"{"predictions":[{"embeddings":{"statistics":{"truncated":false,"token_count":2},"values":["#),
            ("/publishers/anthropic/models/mock%3Ftokens=2:rawPredict", message, #"{"id":"msg_"#),
            ("/publishers/anthropic/models/count-tokens:rawPredict", #"{"model":"mock","messages":[]}"#, #"{"input_tokens":0}"#),
            ("/publishers/mistralai/models/mock:rawPredict", chat, #"{"id":"chatcmpl-"#),
            ("/endpoints/openapi/chat/completions", chat, #"{"id":"chatcmpl-"#), ("/endpoints/7/chat/completions", chat, #"{"id":"chatcmpl-"#),
        ])
    func dialects(path: String, body: String, start: String) throws {
        try withServer { server in
            let found = answer(try TestClient(server), path, body)
            #expect(found.status == 200 && found.body.hasPrefix(start), "\(found.body)")
        }
    }

    @Test(
        "what Google has no path for is a 404",
        arguments: ["", "/endpoints/7", "/publishers/google/models/mock", "/publishers/google/models/mock:rawPredict", "/publishers/anthropic/models/mock:generateContent", "/publishers/nobody/models/mock:rawPredict"])
    func unknown(path: String) throws {
        try withServer { server in
            let found = answer(try TestClient(server), path, Self.message)
            #expect(found.status == 404)
        }
    }

    @Test("the strict mock wants a token, Anthropic's version in the body, and nothing that Vertex AI does not document")
    func strict() throws {
        var options = MockOptions()
        options.isStrict = true
        try withServer(options: options) { server in
            let client = try TestClient(server)
            let claude = "/publishers/anthropic/models/mock:rawPredict"
            let gemini = "/publishers/google/models/mock:"
            #expect(answer(client, claude, Self.message).status == 200)
            #expect(answer(client, claude, Self.message, token: false).status == 401)
            #expect(answer(client, claude, Self.message.replacing("vertex-2023-10-16", with: "2023-06-01")).status == 400)
            #expect(answer(client, claude, Self.message.replacing("{\"anth", with: "{\"model\":\"m\",\"anth")).status == 400)
            #expect(answer(client, gemini + "generateContent", Self.contents).status == 200)
            #expect(answer(client, gemini + "generateContent", Self.contents.replacing("{\"contents", with: "{\"store\":true,\"contents")).status == 400)
            #expect(answer(client, gemini + "countTokens", Self.contents).status == 200)
            #expect(answer(client, gemini + "countTokens", Self.contents.replacing("{\"contents", with: "{\"toolConfig\":{},\"contents")).status == 400)
            #expect(answer(client, gemini + "predict", #"{"instances":[{"content":"a"}],"parameters":{"outputDimensionality":4}}"#).status == 200)
            #expect(answer(client, gemini + "predict", #"{"instances":["a"]}"#).status == 400)
        }
    }
}
