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
    /// `choices[].message.content`
    case chatChoices
    /// `choices[].text`
    case textChoices
    /// `content[].text`
    case content
    /// `output[].content[].text`
    case output
}

/// Why no text could be read.
public enum TextFault: Error, Equatable, Sendable {
    /// A member on the way is given twice: two readers could take two texts.
    case duplicate(StaticString)
    /// It is no JSON object.
    case notAnObject

    public static func == (left: TextFault, right: TextFault) -> Bool {
        switch (left, right) {
        case (.duplicate(let one), .duplicate(let other)): ByteSlice(one) == other
        case (.notAnObject, .notAnObject): true
        default: false
        }
    }
}
