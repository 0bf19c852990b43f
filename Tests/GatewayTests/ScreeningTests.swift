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
