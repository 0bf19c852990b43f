import JSON
import Testing
@testable import Console
@testable import Store

@Suite("Labels and collections of the console")
struct LabelTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func label(_ body: String, key: String? = nil) -> Desk.Reply { desk.ask("POST", "/v1/labels", body, key: key) }

    // MARK: Labels

    @Test("a label is made, read, listed behind none and before everybody's, changed and deleted")
    func labels() throws {
        let made = label(#"{"name":"canary","description":"d","color_code":"blue","organization_id":"\#(desk.organisation)"}"#)
        let path = "/v1/labels/" + made.text("id")
        let read = desk.ask("GET", path)
        #expect(read.text("name") == "canary" && read.text("description") == "d" && read.text("color_code") == "blue" && read["is_universal"].boolean == false)
        #expect(read.text("organisation_id") == desk.organisation && read["workspace_id"].isNull && read.text("status") == "active")
        let list = desk.ask("GET", "/v1/labels")
        #expect(list.rows.compactMap { $0["name"]?.string } == ["canary", "production", "staging", "development"] && list.total == 4)
        #expect(list.rows.compactMap { $0["is_universal"]?.boolean } == [false, true, true, true])
        #expect(desk.ask("GET", "/v1/labels?page_size=2&current_page=1").rows.compactMap { $0["name"]?.string } == ["staging", "development"])
        #expect(desk.ask("GET", "/v1/labels?search=PRO").rows.compactMap { $0["name"]?.string } == ["production"])
        #expect(desk.ask("PUT", path, #"{"name":"beta","description":null}"#).json.jsonText == "{}")
        #expect(desk.ask("GET", path).text("name") == "beta" && desk.ask("GET", path)["description"].isNull)
        #expect(desk.ask("DELETE", path).json.jsonText == "{}")
        #expect(desk.ask("GET", path).status == 404 && desk.ask("PUT", path, "{}").status == 404 && desk.ask("DELETE", path).status == 404)
        let told = try desk.audit().filter { $0.event.resource == "labels" }.map(\.event.action)
        #expect(told == ["delete", "update", "create"])
    }

    @Test("everybody's labels are read, and neither changed nor deleted", arguments: PromptLabel.universal)
    func universal(name: String) {
        let read = desk.ask("GET", "/v1/labels/" + name)
        #expect(read.text("id") == name && read.text("name") == name && read["is_universal"].boolean == true)
        for method in ["PUT", "DELETE"] {
            #expect(desk.ask(method, "/v1/labels/" + name, "{}").message == "the label \"\(name)\" is there for everybody, and is not changed")
        }
        #expect(label(#"{"name":"\#(name)"}"#).message == "name is a label that is there for everybody")
    }

    @Test("what could not stand in a path is refused, and so is a name that is there", arguments: [
        (#"{}"#, 400, "name is missing"), (#"{"name":"latest"}"#, 400, "name is one that versions have already"), (#"{"name":"7"}"#, 400, "name is one"),
        (#"{"name":"a b"}"#, 400, "name has a space"), (#"{"name":"a@b"}"#, 400, "name has a space"), (#"{"name":""}"#, 400, "name has from 1 to 64"),
        (#"{"name":"a","workspace_id":"ws-none"}"#, 400, "workspace_id names no workspace"), (#"{"name":"kept"}"#, 409, "another label has this name"),
        (#"{"name":"a","organisation_id":"another"}"#, 400, "organisation_id names no organisation"), (#"{"name":"a","colour":"red"}"#, 400, "colour is unknown"),
    ])
    func refused(body: String, status: Int, text: String) {
        _ = label(#"{"name":"kept"}"#)
        let reply = label(body)
        #expect(reply.status == status && reply.message.contains(text), "\(reply.message)")
        #expect(desk.ask("GET", "/v1/labels").total == 4)
    }

    @Test("a key of a workspace sees its labels and the organisation's, and changes its own alone")
    func workspaces() throws {
        let (red, blue) = (desk.workspace("red"), desk.workspace("blue"))
        let key = try desk.key(["labels.create", "labels.list", "labels.read", "labels.update", "labels.delete"], workspace: red)
        let own = label(#"{"name":"own"}"#, key: key).text("id")
        let shared = label(#"{"name":"shared"}"#).text("id")
        let other = label(#"{"name":"other","workspace_id":"\#(blue)"}"#).text("id")
        #expect(desk.ask("GET", "/v1/labels/" + own)["workspace_id"].string == red)
        let names = desk.ask("GET", "/v1/labels", key: key).rows.compactMap { $0["name"]?.string }
        #expect(names == ["shared", "own", "production", "staging", "development"])
        #expect(desk.ask("GET", "/v1/labels/" + shared, key: key).status == 200 && desk.ask("GET", "/v1/labels/" + other, key: key).status == 404)
        for id in [shared, other] {
            for method in ["PUT", "DELETE"] { #expect(desk.ask(method, "/v1/labels/" + id, "{}", key: key).status == 404) }
        }
        #expect(desk.ask("GET", "/v1/labels?workspace_id=\(blue)", key: key).status == 400)
        #expect(desk.ask("PUT", "/v1/labels/" + own, #"{"name":"mine"}"#, key: key).status == 200)
        #expect(desk.ask("DELETE", "/v1/labels/" + own, key: key).status == 200)
    }

    @Test("a label's name has as many bytes as the store takes")
    func bounds() {
        #expect(label(#"{"name":"\#(String(repeating: "l", count: ConsoleLimits.labelByteCount))"}"#).status == 200)
        #expect(label(#"{"name":"\#(String(repeating: "l", count: ConsoleLimits.labelByteCount + 1))"}"#).status == 400)
        #expect(ConsoleLimits.labelByteCount == StoreLimits.labelByteCount)
    }

    // MARK: Collections

    private func collection(_ body: String, key: String? = nil) -> Desk.Reply { desk.ask("POST", "/v1/collections", body, key: key) }

    @Test("collections are a tree: each says how much is in it, and what")
    func collections() {
        let top = collection(#"{"name":"Top"}"#)
        #expect(top.status == 200 && top.text("slug").hasPrefix("top-"))
        let inner = collection(#"{"name":"Inner","slug":"inner","parent_collection_id":"\#(top.text("slug"))"}"#)
        for name in ["id", "slug"] {
            let read = desk.ask("GET", "/v1/collections/" + top.text(name))
            #expect(read["collection_details"]["child_collections_count"]?.integer == 1 && read["collection_details"]["prompts_count"]?.integer == 0)
            #expect(read["child_collections"].elements.compactMap { $0["id"]?.string } == [inner.text("id")] && read["parent_collection_id"].isNull)
        }
        #expect(desk.ask("GET", "/v1/collections/inner").text("parent_collection_id") == top.text("id"))
        let list = desk.ask("GET", "/v1/collections")
        #expect(list.total == 2 && list.rows.compactMap { $0["collection_details"]?["child_collections_count"]?.integer } == [0, 1])
        #expect(desk.ask("GET", "/v1/collections?search=inn").total == 1)
        #expect(desk.ask("PUT", "/v1/collections/inner", #"{"name":"Other"}"#).json.jsonText == "{}")
        #expect(desk.ask("GET", "/v1/collections/inner").text("name") == "Other")
        let path = "/v1/collections/" + top.text("id")
        #expect(desk.ask("DELETE", path).message == "this collection is used by 1 collection; change or delete those first")
        #expect(desk.ask("DELETE", "/v1/collections/inner").json.jsonText == "{}" && desk.ask("DELETE", path).json.jsonText == "{}")
        #expect(desk.ask("GET", path).status == 404 && desk.ask("GET", "/v1/collections").total == 0)
    }

    @Test("a collection in another is of its workspace; what cannot be is refused", arguments: [
        (#"{}"#, 400, "name is missing"), (#"{"name":"a","parent_collection_id":"none"}"#, 400, "parent_collection_id names no collection"),
        (#"{"name":"a","slug":"Red!"}"#, 400, "slug is made of"), (#"{"name":"a","slug":"red"}"#, 409, "another collection has this slug"),
        (#"{"name":"a","parent_collection_id":"red","workspace_id":"ws-default"}"#, 400, "workspace_id is not the workspace of the collection"),
        (#"{"name":""}"#, 400, "name is empty"),
    ])
    func refusedCollections(body: String, status: Int, text: String) {
        let red = desk.workspace("red")
        _ = collection(#"{"name":"red","slug":"red","workspace_id":"\#(red)"}"#)
        let reply = collection(body)
        #expect(reply.status == status && reply.message.contains(text), "\(reply.message)")
        #expect(desk.ask("GET", "/v1/collections").total == 1)
    }

    @Test("a key of a workspace has its collections alone")
    func collectionsOfWorkspaces() throws {
        let (red, blue) = (desk.workspace("red"), desk.workspace("blue"))
        let scopes = ["create", "list", "read", "update", "delete"].map { "collections." + $0 }
        let (own, other) = (try desk.key(scopes, workspace: red), try desk.key(scopes, workspace: blue))
        _ = collection(#"{"name":"red","slug":"red"}"#, key: own)
        #expect(desk.ask("GET", "/v1/collections/red").text("workspace_id") == red)
        #expect(desk.ask("GET", "/v1/collections", key: own).total == 1 && desk.ask("GET", "/v1/collections", key: other).total == 0)
        for (method, body) in [("GET", ""), ("PUT", #"{"name":"x"}"#), ("DELETE", "")] {
            #expect(desk.ask(method, "/v1/collections/red", body, key: other).status == 404)
        }
        #expect(collection(#"{"name":"a","parent_collection_id":"red"}"#, key: other).status == 400)
        #expect(collection(#"{"name":"a","slug":"in-red","parent_collection_id":"red"}"#).status == 200)
        #expect(desk.ask("GET", "/v1/collections/in-red", key: own).text("workspace_id") == red)
    }
}
