public import Bytes
public import JSON

/// Texts out of requests and answers.
extension CheckedTexts {
    // MARK: Requests

    /// Reads the text of a request: `value` is the member that `place` names, nil when the body has none.
    ///
    /// What is not there is the empty text. Parts are joined by line ends; parts that are no text, pictures for instance, are left out.
    ///
    /// - Parameter suffix: what is to follow what is asked for, as text completions have it; a part more.
    public mutating func read(_ value: JSONView?, suffix: JSONView? = nil, at place: RequestTextPlace) throws(TextFault) {
        let value = try whole(value, at: place)
        if suffix == nil {
            guard let value else { return set(ByteSlice("")) }
            if let plain = value.string?.plain { return set(plain) }
        }
        begin(byteCount: (value?.bytes.count ?? 0) + (suffix?.bytes.count ?? 0))
        var joiner = TextJoiner()
        if let value { try append(value, &joiner, depth: 0) }
        if let suffix { try append(suffix, &joiner, depth: 0) }
        try endText()
    }

    /// Of messages and items the last one's content.
    private func whole(_ value: JSONView?, at place: RequestTextPlace) throws(TextFault) -> JSONView? {
        guard let value, value.kind == .array, place.isConversation else { return value }
        var last: JSONView?
        for element in value.elements { last = element }
        guard let last, last.kind == .object else { return last }
        // Items of Responses may be parts themselves, or what a tool gave. What stands alone may stay where it is.
        return try ContentPart(last).only ?? last
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
        if count == 0 { try endText() }
    }

    private mutating func addChoices(_ choices: JSONView?, at place: AnswerTextPlace) throws(TextFault) {
        guard let choices else { return }
        for choice in choices.elements {
            if case .textChoices = place { try addText(choice.soleChild("text")) } else { try addMessage(choice.soleChild("message")) }
        }
    }

    /// A message's content, or why there is none, and what it calls tools with.
    private mutating func addMessage(_ message: JSONView?) throws(TextFault) {
        var joiner = TextJoiner()
        if let message {
            if let content = try message.soleChild("content") { try append(content, &joiner, depth: 0) }
            if let refusal = try message.soleChild("refusal") { try append(refusal, &joiner, depth: 0) }
            if let calls = try message.soleChild("tool_calls") {
                for call in calls.elements { try appendArguments(of: call.soleChild("function"), &joiner) }
            }
            try appendArguments(of: message.soleChild("function_call"), &joiner)
        }
        try endText()
    }

    private mutating func appendArguments(of call: JSONView?, _ joiner: inout TextJoiner) throws(TextFault) {
        if let arguments = try call?.soleChild("arguments") { try append(arguments, &joiner, depth: 0) }
    }

    private mutating func addText(_ value: JSONView?) throws(TextFault) {
        var joiner = TextJoiner()
        if let value { try append(value, &joiner, depth: 0) }
        try endText()
    }

    /// The messages among the items, and what calls have for arguments; reasoning is no text.
    private mutating func addOutput(_ items: JSONView?) throws(TextFault) {
        guard let items else { return }
        var joiner = TextJoiner()
        for item in items.elements {
            try appendArguments(of: item, &joiner)
            guard let type = try item.soleChild("type")?.string, type == "message", let content = try item.soleChild("content") else { continue }
            try append(content, &joiner, depth: 0)
        }
        try endText()
    }

    // MARK: Parts

    /// A text, a list of parts, or a part: all of it that may be text.
    private mutating func append(_ value: JSONView, _ joiner: inout TextJoiner, depth: Int) throws(TextFault) {
        if let string = value.string { return write { joiner.append(string, to: &$0) } }
        if value.kind == .number { hasNumbers = true }
        guard value.kind == .array || value.kind == .object else { return }
        guard depth < GuardrailLimits.contentDepth else { throw .tooDeep }
        if value.kind == .array {
            for element in value.elements { try append(element, &joiner, depth: depth + 1) }
        } else {
            try append(ContentPart(value), &joiner, depth: depth + 1)
        }
    }

    private mutating func append(_ part: ContentPart, _ joiner: inout TextJoiner, depth: Int) throws(TextFault) {
        if part.isDocument {
            if let title = part.title { try append(title, &joiner, depth: depth) }
            if let context = part.context { try append(context, &joiner, depth: depth) }
        }
        if let text = part.text { try append(text, &joiner, depth: depth) }
        if let content = part.content { try append(content, &joiner, depth: depth) }
        if let output = part.output { try append(output, &joiner, depth: depth) }
        if let refusal = part.refusal { try append(refusal, &joiner, depth: depth) }
        guard part.isDocument, let source = part.source, source.kind == .object else { return }
        guard depth < GuardrailLimits.contentDepth else { throw .tooDeep }
        if let type = try source.soleChild("type")?.string, type == "text", let data = try source.soleChild("data") {
            try append(data, &joiner, depth: depth + 1)
        }
        if let content = try source.soleChild("content") { try append(content, &joiner, depth: depth + 1) }
    }
}

/// What of a message, an item or a part of content may be text, found in one pass.
private struct ContentPart {
    var text: JSONView?
    var content: JSONView?
    /// What a tool gave.
    var output: JSONView?
    var refusal: JSONView?
    // Of a document.
    var isDocument = false
    var title: JSONView?
    var context: JSONView?
    var source: JSONView?

    init(_ object: JSONView) throws(TextFault) {
        var type: JSONView?
        for (name, value) in object.members {
            try ContentPart.take(value, of: name, as: "text", into: &text)
            try ContentPart.take(value, of: name, as: "content", into: &content)
            try ContentPart.take(value, of: name, as: "output", into: &output)
            try ContentPart.take(value, of: name, as: "refusal", into: &refusal)
            try ContentPart.take(value, of: name, as: "title", into: &title)
            try ContentPart.take(value, of: name, as: "context", into: &context)
            try ContentPart.take(value, of: name, as: "source", into: &source)
            try ContentPart.take(value, of: name, as: "type", into: &type)
        }
        isDocument = type?.string.map { $0 == "document" } ?? false
    }

    /// The one of its members that there is; nil where there are more, or none.
    var only: JSONView? {
        guard !isDocument, refusal == nil else { return nil }
        if output == nil { return text == nil ? content : content == nil ? text : nil }
        return text == nil && content == nil ? output : nil
    }

    private static func take(_ value: JSONView, of name: JSONString, as wanted: StaticString, into place: inout JSONView?) throws(TextFault) {
        guard name.equalsIgnoringCase(ByteSlice(wanted)) else { return }
        guard place == nil else { throw .duplicate(wanted) }
        place = value
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
    /// The object's member called `name`, in either case: some readers do not tell them apart. Nil where there is none.
    ///
    /// - Parameter name: in lower case.
    /// - Throws: where there are two.
    public func soleChild(_ name: StaticString) throws(TextFault) -> JSONView? {
        let wanted = ByteSlice(name)
        var found: JSONView?
        for member in members where member.name.equalsIgnoringCase(wanted) {
            guard found == nil else { throw .duplicate(name) }
            found = member.value
        }
        return found
    }
}

extension JSONString {
    /// Whether the decoded string is `lowercase` when ASCII capitals are folded; `lowercase` has none.
    fileprivate func equalsIgnoringCase(_ lowercase: ByteSlice) -> Bool {
        guard hasEscapes else { return content.equalsIgnoringCase(lowercase) }
        // An escape is never shorter than what it stands for, nor more than six times as long.
        guard content.count >= lowercase.count, content.count <= 6 * lowercase.count else { return false }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: content.count) { room in
            guard let base = room.baseAddress else { return false }
            var writer = ByteWriter(base, capacity: room.count)
            decode(into: &writer)
            return writer.written.equalsIgnoringCase(lowercase)
        }
    }
}
