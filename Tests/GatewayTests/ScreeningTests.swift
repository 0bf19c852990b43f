@testable import Gateway
import Guardrails
import Testing

@Suite("What the checks of one request have come to")
struct ScreeningTests {
    @Test("what is looked at is bounded for all targets together, each side for itself")
    func lookedAt() {
        var screening = Screening()
        let half = GuardrailLimits.lookedAtByteCount / 2
        let first = screening.canLook(at: half, .input)
        screening.beginTarget()
        let tooMuch = screening.canLook(at: half + 1, .input)
        let atTheBound = screening.canLook(at: half, .input)
        let past = screening.canLook(at: 1, .input)
        let endless = screening.canLook(at: .max, .output)
        let other = screening.canLook(at: half, .output)
        #expect([first, tooMuch, atTheBound, past, endless, other] == [true, false, true, false, false, true])
        screening.reset()
        let anew = screening.canLook(at: 2 * half, .input)
        #expect(anew)
    }

    @Test("a record has of each hook its id, its side, its verdict and whether it refuses, and nothing of what its checks have seen")
    func verdicts() {
        var screening = Screening()
        #expect(screening.verdicts.isEmpty)
        screening.input = Array(#"[{"verdict":true,"id":"a \"b\"","checks":[{"id":"no","verdict":false,"data":{"id":"secret"}}],"deny":false},{"verdict":false,"id":"c","deny":true}]"#.utf8)
        screening.output = Array(#"[{"verdict":true,"id":"d","deny":false}]"#.utf8)
        let expected = #"[{"id":"a \"b\"","verdict":true,"deny":false,"side":"input"},{"id":"c","verdict":false,"deny":true,"side":"input"},{"id":"d","verdict":true,"deny":false,"side":"output"}]"#
        #expect(String(decoding: screening.verdicts, as: UTF8.self) == expected)
    }

    @Test("a record has what hooks came to of each target and each answer, and of the last target alone where all have no room")
    func allVerdicts() {
        func results(_ id: String) -> [UInt8] { Array("[{\"verdict\":false,\"id\":\"\(id)\",\"deny\":true}]".utf8) }
        func row(_ id: String, _ side: String) -> String { "{\"id\":\"\(id)\",\"verdict\":false,\"deny\":true,\"side\":\"\(side)\"}" }
        func verdicts(_ screening: Screening) -> String { String(decoding: screening.verdicts, as: UTF8.self) }
        var screening = Screening()
        screening.input = results("a")
        screening.output = results("b")
        screening.forgetOutput()
        screening.output = results("c")
        screening.beginTarget()
        let rows = verdicts(screening)
        #expect(rows.contains(row("a", "input")) && rows.contains(row("b", "output")) && rows.contains(row("c", "output")))
        screening.input = results("d")
        #expect(verdicts(screening) == rows.dropLast() + "," + row("d", "input") + "]")
        for _ in 0..<1000 {
            screening.beginTarget()
            screening.input = results("e")
        }
        #expect(verdicts(screening) == "[" + row("e", "input") + "]")
        #expect(screening.hasVerdicts)
        screening.reset()
        #expect(!screening.hasVerdicts && screening.verdicts.isEmpty)
    }

    @Test("another target has none of the results of the one before")
    func anotherTarget() {
        var screening = Screening()
        screening.input = [1]
        screening.output = [2]
        screening.inputFailed = true
        screening.outputFailed = true
        screening.beginTarget()
        #expect(screening.isEmpty)
        #expect(!screening.hasFailed)
    }
}
