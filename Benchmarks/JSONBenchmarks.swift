import Bytes
import JSON

/// What the JSON module costs a request: the scan of its body, the splice, usage read in passing.
/// Each run returns something of its results, so that none can be left out by the optimiser.
var jsonBenchmarks: [Benchmark] {
    [
        scanning("0.9 KB chat", chatBody(byteCount: 900)),
        scanning("2 KB chat", chatBody(byteCount: 2_000)),
        scanning("50 KB chat", chatBody(byteCount: 50_000)),
        scanning("50 KB chat, a third not ASCII", chatBody(byteCount: 50_000, prose: .mixed)),
        scanning("50 KB chat, an escape every 8 bytes", chatBody(byteCount: 50_000, prose: .escaped)),
        scanning("50 KB of token numbers", tokenBody(byteCount: 50_000)),
        splicing("2 KB chat: two set, one nested, one removed", chatBody(byteCount: 2_000)),
        capturing("2 KB answer, whole", answerBody(byteCount: 2_000), pieceByteCount: 2_500),
        capturing("50 KB answer in 16 KB pieces", answerBody(byteCount: 50_000), pieceByteCount: 16_384),
        capturing("50 KB of embedding numbers in 16 KB pieces", embeddingBody(byteCount: 50_000), pieceByteCount: 16_384),
        ranging("2 KB answer", answerBody(byteCount: 2_000)),
        escaping("50 KB of prose", byteCount: 50_000),
    ]
}

private enum Prose {
    case plain, mixed, escaped

    var sentence: String {
        switch self {
        case .plain: "The gate lets a stream through and decides how much of it, day and night.\\n"
        case .mixed: "Die Schleuse lässt Wasser durch 水门让水流通过并决定水量 и решает, сколько. "
        case .escaped: "if (\\\"a\\\"){\\n\\tb();\\n} "
        }
    }
}

/// A chat request of about `byteCount` bytes, as the SDKs write it: `model` comes last, after the messages.
private func chatBody(byteCount: Int, prose: Prose = .plain) -> [UInt8] {
    var text = #"{"messages": [{"role": "system", "content": "You are terse."}"#
    let messageByteCount = max(200, byteCount / 8)
    while text.utf8.count < byteCount - 150 {
        var content = ""
        while content.utf8.count < min(messageByteCount, byteCount - 150 - text.utf8.count) { content += prose.sentence }
        text += #", {"role": "user", "content": "\#(content)"}"#
    }
    text += #"], "temperature": 0.7, "max_tokens": 256, "stream": true, "#
    text += #""stream_options": {"include_usage": false}, "model": "gpt-4o-mini"}"#
    return Array(text.utf8)
}

/// An embeddings request whose input is given as tokens.
private func tokenBody(byteCount: Int) -> [UInt8] {
    var text = #"{"model":"text-embedding-3-small","input":[1"#
    var token = 1
    while text.utf8.count < byteCount {
        token = (token * 31 + 7) % 100_000
        text += ",\(token)"
    }
    return Array((text + "]}").utf8)
}

/// A completion of about `byteCount` bytes, `usage` at its end.
private func answerBody(byteCount: Int) -> [UInt8] {
    var content = ""
    while content.utf8.count < byteCount - 350 { content += Prose.plain.sentence }
    return Array(#"""
        {"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini","choices":[{"index":0,\#
        "message":{"role":"assistant","content":"\#(content)","refusal":null},"finish_reason":"stop"}],\#
        "usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0}}}
        """#.utf8)
}

private func embeddingBody(byteCount: Int) -> [UInt8] {
    var text = #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.0"#
    while text.utf8.count < byteCount { text += ",-0.0123456789" }
    return Array((text + #"]}],"usage":{"prompt_tokens":8,"total_tokens":8}}"#).utf8)
}

private func scanning(_ what: String, _ body: [UInt8]) -> Benchmark {
    Benchmark(name: "json/scan \(what)") { times in
        var scan = ObjectScan(names: ["model", "stream", "stream_options", "user", "metadata", "messages", "max_tokens"])
        return body.withByteSlice { text in
            var sum: UInt64 = 0
            for _ in 0..<times {
                do throws(JSONError) { try scan.scan(text) } catch { return 0 }
                sum &+= UInt64(truncatingIfNeeded: scan.member("model")?.value.lowerBound ?? 0)
            }
            return sum
        }
    }
}

private func splicing(_ what: String, _ body: [UInt8]) -> Benchmark {
    Benchmark(name: "json/splice \(what)") { times in
        var scan = ObjectScan(names: ["model", "stream_options"])
        var options = ObjectScan(names: ["include_usage"])
        var splice = Splice()
        return body.withByteSlice { text in
            var sum: UInt64 = 0
            for _ in 0..<times {
                do {
                    // The scan of the body itself is measured above; edits alone are wanted here.
                    if sum == 0 { try scan.scan(text) }
                    guard let member = scan.member("stream_options") else { return 0 }
                    try options.scan(text, at: member.value)
                    splice.begin(text)
                    try splice.set("model", ByteSlice("\"gpt-4o\""), in: scan)
                    try splice.set("seed", ByteSlice("7"), in: scan)
                    try splice.set("include_usage", ByteSlice("true"), in: options)
                    try splice.remove("temperature", in: scan)
                } catch { return 0 }
                splice.forEachRun { sum &+= UInt64(truncatingIfNeeded: $0.count) }
            }
            return sum
        }
    }
}

private func capturing(_ what: String, _ body: [UInt8], pieceByteCount: Int) -> Benchmark {
    Benchmark(name: "json/capture usage, \(what)") { times in
        var capture = MemberCapture("usage")
        return body.withByteSlice { text in
            var sum: UInt64 = 0
            for _ in 0..<times {
                capture.reset()
                var at = 0
                while at < text.count {
                    let next = min(text.count, at + pieceByteCount)
                    capture.feed(text[at..<next])
                    at = next
                }
                sum &+= UInt64(truncatingIfNeeded: capture.value?.count ?? 0)
            }
            return sum
        }
    }
}

private func ranging(_ what: String, _ body: [UInt8]) -> Benchmark {
    Benchmark(name: "json/range of usage, \(what)") { times in
        var capture = MemberCapture("usage")
        return body.withByteSlice { text in
            var sum: UInt64 = 0
            for _ in 0..<times { sum &+= UInt64(truncatingIfNeeded: capture.range(in: text)?.lowerBound ?? 0) }
            return sum
        }
    }
}

private func escaping(_ what: String, byteCount: Int) -> Benchmark {
    var prose = ""
    while prose.utf8.count < byteCount { prose += "A line of prose, with \"quotes\" and an end.\n" }
    let source = Array(prose.utf8)
    return Benchmark(name: "json/write \(what)") { times in
        let capacity = source.count * 2
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { memory.deallocate() }
        return source.withByteSlice { text in
            var sum: UInt64 = 0
            for _ in 0..<times {
                var writer = ByteWriter(memory, capacity: capacity)
                writer.append(jsonString: text)
                sum &+= UInt64(truncatingIfNeeded: writer.count)
            }
            return sum
        }
    }
}
