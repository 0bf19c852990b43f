import Mock
import Testing

private func transcript(_ text: String) throws -> MockTranscript { try MockTranscript(Array(text.utf8)) }

@Suite("Transcripts that are played")
struct TranscriptTests {
    private static let two = """
        status: 200
        header: content-type: text/event-stream
        header: x-request-id: req_1
        gap: 5

        data: {"a":1}

        : a comment
        data: [DONE]

        ---
        status: 503
        header: retry-after: 3

        {"error": "busy"}

        """

    @Test("answers come in turn, whatever is asked, and begin again after the last")
    func answersComeInTurn() throws {
        var options = MockOptions()
        options.transcript = try transcript(Self.two)
        try withServer(options: options) { server in
            let client = try TestClient(server)
            for round in 0..<2 {
                client.chat("mock?status=500")
                let stream = client.answer()
                #expect(stream.status == 200 && stream.isWhole && stream.field("x-request-id") == "req_1")
                #expect(stream.field("content-type") == "text/event-stream" && stream.field("transfer-encoding") == "chunked")
                #expect(stream.body == "data: {\"a\":1}\n\n: a comment\ndata: [DONE]\n\n")
                client.post("/v1beta/models/x:generateContent?key=\(round)", "no JSON")
                let error = client.answer()
                #expect(error.status == 503 && error.field("retry-after") == "3" && error.field("content-type") == "application/json")
                #expect(error.body == "{\"error\": \"busy\"}\n")
            }
            #expect(server.statistics().completedStreams == 2)
            client.send("GET /mock/stats HTTP/1.1\r\nhost: m\r\n\r\n")
            #expect(client.answer().body.hasPrefix(#"{"requests":4,"#))
        }
    }

    @Test("each event is a chunk of its own, and the gap lies between them")
    func eventsAreChunks() throws {
        var options = MockOptions()
        options.transcript = try transcript("gap: 20\n\ndata: 1\r\n\r\nevent: x\ndata: 2\n\ndata: cut off")
        try withServer(options: options) { server in
            let client = try TestClient(server)
            client.send("GET / HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n")
            let taken = milliseconds { #expect(client.sawEnd()) }
            #expect(taken >= 40)
            #expect(client.rest.hasSuffix("b\r\ndata: 1\r\n\r\n\r\n12\r\nevent: x\ndata: 2\n\n\r\nd\r\ndata: cut off\r\n0\r\n\r\n"))
        }
    }

    @Test("a body is kept byte for byte, an empty one too")
    func bodiesAreExact() throws {
        var options = MockOptions()
        options.transcript = try MockTranscript(Array("header: content-type: x/y\n\n".utf8) + [0, 255, 13, 10, 45, 45] + Array("\n---\n\n---\nstatus: 204\n\n".utf8))
        try withServer(options: options) { server in
            let client = try TestClient(server)
            client.send("HEAD / HTTP/1.1\r\nhost: m\r\n\r\n")
            #expect(client.answer(toHead: true).field("content-length") == "7")
            client.send("GET / HTTP/1.1\r\nhost: m\r\n\r\n")
            let empty = client.answer()
            #expect(empty.status == 200 && empty.body.isEmpty)
            client.send("GET / HTTP/1.1\r\nhost: m\r\n\r\n")
            #expect(client.answer().status == 204)
        }
    }

    @Test("a fault is told with its line", arguments: [
        ("status: 99\n\n", 1), ("\nx\n---\nstatsu: 200\n\n", 4), ("header: no colon\n\n", 1), ("header: a b: c\n\n", 1), ("status: 200\nheader: content-length: 5\n\n", 2),
        ("gap: soon\n\n", 1), ("status: 200\n---\n", 2),
    ])
    func faultsAreTold(_ text: String, _ line: Int) {
        #expect { try transcript(text) } throws: { ($0 as? TranscriptError)?.line == line }
    }
}
