import Bytes
import JSON
import Testing

@testable import Templates

@Suite("Template renderer")
struct RenderTests {
    @Test(
        "values are written as they are, objects and lists as their JSON",
        arguments: [
            (#""a\"\n\u00e9\ud83d\ude00<&>""#, "a\"\né😀<&>"), ("1.50", "1.50"), ("-0", "-0"), ("true", "true"), ("false", "false"), ("null", ""), (#""""#, ""),
            (#"{"a": [1, "b"]}"#, #"{"a": [1, "b"]}"#), ("[1,2]", "[1,2]"), ("[]", "[]"),
        ])
    func values(value: String, written: String) throws {
        for tag in ["{{v}}", "{{{v}}}", "{{&v}}", "{{ v }}"] { #expect(try rendered(tag, "{\"v\":\(value)}") == written) }
    }

    @Test(
        "what JavaScript takes for false is falsy",
        arguments: [
            ("null", false), ("false", false), ("0", false), ("-0.0", false), ("0e9", false), (#""""#, false), ("[]", false),
            ("true", true), ("1", true), ("0.01", true), ("1e-9", true), (#""0""#, true), ("[0]", true), ("{}", true),
        ])
    func truth(value: String, isTruthy: Bool) throws {
        #expect(try rendered("{{#v}}yes{{/v}}{{^v}}no{{/v}}", "{\"v\":\(value)}") == (isTruthy ? "yes" : "no"))
    }

    @Test("names reach into lists, may have blanks, and the last of two members counts")
    func names() throws {
        #expect(try rendered("{{a.1.b}}|{{a.2.b}}|{{a.x}}|{{a..b}}|{{.a}}", #"{"a":[{"b":1},{"b":2}]}"#) == "2||||")
        #expect(try rendered("{{phone number}}", #"{"phone number":"7"}"#) == "7")
        #expect(try rendered("{{a}}", #"{"a":1,"\u0061":2}"#) == "2")
        #expect(try rendered("{{#a}}{{b}}{{/a}}", #"{"a":{"b":null},"b":1}"#) == "")
    }

    @Test("a section goes through a list, with what is around it in sight")
    func lists() throws {
        #expect(try rendered("{{#l}}{{.}}{{x}}{{#m}}<{{.}}>{{/m}},{{/l}}", #"{"l":[{"m":[1,2]},3],"x":"-"}"#) == #"{"m":[1,2]}-<1><2>,3-,"#)
        #expect(try rendered("{{#l}}{{/l}}{{^l}}x{{/l}}", #"{"l":[1,2]}"#) == "")
    }

    @Test("a variable partial is the partial that the variable names; what there is none of is told")
    func variablePartials() throws {
        var partials = try NamedPartials(["tone": "{{v}}!", "größe": "g"])
        let template = try Template.compiled("{{>>p}}{{>*q}}{{>none}}{{>>absent}}{{>>n}}")
        let text = try rendered(template, #"{"p":"tone","q":"gr\u00f6\u00dfe","v":"hi","n":7}"#, &partials)
        #expect(text == "hi!g")
        #expect(partials.missing == ["none", "absent=", "n="])
    }

    @Test("an empty line of a partial gets no blanks, and a tag at a line's beginning does")
    func indentation() throws {
        let partials = ["p": "a\n\n{{v}}\n{{#v}}x{{/v}}\n  {{>q}}\n", "q": "y\nz\n"]
        #expect(try rendered("  {{>p}}\n|", #"{"v":1}"#, partials: partials) == "  a\n\n  1\n  x\n    y\n    z\n|")
    }

    // MARK: Bounds

    private func fault(
        _ template: String, _ variables: String = "{}", form: TemplateForm = .text, partials: [String: String] = [:], capacity: Int = 1 << 16
    ) throws -> RenderError? {
        do { _ = try rendered(template, variables, form: form, partials: partials, capacity: capacity) } catch let error as RenderError { return error }
        return nil
    }

    @Test("what is rendered fits to the last byte, and not one more")
    func length() throws {
        for form in [TemplateForm.text, .html, .json] {
            #expect(try fault("12{{v}}", #"{"v":34}"#, form: form, capacity: 4) == nil)
            #expect(try fault("12{{v}}", #"{"v":345}"#, form: form, capacity: 4) == RenderError(.tooLong, at: 2))
        }
        #expect(try fault("{{v}}", #"{"v":"<"}"#, form: .html, capacity: 3) == RenderError(.tooLong, at: 0))
        #expect(try fault("{{v}}", #"{"v":"<"}"#, form: .html, capacity: 4) == nil)
    }

    @Test("a partial that includes itself ends at the bound of partials")
    func recursion() throws {
        func chain(_ count: Int) -> [String: String] {
            Dictionary(uniqueKeysWithValues: (1...count).map { ("p\($0)", $0 == count ? "x" : "{{>p\($0 + 1)}}") })
        }
        #expect(try rendered("{{>p1}}", partials: chain(TemplateLimits.partialDepth)) == "x")
        #expect(try fault("{{>p1}}", partials: chain(TemplateLimits.partialDepth + 1))?.fault == .tooDeep)
        #expect(try fault("{{>p}}", partials: ["p": "{{>p}}"])?.fault == .tooDeep)
        #expect(try fault("{{>p}}", partials: ["p": "{{>p}}{{>p}}"])?.fault == .tooDeep)
    }

    @Test("sections and partials inside each other are bounded together")
    func frames() throws {
        // A template, and partials with sections inside it, each the last of the one before.
        func partials(_ frames: Int) -> [String: String] {
            var left = frames - 1
            var made: [String: String] = [:]
            var index = 0
            while left > 0 {
                let sections = min(left - 1, 20)
                left -= sections + 1
                made["p\(index)"] = String(repeating: "{{#a}}", count: sections) + (left > 0 ? "{{>p\(index + 1)}}" : "x") + String(repeating: "{{/a}}", count: sections)
                index += 1
            }
            return made
        }
        #expect(try rendered("{{>p0}}", #"{"a":{"b":1}}"#, partials: partials(TemplateLimits.frameCount)) == "x")
        #expect(try fault("{{>p0}}", #"{"a":{"b":1}}"#, partials: partials(TemplateLimits.frameCount + 1))?.fault == .tooDeep)
    }

    @Test("the steps are bounded: tags, rounds, and members that are looked at")
    func steps() throws {
        let list = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
        // A round is two steps, and those of the section inside it.
        #expect(try fault("{{#l}}{{#l}}{{^l}}x{{/l}}{{/l}}{{/l}}", "{\"l\":\(list)}") == RenderError(.tooManySteps, at: 12))
        let members = "{" + (0..<10_000).map { "\"m\($0)\":1" }.joined(separator: ",") + "}"
        #expect(try fault(String(repeating: "{{x}}", count: 100), members)?.fault == .tooManySteps)
        #expect(try fault(String(repeating: "{{x}}", count: 50), members) == nil)
        #expect(try fault("{{#l}}{{>p}}{{/l}}", "{\"l\":\(list)}", partials: ["p": String(repeating: "{{>q}}", count: 40), "q": ""])?.fault == .tooManySteps)
    }

    @Test("exactly as many steps as there may be are taken")
    func stepEdge() throws {
        // One for the text before the section, one for the section, two to look its name up among one member; then one a round.
        func count(_ rounds: Int) -> String { "{\"l\":[" + Array(repeating: "1", count: rounds).joined(separator: ",") + "]}" }
        let fixed = 1 + 1 + 2
        #expect(try fault("y{{#l}}x{{/l}}", count(TemplateLimits.stepCount - fixed), capacity: 1 << 20) == nil)
        #expect(try fault("y{{#l}}x{{/l}}", count(TemplateLimits.stepCount - fixed + 1), capacity: 1 << 20)?.fault == .tooManySteps)
    }
}
