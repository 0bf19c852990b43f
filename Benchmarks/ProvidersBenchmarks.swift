import Bytes
import Providers

/// What the Providers module costs a request and a stream event. Each run returns something of its
/// results, so that none can be left out by the optimiser.
var providersBenchmarks: [Benchmark] {
    [
        events("providers/usage, openai content event of 190 B", .openAI, openAIEvent(usage: "")),
        events("providers/usage, openai content event with usage null", .openAI, openAIEvent(usage: #","usage":null"#)),
        events("providers/usage, anthropic content event", .anthropic, anthropicEvent),
        events("providers/usage, openai usage event", .openAI, openAIUsageEvent),
        answer("providers/usage, 1 KB answer", byteCount: 1_000),
        answer("providers/usage, 50 KB answer", byteCount: 50_000),
        classification,
        lookup,
        targets,
        fields,
    ]
}

private func openAIEvent(usage: String) -> String {
    #"{"id":"chatcmpl-9ijxZ9aSc8g8gYZ","object":"chat.completion.chunk","created":1720450129,"model":"gpt-4o","choices":[{"index":0,"delta":{"content":" sluice"},"logprobs":null,"finish_reason":null}]"#
        + usage + "}"
}

private let anthropicEvent =
    #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" sluice"}}"#

private let openAIUsageEvent =
    #"{"id":"chatcmpl-9ijxZ9aSc8g8gYZ","object":"chat.completion.chunk","created":1720450129,"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}"#

private func events(_ name: String, _ dialect: Dialect, _ event: String) -> Benchmark {
    let bytes = Array(event.utf8)
    return Benchmark(name: name) { times in
        var reader = UsageReader(dialect)
        bytes.withByteSlice { data in
            for _ in 0..<times { _ = reader.readEvent(data) }
        }
        return UInt64(reader.deltaCount + 1) &+ UInt64(reader.usage?.total ?? 0)
    }
}

private func answer(_ name: String, byteCount: Int) -> Benchmark {
    let words = String(repeating: "The gate lets a stream through, day and night.\\n", count: byteCount / 47)
    let body =
        #"{"id":"c","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":""#
        + words
        + #""},"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}}"#
    let bytes = Array(body.utf8)
    return Benchmark(name: name) { times in
        var sum: UInt64 = 0
        var reader = UsageReader(.openAI)
        bytes.withByteSlice { data in
            for _ in 0..<times {
                reader.reset(.openAI)
                reader.readAnswer(data)
                sum &+= UInt64(reader.usage?.total ?? 0)
            }
        }
        return sum
    }
}

private var classification: Benchmark {
    Benchmark(name: "providers/classify POST /v1/chat/completions") { times in
        var sum: UInt64 = 1
        let method = ByteSlice("POST")
        let target = ByteSlice("/v1/chat/completions")
        for _ in 0..<times { sum &+= UInt64(Endpoint.classify(method: method, target: target).body.rawValue) &+ 1 }
        return sum
    }
}

private var lookup: Benchmark {
    let table = ProviderTable()
    return Benchmark(name: "providers/provider lookup") { times in
        var sum: UInt64 = 1
        let id = ByteSlice("openrouter")
        for _ in 0..<times { sum &+= UInt64(table.index(of: id) ?? 0) }
        return sum
    }
}

private var targets: Benchmark {
    let table = ProviderTable()
    let index = table.index(of: ByteSlice("groq")) ?? 0
    return Benchmark(name: "providers/upstream target") { times in
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { room in
            guard let base = room.baseAddress else { return 0 }
            var sum: UInt64 = 1
            for _ in 0..<times {
                var writer = ByteWriter(base, capacity: 256)
                _ = table[index].writeTarget(of: ByteSlice("/v1/chat/completions"), customPrefix: nil, into: &writer)
                sum &+= UInt64(writer.count)
            }
            return sum
        }
    }
}

private var fields: Benchmark {
    let names: [ByteSlice] = [
        ByteSlice("host"), ByteSlice("user-agent"), ByteSlice("content-type"), ByteSlice("content-length"), ByteSlice("accept"),
        ByteSlice("authorization"), ByteSlice("x-stainless-lang"), ByteSlice("x-portkey-provider"), ByteSlice("accept-encoding"),
        ByteSlice("x-stainless-package-version"), ByteSlice("connection"), ByteSlice("traceparent"),
    ]
    return Benchmark(name: "providers/fates of 12 fields") { times in
        var sum: UInt64 = 1
        for _ in 0..<times {
            for name in names where RequestField.fate(of: name, towards: .openAI) == .forwarded { sum &+= 1 }
        }
        return sum
    }
}
