import Bytes
import JSON
import Templates

/// What must hold of any template with any variables; each traps where it does not. Called by seeded rounds in the tests and by libFuzzer.
enum TemplateFuzz {
    private static let capacity = 1 << 16

    /// The template includes itself, whatever partial it asks for.
    private struct Itself: TemplatePartials {
        let template: Template

        func template(named name: ByteSlice, through variable: ByteSlice?) -> Template? { template }
    }

    /// - Parameter input: a template, a NUL, and variables; without a NUL there are none.
    static func template(_ input: ByteSlice) {
        let end = input.firstIndex(of: 0) ?? input.count
        let text = input.prefix(end)
        let variables = end < input.count ? input.dropFirst(end + 1) : ByteSlice("{}")
        for form in [TemplateForm.text, .html, .json] {
            guard let template = compiled(text, form) else { continue }
            for tag in template.tags { precondition(tag.offset < text.count && !tag.name.isEmpty, "a tag lies in its text") }
            var tape = JSONTape(nodeLimit: 4096)
            guard let root = try? tape.parse(variables) else { continue }
            let result = rendered(template, root)
            if form == .text, text.firstRange(of: ByteSlice("{{")) == nil { precondition(result.map { $0.withByteSlice { $0 == text } } != false, "text without tags is itself") }
            if form == .json, let result { judge(result, template, root) }
        }
    }

    private static func compiled(_ text: ByteSlice, _ form: TemplateForm) -> Template? {
        do throws(TemplateError) {
            return try Template(text, form: form)
        } catch {
            precondition(error.offset <= text.count && error.line >= 1, "an error lies in its text")
            return nil
        }
    }

    private static func rendered(_ template: Template, _ variables: JSONValue) -> [UInt8]? {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        defer { memory.deallocate() }
        var writer = ByteWriter(memory, capacity: capacity)
        var renderer = TemplateRenderer()
        var partials = Itself(template: template)
        do throws(RenderError) {
            try renderer.render(template, variables, &partials, into: &writer)
        } catch {
            precondition((error.fault == .tooLong) == writer.overflowed, "too long is what does not fit")
            return nil
        }
        return [UInt8](writer.written)
    }

    /// What is JSON with these variables is JSON of the same structure with others, whose strings hold something else.
    private static func judge(_ result: [UInt8], _ template: Template, _ variables: JSONValue) {
        guard let own = shape(result) else { return }
        var plain: [UInt8] = []
        replaceStrings(of: variables, with: Array("x".utf8), into: &plain)
        var hostile: [UInt8] = []
        replaceStrings(of: variables, with: Array(#"\"},{\"a\":[\\"#.utf8), into: &hostile)
        for other in [plain, hostile] {
            other.withByteSlice { text in
                var tape = JSONTape()
                guard let root = try? tape.parse(text) else { preconditionFailure("variables stay JSON") }
                // Longer strings may not fit.
                guard let result = rendered(template, root) else { return }
                precondition(shape(result) == own, "structure is the template's")
            }
        }
    }

    /// `value` again, each string in it that is not empty another; names stay.
    private static func replaceStrings(of value: JSONValue, with content: [UInt8], into text: inout [UInt8]) {
        switch value.kind {
        case .string: text += value.bytes.count == 2 ? Array("\"\"".utf8) : Array("\"".utf8) + content + Array("\"".utf8)
        case .array:
            text += Array("[".utf8)
            for (index, element) in value.elements.enumerated() {
                if index > 0 { text += Array(",".utf8) }
                replaceStrings(of: element, with: content, into: &text)
            }
            text += Array("]".utf8)
        case .object:
            text += Array("{".utf8)
            for (index, member) in value.members.enumerated() {
                if index > 0 { text += Array(",".utf8) }
                text += Array("\"".utf8) + [UInt8](member.name.content) + Array("\":".utf8)
                replaceStrings(of: member.value, with: content, into: &text)
            }
            text += Array("}".utf8)
        default: text += [UInt8](value.bytes)
        }
    }

    private static func shape(_ text: [UInt8]) -> [String]? {
        text.withByteSlice { text in
            var tape = JSONTape()
            return (try? tape.parse(text)).map { shape(of: $0) }
        }
    }

    /// Kinds of a value and all in it, and how many there are in each container.
    static func shape(of value: JSONValue) -> [String] {
        switch value.kind {
        case .object: ["object \(value.count)"] + value.members.flatMap { shape(of: $0.value) }
        case .array: ["array \(value.count)"] + value.elements.flatMap { shape(of: $0) }
        default: ["\(value.kind)"]
        }
    }
}

func fuzzTemplate(_ input: ByteSlice) { TemplateFuzz.template(input) }
