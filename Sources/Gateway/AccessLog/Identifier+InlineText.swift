import Bytes
import Ledger

extension Identifier {
    /// Puts the written form in place of `text`.
    func write(into text: inout InlineText<36>) {
        text.replace { writer in write(into: &writer) }
    }
}
