import Bytes
import Glibc
import JSON
import Testing

@testable import Mock

@Suite("Bodies nobody meant to send")
struct HostileInputTests {
    private static let seed = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...UInt64.max)

    private static let chat = Array(
        #"""
        {"model":"mock","user":"u","stream":true,"stream_options":{"include_usage":true},"metadata":{"user_id":"m"},"tool_choice":
        {"type":"function","function":{"name":"f"}},"tools":[{"type":"function","function":{"name":"f","parameters":{"required":["a","b"],
        "properties":{"a":{"type":"string"},"b":{"enum":[1,[2]]}}}}},{"name":"g","input_schema":{"required":["\u0061"]}}],"messages":
        [{"role":"user","content":[{"type":"text","text":"\ud83d\ude00 \"x\""},"y",[["z"]]]},{"role":"user","content":[{"type":"tool_result"}]}]}
        """#.utf8)

    private static let upload = Array(
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nxx--b\r\n--b\r\n\r\n\r\n--b\r\n name=\"\r\n\r\n\r\n--b--\r\n".utf8)

    @Test("changed bodies are read or refused, and never read past their end")
    func changedBodies() {
        print("SLUICE_SEED=\(Self.seed)")
        var random = Random(seed: Self.seed)
        var reader = BodyReader()
        var arguments = Output()
        var read = 0
        for _ in 0..<20_000 {
            exactly(changed(Self.chat, &random)) { body in
                do throws(JSONError) {
                    let ask = try reader.read(body, form: .chat, arguments: &arguments)
                    #expect(ask.promptTokens <= body.count)
                    if ask.toolName != nil { try JSONText.validate(arguments.bytes) }
                    read += 1
                } catch {
                    #expect(error.offset <= body.count)
                }
            }
        }
        #expect(read > 0)
    }

    private static let gemini = Array(
        #"""
        {"contents":[{"role":"user","parts":[{"text":"a"},{"inlineData":{"mimeType":"m","data":""}}]},{"role":"model","parts":[{"functionCall":
        {"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}],"labels":{"user":"u"},"tools":
        [{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"ARRAY","items":{"type":"STRING"}}}}}]}],
        "generationConfig":{"temperature":1.0,"responseMimeType":"application/json","responseJsonSchema":{"$ref":"#/$defs/a","$defs":
        {"a":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}}}}}
        """#.utf8)

    private static let messages = Array(
        #"""
        {"model":"m","max_tokens":4096,"temperature":1.0,"stop_sequences":["a"],"system":[{"type":"text","text":"s"}],"thinking":{"type":"enabled",
        "budget_tokens":1024},"tools":[{"name":"f","input_schema":{"type":"object","properties":{"a":{}},"required":["a","\u0061"]}}],"messages":
        [{"role":"user","content":"x\n"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user",
        "content":[{"type":"tool_result","tool_use_id":"a","content":"1"}]}],"output_config":{"format":{"type":"json_schema","schema":{}}}}
        """#.utf8)

    @Test("changed bodies are judged, and the values made of their schemas are JSON", arguments: [Form.chat, .messages, .gemini])
    func changedBodiesAreJudged(_ form: Form) throws {
        var random = Random(seed: Self.seed)
        var tape = JSONTape()
        var output = Output()
        var sound = 0
        for _ in 0..<10_000 {
            exactly(changed(form == .chat ? Self.chat : form == .messages ? Self.messages : Self.gemini, &random)) { bytes in
                guard let body = try? tape.parse(bytes) else { return }
                let fault =
                    switch form {
                    case .chat: OpenAICheck.fault(in: body, at: .chat, .openAI)
                    case .messages: AnthropicCheck.fault(in: body, at: .messages, isOlder: true)
                    default: GeminiCheck.fault(in: body, at: .generate)
                    }
                if fault == nil { sound += 1 }
                for tool in DeclaredTool.callable(in: body, form: form) ?? [] {
                    output.removeAll()
                    tool.writeArguments(into: &output)
                    #expect(output.bytes.hasPrefix("{") && isJSON(output.bytes))
                }
                guard let schema = RequestedSchema.find(in: body, form: form) else { return }
                output.removeAll()
                SchemaSample(root: schema).write(schema, into: &output)
                #expect(isJSON(output.bytes))
            }
        }
        #expect(sound > 0 || form == .chat)
    }

    private func isJSON(_ bytes: ByteSlice) -> Bool { (try? JSONText.validate(bytes)) != nil }

    @Test("changed transcripts are read or refused with a line of theirs")
    func changedTranscripts() {
        let text = Array("status: 200\nheader: content-type: text/event-stream\ngap: 1\n\ndata: 1\r\n\r\n---\nlatency: 2\n\n{}\n---\n\n".utf8)
        var random = Random(seed: Self.seed)
        for _ in 0..<20_000 {
            let changed = changed(text, &random)
            do throws(TranscriptError) {
                let answers = try MockTranscript(changed).answers
                for answer in answers where answer.isStream { #expect(answer.events.reduce(0) { $0 + $1.count } == answer.body.count) }
            } catch {
                #expect(error.line >= 1 && error.line <= changed.count { $0 == 0x0A } + 1)
            }
        }
    }

    @Test("changed paths lead somewhere")
    func changedPaths() {
        var random = Random(seed: Self.seed)
        for text in ["/v1beta/models/a%3Fb:generateContent", "/openai/deployments/x/chat/completions", "/v1/models/a:countTokens"] {
            for _ in 0..<5_000 {
                exactly(changed(Array(text.utf8), &random)) { path in
                    let address = Address(path, isPost: random.next() % 2 == 0, isAnthropic: false, isGoogle: random.next() % 2 == 0)
                    #expect(address.model.count <= path.count)
                }
            }
        }
    }

    @Test("changed uploads have parts within their bytes")
    func changedUploads() {
        var random = Random(seed: Self.seed)
        for _ in 0..<20_000 {
            exactly(changed(Self.upload, &random)) { body in
                var parts = MultipartParts(body, contentType: ByteSlice("multipart/form-data; boundary=\"b\""))
                var sum = 0
                while let part = parts.next() { sum += part.content.count }
                #expect(sum <= body.count)
            }
        }
    }

    /// Up to three changes: a byte set, a run removed, a run repeated.
    private func changed(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.next() % 4 where bytes.count > 1 {
            let at = Int(random.next() % UInt64(bytes.count))
            let end = min(bytes.count, at + Int(random.next() % 12))
            switch random.next() % 3 {
            case 0: bytes[at] = Array(#""{}[],:\0n -"#.utf8)[Int(random.next() % 12)]
            case 1: bytes.removeSubrange(at..<end)
            default: bytes.insert(contentsOf: bytes[at..<end], at: at)
            }
        }
        return bytes
    }

    /// Lends a copy with nothing behind it, so that the address sanitizer sees each byte read too many.
    private func exactly(_ bytes: [UInt8], _ body: (ByteSlice) -> Void) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        defer { memory.deallocate() }
        memory.initialize(from: bytes, count: bytes.count)
        body(ByteSlice(memory, count: bytes.count))
    }
}
