import Bytes

/// Where a request says what is asked, by the member of its body.
public enum RequestTextPlace: Sendable {
    /// The last of `messages`.
    case messages
    case prompt
    /// All of `input`.
    case input
    /// `input`, of whose items the last is looked at.
    case items
    case query

    /// The member of the body.
    public var member: StaticString {
        switch self {
        case .messages: "messages"
        case .prompt: "prompt"
        case .input, .items: "input"
        case .query: "query"
        }
    }
}

/// Where an answer says what was generated.
public enum AnswerTextPlace: Sendable {
    /// `choices[].message`: `content`, `refusal`, and the arguments of calls
    case chatChoices
    /// `choices[].text`
    case textChoices
    /// `content[].text`
    case content
    /// `output[]`: the `content` of messages, and the arguments of calls
    case output
}

/// Why no text could be read.
public enum TextFault: Error, Equatable, Sendable {
    /// A member on the way is given twice, or in two cases: two readers could take two texts.
    case duplicate(StaticString)
    /// It is no JSON object.
    case notAnObject
    /// What may be a text stands in more lists and objects than are looked into.
    case tooDeep
    /// An answer has more texts than are looked at.
    case tooManyTexts

    public static func == (left: TextFault, right: TextFault) -> Bool {
        switch (left, right) {
        case (.duplicate(let one), .duplicate(let other)): ByteSlice(one) == other
        case (.notAnObject, .notAnObject), (.tooDeep, .tooDeep), (.tooManyTexts, .tooManyTexts): true
        default: false
        }
    }
}
