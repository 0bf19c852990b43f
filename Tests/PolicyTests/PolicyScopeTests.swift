import JSON
import Testing

@testable import Policy

@Suite("What a policy is for")
struct PolicyScopeTests {
    @Test("conditions and groups are read in Portkey's shape")
    func read() {
        let (scope, fault) = PolicyScope.read(
            conditions: #"[{"key":"metadata._user","value":"*"},{"key":"model","value":["gpt-*","@openai/*"],"excludes":true},{"key":"endpoint_type","value":"chat_completions"}]"#,
            groups: #"[{"key":"metadata._user"},{"key":"workspace_id"}]"#)
        #expect(fault == nil)
        #expect(scope.conditions == [
            .init(.metadata("_user"), ["*"]), .init(.model, ["gpt-*", "@openai/*"], isExcluding: true), .init(.endpoint, ["chat_completions"]),
        ])
        #expect(scope.groups == [.metadata("_user"), .workspace])
        #expect(PolicyScope.read(conditions: nil, groups: nil) == (PolicyScope(), nil))
    }

    @Test("every attribute has its name")
    func names() {
        for name in PolicyScope.Attribute.names + ["metadata.a.b"] { #expect(PolicyScope.Attribute(name)?.name == name) }
        for name in ["metadata.", "metadata", "user", "prompts", ""] { #expect(PolicyScope.Attribute(name) == nil) }
    }

    @Test("what cannot be meant is told", arguments: [
        (#"[{"value":"x"}]"#, "[]", "key"), (#"[{"key":"model"}]"#, "[]", "value"), (#"[{"key":"model","value":[]}]"#, "[]", "a list of up to 256"),
        (#"[{"key":"modle","value":"x"}]"#, "[]", "\"modle\" is nothing that requests are told apart by"),
        (#"[{"key":"endpoint_type","value":"chat"}]"#, "[]", "\"chat\" is no endpoint_type"), (#"[{"key":"model","value":5}]"#, "[]", "must be a list"),
        (#"[{"key":"model","value":"x","excludes":"no"}]"#, "[]", "excludes"), (#"[{"key":"model","value":"x","or":1}]"#, "[]", "unknown key"),
        ("{}", "[]", "must be a list"), ("[]", #"[{"key":"day"}]"#, "\"day\""), ("[]", #"[{"key":"model"},{"key":"model"}]"#, "given twice"), ("[", "[]", "no JSON"),
    ])
    func faults(conditions: String, groups: String, told: String) {
        let fault = PolicyScope.read(conditions: conditions, groups: groups).fault
        #expect(fault?.contains(told) == true, "\(fault ?? "nothing")")
    }

    @Test("at the edges of their bounds they are taken, and beyond them not")
    func bounds() {
        func isRead(conditions: Int = 0, values: Int = 1, bytes: Int = 1, groups: Int = 0) -> Bool {
            let value = "[" + Array(repeating: "\"\(String(repeating: "x", count: bytes))\"", count: values).joined(separator: ",") + "]"
            let list = Array(repeating: #"{"key":"model","value":\#(value)}"#, count: conditions).joined(separator: ",")
            let keys = (0..<groups).map { #"{"key":"metadata.k\#($0)"}"# }.joined(separator: ",")
            return PolicyScope.read(conditions: "[\(list)]", groups: "[\(keys)]").fault == nil
        }
        let limits = (PolicyLimits.policyConditionCount, PolicyLimits.policyValueCount, PolicyLimits.policyValueByteCount, PolicyLimits.policyGroupCount)
        #expect(isRead(conditions: limits.0) && !isRead(conditions: limits.0 + 1))
        #expect(isRead(conditions: 1, values: limits.1) && !isRead(conditions: 1, values: limits.1 + 1))
        #expect(isRead(conditions: 1, bytes: limits.2) && !isRead(conditions: 1, bytes: limits.2 + 1))
        #expect(isRead(groups: limits.3) && !isRead(groups: limits.3 + 1))
    }
}
