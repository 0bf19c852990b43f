import Bytes
import Testing

@testable import Gateway

@Suite("Access records")
struct AccessRecordTests {
    static let canaries = ["callers-canary-1", "vault-canary-2", "config-canary-3", "body-canary-4", "query-canary-5", CallerTests.gatewayKey]

    private func world(_ upstream: ScriptedUpstream) -> World {
        var world = World(upstream)
        world.keys = [("team-a", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("prod", 0, "vault-canary-2")]
        return world
    }

    @Test("a request's line says who, what, where and how it went, and no secret", arguments: [AccessLogSettings.Format.json, .text])
    func lines(format: AccessLogSettings.Format) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer(body: "{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}"))
        let gateway = try TestGateway(world(upstream), accessLog: format)
        let key = "x-portkey-api-key: \(CallerTests.gatewayKey)"
        let answer = try gateway.ask(
            Text.request(
                "POST /v1/chat/completions?token=query-canary-5", [key, "x-portkey-trace-id: trace-1"], body: "{\"model\":\"@prod/gpt-9\",\"messages\":\"body-canary-4\"}",
                provider: nil, key: nil))
        #expect(answer.status == 200)
        _ = try gateway.ask(Text.request("POST /v1/embeddings", key: "callers-canary-1"))
        _ = try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-config: {\"provider\":\"up\",\"api_key\":\"config-canary-3\"}"], provider: nil))
        _ = try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-api-key: \(CallerTests.gatewayKey)zz"]))
        _ = try gateway.ask("BAD\r\n\r\n")
        let lines = gateway.stopAndReadLog()
        #expect(lines.count == 5)
        for canary in AccessRecordTests.canaries { #expect(!lines.contains { $0.contains(canary) }, "\(canary)") }
        let first = try #require(lines.first)
        let wanted =
            format == .json
            ? [
                "\"trace\":\"trace-1\"", "\"peer\":\"127.0.0.1", "\"key\":\"team-a\"", "\"method\":\"POST\"", "\"path\":\"/v1/chat/completions\"", "\"provider\":\"up\"",
                "gpt-9\"", "\"status\":200", "\"attempts\":1", "\"stream\":false", "\"tokens_in\":5", "\"tokens_out\":6", "\"bytes_out\":", "\"total_us\":", "\"first_byte_us\":", "\"queue_us\":", "\"connect_us\":",
                "\"protocol\":\"HTTP/1.1\"", "\"upstream_protocol\":\"HTTP/1.1\"",
                "\"id\":\"\(answer["x-sluice-request-id"] ?? "none")\"",
            ]
            : [" team-a ", " POST ", " /v1/chat/completions ", " up ", "gpt-9", "status=200", "attempts=1", "tokens=5/6", " queue_us=", " upstream=HTTP/1.1"]
        for part in wanted { #expect(first.contains(part), "\(part) in \(first)") }
        // Where nobody was asked.
        #expect(!lines[3].contains("upstream"))
        if format == .json {
            #expect(lines[3].contains("\"status\":401") && lines[3].contains("\"error\":\"invalid_api_key\""))
            #expect(lines[4].contains("\"status\":400") && lines[4].contains("\"error\":\"malformed_request\""))
        }
    }

    @Test("attempts, bytes and aborts are counted")
    func counts() throws {
        let first = try ScriptedUpstream { $0.request() }
        let second = try ScriptedUpstream(answering: Text.answer())
        let worker = try TestWorker(World(first, second))
        let client = try worker.connect()
        let config = "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[{\"provider\":\"up\",\"api_key\":\"k\"},{\"provider\":\"second\",\"api_key\":\"k\"}]}"
        let request = Text.request("POST /v1/chat/completions", ["x-portkey-config: \(config)"], provider: nil)
        client.send(request)
        let answer = client.takeAnswer()
        client.close()
        let record = try #require(worker.stop().first)
        #expect(record.figures.attempts == 2)
        #expect(record.figures.status == 200)
        #expect(record.figures.receivedByteCount == UInt64(request.utf8.count))
        #expect(record.figures.sentByteCount > UInt64(answer.body.count))
        #expect(!record.figures.wasAborted)
        #expect(record.figures.totalNanoseconds >= record.figures.firstByteNanoseconds && record.figures.firstByteNanoseconds > 0)
    }

    @Test("all bytes of a streamed body are counted: those that came with the head, and those after a wait")
    func streamedBytes() throws {
        let go = Noticed()
        let upstream = try ScriptedUpstream { peer in
            peer.requestHead()
            _ = go.wait()
            _ = peer.wire.take(12_000_000)
            peer.wire.send(Text.answer())
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        let head = Text.request("POST /v1/files", ["Content-Length: 12000000", "Content-Type: multipart/form-data; boundary=b"], body: nil)
        client.send(head + "0123456789")
        let rest = 11_999_990
        let taken = client.sendUntilStalled(StreamedBodyTests.body, milliseconds: 100, limit: rest)
        go.note()
        #expect(client.sendUntilStalled(StreamedBodyTests.body, from: taken, milliseconds: 2000, limit: rest - taken) == rest - taken)
        #expect(client.takeAnswer().status == 200)
        client.close()
        let record = try #require(worker.stop().first)
        #expect(record.figures.receivedByteCount == UInt64(head.utf8.count + 12_000_000))
    }

    @Test("a cut stream is recorded as aborted, with its error")
    func cutStream() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.streamHead + Text.chunk(Text.event("{}")))
            pause(milliseconds: 10)
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        client.send(Text.request(body: StreamTests.withUsage))
        #expect(!client.takeAnswer().isWhole)
        client.close()
        let record = try #require(worker.stop().first)
        #expect(record.figures.wasAborted)
        #expect(record.figures.isStream)
        record.errorCode.withBytes { #expect(String($0) == "stream_interrupted") }
    }
}
