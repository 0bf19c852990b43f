import Bytes
import JSON

// Tool calls that come in parts.
extension OpenAIAnswerReader {
    /// One call that may go on.
    struct Call: BitwiseCopyable {
        /// The host's `index`; -1 for `function_call`, -2 when it gives none.
        var index: Int32 = 0
        /// Tells ids apart; 0 for none.
        var identity: UInt32 = 0
        var slot: UInt16 = 0
        var choice: UInt8 = 0
        /// Whether its name has come, and with it the piece that opens it.
        var isOpen = false
    }

    /// Reads one part of a call; `call` is nil for `function_call`. Slots count from 0 in the order calls open, whatever a host's indexes are.
    mutating func readCall(
        _ call: JSONValue?, _ function: JSONValue?, _ choice: Int, _ emit: (AnswerPiece) -> Void
    ) throws(TranslationFault) {
        let id = OpenAIAnswerReader.filled(call?["id"])
        let name = OpenAIAnswerReader.filled(function?["name"])
        let identity = id.map { OpenAIAnswerReader.identity($0.content) } ?? 0
        let index = try OpenAIAnswerReader.callIndex(call)
        let at = try place(index, identity, choice, isNamed: name != nil)
        if identity != 0 { calls[at].identity = identity }
        if !calls[at].isOpen {
            guard let name else {
                // Arguments of no function cannot be handed on; an id alone can wait for its name.
                if OpenAIAnswerReader.filled(function?["arguments"]) == nil { return }
                throw OpenAIAnswerReader.unreadable("a tool call's arguments come before its name")
            }
            let openedCount = choices[choice].callCount
            guard openedCount < .max else { throw OpenAIAnswerReader.unreadable("the stream has too many tool calls") }
            calls[at].isOpen = true
            calls[at].slot = openedCount
            choices[choice].callCount += 1
            let signature = call.flatMap { OpenAIAnswerReader.signature(of: $0) }
            emit(AnswerPiece(.toolCall(id: id, name: name, signature: signature), choice: choice, slot: Int(calls[at].slot)))
        }
        if let function { OpenAIAnswerReader.readArguments(of: function, choice, Int(calls[at].slot), emit) }
    }

    private static func callIndex(_ call: JSONValue?) throws(TranslationFault) -> Int32 {
        guard let call else { return -1 }
        guard call.isObject else { throw unreadable("a tool call is no object") }
        guard let value = call["index"] else { return -2 }
        guard let index = value.integer, index >= 0, index < Int32.max else { throw unreadable("a tool call's index is no whole number") }
        return Int32(index)
    }

    /// Which entry a part belongs to. The same index with another id and a name is another call: some hosts give all the index 0.
    private mutating func place(_ index: Int32, _ identity: UInt32, _ choice: Int, isNamed: Bool) throws(TranslationFault) -> Int {
        var at = callCount - 1
        while at >= 0 {
            let call = calls[at]
            if Int(call.choice) == choice, call.index == index, index != -2 || identity == 0 || call.identity == identity { break }
            at -= 1
        }
        let isNew = at < 0 || (isNamed && calls[at].isOpen && (identity == 0 ? index == -2 : calls[at].identity != 0 && calls[at].identity != identity))
        guard isNew else { return at }
        if at < 0 || index == -2 {
            guard callCount < Limits.openCalls else { throw OpenAIAnswerReader.unreadable("the stream has more than \(Limits.openCalls) tool calls") }
            at = callCount
            callCount += 1
        }
        calls[at] = Call(index: index, choice: UInt8(truncatingIfNeeded: choice))
        return at
    }

    /// FNV-1a of the id; never 0. It tells a few ids of one answer apart, no more.
    private static func identity(_ id: ByteSlice) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for at in 0..<id.count { hash = (hash ^ UInt32(id[at])) &* 16_777_619 }
        return hash | 1
    }
}
