public import Bytes

/// What a session tells of its streams, and asks of them. A stream is known to it by a tag, which is its owner's.
public protocol HTTP2Sink: AnyObject {
    // MARK: What comes

    /// Body bytes, valid for the length of the call.
    func bodyCame(for tag: UInt64, _ bytes: ByteSlice)

    /// The message, a request or an answer, is whole.
    func messageEnded(_ tag: UInt64)

    /// The stream is no more, whoever ended it; its tag will not be heard again.
    func streamClosed(_ tag: UInt64, code: HTTP2ErrorCode)

    // MARK: What leaves

    /// Whether more frames may be handed over now.
    var takesFrames: Bool { get }

    /// A whole frame that is no DATA, valid for the length of the call.
    func take(frame: ByteSlice)

    /// The body bytes that wait to be sent, counted up to `most`.
    func waiting(for tag: UInt64, upTo most: Int) -> HTTP2Waiting

    /// A DATA frame leaves: its header, valid for the length of the call, and the next `byteCount` bytes of those that wait.
    /// - Returns: false when they wait no more; the frame is then not sent, and the stream reset.
    func take(dataHeader: ByteSlice, byteCount: Int, of tag: UInt64) -> Bool
}

/// What a server's session tells besides.
public protocol HTTP2ServerSink: HTTP2Sink {
    /// A request's head has come.
    /// - Parameter isEnded: no body follows.
    /// - Returns: the stream's tag, not zero.
    func requestBegan(on stream: Int32, _ head: consuming RequestHeadBuilder.Head, isEnded: Bool) -> UInt64
}

/// What a client's session tells besides.
public protocol HTTP2ClientSink: HTTP2Sink {
    /// What a header block of the stream is.
    func awaited(_ tag: UInt64) -> HTTP2ClientSession.Awaited

    /// The request's head has left: from here on the peer may have seen it.
    func requestLeft(_ tag: UInt64)

    /// An interim answer (RFC 9110 §15.2) has come: the request has been received.
    func interimCame(_ tag: UInt64)

    /// An answer's head has come, as HTTP/1.1 would say it.
    /// - Parameter isEnded: no body follows.
    func answerBegan(_ tag: UInt64, _ head: consuming ResponseHeadBuilder.Head, isEnded: Bool)

    /// What came of an answer is none; its stream is reset.
    func answerMalformed(_ tag: UInt64)

    /// The peer has said how many streams it takes.
    func settingsCame()

    /// The peer takes no more streams. Those it will not look at are closed next, with REFUSED_STREAM.
    func wentAway()
}

/// The body bytes of a message that wait to be sent.
public struct HTTP2Waiting {
    public enum After {
        /// More may come.
        case more
        /// The message is whole.
        case end
        /// The message was cut.
        case reset(HTTP2ErrorCode)
    }

    public var byteCount: Int
    /// What follows them, where `byteCount` is all that wait.
    public var after: After

    public init(byteCount: Int, after: After) {
        self.byteCount = byteCount
        self.after = after
    }
}

/// Why a stream or a connection ends.
/// - Source: RFC 9113 §7
public struct HTTP2ErrorCode: RawRepresentable, Equatable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let noError = HTTP2ErrorCode(rawValue: 0)
    public static let protocolError = HTTP2ErrorCode(rawValue: 1)
    public static let internalError = HTTP2ErrorCode(rawValue: 2)
    public static let flowControlError = HTTP2ErrorCode(rawValue: 3)
    public static let streamClosed = HTTP2ErrorCode(rawValue: 5)
    public static let frameSizeError = HTTP2ErrorCode(rawValue: 6)
    public static let refusedStream = HTTP2ErrorCode(rawValue: 7)
    public static let cancel = HTTP2ErrorCode(rawValue: 8)
    public static let compressionError = HTTP2ErrorCode(rawValue: 9)
    public static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 11)
}
