import Bytes
@testable import Guardrails
import JSON
import Policy

/// Guardrails as a request's headers ask for them, run on texts of the tests' own.
enum Fixture {
    struct Unexpected: Error { let text: String }

    static func hooks(_ json: String, _ side: HookSide = .input) throws -> [Hook] {
        try Array(json.utf8).withByteSlice { text in
            do throws(ConfigRefusal) {
                return try PolicyCompiler.hooks(header: text, named: "x-test", side)
            } catch {
                throw Unexpected(text: error.diagnostics.map { "\($0.pointer): \($0.message)\($0.hint.map { "; \($0)" } ?? "")" }.joined(separator: "\n"))
            }
        }
    }

    /// The faults of a list of guardrails, each with its JSON pointer.
    static func faults(_ json: String) -> String {
        do {
            _ = try hooks(json)
            return ""
        } catch {
            return (error as? Unexpected)?.text ?? "\(error)"
        }
    }

    struct Result {
        let outcome: HookOutcome
        let report: String
    }

    /// What a clock shows that goes on by a millisecond each time.
    final class Ticks {
        private var count: UInt64 = 0
        func next() -> UInt64 {
            count += 1_000_000
            return count
        }
    }

    static func run(
        _ json: String, on texts: [String], model: String = "m", metadata: String = "", type: RequestType = .chatComplete, hasBody: Bool = true
    ) throws -> Result {
        let set = HookSet(try hooks(json))
        let bench = Workbench()
        if let only = texts.first, texts.count == 1 {
            try quoted(only).withByteSlice { try bench.texts.read(JSONView($0), at: .prompt) }
        } else {
            let choices = texts.map { "{\"text\":\(String(decoding: quoted($0), as: UTF8.self))}" }.joined(separator: ",")
            try Array("{\"choices\":[\(choices)]}".utf8).withByteSlice { try bench.texts.read(answer: $0, at: .textChoices) }
        }
        // A plain text stands where it was given, so it has to stay.
        return try quoted(texts.first ?? "").withByteSlice { text in
            if texts.count == 1 { try bench.texts.read(JSONView(text), at: .prompt) }
            return Array(model.utf8).withByteSlice { model in
                Array(metadata.utf8).withByteSlice { metadata in
                    var subject = CheckSubject()
                    subject.model = model
                    subject.requestType = type
                    subject.read(metadata: metadata)
                    var report: [UInt8] = []
                    let ticks = Ticks()
                    let outcome = set.run(
                        subject, on: bench, hasBody: hasBody, createdAt: ByteSlice("2026-01-31T12:00:00.000Z"), clock: { ticks.next() }, into: &report)
                    return Result(outcome: outcome, report: String(decoding: report, as: UTF8.self))
                }
            }
        }
    }

    /// Whether one check, such as `"default.notNull":{}`, passes.
    static func passes(
        _ check: String, _ text: String, model: String = "m", metadata: String = "", type: RequestType = .chatComplete
    ) throws -> Bool {
        try !run("[{\(check)}]", on: [text], model: model, metadata: metadata, type: type).outcome.hasFailed
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var json: [UInt8] = []
        DocumentNode.write(text, into: &json)
        return json
    }
}
