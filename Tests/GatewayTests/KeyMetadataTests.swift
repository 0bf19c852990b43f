import Books
import Bytes
import JSON
import Ledger
import Policy
import Testing

@testable import Gateway

@Suite("Metadata of keys")
struct KeyMetadataTests {
    private let first: ScriptedUpstream
    private let second: ScriptedUpstream

    init() throws {
        let answer = Text.answer(body: "{\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}")
        (first, second) = (try ScriptedUpstream(answering: answer), try ScriptedUpstream(answering: answer))
    }

    private func over(_ own: String, _ documents: String...) throws -> String {
        var scan = ObjectScan(names: ["_user", "user_id"])
        let metadata = try #require(KeyMetadata(documents))
        let laid = Array(own.utf8).withByteSlice { metadata.over($0, &scan) }
        return withExtendedLifetime(laid) { String(laid.text.slice) }
    }

    @Test("a key's metadata goes before that of its requests, name by name, however names are spelled", arguments: [
        (#"{"a":"1"}"#, #"{"b":"2"}"#, #"{"b":"2","a":"1"}"#),
        (#"{"a":"1","d":[1, 2]}"#, #"{"a":"2","b":"3"}"#, #"{"a":"2","b":"3","d":[1, 2]}"#),
        (#" { "\u0061" : 1 } "#, #"{"a":"2"}"#, #"{"a":"2"}"#), (#"{"a":1,"a":2,"c":3}"#, #"{"a":"2"}"#, #"{"a":"2","c":3}"#),
        (#"{"_user":null}"#, #"{"_user":"x","user_id":"y"}"#, #"{"_user":"x","user_id":"y"}"#),
        (#"{"a\"b":1, "\u0063" : 2}"#, #"{"a\"b":"2","ü":"3"}"#, #"{"a\"b":"2","ü":"3","\u0063":2}"#),
        ("{}", #"{"a":"2"}"#, #"{"a":"2"}"#), ("{ }", #"{"a":"2"}"#, #"{"a":"2"}"#), ("", #"{"a":"2"}"#, #"{"a":"2"}"#),
        ("no JSON", #"{"a":"2"}"#, #"{"a":"2"}"#), ("[1]", #"{"a":"2"}"#, #"{"a":"2"}"#), (#"{"a":1} x"#, #"{"b":"2"}"#, #"{"b":"2"}"#),
    ])
    func merged(own: String, documents: String, result: String) throws {
        #expect(try over(own, documents) == result)
        #expect(DocumentParser.parse(result).document != nil)
    }

    @Test("of several documents a later one goes before an earlier one, and what is no object says nothing")
    func several() throws {
        #expect(try over("{}", #"{"a":"1","b":"1"}"#, "null", "x", #"{"b":"2","c":"2"}"#) == #"{"a":"1","b":"2","c":"2"}"#)
        for nothing in [[], ["{}"], ["null"], ["[]", ""]] { #expect(KeyMetadata(nothing) == nil) }
    }

    @Test("metadata of more members than are looked at says nothing beside a key's")
    func tooMany() throws {
        func members(_ count: Int) -> String { "{" + (0..<count).map { "\"k\($0)\":1" }.joined(separator: ",") + "}" }
        #expect(try over(members(JSONLimits.members), #"{"a":"2"}"#) == #"{"a":"2","# + members(JSONLimits.members).dropFirst())
        #expect(try over(members(JSONLimits.members + 1), #"{"a":"2"}"#) == #"{"a":"2"}"#)
    }

    @Test("of what a request says beside a key, a member that no reader of records would read is left out, alone", arguments: [
        (#"{"x":"\ud800","y":1}"#, #"{"a":"2","y":1}"#), (#"{"\udc00":"x","y":1}"#, #"{"a":"2","y":1}"#),
        (#"{"x":["\ud83d\u0041"],"y":1}"#, #"{"a":"2","y":1}"#), (#"{"x":{"\ud83d":1},"y":1}"#, #"{"a":"2","y":1}"#), (#"{"x":"\ude00\ud83d"}"#, #"{"a":"2"}"#), (#"{"x":"\ud83d\ude00"}"#, nil),
        (#"{"x":"\\ud800"}"#, nil), (#"{"x":"\u00e9\ud83d\ude00\n"}"#, nil), (KeyMetadataTests.nested(63, #""y":1"#), nil),
        (KeyMetadataTests.nested(64, #""y":1"#), #"{"a":"2","y":1}"#), (KeyMetadataTests.nested(511, #""y":1"#), #"{"a":"2","y":1}"#),
    ] as [(String, String?)])
    func unreadable(own: String, result: String?) throws {
        var scan = ObjectScan(names: ["_user", "user_id"])
        let metadata = try #require(KeyMetadata([#"{"a":"2"}"#]))
        let laid = Array(own.utf8).withByteSlice { metadata.over($0, &scan) }
        let text = withExtendedLifetime(laid) { String(laid.text.slice) }
        #expect(text == result ?? #"{"a":"2","# + own.dropFirst())
        #expect(laid.isWhole == (result == nil))
        #expect(DocumentParser.parse(text).document != nil)
    }

    /// An object of a member as deep as that, and another.
    private static func nested(_ levels: Int, _ more: String) -> String {
        "{\"x\":" + String(repeating: "[", count: levels) + String(repeating: "]", count: levels) + "," + more + "}"
    }

    /// One of two members, the first of so many bytes.
    private static func long(_ byteCount: Int) -> String { "{\"own\":\"" + String(repeating: "x", count: byteCount) + "\",\"n\":1}" }

    // MARK: In requests

    private func world() -> World {
        var world = World(first, second)
        world.keys = [("team", CallerTests.gatewayKey, nil), ("plain", CallerTests.gatewayKey + "2", nil)]
        world.keyMetadata = [KeyMetadata([#"{"team":"search","tier":"gold"}"#])]
        return world
    }

    private func request(_ metadata: String? = nil, more: String = "", config: String, key: String = CallerTests.gatewayKey) -> String {
        var fields = ["x-portkey-api-key: \(key)", "x-portkey-config: \(config)"]
        if let metadata { fields.append("x-portkey-metadata: \(metadata)") }
        return Text.request("POST /v1/chat/completions", fields, body: "{\"model\":\"m\"\(more),\"messages\":[]}", provider: nil, key: nil)
    }

    @Test("policies meet and divide by it, whatever header and body say")
    func policies() throws {
        let books = try TemporaryBooks()
        var world = world()
        let budget = try books.budget("b", .requests, 100)
        world.books = books.books
        world.policies = [books.policy("p", [.init(.metadata("tier"), ["gold"])], by: [.metadata("team")], budget)]
        world.configs = [("chat", "{\"provider\":\"up\",\"api_key\":\"k\"}")]
        let gateway = try TestGateway(world)
        let requests = [
            request(config: "chat"), request("{}", config: "chat"), request("broken", config: "chat"), request(#"{"team":"ads"}"#, config: "chat"),
            request(more: #","metadata":{"team":"maps"}"#, config: "chat"), request(#"{"tier":"none"}"#, config: "chat"),
            request(more: #","metadata":{"tier":"none"}"#, config: "chat"), request(config: "chat", key: CallerTests.gatewayKey + "2"),
            request(#"{"team":"ads","tier":"gold"}"#, config: "chat", key: CallerTests.gatewayKey + "2"),
        ]
        for one in requests { #expect(try gateway.ask(one).status == 200) }
        #expect(soon { books.accounts("p", budget) == ["search": 7, "ads": 1] }, "\(books.accounts("p", budget))")
    }

    @Test("conditions of configs and guardrails look at it, and it goes before what the request says")
    func routing() throws {
        var world = world()
        world.configs = [
            ("by-tier", """
                {"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.tier":"gold"},"then":"a"}],"default":"b"},
                 "targets":[{"name":"a","provider":"up","api_key":"k"},{"name":"b","provider":"second","api_key":"k"}]}
                """),
            ("guarded", """
                {"provider":"up","api_key":"k","input_guardrails":[{"deny":true,"default.requiredMetadataKeys":{"metadataKeys":["team","own"]}}]}
                """),
        ]
        let gateway = try TestGateway(world)
        func places(_ requests: [String]) throws -> [Int] {
            var places: [Int] = []
            for one in requests {
                let before = first.requests.count
                #expect(try gateway.ask(one).status == 200)
                places.append(first.requests.count > before ? 1 : 2)
            }
            return places
        }
        #expect(
            try places([
                request(config: "by-tier"), request(#"{"tier":"none"}"#, config: "by-tier"), request(#"{"x":1}"#, config: "by-tier"),
                request(more: #","metadata":{"tier":"none"}"#, config: "by-tier"), request(config: "by-tier", key: CallerTests.gatewayKey + "2"),
            ]) == [1, 1, 1, 1, 2])
        #expect(try gateway.ask(request(#"{"own":1}"#, config: "guarded")).status == 200)
        #expect(try gateway.ask(request(config: "guarded")).status == 446)
        #expect(try gateway.ask(request(#"{"own":1}"#, config: "guarded", key: CallerTests.gatewayKey + "2")).status == 446)
        // No provider is told.
        #expect((first.requests + second.requests).allSatisfy { !$0.text.contains("search") && !$0.text.contains("portkey-metadata") })
    }

    @Test("the user of the record is the key's where it names one", arguments: [
        (nil, "", #"{"_user":"ada"}"#, "ada"), (#"{"_user":"bob"}"#, "", #"{"_user":"ada"}"#, "ada"),
        (nil, #","metadata":{"_user":"cy"},"user":"dan""#, #"{"_user":"ada"}"#, "ada"), (#"{"_user":"bob"}"#, #","user":"dan""#, #"{"x":"y"}"#, "bob"),
        (nil, #","metadata":{"_user":"cy"},"user":"dan""#, #"{"x":"y"}"#, "cy"), (#"{"x":"y"}"#, #","user":"dan""#, #"{"x":"z"}"#, "dan"),
    ])
    func user(metadata: String?, more: String, ofKey: String, user: String) throws {
        var world = world()
        world.keyMetadata = [KeyMetadata([ofKey])]
        world.configs = [("chat", "{\"provider\":\"up\",\"api_key\":\"k\"}")]
        let worker = try TestWorker(world)
        let client = try worker.connect()
        client.send(request(metadata, more: more, config: "chat"))
        #expect(client.takeAnswer().status == 200)
        var record = try #require(worker.stop().first)
        #expect(record.user.withBytesInPlace { String($0) } == user)
    }

    // MARK: In records

    @Test("as much as a key and its workspace may say always has room, whatever the request says beside it", arguments: [nil, #"{"own":1}"#])
    func roomy(said: String?) throws {
        // All but three bytes of what each may have.
        let value = String(repeating: "v", count: 135)
        func document(_ name: String) -> String { "{" + (10..<24).map { "\"\(name)\($0)\":\"\(value)\"" }.joined(separator: ",") + "}" }
        let documents = [document("key"), document("own")]
        #expect(documents.map(\.utf8.count) == [2045, 2045])
        var world = world()
        world.keyMetadata = [KeyMetadata(documents)]
        world.configs = [("chat", "{\"provider\":\"up\",\"api_key\":\"k\"}")]
        let gateway = try RecordingGateway(world)
        #expect(try gateway.ask(request(said, config: "chat")).status == 200)
        let record = try #require(try gateway.records().first)
        #expect(record.labels.count == 28)
        #expect(record.figures.flags.contains(.metadataLeftOut) == (said != nil))
    }

    @Test("whatever a request says, it is booked under what its key says", arguments: [
        (#"{"x":"\ud800","own":1}"#, ["own": "1"], true), (KeyMetadataTests.nested(300, #""own":1"#), ["own": "1"], true),
        (KeyMetadataTests.long(4060), [:], true), (#"{"team":"ads","own":"1"}"#, ["own": "1"], false), ("broken", [:], false),
        (KeyMetadataTests.long(4000), ["own": String(repeating: "x", count: 128), "n": "1"], false),
    ] as [(String, [String: String], Bool)])
    func booked(said: String, own: [String: String], isLeftOut: Bool) throws {
        var world = world()
        world.configs = [("chat", "{\"provider\":\"up\",\"api_key\":\"k\"}")]
        let gateway = try RecordingGateway(world)
        #expect(try gateway.ask(request(said, config: "chat")).status == 200)
        let record = try #require(try gateway.records().first)
        #expect(record.labels == ["team": "search", "tier": "gold"].merging(own) { key, _ in key })
        #expect(record.figures.flags.contains(.metadataLeftOut) == isLeftOut)
    }
}
