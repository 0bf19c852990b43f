import Bytes
import JSON

/// The JSON objects that stand in a text, the outermost of each place, one after another.
///
/// Time is linear in the text: `GuardrailLimits.jsonReadings` bounds what is read in vain.
struct FoundObjects: Sequence, IteratorProtocol {
    private let text: ByteSlice
    private var at = 0
    private var budget: Int

    init(_ text: ByteSlice) {
        self.text = text
        budget = text.count.multipliedReportingOverflow(by: GuardrailLimits.jsonReadings).partialValue
    }

    mutating func next() -> JSONView? {
        while let start = text.firstIndex(of: UInt8(ascii: "{"), from: at) {
            let rest = text.dropFirst(start)
            do throws(JSONError) {
                let count = try JSONText.valueEnd(rest)
                at = start + count
                return JSONView(rest.prefix(count))
            } catch {
                budget -= error.offset
                at = budget > 0 ? start + 1 : text.count
            }
        }
        return nil
    }
}
