import Bytes
import Foundation
import JSON
import Testing

@testable import Templates

/// Data sets other people made, read from outside the repository.
enum SharedData {
    static var root: String {
        ProcessInfo.processInfo.environment["SLUICE_SHARED"] ?? #filePath.components(separatedBy: "/Tests/TemplatesTests/")[0] + "/../shared"
    }

    /// A file below `data/`. Where the data is missing: nil, with a line saying so, and an issue when CI is set.
    static func contents(of file: String) -> [UInt8]? {
        let path = "\(root)/data/\(file)"
        if let contents = FileManager.default.contents(atPath: path) { return [UInt8](contents) }
        print("SKIPPED: no \(path); set SLUICE_SHARED")
        if ProcessInfo.processInfo.environment["CI"] != nil { Issue.record("missing data: \(path)") }
        return nil
    }
}

/// SplitMix64, so that a printed seed brings the same run back.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    static func announced(_ test: String) -> SeededGenerator {
        let given = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("\(test): SLUICE_SEED=\(seed)")
        return SeededGenerator(state: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Template {
    static func compiled(_ text: String, form: TemplateForm = .text) throws(TemplateError) -> Template {
        try Array(text.utf8).withByteSlice { (bytes) throws(TemplateError) in try Template(bytes, form: form) }
    }

    /// What is wrong with `text`; nil where it is a template.
    static func fault(in text: String, form: TemplateForm = .text) -> TemplateError? {
        do throws(TemplateError) { _ = try compiled(text, form: form) } catch { return error }
        return nil
    }
}

/// Partials by name.
struct NamedPartials: TemplatePartials {
    var templates: [String: Template] = [:]
    /// What was asked for and is not there: `name`, or `variable=name`.
    private(set) var missing: [String] = []

    init(_ texts: [String: String], form: TemplateForm = .text) throws {
        for (name, text) in texts { templates[name] = try Template.compiled(text, form: form) }
    }

    mutating func template(named name: ByteSlice, through variable: ByteSlice?) -> Template? {
        if let found = templates[String(name)] { return found }
        missing.append((variable.map { String($0) + "=" } ?? "") + String(name))
        return nil
    }
}

/// What `template` comes to with `variables`, which are JSON.
func rendered(
    _ template: Template, _ variables: String = "{}", _ partials: inout NamedPartials, capacity: Int = 1 << 16
) throws -> String {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    defer { memory.deallocate() }
    var writer = ByteWriter(memory, capacity: capacity)
    var tape = JSONTape()
    var renderer = TemplateRenderer()
    try Array(variables.utf8).withByteSlice { text in
        let root = try tape.parse(text)
        try renderer.render(template, root, &partials, into: &writer)
    }
    return String(writer.written)
}

func rendered(
    _ template: String, _ variables: String = "{}", form: TemplateForm = .text, partials: [String: String] = [:], capacity: Int = 1 << 16
) throws -> String {
    var partials = try NamedPartials(partials)
    return try rendered(try Template.compiled(template, form: form), variables, &partials, capacity: capacity)
}
