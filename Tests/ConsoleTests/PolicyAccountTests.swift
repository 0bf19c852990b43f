import JSON
import Policy
import Testing
@testable import Console
@testable import Store

@Suite("What policies have counted, and which workspaces use integrations, in the console")
struct PolicyAccountTests {
    private let books = CountedBooks()
    private let desk: Desk

    init() throws {
        var file = declaredObjects()
        var scope = PolicyScope()
        scope.conditions = [.init(.metadata("_user"), ["*"]), .init(.model, ["gpt-*"], isExcluding: true)]
        scope.groups = [.metadata("_user")]
        let usage = SpendingLimits.read(usage: #"{"type":"cost","credit_limit":2.5,"periodic_reset":"weekly"}"#, rates: nil).limits.usage
        let rates = SpendingLimits.read(usage: nil, rates: #"{"type":"requests","unit":"rpm","value":10}"#).limits.rates
        var limits = SpendingLimits()
        (limits.usage, limits.rates) = (usage, rates)
        file.policies = [.init(name: "of the file", scope: scope, limits: limits)]
        desk = try Desk(file: file, usage: books)
    }

    private func policy(_ groups: String = #"[{"key":"metadata._user"},{"key":"model"}]"#) -> String {
        desk.ask("POST", "/v1/policies/usage-limits", #"{"name":"p","conditions":[],"group_by":\#(groups),"credit_limit":1}"#).text("id")
    }

    @Test("entities are listed by their values with what they have used, in pages, and searched")
    func listed() {
        let path = "/v1/policies/usage-limits/\(policy())/entities"
        #expect(desk.ask("GET", path).total == 0)
        let accounts = (0..<5).map { (number: Int) -> PolicyAccount in
            let reading = UsageReading(spent: Int64(number) * 250_000_000, isExhausted: number == 4, resetsAt: number == 0 ? nil : 1_800_057_600)
            return PolicyAccount(id: "\(number)", values: ["user \(number)", number == 4 ? nil : "m"], reading: reading)
        }
        books.set(accounts)
        let all = desk.ask("GET", path)
        let row = #"{"id":"1","value_key":"metadata._user:user 1,model:m","values":{"metadata._user":"user 1","model":"m"},"current_usage":0.25,"#
            + #""status":"active","next_usage_reset_at":"2027-01-16T00:00:00.000Z","object":"policy-entity"}"#
        #expect(all.total == 5)
        #expect(all.rows[1].jsonText == row)
        #expect(all.rows[4]["value_key"]?.string == "metadata._user:user 4,model:" && all.rows[4]["status"]?.string == "exhausted")
        #expect(desk.ask("GET", path + "?page_size=2&current_page=2").rows.map { $0["id"]?.string } == ["4"])
        #expect(desk.ask("GET", path + "?search=USER%203").rows.map { $0["id"]?.string } == ["3"])
        #expect(desk.ask("GET", "/v1/policies/rate-limits/\(policy())/entities").status == 404)
        books.fail()
        #expect(desk.ask("GET", path).status == 503)
    }

    @Test("one entity, or all, are set to nothing, with a row of the audit log each; a policy that is deleted is forgotten")
    func reset() throws {
        let id = policy()
        books.set([
            PolicyAccount(id: "aa", values: ["u", "m"], reading: UsageReading(spent: 5_000_000_000, isExhausted: true, resetsAt: nil)),
            PolicyAccount(id: "bb", values: ["v", "m"], reading: UsageReading(spent: 1, isExhausted: false, resetsAt: nil)),
        ])
        let path = "/v1/policies/usage-limits/" + id
        let reset = desk.ask("PUT", path + "/entities/aa/reset")
        #expect(reset.status == 200 && reset["current_usage"].integer == 0 && reset.text("status") == "active", "\(reset.message)")
        #expect(desk.ask("PUT", path + "/entities/zz/reset").status == 404)
        #expect(desk.ask("PUT", path, #"{"reset_usage":true}"#).status == 200)
        #expect(desk.ask("DELETE", path).status == 200)
        #expect(books.resets == ["aa of \(id)", "aa of \(id)", "bb of \(id)", "forgotten \(id)"])
        let rows = try desk.audit().map(\.event).filter { $0.action == "reset_usage" }
        #expect(rows.count == 3 && rows.allSatisfy { $0.resourceID == id && $0.resource == "policies" })
        #expect(rows.last?.before == #"{"values":{"metadata._user":"u","model":"m"},"used":5}"#, "\(rows.last?.before ?? "")")
        let reader = try desk.key(["policies.read"])
        #expect(desk.ask("PUT", "/v1/policies/usage-limits/of%20the%20file/entities/aa/reset", key: reader).status == 403)
    }

    @Test("a policy of the file is listed and read, its entities are read and reset, and it is changed in the file alone")
    func declared() {
        books.set([PolicyAccount(id: "aa", values: ["u"], reading: UsageReading(spent: 0, isExhausted: false, resetsAt: nil))])
        for (path, terms) in [("usage-limits", #""type":"cost","credit_limit":2.5,"periodic_reset":"weekly"}"#), ("rate-limits", #""type":"requests","unit":"rpm","value":10}"#)] {
            let list = desk.ask("GET", "/v1/policies/" + path)
            #expect(list.total == 1 && list.rows.first?["source"]?.string == "file")
            let read = desk.ask("GET", "/v1/policies/\(path)/of%20the%20file")
            #expect(read.json.jsonText.hasSuffix(terms), "\(read.json.jsonText)")
            #expect(read["conditions"].jsonText == #"[{"key":"metadata._user","value":["*"]},{"key":"model","value":["gpt-*"],"excludes":true}]"#)
            #expect(read["group_by"].jsonText == #"[{"key":"metadata._user"}]"#)
            for method in ["PUT", "DELETE"] { #expect(desk.ask(method, "/v1/policies/\(path)/of%20the%20file", "{}").status == 409) }
            #expect(desk.ask("GET", "/v1/policies/\(path)/of%20the%20file/entities").total == 1)
            #expect(desk.ask("PUT", "/v1/policies/\(path)/of%20the%20file/entities/aa/reset").status == 200)
        }
    }

    @Test("a budget for all is shown with its usage, one of groups is not")
    func shown() {
        let whole = policy("[]")
        books.spend(1_000_000_000, of: whole)
        let read = desk.ask("GET", "/v1/policies/usage-limits/" + whole)
        #expect(read.text("status") == "exhausted" && read["current_usage"].integer == 1)
        #expect(desk.ask("GET", "/v1/policies/usage-limits/" + policy()).json["current_usage"] == nil)
        #expect(desk.ask("PUT", "/v1/policies/usage-limits/" + whole, #"{"credit_limit":2,"current_usage":9}"#).text("status") == "active")
    }

    @Test("what conditions name is written as requests have it")
    func otherNames() {
        let workspace = desk.workspace("one")
        let slug = desk.ask("GET", "/v1/admin/workspaces/" + workspace).text("slug")
        func make(_ value: String) -> Desk.Reply {
            desk.ask("POST", "/v1/policies/usage-limits", #"{"name":"p","conditions":[{"key":"workspace_id","value":"\#(value)"}],"group_by":[],"credit_limit":1}"#)
        }
        #expect(make(workspace).status == 200 && make("*").status == 200)
        #expect(make(slug).message == "conditions[0].value is another name of workspace \"\(workspace)\"; write that")
    }

    // MARK: Integrations

    @Test("workspaces of an integration are listed and changed, with limits of their own and their usage, and the others stay as they are")
    func shares() throws {
        let integration = desk.integration("account").text("id")
        let (red, blue) = (desk.workspace("red"), desk.workspace("blue"))
        let path = "/v1/integrations/account/workspaces"
        #expect(desk.ask("GET", path)["total"].integer == 0 && desk.ask("GET", path)["global_workspace_access"]["enabled"]?.boolean == true)
        let first = desk.ask("PUT", path, #"""
            {"workspaces":[{"id":"\#(red)","usage_limits":[{"type":"cost","credit_limit":2}],"rate_limits":[{"type":"requests","unit":"rpm","value":5}]},{"id":"\#(blue)","enabled":false}],
            "global_workspace_access":{"enabled":false}}
            """#)
        #expect(first.status == 200, "\(first.message)")
        let identity = IntegrationShare.identity(of: integration, in: red)
        books.spend(2_000_000_000, of: identity)
        let listed = desk.ask("GET", path)["workspaces"].elements
        #expect(listed.map { $0["id"]?.string } == [red, blue])
        #expect(listed.map { $0["enabled"]?.boolean } == [true, false])
        #expect(listed[0]["usage_limits"]?.elements.first?["current_usage"]?.integer == 2 && listed[0]["status"]?.string == "exhausted")
        #expect(listed[0]["rate_limits"]?.jsonText == #"[{"type":"requests","unit":"rpm","value":5}]"#)
        #expect(desk.ask("GET", path, isSDK: true)["workspaces"].elements[0]["usage_limits"]?["credit_limit"]?.integer == 2)
        #expect(desk.ask("PUT", path, #"{"workspaces":[{"id":"\#(red)","reset_usage":true}]}"#).status == 200)
        #expect(books.resets == ["integration \(identity)"])
        #expect(desk.ask("PUT", path, #"{"workspaces":[{"id":"\#(red)","usage_limits":null}],"override_existing_workspaces_access":true}"#)["workspaces"].elements.count == 1)
        let provider = #"{"name":"slot","integration_id":"account","workspace_id":"\#(blue)"}"#
        #expect(desk.ask("POST", "/v1/providers", provider).status == 400, "no more named, and not for all")
        #expect(desk.ask("PUT", path, #"{"global_workspace_access":true}"#).status == 200 && desk.ask("POST", "/v1/providers", provider).status == 200)
        #expect(try desk.audit().contains { $0.event.action == "reset_usage" && $0.event.resource == "integrations" })
    }

    @Test("what is wrong with an integration's workspaces is said", arguments: [
        (#"{"workspaces":[{"id":"none"}]}"#, "workspaces[0].id names no workspace"), (#"{"workspaces":[{}]}"#, "workspaces[0].id is missing"),
        (#"{"workspaces":[{"id":"ws-default","enabled":"yes"}]}"#, "workspaces[0].enabled must be true or false"),
        (#"{"workspaces":[{"id":"ws-default","usage_limits":[{"type":"cost"}]}]}"#, "credit_limit is missing"),
        (#"{"workspaces":[{"id":"ws-default","usage_limits":[{"credit_limit":1,"temporary_credit":{"amount":1,"until":"2020-01-01"}}]}]}"#, "workspaces[0].usage_limits.temporary_credit.until is past"),
        (#"{"workspaces":[{"id":"ws-default","create_default_provider":true}]}"#, "make one with POST /providers"), (#"{"global_workspace_access":7}"#, "global_workspace_access must be"),
        (#"{"workspace":[]}"#, "did you mean"),
    ])
    func invalidShares(body: String, told: String) {
        _ = desk.integration("account")
        let reply = desk.ask("PUT", "/v1/integrations/account/workspaces", body)
        #expect(reply.status == 400 && reply.message.contains(told), "\(reply.message)")
    }
}
