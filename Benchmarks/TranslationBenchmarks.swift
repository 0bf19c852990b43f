import Bytes
import JSON
import Providers

/// What carrying a request or a token over into another dialect costs.
/// Each run returns something of its results, so that none can be left out by the optimiser.
var translationBenchmarks: [Benchmark] {
    [
        parsing("providers/tape, 2 KB openai request", request(byteCount: 2_000)),
        reading("providers/read 2 KB openai request", request(byteCount: 2_000)),
        reading("providers/read 50 KB openai request", request(byteCount: 50_000)),
        rewriting("providers/read and write 2 KB openai request", request(byteCount: 2_000)),
        event("providers/read and write openai content event"),
        translating("providers/translate 2 KB openai request to anthropic", request(byteCount: 2_000), to: .anthropic),
        translating("providers/translate 2 KB openai request to gemini", request(byteCount: 2_000), to: .gemini),
        streaming("providers/translate anthropic event to openai", Translation(.chat, from: .openAI, to: .anthropic),
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" lets a stream through"}}"#),
        streaming("providers/translate gemini event to anthropic", Translation(.chat, from: .anthropic, to: .gemini),
            #"{"candidates":[{"content":{"parts":[{"text":" lets a stream through"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":14},"modelVersion":"gemini-2.5-flash"}"#),
    ]
}

/// A request with a system prompt, a round trip of a tool and its declaration, and turns up to `byteCount`.
private func request(byteCount: Int) -> [UInt8] {
    var text = #"{"model":"gpt-4o-mini","messages":[{"role":"system","content":"You are terse."},"#
    text += #"{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"level","arguments":"{\"lock\":7}"}}]},"#
    text += #"{"role":"tool","tool_call_id":"call_1","content":"4.2 m"}"#
    while text.utf8.count < byteCount - 400 {
        text += #","# + #"{"role":"user","content":"The gate lets a stream through and decides how much of it, day and night.\nHow high is the water, and why?"}"#
    }
    text += #"],"temperature":0.7,"max_tokens":256,"stream":true,"tools":[{"type":"function","function":{"name":"level","description":"Tells the water level.","#
    text += #""parameters":{"type":"object","properties":{"lock":{"type":"integer"}},"required":["lock"]}}}]}"#
    return Array(text.utf8)
}

private func parsing(_ name: String, _ body: [UInt8]) -> Benchmark {
    Benchmark(name: name) { times in
        var tape = JSONTape()
        return body.withByteSlice { text in
            var sum: UInt64 = 1
            for _ in 0..<times {
                do throws(JSONError) { sum &+= UInt64(truncatingIfNeeded: try tape.parse(text).bytes.count) } catch { return 0 }
            }
            return sum
        }
    }
}

private func reading(_ name: String, _ body: [UInt8]) -> Benchmark {
    Benchmark(name: name) { times in
        var tape = JSONTape()
        var request = ChatRequest()
        return body.withByteSlice { text in
            var sum: UInt64 = 1
            for _ in 0..<times {
                do {
                    try OpenAIRequest.read(try tape.parse(text), into: &request)
                    sum &+= UInt64(request.parts.count)
                } catch { return 0 }
            }
            return sum
        }
    }
}

private func rewriting(_ name: String, _ body: [UInt8]) -> Benchmark {
    Benchmark(name: name) { times in
        var tape = JSONTape()
        var request = ChatRequest()
        let capacity = body.count * 2
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { memory.deallocate() }
        return body.withByteSlice { text in
            var sum: UInt64 = 1
            for _ in 0..<times {
                do {
                    var writer = ByteWriter(memory, capacity: capacity)
                    var notes = TranslationNotes()
                    try OpenAIRequest.read(try tape.parse(text), into: &request)
                    try OpenAIRequest.write(&request, RequestOptions(), to: &writer, &notes)
                    sum &+= UInt64(writer.count)
                } catch { return 0 }
            }
            return sum
        }
    }
}

private func event(_ name: String) -> Benchmark {
    let data = Array(
        #"{"id":"chatcmpl-9ijxZ9aSc8g8gYZ","object":"chat.completion.chunk","created":1720450129,"model":"gpt-4o","choices":[{"index":0,"delta":{"content":" sluice"},"logprobs":null,"finish_reason":null}]}"#
            .utf8)
    return Benchmark(name: name) { times in
        var tape = JSONTape()
        var reader = OpenAIAnswerReader()
        var answer = OpenAIAnswerWriter(AnswerOptions())
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { room in
            guard let base = room.baseAddress else { return 0 }
            return data.withByteSlice { text in
                var sum: UInt64 = 1
                for _ in 0..<times {
                    do {
                        var writer = ByteWriter(base, capacity: 1024)
                        try reader.readEvent(type: ByteSlice(""), try tape.parse(text)) { answer.write($0, to: &writer) }
                        sum &+= UInt64(writer.count)
                    } catch { return 0 }
                }
                return sum
            }
        }
    }
}

private func translating(_ name: String, _ body: [UInt8], to provider: Dialect) -> Benchmark {
    Benchmark(name: name) { times in
        var translator = Translator()
        let capacity = body.count * 2 + 4096
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + 256)
        defer { memory.deallocate() }
        return body.withByteSlice { text in
            var sum: UInt64 = 1
            for _ in 0..<times {
                var writer = ByteWriter(memory, capacity: capacity)
                var path = ByteWriter(memory + capacity, capacity: 256)
                do throws(TranslationFault) {
                    try translator.writeRequest(text, Translation(.chat, from: .openAI, to: provider), RequestOptions(), to: &writer, path: &path)
                } catch { return 0 }
                sum &+= UInt64(writer.count)
            }
            return sum
        }
    }
}

/// One event of a stream that has begun, over and over: what it costs does not grow with the stream.
private func streaming(_ name: String, _ translation: Translation, _ data: String) -> Benchmark {
    Benchmark(name: name) { times in
        var translator = Translator()
        let stream = StreamTranslation(translation, AnswerOptions())
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 14)
        defer { memory.deallocate() }
        return Array(data.utf8).withByteSlice { event in
            var sum: UInt64 = 1
            for _ in 0..<times {
                var writer = ByteWriter(memory, capacity: 1 << 14)
                do throws(TranslationFault) {
                    _ = try translator.readEvent(event)
                    try translator.writeEvent(type: ByteSlice("message"), stream, to: &writer)
                } catch { return 0 }
                sum &+= UInt64(writer.count)
            }
            return sum
        }
    }
}
