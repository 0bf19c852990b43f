import JSON
import Testing
@testable import Console
@testable import Store

@Suite("Prompts of the console")
struct PromptRouteTests {
    private let desk: Desk

    init() throws { desk = try Desk(file: declaredObjects()) }

    private func make(_ more: String = "", string: String = "Hello {{name}}", key: String? = nil) -> Desk.Reply {
        desk.ask("POST", "/v1/prompts", #"{"name":"Greeting","string":\#(DocumentNode.text(string).jsonText),"parameters":{"temperature":0.5}\#(more)}"#, key: key)
    }

    private func put(_ path: String, _ body: String, key: String? = nil) -> Desk.Reply { desk.ask("PUT", "/v1/prompts/" + path, body, key: key) }
    private func get(_ path: String, key: String? = nil) -> Desk.Reply { desk.ask("GET", "/v1/prompts/" + path, key: key) }
    private func versions(_ path: String) -> [DocumentNode] { get(path + "/versions").json.elements }

    // MARK: Prompts

    @Test("a prompt is saved with its first version, which is published, and read by slug and id")
    func saved() throws {
        let made = make(#","model":"gpt-4o","virtual_key":"file-openai","tools":[{"type":"function"}],"tool_choice":"auto","version_description":"first""#)
        #expect(made.status == 200 && made.text("slug").hasPrefix("pp-greeting-") && made.text("object") == "prompt" && !made.text("version_id").isEmpty)
        for name in ["id", "slug"] {
            let read = get(made.text(name))
            #expect(read.text("string") == "Hello {{name}}" && read["parameters"].jsonText == #"{"temperature":0.5}"# && read.text("model") == "gpt-4o")
            #expect(read.text("virtual_key") == "file-openai" && read["tools"].jsonText == #"[{"type":"function"}]"# && read.text("tool_choice") == "auto")
            #expect(read["prompt_version"].integer == 1 && read.text("prompt_version_id") == made.text("version_id"))
            #expect(read.text("prompt_version_status") == "active" && read.text("prompt_version_description") == "first" && read["collection_id"].isNull)
            #expect(read["is_raw_template"].boolean == false && read["functions"].elements.isEmpty && read["template_metadata"].jsonText == "{}")
        }
        let list = desk.ask("GET", "/v1/prompts?search=greet")
        #expect(list.total == 1 && list.rows[0]["model"]?.string == "gpt-4o" && list.rows[0]["string"] == nil)
        #expect(try desk.audit().filter { $0.event.resource.hasPrefix("prompt") }.map { "\($0.event.resource) \($0.event.action)" } == ["prompt_versions create", "prompts create"])
    }

    @Test("a change is one more version, which whoever names it gets, and whoever names none after it is published")
    func versions() {
        let slug = make(#","model":"gpt-4o""#).text("slug")
        let changed = put(slug, #"{"string":"Good day","parameters":{},"version_description":"formal"}"#)
        #expect(changed.text("prompt_version_id") == get(slug + "@latest").text("prompt_version_id") && changed["prompt_version"].integer == 2)
        #expect(get(slug).text("string") == "Hello {{name}}" && get(slug + "@2").text("string") == "Good day" && get(slug + "@1").text("string") == "Hello {{name}}")
        // What is left out of a whole version is not in it.
        #expect(get(slug + "@2")["model"].isNull && get(slug + "@2").text("prompt_version_status") == "archived")
        #expect(put(slug + "/makeDefault", #"{"version":2}"#).json.jsonText == "{}")
        #expect(get(slug).text("string") == "Good day" && get(slug).text("prompt_version_status") == "active" && get(slug + "@1").text("prompt_version_status") == "archived")
        let rows = versions(slug)
        #expect(rows.compactMap { $0["prompt_version"]?.integer } == [2, 1] && rows.compactMap { $0["status"]?.string } == ["active", "archived"])
        #expect(rows[0]["prompt_template"]?["string"]?.string == "Good day" && rows[0]["prompt_description"]?.string == "formal")
        // The SDK reads no bare list.
        let list = desk.ask("GET", "/v1/prompts/\(slug)/versions", isSDK: true)
        #expect(list.text("object") == "list" && list.total == 2 && list.rows.count == 2)
        #expect(desk.ask("GET", "/v1/prompts/\(slug)/versions?page_size=1&current_page=1").json.elements.compactMap { $0["prompt_version"]?.integer } == [1])
        for (reference, status) in [("@3", 404), ("@0", 404), ("@nothing", 404), ("@production", 404), ("@default", 200)] {
            #expect(get(slug + reference).status == status, "\(reference)")
        }
        #expect(put(slug + "/makeDefault", #"{"version":3}"#).status == 404 && put(slug + "/makeDefault", #"{"version":0}"#).status == 400)
        #expect(put(slug + "/makeDefault", "{}").message == "version is missing")
    }

    @Test("a patch has what is left out as the newest version has it; without one, a version is given whole")
    func patch() {
        let slug = make(#","model":"gpt-4o","version_description":"first""#).text("slug")
        #expect(put(slug, #"{"patch":true,"string":"Good day"}"#).status == 200)
        let second = get(slug + "@2")
        #expect(second.text("string") == "Good day" && second.text("model") == "gpt-4o" && second["parameters"].jsonText == #"{"temperature":0.5}"#)
        #expect(second.text("prompt_version_description") == "first")
        #expect(put(slug, #"{"patch":true,"model":null,"tools":[{}]}"#).status == 200)
        #expect(get(slug + "@3")["model"].isNull && get(slug + "@3")["tools"].elements.count == 1 && get(slug + "@3").text("string") == "Good day")
        #expect(put(slug, #"{"string":"x"}"#).message == "parameters is missing; with `patch: true` what is left out stays as the newest version has it")
        #expect(put(slug, #"{"parameters":{}}"#).message.hasPrefix("string is missing") && put(slug, #"{"model":"m"}"#).status == 400)
        // A virtual key alone is as a patch.
        #expect(put(slug, #"{"virtual_key":"file-openai"}"#)["prompt_version"].integer == 4)
        #expect(get(slug + "@4").text("virtual_key") == "file-openai" && get(slug + "@4").text("string") == "Good day")
        // Names are no version, and a description alone is said of the newest.
        #expect(put(slug, #"{"name":"Other","version_description":"last","patch":true}"#)["prompt_version"].integer == 4)
        #expect(get(slug).text("name") == "Other" && get(slug + "@latest").text("prompt_version_description") == "last" && versions(slug).count == 4)
    }

    @Test("what cannot be is refused, and nothing is saved", arguments: [
        (#"{"string":"x"}"#, "name is missing"), (#"{"name":"a"}"#, "string is missing"), (#"{"name":"","string":"x"}"#, "name is empty"),
        (#"{"name":"a","string":7}"#, "string must be a text"), (#"{"name":"a","string":"x","slug":"x"}"#, "slug begins with"),
        (#"{"name":"a","string":"x","tool_choice":7}"#, "tool_choice must be a text or an object"),
        (#"{"name":"a","string":"x","collection_id":"none"}"#, "collection_id names no collection"),
        (#"{"name":"a","string":"x","virtual_key":"none"}"#, "virtual_key names no virtual key or provider"),
        (#"{"name":"a","string":"x","workspace_id":"none"}"#, "workspace_id names no workspace"),
        (#"{"name":"a","string":"x","temperature":1}"#, "temperature is unknown"),
        (#"{"name":"a","string":"x","template_metadata":{"template_type":"chat"}}"#, "string is no JSON"),
        (#"{"name":"a","string":"{}","template_metadata":{"template_type":"chat"}}"#, "string is no list of messages"),
        (#"{"name":"a","string":"[]","template_metadata":{"template_type":"chat"}}"#, "string is no list of messages"),
        (#"{"name":"a","string":"[{\"content\":\"x\"}]","prompt_metadata":{"template_type":"chat"}}"#, "string has no `role` in its message [0]"),
    ])
    func refused(body: String, text: String) throws {
        let reply = desk.ask("POST", "/v1/prompts", body)
        #expect(reply.status == 400 && reply.message.contains(text), "\(reply.message)")
        #expect(desk.ask("GET", "/v1/prompts").total == 0)
        #expect(try desk.store.list(PromptVersion.self, ListQuery(Scope(organisationID: desk.organisation))).total == 0)
    }

    @Test("a chat's messages are JSON as they stand, or once they are rendered", arguments: [
        ("[{\"role\":\"user\",\"content\":\"{{text}}\"}]", ""), ("[{{#a}}{\"role\":\"user\",\"content\":\"x\"}{{/a}}]", ""),
        ("[{{>pp-messages}}]", ""), ("[{{{messages}}}]", #","is_raw_template":1"#),
    ])
    func chats(string: String, more: String) {
        #expect(make(#","template_metadata":{"template_type":"chat"}"# + more, string: string).status == 200)
    }

    @Test("a prompt in a collection is of its workspace, is listed by it, and moves within it")
    func collections() {
        let red = desk.workspace("red")
        func collection(_ body: String) -> String { desk.ask("POST", "/v1/collections", body).text("id") }
        let (first, second) = (collection(#"{"name":"a","slug":"first","workspace_id":"\#(red)"}"#), collection(#"{"name":"b","workspace_id":"\#(red)"}"#))
        let other = collection(#"{"name":"c"}"#)
        let slug = make(#","collection_id":"first""#).text("slug")
        #expect(get(slug).text("collection_id") == first && get(slug).text("workspace_id") == red)
        #expect(desk.ask("GET", "/v1/prompts?collection_id=first").total == 1 && desk.ask("GET", "/v1/prompts?collection_id=\(second)").total == 0)
        #expect(desk.ask("GET", "/v1/prompts?collection_id=none").status == 400 && desk.ask("GET", "/v1/prompts?workspace_id=\(red)").total == 1)
        #expect(desk.ask("GET", "/v1/collections/first")["collection_details"]["prompts_count"]?.integer == 1)
        #expect(desk.ask("DELETE", "/v1/collections/first").message == "this collection is used by 1 prompt; change or delete those first")
        #expect(put(slug, #"{"collection_id":"\#(other)"}"#).message == "collection_id is a collection of another workspace")
        #expect(put(slug, #"{"collection_id":"\#(second)"}"#)["prompt_version"].integer == 1 && get(slug).text("collection_id") == second)
        #expect(put(slug, #"{"collection_id":null}"#).status == 200 && get(slug)["collection_id"].isNull && get(slug).text("workspace_id") == red)
        #expect(desk.ask("DELETE", "/v1/prompts/" + slug).json.jsonText == "{}")
        #expect(get(slug).status == 404 && put(slug, "{}").status == 404 && desk.ask("DELETE", "/v1/prompts/" + slug).status == 404)
    }

    @Test("a prompt names virtual keys that its workspace reaches")
    func virtualKeys() {
        let (red, blue) = (desk.workspace("red"), desk.workspace("blue"))
        _ = desk.ask("POST", "/v1/virtual-keys", #"{"name":"w","slug":"w","provider":"openai","key":"sk-12345678","workspace_id":"\#(red)"}"#)
        #expect(make(#","virtual_key":"w","workspace_id":"\#(red)""#).status == 200 && make(#","virtual_key":"@w","workspace_id":"\#(red)""#).status == 200)
        #expect(make(#","virtual_key":"w","workspace_id":"\#(blue)""#).status == 400)
    }

    @Test("a version is as long as the store keeps it, and no longer; a prompt has as many as it may")
    func bounds() throws {
        var template = PromptTemplate()
        template.string = ""
        template.parameters = DocumentParser.parse(#"{"temperature":0.5}"#).document?.root
        let most = ConsoleLimits.templateByteCount - template.json.utf8.count
        #expect(make(string: String(repeating: "x", count: most)).status == 200)
        #expect(make(string: String(repeating: "x", count: most + 1)).message == "string and what goes with it come to 262145 bytes as JSON; at most 262144 are kept")
        #expect(ConsoleLimits.templateByteCount == StoreLimits.secretByteCount && ConsoleLimits.versionCount == StoreLimits.versionsOfPromptCount)
        let slug = make().text("slug")
        let scope = Scope(organisationID: desk.organisation)
        _ = try desk.store.update(Prompt.self, slug, in: scope, at: nil, by: .system) { $0.latestVersion = ConsoleLimits.versionCount - 1 }
        #expect(put(slug, #"{"string":"x","parameters":{}}"#)["prompt_version"].integer == ConsoleLimits.versionCount)
        #expect(put(slug + "/makeDefault", #"{"version":\#(ConsoleLimits.versionCount)}"#).status == 200)
        let more = put(slug, #"{"string":"x","parameters":{}}"#)
        #expect(more.status == 400 && more.message.contains("go on with another prompt"))
        #expect(desk.ask("GET", "/v1/prompts/\(slug)/versions?page_size=\(ConsoleLimits.versionRowCount)").status == 200)
        #expect(desk.ask("GET", "/v1/prompts/\(slug)/versions?page_size=\(ConsoleLimits.versionRowCount + 1)").status == 400)
    }

    @Test("a patch of what was changed meanwhile is not made of what was before")
    func meanwhile() throws {
        let made = make()
        let scope = Scope(organisationID: desk.organisation)
        let prompt = try desk.store.find(Prompt.self, made.text("id"), in: scope)
        #expect(put(made.text("slug"), #"{"patch":true,"string":"one"}"#).status == 200)
        #expect(throws: StoreError.conflict(kind: "prompt", id: prompt.id, expected: prompt.revision, found: prompt.revision + 1)) {
            _ = try desk.store.update(Prompt.self, prompt.id, in: scope, at: prompt.revision, by: .system) { $0.latestVersion += 1 }
        }
    }

    // MARK: Labels of versions

    @Test("a label is on one version, moves, and goes; versions are named by it")
    func labels() {
        let made = make()
        let slug = made.text("slug")
        _ = put(slug, #"{"patch":true,"string":"two"}"#)
        let canary = desk.ask("POST", "/v1/labels", #"{"name":"canary"}"#).text("id")
        let first = made.text("version_id")
        #expect(put("\(slug)/versions/\(first)", #"{"label_id":"production"}"#).json.jsonText == "{}")
        #expect(put("\(slug)/versions/2", #"{"label_id":"\#(canary)"}"#).json.jsonText == "{}")
        #expect(get(slug + "@production")["prompt_version"].integer == 1 && get(slug + "@canary")["prompt_version"].integer == 2)
        #expect(get("\(slug)/versions/2").text("prompt_version_label_id") == canary && get("\(slug)/versions/\(first)").text("prompt_version_label_id") == "production")
        #expect(versions(slug).map { $0["label_ids"]?.texts } == [[canary], ["production"]])
        #expect(put("\(slug)/versions/2", #"{"label_id":"production"}"#).status == 200)
        #expect(get(slug + "@production")["prompt_version"].integer == 2 && get("\(slug)/versions/1")["prompt_version_label_id"].isNull)
        #expect(versions(slug).map { $0["label_ids"]?.texts.count } == [2, 0])
        // A label that has another name now is on the same version.
        _ = desk.ask("PUT", "/v1/labels/" + canary, #"{"name":"beta"}"#)
        #expect(get(slug + "@beta").status == 200 && get(slug + "@canary").status == 404)
        #expect(put("\(slug)/versions/2", #"{"label_id":null}"#).status == 200 && get(slug + "@production").status == 404 && get(slug + "@beta").status == 404)
        _ = put("\(slug)/versions/1", #"{"label_id":"\#(canary)"}"#)
        #expect(desk.ask("DELETE", "/v1/labels/" + canary).status == 200 && get(slug + "@beta").status == 404)
        #expect(versions(slug).map { $0["label_ids"]?.texts } == [[], []])
    }

    @Test("a label that the prompt's workspace has not, and a version that is another's, are refused")
    func wrongLabels() {
        let (red, blue) = (desk.workspace("red"), desk.workspace("blue"))
        let slug = make(#","workspace_id":"\#(red)""#).text("slug")
        let other = make()
        let label = desk.ask("POST", "/v1/labels", #"{"name":"canary","workspace_id":"\#(blue)"}"#).text("id")
        for id in [label, "none", "canary"] {
            #expect(put(slug + "/versions/1", #"{"label_id":"\#(id)"}"#).message.hasPrefix("label_id names no label of the prompt's workspace"))
        }
        #expect(put(slug + "/versions/1", "{}").message == "label_id is missing; null takes the labels of the version away")
        for version in ["2", "0", "none", other.text("version_id")] {
            #expect(put("\(slug)/versions/\(version)", #"{"label_id":"production"}"#).status == 404 && get("\(slug)/versions/\(version)").status == 404)
        }
    }

    // MARK: Who may

    @Test("a key of a workspace has its prompts alone, and publishing needs a scope of its own")
    func workspaces() throws {
        let (red, blue) = (desk.workspace("red"), desk.workspace("blue"))
        let scopes = ["create", "list", "read", "update", "delete"].map { "prompts." + $0 }
        let (own, other) = (try desk.key(scopes, workspace: red), try desk.key(scopes + ["prompts.publish"], workspace: blue))
        let slug = make(key: own).text("slug")
        #expect(get(slug).text("workspace_id") == red)
        #expect(desk.ask("GET", "/v1/prompts", key: own).total == 1 && desk.ask("GET", "/v1/prompts", key: other).total == 0)
        for path in ["", "@latest", "/versions", "/versions/1"] { #expect(get(slug + path, key: other).status == 404 && get(slug + path, key: own).status == 200) }
        #expect(put(slug, "{}", key: other).status == 404 && put(slug + "/makeDefault", #"{"version":1}"#, key: other).status == 404)
        #expect(put(slug + "/versions/1", #"{"label_id":"staging"}"#, key: other).status == 404)
        #expect(desk.ask("DELETE", "/v1/prompts/" + slug, key: other).status == 404)
        #expect(put(slug + "/makeDefault", #"{"version":1}"#, key: own).status == 403)
        #expect(put(slug + "/versions/1", #"{"label_id":"staging"}"#, key: own).status == 403)
        #expect(put(slug, #"{"patch":true,"string":"x"}"#, key: own).status == 200 && desk.ask("DELETE", "/v1/prompts/" + slug, key: own).status == 200)
    }

    // MARK: Partials

    @Test("a partial is saved, listed, changed, published, archived and deleted, by its own routes")
    func partials() throws {
        let made = desk.ask("POST", "/v1/prompts/partials", #"{"name":"Tone","string":"Be kind.","version_description":"first"}"#)
        let slug = made.text("slug")
        #expect(made.status == 200 && slug.hasPrefix("pp-tone-") && !made.text("version_id").isEmpty)
        let read = get("partials/" + slug)
        #expect(read.text("string") == "Be kind." && read["version"].integer == 1 && read.text("prompt_partial_version_id") == made.text("version_id"))
        #expect(read.text("version_description") == "first" && read.text("status") == "active")
        let list = get("partials")
        #expect(list.json.elements.compactMap { $0["slug"]?.string } == [slug] && list.json.elements[0]["string"] == nil)
        #expect(desk.ask("GET", "/v1/prompts/partials", isSDK: true).total == 1)
        #expect(put("partials/" + slug, #"{"string":"Be kinder.","description":"more"}"#).text("prompt_partial_version_id") != made.text("version_id"))
        #expect(get("partials/" + slug).text("string") == "Be kind." && get("partials/\(slug)@latest").text("string") == "Be kinder.")
        #expect(get("partials/\(slug)/versions").json.elements.compactMap { $0["prompt_version_status"]?.string } == ["archived", "active"])
        #expect(desk.ask("GET", "/v1/prompts/partials/\(slug)/versions", isSDK: true).total == 2)
        #expect(put("partials/\(slug)/makeDefault", #"{"version":2}"#).json.jsonText == "{}" && get("partials/" + slug).text("string") == "Be kinder.")
        #expect(put("partials/" + slug, #"{"name":"Voice","description":"the last","status":"archived"}"#)["version"].integer == 2)
        #expect(get("partials/" + slug).text("name") == "Voice" && get("partials/" + slug).text("status") == "archived")
        #expect(get("partials/" + slug).text("version_description") == "the last")
        for path in ["@3", "@production"] { #expect(get("partials/\(slug)\(path)").status == 404) }
        #expect(put("partials/\(slug)/makeDefault", #"{"version":3}"#).status == 404)
        // Neither is the other.
        #expect(get(slug).status == 404 && get("partials/" + make().text("slug")).status == 404)
        #expect(desk.ask("DELETE", "/v1/prompts/partials/" + slug).json.jsonText == "{}" && get("partials/" + slug).status == 404)
        #expect(get("partials").json.jsonText == "[]")
    }

    @Test("what is no partial is refused", arguments: [
        (#"{"string":"x"}"#, "name is missing"), (#"{"name":"a"}"#, "string is missing"), (#"{"name":"a","string":"x","parameters":{}}"#, "parameters is unknown"),
        (#"{"name":"a","string":"x","collection_id":"none"}"#, "collection_id names no collection"), (#"{"name":"a","string":"x","slug":"pp-"}"#, "slug begins"),
    ])
    func refusedPartials(body: String, text: String) {
        let reply = desk.ask("POST", "/v1/prompts/partials", body)
        #expect(reply.status == 400 && reply.message.contains(text), "\(reply.message)")
        #expect(get("partials").json.jsonText == "[]")
    }
}
