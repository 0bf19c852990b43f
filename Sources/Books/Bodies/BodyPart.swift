/// What of an exchange its worker hands over, to be kept beside its record: bytes as they were received or sent.
public enum BodyPart: UInt8, BitwiseCopyable, Sendable {
    /// The client's request: its head, and its body without framing.
    case request = 1
    /// What was written to the provider. Of several attempts the last counts: the first bytes of each begin anew.
    case sent
    /// What was written to the client: head and body, framed as they were.
    case answer
    /// Nothing more comes; its bytes are the flags and what its stream would be put together as.
    case end
}

/// What a stream is put together as: the endpoint that answers, which a stored prompt's request does not name.
public enum BodyForm: UInt8, BitwiseCopyable, Sendable {
    case none, chat, messages, completions, responses
}

/// What a worker says of an exchange at its end.
public struct BodyFlags: OptionSet, BitwiseCopyable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Some of it found no room.
    public static let incomplete = BodyFlags(rawValue: 1)
    /// The request's body went through unread, and is not kept.
    public static let passedOn = BodyFlags(rawValue: 2)
    /// Its parts were longer than is kept.
    public static let requestCut = BodyFlags(rawValue: 4)
    public static let sentCut = BodyFlags(rawValue: 8)
    public static let answerCut = BodyFlags(rawValue: 16)
    /// The answer was a stream, and is kept as what its events come to.
    public static let assembled = BodyFlags(rawValue: 32)
    /// None of it is to be kept after all.
    public static let discarded = BodyFlags(rawValue: 64)
}
