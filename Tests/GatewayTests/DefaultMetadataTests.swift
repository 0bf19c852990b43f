import Bytes
import JSON
import Ledger
import Policy
import Testing

@testable import Gateway

@Suite("Default metadata of keys")
struct DefaultMetadataTests {
    private let first: ScriptedUpstream
    private let second: ScriptedUpstream

    init() throws {
        let answer = Text.answer(body: "{\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}")
        (first, second) = (try ScriptedUpstream(answering: answer), try ScriptedUpstream(answering: answer))
    }

    private func under(_ own: String, _ defaults: String...) throws -> String {
        var scan = ObjectScan(names: ["_user", "user_id"])
        let metadata = try #require(DefaultMetadata(defaults))
        let laid = Array(own.utf8).withByteSlice { metadata.under($0, &scan) }
        return withExtendedLifetime(laid) { String(laid.slice) }
    }

    @Test("a request's own metadata goes before its key's, name by name, however names are spelled", arguments: [
        (#"{"a":"1"}"#, #"{"b":"2"}"#, #"{"b":"2","a":"1"}"#),
        (#"{"a":"1"}"#, #"{"a":"2","b":"3","c":"4"}"#, #"{"b":"3","c":"4","a":"1"}"#),
        (#" { "\u0061" : 1 } "#, #"{"a":"2"}"#, #"{ "\u0061" : 1 }"#),
        (#"{"_user":null}"#, #"{"_user":"x","user_id":"y"}"#, #"{"user_id":"y","_user":null}"#),
        (#"{"a\"b":1}"#, #"{"a\"b":"2","ü":"3"}"#, #"{"ü":"3","a\"b":1}"#),
        ("{}", #"{"a":"2"}"#, #"{"a":"2"}"#), ("{ }", #"{"a":"2"}"#, #"{"a":"2"}"#), ("", #"{"a":"2"}"#, #"{"a":"2"}"#),
        ("no JSON", #"{"a":"2"}"#, #"{"a":"2"}"#), ("[1]", #"{"a":"2"}"#, #"{"a":"2"}"#), (#"{"a":1} x"#, #"{"b":"2"}"#, #"{"b":"2"}"#),
    ])
    func merged(own: String, defaults: String, result: String) throws {
        #expect(try under(own, defaults) == result)
        #expect(DocumentParser.parse(result).document != nil)
    }

    @Test("of several documents a later one goes before an earlier one, and what is no object says nothing")
    func several() throws {
        #expect(try under("{}", #"{"a":"1","b":"1"}"#, "null", "x", #"{"b":"2","c":"2"}"#) == #"{"a":"1","b":"2","c":"2"}"#)
        for nothing in [[], ["{}"], ["null"], ["[]", ""]] { #expect(DefaultMetadata(nothing) == nil) }
    }

    @Test("metadata of more members than are looked at stays as it is")
    func tooMany() throws {
        func members(_ count: Int) -> String { "{" + (0..<count).map { "\"k\($0)\":1" }.joined(separator: ",") + "}" }
        #expect(try under(members(JSONLimits.members), #"{"a":"2"}"#) == #"{"a":"2","# + members(JSONLimits.members).dropFirst())
        #expect(try under(members(JSONLimits.members + 1), #"{"a":"2"}"#) == members(JSONLimits.members + 1))
    }

    // MARK: In requests

    private func world() -> World {
        var world = World(first, second)
        world.keys = [("team", CallerTests.gatewayKey, nil), ("plain", CallerTests.gatewayKey + "2", nil)]
        world.keyMetadata = [DefaultMetadata([#"{"team":"search","tier":"gold"}"#])]
        return world
    }

    private func request(_ metadata: String? = nil, more: String = "", config: String, key: String = CallerTests.gatewayKey) -> String {
        var fields = ["x-portkey-api-key: \(key)", "x-portkey-config: \(config)"]
        if let metadata { fields.append("x-portkey-metadata: \(metadata)") }
        return Text.request("POST /v1/chat/completions", fields, body: "{\"model\":\"m\"\(more),\"messages\":[]}", provider: nil, key: nil)
    }

    @Test("policies meet and divide by it where neither the header nor the body says otherwise")
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
        ]
        for one in requests { #expect(try gateway.ask(one).status == 200) }
        #expect(soon { books.accounts("p", budget) == ["search": 3, "ads": 1, "maps": 1] }, "\(books.accounts("p", budget))")
    }

    @Test("conditions of configs and guardrails look at it, and what the request says goes before it")
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
            ]) == [1, 2, 1, 2, 2])
        #expect(try gateway.ask(request(#"{"own":1}"#, config: "guarded")).status == 200)
        #expect(try gateway.ask(request(config: "guarded")).status == 446)
        #expect(try gateway.ask(request(#"{"own":1}"#, config: "guarded", key: CallerTests.gatewayKey + "2")).status == 446)
        // No provider is told.
        #expect((first.requests + second.requests).allSatisfy { !$0.text.contains("search") && !$0.text.contains("portkey-metadata") })
    }

    @Test("the user of the record is the key's where the request names none", arguments: [
        (nil, "", "ada"), (#"{"_user":"bob"}"#, "", "bob"), (nil, #","metadata":{"_user":"cy"}"#, "cy"), (nil, #","user":"dan""#, "dan"),
        (#"{"x":"y"}"#, "", "ada"),
    ])
    func user(metadata: String?, more: String, user: String) throws {
        var world = world()
        world.keyMetadata = [DefaultMetadata([#"{"_user":"ada"}"#])]
        world.configs = [("chat", "{\"provider\":\"up\",\"api_key\":\"k\"}")]
        let worker = try TestWorker(world)
        let client = try worker.connect()
        client.send(request(metadata, more: more, config: "chat"))
        #expect(client.takeAnswer().status == 200)
        var record = try #require(worker.stop().first)
        #expect(record.user.withBytesInPlace { String($0) } == user)
    }
}
