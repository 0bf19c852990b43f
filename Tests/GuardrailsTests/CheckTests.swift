@testable import Guardrails
import Testing

@Suite("Checks")
struct CheckTests {
    struct Case: CustomTestStringConvertible {
        let check: String
        let text: String
        let passes: Bool

        init(_ check: String, _ text: String, _ passes: Bool) {
            self.check = check
            self.text = text
            self.passes = passes
        }

        var testDescription: String { "\(check) of \"\(text.prefix(40))\" \(passes ? "passes" : "fails")" }
    }

    static let texts = [
        Case(#""regexMatch":{"rule":"\\d{3}-\\d{4}"}"#, "call 555-1234", true),
        Case(#""default.regexMatch":{"rule":"^hi$"}"#, "hi there", false),
        Case(#""regexMatch":{"rule":"secret","not":true}"#, "nothing here", true),
        Case(#""regexMatch":{"rule":"secret","not":true}"#, "a secret", false),
        Case(#""regexMatch":{"rule":"x"}"#, "", false),
        Case(#""regexMatch":{"rule":"x","not":true}"#, "", true),
        Case(#""contains":{"words":["a","b"],"operator":"any"}"#, "only b", true),
        Case(#""contains":{"words":["a","b"],"operator":"any"}"#, "c", false),
        Case(#""contains":{"words":["one","two"],"operator":"all"}"#, "two and one", true),
        Case(#""contains":{"words":["one","two"],"operator":"all"}"#, "one", false),
        Case(#""contains":{"words":["one","two"],"operator":"none"}"#, "three", true),
        Case(#""contains":{"words":["one","two"],"operator":"none"}"#, "stone", false),
        Case(#""contains":{"words":["One"],"operator":"any"}"#, "one", false),
        Case(#""contains":{"words":["größe"],"operator":"any"}"#, "die größe", true),
        Case(#""contains":{"words":["x"],"operator":"none"}"#, "", true),
        Case(#""sentenceCount":{"minSentences":2,"maxSentences":2}"#, "One. Two!", true),
        Case(#""sentenceCount":{"minSentences":1,"maxSentences":9}"#, "none", false),
        Case(#""sentenceCount":{"minSentences":0,"maxSentences":0}"#, "", true),
        Case(#""sentenceCount":{"minSentences":3,"maxSentences":3}"#, "Wait...", true),
        Case(#""sentenceCount":{"minSentences":0,"maxSentences":1,"not":true}"#, "A? B? C?", true),
        Case(#""wordCount":{"minWords":3,"maxWords":3}"#, "  one\ttwo\n three ", true),
        Case(#""wordCount":{"minWords":1,"maxWords":9}"#, "   ", false),
        Case(#""wordCount":{"minWords":0,"maxWords":0}"#, "", true),
        Case(#""wordCount":{"minWords":2,"maxWords":2}"#, "one\u{3000}two\u{A0}", true),
        Case(#""wordCount":{"minWords":1,"maxWords":1,"not":true}"#, "one", false),
        Case(#""characterCount":{"minCharacters":5,"maxCharacters":5}"#, "héllo", true),
        Case(#""characterCount":{"minCharacters":2,"maxCharacters":2}"#, "😀", true),
        Case(#""characterCount":{"minCharacters":1,"maxCharacters":9}"#, "", false),
        Case(#""characterCount":{"minCharacters":0,"maxCharacters":2}"#, "abc", false),
        Case(#""alluppercase":{}"#, "HELLO 123!", true),
        Case(#""alluppercase":{}"#, "HELLo", false),
        Case(#""alluppercase":{}"#, "123!", true),
        Case(#""alluppercase":{"not":true}"#, "abc", true),
        Case(#""alllowercase":{}"#, "hello é Ü", true),
        Case(#""alllowercase":{}"#, "hellO", false),
        Case(#""alllowercase":{}"#, "", true),
        Case(#""endsWith":{"suffix":"bye"}"#, "good bye", true),
        Case(#""endsWith":{"suffix":"bye"}"#, "good bye.", true),
        Case(#""endsWith":{"suffix":"bye"}"#, "good bye..", false),
        Case(#""endsWith":{"suffix":"bye"}"#, "ye", false),
        Case(#""endsWith":{"suffix":"bye","not":true}"#, "hello", true),
        Case(#""endsWith":{"suffix":"."}"#, ".", true),
        Case(#""notNull":{}"#, "x", true),
        Case(#""notNull":{}"#, " \n\u{FEFF}", false),
        Case(#""notNull":{}"#, "", false),
        Case(#""notNull":{"not":true}"#, "", true),
    ]

    @Test("a check says of a text what the reference says (§7.3)", arguments: texts)
    func text(_ item: Case) throws {
        #expect(try Fixture.passes(item.check, item.text) == item.passes)
    }

    static let json = [
        Case(#""jsonKeys":{"keys":["a","b"],"operator":"all"}"#, #"so: {"a":1,"b":{"c":[{}]}} there"#, true),
        Case(#""jsonKeys":{"keys":["a","b"],"operator":"all"}"#, #"{"a":1}"#, false),
        Case(#""jsonKeys":{"keys":["a","b"],"operator":"any"}"#, "```json\n{\"b\": 2}\n```", true),
        Case(#""jsonKeys":{"keys":["a"],"operator":"none"}"#, #"{"x":{"a":1}}"#, true),
        Case(#""jsonKeys":{"keys":["a"],"operator":"none"}"#, "no json", false),
        Case(#""jsonKeys":{"keys":["c"],"operator":"any"}"#, #"{"a":{"c":1}}"#, false),
        Case(#""jsonKeys":{"keys":["c"],"operator":"any"}"#, #"{broken {"c":1}"#, true),
        Case(#""jsonKeys":{"keys":["é"],"operator":"any"}"#, #"{"\u00e9":1}"#, true),
        Case(#""jsonKeys":{"keys":["b"],"operator":"any"}"#, #"{"a":1} and {"b":1}"#, true),
    ]

    @Test("keys are looked for in every JSON object of a text, nested ones whole", arguments: json)
    func keys(_ item: Case) throws {
        #expect(try Fixture.passes(item.check, item.text) == item.passes)
    }

    static let code = [
        Case(#""containsCode":{"format":"Python"}"#, "see\n```python\nprint(1)\n```\n", true),
        Case(#""containsCode":{"format":"Python"}"#, "```py\nx\n```", true),
        Case(#""containsCode":{"format":"Python"}"#, "```sql\nselect\n```", false),
        Case(#""containsCode":{"format":"SQL"}"#, "```py\nx\n```\n```SQL\nselect\n```", true),
        Case(#""containsCode":{"format":"SQL"}"#, "```sql select```", false),
        Case(#""containsCode":{"format":"SQL"}"#, "````sql\nx\n````", true),
        Case(#""containsCode":{"format":"SQL"}"#, "```sql\nnever closed", false),
        Case(#""containsCode":{"format":"SQL","not":true}"#, "no code", true),
        Case(#""containsCode":{"format":"SQL","not":true}"#, "```sql\nx\n```", false),
        Case(#""containsCode":{"format":"JavaScript"}"#, "```js\n```", false),
    ]

    @Test("code is a fenced block with the language's tag", arguments: code)
    func containsCode(_ item: Case) throws {
        #expect(try Fixture.passes(item.check, item.text) == item.passes)
    }

    @Test("a model is in the list to the letter, under both spellings of the check's id", arguments: ["modelWhitelist", "default.modelwhitelist"])
    func modelWhitelist(id: String) throws {
        let check = "\"\(id)\":{\"models\":[\"gpt-4o\",\"m\"]}"
        #expect(try Fixture.passes(check, "", model: "gpt-4o"))
        #expect(try !Fixture.passes(check, "", model: "gpt-4"))
        #expect(try !Fixture.passes(check, "", model: ""))
        #expect(try Fixture.passes("\"\(id)\":{\"models\":[\"gpt-4o\"],\"not\":true}", "", model: "gpt-4"))
    }

    static let rules = #""modelRules":{"rules":{"defaults":["small"],"metadata":{"tier":{"gold":["large"],"7":["odd"]},"team":{"red":["red-1"]}}}}"#

    @Test("the models of all metadata values that hold are allowed, else the defaults", arguments: [
        ("", "small", true), ("", "large", false), (#"{"tier":"gold"}"#, "large", true), (#"{"tier":"gold"}"#, "small", false),
        (#"{"tier":"gold","team":"red"}"#, "red-1", true), (#"{"tier":"silver"}"#, "small", true), (#"{"tier":["silver","gold"]}"#, "large", true),
        (#"{"tier":7}"#, "odd", true), (#"{"tier":null}"#, "small", true), (#"{"tier":"gold""#, "small", true), (#"{"tier":"g\u006fld"}"#, "large", true),
    ])
    func modelRules(metadata: String, model: String, passes: Bool) throws {
        #expect(try Fixture.passes(Self.rules, "", model: model, metadata: metadata) == passes)
    }

    @Test("request types are allowed, blocked, or as the metadata says where the check has no list", arguments: [
        (#"{"allowedTypes":["chatComplete","embed"]}"#, "", RequestType.embed, true),
        (#"{"allowedTypes":["chatComplete"]}"#, "", .embed, false),
        (#"{"allowedTypes":"chatComplete, embed"}"#, "", .embed, true),
        (#"{"blockedTypes":["embed"]}"#, "", .embed, false),
        (#"{"blockedTypes":["embed"]}"#, "", .complete, true),
        (#"{}"#, "", .embed, true),
        (#"{}"#, #"{"supported_endpoints":["complete"]}"#, .embed, false),
        (#"{}"#, #"{"supported_endpoints":"complete, embed"}"#, .embed, true),
        (#"{}"#, #"{"blocked_endpoints":["embed"],"supported_endpoints":["embed"]}"#, .embed, false),
    ])
    func requestTypes(parameters: String, metadata: String, type: RequestType, passes: Bool) throws {
        #expect(try Fixture.passes("\"allowedRequestTypes\":\(parameters)", "", metadata: metadata, type: type) == passes)
    }

    @Test("metadata keys are asked for by all, any or none", arguments: [
        (#""operator":"all""#, #"{"a":1,"b":2}"#, true), (#""operator":"all""#, #"{"a":1}"#, false), (#""operator":"any""#, #"{"b":0}"#, true),
        (#""operator":"any""#, "", false), (#""operator":"none""#, "", true), (#""operator":"none""#, #"{"a":1}"#, false),
        (#""failOnError":false"#, #"{"a":1}"#, false), (#""operator":"any""#, "not json", false),
    ])
    func metadataKeys(parameters: String, metadata: String, passes: Bool) throws {
        #expect(try Fixture.passes("\"requiredMetadataKeys\":{\"metadataKeys\":[\"a\",\"b\"],\(parameters)}", "", metadata: metadata) == passes)
    }

    @Test("of several choices each has to pass")
    func everyChoice() throws {
        let guardrail = #"[{"contains":{"words":["bad"],"operator":"none"}}]"#
        #expect(try !Fixture.run(guardrail, on: ["fine", "fine"]).outcome.hasFailed)
        let result = try Fixture.run(guardrail, on: ["fine", "bad", "fine"])
        #expect(result.outcome.hasFailed)
        #expect(result.report.contains(#""foundWords":["bad"]"#))
    }

    @Test("braces that begin no JSON are not read again and again")
    func searchIsLinear() throws {
        let rest = String(repeating: #""x","#, count: 200_000)
        let clock = ContinuousClock()
        func taken(braces: Int) throws -> Duration {
            var passes = true
            let text = String(repeating: #"{"a":["#, count: braces) + rest
            let taken = try clock.measure { passes = try Fixture.passes(#""jsonKeys":{"keys":["a"],"operator":"any"}"#, text) }
            #expect(!passes)
            return taken
        }
        // Beside one reading of 800 kB in vain, on the same machine: 400 would be 320 MB, eight are 6.4.
        #expect(try taken(braces: 400) < taken(braces: 1) * 100)
    }

    @Test("keys are looked for in so many objects, and their names written once")
    func manyObjects() throws {
        let check = #"[{"jsonKeys":{"keys":["a"],"operator":"any"}}]"#
        let none = String(repeating: "{}", count: GuardrailLimits.jsonObjectCount - 1)
        #expect(try !Fixture.run(check, on: [none + #"{"a":1}"#]).outcome.hasFailed)
        let result = try Fixture.run(check, on: [none + #"{}{"a":1}"#])
        #expect(result.outcome.hasFailed)
        #expect(result.report.contains(#""presentKeys":[],"missingKeys":["a"],"#))
    }

    @Test("of the case checks only A to Z have a case, as in the reference")
    func caseIsASCII() {
        #expect(!Array("É".utf8).withByteSlice { TextMeasure.hasUppercase($0) })
        #expect(Array("É".utf8).withByteSlice { TextMeasure.characters($0) } == 1)
    }
}
