import Bytes
import Foundation
@testable import Guardrails
import Testing

@Suite("Hooks")
struct HookTests {
    private func parsed(_ report: String) throws -> [[String: Any]] {
        try #require(JSONSerialization.jsonObject(with: Data(report.utf8)) as? [[String: Any]])
    }

    @Test("a hook fails where one of its checks does, and refuses only where it denies")
    func outcome() throws {
        let checks = #""contains":{"words":["x"],"operator":"any"},"notNull":{}"#
        #expect(try Fixture.run("[{\(checks)}]", on: ["x"]).outcome == HookOutcome(count: 1))
        #expect(try Fixture.run("[{\(checks)}]", on: ["y"]).outcome == HookOutcome(count: 1, hasFailed: true))
        #expect(try Fixture.run("[{\(checks),\"deny\":true}]", on: ["y"]).outcome == HookOutcome(count: 1, hasFailed: true, isDenied: true))
        #expect(try Fixture.run("[{\(checks),\"deny\":true}]", on: ["x"]).outcome == HookOutcome(count: 1))
    }

    @Test("all hooks are run and told of, also behind one that refuses")
    func allAreRun() throws {
        let result = try Fixture.run(#"[{"notNull":{},"deny":true},{"id":"second","alluppercase":{}}]"#, on: [""])
        #expect(result.outcome == HookOutcome(count: 2, hasFailed: true, isDenied: true))
        let hooks = try parsed(result.report)
        #expect(hooks.map { $0["id"] as? String } == ["input_guardrail_1", "second"])
        #expect(hooks.map { $0["verdict"] as? Bool } == [false, true])
    }

    @Test("a result has the reference's members (§7.1)")
    func members() throws {
        let result = try Fixture.run(#"[{"id":"g\"1","deny":true,"contains":{"words":["a\nb","c"],"operator":"any"}}]"#, on: ["c"])
        let hook = try #require(try parsed(result.report).first)
        #expect(Set(hook.keys) == ["verdict", "id", "transformed", "checks", "feedback", "execution_time", "async", "type", "created_at", "deny"])
        #expect(hook["id"] as? String == "g\"1")
        #expect(hook["deny"] as? Bool == true)
        #expect(hook["type"] as? String == "guardrail")
        #expect(hook["created_at"] as? String == "2026-01-31T12:00:00.000Z")
        #expect(hook["feedback"] is NSNull)
        // Beginnings and ends of hook and check, a millisecond apart each.
        #expect(hook["execution_time"] as? Int == 3)
        let check = try #require((hook["checks"] as? [[String: Any]])?.first)
        #expect(Set(check.keys) == ["data", "verdict", "id", "execution_time", "transformed", "created_at", "log", "fail_on_error"])
        #expect(check["id"] as? String == "default.contains")
        #expect(check["execution_time"] as? Int == 1)
        let data = try #require(check["data"] as? [String: Any])
        #expect(data["foundWords"] as? [String] == ["c"])
        #expect(data["missingWords"] as? [String] == ["a\nb"])
        #expect(data["operator"] as? String == "any")
        #expect(data["explanation"] as? String == "the check passed")
    }

    @Test("counts and what they were compared with are told")
    func data() throws {
        let result = try Fixture.run(#"[{"wordCount":{"minWords":1,"maxWords":2,"not":true}}]"#, on: ["a b c"])
        let hook = try #require(try parsed(result.report).first)
        let data = try #require((hook["checks"] as? [[String: Any]])?.first?["data"] as? [String: Any])
        #expect(data["wordCount"] as? Int == 3)
        #expect(data["minWords"] as? Int == 1)
        #expect(data["maxWords"] as? Int == 2)
        #expect(data["not"] as? Bool == true)
    }

    @Test("feedback is on_fail's or on_success's, with the checks' ids added")
    func feedback() throws {
        let guardrail = #"[{"notNull":{},"alluppercase":{},"on_fail":{"feedback":{"value":-5,"weight":0.5,"metadata":{"user":"u"}}},"on_success":{"feedback":{"value":5}}}]"#
        let failed = try #require(try parsed(try Fixture.run(guardrail, on: ["x"]).report).first?["feedback"] as? [String: Any])
        #expect(failed["value"] as? Int == -5)
        #expect(failed["weight"] as? Double == 0.5)
        #expect(failed["metadata"] as? [String: String] == ["user": "u", "successfulChecks": "default.notNull", "failedChecks": "default.alluppercase", "erroredChecks": ""])
        let passed = try #require(try parsed(try Fixture.run(guardrail, on: ["X"]).report).first?["feedback"] as? [String: Any])
        #expect(passed["value"] as? Int == 5)
        #expect((passed["metadata"] as? [String: String])?["successfulChecks"] == "default.notNull,default.alluppercase")
    }

    @Test("without a body only hooks are run that need none, and a refusal that needs one is known")
    func withoutBody() throws {
        let guardrails = #"[{"notNull":{},"deny":true},{"allowedRequestTypes":{"blockedTypes":["embed"]}}]"#
        let result = try Fixture.run(guardrails, on: [""], hasBody: false)
        #expect(result.outcome == HookOutcome(count: 1))
        #expect(HookSet(try Fixture.hooks(guardrails)).denialNeedsBody)
        #expect(!HookSet(try Fixture.hooks(#"[{"allowedRequestTypes":{"blockedTypes":["embed"]},"deny":true}]"#)).denialNeedsBody)
    }

    @Test("texts without bytes are not looked at for nothing")
    func emptyTexts() throws {
        let set = HookSet(try Fixture.hooks(#"[{"notNull":{}}]"#))
        #expect(set.lookedAtByteCount(in: 0, of: 3) == 3 * GuardrailLimits.textCostByteCount)
    }

    @Test("a refusal that looks at texts is known")
    func denialOfTexts() throws {
        #expect(HookSet(try Fixture.hooks(#"[{"notNull":{},"deny":true}]"#)).denialNeedsText)
        #expect(!HookSet(try Fixture.hooks(#"[{"notNull":{}},{"modelWhitelist":{"models":["m"]},"deny":true}]"#)).denialNeedsText)
    }

    @Test("what checks look at counts as often as they look, and never overflows")
    func lookedAt() throws {
        let two = HookSet(try Fixture.hooks(#"[{"notNull":{},"modelWhitelist":{"models":["m"]}},{"alluppercase":{}}]"#))
        #expect(two.lookedAtByteCount(in: 10, of: 0) == 20)
        #expect(two.lookedAtByteCount(in: .max, of: 1) == .max)
        #expect(two.lookedAtByteCount(in: 0, of: .max) == .max)
        let keys = HookSet(try Fixture.hooks(#"[{"jsonKeys":{"keys":["a"],"operator":"any"}}]"#))
        // Each reading in search of objects, and each comparison with a key.
        #expect(keys.lookedAtByteCount(in: 10, of: 0) == 10 * (GuardrailLimits.jsonReadings + 1))
        let none = HookSet(try Fixture.hooks(#"[{"modelWhitelist":{"models":["m"]}}]"#))
        #expect(none.lookedAtByteCount(in: .max, of: .max) == 0)
        #expect(!none.needsText)
    }

    @Test("where no text was read it is the empty text, and the results are JSON all the same")
    func noText() throws {
        let set = HookSet(try Fixture.hooks(#"[{"notNull":{},"modelWhitelist":{"models":["m"]}}]"#))
        var report: [UInt8] = []
        let outcome = set.run(CheckSubject(), on: Workbench(), createdAt: ByteSlice("now"), clock: { 0 }, into: &report)
        #expect(outcome.hasFailed)
        #expect(try parsed(String(decoding: report, as: UTF8.self)).count == 1)
    }

    @Test("a check that could not look fails where it denies, unless failOnError says otherwise", arguments: [
        (#""deny":true"#, true), (#""deny":false"#, false),
    ])
    func failOnError(setting: String, isDefault: Bool) throws {
        let own = try Fixture.run("[{\"notNull\":{},\(setting)}]", on: ["x"])
        #expect(own.report.contains("\"fail_on_error\":\(isDefault)"))
        let told = try Fixture.run("[{\"notNull\":{\"failOnError\":\(!isDefault)},\(setting)}]", on: ["x"])
        #expect(told.report.contains("\"fail_on_error\":\(!isDefault)"))
    }
}

extension HookOutcome {
    init(count: Int, hasFailed: Bool = false, isDenied: Bool = false) {
        self.init()
        self.count = count
        self.hasFailed = hasFailed
        self.isDenied = isDenied
    }
}
