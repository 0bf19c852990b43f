import JSON
import Testing
@testable import Console
@testable import Store

@Suite("Policies and the audit log of the console")
struct PolicyTests {
    private let desk: Desk
    private let conditions = #""conditions":[{"key":"metadata._user","value":"*"},{"key":"model","value":["gpt-*","@openai/*"],"excludes":true}],"group_by":[{"key":"metadata._user"}]"#

    init() throws { desk = try Desk() }

    private func usage(_ more: String = "") -> Desk.Reply {
        desk.ask("POST", "/v1/policies/usage-limits", #"{"name":"per user",\#(conditions),"type":"cost","credit_limit":2.5,"periodic_reset":"weekly"\#(more)}"#)
    }

    @Test("a budget for whatever meets its conditions is made, read, changed and deleted")
    func usageLimits() throws {
        let made = usage(#","alert_threshold":2"#)
        #expect(made.status == 200 && made.text("object") == "policy-usage-limits", "\(made.message)")
        let path = "/v1/policies/usage-limits/" + made.text("id")
        let read = desk.ask("GET", path)
        #expect(read["credit_limit"].jsonText == "2.5" && read.text("type") == "cost" && read.text("periodic_reset") == "weekly")
        #expect(read["conditions"].jsonText == #"[{"key":"metadata._user","value":["*"]},{"key":"model","value":["gpt-*","@openai/*"],"excludes":true}]"#)
        #expect(read["group_by"].jsonText == #"[{"key":"metadata._user"}]"#)
        #expect(desk.ask("PUT", path, #"{"credit_limit":1}"#).message == "alert_threshold must be more than 0 and less than credit_limit")
        #expect(desk.ask("PUT", path, #"{"credit_limit":null}"#).message == "credit_limit is missing")
        #expect(desk.ask("PUT", path, #"{"credit_limit":3,"alert_threshold":null,"status":"disabled","conditions":[]}"#).status == 200)
        let changed = desk.ask("GET", path)
        #expect(changed["credit_limit"].integer == 3 && changed.json["alert_threshold"] == nil && changed.text("periodic_reset") == "weekly")
        #expect(changed.text("status") == "disabled" && changed["conditions"].jsonText == "[]")
        let row = try #require(try desk.rows().policies.first)
        #expect(row.terms == #"{"type":"cost","periodic_reset":"weekly","credit_limit":3}"# && row.subject == .usage)
        #expect(desk.ask("DELETE", path).json.jsonText == "{}")
        #expect(desk.ask("GET", path).status == 404)
    }

    @Test("a limit of rate has a shape and a place of its own")
    func rateLimits() {
        _ = usage()
        let made = desk.ask("POST", "/v1/policies/rate-limits", #"{"name":"r",\#(conditions),"type":"tokens","unit":"rpm","value":1000,"target":"llm"}"#)
        #expect(made.status == 200 && made.text("object") == "policy-rate-limits" && made["value"].integer == 1000 && made.text("unit") == "rpm")
        #expect(desk.ask("GET", "/v1/policies/rate-limits").total == 1 && desk.ask("GET", "/v1/policies/usage-limits").total == 1)
        for method in ["GET", "PUT", "DELETE"] {
            #expect(desk.ask(method, "/v1/policies/usage-limits/" + made.text("id"), "{}").status == 404)
        }
        #expect(desk.ask("PUT", "/v1/policies/rate-limits/" + made.text("id"), #"{"value":5,"unit":"rph"}"#)["value"].integer == 5)
    }

    @Test("what is wrong with conditions and terms is said, and nothing is made", arguments: [
        (#"{"conditions":[],"group_by":[],"credit_limit":1}"#, "name is missing"),
        (#"{"name":"a","group_by":[],"credit_limit":1}"#, "conditions is missing"),
        (#"{"name":"a","conditions":[],"group_by":[]}"#, "credit_limit is missing"),
        (#"{"name":"a","conditions":[{"value":"x"}],"group_by":[],"credit_limit":1}"#, "conditions[0].key is missing"),
        (#"{"name":"a","conditions":[{"key":"modle","value":"x"}],"group_by":[],"credit_limit":1}"#, #"not "modle"; did you mean "model"?"#),
        (#"{"name":"a","conditions":[{"key":"metadata.","value":"x"}],"group_by":[],"credit_limit":1}"#, "conditions[0].key must be one of"),
        (#"{"name":"a","conditions":[{"key":"model","value":[]}],"group_by":[],"credit_limit":1}"#, "conditions[0].value has no entry"),
        (#"{"name":"a","conditions":[{"key":"model","value":[7]}],"group_by":[],"credit_limit":1}"#, "conditions[0].value[0] must be a text"),
        (#"{"name":"a","conditions":[{"key":"api_key","value":"0192"}],"group_by":[],"credit_limit":1}"#, "conditions[0].value names no API key"),
        (#"{"name":"a","conditions":[{"key":"virtual_key","value":"none"}],"group_by":[],"credit_limit":1}"#, "conditions[0].value names no virtual key"),
        (#"{"name":"a","conditions":[{"key":"config","value":"pc-none"}],"group_by":[],"credit_limit":1}"#, "conditions[0].value names no config"),
        (#"{"name":"a","conditions":[{"key":"provider","value":"opnai"}],"group_by":[],"credit_limit":1}"#, "conditions[0].value is no provider"),
        (#"{"name":"a","conditions":[{"key":"workspace_id","value":"x"}],"group_by":[],"credit_limit":1}"#, "conditions[0].value names no workspace"),
        (#"{"name":"a","conditions":[{"key":"prompt","value":"pp-none-000000"}],"group_by":[],"credit_limit":1}"#, "conditions[0].value names no prompt that this API key reaches"),
        (#"{"name":"a","conditions":[{"key":"endpoint_type","value":"chat"}],"group_by":[],"credit_limit":1}"#, "conditions[0].value must be one of chat_completions"),
        (#"{"name":"a","conditions":[],"group_by":[{"key":"model"},{"key":"model"}],"credit_limit":1}"#, "group_by has one key twice"),
        (#"{"name":"a","conditions":[],"group_by":[],"credit_limit":1,"temporary_credit":{"amount":1,"until":"2020-01-01"}}"#, "temporary_credit.until is past"),
        (#"{"name":"a","conditions":{},"group_by":[],"credit_limit":1}"#, "conditions must be a list, not an object"),
        (#"{"name":"a","conditions":[],"group_by":[{"key":"day"}],"credit_limit":1}"#, "group_by[0].key must be one of"),
        (#"{"name":"a","conditions":[],"group_by":[],"credit_limit":1,"periodic_reset_days":366}"#, "periodic_reset_days must be a whole number from 1 to 365"),
        (#"{"name":"a","conditions":[],"group_by":[],"credit_limit":1,"unit":"rpm"}"#, "unit is unknown"),
    ])
    func invalid(body: String, text: String) throws {
        let reply = desk.ask("POST", "/v1/policies/usage-limits", body)
        #expect(reply.status == 400 && reply.message.contains(text), "\(reply.message)")
        #expect(try desk.rows().policies.isEmpty)
    }

    @Test("conditions name what is there, in the store or in the file")
    func references() throws {
        let desk = try Desk(file: declaredObjects())
        _ = desk.virtualKey("stored")
        let key = desk.ask("POST", "/v1/api-keys/organisation/service", #"{"name":"a","scopes":[]}"#).text("id")
        let list = #"[{"key":"virtual_key","value":["stored","file-openai"]},{"key":"api_key","value":["\#(key)","ci"]},{"key":"config","value":"file-config"}]"#
        let reply = desk.ask("POST", "/v1/policies/usage-limits", #"{"name":"a","conditions":\#(list),"group_by":[{"key":"workspace_id"}],"credit_limit":1}"#)
        #expect(reply.status == 200, "\(reply.message)")
    }

    // MARK: Audit

    @Test("what was done is in the audit log, filtered, without secrets, and the log holds together")
    func audit() throws {
        _ = desk.virtualKey("a", secret: "sk-test-0123456789abcdefghij")
        desk.ask("PUT", "/v1/virtual-keys/a", #"{"name":"b","key":"sk-next-0123456789abcdefghij"}"#)
        desk.ask("DELETE", "/v1/virtual-keys/a")
        let all = desk.ask("GET", "/v1/audit-logs?resource_type=virtual_keys&organisation_id=\(desk.organisation)")
        #expect(all.total == 3 && all["records"].elements.map { $0["action"]?.string } == ["delete", "update", "create"])
        let change = all["records"].elements[1]
        #expect(change["before"]?["name"]?.string == "a" && change["after"]?["name"]?.string == "b")
        #expect(change["method"]?.string == "PUT" && change["uri"]?.string == "/v1/virtual-keys/a" && change["client_ip"]?.string == "127.0.0.1")
        #expect(change["user_type"]?.string == "api_key" && change["request_id"]?.string == "request-1" && change["timestamp"]?.string == "2027-01-15T08:00:00.000Z")
        #expect(!desk.ask("GET", "/v1/audit-logs?page_size=1000").json.jsonText.contains("0123456789"))
        #expect(desk.ask("GET", "/v1/audit-logs?start_time=2027-01-15T08:00:00Z&end_time=2027-01-15T08:00:01Z&action=delete").total == 1)
        #expect(desk.ask("GET", "/v1/audit-logs?end_time=2027-01-15T08:00:00%2B00:00").total == 0)
        #expect(desk.ask("GET", "/v1/audit-logs?start_time=2027-01-15&end_time=2027-01-14").message == "end_time is not after start_time")
        #expect(desk.ask("GET", "/v1/audit-logs?start_time=yesterday").status == 400)
        #expect(desk.ask("GET", "/v1/audit-logs?page_size=2&current_page=1&resource_type=virtual_keys")["records"].elements.count == 1)
        #expect(try desk.store.verifyAudit().faults.isEmpty)
    }

    @Test("a key of a user writes the user, the key and the role")
    func userActor() throws {
        let user = desk.user("ada@example.com")
        let key = try desk.key(["admin"]) { ($0.holder, $0.userID) = (.user, user) }
        _ = desk.ask("POST", "/v1/admin/workspaces", #"{"name":"w"}"#, key: key)
        let row = desk.ask("GET", "/v1/audit-logs?resource_type=workspaces&user_id=\(user)")["records"].elements.first
        #expect(row?["user_type"]?.string == "user" && row?["role"]?.string == "member" && row?["key_id"]?.string?.isEmpty == false)
    }
}
