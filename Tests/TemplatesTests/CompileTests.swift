import Bytes
import Testing

@testable import Templates

@Suite("Template compiler")
struct CompileTests {
    @Test(
        "what is no template is refused at its place",
        arguments: [
            ("a {{b", TemplateError.Fault.unclosedTag, 2, 1), ("{{{b}}", .unclosedTag, 0, 1), ("{{=<% %>", .unclosedTag, 0, 1), ("x\n\n {{!", .unclosedTag, 4, 3),
            ("{{}}", .emptyName, 0, 1), ("{{ # }}", .emptyName, 0, 1), ("{{{ }}}", .emptyName, 0, 1), ("{{>}}", .emptyName, 0, 1), ("{{>>}}", .emptyName, 0, 1),
            ("{{> * }}", .emptyName, 0, 1), ("{{/}}", .emptyName, 0, 1),
            ("a\n{{#b}}\nc", .unclosedSection("b"), 2, 2), ("{{#a}}{{^b}}{{/b}}", .unclosedSection("a"), 0, 1), ("{{#a}}{{#b}}", .unclosedSection("b"), 6, 1),
            ("x{{/a}}", .unopenedSection("a"), 1, 1), ("{{#a}}{{/a}}\n{{/a}}", .unopenedSection("a"), 13, 2),
            ("{{#a}}{{#b}}{{/a}}{{/b}}", .otherSection(closed: "a", open: "b"), 12, 1), ("{{#a}}{{/b}}", .otherSection(closed: "b", open: "a"), 6, 1),
            ("{{==}}", .malformedDelimiters, 0, 1), ("{{=a=}}", .malformedDelimiters, 0, 1), ("{{=a b c=}}", .malformedDelimiters, 0, 1),
            ("{{=a= b=}}", .malformedDelimiters, 0, 1), ("{{=<% %>=}}<%#a%>", .unclosedSection("a"), 11, 1),
        ])
    func refused(text: String, fault: TemplateError.Fault, offset: Int, line: Int) {
        let error = Template.fault(in: text)
        #expect(error?.fault == fault)
        #expect(error?.offset == offset)
        #expect(error?.line == line)
        #expect(error?.description.hasPrefix("line \(line), byte \(offset): ") == true)
    }

    @Test(
        "and what looks like it, but is one, is not",
        arguments: ["", "{", "}}", "{ {a} }", "{{a}}}", "{{{a}}}}", "{{a b}}", "{{ a\n}}", "{{!}}", "{{! {{a }}", "{{#a}}{{/ a }}", "{{=| |=}}|a|", "{{a}}{{&b}}"])
    func accepted(text: String) { #expect(Template.fault(in: text) == nil) }

    @Test("each bound holds at its edge, and what is one past it is refused")
    func bounds() {
        func nested(_ depth: Int) -> String { String(repeating: "{{#a}}", count: depth) + String(repeating: "{{/a}}", count: depth) }
        func name(_ count: Int) -> String { "{{" + String(repeating: "n", count: count) + "}}" }
        func indented(_ count: Int) -> String { String(repeating: " ", count: count) + "{{>a}}\n" }
        func delimited(_ count: Int) -> String { "{{=\(String(repeating: "<", count: count)) >=}}" }
        let rows: [(limit: Int, text: (Int) -> String, fault: TemplateError.Fault)] = [
            (TemplateLimits.textByteCount, { String(repeating: "x", count: $0) }, .tooLong(limit: TemplateLimits.textByteCount)),
            (TemplateLimits.nodeCount, { String(repeating: "x{{a}}", count: $0 / 2) + ($0 % 2 == 1 ? "x" : "") }, .tooManyTags(limit: TemplateLimits.nodeCount)),
            (TemplateLimits.nameByteCount, name, .nameTooLong(limit: TemplateLimits.nameByteCount)),
            (TemplateLimits.sectionDepth, nested, .tooDeep(limit: TemplateLimits.sectionDepth)),
            (TemplateLimits.indentationByteCount, indented, .tooFarIndented(limit: TemplateLimits.indentationByteCount)),
            (TemplateLimits.delimiterByteCount, delimited, .malformedDelimiters),
        ]
        for row in rows {
            #expect(Template.fault(in: row.text(row.limit)) == nil, "\(row.fault)")
            #expect(Template.fault(in: row.text(row.limit + 1))?.fault == row.fault)
        }
    }

    @Test("a template tells what it asks for, in order")
    func tags() throws {
        let template = try Template.compiled("{{a}}{{!no}}{{#b}}{{{c.d}}}{{/b}}{{^e}}{{/e}} {{>f@5}}{{>>g}}{{> *h}}")
        let tags = template.tags
        #expect(tags.map(\.name) == ["a", "b", "c.d", "e", "f@5", "g", "h"])
        #expect(tags.map(\.kind) == [.value, .section, .value, .inverted, .partial, .variablePartial, .variablePartial])
        #expect(tags.map(\.offset) == [0, 12, 18, 33, 46, 54, 61])
    }

    @Test("a name in a JSON template may be written with escapes")
    func escapedNames() throws {
        let template = try Template.compiled(#"{"a":"{{gr\u00f6\u00dfe}} {{#\u0061}}x{{/a}}"}"#, form: .json)
        #expect(template.tags.map(\.name) == ["größe", "a"])
        #expect(Template.fault(in: #"{{gr\u00f6}}"#) == nil)
    }

    @Test("hostile texts of the longest kind are read in one pass")
    func hostile() {
        let count = TemplateLimits.textByteCount
        for unit in ["{", "}", "{{", "{{{", "\n", " ", "{{!}} ", "{{={ }=}}", " \n{{!", "{{{a}}", "\"", "\\"] {
            _ = Template.fault(in: String(repeating: unit, count: count / unit.utf8.count))
        }
    }
}
