import Bytes

/// Answers in one piece, and as server-sent events.
extension Reply {
    func writeBody(into output: inout Output) {
        switch form {
        case .chat: writeChatBody(into: &output)
        case .completion: writeCompletionBody(into: &output)
        case .messages: writeMessagesBody(into: &output)
        case .responses: writeResponse(isWhole: true, into: &output)
        case .gemini: writeGeminiBody(into: &output)
        case .converse: writeConverseBody(into: &output)
        }
    }

    /// Which event of a stream it is.
    enum Place {
        case begin(Int)
        case open(part: Int, Int)
        case token(part: Int)
        case close(part: Int, Int)
        case end(Int)
    }

    var eventCount: Int {
        var count = beginCount + endCount
        for index in parts.indices { count += openCount(index) + tokenEventCount(index) + closeCount(index) }
        return count
    }

    /// - Parameter index: below `eventCount`.
    func place(_ index: Int) -> Place {
        var rest = index
        if rest < beginCount { return .begin(rest) }
        rest -= beginCount
        for part in parts.indices {
            let open = openCount(part)
            if rest < open { return .open(part: part, rest) }
            rest -= open
            let tokens = tokenEventCount(part)
            if rest < tokens { return .token(part: part) }
            rest -= tokens
            let close = closeCount(part)
            if rest < close { return .close(part: part, rest) }
            rest -= close
        }
        return .end(rest)
    }

    /// Whether event `index` waits for the gap between tokens.
    func isToken(_ index: Int) -> Bool {
        if case .token = place(index) { return true }
        return false
    }

    /// Writes event `index`; they must be asked for in order, with the same cursor.
    func writeEvent(_ index: Int, _ cursor: inout Cursor, into output: inout Output) {
        let place = place(index)
        switch form {
        case .chat: writeChatEvent(place, &cursor, into: &output)
        case .completion: writeCompletionEvent(place, &cursor, into: &output)
        case .messages: writeMessagesEvent(place, &cursor, into: &output)
        case .responses: writeResponsesEvent(place, index, &cursor, into: &output)
        case .gemini: writeGeminiEvent(place, &cursor, into: &output)
        case .converse: writeConverseEvent(place, &cursor, into: &output)
        }
    }

    // MARK: How many events

    private var beginCount: Int {
        switch form {
        // A first call's event carries the role itself.
        case .chat: (isFiltered ? 1 : 0) + (parts.first?.kind == .call ? 0 : 1)
        case .completion: isFiltered ? 1 : 0
        case .messages, .converse: 1
        case .responses: 2
        case .gemini: 0
        }
    }

    private func openCount(_ index: Int) -> Int {
        let kind = parts[index].kind
        switch form {
        case .chat: return kind == .call || kind == .sound ? 1 : 0
        case .completion: return 0
        // The first is followed by a ping.
        case .messages: return index == 0 ? 2 : 1
        case .responses: return kind == .call ? 1 : 2
        case .gemini, .converse: return kind == .call ? 1 : 0
        }
    }

    /// Gemini gives a call whole.
    private func tokenEventCount(_ index: Int) -> Int { form == .gemini && parts[index].kind == .call ? 0 : parts[index].tokenCount }

    private func closeCount(_ index: Int) -> Int {
        let kind = parts[index].kind
        switch form {
        case .chat: return kind == .sound ? 1 : 0
        case .completion, .gemini: return 0
        case .messages, .converse: return kind == .thinking ? 2 : 1
        case .responses: return kind == .call ? 2 : 3
        }
    }

    /// `[DONE]` or its like is the last of them; Gemini has none.
    private var endCount: Int {
        switch form {
        case .chat, .completion: includesUsage && saysUsage ? 3 : 2
        case .messages, .converse: 2
        case .responses, .gemini: 1
        }
    }
}
