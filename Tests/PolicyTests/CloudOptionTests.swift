import Testing

@testable import Policy

@Suite("Options of clouds")
struct CloudOptionTests {
    private func faults(_ text: String, origin: ConfigOrigin = .file) -> [String] { Fixture.compile(text, origin: origin).diagnostics.map(\.message) }

    @Test("a service account is its key file, as an object or as its text, and becomes the target's credential", arguments: ConfigOrigin.both)
    func accounts(origin: ConfigOrigin) throws {
        let account = #"{"client_email":"a@p.example","private_key":"x\ny"}"#
        let asText = #""{\"client_email\":\"a@p.example\",\"private_key\":\"x\\ny\"}""#
        for written in [account, asText] {
            let program = try Fixture.program(#"{"provider":"openai","vertex_project_id":"p-1","vertex_region":"us-east5","vertex_service_account_json":\#(written)}"#, origin: origin)
            guard case .literal(let run) = program.targets[0].credential else { throw Fixture.Unexpected(text: "no credential") }
            #expect(program.text(run) == account)
            #expect(program.text(program.targets[0].options.vertex.project) == "p-1" && program.text(program.targets[0].options.vertex.region) == "us-east5")
            #expect(program.targets[0].spendsOperatorCredential == (origin == .file))
        }
    }

    @Test(
        "what is no place and no account is said, and never repeated",
        arguments: [
            (#""vertex_region":"a/b""#, "\"vertex_region\" is up to 64 letters, digits and \"-\""),
            (#""vertex_region":"a.b""#, "\"vertex_region\" is up to 64 letters, digits and \"-\""),
            (#""vertex_region":"a-""#, "\"vertex_region\" is up to 64 letters, digits and \"-\""),
            (#""vertex_project_id":"a#b""#, "\"vertex_project_id\" is up to 64 letters, digits, \"-\", \".\" and \":\""),
            (#""vertex_service_account_json":"s3cret""#, "\"vertex_service_account_json\" is the JSON of a service account's key file, up to 8192 bytes"),
            (#""vertex_service_account_json":7"#, "\"vertex_service_account_json\" must be the JSON of a service account's key file, not a number"),
            (#""api_key":"k","vertex_service_account_json":{}"#, "a target has a service account or another credential, not both"),
            (#""virtual_key":"openai-prod","vertex_service_account_json":{}"#, "a target has a service account or another credential, not both"),
        ])
    func faultyPlaces(members: String, message: String) {
        let found = faults(#"{"provider":"openai",\#(members)}"#)
        #expect(found == [message])
        #expect(!found.joined().contains("s3cret"))
    }

    @Test("an account's file is bounded")
    func accountBound() {
        func sized(_ count: Int) -> String {
            let frame = #"{"private_key":""}"#.utf8.count
            return #"{"provider":"openai","vertex_service_account_json":{"private_key":"\#(String(repeating: "k", count: count - frame))"}}"#
        }
        #expect(faults(sized(PolicyLimits.accountByteCount)).isEmpty)
        #expect(faults(sized(PolicyLimits.accountByteCount + 1)).count == 1)
    }

    @Test("the machine's identity is the operator's: configs of the file may ask with it, and no other credential beside it", arguments: ["managed", "workload"])
    func identities(mode: String) throws {
        let text = #"{"provider":"openai","azure_auth_mode":"\#(mode)","azure_\#(mode)_client_id":"c-1","resource_name":"r"}"#
        let target = try Fixture.program(text).targets[0]
        guard case .identity = target.credential else { throw Fixture.Unexpected(text: "another credential") }
        #expect(target.spendsOperatorCredential && target.options.azure.identity == (mode == "managed" ? .managed : .workload))
        let program = try Fixture.program(text)
        #expect(program.text(program.targets[0].options.azure.identityClient) == "c-1")
        #expect(faults(text, origin: .header) == ["\"azure_auth_mode\" \(mode) asks with the identity of the gateway's machine, which only configs of its file may"])
        for other in [#""api_key":"k""#, #""virtual_key":"openai-prod""#, #""credentials":[{"api_key":"k"}]"#] {
            #expect(faults(#"{"provider":"openai","azure_auth_mode":"\#(mode)",\#(other)}"#) == ["a target with \"azure_auth_mode\" \(mode) has no other credential"])
        }
    }

    @Test("two targets may ask with the machine's identity, which is no caller's")
    func manyIdentities() throws {
        let target = #"{"provider":"openai","azure_auth_mode":"managed","resource_name":"r1"}"#
        let program = try Fixture.program(
            #"{"strategy":{"mode":"fallback"},"targets":[\#(target),\#(target.replacing("r1", with: "r2"))]}"#)
        #expect(program.targets.count == 2 && program.needsGatewayKey)
    }

    @Test("an unknown way to prove oneself is a fault")
    func modes() { #expect(faults(#"{"provider":"openai","azure_auth_mode":"magic"}"#) == ["unknown azure_auth_mode \"magic\""]) }

    @Test("filling in the middle is switched by true, or its word", arguments: [("true", true), (#""true""#, true), ("false", false), (#""false""#, false)])
    func middle(value: String, isOn: Bool) throws {
        let program = try Fixture.program(#"{"provider":"openai","mistral_fim_completion":\#(value)}"#)
        #expect(program.targets[0].options.completesInTheMiddle == isOn)
        #expect(faults(#"{"provider":"openai","mistral_fim_completion":"yes"}"#).count == 1)
    }

    @Test("targets that differ in their place alone are told apart by balancers")
    func balancing() throws {
        func identities(_ members: String, _ others: String) throws -> [UInt64] {
            let program = try Fixture.program(
                #"{"strategy":{"mode":"loadbalance","algorithm":"sticky"},"targets":[{"provider":"openai","api_key":"k",\#(members)},{"provider":"openai","api_key":"k",\#(others)}]}"#)
            return program.nodes.filter { $0.kind == .target }.map(\.identity)
        }
        let regions = try identities(#""vertex_region":"a""#, #""vertex_region":"b""#)
        let swapped = try identities(#""vertex_region":"b""#, #""vertex_region":"a""#)
        #expect(regions == swapped.reversed() && regions[0] != regions[1])
    }
}

extension ConfigOrigin {
    static let both: [ConfigOrigin] = [.file, .header]
}
