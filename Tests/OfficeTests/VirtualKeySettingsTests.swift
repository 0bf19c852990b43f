import Bytes
import Gateway
import Policy
import Testing
@testable import Office

@Suite("Settings of virtual keys")
struct VirtualKeySettingsTests {
    private func text(_ documents: String..., hasCredential: Bool = true) -> String? {
        VirtualKeySettings(documents, provider: "p", hasCredential: hasCredential).text.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("consoles' spelling and SDKs' are the config's")
    func spellings() {
        #expect(text(#"{"awsAccessKeyId":"AKIA","awsRegion":"eu-central-1"}"#) == #"{"api_key":"vault","aws_access_key_id":"AKIA","aws_region":"eu-central-1","provider":"p"}"#)
        #expect(text(#"{"vertex_project_id":"a","vertexRegion":"global"}"#) == #"{"api_key":"vault","provider":"p","vertex_project_id":"a","vertex_region":"global"}"#)
        #expect(text(#"{"customHost":"https://h.example/v1"}"#) == #"{"api_key":"vault","custom_host":"https://h.example/v1","provider":"p"}"#)
    }

    @Test("nothing said is no settings: null, nothing and labels say nothing")
    func nothing() {
        #expect(text() == nil && text("{}") == nil && text(#"{"awsRegion":null,"resourceName":"","deploymentConfig":[],"alias":"x"}"#) == nil)
    }

    @Test("one deployment is meant whatever the model; of several the model names one, and the default's version counts")
    func deployments() {
        #expect(text(#"{"deploymentConfig":[{"deploymentName":"d","apiVersion":"v"}]}"#) == #"{"api_key":"vault","api_version":"v","deployment_id":"d","provider":"p"}"#)
        #expect(
            text(#"{"deploymentConfig":[{"deploymentName":"a","apiVersion":"1"},{"deploymentName":"b","apiVersion":"2","is_default":true}]}"#)
                == #"{"api_key":"vault","api_version":"2","provider":"p"}"#)
        #expect(text(#"{"deploymentConfig":3,"deploymentName":"d"}"#) == #"{"api_key":"vault","deployment_id":"d","provider":"p"}"#)
    }

    @Test("a secret among them is the credential, and none beside it is made up")
    func secrets() {
        let settings = VirtualKeySettings(
            [#"{"awsAccessKeyId":"AKIA","awsSecretAccessKey":"s3cret"}"#], provider: "bedrock", hasCredential: true)
        #expect(settings.holdsSecret)
        #expect(settings.text.map { String(decoding: $0, as: UTF8.self) } == #"{"aws_access_key_id":"AKIA","aws_secret_access_key":"s3cret","provider":"bedrock"}"#)
    }

    @Test("what routes, or is not known, has no effect and is told by its name")
    func unknown() {
        let settings = VirtualKeySettings([#"{"targets":[],"custom_headers":{"a":"b"},"virtual_key":"x"}"#, "[]"], provider: "p", hasCredential: true)
        #expect(settings.text == nil && settings.unknown == [#""custom_headers""#, #""virtual_key""#, "what is no JSON object"])
    }

    @Test("a host of the settings is the virtual key's; a private one must be trusted by the file")
    func hosts() throws {
        let world = try World()
        try world.virtualKey("out") { $0.modelConfig = #"{"custom_host":"https://models.example.com:8443/base/v1"}"# }
        try world.virtualKey("in") { $0.modelConfig = #"{"custom_host":"http://10.1.2.3/v1"}"# }
        try world.virtualKey("here") { $0.modelConfig = #"{"custom_host":"http://127.0.0.1:9/v1"}"# }
        var parts = try world.merged().parts
        let host = try #require(parts.virtualKey("out")?.host)
        #expect(host.isTLS && host.name == "models.example.com" && host.port == 8443 && host.path == Array("/base/v1".utf8) && !host.mayBePrivate)
        #expect(parts.virtualKey("in")?.refusal?.contains("not right") == true && parts.virtualKey("here")?.refusal == nil)
        world.declared.parts.isLoopbackOnly = false
        parts = try world.merged().parts
        #expect(parts.virtualKey("here")?.refusal?.contains("this machine") == true)
    }

    @Test("an access key's secret among the settings, or beside them, is the credential")
    func amazon() throws {
        let world = try World()
        try world.virtualKey("whole", provider: "bedrock", secrets: []) {
            $0.modelConfig = #"{"awsAccessKeyId":"AKIAEXAMPLE","awsSecretAccessKey":"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab","awsRegion":"eu-central-1"}"#
        }
        try world.virtualKey("split", provider: "bedrock", secrets: ["wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYcd"]) {
            $0.modelConfig = #"{"aws_access_key_id":"AKIAEXAMPLE","aws_region":"eu-central-1"}"#
        }
        let merge = try world.merged()
        let (whole, split) = (try #require(merge.parts.virtualKey("whole")), try #require(merge.parts.virtualKey("split")))
        #expect(merge.faults == [] && whole.refusal == nil && split.refusal == nil)
        #expect(whole.credential == Array("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab".utf8))
        #expect(split.credential == Array("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYcd".utf8))
        #expect(split.settings.map { $0.program.targets[0].options.amazon.isSaid } == true)
    }

    @Test("settings that are not right close their virtual key alone, and say nothing of its secrets")
    func wrong() throws {
        let world = try World()
        try world.virtualKey("wrong", provider: "bedrock") { $0.modelConfig = #"{"awsAccessKeyId":"no good!","awsSecretAccessKey":"hush-hush-hush"}"# }
        try world.virtualKey("right")
        let merge = try world.merged()
        #expect(merge.parts.virtualKey("wrong")?.refusal?.contains("not right") == true && merge.parts.virtualKey("right")?.refusal == nil)
        #expect(merge.faults.count == 1 && !merge.faults[0].contains("hush"))
    }
}
