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
        #expect(String(decoding: screening.verdicts, as: UTF8.self) == "[]")
        screening.input = Array(#"[{"verdict":true,"id":"a \"b\"","checks":[{"id":"no","verdict":false,"data":{"id":"secret"}}],"deny":false},{"verdict":false,"id":"c","deny":true}]"#.utf8)
        screening.output = Array(#"[{"verdict":true,"id":"d","deny":false}]"#.utf8)
        let expected = #"[{"id":"a \"b\"","verdict":true,"deny":false,"side":"input"},{"id":"c","verdict":false,"deny":true,"side":"input"},{"id":"d","verdict":true,"deny":false,"side":"output"}]"#
        #expect(String(decoding: screening.verdicts, as: UTF8.self) == expected)
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
