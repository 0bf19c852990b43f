@testable import Guardrails
import Patterns
import Testing

@Suite("Guardrails as they are written")
struct CompileTests {
    @Test("what cannot be made is refused where it stands", arguments: [
        (#"{"default.notNull":{}}"#, ""),
        ("[7]", "/0: \"0\" must be a mapping, not a number"),
        (#"["pg-1234"]"#, "/0: guardrail \"pg-1234\" is not known here"),
        ("[{}]", "/0: a hook has 1 to 32 checks"),
        (#"[{"deny":true}]"#, "/0: a hook has 1 to 32 checks"),
        (#"[{"checks":[]}]"#, "/0: a hook has 1 to 32 checks"),
        (#"[{"notNull":true}]"#, "/0/notNull: \"notNull\" must be a mapping, not true or false"),
        (#"[{"notNull":{"nott":true}}]"#, "/0/notNull/nott: unknown key \"nott\"; did you mean \"not\"?"),
        (#"[{"contains":{"words":["a"],"operator":"some"}}]"#, "/0/contains/operator: \"operator\" must be one of any, all, none"),
        (#"[{"contains":{"words":["a"]}}]"#, "/0/contains/operator: \"operator\" is missing"),
        (#"[{"contains":{"words":[],"operator":"any"}}]"#, "/0/contains/words: \"words\" has 1 to 1024 entries"),
        (#"[{"contains":{"words":[""],"operator":"any"}}]"#, "/0/contains/words/0: an entry of \"words\" has 1 to 1024 bytes"),
        (#"[{"contains":{"words":"a","operator":"any"}}]"#, "/0/contains/words: \"words\" must be a list, not text"),
        (#"[{"contains":{"words":["a"],"operator":"any","not":true}}]"#, "/0/contains/not: unknown key \"not\""),
        (#"[{"regexMatch":{}}]"#, "/0/regexMatch/rule: \"rule\" is missing"),
        (#"[{"regexMatch":{"rule":""}}]"#, "/0/regexMatch/rule: \"rule\" is empty"),
        (#"[{"regexMatch":{"rule":"(?=a)"}}]"#, "/0/regexMatch/rule: the pattern cannot be used"),
        (#"[{"wordCount":{"minWords":1}}]"#, "/0/wordCount/maxWords: \"maxWords\" is missing"),
        (#"[{"wordCount":{"minWords":2,"maxWords":1}}]"#, "/0/wordCount: \"minWords\" is above \"maxWords\""),
        (#"[{"wordCount":{"minWords":-1,"maxWords":1}}]"#, "/0/wordCount/minWords: \"minWords\" must be a whole number from 0 to 1000000000"),
        (#"[{"sentenceCount":{"minSentences":1.5,"maxSentences":2}}]"#, "/0/sentenceCount/minSentences: \"minSentences\" must be a whole number"),
        (#"[{"characterCount":{"minCharacters":0,"maxCharacters":1000000001}}]"#, "/0/characterCount/maxCharacters: \"maxCharacters\" must be a whole number"),
        (#"[{"endsWith":{"suffix":""}}]"#, "/0/endsWith/suffix: \"suffix\" has 1 to 1024 bytes"),
        (#"[{"containsCode":{"format":"Brainfuck"}}]"#, "/0/containsCode/format: \"format\" must be one of SQL, Python"),
        (#"[{"modelRules":{"rules":{}}}]"#, "/0/modelRules/rules: \"rules\" allow no model"),
        (#"[{"modelRules":{"rules":{"metadata":{"a":["m"]}}}}]"#, "/0/modelRules/rules/metadata/a: \"a\" must be a mapping, not a list"),
        (#"[{"allowedRequestTypes":{"allowedTypes":["chat"]}}]"#, "/0/allowedRequestTypes/allowedTypes: unknown request type \"chat\""),
        (#"[{"allowedRequestTypes":{"allowedTypes":["embed"],"blockedTypes":["embed"]}}]"#, "/0/allowedRequestTypes: \"embed\" is allowed and blocked"),
        (#"[{"requiredMetadataKeys":{}}]"#, "/0/requiredMetadataKeys/metadataKeys: \"metadataKeys\" is missing"),
        (#"[{"notNull":{"failOnError":"yes"}}]"#, "/0/notNull/failOnError: \"failOnError\" must be true or false, not text"),
        (#"[{"notNull":{},"async":true}]"#, "/0/async: an asynchronous hook would neither refuse nor be told of"),
        (#"[{"notNull":{},"type":"mutator"}]"#, "/0/type: mutators are not supported yet"),
        (#"[{"notNull":{},"deny":1}]"#, "/0/deny: \"deny\" must be true or false, not a number"),
        (#"[{"notNull":{},"denny":true}]"#, "/0/denny: \"denny\" must be a mapping, not true or false"),
        (#"[{"checks":[{"id":"default.notNull"}],"denny":true}]"#, "/0/denny: unknown key \"denny\"; did you mean \"deny\"?"),
        (#"[{"checks":[{"parameters":{}}]}]"#, "/0/checks/0/id: \"id\" is missing"),
        (#"[{"checks":[{"id":"notNull","parameters":{"x":1}}]}]"#, "/0/checks/0/parameters/x: unknown key \"x\""),
        (#"[{"notNull":{},"on_fail":{"feedback":{"weight":1}}}]"#, "/0/on_fail/feedback/value: \"value\" is missing"),
        (#"[{"notNull":{},"on_fail":{"feedback":{"value":"x"}}}]"#, "/0/on_fail/feedback/value: \"value\" must be a number, not text"),
        (#"[{"nonsense":{}}]"#, "/0/nonsense: unknown check \"nonsense\""),
    ])
    func fault(json: String, expected: String) {
        let told = Fixture.faults(json)
        // A list is wanted: this one is told by its kind.
        if expected.isEmpty { return #expect(told.contains("must be a list")) }
        #expect(told.hasPrefix(expected), "\(told)")
    }

    @Test("a check of the reference's that is not built is named as such", arguments: [
        "webhook", "log", "validUrls", "jwt", "jsonSchema", "regexReplace", "addPrefix", "default.webhook", "portkey.pii", "patronus.isConcise", "azure.contentSafety",
    ])
    func unbuilt(id: String) {
        #expect(Fixture.faults("[{\"\(id)\":{}}]") == "/0/\(id): check \"\(id)\" is not supported yet")
    }

    @Test("the short form is the full one, and a check's own id wins over its key")
    func forms() throws {
        let full = try Fixture.hooks(#"[{"id":"g","checks":[{"id":"default.notNull","parameters":{"not":true}},{"id":"alluppercase","is_enabled":false}],"deny":true,"sequential":true}]"#)
        let short = try Fixture.hooks(#"[{"id":"g","x":{"id":"notNull","not":true},"alluppercase":{"is_enabled":false},"deny":true,"guardrail_version_id":"v"}]"#)
        for hooks in [full, short] {
            #expect(hooks.count == 1)
            #expect(hooks[0].checks.map(\.name) == [.notNull])
            #expect(hooks[0].denies)
        }
    }

    @Test("a hook whose checks are all switched off is none, and an empty list asks for none")
    func switchedOff() throws {
        #expect(try Fixture.hooks(#"[{"notNull":{"is_enabled":false},"deny":true}]"#).isEmpty)
        #expect(try Fixture.hooks("[]").isEmpty)
    }

    @Test("hooks without an id are numbered")
    func ids() throws {
        let hooks = try Fixture.hooks(#"[{"notNull":{}},{"id":"","notNull":{}},{"id":"own","notNull":{}}]"#, .output)
        #expect(hooks.map { String(decoding: $0.quotedID, as: UTF8.self) } == ["\"output_guardrail_1\"", "\"output_guardrail_2\"", "\"own\""])
    }

    @Test("lists, names and hooks have their bounds, and take what is at them")
    func bounds() throws {
        func hook(_ checks: Int) -> String { "{\"checks\":[\(Array(repeating: #"{"id":"notNull"}"#, count: checks).joined(separator: ","))]}" }
        func list(_ hooks: Int) -> String { "[\(Array(repeating: hook(1), count: hooks).joined(separator: ","))]" }
        #expect(try Fixture.hooks("[\(hook(GuardrailLimits.checkCount))]")[0].checks.count == GuardrailLimits.checkCount)
        #expect(Fixture.faults("[\(hook(GuardrailLimits.checkCount + 1))]") == "/0: a hook has 1 to 32 checks")
        #expect(try Fixture.hooks(list(GuardrailLimits.hookCount)).count == GuardrailLimits.hookCount)
        #expect(Fixture.faults(list(GuardrailLimits.hookCount + 1)).contains("more than 32 entries"))
        func models(_ count: Int, _ bytes: Int = 1) -> String {
            let model = "\"\(String(repeating: "m", count: bytes))\""
            return "[{\"modelWhitelist\":{\"models\":[\(Array(repeating: model, count: count).joined(separator: ","))]}}]"
        }
        #expect(Fixture.faults(models(GuardrailLimits.nameCount)).isEmpty)
        #expect(Fixture.faults(models(GuardrailLimits.nameCount + 1)).contains("has 1 to 64 entries"))
        #expect(Fixture.faults(models(1, GuardrailLimits.nameByteCount)).isEmpty)
        #expect(Fixture.faults(models(1, GuardrailLimits.nameByteCount + 1)).contains("has 1 to 1024 bytes"))
        func named(_ bytes: Int) -> String { "[{\"id\":\"\(String(repeating: "i", count: bytes))\",\"notNull\":{}}]" }
        #expect(Fixture.faults(named(GuardrailLimits.idByteCount)).isEmpty)
        #expect(Fixture.faults(named(GuardrailLimits.idByteCount + 1)).contains("a hook's id has at most 128 bytes"))
        func values(_ count: Int) -> String {
            let values = (0..<count).map { "\"\($0)\":[\"m\"]" }.joined(separator: ",")
            return "[{\"modelRules\":{\"rules\":{\"metadata\":{\"k\":{\(values)}}}}}]"
        }
        #expect(Fixture.faults(values(GuardrailLimits.ruleCount)).isEmpty)
        #expect(Fixture.faults(values(GuardrailLimits.ruleCount + 1)).contains("more than 256 values"))
        func told(_ bytes: Int) -> String {
            "[{\"notNull\":{},\"on_fail\":{\"feedback\":{\"value\":1,\"metadata\":{\"k\":\"\(String(repeating: "v", count: bytes - 6))\"}}}}]"
        }
        #expect(Fixture.faults(told(GuardrailLimits.feedbackByteCount)).isEmpty)
        #expect(Fixture.faults(told(GuardrailLimits.feedbackByteCount + 1)).contains("at most 4096 bytes"))
    }

    @Test("patterns of a header's guardrails are bounded")
    func patterns() {
        func list(_ count: Int) -> String {
            "[{\"checks\":[\(Array(repeating: #"{"id":"regexMatch","parameters":{"rule":"a"}}"#, count: count).joined(separator: ","))]}]"
        }
        #expect(Fixture.faults(list(16)).isEmpty)
        #expect(Fixture.faults(list(17)).contains("more than 16 patterns in a header's config"))
    }
}
