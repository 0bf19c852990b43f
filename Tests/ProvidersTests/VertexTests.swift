import Bytes
import Testing

@testable import Providers

@Suite("Vertex AI")
struct VertexTests {
    @Test(
        "a model's name says whose it is, and Google's need no name",
        arguments: [
            ("gemini-2.5-pro", VertexModel.Publisher.google, 0), ("google.gemini-2.5-pro", .google, 7), ("google/gemini-2.5-pro", .google, 7),
            ("models/gemini-2.5-pro", .google, 0), ("anthropic.claude-sonnet-4-5@20250929", .anthropic, 10), ("mistralai.mistral-medium-3", .mistral, 10),
            ("meta.llama-4-scout-17b-16e-instruct-maas", .meta, 5), ("meta/llama-4", .meta, 5), ("endpoints.123", .endpoint, 10),
            ("deepseek-ai/deepseek-r1-0528-maas", .written, 0), ("openai/gpt-oss-120b-maas", .written, 0), ("Anthropic.claude", .google, 0),
            ("anthropic", .google, 0), ("", .google, 0),
        ])
    func publishers(name: String, publisher: VertexModel.Publisher, prefix: Int) {
        let model = withBytes(name) { VertexModel(named: $0) }
        #expect(model.publisher == publisher && model.prefixByteCount == prefix)
    }

    private func path(
        _ name: String, target: String = "/v1/chat/completions", _ endpoint: Endpoint = .chatCompletions, isStream: Bool = false, base: String = "/v1"
    ) -> String? {
        var isWritten = false
        let text = withBytes(name) { name in
            let model = VertexModel(named: name)
            return withBytes(target) { target in
                withBytes(base) { base in
                    written { writer in
                        isWritten = VertexPath.write(
                            target: target, endpoint: endpoint, VertexPath.Place(base: base, project: ByteSlice("p"), region: ByteSlice("us-east5")),
                            model: model, name: name.dropFirst(model.prefixByteCount), isStream: isStream, into: &writer)
                    }
                }
            }
        }
        return isWritten ? text : nil
    }

    private let root = "/v1/projects/p/locations/us-east5"

    @Test("each maker's models have paths of their own (the wire reference §6.3b)")
    func paths() {
        #expect(
            path("gemini-2.5-pro", target: "/v1/models/gemini-2.5-pro:streamGenerateContent?alt=sse")
                == "\(root)/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse")
        let claude = "anthropic.claude-sonnet-4-5@20250929"
        #expect(path(claude, target: "/v1/messages?beta=true", .messages) == "\(root)/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict")
        #expect(path(claude, isStream: true) == "\(root)/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict")
        #expect(path(claude, target: "/v1/messages/count_tokens", .countTokens) == "\(root)/publishers/anthropic/models/count-tokens:rawPredict")
        #expect(path("mistralai.mistral-medium-3") == "\(root)/publishers/mistralai/models/mistral-medium-3:rawPredict")
        #expect(path("meta.llama-4") == "\(root)/endpoints/openapi/chat/completions")
        #expect(path("deepseek-ai/deepseek-r1") == "\(root)/endpoints/openapi/chat/completions")
        #expect(path("endpoints.4567") == "\(root)/endpoints/4567/chat/completions")
        #expect(path("meta.llama-4", base: "/proxy/v1") == "/proxy/v1/projects/p/locations/us-east5/endpoints/openapi/chat/completions")
    }

    @Test(
        "no name leads to another path",
        arguments: ["anthropic.../../x", "anthropic...", "anthropic.", "mistralai.a/../b", "endpoints...", "anthropic.a\u{1}b"])
    func names(name: String) { #expect(path(name) == nil) }

    @Test("what could be taken for a path is one segment")
    func segments() {
        #expect(path("anthropic.a/b?c#d") == "\(root)/publishers/anthropic/models/a%2Fb%3Fc%23d:rawPredict")
        #expect(path("endpoints.a:b@c") == "\(root)/endpoints/a%3Ab@c/chat/completions")
    }

    @Test("a path below no version is none")
    func version() { #expect(path("meta.llama", target: "/v2/chat/completions") == nil) }

    @Test("a region makes the host", arguments: [
        ("us-central1", "us-central1-aiplatform.googleapis.com"), ("global", "aiplatform.googleapis.com"), ("eu", "aiplatform.eu.rep.googleapis.com"),
    ])
    func hosts(region: String, host: String) { #expect(VertexPath.host(ofRegion: region) == host) }

    @Test(
        "regions and projects are names that lead nowhere else",
        arguments: [
            ("us-central1", true, true), ("global", true, true), ("", false, false), ("a.b", false, true), ("example.com:p", false, true), ("x/y", false, false),
            ("x#y", false, false), ("-x", false, false), ("x-", false, false), (".x", false, false), ("evil.example/", false, false),
            (String(repeating: "a", count: 64), true, true), (String(repeating: "a", count: 65), false, false),
        ])
    func placeNames(name: String, isRegion: Bool, isProject: Bool) {
        #expect(withBytes(name) { VertexPath.isName($0, ofProject: false) } == isRegion)
        #expect(withBytes(name) { VertexPath.isName($0, ofProject: true) } == isProject)
    }

    @Test("the model's maker decides how a request gets there")
    func passages() {
        func passage(_ name: String, _ endpoint: Endpoint) -> Passage {
            let spoken = endpoint.clientDialect(sentAnthropicVersion: false)
            return withBytes(name) { VertexModel(named: $0).passage(of: endpoint, spoken: spoken) }
        }
        #expect(passage("gemini-2.5-pro", .chatCompletions) == .translated(Translation(.chat, from: .openAI, to: .gemini)))
        #expect(passage("gemini-2.5-pro", .messages) == .translated(Translation(.chat, from: .anthropic, to: .gemini)))
        #expect(passage("gemini-embedding-001", .embeddings) == .translated(Translation(.embeddings, from: .openAI, to: .gemini)))
        #expect(passage("anthropic.claude-3-haiku", .chatCompletions) == .translated(Translation(.chat, from: .openAI, to: .anthropic)))
        #expect(passage("anthropic.claude-3-haiku", .messages) == .direct && passage("anthropic.claude-3-haiku", .countTokens) == .direct)
        #expect(passage("meta.llama-4", .chatCompletions) == .direct)
        #expect(passage("meta.llama-4", .messages) == .translated(Translation(.chat, from: .anthropic, to: .openAI)))
        for endpoint in [Endpoint.embeddings, .completions, .responses, .countTokens, .imagesGenerations] {
            #expect(passage("meta.llama-4", endpoint) == .impossible, "\(endpoint)")
        }
        #expect(passage("anthropic.claude-3-haiku", .embeddings) == .impossible && passage("gemini-2.5-pro", .responses) == .impossible)
    }

    // MARK: Bodies

    private func translate(_ body: String, _ translation: Translation) throws -> (body: String, path: String, notes: String) {
        var translator = Translator()
        var options = RequestOptions()
        options.isVertex = true
        var path = ""
        var thrown: TranslationFault?
        let content = withBytes(body) { body in
            written { writer in
                path = written { pathWriter in
                    do throws(TranslationFault) {
                        try translator.writeRequest(body, translation, options, to: &writer, path: &pathWriter)
                    } catch {
                        thrown = error
                    }
                }
            }
        }
        if let thrown { throw thrown }
        return (content, path, written { translator.notes.write(into: &$0) })
    }

    @Test("Anthropic's bodies name a version, and their path the model")
    func anthropic() throws {
        let said = try translate(
            #"{"model":"claude-sonnet-4-5@20250929","max_tokens":7,"messages":[{"role":"user","content":"hi"}]}"#, Translation(.chat, from: .openAI, to: .anthropic))
        #expect(said.body.hasPrefix(#"{"anthropic_version":"vertex-2023-10-16","max_tokens":7,"messages":"#) && !said.body.contains("\"model\""))
    }

    @Test("Gemini's bodies are the same as at Google's own API, but for what Vertex AI does not know")
    func gemini() throws {
        let said = try translate(
            #"{"model":"gemini-2.5-pro","store":true,"messages":[{"role":"user","content":"hi"}]}"#, Translation(.chat, from: .openAI, to: .gemini))
        #expect(said.body == #"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"# && said.notes == "dropped: store")
        #expect(said.path == "/v1/models/gemini-2.5-pro:generateContent")
    }

    @Test("what is counted is a prompt, its words and its tools, and nothing else")
    func counts() throws {
        let said = try translate(
            #"{"model":"gemini-2.5-pro","system":"s","tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"},"messages":[{"role":"user","content":"hi"}]}"#,
            Translation(.countTokens, from: .anthropic, to: .gemini))
        #expect(said.path == "/v1/models/gemini-2.5-pro:countTokens" && said.notes.isEmpty)
        #expect(said.body.hasPrefix(#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"systemInstruction":"#))
        #expect(said.body.contains(#""tools":[{"functionDeclarations":[{"name":"f""#) && !said.body.contains("toolConfig"))
    }

    @Test("texts are predicted embeddings of, and their tokens counted, doubles among them")
    func embeddings() throws {
        let translation = Translation(.embeddings, from: .openAI, to: .gemini)
        let said = try translate(#"{"model":"text-embedding-005","input":["a","b\"c"],"dimensions":2}"#, translation)
        #expect(said.path == "/v1/models/text-embedding-005:predict")
        #expect(said.body == #"{"instances":[{"content":"a"},{"content":"b\"c"}],"parameters":{"outputDimensionality":2}}"#)
        #expect(try translate(#"{"model":"m","input":"a"}"#, translation).body == #"{"instances":[{"content":"a"}]}"#)
        #expect(throws: TranslationFault.self) { try translate(#"{"model":"m","input":[[1]]}"#, translation) }

        var options = AnswerOptions()
        options.model.set(ByteSlice("text-embedding-005"))
        var translator = Translator()
        let answer = #"{"predictions":[{"embeddings":{"statistics":{"token_count":2},"values":[0.5,1]}},{"embeddings":{"statistics":{"token_count":3.0},"values":[2,3]}}]}"#
        var thrown: TranslationFault?
        let text = withBytes(answer) { answer in
            written { writer in
                do throws(TranslationFault) { try translator.writeAnswer(answer, translation, options, to: &writer) } catch { thrown = error }
            }
        }
        #expect(thrown == nil)
        #expect(
            text
                == #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,1]},{"object":"embedding","index":1,"embedding":[2,3]}],"model":"text-embedding-005","usage":{"prompt_tokens":5,"total_tokens":5}}"#)
        for broken in [#"{"predictions":[{}]}"#, #"{"predictions":[{"embeddings":{}}]}"#, #"{"predictions":{}}"#] {
            var fault: TranslationFault?
            _ = withBytes(broken) { broken in
                written { writer in
                    do throws(TranslationFault) { try translator.writeAnswer(broken, translation, options, to: &writer) } catch { fault = error }
                }
            }
            #expect(fault?.kind == .unreadable, "\(broken)")
        }
    }
}
