import JSON
import Testing
@testable import Console
@testable import Store

@Suite("Configs of the console")
struct ConfigTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func make(_ config: String, _ more: String = "") -> Desk.Reply {
        desk.ask("POST", "/v1/configs", #"{"name":"fallbacks","config":\#(config)\#(more)}"#)
    }

    @Test("a config is saved, read, changed, and its texts are kept")
    func saved() {
        let made = make(#"{"retry":{"attempts":2}}"#, #","is_default":1"#)
        let slug = made.text("slug")
        #expect(made.status == 200 && slug.hasPrefix("pc-fallbacks-") && made.text("object") == "config")
        #expect(made["data"]["id"]?.string == made.text("id") && made["data"]["version_id"]?.string == made.text("version_id"))
        let read = desk.ask("GET", "/v1/configs/" + slug)
        #expect(read["config"].jsonText == #"{"retry":{"attempts":2}}"# && read["data"]["config"]?.jsonText == read["config"].jsonText)
        #expect(read["is_default"].integer == 1 && read.text("status") == "active" && read.text("version_id") == made.text("version_id"))
        let changed = desk.ask("PUT", "/v1/configs/" + slug, #"{"slug":"\#(slug)","config":{"retry":{"attempts":3}}}"#)
        #expect(changed.status == 200 && changed.text("version_id") == made.text("id") + "@2")
        // A name is no new version.
        #expect(desk.ask("PUT", "/v1/configs/" + slug, #"{"name":"b"}"#).text("version_id") == made.text("id") + "@2")
        let versions = desk.ask("GET", "/v1/configs/\(slug)/versions", isSDK: true)
        #expect(versions.total == 2 && versions.text("object") == "list")
        #expect(versions.rows.map { $0["config"]?.jsonText } == [#"{"retry":{"attempts":3}}"#, #"{"retry":{"attempts":2}}"#])
        #expect(desk.ask("GET", "/v1/configs").rows.first?["config"] == nil)
        #expect(desk.ask("DELETE", "/v1/configs/" + slug).json.jsonText == "{}")
        #expect(desk.ask("GET", "/v1/configs/" + slug).status == 404)
    }

    @Test("a config may be its own text, and either spelling makes it the default")
    func spellings() {
        let made = make(#""{\"retry\":{\"attempts\":2}}""#, #","isDefault":true"#)
        #expect(made.status == 200)
        #expect(desk.ask("GET", "/v1/configs/" + made.text("slug"))["config"].jsonText == #"{"retry":{"attempts":2}}"#)
        #expect(desk.ask("GET", "/v1/configs/" + made.text("slug"))["is_default"].integer == 1)
    }

    @Test("a config that does not compile is refused, with where and why", arguments: [
        ("null", "config is missing"),
        ("7", "config must be an object, not a number"),
        (#""{""#, "config is a text that is no JSON"),
        (#"{"retry":{"attempts":9}}"#, #"config.retry.attempts "attempts" must be a whole number from 0 to 5"#),
        (#"{"retri":{"attempts":2}}"#, #"config.retri unknown key "retri"; did you mean "retry"?"#),
        (#"{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"none"}]}"#, #"config.targets[0].virtual_key no virtual key "none""#),
        (#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"opnai","api_key":"sk-1"}]}"#, "config.targets[0].provider unknown provider"),
        (#"{"retry":{"attempts":1,"attempts":2}}"#, "config.retry.attempts is given twice"),
    ])
    func invalid(config: String, text: String) throws {
        let reply = make(config)
        #expect(reply.status == 400 && reply.message.contains(text), "\(reply.message)")
        #expect(try desk.rows().configs.isEmpty)
    }

    @Test("a config names virtual keys of the store and of the file, which its workspace reaches")
    func virtualKeys() throws {
        let desk = try Desk(file: declaredObjects())
        let (one, other) = (desk.workspace("one"), desk.workspace("other"))
        _ = desk.virtualKey("stored")
        _ = desk.ask("POST", "/v1/virtual-keys", #"{"name":"w","slug":"w","provider":"openai","key":"sk-12345678","workspace_id":"\#(one)"}"#)
        func make(_ slugs: [String], _ workspace: String? = nil) -> Int {
            let targets = slugs.map { #"{"virtual_key":"\#($0)"}"# }.joined(separator: ",")
            let place = workspace.map { #","workspace_id":"\#($0)""# } ?? ""
            return desk.ask("POST", "/v1/configs", #"{"name":"a","config":{"strategy":{"mode":"fallback"},"targets":[\#(targets)]}\#(place)}"#).status
        }
        #expect(make(["stored", "file-openai"]) == 200)
        #expect(make(["w"], one) == 200 && make(["w"]) == 200)
        #expect(make(["w"], other) == 400)
        #expect(desk.ask("POST", "/v1/configs", #"{"name":"a","config":{"provider":"openai","override_params":{"model":"@stored/gpt-4o"}}}"#).status == 200)
    }

    @Test("secrets of a config are masked, and one that comes back masked stays as it was")
    func masked() throws {
        let secret = "sk-live-0123456789abcdefghij"
        let text = #"{"strategy":{"mode":"fallback"},"targets":[{"provider":"openai","api_key":"\#(secret)"},{"provider":"openai","api_key":"\#(secret)x"}]}"#
        let slug = make(text).text("slug")
        let read = desk.ask("GET", "/v1/configs/" + slug)
        #expect(read["config"]["targets"]?.elements.map { $0["api_key"]?.string } == ["…ghij", "…hijx"])
        for path in ["/v1/configs/\(slug)", "/v1/configs/\(slug)/versions", "/v1/configs", "/v1/audit-logs"] {
            #expect(!desk.ask("GET", path).json.jsonText.contains("0123456789"), "\(path)")
        }
        let back = read["config"].jsonText.replacing("fallback", with: "loadbalance")
        #expect(desk.ask("PUT", "/v1/configs/" + slug, #"{"config":\#(back)}"#).status == 200)
        #expect(try desk.rows().configs.first?.text == text.replacing("fallback", with: "loadbalance"))
        let swapped = read["config"].jsonText.replacing("…ghij", with: "…hijx")
        #expect(desk.ask("PUT", "/v1/configs/" + slug, #"{"config":\#(swapped)}"#).message.hasPrefix("config.targets[0].api_key is masked, and not as it was"))
    }

    @Test("a config of the file is listed, and changed there")
    func declared() throws {
        let desk = try Desk(file: declaredObjects())
        #expect(desk.ask("GET", "/v1/configs").rows.compactMap { $0["slug"]?.string } == ["file-config"])
        #expect(desk.ask("GET", "/v1/configs/file-config").text("source") == "file")
        #expect(desk.ask("GET", "/v1/configs/file-config/versions").total == 0)
        #expect(desk.ask("PUT", "/v1/configs/file-config", #"{"name":"a"}"#).code == "AB07")
        #expect(desk.ask("DELETE", "/v1/configs/file-config").code == "AB07")
    }
}
