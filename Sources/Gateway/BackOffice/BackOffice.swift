public import Bytes
import Glibc
public import Reactor
import Synchronization

/// A request of the admin API, collected by a worker and answered elsewhere.
public struct BackOfficeRequest: Sendable {
    public internal(set) var method = ""
    /// As it was sent, without its query.
    public internal(set) var path: [UInt8] = []
    public internal(set) var query: [UInt8] = []
    public internal(set) var body: [UInt8] = []
    /// The field `content-type`.
    public internal(set) var contentType = ""
    /// Whether the body is packed with gzip.
    public internal(set) var isGzip = false
    /// The gateway key as presented.
    public internal(set) var credential: [UInt8] = []
    /// The name of the key that a configuration file declares, where it came with that one or with its holder's certificate, and may be used now.
    public internal(set) var declaredKey: String?
    public internal(set) var requestID = ""
    /// The client's address.
    public internal(set) var peer = ""
    /// Whether a Portkey SDK asks.
    public internal(set) var isPortkeySDK = false
    /// Whether of what it tells figures alone are kept: `x-portkey-debug: false`.
    public internal(set) var isFiguresAlone = false
    /// Whether it came by a link that opens without a key; there is no credential then.
    public internal(set) var isByLink = false
    /// Where the gateway is for this client: `https://gateway.example:8787`.
    public internal(set) var origin = ""
    /// Since 1970.
    public internal(set) var nowMilliseconds: Int64 = 0
}

/// The answer to one: whole, or the first part of a long one.
public struct BackOfficeReply: Sendable {
    public let status: Int
    public let contentType: StaticString
    public let body: [UInt8]
    /// What a 405 says of methods.
    public let allow: String?
    /// Where what follows comes from; nil where that is all.
    public let stream: BackOfficeStream?

    public init(
        status: Int, contentType: StaticString = "application/json", body: [UInt8], allow: String? = nil, stream: BackOfficeStream? = nil
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.allow = allow
        self.stream = stream
    }
}

/// What is at a path of the admin API.
public struct BackOfficePlace: Sendable {
    /// Whether it is for any caller.
    public let isForCallers: Bool
    /// Whether a signed link opens it, and nothing else.
    public let isByLink: Bool
    /// Whether a body may be packed with gzip; it is handed over as it is.
    public let takesGzip: Bool
    /// How long a body may be there.
    public let bodyByteCount: Int

    public init(
        isForCallers: Bool = false, isByLink: Bool = false, takesGzip: Bool = false, bodyByteCount: Int = GatewayLimits.adminBodyByteCount
    ) {
        self.isForCallers = isForCallers
        self.isByLink = isByLink
        self.takesGzip = takesGzip
        self.bodyByteCount = bodyByteCount
    }
}

/// Where requests of the admin API are answered: on a thread of its own, one after the other, for they wait for a disk.
///
/// What answers them is no part of this module; it is handed in, with the paths that are its own.
public final class BackOffice: Sendable {
    private enum Asked: Sendable {
        case request(BackOfficeRequest, isCallers: Bool, answer: @Sendable (BackOfficeReply) -> Void)
        case part(BackOfficeStream, answer: @Sendable (BackOfficePart) -> Void)
    }

    /// What is at a path, by method; nil where that is not the admin API's. Called by workers: it is short, and blocks on nothing.
    let place: @Sendable (_ method: ByteSlice, _ path: ByteSlice) -> BackOfficePlace?
    /// Whether a path and a query are a signed link's that opens now, in milliseconds since 1970. Called by workers, too.
    let opens: @Sendable (_ path: ByteSlice, _ query: ByteSlice, _ now: Int64) -> Bool
    private let reply: (@Sendable (BackOfficeRequest) -> BackOfficeReply)?
    private let questions: Mailbox<Asked>
    /// Requests that wait or are being answered. Counted up by workers and down by the thread; no more is told by it.
    private let waiting = Atomic(0)
    /// Those of them that are for callers, counted alike.
    private let callers = Atomic(0)
    /// Long answers that are being given, counted by workers.
    private let streams = Atomic(0)
    private let isStopping = Atomic(false)

    /// - Parameter reply: what answers; nil where there is no store, and the paths are refused.
    public init(
        place: @escaping @Sendable (_ method: ByteSlice, _ path: ByteSlice) -> BackOfficePlace?,
        opens: @escaping @Sendable (_ path: ByteSlice, _ query: ByteSlice, _ now: Int64) -> Bool = { _, _, _ in false },
        reply: (@Sendable (BackOfficeRequest) -> BackOfficeReply)?
    ) throws(SystemError) {
        self.place = place
        self.opens = opens
        self.reply = reply
        questions = try Mailbox()
    }

    var isOpen: Bool { reply != nil }

    /// Whether a request is being answered, which may wait for a disk for ever.
    public var isBusy: Bool { waitingCount > 0 }
    var waitingCount: Int { waiting.load(ordering: .relaxed) }

    /// - Parameters:
    ///   - isCallers: whether it is one that any caller may make.
    ///   - answer: called on the thread that answers.
    /// - Returns: false when too many wait.
    func ask(_ request: BackOfficeRequest, isCallers: Bool, answer: @escaping @Sendable (BackOfficeReply) -> Void) -> Bool {
        if isCallers, !BackOffice.take(callers, atMost: GatewayLimits.waitingCallerRequests) { return false }
        guard BackOffice.take(waiting, atMost: GatewayLimits.waitingAdminRequests) else {
            if isCallers { callers.wrappingSubtract(1, ordering: .relaxed) }
            return false
        }
        // There are no more than were counted.
        questions.post(.request(request, isCallers: isCallers, answer: answer))
        return true
    }

    // MARK: Long answers

    /// Whether another long answer may be given; `leaveStream` when it has ended.
    func enterStream() -> Bool { BackOffice.take(streams, atMost: GatewayLimits.adminStreams) }
    func leaveStream() { streams.wrappingSubtract(1, ordering: .relaxed) }

    /// Asks for the next part of one.
    ///
    /// - Parameter answer: called on the thread that answers.
    /// - Returns: false when too many wait.
    func ask(_ stream: BackOfficeStream, answer: @escaping @Sendable (BackOfficePart) -> Void) -> Bool {
        guard BackOffice.take(waiting, atMost: GatewayLimits.waitingAdminRequests) else { return false }
        questions.post(.part(stream, answer: answer))
        return true
    }

    private static func take(_ places: borrowing Atomic<Int>, atMost most: Int) -> Bool {
        guard places.wrappingAdd(1, ordering: .relaxed).newValue > most else { return true }
        places.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    /// The thread's body, until `stop`.
    func run() {
        guard let reply else { return }
        while !isStopping.load(ordering: .acquiring) {
            for asked in questions.waitForAll() {
                switch asked {
                case .request(let request, let isCallers, let answer):
                    answer(reply(request))
                    if isCallers { callers.wrappingSubtract(1, ordering: .relaxed) }
                case .part(let stream, let answer): answer(stream.next())
                }
                waiting.wrappingSubtract(1, ordering: .relaxed)
            }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        questions.wake()
    }
}
