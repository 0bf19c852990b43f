import Bytes
import Policy
import Testing

/// Conditions over requests (the wire reference §3.4), and where ours do the sane thing.
@Suite("Conditions")
struct QueryTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let query: String
        var body = #"{"model":"gpt-4o","temperature":0.5,"n":"5","stream":true,"nothing":null,"deep":{"list":[{"a":"x"}],"b.c":7},"note":"a\nb \u00e9","metadata":{"plan":"free","only":"body"}}"#
        var metadata = #"{"tier":"gold","plan":"paid","age":41,"dotted.key":"yes"}"#
        let holds: Bool

        init(_ query: String, _ holds: Bool) {
            self.query = query
            self.holds = holds
        }

        var testDescription: String { query }
    }

    static let cases: [Case] = [
        Case("{}", true),
        // Equality is of one type and one value.
        Case(#"{"metadata.tier":"gold"}"#, true),
        Case(#"{"metadata.tier":"Gold"}"#, false),
        Case(#"{"params.n":"5"}"#, true),
        Case(#"{"params.n":5}"#, false),
        Case(#"{"metadata.age":41}"#, true),
        Case(#"{"metadata.age":{"$eq":41.0}}"#, true),
        Case(#"{"metadata.age":"41"}"#, false),
        Case(#"{"params.stream":true}"#, true),
        Case(#"{"params.stream":{"$ne":false}}"#, true),
        Case(#"{"params.nothing":null}"#, true),
        Case(#"{"params.absent":null}"#, false),
        // What is missing is unlike anything.
        Case(#"{"metadata.absent":{"$ne":"x"}}"#, true),
        Case(#"{"metadata.absent":{"$nin":["x"]}}"#, true),
        Case(#"{"metadata.absent":{"$in":["undefined"]}}"#, false),
        Case(#"{"metadata.absent":{"$gt":0}}"#, false),
        Case(#"{"metadata.absent":{"$lte":0}}"#, false),
        // Numbers, as parseFloat reads both sides.
        Case(#"{"params.temperature":{"$lt":1}}"#, true),
        Case(#"{"params.temperature":{"$lte":0.5,"$gte":0.5}}"#, true),
        Case(#"{"params.temperature":{"$gt":0.5}}"#, false),
        Case(#"{"params.n":{"$gt":4}}"#, true),
        Case(#"{"params.n":{"$gt":"4.5 dollars"}}"#, true),
        Case(#"{"params.model":{"$gt":0}}"#, false),
        // Lists.
        Case(#"{"metadata.tier":{"$in":["silver","gold"]}}"#, true),
        Case(#"{"metadata.tier":{"$nin":["silver","gold"]}}"#, false),
        Case(#"{"metadata.age":{"$in":["41"]}}"#, false),
        Case(#"{"metadata.tier":{"$in":[]}}"#, false),
        // Groups, all of whose neighbours count, too.
        Case(#"{"$or":[{"metadata.tier":"silver"},{"metadata.tier":"gold"}]}"#, true),
        Case(#"{"$or":[{"metadata.tier":"gold"}],"params.model":"other"}"#, false),
        Case(#"{"params.model":"gpt-4o","$or":[{"metadata.tier":"gold"}]}"#, true),
        Case(#"{"$and":[{"metadata.tier":"gold"},{"$or":[{"params.n":"4"},{"params.n":"5"}]}]}"#, true),
        Case(#"{"$and":[]}"#, true),
        Case(#"{"$or":[]}"#, false),
        Case(#"{"metadata.tier":"gold","metadata.plan":"free"}"#, false),
        // Depth, lists by index, names with dots in them, and the header's metadata over the body's.
        Case(#"{"params.deep.list.0.a":"x"}"#, true),
        Case(#"{"params.deep.list.1.a":"x"}"#, false),
        Case(#"{"params.deep.b.c":7}"#, true),
        Case(#"{"metadata.dotted.key":"yes"}"#, true),
        Case(#"{"metadata.plan":"paid"}"#, true),
        Case(#"{"metadata.only":"body"}"#, true),
        Case(#"{"params.metadata.plan":"free"}"#, true),
        // Escapes are decoded before they are compared.
        Case(#"{"params.note":"a\nb é"}"#, true),
        Case(#"{"params.note":"a\\nb é"}"#, false),
        // Path and fields.
        Case(#"{"url.pathname":"/v1/chat/completions"}"#, true),
        Case(#"{"headers.X_Team":"blue"}"#, true),
        Case(#"{"headers.x-team":{"$ne":"blue"}}"#, false),
        Case(#"{"headers.x-none":"blue"}"#, false),
        // The client's certificate: one subject, several names.
        Case(#"{"certificate.subject":"CN=search,O=Acme"}"#, true),
        Case(#"{"certificate.subject":{"$regex":"O=Acme$"}}"#, true),
        Case(#"{"certificate.subject":"CN=search"}"#, false),
        Case(#"{"certificate.san":"URI:spiffe://acme/search"}"#, true),
        Case(#"{"certificate.san":"DNS:search.acme.example"}"#, true),
        Case(#"{"certificate.san":"DNS:search.acme"}"#, false),
        Case(#"{"certificate.san":{"$in":["DNS:x","URI:spiffe://acme/search"]}}"#, true),
        Case(#"{"certificate.san":{"$ne":"URI:spiffe://acme/search"}}"#, false),
        Case(#"{"certificate.san":{"$nin":["DNS:x","DNS:y"]}}"#, true),
        Case(#"{"certificate.san":{"$regex":"^URI:spiffe://acme/"}}"#, true),
        Case(#"{"certificate.san":{"$regex":"^search"}}"#, false),
    ]

    @Test("a query holds or not", arguments: cases)
    func holds(item: Case) throws {
        #expect(try QueryTests.target(item.query, body: item.body, metadata: item.metadata) == (item.holds ? "config.targets[0]" : "config.targets[1]"))
    }

    static func target(_ query: String, body: String, metadata: String) throws -> String {
        let config = #"""
            {"strategy":{"mode":"conditional","conditions":[{"query":\#(query),"then":"a"}],"default":"b"},
             "targets":[{"name":"a","provider":"openai","api_key":"k"},{"name":"b","provider":"openai","api_key":"k"}]}
            """#
        let program = try Fixture.program(config)
        let texts = [body, metadata, "/v1/chat/completions", "blue"].map { Array($0.utf8) }
        return try texts[0].withByteSlice { body in
            try texts[1].withByteSlice { metadata in
                try texts[3].withByteSlice { team in
                    var plain = PlainCircumstances()
                    plain.body = body
                    plain.metadata = metadata
                    plain.path = ByteSlice("/v1/chat/completions")
                    plain.headers = [("x-team", team)]
                    plain.certificateSubject = ByteSlice("CN=search,O=Acme")
                    plain.certificateNames = ByteSlice("DNS:search.acme.example\nURI:spiffe://acme/search\n")
                    return program.path(try Decision(program, &plain).target)
                }
            }
        }
    }

    @Test("without a client certificate nothing is equal to what stands on one, and all is unlike it", arguments: [
        (#"{"certificate.subject":"CN=search"}"#, false), (#"{"certificate.san":"DNS:a"}"#, false), (#"{"certificate.san":{"$regex":""}}"#, false),
        (#"{"certificate.subject":{"$ne":"CN=search"}}"#, true), (#"{"certificate.san":{"$ne":"DNS:a"}}"#, true), (#"{"certificate.san":{"$nin":["DNS:a"]}}"#, true),
    ])
    func withoutCertificate(query: String, holds: Bool) throws {
        let program = try Fixture.program(
            #"""
            {"strategy":{"mode":"conditional","conditions":[{"query":\#(query),"then":"a"}],"default":"b"},
             "targets":[{"name":"a","provider":"openai","api_key":"k"},{"name":"b","provider":"openai","api_key":"k"}]}
            """#)
        #expect(program.path(try Decision(program).target) == (holds ? "config.targets[0]" : "config.targets[1]"))
    }

    @Test("the first condition that holds decides, the default else, and without one the request goes nowhere")
    func order() throws {
        let targets = #""targets":[{"name":"a","provider":"openai","api_key":"k"},{"name":"b","provider":"openai","api_key":"k"}]"#
        let both = #"{"strategy":{"mode":"conditional","conditions":[{"query":{},"then":"b"},{"query":{},"then":"a"}]},\#(targets)}"#
        let program = try Fixture.program(both)
        #expect(program.path(try Decision(program).target) == "config.targets[1]")
        let none = #"{"strategy":{"mode":"conditional","conditions":[{"query":{"params.x":1},"then":"b"}]},\#(targets)}"#
        let noneProgram = try Fixture.program(none)
        #expect(throws: RoutingFault.noConditionHolds) { try Decision(noneProgram) }
    }

    @Test("bodies that are none, broken or enormous hold nothing and break nothing", arguments: ["", "[]", "{", #"{"model":"gpt"#, "null", #"{"a":{"a":{"a":1}}}"#])
    func oddBodies(body: String) throws {
        #expect(try QueryTests.target(#"{"params.model":"gpt-4o"}"#, body: body, metadata: "not json") == "config.targets[1]")
    }

    @Test("what no condition can be is refused at compile time, each with its place", arguments: [
        (#"{"params.a":{"$in":"x"}}"#, #""$in" must be a list, not text"#),
        (#"{"params.a":{"$gt":"x"}}"#, #""$gt" must be a number"#),
        (#"{"params.a":{"$eq":[1]}}"#, #""$eq" must be text, a number, true, false or null"#),
        (#"{"model":"x"}"#, #""model" is nothing a condition can look at; metadata.<key>, params.<path>, headers.<name>, url.pathname, certificate.subject or certificate.san"#),
        (#"{"params.":"x"}"#, #""params." is nothing a condition can look at; metadata.<key>, params.<path>, headers.<name>, url.pathname, certificate.subject or certificate.san"#),
        (#"{"params.a":{"$gtt":1}}"#, #"unknown operator "$gtt"; did you mean "$gt"?"#),
        (#"{"$nor":[]}"#, #"unknown operator "$nor"; did you mean "$or"?"#),
        (#"{"$or":{}}"#, #""$or" must be a list, not a mapping"#),
    ])
    func refused(query: String, message: String) {
        let config = #"{"strategy":{"mode":"conditional","conditions":[{"query":\#(query),"then":"a"}]},"targets":[{"name":"a","provider":"openai","api_key":"k"}]}"#
        let compiled = Fixture.compile(config)
        #expect(compiled.program == nil)
        #expect(compiled.diagnostics.rendered(path: "c").hasSuffix(message + "\n"))
    }

    @Test("queries nest to their limit and no deeper")
    func depth() {
        func query(_ levels: Int) -> String { levels == 1 ? #"{"params.a":1}"# : #"{"$and":[\#(query(levels - 1))]}"# }
        func compiles(_ levels: Int) -> Bool {
            Fixture.compile(#"{"strategy":{"mode":"conditional","conditions":[{"query":\#(query(levels)),"then":"a"}]},"targets":[{"name":"a","provider":"openai","api_key":"k"}]}"#).program != nil
        }
        #expect(compiles(PolicyLimits.queryDepth))
        #expect(!compiles(PolicyLimits.queryDepth + 1))
    }
}
