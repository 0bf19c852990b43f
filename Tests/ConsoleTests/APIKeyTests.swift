import Bytes
import JSON
import Synchronization
import Testing
@testable import Console
@testable import Store

@Suite("API keys of the console")
struct APIKeyTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func make(_ body: String, _ path: String = "organisation/service", key: String? = nil) -> Desk.Reply {
        desk.ask("POST", "/v1/api-keys/\(path)", body, key: key)
    }

    private let full = """
        {"name":"búsqueda","description":"of search","scopes":["completions.write","virtual_keys.list"],
         "rate_limits":[{"type":"requests","unit":"rpm","value":100},{"type":"tokens","unit":"rpd","value":100000}],
         "usage_limits":{"credit_limit":10.5,"alert_threshold":8,"periodic_reset":"monthly"},
         "defaults":{"metadata":{"team":"search"},"allow_config_override":false},
         "alert_emails":["a@example.com"],"expires_at":"2027-06-01T02:00:00+02:00","rotation_policy":{"rotation_period":"monthly","next_rotation_at":"2027-03-01"},
         "allowed_models":["gpt-*"],"allowed_networks":["192.0.2.0/24"],"type":"organisation","sub-type":"service"}
        """

    @Test("a key is made, and its secret is said once: it is nowhere else")
    func made() throws {
        let reply = make(full)
        #expect(reply.status == 200)
        let secret = reply.text("key")
        #expect(secret.hasPrefix("sk-sluice-") && reply.text("object") == "api-key")
        #expect(reply["data"]["id"]?.string == reply.text("id"))
        let read = desk.ask("GET", "/v1/api-keys/" + reply.text("id"))
        #expect(read.status == 200)
        #expect(read.text("key") == "****" + secret.suffix(4))
        #expect(read.text("name") == "búsqueda" && read.text("description") == "of search" && read.text("type") == "organisation-service")
        #expect(read["scopes"].texts == ["completions.write", "virtual_keys.list"])
        #expect(read["usage_limits"].jsonText == #"{"credit_limit":10.5,"alert_threshold":8,"periodic_reset":"monthly"}"#)
        #expect(read["rate_limits"].elements.count == 2 && read["rate_limits"].elements[0].jsonText == #"{"type":"requests","unit":"rpm","value":100}"#)
        #expect(read["defaults"].jsonText == #"{"metadata":{"team":"search"},"config_id":null,"allow_config_override":false}"#)
        #expect(read.text("expires_at") == "2027-06-01T00:00:00.000Z" && read.text("created_at") == "2027-01-15T08:00:00.000Z")
        #expect(read["rotation_policy"].jsonText == #"{"rotation_period":"monthly","next_rotation_at":"2027-03-01T00:00:00.000Z"}"#)
        #expect(read.text("organisation_id") == desk.organisation && read.text("organization_id") == desk.organisation)
        #expect(read.text("status") == "active" && read.text("creation_mode") == "api" && read.text("source") == "store")
        for path in ["/v1/api-keys", "/v1/api-keys/" + reply.text("id"), "/v1/audit-logs"] {
            #expect(!desk.ask("GET", path).json.jsonText.contains(secret), "\(path)")
        }
        let row = try #require(try desk.rows().keys.first { $0.id == reply.text("id") })
        #expect(row.usageLimits == #"[{"credit_limit":10.5,"alert_threshold":8,"periodic_reset":"monthly"}]"#)
        let admin = try Array(desk.admin.utf8).withByteSlice { try desk.store.key(presenting: $0) }
        #expect(row.head.createdBy == admin?.id)
    }

    @Test("the four kinds are made on paths of their own")
    func kinds() {
        let workspace = desk.workspace("one")
        let user = desk.user("ada@example.com")
        for (path, more, type) in [
            ("organisation/service", "", "organisation-service"), ("organisation/user", #","user_id":"\#(user)""#, "organisation-user"),
            ("workspace/service", #","workspace_id":"\#(workspace)""#, "workspace-service"),
            ("workspace/user", #","workspace_id":"\#(workspace)","user_id":"\#(user)""#, "workspace-user"),
        ] {
            let reply = make(#"{"name":"a","scopes":["completions.write"]\#(more)}"#, path)
            #expect(reply.status == 200, "\(reply.message)")
            let read = desk.ask("GET", "/v1/api-keys/" + reply.text("id"))
            #expect(read.text("type") == type)
            #expect(read["workspace_id"].string == (path.hasPrefix("workspace") ? workspace : nil))
        }
        #expect(make(#"{"name":"a","scopes":[]}"#, "workspace/service").message == "workspace_id is missing: a key of a workspace names its workspace")
        #expect(make(#"{"name":"a","scopes":[]}"#, "organisation/user").message == "user_id is given for keys of users, and for those alone")
        #expect(make(#"{"name":"a","scopes":[],"user_id":"0192"}"#, "organisation/user").message == "user_id names no user of this organisation")
        #expect(make(#"{"name":"a","scopes":[],"user_id":"\#(user)"}"#).status == 400)
        #expect(desk.ask("POST", "/v1/api-keys/workspace/admin", "{}").status == 404)
    }

    @Test("what is wrong with a body is said, by member, and nothing is made", arguments: [
        ("{}", "name is missing; scopes is missing"),
        ("", "name is missing; scopes is missing"),
        ("[]", "the body must be an object, not a list"),
        ("{", "the body is no JSON"),
        (#"{"name":"a","scopes":[],"nmae":"b"}"#, #"nmae is unknown; did you mean "name"?"#),
        (#"{"name":"a","scopes":[],"a b":1}"#, #""a b" is unknown; known: name, description"#),
        (#"{"name":"a","name":"b","scopes":[]}"#, "name is given twice; keep one"),
        (#"{"name":"a","scopes":[],"organisation_id":"x","organization_id":"y"}"#, "organization_id says organisation_id again; keep one"),
        (#"{"name":7,"scopes":"completions.write"}"#, "name must be a text, not a number; scopes must be a list, not a text"),
        (#"{"name":null,"scopes":[]}"#, "name is missing"),
        (#"{"name":"","scopes":[]}"#, "name is empty"),
        (#"{"name":"a\u0007","scopes":[]}"#, "name has a control character"),
        (#"{"name":"a","scopes":["completions.wrte"]}"#, #"scopes[0] "completions.wrte" is no scope; did you mean "completions.write"?"#),
        (#"{"name":"a","scopes":[1]}"#, "scopes[0] must be a text, not a number"),
        (#"{"name":"a","scopes":[],"expires_at":"tomorrow"}"#, "expires_at must be a date as 2027-01-31T12:00:00Z"),
        (#"{"name":"a","scopes":[],"expires_at":"2027-02-30"}"#, "expires_at must be a date"),
        (#"{"name":"a","scopes":[],"expires_at":"2027-02-03T10:00:00"}"#, "expires_at must be a date"),
        (#"{"name":"a","scopes":[],"expires_at":"2020-01-01"}"#, "expires_at is past"),
        (#"{"name":"a","scopes":[],"usage_limits":{}}"#, "usage_limits.credit_limit is missing"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":"10"}}"#, "usage_limits.credit_limit must be a number from 0"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":-1}}"#, "usage_limits.credit_limit must be a number from 0"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":1.0000000001}}"#, "with at most nine decimals"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":18014399}}"#, "usage_limits.credit_limit is in dollars, at most 18014398"),
        (#"{"name":"a","scopes":[],"usage_limits":{"type":"tokens","credit_limit":1.5}}"#, "usage_limits.credit_limit and alerts of tokens must be whole numbers"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":5,"alert_threshold":5}}"#, "usage_limits.alert_threshold must be more than 0 and less than"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":5,"periodic_reset":"yearly"}}"#, "periodic_reset must be one of daily, weekly, monthly"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":5,"periodic_reset":"weekly","periodic_reset_days":3}}"#, "goes without periodic_reset"),
        (#"{"name":"a","scopes":[],"usage_limits":[{"credit_limit":5},{"credit_limit":6}]}"#, "usage_limits has 2 entries; at most 1 are taken"),
        (#"{"name":"a","scopes":[],"rate_limits":[{"type":"requests","unit":"rpy","value":1}]}"#, "rate_limits[0].unit must be one of rps, rpm, rph, rpd, rpw, concurrent"),
        (#"{"name":"a","scopes":[],"rate_limits":[{"type":"requests","unit":"rpm","value":1},{"type":"requests","unit":"rpm","value":2}]}"#,
            "rate_limits has two of one type and unit"),
        (#"{"name":"a","scopes":[],"rate_limits":[{"type":"tokens","unit":"concurrent","value":1}]}"#, "rate_limits[0].unit of tokens is a time"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":5,"alert_threshold":1,"alert_thresholds":[1,2,3,4]}}"#, "are 5; at most 4 are taken"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":5,"alert_thresholds":[6]}}"#, "must be more than 0 and less than credit_limit"),
        (#"{"name":"a","scopes":[],"usage_limits":{"credit_limit":5,"periodic_reset_days":1,"next_usage_reset_at":"2149-01-01"}}"#, "must be before 2149"),
        (#"{"name":"a","scopes":[],"rate_limits":[{"type":"requests","unit":"rpm"}]}"#, "rate_limits[0].value is missing"),
        (#"{"name":"a","scopes":[],"defaults":{"metadata":{"a":1}}}"#, "defaults.metadata.a must be a text, not a number"),
        (#"{"name":"a","scopes":[],"defaults":{"config_id":"pc-none"}}"#, "defaults.config_id names no config"),
        (#"{"name":"a","scopes":[],"alert_emails":["nobody"]}"#, "alert_emails has what is no e-mail address"),
        (#"{"name":"a","scopes":[],"allowed_networks":["10.0.0.0/33"]}"#, "allowed_networks has \"10.0.0.0/33\""),
        (#"{"name":"a","scopes":[],"workspace_id":"ws-none"}"#, "workspace_id names no workspace"),
        (#"{"name":"a","scopes":[],"key":"short"}"#, "key is 32 to 512 printable characters"),
    ])
    func invalid(body: String, text: String) throws {
        let before = try desk.store.generation()
        let reply = make(body)
        #expect(reply.status == 400 && reply.code == "AB01")
        #expect(reply.message.contains(text), "\(reply.message)")
        #expect(reply["error"]["errors"]?.elements.isEmpty == false)
        #expect(try desk.store.generation() == before)
    }

    @Test("a change changes what it says, and `null` takes away")
    func changed() throws {
        let id = make(full).text("id")
        let path = "/v1/api-keys/" + id
        #expect(desk.ask("PUT", path, #"{"id":"\#(id)","name":"b","status":"disabled"}"#).text("status") == "disabled")
        var read = desk.ask("GET", path)
        #expect(read.text("name") == "b" && read.text("description") == "of search" && read["scopes"].texts.count == 2)
        #expect(desk.ask("PUT", path, #"{"description":null,"usage_limits":null,"rate_limits":[],"expires_at":null,"status":"active","defaults":null}"#).status == 200)
        read = desk.ask("GET", path)
        #expect(read["description"].isNull && read["usage_limits"].isNull && read["rate_limits"].isNull && read["expires_at"].isNull)
        #expect(read["defaults"].jsonText == #"{"metadata":null,"config_id":null,"allow_config_override":true}"#)
        #expect(desk.ask("PUT", path, #"{"scopes":null}"#).status == 200)
        #expect(desk.ask("GET", path)["scopes"].texts == [])
        #expect(desk.ask("PUT", path, #"{"key":"x"}"#).message.hasPrefix("key is unknown"))
        #expect(desk.ask("PUT", path, #"{"status":"exhausted"}"#).message == "status must be one of active, disabled, not \"exhausted\"")
        #expect(desk.ask("PUT", "/v1/api-keys/none", #"{"name":"b"}"#).status == 404)
    }

    @Test("a default config is named by slug or id")
    func defaultConfig() {
        let config = desk.ask("POST", "/v1/configs", #"{"name":"c","config":{"retry":{"attempts":2}}}"#)
        for name in [config.text("slug"), config.text("id")] {
            let id = make(#"{"name":"a","scopes":[],"defaults":{"config_id":"\#(name)"}}"#).text("id")
            #expect(desk.ask("GET", "/v1/api-keys/" + id)["defaults"]["config_id"]?.string == config.text("id"))
        }
        #expect(desk.ask("DELETE", "/v1/configs/" + config.text("slug")).code == "AB07")
    }

    @Test("a rotated key has another secret, and the one before opens for as long as it is said")
    func rotated() throws {
        let made = make(#"{"name":"a","scopes":["admin"]}"#)
        let path = "/v1/api-keys/\(made.text("id"))/rotate"
        let usual = desk.ask("POST", path)
        #expect(usual.text("id") == made.text("id") && usual.text("key") != made.text("key"))
        #expect(usual.text("key_transition_expires_at") == "2027-01-15T08:30:00.000Z")
        for key in [made.text("key"), usual.text("key")] { #expect(desk.ask("GET", "/v1/api-keys", key: key).status == 200) }
        let again = desk.ask("POST", path, #"{"key_transition_period_ms":1800000}"#)
        #expect(again.status == 409 && again.code == "AB07")
        let now = desk.ask("POST", path, #"{"key_transition_period_ms":0}"#)
        #expect(now.status == 200 && now["key_transition_expires_at"].isNull)
        for key in [made.text("key"), usual.text("key")] { #expect(desk.ask("GET", "/v1/api-keys", key: key).status == 401) }
        #expect(desk.ask("POST", path, #"{"key_transition_period_ms":2592000001}"#).status == 400)
        #expect(desk.ask("POST", path, #"{"key_transition_period_ms":2592000000}"#).status == 200)
        #expect(try desk.audit().filter { $0.event.action == "rotate" }.count == 3)
    }

    @Test("a deleted key opens no more, and the answer is an empty object")
    func deleted() {
        let made = make(#"{"name":"a","scopes":["admin"]}"#)
        let path = "/v1/api-keys/" + made.text("id")
        let reply = desk.ask("DELETE", path)
        #expect(reply.status == 200 && reply.json.jsonText == "{}")
        #expect(desk.ask("GET", path).status == 404 && desk.ask("DELETE", path).status == 404)
        #expect(desk.ask("GET", "/v1/api-keys", key: made.text("key")).message == "Invalid API Key")
    }

    @Test("a secret that is brought along opens")
    func brought() {
        let secret = "pk-brought-along-0123456789abcdef"
        let reply = make(#"{"name":"a","scopes":["admin"],"key":"\#(secret)"}"#)
        #expect(reply.text("key") == secret)
        #expect(desk.ask("GET", "/v1/api-keys", key: secret).status == 200)
        #expect(make(#"{"name":"b","scopes":[],"key":"\#(secret)"}"#).status == 409)
    }

    @Test("lists have pages, filters, both spellings, and the file's keys behind the store's")
    func lists() throws {
        let desk = try Desk(file: declaredObjects())
        let workspace = desk.workspace("one")
        for name in ["alpha", "beta"] { _ = desk.ask("POST", "/v1/api-keys/organisation/service", #"{"name":"\#(name)","scopes":[]}"#) }
        _ = desk.ask("POST", "/v1/api-keys/workspace/service", #"{"name":"gamma","scopes":[],"workspace_id":"\#(workspace)"}"#)
        func names(_ query: String, key: String? = nil) -> [String] { desk.ask("GET", "/v1/api-keys?" + query, key: key).rows.compactMap { $0["name"]?.string } }
        #expect(names("") == ["gamma", "beta", "alpha", "a key", "ci", "old"])
        #expect(desk.ask("GET", "/v1/api-keys?").total == 6 && desk.ask("GET", "/v1/api-keys?").text("object") == "list")
        #expect(names("page_size=2&current_page=1") == ["alpha", "a key"])
        #expect(names("pageSize=4&currentPage=1") == ["ci", "old"])
        #expect(names("page_size=3&current_page=1") == ["a key", "ci", "old"])
        #expect(names("page_size=3&current_page=2") == [])
        #expect(names("search=ET") == ["beta"] && names("search=c%69") == ["ci"])
        #expect(names("workspace_id=\(workspace)") == ["gamma"] && names("workspace_id=\(workspace)&type=workspace-user") == [])
        #expect(names("type=organisation-service") == ["beta", "alpha", "a key"] && names("status=disabled") == [])
        for query in ["page_size=0", "page_size=1001", "current_page=-1", "page_size=x", "pages=1", "search=%ff", "page_size=1&page_size=2", "type=workspace-service"] {
            #expect(desk.ask("GET", "/v1/api-keys?" + query).status == 400, "\(query)")
        }
        #expect(desk.ask("GET", "/v1/api-keys?page_sise=2").message == #"page_sise is unknown; did you mean "page_size"?"#)
        // A key that manages a workspace's service keys alone.
        let some = try desk.key(["workspace_service_api_keys.list"])
        #expect(names("workspace_id=\(workspace)", key: some) == ["gamma"])
        #expect(desk.ask("GET", "/v1/api-keys", key: some).status == 403)
        #expect(desk.ask("GET", "/v1/api-keys?workspace_id=\(workspace)&type=workspace-user", key: some).status == 403)
        let other = try desk.key(["organisation_service_api_keys.list"])
        #expect(!names("", key: other).contains("gamma"))
        #expect(desk.ask("GET", "/v1/api-keys?workspace_id=\(workspace)", key: other).status == 403)
    }

    @Test("a key of the file is read here, and changed there")
    func declared() throws {
        let desk = try Desk(file: declaredObjects())
        let read = desk.ask("GET", "/v1/api-keys/old")
        #expect(read.text("source") == "file" && read.text("status") == "expired" && read["key"].isNull)
        for (method, path) in [("PUT", "/v1/api-keys/ci"), ("DELETE", "/v1/api-keys/ci"), ("POST", "/v1/api-keys/ci/rotate")] {
            let reply = desk.ask(method, path)
            #expect(reply.status == 409 && reply.message == "\"ci\" is declared in the configuration file, and is changed there")
        }
        let confined = try desk.key(["admin"], workspace: desk.workspace("one"))
        #expect(desk.ask("GET", "/v1/api-keys/ci", key: confined).status == 404)
    }

    @Test("usage is set to nothing where it is counted, and refused where it is not")
    func resetUsage() throws {
        let id = make(#"{"name":"a","scopes":[]}"#).text("id")
        #expect(desk.ask("PUT", "/v1/api-keys/" + id, #"{"reset_usage":true}"#).message == "reset_usage is refused: this gateway counts no usage")
        #expect(desk.ask("PUT", "/v1/api-keys/" + id, #"{"reset_usage":false}"#).status == 200)
        let books = CountedBooks()
        let counted = try Desk(usage: books)
        let key = counted.ask("POST", "/v1/api-keys/organisation/service", #"{"name":"a","scopes":[]}"#).text("id")
        let slot = counted.virtualKey("vk").text("id")
        let workspace = counted.workspace("one")
        #expect(counted.ask("PUT", "/v1/api-keys/" + key, #"{"reset_usage":1}"#).status == 200)
        #expect(counted.ask("PUT", "/v1/virtual-keys/vk", #"{"reset_usage":true}"#).status == 200)
        #expect(counted.ask("PUT", "/v1/admin/workspaces/" + workspace, #"{"reset_usage":true}"#).status == 200)
        #expect(counted.ask("PUT", "/v1/api-keys/none", #"{"reset_usage":true}"#).status == 404)
        #expect(books.resets == ["api_key \(key)", "virtual_key \(slot)", "workspace \(workspace)"])
    }
}
