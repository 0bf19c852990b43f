import Bytes
import HTTP

/// HTTP/1.1 and event-stream work of one request, on inputs of usual size.
var httpBenchmarks: [Benchmark] {
    [
        Benchmark(name: "http/request head, 540 B, 16 fields") { parseRequests(wideRequest, $0) },
        Benchmark(name: "http/request head, 316 B, 10 fields") { parseRequests(plainRequest, $0) },
        Benchmark(name: "http/response head, 300 B, 9 fields", run: parseResponses),
        Benchmark(name: "http/kept field runs, 16 fields", run: writeKeptRuns),
        Benchmark(name: "http/chunk scan, one 200 B chunk", run: scanChunks),
        Benchmark(name: "http/chunk payload, one 200 B chunk", run: decodeChunks),
        Benchmark(name: "http/event boundary, 190 B event", run: scanEvents),
        Benchmark(name: "http/event parse, 190 B event", run: parseEvents),
    ]
}

private let wideRequest: StaticString = """
    POST /v1/chat/completions HTTP/1.1\r
    Host: 127.0.0.1:8787\r
    Accept-Encoding: gzip, deflate\r
    Connection: keep-alive\r
    Accept: application/json\r
    Content-Type: application/json\r
    User-Agent: OpenAI/Python 1.54.0\r
    X-Stainless-Lang: python\r
    X-Stainless-Package-Version: 1.54.0\r
    X-Stainless-OS: Linux\r
    X-Stainless-Arch: x64\r
    X-Stainless-Runtime: CPython\r
    X-Stainless-Runtime-Version: 3.11.2\r
    Authorization: Bearer sk-0123456789abcdef0123456789\r
    x-portkey-provider: openai\r
    X-Stainless-Retry-Count: 0\r
    Content-Length: 871\r
    \r\n
    """

private let plainRequest: StaticString = """
    POST /v1/chat/completions HTTP/1.1\r
    Host: api.example.com\r
    Accept-Encoding: gzip, deflate\r
    Connection: keep-alive\r
    Accept: application/json\r
    Content-Type: application/json\r
    User-Agent: OpenAI/Python 1.54.0\r
    X-Stainless-Lang: python\r
    Authorization: Bearer sk-0123456789\r
    x-portkey-provider: openai\r
    Content-Length: 871\r
    \r\n
    """

private let response: StaticString = """
    HTTP/1.1 200 OK\r
    Date: Fri, 15 Sep 2023 19:47:23 GMT\r
    Content-Type: application/json\r
    Content-Length: 1013\r
    Connection: keep-alive\r
    openai-organization: example\r
    openai-processing-ms: 421\r
    x-request-id: req_0123456789abcdef0123456789abcdef\r
    strict-transport-security: max-age=31536000\r
    Server: nginx\r
    \r\n
    """

/// Where a head or a body would be read to: some bytes of the next thing stand behind it.
private func withReadBuffer(_ literal: StaticString, _ body: (ByteSlice) -> UInt64) -> UInt64 {
    var bytes = [UInt8](ByteSlice(literal))
    let count = bytes.count
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "{"), count: 64))
    return bytes.withByteSlice { body($0.prefix(count)) }
}

private func parseRequests(_ literal: StaticString, _ iterations: Int) -> UInt64 {
    var head = RequestHead()
    return withReadBuffer(literal) { bytes in
        var parser = RequestParser()
        var sum: UInt64 = 0
        for _ in 0..<iterations {
            guard case .complete(let end)? = try? parser.parse(bytes, into: &head) else { return 0 }
            sum &+= UInt64(end &+ head.fields.count)
        }
        return sum
    }
}

private func parseResponses(_ iterations: Int) -> UInt64 {
    var head = ResponseHead()
    return withReadBuffer(response) { bytes in
        var parser = ResponseParser()
        var sum: UInt64 = 0
        for _ in 0..<iterations {
            guard case .complete(let end)? = try? parser.parse(bytes, answering: .post, into: &head) else { return 0 }
            sum &+= UInt64(end &+ head.fields.count)
        }
        return sum
    }
}

private func writeKeptRuns(_ iterations: Int) -> UInt64 {
    var head = RequestHead()
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 4096)
    defer { memory.deallocate() }
    return withReadBuffer(wideRequest) { bytes in
        var parser = RequestParser()
        _ = try? parser.parse(bytes, into: &head)
        let dropped = FieldNameSet.hopByHop.union(
            FieldNameSet(.host, .authorization, .contentLength, .portkeyProvider))
        var sum: UInt64 = 0
        for _ in 0..<iterations {
            var writer = ByteWriter(memory, capacity: 4096)
            head.fields.write(dropping: dropped, nominatedBy: head.connection, from: bytes, to: &writer)
            sum &+= UInt64(writer.count)
        }
        return sum
    }
}

/// A stream's usual read: the chunk size, 200 bytes of event, CRLF.
private let chunk = [UInt8](("c8\r\n" + String(repeating: "e", count: 200) + "\r\n").utf8)

private func scanChunks(_ iterations: Int) -> UInt64 {
    chunk.withByteSlice { bytes in
        var decoder = ChunkedDecoder()
        var sum: UInt64 = 0
        for _ in 0..<iterations {
            guard let scan = try? decoder.scan(bytes) else { return 0 }
            sum &+= UInt64(scan.payloadCount)
        }
        return sum
    }
}

private func decodeChunks(_ iterations: Int) -> UInt64 {
    chunk.withByteSlice { bytes in
        var decoder = ChunkedDecoder()
        var sum: UInt64 = 0
        for _ in 0..<iterations {
            var at = 0
            while case .payload(let run)? = try? decoder.next(bytes, from: at) {
                sum &+= UInt64(run.count)
                at = run.upperBound
            }
        }
        return sum
    }
}

private let event = [UInt8](
    (#"data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"#
        + #""model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]}"# + "\n\n").utf8)

private func scanEvents(_ iterations: Int) -> UInt64 {
    event.withByteSlice { bytes in
        var scanner = EventBoundaryScanner()
        var sum: UInt64 = 0
        for _ in 0..<iterations {
            var at = 0
            while let boundary = scanner.next(bytes, from: at) {
                sum &+= UInt64(boundary.payload?.count ?? 0)
                at = boundary.end
            }
        }
        return sum
    }
}

private func parseEvents(_ iterations: Int) -> UInt64 {
    event.withByteSlice { bytes in
        var parser = EventStreamParser()
        var sum: UInt64 = 0
        for _ in 0..<iterations {
            var at = 0
            while let event = try? parser.next(bytes, from: &at) { sum &+= UInt64(event.data.count) }
        }
        return sum
    }
}
