public import Bytes
public import JSON

/// Texts out of requests and answers.
extension CheckedTexts {
    // MARK: Requests

    /// Reads the text of a request: `value` is the member that `place` names, nil when the body has none.
    ///
    /// What is not there is the empty text. Parts are joined by line ends; parts that are no text, pictures for instance, are left out.
    public mutating func read(_ value: JSONView?, at place: RequestTextPlace) throws(TextFault) {
        guard let value = try whole(value, at: place) else { return set(ByteSlice("")) }
        if let plain = value.string?.plain { return set(plain) }
        begin(byteCount: value.bytes.count)
        var joiner = TextJoiner()
        try append(value, &joiner, depth: 0)
        endText()
    }

    /// Of messages and items the last one's content.
    private func whole(_ value: JSONView?, at place: RequestTextPlace) throws(TextFault) -> JSONView? {
        guard let value, value.kind == .array, place.isConversation else { return value }
        var last: JSONView?
        for element in value.elements { last = element }
        guard let last, last.kind == .object else { return last }
        // Items of Responses may be parts themselves, or what a tool gave.
        for name in ["content", "text", "output"] as [StaticString] {
            if let found = try last.soleChild(name) { return found }
        }
        return nil
    }

    // MARK: Answers

    /// Reads the texts of a whole answer in the client's dialect, one for each choice.
    public mutating func read(answer: ByteSlice, at place: AnswerTextPlace) throws(TextFault) {
        guard (try? JSONText.validate(answer)) != nil, let root = JSONView(answer), root.kind == .object else { throw .notAnObject }
        begin(byteCount: answer.count)
        switch place {
        case .chatChoices, .textChoices: try addChoices(root.soleChild("choices"), at: place)
        case .content: try addText(root.soleChild("content"))
        case .output: try addOutput(root.soleChild("output"))
        }
        if count == 0 { endText() }
    }

    private mutating func addChoices(_ choices: JSONView?, at place: AnswerTextPlace) throws(TextFault) {
        guard let choices else { return }
        for choice in choices.elements {
            if case .textChoices = place { try addText(choice.soleChild("text")) } else { try addText(choice.soleChild("message")?.soleChild("content")) }
        }
    }

    private mutating func addText(_ value: JSONView?) throws(TextFault) {
        var joiner = TextJoiner()
        if let value { try append(value, &joiner, depth: 0) }
        endText()
    }

    /// The messages among the items; calls and reasoning are no text.
    private mutating func addOutput(_ items: JSONView?) throws(TextFault) {
        guard let items else { return }
        var joiner = TextJoiner()
        for item in items.elements {
            guard let type = try item.soleChild("type")?.string, type == "message", let content = try item.soleChild("content") else { continue }
            try append(content, &joiner, depth: 0)
        }
        endText()
    }

    // MARK: Parts

    /// A text, a list of parts, or a part: its `text`, else what is in its `content`, as a tool's result has it.
    private mutating func append(_ value: JSONView, _ joiner: inout TextJoiner, depth: Int) throws(TextFault) {
        if let string = value.string { return write { joiner.append(string, to: &$0) } }
        guard depth < GuardrailLimits.contentDepth else { return }
        if value.kind == .array {
            for element in value.elements { try append(element, &joiner, depth: depth + 1) }
        } else if let text = try value.soleChild("text"), text.kind == .string {
            try append(text, &joiner, depth: depth + 1)
        } else if let content = try value.soleChild("content") {
            try append(content, &joiner, depth: depth + 1)
        }
    }
}

/// Puts line ends between parts.
private struct TextJoiner {
    private var isFirst = true

    mutating func append(_ part: JSONString, to writer: inout ByteWriter) {
        if !isFirst { writer.append(UInt8(ascii: "\n")) }
        isFirst = false
        part.decode(into: &writer)
    }
}

extension RequestTextPlace {
    fileprivate var isConversation: Bool {
        switch self {
        case .messages, .items: true
        case .prompt, .input, .query: false
        }
    }
}

extension JSONView {
    /// The object's member called `name`; nil where there is none.
    /// - Throws: where there are two.
    public func soleChild(_ name: StaticString) throws(TextFault) -> JSONView? {
        let wanted = ByteSlice(name)
        var found: JSONView?
        for member in members where member.name.content.count >= wanted.count && member.name == wanted {
            guard found == nil else { throw .duplicate(name) }
            found = member.value
        }
        return found
    }
}
