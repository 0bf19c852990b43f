import Bytes
import JSON
import Providers
import Testing

@Suite("Round trips of conversations")
struct RoundTripTests {
    /// What a request says, in order: role and content, whatever the messages it came in.
    private func said(_ request: ChatRequest) -> [String] {
        request.parts.map { part in
            let content: String =
                switch part.content {
                case .text(let text), .refusal(let text): "text \(String(text.content))"
                case .media(let media):
                    switch media.source {
                    case .base64(let type, let data): "\(media.kind) \(String(type)) \(String(data))"
                    case .url(let url): "\(media.kind) \(String(url.content))"
                    case .text(let text): "\(media.kind) text \(String(text.content))"
                    case .file(let id): "\(media.kind) file \(String(id.content))"
                    }
                case .toolCall(let id, let name, let arguments, _): "call \(id.map { String($0.content) } ?? "-") \(String(name.content)) \(text(arguments))"
                case .toolResult(let id, _, let isError): "result \(id.map { String($0.content) } ?? "-") \(isError)"
                case .thinking(let text, _): "thinking \(String(text.content))"
                case .redactedThinking(let data): "redacted \(String(data.content))"
                }
            return "\(part.role)\(part.isInResult ? " in result" : ""): \(content)"
        }
    }

    private func text(_ arguments: ChatRequest.Arguments) -> String {
        switch arguments {
        case .json(let value): return String(value.bytes)
        case .text(let string):
            var room = [UInt8](repeating: 0, count: string.content.count + 1)
            return room.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return "" }
                var writer = ByteWriter(base, capacity: buffer.count)
                string.decode(into: &writer)
                return String(writer.written)
            }
        }
    }

    /// A conversation as an agent has it: turns, pictures, parallel calls and their results.
    private func conversation(_ random: inout SeededGenerator) -> String {
        let texts = ["hi", "a \\\"quoted\\\" word", "line\\nline", "\\u00e9\\ud83d\\ude00", "水", "{}", "\\\\"]
        func text() -> String { texts.randomElement(using: &random) ?? "hi" }
        var messages = [#"{"role":"system","content":"\#(text())"}"#]
        var calls = 0
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            var user = #"{"role":"user","content":[{"type":"text","text":"\#(text())"}"#
            if Bool.random(using: &random) { user += #",{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}"# }
            if Bool.random(using: &random) { user += #",{"type":"image_url","image_url":{"url":"https://example.com/\#(calls).png"}}"# }
            messages.append(user + "]}")
            let count = Int.random(in: 0...3, using: &random)
            guard count > 0 else {
                messages.append(#"{"role":"assistant","content":"\#(text())"}"#)
                continue
            }
            let first = calls
            calls += count
            let made = (first..<calls).map { #"{"id":"call_\#($0)","type":"function","function":{"name":"f\#($0 % 2)","arguments":"{\"a\":[\#($0),\"x\"]}"}}"# }
            let content = Bool.random(using: &random) ? "\"\(text())\"" : "null"
            messages.append(#"{"role":"assistant","content":\#(content),"tool_calls":[\#(made.joined(separator: ","))]}"#)
            for call in first..<calls { messages.append(#"{"role":"tool","tool_call_id":"call_\#(call)","content":"\#(text())"}"#) }
            messages.append(#"{"role":"assistant","content":"\#(text())"}"#)
        }
        messages.append(#"{"role":"user","content":"\#(text())"}"#)
        return #"{"model":"claude-sonnet-4-5","messages":[\#(messages.joined(separator: ","))],"max_completion_tokens":500,"stop":["a"],"temperature":0.5,"#
            + #""tools":[{"type":"function","function":{"name":"f0","parameters":{"type":"object"}}},{"type":"function","function":{"name":"f1","parameters":{"type":"object"}}}]}"#
    }

    @Test("any conversation of OpenAI's says the same after it has been Anthropic's")
    func openAIByAnthropic() throws {
        var random = SeededGenerator("round trips")
        for _ in 0..<400 {
            let body = Array(conversation(&random).utf8)
            var tape = JSONTape()
            var request = ChatRequest()
            var notes = TranslationNotes()
            let before = try body.withParsed(&tape) { root in
                try OpenAIRequest.read(root, into: &request)
                return said(request)
            }
            let asAnthropic = try body.withParsed(&tape) { root in
                try OpenAIRequest.read(root, into: &request)
                return try written { (writer) throws(TranslationFault) in try AnthropicRequest.write(&request, RequestOptions(), to: &writer, &notes) }
            }
            let back = try asAnthropic.withParsed(&tape) { root in
                try AnthropicRequest.read(root, into: &request)
                return try written { (writer) throws(TranslationFault) in try OpenAIRequest.write(&request, RequestOptions(), to: &writer, &notes) }
            }
            let after = try back.withParsed(&tape) { root in
                try OpenAIRequest.read(root, into: &request)
                return said(request)
            }
            #expect(after == before, "\(String(decoding: body, as: UTF8.self))")
            #expect(notes.isEmpty, "something was told as dropped")
        }
    }

    private func written(_ body: (inout ByteWriter) throws(TranslationFault) -> Void) throws(TranslationFault) -> [UInt8] {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
        defer { memory.deallocate() }
        var writer = ByteWriter(memory, capacity: 1 << 16)
        try body(&writer)
        return Array(UnsafeBufferPointer(start: writer.written.base, count: writer.count))
    }
}

extension [UInt8] {
    /// Parses these bytes and lends the root for the length of the call.
    fileprivate func withParsed<Result>(_ tape: inout JSONTape, _ body: (JSONValue) throws -> Result) throws -> Result {
        try withUnsafeBufferPointer { buffer in
            let base = try #require(buffer.baseAddress)
            return try body(try tape.parse(ByteSlice(base, count: buffer.count)))
        }
    }
}
