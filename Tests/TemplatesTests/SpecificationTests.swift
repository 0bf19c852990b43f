import Bytes
import JSON
import Testing

@testable import Templates

/// github.com/mustache/spec
@Suite("Mustache specification")
struct SpecificationTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let template: String
        let variables: String
        let expected: String
        let partials: [String: String]

        var testDescription: String { name }
    }

    static func cases(of file: String) throws -> [Case] {
        guard let contents = SharedData.contents(of: "mustache-spec/\(file).json") else { return [] }
        return try contents.withByteSlice { text in
            var tape = JSONTape()
            let root = try tape.parse(text)
            return (root["tests"]?.elements).map { tests in tests.map { SpecificationTests.one($0, file) } } ?? []
        }
    }

    private static func one(_ test: JSONValue, _ file: String) -> Case {
        func string(_ value: JSONValue?) -> String {
            guard let string = value?.string else { return "" }
            return String(decoding: [UInt8](unsafeUninitializedCapacity: max(1, string.content.count)) { memory, count in
                guard let base = memory.baseAddress else { return }
                var writer = ByteWriter(base, capacity: memory.count)
                string.decode(into: &writer)
                count = writer.count
            }, as: UTF8.self)
        }
        var partials: [String: String] = [:]
        if let members = test["partials"]?.members { for member in members { partials[String(member.name.content)] = string(member.value) } }
        return Case(
            name: "\(file): \(string(test["name"]))", template: string(test["template"]), variables: test.member("data").map { String($0.bytes) } ?? "{}",
            expected: string(test["expected"]), partials: partials)
    }

    static let core = [("comments", 12), ("delimiters", 14), ("interpolation", 42), ("inverted", 22), ("partials", 12), ("sections", 34)]

    @Test("each case of the core comes out as expected: 136, and 21 of dynamic names", arguments: core + [("~dynamic-names", 21)])
    func conforms(file: String, count: Int) throws {
        let cases = try SpecificationTests.cases(of: file)
        guard !cases.isEmpty else { return }
        #expect(cases.count == count)
        for example in cases {
            let result = try rendered(example.template, example.variables, form: .html, partials: example.partials)
            #expect(result == example.expected, "\(example.name)")
        }
    }

    @Test("in plain text they come out the same, but for what is escaped", arguments: core)
    func plain(file: String, count: Int) throws {
        for example in try SpecificationTests.cases(of: file) where !example.expected.contains(where: { "&".contains($0) }) {
            #expect(try rendered(example.template, example.variables, partials: example.partials) == example.expected, "\(example.name)")
        }
    }
}
