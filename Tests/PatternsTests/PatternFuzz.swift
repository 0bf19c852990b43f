import Bytes
import Patterns

/// What must hold for any bytes; each traps where it does not. Called by seeded rounds in the tests and by libFuzzer.
enum PatternFuzz {
    /// A pattern on the first line, and what it is tried on after it.
    static func fuzzPattern(_ input: ByteSlice) {
        let end = input.firstIndex(of: 0x0A) ?? input.count
        var scratch = PatternScratch()
        _ = fuzzPattern(input.prefix(end), against: input.dropFirst(min(end + 1, input.count)), &scratch)
    }

    /// Text → a pattern that matches or not, or a reason that stands within it.
    static func fuzzPattern(_ text: ByteSlice, against sample: ByteSlice, _ scratch: inout PatternScratch) -> Bool {
        do throws(PatternError) {
            let pattern = try Pattern(text, options: PatternOptions(rawValue: UInt8(truncatingIfNeeded: text.count & 7)))
            _ = pattern.matches(sample, &scratch)
            _ = pattern.matches(text, &scratch)
            _ = pattern.matches(ByteSlice(""), &scratch)
            return true
        } catch {
            precondition(!error.reason.isEmpty && !error.reason.hasSuffix("."), "a refusal has a reason")
            if let offset = error.offset { precondition(offset >= 0 && offset <= text.count, "a fault lies in its text") }
            // Everything that reaches Hyperscan is in its language.
            precondition(!error.reason.contains("cannot be compiled"), error.reason)
            return false
        }
    }
}
