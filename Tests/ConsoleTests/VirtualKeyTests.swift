import JSON
import Testing
@testable import Console
@testable import Store

@Suite("Virtual keys, providers and integrations of the console")
struct VirtualKeyTests {
    private let desk: Desk
    private let secret = "sk-test-0123456789abcdefghij"

    init() throws { desk = try Desk() }

    private func slot(_ slug: String) throws -> SnapshotRows.Slot { try #require(try desk.rows().virtualKeys.first { $0.key.slug == slug }) }

    @Test("a virtual key is made with its credential, which never comes back")
    func made() throws {
        let reply = desk.virtualKey("openai-main", secret: secret)
        #expect(reply.status == 200 && reply.text("slug") == "openai-main" && reply.text("object") == "virtual-key")
        #expect(reply["data"]["slug"]?.string == "openai-main" && reply["success"].boolean == true && !reply.text("id").isEmpty)
        #expect(try slot("openai-main").credentials.map(\.secret.string) == [secret])
        for name in ["openai-main", reply.text("id")] {
            let read = desk.ask("GET", "/v1/virtual-keys/" + name)
            #expect(read.text("provider") == "openai" && read.text("masked_key") == "****ghij" && read.text("status") == "active")
            #expect(read.json["key"] == nil)
        }
        for path in ["/v1/virtual-keys", "/v1/virtual-keys/openai-main", "/v1/providers", "/v1/audit-logs?page_size=1000"] {
            #expect(!desk.ask("GET", path).json.jsonText.contains("0123456789"), "\(path)")
        }
        let unnamed = desk.ask("POST", "/v1/virtual-keys", #"{"name":"My Key","provider":"openai","key":"\#(secret)"}"#)
        #expect(unnamed.text("slug").wholeMatch(of: /my-key-[0-9a-f]{6}/) != nil)
    }

    @Test("a pricing is kept as it was written, changed and taken away, of providers as of virtual keys")
    func pricing() throws {
        for (given, kept) in [(#"{"multiplier":0.9}"#, #"{"multiplier":0.9}"#), (#"{"fixed":0.000000001}"#, #"{"fixed":0.000000001}"#), (#"{"multiplier":1000}"#, #"{"multiplier":1000}"#)] {
            let made = desk.ask("POST", "/v1/virtual-keys", #"{"name":"a","provider":"openai","key":"\#(secret)","pricing":\#(given)}"#)
            #expect(made.status == 200, "\(made.message)")
            let path = "/v1/virtual-keys/" + made.text("slug")
            #expect(desk.ask("GET", path)["pricing"].jsonText == kept)
            #expect(desk.ask("GET", "/v1/providers/" + made.text("slug"))["pricing"].jsonText == kept)
            #expect(desk.ask("PUT", path, #"{"note":"n"}"#).status == 200 && desk.ask("GET", path)["pricing"].jsonText == kept)
            #expect(desk.ask("PUT", path, #"{"pricing":{"fixed":2}}"#).status == 200 && desk.ask("GET", path)["pricing"].jsonText == #"{"fixed":2}"#)
            #expect(desk.ask("PUT", path, #"{"pricing":null}"#).status == 200 && desk.ask("GET", path)["pricing"].jsonText == "null")
        }
    }

    @Test("an integration has a pricing, too, which is changed and taken away as theirs are")
    func pricingOfIntegration() throws {
        let made = desk.ask("POST", "/v1/integrations", #"{"name":"a","ai_provider_id":"openai","key":"\#(secret)","pricing":{"multiplier":0.8}}"#)
        #expect(made.status == 200, "\(made.message)")
        let path = "/v1/integrations/" + made.text("slug")
        #expect(desk.ask("GET", path)["pricing"].jsonText == #"{"multiplier":0.8}"#)
        #expect(desk.ask("PUT", path, #"{"pricing":{"multiplier":-1}}"#).status == 400 && desk.ask("GET", path)["pricing"].jsonText == #"{"multiplier":0.8}"#)
        #expect(desk.ask("PUT", path, #"{"pricing":{"fixed":2}}"#).status == 200 && desk.ask("GET", path)["pricing"].jsonText == #"{"fixed":2}"#)
        #expect(desk.ask("PUT", path, #"{"pricing":null}"#).status == 200 && desk.ask("GET", path)["pricing"].jsonText == "null")
    }

    @Test("a pricing that cannot be is refused by its member, and changes nothing", arguments: [
        (#"{"multiplier":-0.1}"#, "pricing.multiplier must be a number from 0 to 1000"), (#"{"multiplier":1000.5}"#, "pricing.multiplier must be a number from 0 to 1000"),
        (#"{"multiplier":0.1234567}"#, "pricing.multiplier must be a number from 0 to 1000 with at most six decimals"),
        (#"{"multiplier":"half"}"#, "pricing.multiplier must be a number"), (#"{"fixed":-1}"#, "pricing.fixed must be a number from 0"),
        (#"{"fixed":0.0000000001}"#, "pricing.fixed must be a number from 0"), (#"{}"#, "pricing has one of multiplier and fixed"),
        (#"{"multiplier":1,"fixed":1}"#, "pricing has one of multiplier and fixed"), (#"{"multiplyer":1}"#, "pricing.multiplyer is unknown"), ("5", "pricing must be an object"),
    ])
    func badPricing(pricing: String, says: String) throws {
        let refused = desk.ask("POST", "/v1/virtual-keys", #"{"name":"a","provider":"openai","key":"\#(secret)","pricing":\#(pricing)}"#)
        #expect(refused.status == 400 && refused.message.hasPrefix(says), "\(refused.message)")
        let path = "/v1/virtual-keys/" + desk.virtualKey("kept", secret: secret).text("slug")
        #expect(desk.ask("PUT", path, #"{"pricing":{"multiplier":0.5}}"#).status == 200)
        #expect(desk.ask("PUT", path, #"{"name":"b","pricing":\#(pricing)}"#).status == 400)
        #expect(desk.ask("GET", path)["pricing"].jsonText == #"{"multiplier":0.5}"# && desk.ask("GET", path).text("name") == "kept")
    }

    @Test("a reference stands in a credential's place, and is shown")
    func references() throws {
        #expect(desk.virtualKey("from-env", secret: "env:KEY_OF_TEST").status == 200)
        #expect(desk.ask("GET", "/v1/virtual-keys/from-env").text("masked_key") == "env:KEY_OF_TEST")
        #expect(try slot("from-env").credentials.map(\.secret.string) == ["sk-from-environment"])
        #expect(desk.virtualKey("a", secret: "env:SLUICE_KEYRING").message == "key cannot be looked up: SLUICE_KEYRING is the gateway's own and no credential")
        #expect(desk.virtualKey("a", secret: "file:relative").status == 400)
    }

    @Test("what is wrong with a body is said, and neither a key nor a credential is left behind", arguments: [
        (#"{"provider":"openai","key":"sk-12345678"}"#, "name is missing"),
        (#"{"name":"a","key":"sk-12345678"}"#, "provider is missing"),
        (#"{"name":"a","provider":"opneai","key":"sk-12345678"}"#, #"provider is no provider: "opneai"; did you mean "openai"?"#),
        (#"{"name":"a","provider":"openai"}"#, #"key is missing: provider "openai" takes a credential"#),
        (#"{"name":"a","provider":"openai","key":"has a space"}"#, "key has a character that a header field cannot carry"),
        (#"{"name":"a","provider":"openai","key":"…cdef"}"#, "key is masked"),
        (#"{"name":"a","provider":"openai","key":"****cdef"}"#, "key is masked"),
        (#"{"name":"a","provider":"openai","key":"sk-12345678","slug":"Not A Slug"}"#, "slug is made of lower-case letters"),
        (#"{"name":"a","provider":"openai","key":"sk-12345678","workspace_id":"ws-none"}"#, "workspace_id names no workspace"),
        (#"{"name":"a","provider":"openai","key":"sk-12345678","expires_at":"2001-01-01"}"#, "expires_at is past"),
        (#"{"name":"a","provider":"openai","key":"sk-12345678","model_config":{"aws_regoin":"eu"}}"#, #"model_config.aws_regoin is no setting of a provider; did you mean "aws_region"?"#),
        (#"{"name":"a","provider":"openai","key":"sk-12345678","model_config":{"targets":[]}}"#, "model_config.targets is no setting of a provider"),
        (#"{"name":"a","provider":"openai","key":"sk-12345678","model_config":{"custom_host":"http://169.254.169.254"}}"#, "model_config.custom_host"),
        (#"{"name":"a","provider":"openai","key":"sk-12345678","model_config":[]}"#, "model_config must be an object, not a list"),
        (#"{"name":"a","provider":"openai","key":"sk-12345678","secret_mapping":[]}"#, "secret_mapping is unknown"),
    ])
    func invalid(body: String, text: String) throws {
        let reply = desk.ask("POST", "/v1/virtual-keys", body)
        #expect(reply.status == 400 && reply.code == "AB01")
        #expect(reply.message.contains(text), "\(reply.message)")
        #expect(try desk.rows().virtualKeys.isEmpty)
        #expect(try desk.store.list(ProviderCredential.self, ListQuery(Scope(organisationID: desk.organisation))).total == 0)
    }

    @Test("a slug is taken once, and the file's are taken as well")
    func taken() throws {
        #expect(desk.virtualKey("a").status == 200)
        let again = desk.virtualKey("a")
        #expect(again.status == 409 && again.code == "AB07" && again.message == "another virtual key has this slug")
        #expect(try desk.store.list(ProviderCredential.self, ListQuery(Scope(organisationID: desk.organisation))).total == 1)
        let desk = try Desk(file: declaredObjects())
        #expect(desk.virtualKey("file-openai").status == 409)
        #expect(desk.virtualKey("b").status == 200)
        #expect(desk.ask("PUT", "/v1/virtual-keys/b", #"{"slug":"file-openai"}"#).status == 409)
        #expect(desk.ask("PUT", "/v1/virtual-keys/b", #"{"slug":"c"}"#).text("slug") == "c")
        #expect(desk.ask("GET", "/v1/virtual-keys").rows.compactMap { $0["slug"]?.string } == ["c", "file-openai"])
        #expect(desk.ask("GET", "/v1/virtual-keys/file-openai").text("source") == "file")
        for (method, path) in [("PUT", "/v1/virtual-keys/file-openai"), ("DELETE", "/v1/virtual-keys/file-openai"), ("PUT", "/v1/providers/file-openai")] {
            #expect(desk.ask(method, path).code == "AB07")
        }
    }

    @Test("a credential is put in another's place, the slug stays, and a wrong body changes neither")
    func replaced() throws {
        _ = desk.virtualKey("a", secret: secret)
        let other = "sk-other-0123456789abcdefghij"
        let bad = desk.ask("PUT", "/v1/virtual-keys/a", #"{"key":"\#(other)","slug":"Not A Slug"}"#)
        #expect(bad.status == 400)
        #expect(try slot("a").credentials.map(\.secret.string) == [secret])
        let reply = desk.ask("PUT", "/v1/virtual-keys/a", #"{"key":"\#(other)","name":"b","note":"n","rate_limits":[{"type":"tokens","unit":"rpm","value":5}]}"#)
        #expect(reply.status == 200 && reply.text("slug") == "a")
        #expect(try slot("a").credentials.map(\.secret.string) == [other])
        let read = desk.ask("GET", "/v1/virtual-keys/a")
        #expect(read.text("name") == "b" && read.text("note") == "n" && read["rate_limits"].elements.count == 1)
        #expect(desk.ask("PUT", "/v1/virtual-keys/a", #"{"status":"disabled"}"#).status == 200)
        #expect(try slot("a").key.status == .disabled)
    }

    @Test("Azure's names are the keys of a config's target, and settings come back masked")
    func settings() throws {
        let body = """
            {"name":"azure","slug":"azure","provider":"azure-openai","key":"\(secret)","resourceName":"contoso","deploymentConfig":[{"deploymentName":"gpt-4o","apiVersion":"2024-06-01"}]}
            """
        #expect(desk.ask("POST", "/v1/virtual-keys", body).status == 200)
        #expect(try slot("azure").key.modelConfig == #"{"resource_name":"contoso","deployment_id":"gpt-4o","api_version":"2024-06-01"}"#)
        #expect(desk.ask("PUT", "/v1/virtual-keys/azure", #"{"deploymentName":"gpt-5"}"#).status == 200)
        #expect(try slot("azure").key.modelConfig == #"{"resource_name":"contoso","api_version":"2024-06-01","deployment_id":"gpt-5"}"#)
        let amazon = #"{"aws_access_key_id":"AKIA0000000000000000","aws_secret_access_key":"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY0","aws_region":"eu-west-1"}"#
        #expect(desk.ask("POST", "/v1/virtual-keys", #"{"name":"aws","slug":"aws","provider":"bedrock","model_config":\#(amazon)}"#).status == 200)
        let shown = desk.ask("GET", "/v1/virtual-keys/aws")["model_config"]
        #expect(shown["aws_secret_access_key"]?.string == "…KEY0" && shown["aws_region"]?.string == "eu-west-1")
        // What was read masked comes back as it was; what is masked otherwise is refused.
        #expect(desk.ask("PUT", "/v1/virtual-keys/aws", #"{"model_config":\#(shown.jsonText.replacing("eu-west-1", with: "us-east-1"))}"#).status == 200)
        #expect(try slot("aws").key.modelConfig == amazon.replacing("eu-west-1", with: "us-east-1"))
        let foreign = shown.jsonText.replacing("…KEY0", with: "…KEY1")
        #expect(desk.ask("PUT", "/v1/virtual-keys/aws", #"{"model_config":\#(foreign)}"#).message.hasPrefix("model_config.aws_secret_access_key is masked"))
        #expect(desk.ask("PUT", "/v1/virtual-keys/azure", #"{"model_config":null}"#).status == 200)
        #expect(try slot("azure").key.modelConfig == nil)
        let camel = #"{"name":"c","slug":"c","provider":"bedrock","awsRegion":"eu-west-1","modelConfig":{"awsAccessKeyId":"AKIA0000000000000000"},"key":"k"}"#
        let spelled = desk.ask("POST", "/v1/virtual-keys", camel.replacing(#""key":"k""#, with: #""awsSecretAccessKey":"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY0""#))
        #expect(spelled.status == 200, "\(spelled.message)")
        #expect(desk.ask("GET", "/v1/virtual-keys/c")["model_config"].members.map(\.name) == ["aws_access_key_id", "aws_region", "aws_secret_access_key"])
    }

    @Test("a deleted virtual key is gone, with its secret")
    func deleted() throws {
        _ = desk.virtualKey("a")
        #expect(desk.ask("DELETE", "/v1/virtual-keys/a").json.jsonText == "{}")
        #expect(desk.ask("GET", "/v1/virtual-keys/a").status == 404)
        #expect(try desk.rows().virtualKeys.isEmpty)
        #expect(desk.virtualKey("a").status == 200)
    }

    @Test("an expired virtual key says so")
    func expired() {
        _ = desk.ask("POST", "/v1/virtual-keys", #"{"name":"a","slug":"a","provider":"openai","key":"\#(secret)","expires_at":"2027-01-15T08:00:01Z"}"#)
        #expect(desk.ask("GET", "/v1/virtual-keys/a").text("status") == "active")
        desk.time.withLock { $0 += 1000 }
        #expect(desk.ask("GET", "/v1/virtual-keys/a").text("status") == "expired")
    }

    // MARK: Integrations and providers

    @Test("a provider uses its integration's credential, and is a virtual key")
    func providers() throws {
        let integration = desk.integration("main", secret: secret)
        #expect(integration.status == 200 && integration.text("slug") == "main")
        let limits = #""usage_limits":{"credit_limit":5},"rate_limits":[{"type":"requests","unit":"rpm","value":9}]"#
        let made = desk.ask("POST", "/v1/providers", #"{"name":"p","slug":"p","integration_id":"main",\#(limits)}"#)
        #expect(made.status == 200 && made.text("slug") == "p" && made.text("object") == "provider")
        #expect(try slot("p").credentials.map(\.secret.string) == [secret])
        let read = desk.ask("GET", "/v1/providers/p?")
        #expect(read.text("integration_id") == integration.text("id") && read.text("provider") == "openai" && read.text("masked_key") == "****ghij")
        #expect(read["usage_limits"]["credit_limit"]?.integer == 5 && read["rate_limits"].elements.count == 1)
        // The SDK's type of a row has no room for a list there.
        #expect(desk.ask("GET", "/v1/providers", isSDK: true).rows.first?["rate_limits"]?.isNull == true)
        #expect(desk.ask("GET", "/v1/providers").rows.first?["rate_limits"]?.elements.count == 1)
        #expect(desk.ask("GET", "/v1/virtual-keys/p").text("integration_id") == integration.text("id"))
        #expect(desk.ask("PUT", "/v1/virtual-keys/p", #"{"key":"sk-12345678"}"#).status == 409)
        #expect(desk.ask("PUT", "/v1/providers/p", #"{"name":"q","usage_limits":null}"#).status == 200)
        #expect(desk.ask("GET", "/v1/providers/p")["usage_limits"].isNull)
        #expect(desk.ask("DELETE", "/v1/integrations/main").message == "this integration is used by 1 virtual key; change or delete those first")
        #expect(desk.ask("DELETE", "/v1/providers/p").json.jsonText == "{}")
        #expect(desk.ask("DELETE", "/v1/integrations/main").json.jsonText == "{}")
        #expect(desk.ask("POST", "/v1/providers", #"{"name":"p","integration_id":"main"}"#).message == "integration_id names no integration of this workspace")
        #expect(desk.ask("POST", "/v1/providers", #"{"name":"p"}"#).message == "integration_id is missing")
    }

    @Test("an integration is read without its credential, and changed in its place")
    func integrations() throws {
        _ = desk.integration("main", secret: secret)
        _ = desk.ask("POST", "/v1/providers", #"{"name":"p","slug":"p","integration_id":"main"}"#)
        let read = desk.ask("GET", "/v1/integrations/main")
        #expect(read.text("masked_key") == "****ghij" && read.text("type") == "organisation" && read.text("ai_provider_id") == "openai")
        #expect(read["global_workspace_access"].jsonText == #"{"enabled":true}"# && read["allow_all_models"].boolean == true)
        #expect(desk.ask("PUT", "/v1/integrations/main", #"{"key":"sk-other-0123456789abcdefgh99","description":"d"}"#).status == 200)
        #expect(try slot("p").credentials.map(\.secret.string) == ["sk-other-0123456789abcdefgh99"])
        #expect(desk.ask("GET", "/v1/integrations/main").text("description") == "d")
        #expect(desk.ask("PUT", "/v1/integrations/main", #"{"configurations":{"custom_host":7}}"#).message.contains("configurations.custom_host"))
        #expect(desk.ask("POST", "/v1/integrations", #"{"name":"a","ai_provider_id":"nobody"}"#).message.contains("ai_provider_id is no provider"))
        #expect(desk.ask("POST", "/v1/integrations", #"{"name":"a","ai_provider_id":"openai"}"#).message.contains("key is missing"))
        #expect(!desk.ask("GET", "/v1/integrations").json.jsonText.contains("0123456789"))
    }

    @Test("integrations of the organisation and of a workspace are managed by scopes of their own")
    func integrationScopes() throws {
        let workspace = desk.workspace("one")
        let body = #"{"name":"w","slug":"w","ai_provider_id":"openai","key":"\#(secret)","workspace_id":"\#(workspace)"}"#
        let few = try desk.key(["create", "read", "list", "update", "delete"].map { "workspace_integrations." + $0 })
        _ = desk.integration("main")
        #expect(desk.ask("POST", "/v1/integrations", body, key: few).status == 200)
        #expect(desk.ask("POST", "/v1/integrations", #"{"name":"o","ai_provider_id":"openai","key":"\#(secret)"}"#, key: few).status == 403)
        #expect(desk.ask("GET", "/v1/integrations/main", key: few).status == 403)
        #expect(desk.ask("GET", "/v1/integrations/w", key: few).text("type") == "workspace")
        #expect(desk.ask("DELETE", "/v1/integrations/main", key: few).status == 403)
        #expect(desk.ask("GET", "/v1/integrations", key: few).status == 403)
        #expect(desk.ask("GET", "/v1/integrations?workspace_id=\(workspace)", key: few).rows.count == 1)
        #expect(desk.ask("GET", "/v1/integrations?type=organisation").rows.compactMap { $0["slug"]?.string } == ["main"])
        #expect(desk.ask("GET", "/v1/integrations").total == 2)
        #expect(desk.ask("GET", "/v1/integrations?type=workspace").status == 400)
        // A provider of another workspace cannot be made from a workspace's integration.
        let other = desk.workspace("other")
        #expect(desk.ask("POST", "/v1/providers", #"{"name":"p","integration_id":"w","workspace_id":"\#(other)"}"#).status == 400)
        let made = desk.ask("POST", "/v1/providers", #"{"name":"p","slug":"p","integration_id":"w","workspace_id":"\#(workspace)"}"#)
        #expect(made.status == 200)
        for (place, status) in [(workspace, 200), ("ws-none", 400), (other, 404)] {
            #expect(desk.ask("GET", "/v1/providers/p?workspace_id=\(place)").status == status)
        }
    }
}
