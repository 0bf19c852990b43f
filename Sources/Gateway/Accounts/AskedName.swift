import Bytes
import JSON
import Ledger
import Providers

/// What a target is asked for: by that name an answer is reserved for, and priced where it names no model itself.
extension Exchange {
    /// Lends the model that the plan's target is asked for, as its provider calls it; empty where nobody names one.
    ///
    /// As in the body that is sent: the config's goes before the target's own, and both before the client's. Nothing is read of the worker's scan, which is
    /// another request's by the time an answer is over.
    func withAskedName<Result>(_ body: (ByteSlice) -> Result) -> Result {
        guard readsBody, let destination = plan?.destination, let hasNoModel = plan?.hasNoModel, let slugCount = plan?.modelPrefixCount else {
            var asked = record.model
            return asked.withBytesInPlace(body)
        }
        var prefixCount = 0
        if destination.vertex != nil, let plan { prefixCount = vertexModel(plan, at: destination)?.prefixByteCount ?? 0 }
        if let own = destination.overriddenModel { return Exchange.withDecoded(own.slice.dropFirst(prefixCount), body) }
        // JSON texts, in their quotes.
        if let own = destination.ownModel ?? (hasNoModel ? destination.defaultModel : nil), own.slice.count > 2 {
            return Exchange.withDecoded(own.slice[1..<own.slice.count - 1], body)
        }
        if hasNoModel { return body(ByteSlice("")) }
        var asked = record.model
        return asked.withBytesInPlace { Exchange.withDecoded($0.dropFirst(slugCount + prefixCount), body) }
    }

    /// What `price` finds for that name; where it finds nothing, for the client's own word: a config may call a model by what an operator has named it.
    func pricedByName<Result>(_ price: (ByteSlice) -> Result?) -> Result? {
        var told = record.model
        return told.withBytesInPlace { told in
            var isTold = false
            let found = withAskedName { name in
                isTold = name == told
                return price(name)
            }
            return found ?? (isTold ? nil : price(told))
        }
    }

    /// Lends what a string's content says; empty where that is too long for a model's name.
    static func withDecoded<Result>(_ content: ByteSlice, _ body: (ByteSlice) -> Result) -> Result {
        let name = JSONString(content: content, hasEscapes: content.firstIndex(of: UInt8(ascii: "\\")) != nil)
        if let plain = name.plain { return body(plain) }
        var decoded = ModelText()
        var isWhole = false
        decoded.replace { text in
            name.decode(into: &text)
            isWhole = !text.overflowed
        }
        return isWhole ? decoded.withBytesInPlace(body) : body(ByteSlice(""))
    }
}
