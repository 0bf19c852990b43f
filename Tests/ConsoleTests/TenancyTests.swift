import JSON
import Testing
@testable import Console
@testable import Store

@Suite("Workspaces and users of the console")
struct TenancyTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    // MARK: Workspaces

    @Test("a workspace is made with its members, and read with them")
    func made() {
        let (ada, bob) = (desk.user("ada@example.com"), desk.user("bob@example.com"))
        let body = """
            {"name":"Search","description":"d","defaults":{"metadata":{"team":"search"}},"users":["\(ada)",{"id":"\(bob)","role":"manager"}],
             "usage_limits":[{"type":"cost","credit_limit":5},{"type":"tokens","credit_limit":1000}],"rate_limits":{"type":"requests","unit":"rps","value":3}}
            """
        let made = desk.ask("POST", "/v1/admin/workspaces", body)
        #expect(made.status == 200 && made.text("slug").hasPrefix("ws-search-") && made.text("object") == "workspace")
        #expect(made["users"].jsonText == #"[{"id":"\#(ada)","role":"member"},{"id":"\#(bob)","role":"manager"}]"#)
        for name in [made.text("id"), made.text("slug")] {
            let read = desk.ask("GET", "/v1/admin/workspaces/" + name)
            #expect(read["users"].elements.count == 2 && read["usage_limits"].elements.count == 2 && read["rate_limits"].elements.count == 1)
            #expect(read["defaults"].jsonText == #"{"metadata":{"team":"search"}}"# && read["is_default"].integer == 0)
        }
    }

    @Test("a workspace with a member who is nobody is not made at all")
    func whole() throws {
        let ada = desk.user("ada@example.com")
        let reply = desk.ask("POST", "/v1/admin/workspaces", #"{"name":"a","users":["\#(ada)","0192"]}"#)
        #expect(reply.status == 400 && reply.message == "user_id names no user of this organisation")
        #expect(try desk.rows().workspaces.count == 1)
        #expect(try desk.store.list(Membership.self, ListQuery(Scope(organisationID: desk.organisation))).total == 0)
        #expect(try !desk.audit().contains { $0.event.resource == "workspaces" && $0.event.actor.kind == .apiKey })
    }

    @Test("lists have the members the SDK needs, and both spellings of pages")
    func lists() {
        _ = desk.workspace("alpha")
        _ = desk.workspace("alphabet")
        let list = desk.ask("GET", "/v1/admin/workspaces?pageSize=1&currentPage=1")
        #expect(list.total == 3 && list.rows.compactMap { $0["name"]?.string } == ["alpha"] && list.text("object") == "list")
        #expect(desk.ask("GET", "/v1/admin/workspaces?page_size=1&current_page=1").rows.count == 1)
        #expect(desk.ask("GET", "/v1/admin/workspaces?name=alpha").total == 2)
        #expect(desk.ask("GET", "/v1/admin/workspaces?exact_name=alpha").total == 1)
        #expect(desk.ask("GET", "/v1/admin/users").json["data"]?.elements.isEmpty == true)
        #expect(desk.ask("GET", "/v1/admin/users/invites").json["data"]?.elements.isEmpty == true)
    }

    @Test("a workspace is changed, and deleted when there is nothing in it, by a body that names it")
    func changed() {
        let id = desk.workspace("one")
        let path = "/v1/admin/workspaces/" + id
        #expect(desk.ask("PUT", path, #"{"name":"two","description":"d"}"#).text("name") == "two")
        #expect(desk.ask("PUT", path, #"{"rate_limits":[{"type":"requests","unit":"rps","value":-1}]}"#).status == 400)
        let key = desk.ask("POST", "/v1/api-keys/workspace/service", #"{"name":"k","scopes":[],"workspace_id":"\#(id)"}"#).text("id")
        #expect(desk.ask("DELETE", path, #"{"workspace_id":"\#(id)","name":"one"}"#).message == "name is not the name of this workspace")
        #expect(desk.ask("DELETE", path, #"{"workspace_id":"\#(id)","name":"two"}"#).message == "this workspace is used by 1 API key; change or delete those first")
        _ = desk.ask("DELETE", "/v1/api-keys/" + key)
        #expect(desk.ask("DELETE", path, #"{"workspace_id":"\#(id)","name":"two"}"#).json.jsonText == "{}")
        #expect(desk.ask("GET", path).status == 404)
        #expect(desk.ask("DELETE", "/v1/admin/workspaces/ws-default").status == 409)
        #expect(desk.ask("PUT", "/v1/admin/workspaces/ws-default", #"{"is_default":false}"#).status == 409)
    }

    @Test("users come into a workspace all together or not at all, change their role, and leave")
    func members() {
        let workspace = desk.workspace("one")
        let (ada, bob) = (desk.user("ada@example.com"), desk.user("bob@example.com"))
        let path = "/v1/admin/workspaces/\(workspace)/users"
        #expect(desk.ask("POST", path, #"{"users":[{"id":"\#(ada)","role":"boss"}]}"#).message == "users[0].role must be one of admin, manager, member, not \"boss\"")
        #expect(desk.ask("POST", path, #"{"users":[{"id":"\#(ada)","role":"admin"},{"id":"0192"}]}"#).status == 400)
        #expect(desk.ask("GET", path).total == 0)
        #expect(desk.ask("POST", path, #"{"workspace_id":"x","users":[{"id":"\#(ada)","role":"admin"},{"id":"\#(bob)"}]}"#).status == 200)
        #expect(desk.ask("POST", path, #"{"users":["\#(ada)"]}"#).status == 409)
        let list = desk.ask("GET", path + "?page_size=10&current_page=0")
        #expect(list.total == 2 && Set(list.rows.compactMap { $0["email"]?.string }) == ["ada@example.com", "bob@example.com"])
        #expect(desk.ask("GET", path + "?role=admin").total == 1)
        #expect(desk.ask("GET", path + "?email=BOB@example.com").rows.compactMap { $0["id"]?.string } == [bob])
        #expect(desk.ask("GET", path + "?email=eve@example.com").total == 0)
        #expect(desk.ask("PUT", "\(path)/\(bob)", #"{"user_id":"\#(bob)","role":"manager"}"#).text("role") == "manager")
        let read = desk.ask("GET", "\(path)/\(bob)")
        #expect(read.text("role") == "manager" && read.text("org_role") == "member" && read.text("first_name") == "Ada" && read.text("last_name") == "Byron")
        #expect(desk.ask("GET", "/v1/admin/users/" + bob)["workspace_ids"].texts == [workspace])
        #expect(desk.ask("DELETE", "\(path)/\(bob)").json.jsonText == "{}")
        #expect(desk.ask("GET", "\(path)/\(bob)").status == 404 && desk.ask("PUT", "\(path)/\(bob)", #"{"role":"member"}"#).status == 404)
        #expect(desk.ask("GET", "/v1/admin/workspaces/none/users").status == 404)
    }

    // MARK: Users

    @Test("an invited user is listed, taken into workspaces, becomes active, and is deleted")
    func users() {
        let workspace = desk.workspace("one")
        let body = #"{"email":"Ada@Example.com","role":"admin","workspaces":[{"id":"\#(workspace)","role":"manager"}]}"#
        let made = desk.ask("POST", "/v1/admin/users/invites", body)
        #expect(made.status == 200 && made.text("email") == "ada@example.com" && made["invite_link"].isNull)
        let id = made.text("id")
        #expect(desk.ask("GET", "/v1/admin/users/invites/" + id).text("status") == "pending")
        #expect(desk.ask("GET", "/v1/admin/users/invites?status=pending&pageSize=5").total == 1)
        #expect(desk.ask("GET", "/v1/admin/workspaces/\(workspace)/users/\(id)").text("role") == "manager")
        #expect(desk.ask("PUT", "/v1/admin/users/" + id, #"{"role":"member","status":"active","first_name":"Ada"}"#).text("role") == "member")
        #expect(desk.ask("GET", "/v1/admin/users/invites/" + id).status == 404)
        #expect(desk.ask("GET", "/v1/admin/users?email=ada@example.com&role=member&status=active").total == 1)
        #expect(desk.ask("POST", "/v1/admin/users/invites", body).status == 409)
        let key = desk.ask("POST", "/v1/api-keys/organisation/user", #"{"name":"k","scopes":[],"user_id":"\#(id)"}"#).text("id")
        #expect(desk.ask("DELETE", "/v1/admin/users/" + id).message == "this user is used by 1 API key; change or delete those first")
        _ = desk.ask("DELETE", "/v1/api-keys/" + key)
        #expect(desk.ask("DELETE", "/v1/admin/users/" + id).json.jsonText == "{}")
        #expect(desk.ask("GET", "/v1/admin/users/" + id).status == 404)
        #expect(desk.ask("GET", "/v1/admin/workspaces/\(workspace)/users").total == 0)
    }

    @Test("an invitation is taken back")
    func takenBack() {
        let id = desk.user("ada@example.com")
        #expect(desk.ask("DELETE", "/v1/admin/users/invites/" + id).json.jsonText == "{}")
        #expect(desk.ask("GET", "/v1/admin/users").total == 0)
    }

    @Test("what is wrong with an invitation is said, and nobody is made", arguments: [
        (#"{"role":"member"}"#, "email is missing"),
        (#"{"email":"nobody","role":"member"}"#, "email is no e-mail address"),
        (#"{"email":"a@b","role":"boss"}"#, "role must be one of owner, admin, member, not \"boss\""),
        (#"{"email":"a@b","role":"member","workspaces":[{"id":"ws-none"}]}"#, "workspaces[0].id names no workspace of this organisation"),
        (#"{"email":"a@b","role":"member","workspaces":[{}]}"#, "workspaces[0].id is missing"),
    ])
    func invalid(body: String, text: String) throws {
        let reply = desk.ask("POST", "/v1/admin/users/invites", body)
        #expect(reply.status == 400 && reply.message == text)
        #expect(try desk.store.list(User.self, ListQuery(Scope(organisationID: desk.organisation))).total == 0)
    }
}
