import Bytes
import JSON
import Policy
import Testing
@testable import Console

@Suite("Bodies and queries of the console")
struct BodyTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    /// Values that a kind does not take.
    private func wrong(_ kind: BodyKind) -> [String] {
        switch kind {
        case .text(let limit): ["7", "true", "[]", "{}", "\"\(String(repeating: "a", count: limit + 1))\""]
        case .word: ["true", "[]", "{}"]
        case .choice: ["7", "\"nothing of these\"", "[]"]
        case .flag: ["\"yes\"", "2", "[]", "\"true\""]
        case .integer(let range): ["\"1\"", "1.5", "\(range.upperBound + 1)", "\(range.lowerBound - 1)", "true", "1e30"]
        case .amount(let range): ["\"1\"", "-1", "\(range.upperBound + 1)", "1e400", "0.0000000001", "true"]
        case .decimal(let range): ["\"1\"", "\(range.upperBound + 1)", "\(range.lowerBound - 1)", "1e400", "true", "[]"]
        case .time, .date: ["7", "\"soon\"", "\"2027-13-01\"", "\"2027-01-01T25:00:00Z\"", "\"1969-12-31\"", "[]"]
        case .list(let kind, let limit):
            ["{}", "\"a\"", "[\(Array(repeating: "0", count: limit + 1).joined(separator: ","))]"] + wrong(kind).prefix(1).map { "[\($0)]" }
        case .object(let shape):
            ["7", "[]"] + (shape.isOpen ? [] : ["{\"nothing of these\":1}"])
                + shape.fields.prefix(1).flatMap { field in wrong(field.kind).prefix(1).map { "{\"\(field.name)\":\($0)}" } }
        case .oneOrMore: ["7", "\"a\"", "[7]", "{\"nothing of these\":1}"]
        case .textOrObject: ["7", "[]", "{}"]
        case .textOrList: ["7", "{}", "[7]"]
        case .texts: ["7", "[]", "{\"a\":7}"]
        case .anyObject: ["7", "[]", "\"a\""]
        case .objectOrText: ["7", "[]", "\"{\"", "\"[]\""]
        case .any, .copy: []
        }
    }

    @Test("each member of each body refuses what it does not take, by name", arguments: RouteTable.all.indices)
    func members(index: Int) {
        let route = RouteTable.all[index]
        let path = "/v1" + route.pattern.replacing(/\{\w+\}/, with: "x")
        for field in route.body?.fields ?? [] {
            for value in wrong(field.kind) {
                let reply = desk.ask(route.method.rawValue, path, "{\"\(field.name)\":\(value)}")
                let errors = (reply["error"]["errors"] ?? .null).elements
                let places = errors.compactMap { $0["field"]?.string }
                #expect(reply.status == 400, "\(route.method) \(route.pattern) \(field.name) \(value.prefix(40))")
                let isNamed = places.contains { $0 == field.name || $0.hasPrefix(field.name + ".") || $0.hasPrefix(field.name + "[") }
                #expect(isNamed, "\(reply.message.prefix(200))")
                #expect(reply.message.utf8.count < 8192)
            }
        }
    }

    @Test("each parameter of each query refuses what it does not take, by name", arguments: RouteTable.all.indices)
    func parameters(index: Int) {
        let route = RouteTable.all[index]
        let path = "/v1" + route.pattern.replacing(/\{\w+\}/, with: "x")
        for field in route.query {
            let value: String
            switch field.kind {
            case .text(let limit): value = String(repeating: "a", count: limit + 1)
            default: value = "nothing-of-these"
            }
            for name in [field.name] + field.aliases {
                let reply = desk.ask(route.method.rawValue, path + "?\(name)=\(value)", isByLink: route.permission == .link)
                #expect(reply.status == 400 && reply.message.contains(name), "\(route.pattern) \(name): \(reply.message)")
            }
        }
        #expect(desk.ask(route.method.rawValue, path + "?nothing_of_these=1", isByLink: route.permission == .link).status == 400)
    }

    @Test("a body that no route reads may be nothing or an empty object", arguments: ["", "{}", " { } "])
    func nothingRead(body: String) {
        _ = desk.virtualKey("a")
        #expect(desk.ask("DELETE", "/v1/virtual-keys/a", body).status == 200)
    }

    @Test("a body that no route reads is refused when it says something")
    func somethingUnread() {
        _ = desk.virtualKey("a")
        #expect(desk.ask("DELETE", "/v1/virtual-keys/a", #"{"force":true}"#).message == "force is unknown; nothing is read here")
        #expect(desk.ask("DELETE", "/v1/virtual-keys/a", "x").status == 400)
        #expect(desk.ask("GET", "/v1/virtual-keys/a", "x").status == 200)
    }

    // MARK: Bounds

    @Test("names have 256 bytes and descriptions 4096, as the store takes")
    func texts() {
        func make(_ name: Int, _ description: Int) -> Desk.Reply {
            let body = #"{"name":"\#(String(repeating: "n", count: name))","description":"\#(String(repeating: "d", count: description))","scopes":[]}"#
            return desk.ask("POST", "/v1/api-keys/organisation/service", body)
        }
        #expect(make(ConsoleLimits.nameByteCount, ConsoleLimits.descriptionByteCount).status == 200)
        #expect(make(ConsoleLimits.nameByteCount + 1, 0).message == "name has 257 bytes; at most 256 are taken")
        #expect(make(1, ConsoleLimits.descriptionByteCount + 1).message == "description has 4097 bytes; at most 4096 are taken")
    }

    @Test("lists have as many entries, of as many bytes, as the store takes")
    func lists() {
        func make(_ models: [String]) -> Desk.Reply {
            let list = DocumentNode.texts(models).jsonText
            return desk.ask("POST", "/v1/api-keys/organisation/service", #"{"name":"a","scopes":[],"allowed_models":\#(list)}"#)
        }
        #expect(make((0..<ConsoleLimits.entryCount).map { "model-\($0)" }).status == 200)
        #expect(make((0...ConsoleLimits.entryCount).map { "model-\($0)" }).status == 400)
        #expect(make([String(repeating: "m", count: ConsoleLimits.entryByteCount)]).status == 200)
        #expect(make([String(repeating: "m", count: ConsoleLimits.entryByteCount + 1)]).status == 400)
        #expect(make([""]).status == 400 && make(["a\nb"]).status == 400)
    }

    @Test("slugs have 64 bytes, metadata 64 pairs of 128 bytes, budgets what the ledger holds")
    func otherBounds() {
        func slug(_ count: Int) -> Int { desk.virtualKey(String(repeating: "s", count: count)).status }
        #expect(slug(ConsoleLimits.identifierByteCount) == 200 && slug(ConsoleLimits.identifierByteCount + 1) == 400)
        func metadata(_ pairs: Int, _ name: Int, _ value: Int) -> Int {
            let text = (0..<pairs).map { #""\#($0)\#(String(repeating: "n", count: max(0, name - "\($0)".count)))":"\#(String(repeating: "v", count: value))""# }
            let body = #"{"name":"a","scopes":[],"defaults":{"metadata":{\#(text.joined(separator: ","))}}}"#
            return desk.ask("POST", "/v1/api-keys/organisation/service", body).status
        }
        #expect(metadata(ConsoleLimits.metadataCount, 1, 1) == 200 && metadata(ConsoleLimits.metadataCount + 1, 1, 1) == 400)
        #expect(metadata(1, ConsoleLimits.metadataByteCount, ConsoleLimits.metadataByteCount) == 200)
        #expect(metadata(1, ConsoleLimits.metadataByteCount + 1, 1) == 400 && metadata(1, 1, ConsoleLimits.metadataByteCount + 1) == 400)
        // 2,017 bytes of JSON, and 2,049.
        #expect(metadata(32, 29, 28) == 200 && metadata(32, 29, 29) == 400)
        func budget(_ type: String, _ limit: Int64) -> Int {
            let body = #"{"name":"a","scopes":[],"usage_limits":{"type":"\#(type)","credit_limit":\#(limit)}}"#
            return desk.ask("POST", "/v1/api-keys/organisation/service", body).status
        }
        #expect(budget("cost", ConsoleLimits.budgetDollars) == 200 && budget("cost", ConsoleLimits.budgetDollars + 1) == 400)
        #expect(budget("tokens", ConsoleLimits.countedAmount) == 200 && budget("tokens", ConsoleLimits.countedAmount + 1) == 400)
    }

    @Test("a workspace has three budgets and four limits of rate, one of each kind, and a policy 32 conditions and 8 groups")
    func counts() {
        func workspace(_ budgets: [String], _ rates: Int) -> Int {
            let usage = budgets.map { #"{"type":"\#($0)","credit_limit":5}"# }.joined(separator: ",")
            let units = ["rps", "rpm", "rph", "rpd", "rpw"]
            let rate = (0..<rates).map { #"{"type":"\#($0 / 5 % 2 == 0 ? "requests" : "tokens")","unit":"\#(units[$0 % 5])","value":1}"# }.joined(separator: ",")
            return desk.ask("POST", "/v1/admin/workspaces", #"{"name":"w","usage_limits":[\#(usage)],"rate_limits":[\#(rate)]}"#).status
        }
        #expect(workspace(["cost", "tokens", "requests"], PolicyLimits.spendingLimitCount) == 200)
        #expect(workspace(["cost", "cost"], 0) == 400 && workspace(["cost", "tokens", "requests", "cost"], 0) == 400)
        #expect(workspace([], PolicyLimits.spendingLimitCount + 1) == 400)
        func policy(_ conditions: Int, _ groups: Int) -> Int {
            let list = Array(repeating: #"{"key":"model","value":"*"}"#, count: conditions).joined(separator: ",")
            let keys = (0..<groups).map { #"{"key":"metadata.k\#($0)"}"# }.joined(separator: ",")
            return desk.ask("POST", "/v1/policies/usage-limits", #"{"name":"p","conditions":[\#(list)],"group_by":[\#(keys)],"credit_limit":1}"#).status
        }
        #expect(policy(PolicyLimits.policyConditionCount, PolicyLimits.policyGroupCount) == 200)
        #expect(policy(PolicyLimits.policyConditionCount + 1, 0) == 400 && policy(0, PolicyLimits.policyGroupCount + 1) == 400)
        func members(_ count: Int) -> Desk.Reply {
            let list = Array(repeating: #""0192""#, count: count).joined(separator: ",")
            return desk.ask("POST", "/v1/admin/workspaces/ws-default/users", #"{"users":[\#(list)]}"#)
        }
        #expect(members(ConsoleLimits.memberCount).message == "user_id names no user of this organisation")
        #expect(members(ConsoleLimits.memberCount + 1).message == "users has 257 entries; at most 256 are taken")
    }

    @Test("a body, its values, a query and a path are read up to a bound, and faults are told up to one")
    func sizes() {
        let start = #"{"name":"a","scopes":[],"key":""#
        func padded(_ count: Int) -> Int {
            let body = start + String(repeating: "k", count: count - start.utf8.count - 2) + "\"}"
            return desk.ask("POST", "/v1/api-keys/organisation/service", body).status
        }
        #expect(padded(ConsoleLimits.bodyByteCount) == 400 && padded(ConsoleLimits.bodyByteCount + 1) == 413)
        func values(_ count: Int) -> String {
            desk.ask("POST", "/v1/configs", #"{"name":"a","config":[\#(Array(repeating: "0", count: count - 3).joined(separator: ","))]}"#).message
        }
        #expect(values(ConsoleLimits.bodyNodeCount) == "config must be an object, not a list")
        #expect(values(ConsoleLimits.bodyNodeCount + 1).contains("more than 65536 values"))
        func query(_ count: Int) -> String {
            desk.ask("GET", "/v1/configs?search=" + String(repeating: "%61", count: 80) + String(repeating: "&", count: count - 247)).message
        }
        #expect(query(ConsoleLimits.queryByteCount) == "" && query(ConsoleLimits.queryByteCount + 1) == "the query has 8193 bytes; at most 8192 are read")
        func path(_ count: Int) -> String { desk.ask("GET", "/v1/configs/" + String(repeating: "a", count: count - 12)).message }
        #expect(path(ConsoleLimits.pathByteCount).hasPrefix("there is no config") && path(ConsoleLimits.pathByteCount + 1) == "there is nothing at this path")
        let many = "{" + (0..<20).map { #""unknown\#($0)":1"# }.joined(separator: ",") + "}"
        #expect(desk.ask("POST", "/v1/configs", many)["error"]["errors"]?.elements.count == ConsoleLimits.faultCount)
    }

    @Test("pages have up to 1000 rows, and are counted up to a bound")
    func pages() {
        #expect(desk.ask("GET", "/v1/configs?page_size=\(ConsoleLimits.pageRowCount)&current_page=\(ConsoleLimits.pageCount)").status == 200)
        #expect(desk.ask("GET", "/v1/configs?page_size=\(ConsoleLimits.pageRowCount + 1)").status == 400)
        #expect(desk.ask("GET", "/v1/configs?current_page=\(ConsoleLimits.pageCount + 1)").status == 400)
        #expect(desk.ask("GET", "/v1/configs?").status == 200)
    }

    @Test("a credential has 64 KiB, and an e-mail address 254 bytes")
    func credentials() {
        #expect(desk.virtualKey("a", secret: String(repeating: "k", count: ConsoleLimits.credentialByteCount)).status == 200)
        #expect(desk.virtualKey("b", secret: String(repeating: "k", count: ConsoleLimits.credentialByteCount + 1)).status == 400)
        func invite(_ count: Int) -> Int {
            desk.ask("POST", "/v1/admin/users/invites", #"{"email":"\#(String(repeating: "a", count: count - 4))@b.c","role":"member"}"#).status
        }
        #expect(invite(ConsoleLimits.emailByteCount) == 200 && invite(ConsoleLimits.emailByteCount + 1) == 400)
    }

    @Test("limits are stored as the gateway's own reader reads them")
    func limitsAreRead() throws {
        let usage = """
            [{"credit_limit":2.5,"alert_threshold":1,"alert_thresholds":[1.5,2],"periodic_reset_days":3,"next_usage_reset_at":"2027-03-01T01:00:00+02:00"},
             {"type":"tokens","credit_limit":1e6,"periodic_reset":"weekly"},{"type":"requests","credit_limit":0}]
            """
        let rates = #"[{"type":"requests","unit":"concurrent","value":8},{"type":"tokens","unit":"rpw","value":\#(PolicyLimits.rateCount)}]"#
        let made = desk.ask("POST", "/v1/admin/workspaces", #"{"name":"w","usage_limits":\#(usage),"rate_limits":\#(rates)}"#)
        #expect(made.status == 200, "\(made.message)")
        let workspace = try #require(try desk.rows().workspaces.first { $0.id == made.text("id") })
        func field(_ text: String?) -> Field { Field(node: .stored(text), path: DocumentPath(), keyPosition: .start) }
        var reader = SchemaReader(refusesUnknownKeys: true)
        let budgets = reader.usageLimits(field(workspace.usageLimits))
        let limits = reader.rateLimits(field(workspace.rateLimits))
        #expect(reader.diagnostics.isEmpty, "\(reader.diagnostics.rendered(path: "limits"))")
        #expect(budgets.map(\.limit) == [2_500_000_000, 1_000_000, 0] && budgets.map(\.unit) == [.cost, .tokens, .requests])
        #expect(budgets[0].thresholds == [1_000_000_000, 1_500_000_000, 2_000_000_000] && budgets[0].period == .days(3, from: 20_877))
        #expect(budgets[1].period == .weekly && limits.map(\.span) == [.concurrent, .week] && limits[1].count == PolicyLimits.rateCount)
    }
}

@Suite("Dates of the console")
struct TimestampTests {
    @Test("dates are read with a zone, and told back in UTC", arguments: [
        ("2027-01-31", "2027-01-31T00:00:00.000Z"), ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00.000Z"),
        ("2027-01-31t12:00:00.5z", "2027-01-31T12:00:00.500Z"), ("2027-01-31T12:00:00.123456789Z", "2027-01-31T12:00:00.123Z"),
        ("2027-01-31T12:00Z", "2027-01-31T12:00:00.000Z"), ("2027-01-31T00:30:00+01:00", "2027-01-30T23:30:00.000Z"),
        ("2027-01-31 23:30:00-0130", "2027-02-01T01:00:00.000Z"), ("1970-01-01", "1970-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"), ("2028-02-29", "2028-02-29T00:00:00.000Z"),
    ])
    func read(text: String, told: String) { #expect(Timestamp.milliseconds(text).map { Timestamp.text($0) } == told) }

    @Test("what is no date is none", arguments: [
        "", "2027", "2027-1-1", "2027-02-29", "2027-00-01", "2027-01-00", "2027-01-32", "1969-12-31", "2027-01-31T12:00:00", "2027-01-31T24:00:00Z",
        "2027-01-31T12:60:00Z", "2027-01-31T12:00:60Z", "2027-01-31T12:00:00.Z", "2027-01-31T12Z", "2027-01-31T12:00:00+1", "2027-01-31T12:00:00+24:00",
        "2027-01-31T12:00:00*01:00", "2027-01-31X12:00:00Z", "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "２０２７-01-31",
        "2027-01-31T12:00:00ZZ", "2027-01-31Tab:00:00Z", "2027/01/31",
    ])
    func refused(text: String) { #expect(Timestamp.milliseconds(text) == nil) }
}
