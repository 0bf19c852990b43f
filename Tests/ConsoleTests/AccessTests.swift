import Bytes
import JSON
import Testing
@testable import Console
@testable import Store

@Suite("Access to the console")
struct AccessTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    @Test("without a key, and with one that is nobody's, there is nothing to see", arguments: ["", "sk-sluice-nobody", "Bearer x", "\u{0}"])
    func noKey(credential: String) {
        for path in ["/v1/api-keys", "/v1/nothing", "/sluice/openapi.json"] {
            let reply = desk.ask("GET", path, key: credential)
            #expect(reply.status == 401)
            #expect(reply.code == "AB05")
            #expect(reply["success"].boolean == false)
            #expect(reply["error"]["message"]?.string == reply.message && !reply.message.isEmpty)
            #expect(reply["error"]["request_id"]?.string == "request-1")
        }
    }

    @Test("an expired key, a disabled one, and one from elsewhere are refused, each in its own words")
    func unusableKeys() throws {
        let expired = try desk.key(["admin"]) { $0.expiresAt = Desk.start + 10 }
        #expect(desk.ask("GET", "/v1/api-keys", key: expired).status == 200)
        desk.time.withLock { $0 += 10 }
        #expect(desk.ask("GET", "/v1/api-keys", key: expired).message == "this API key expired at 2027-01-15T08:00:00.010Z")
        let disabled = try desk.key(["admin"]) { $0.status = .disabled }
        #expect(desk.ask("GET", "/v1/api-keys", key: disabled).message == "this API key is disabled")
        #expect(desk.ask("GET", "/v1/api-keys", key: disabled).status == 401)
        let local = try desk.key(["admin"]) { $0.allowedNetworks = ["192.0.2.0/24", "2001:db8::/32"] }
        #expect(desk.ask("GET", "/v1/api-keys", key: local, peer: "192.0.2.77").status == 200)
        #expect(desk.ask("GET", "/v1/api-keys", key: local, peer: "::ffff:192.0.2.77").status == 200)
        #expect(desk.ask("GET", "/v1/api-keys", key: local, peer: "2001:db8::9").status == 200)
        for peer in ["192.0.3.1", "2001:db9::1", "", "unix", "192.0.2.1/24"] {
            #expect(desk.ask("GET", "/v1/api-keys", key: local, peer: peer).status == 401, "\(peer)")
        }
    }

    @Test("a key that has used up its budget still manages")
    func exhausted() throws {
        let key = try desk.key(["admin"]) { $0.status = .exhausted }
        #expect(desk.ask("GET", "/v1/api-keys", key: key).status == 200)
    }

    @Test("a key of a user who is disabled opens nothing")
    func disabledUser() throws {
        let user = desk.user("ada@example.com")
        let key = try desk.key(["admin"]) { ($0.holder, $0.userID) = (.user, user) }
        #expect(desk.ask("GET", "/v1/api-keys", key: key).status == 200)
        #expect(desk.ask("PUT", "/v1/admin/users/\(user)", #"{"status":"disabled"}"#).status == 200)
        #expect(desk.ask("GET", "/v1/api-keys", key: key).message == "the user of this API key is disabled")
    }

    @Test("each route is refused to a key without its scope, and the attempt is in the audit log", arguments: RouteTable.all.indices)
    func scopes(index: Int) throws {
        let route = RouteTable.all[index]
        // Without scopes it is for any key, or for none.
        guard !route.permission.scopes.isEmpty else { return }
        let path = "/v1" + route.pattern.replacing(/\{\w+\}/, with: "x")
        let key = try desk.key(["completions.write"])
        let reply = desk.ask(route.method.rawValue, path, key: key)
        #expect(reply.status == 403, "\(route.method) \(route.pattern)")
        // Exporters are told in gRPC's codes.
        if case .bytes = route.handling { #expect(reply["code"].integer == 7) } else { #expect(reply.code == "AB03") }
        for scope in route.permission.scopes { #expect(reply.message.contains("\"\(scope)\"")) }
        let denied = try desk.audit(.denied)
        #expect(denied.count == 1)
        let event = try #require(denied.first?.event)
        #expect("\(event.resource).\(event.action)" == route.permission.scopes.first)
        #expect(event.actor.method == route.method.rawValue && event.actor.path == path && event.actor.address == "127.0.0.1")
        #expect(event.reason == reply.message)
    }

    @Test("each route is open to a key that has one of its scopes, and no other", arguments: RouteTable.all.indices)
    func oneScope(index: Int) throws {
        let route = RouteTable.all[index]
        let path = "/v1" + route.pattern.replacing(/\{\w+\}/, with: "x")
        for scope in route.permission.scopes {
            let reply = desk.ask(route.method.rawValue, path, "[]", key: try desk.key([scope]))
            #expect(reply.status != 401 && reply.status < 500)
            #expect(reply.status != 403 || route.pattern == "/api-keys" || route.pattern == "/integrations", "\(route.pattern) \(reply.message)")
        }
    }

    @Test("scopes that routes ask for are scopes that keys can have")
    func scopesAreKnown() {
        for route in RouteTable.all { for scope in route.permission.scopes { #expect(Scopes.all.contains(scope)) } }
        #expect(Set(Scopes.all).count == Scopes.all.count)
    }

    @Test("a path that is none is 404, and a method it does not take 405 with those it does")
    func paths() {
        for path in ["/v1/api-keys/a/b", "/v1/api-keys//", "/v1/virtual-keys/%ff", "/v1/configs/a/versions/1", "/v1/policies/x", "/v3/api-keys", "/", ""] {
            let reply = desk.ask("GET", path)
            #expect(reply.status == 404, "\(path)")
            #expect(reply.code == "AB02")
        }
        let reply = desk.ask("PATCH", "/v1/api-keys")
        #expect(reply.status == 405 && reply.allow == "GET")
        #expect(desk.ask("POST", "/v1/virtual-keys/a").allow == "GET, PUT, DELETE")
        #expect(desk.ask("GET", "/v2/api-keys/").status == 200)
    }

    @Test("a literal segment goes before a parameter")
    func literalsFirst() {
        #expect(desk.ask("GET", "/v1/admin/users/invites").total == 0)
        #expect(desk.ask("PUT", "/v1/admin/users/invites", "{}").allow == "POST, GET")
    }

    @Test("the console owns its paths below either version, and no others")
    func owned() {
        func owns(_ path: String) -> Bool { Array(path.utf8).withByteSlice { Console.place(method: ByteSlice("GET"), path: $0) != nil } }
        for route in RouteTable.all {
            let path = route.pattern.replacing(/\{\w+\}/, with: "x")
            #expect(owns("/v1" + path) && owns("/v2" + path) && owns("/v1" + path + "/"), "\(path)")
        }
        #expect(owns("/sluice/openapi.json"))
        for path in ["/v1/api-keysx", "/v1/", "/v1", "/v1/models", "/api-keys", "/v1/admin", "/v1/policies", "/v3/api-keys", "", "/sluice/openapi.json/x"] {
            #expect(!owns(path), "\(path)")
        }
    }

    @Test("a key of a workspace sees and makes what is its workspace's alone")
    func confined() throws {
        let (one, other) = (desk.workspace("one"), desk.workspace("other"))
        let key = try desk.key(["admin"], workspace: one)
        let body = #"{"name":"mine","scopes":["completions.write"]}"#
        #expect(desk.ask("POST", "/v1/api-keys/workspace/service", body, key: key).status == 200)
        #expect(desk.ask("POST", "/v1/api-keys/organisation/service", body, key: key).status == 403)
        let foreign = desk.ask("POST", "/v1/api-keys/workspace/service", #"{"name":"a","scopes":[],"workspace_id":"\#(other)"}"#, key: key)
        #expect(foreign.status == 400 && foreign.message == "workspace_id names no workspace that this API key reaches")
        #expect(desk.ask("GET", "/v1/api-keys?workspace_id=\(other)", key: key).status == 400)
        let theirs = desk.ask("POST", "/v1/virtual-keys", #"{"name":"a","provider":"openai","key":"sk-12345678","workspace_id":"\#(other)"}"#)
        #expect(theirs.status == 200)
        #expect(desk.ask("GET", "/v1/virtual-keys/\(theirs.text("slug"))", key: key).status == 404)
        #expect(desk.ask("PUT", "/v1/virtual-keys/\(theirs.text("slug"))", #"{"name":"b"}"#, key: key).status == 404)
        #expect(desk.ask("DELETE", "/v1/virtual-keys/\(theirs.text("slug"))", key: key).status == 404)
        #expect(desk.ask("GET", "/v1/virtual-keys", key: key).total == 0)
        #expect(desk.ask("GET", "/v1/admin/workspaces", key: key).rows.compactMap { $0["id"]?.string } == [one])
        #expect(desk.ask("POST", "/v1/admin/workspaces", #"{"name":"third"}"#, key: key).status == 403)
        #expect(desk.ask("GET", "/v1/admin/users", key: key).status == 403)
        #expect(desk.ask("GET", "/v1/audit-logs", key: key).rows.allSatisfy { $0["workspace_id"]?.string == one })
    }

    @Test("nobody makes, changes, rotates or deletes a key that may do more than theirs")
    func noMoreThanTheirs() throws {
        let scopes = ["create", "update", "delete", "read"].map { "organisation_service_api_keys.\($0)" }
        let key = try desk.key(scopes)
        let more = desk.ask("POST", "/v1/api-keys/organisation/service", #"{"name":"a","scopes":["admin"]}"#, key: key)
        #expect(more.status == 403 && more.message.contains("\"admin\""))
        let mine = desk.ask("POST", "/v1/api-keys/organisation/service", #"{"name":"a","scopes":["organisation_service_api_keys.read"]}"#, key: key)
        #expect(mine.status == 200)
        let path = "/v1/api-keys/" + mine.text("id")
        #expect(desk.ask("PUT", path, #"{"scopes":["configs.read"]}"#, key: key).status == 403)
        #expect(desk.ask("POST", path + "/rotate", "{}", key: key).status == 200)
        let strong = desk.ask("POST", "/v1/api-keys/organisation/service", #"{"name":"b","scopes":["configs.read"]}"#).text("id")
        #expect(desk.ask("GET", "/v1/api-keys/" + strong, key: key).status == 200)
        #expect(desk.ask("POST", "/v1/api-keys/\(strong)/rotate", "{}", key: key).status == 403)
        #expect(desk.ask("PUT", "/v1/api-keys/\(strong)", #"{"name":"c"}"#, key: key).status == 403)
        #expect(desk.ask("DELETE", "/v1/api-keys/\(strong)", key: key).status == 403)
        #expect(try desk.audit(.denied).count == 5)
    }

    @Test("an organisation that is named is the key's own, by id or slug, in either spelling")
    func organisations() {
        for name in ["organisation_id", "organization_id"] {
            #expect(desk.ask("GET", "/v1/virtual-keys?\(name)=\(desk.organisation)").status == 200)
            #expect(desk.ask("GET", "/v1/virtual-keys?\(name)=org-default").status == 200)
            #expect(desk.ask("GET", "/v1/virtual-keys?\(name)=org-other").status == 400)
            let body = #"{"name":"a","scopes":["configs.read"],"\#(name)":"0192"}"#
            #expect(desk.ask("POST", "/v1/api-keys/organisation/service", body).message == "organisation_id names no organisation of this API key")
        }
    }
}
