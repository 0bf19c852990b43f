import Analytics
import Books
import JSON
import Testing
@testable import Console
@testable import Store

@Suite("Feedback over the console")
struct TraceFeedbackTests {
    private let desk: Desk

    init() throws { desk = try Desk(file: declaredObjects(), hasBooks: true) }

    /// What is kept of a trace.
    private func kept(_ trace: String = "t", in workspace: String = "") throws -> [Feedback] {
        var record = RequestRecord()
        (record.trace, record.workspace) = (trace, workspace)
        return try #require(desk.books).feedback(on: record)
    }

    private func give(_ body: String, key: String? = nil) -> Desk.Reply { desk.ask("POST", "/v1/feedback", body, key: key) }

    @Test("one is given, or several, and each has an id")
    func given() throws {
        let one = give(#"{"trace_id":"t","value":5,"weight":0.25,"metadata":{"by":"ada","n":1.50,"ok":true,"gone":null}}"#)
        #expect(one.status == 200 && one.text("status") == "success" && one.text("message") == "Feedback successfully saved")
        let feedback = try #require(try kept().first)
        #expect([feedback.id] == one["feedback_ids"].texts)
        #expect(feedback.value == 5 && feedback.weight == 250_000_000 && feedback.metadata == #"{"by":"ada","n":"1.50","ok":"true"}"#)
        #expect(feedback.givenAt == Desk.start && feedback.changedAt == Desk.start)
        let several = give(#"[{"trace_id":"u","value":-10},{"trace_id":"u","value":10,"weight":1e-1}]"#)
        #expect(several["feedback_ids"].texts.count == 2)
        #expect(try kept("u").map(\.value) == [-10, 10] && kept("u").map(\.weight) == [Feedback.fullWeight, 100_000_000])
        #expect(try kept("u").map(\.id) == several["feedback_ids"].texts)
    }

    @Test("a weight is any number from 0 to 1", arguments: [
        ("0", 0), ("1", 1_000_000_000), ("1.0", 1_000_000_000), ("0.30000000000000004", 300_000_000), ("0.3333333333333333", 333_333_333), ("5e-10", 1),
        ("4e-10", 0), ("0.9999999999", 1_000_000_000), ("null", 1_000_000_000),
    ] as [(String, Int64)])
    func weights(text: String, weight: Int64) throws {
        #expect(give(#"{"trace_id":"t","value":1,"weight":\#(text)}"#).status == 200)
        #expect(try kept().map(\.weight) == [weight])
    }

    @Test("what is wrong is told by its member, and nothing is kept", arguments: [
        ("", "trace_id is missing; value is missing"), ("7", "the body must be an object, not a number"), ("[]", "the body has 0 entries; a list has from 1 to 1000"),
        ("[7]", "[0] must be an object, not a number"), (#"[{"trace_id":"t","value":1},{"trace_id":"t"}]"#, "[1].value is missing"),
        (#"{"value":1}"#, "trace_id is missing"), (#"{"trace_id":"","value":1}"#, "trace_id is empty; it is the x-portkey-trace-id of an answer"),
        (#"{"trace_id":null,"value":1}"#, "trace_id is missing"), (#"{"trace_id":7,"value":1}"#, "trace_id must be a text, not a number"),
        (#"{"trace_id":"t","value":"5"}"#, "value must be a whole number from -10 to 10, not a text"),
        (#"{"trace_id":"t","value":11}"#, "value must be a whole number from -10 to 10"), (#"{"trace_id":"t","value":-11}"#, "value must be a whole number from -10 to 10"),
        (#"{"trace_id":"t","value":0.5}"#, "value must be a whole number from -10 to 10"),
        (#"{"trace_id":"t","value":1,"weight":1.1}"#, "weight must be a number from 0 to 1"), (#"{"trace_id":"t","value":1,"weight":-0.1}"#, "weight must be a number from 0 to 1"),
        (#"{"trace_id":"t","value":1,"weight":"1"}"#, "weight must be a number from 0 to 1, not a text"),
        (#"{"trace_id":"t","value":1,"weight":1e400}"#, "weight must be a number from 0 to 1"),
        (#"{"trace_id":"t","value":1,"metadata":[]}"#, "metadata must be an object, not a list"),
        (#"{"trace_id":"t","value":1,"metadata":{"a":{},"b":[1]}}"#, "metadata.a must be a text, a number, true or false; metadata.b must be a text, a number, true or false"),
        (#"{"trace_id":"t","value":1,"wieght":1}"#, #"wieght is unknown; did you mean "weight"?"#), (#"{"trace_id":"t","value":1,"value":2}"#, "value is given twice; keep one"),
    ])
    func faults(body: String, message: String) throws {
        let reply = give(body)
        #expect(reply.status == 400 && reply.code == "AB01" && reply.message == message)
        #expect(try kept().isEmpty)
    }

    @Test("bodies, traces and metadata have bounds, at their edge")
    func bounds() throws {
        func several(_ count: Int) -> Int { give("[" + Array(repeating: #"{"trace_id":"many","value":1}"#, count: count).joined(separator: ",") + "]").status }
        #expect(several(ConsoleLimits.feedbackCount) == 200 && several(ConsoleLimits.feedbackCount + 1) == 400)
        func metadata(_ pairs: [(String, String)]) -> Desk.Reply {
            give(#"{"trace_id":"t","value":1,"metadata":\#(DocumentNode.object(pairs.map { ($0.0, .text($0.1)) }).jsonText)}"#)
        }
        func names(_ count: Int) -> [(String, String)] { (0..<count).map { ("n\($0)", "v") } }
        #expect(metadata(names(ConsoleLimits.metadataCount)).status == 200)
        #expect(metadata(names(ConsoleLimits.metadataCount + 1)).message == "metadata has 65 pairs; at most 64 are taken")
        #expect(metadata([(String(repeating: "n", count: ConsoleLimits.metadataByteCount), "v")]).status == 200)
        #expect(metadata([(String(repeating: "n", count: ConsoleLimits.metadataByteCount + 1), "v")]).message == "metadata has a name of more than 128 bytes")
        // A pair of 128 letters takes 136 bytes with what is around them; the braces and the last pair's name 8.
        func whole(_ byteCount: Int) -> Desk.Reply {
            let pairs = (0..<30).map { ("\($0 + 10)", String(repeating: "v", count: 128)) }
            return metadata(pairs + [("z", String(repeating: "v", count: byteCount - 30 * 136 - 8))])
        }
        #expect(whole(BooksLimits.metadataByteCount).status == 200)
        #expect(whole(BooksLimits.metadataByteCount + 1).message == "metadata has 4097 bytes of JSON; at most 4096 are taken")
        #expect(metadata([("a", String(repeating: "é", count: BooksLimits.metadataValueCount + 9))]).status == 200)
        #expect(try kept().last?.metadata == #"{"a":"\#(String(repeating: "é", count: BooksLimits.metadataValueCount))"}"#)
        func trace(_ count: Int) -> Int { give(#"{"trace_id":"\#(String(repeating: "t", count: count))","value":1}"#).status }
        #expect(trace(ConsoleLimits.entryByteCount) == 200 && trace(ConsoleLimits.entryByteCount + 1) == 400)
        #expect(try kept(String(repeating: "t", count: 128)).count == 1)
    }

    @Test("a change needs a value, keeps what it does not name, and takes away what is null")
    func changed() throws {
        let id = try #require(give(#"{"trace_id":"t","value":1,"weight":0.5,"metadata":{"a":"b"}}"#)["feedback_ids"].texts.first)
        desk.time.withLock { $0 += 7 }
        func change(_ body: String, _ name: String? = nil) -> Desk.Reply { desk.ask("PUT", "/v1/feedback/\(name ?? id)", body) }
        let reply = change(#"{"value":-4}"#)
        #expect(reply.status == 200 && reply.text("message") == "Feedback successfully updated" && reply["feedback_ids"].texts == [id])
        #expect(try kept().map(\.value) == [-4] && kept().map(\.weight) == [500_000_000] && kept().map(\.metadata) == [#"{"a":"b"}"#])
        #expect(try kept().map(\.changedAt) == [Desk.start + 7] && kept().map(\.givenAt) == [Desk.start])
        #expect(change(#"{"value":0,"weight":null,"metadata":null}"#).status == 200)
        #expect(try kept().map(\.weight) == [Feedback.fullWeight] && kept().map(\.metadata) == ["{}"])
        #expect(change("{}").message == "value is missing" && change("[]").message == "the body must be an object, not a list")
        #expect(change(#"{"value":1,"trace_id":"u"}"#).message.hasPrefix("trace_id is unknown"))
        let nothing = change(#"{"value":1}"#, "nothing")
        #expect(nothing.status == 404 && nothing.message == #"there is no feedback "nothing" of this API key's workspace; nothing was changed"#)
    }

    @Test("two workspaces neither change nor have each other's")
    func workspaces() throws {
        let (one, other) = (desk.workspace("one"), desk.workspace("other"))
        let keys = try [one, other].map { try desk.key(["logs.write"], workspace: $0) }
        let id = try #require(give(#"{"trace_id":"t","value":1}"#, key: keys[0])["feedback_ids"].texts.first)
        #expect(try kept(in: one).count == 1 && kept(in: other).isEmpty && kept().isEmpty)
        for key in [keys[1], desk.admin] { #expect(desk.ask("PUT", "/v1/feedback/\(id)", #"{"value":9}"#, key: key).status == 404) }
        #expect(try kept(in: one).map(\.value) == [1])
        #expect(desk.ask("PUT", "/v1/feedback/\(id)", #"{"value":2}"#, key: keys[0]).status == 200)
    }

    @Test("a key of the file gives it, where the gateway vouches for it, and does nothing else here")
    func declared() throws {
        func ask(_ method: String, _ path: String, _ name: String?, credential: String = "sk-of-the-file") -> Desk.Reply {
            desk.ask(
                ConsoleRequest(
                    method: method, path: Array(path.utf8), body: Array(#"{"trace_id":"t","value":1}"#.utf8), credential: Array(credential.utf8),
                    declaredKey: name, nowMilliseconds: Desk.start))
        }
        #expect(ask("POST", "/v1/feedback", "ci").status == 200 && ask("POST", "/v2/feedback/", "ci").status == 200)
        // By its certificate alone.
        #expect(ask("POST", "/v1/feedback", "ci", credential: "").status == 200)
        #expect(try kept().map(\.key) == ["ci", "ci", "ci"])
        #expect(ask("GET", "/v1/feedback", "ci").allow == "POST")
        #expect(ask("POST", "/v1/feedback", "old").message.hasPrefix("this API key expired at"))
        let others: [(String, String?)] = [
            ("/v1/feedback", nil), ("/v1/feedback", "nobody"), ("/v1/logs", "ci"), ("/v1/api-keys", "ci"), ("/sluice/openapi.json", "ci"),
        ]
        for (path, name) in others {
            #expect(ask("GET", path, name).status == 401, "\(path)")
        }
        #expect(ask("POST", "/v1/feedback", nil, credential: "").status == 401)
        // A key of the store is who it is, whatever else is said.
        #expect(ask("GET", "/v1/api-keys", "ci", credential: desk.admin).status == 200)
    }

    @Test("without books it is refused, and the refusal says why")
    func noBooks() throws {
        let reply = try Desk().ask("POST", "/v1/feedback", #"{"trace_id":"t","value":1}"#)
        #expect(reply.status == 404 && reply.message.contains("books: {mode: off}"))
    }

    @Test("graphs are there when there is nothing, and their averages are null")
    func nothing() {
        let span = "?time_of_generation_min=2027-01-01&time_of_generation_max=2027-01-02"
        func graph(_ name: String) -> Desk.Reply { desk.ask("GET", "/v1/analytics/graphs/\(name)\(span)") }
        #expect(graph("feedbacks")["summary"].jsonText == #"{"total":0}"# && graph("feedbacks")["data_points"].elements.count == 24)
        #expect(graph("feedbacks/scores")["summary"].jsonText == #"{"total":0}"# && graph("feedbacks/scores")["data_points"].elements.isEmpty)
        #expect(graph("feedbacks/weighted")["summary"].jsonText == #"{"avg":null}"#)
        #expect(graph("feedbacks/weighted")["data_points"].elements.first?.jsonText == #"{"timestamp":"2027-01-01T00:00:00.000Z","avg":null}"#)
        #expect(graph("feedbacks/ai-models")["summary"].jsonText == "{}" && graph("feedbacks/ai-models")["data_points"].elements.isEmpty)
        for (query, says) in [
            ("weighted_feedback_min=11", "weighted_feedback_min must be a number from -10 to 10"), ("weighted_feedback_min=x", "weighted_feedback_min must be a number"),
            ("weighted_feedback_min=2&weighted_feedback_max=1.5", "weighted_feedback_max is less than weighted_feedback_min"),
            ("weighted_feedback_max=-1e400", "weighted_feedback_max must be a number from -10 to 10"),
        ] {
            let reply = desk.ask("GET", "/v1/logs\(span)&\(query)")
            #expect(reply.status == 400 && reply.message.contains(says), "\(reply.message)")
        }
        #expect(desk.ask("GET", "/v1/logs\(span)&weighted_feedback_min=-9.5&weighted_feedback_max=1e0").status == 200)
    }
}
