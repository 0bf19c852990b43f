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
    /// The gateway key as presented.
    public internal(set) var credential: [UInt8] = []
    /// The name of the key that a configuration file declares, where it came with that one or with its holder's certificate, and may be used now.
    public internal(set) var declaredKey: String?
    public internal(set) var requestID = ""
    /// The client's address.
    public internal(set) var peer = ""
    /// Whether a Portkey SDK asks.
    public internal(set) var isPortkeySDK = false
    /// Since 1970.
    public internal(set) var nowMilliseconds: Int64 = 0
}

/// The answer to one: always JSON.
public struct BackOfficeReply: Sendable {
    public let status: Int
    public let body: [UInt8]
    /// What a 405 says of methods.
    public let allow: String?

    public init(status: Int, body: [UInt8], allow: String? = nil) {
        self.status = status
        self.body = body
        self.allow = allow
    }
}

/// What is at a path of the admin API.
public struct BackOfficePlace: Sendable {
    /// Whether it is for any caller.
    public let isForCallers: Bool
    /// How long a body may be there.
    public let bodyByteCount: Int

    public init(isForCallers: Bool = false, bodyByteCount: Int = GatewayLimits.adminBodyByteCount) {
        self.isForCallers = isForCallers
        self.bodyByteCount = bodyByteCount
    }
}

/// Where requests of the admin API are answered: on a thread of its own, one after the other, for they wait for a disk.
///
/// What answers them is no part of this module; it is handed in, with the paths that are its own.
public final class BackOffice: Sendable {
    private struct Asked: Sendable {
        let request: BackOfficeRequest
        let isCallers: Bool
        let answer: @Sendable (BackOfficeReply) -> Void
    }

    /// What is at a path, by method; nil where that is not the admin API's. Called by workers: it is short, and blocks on nothing.
    let place: @Sendable (_ method: ByteSlice, _ path: ByteSlice) -> BackOfficePlace?
    private let reply: (@Sendable (BackOfficeRequest) -> BackOfficeReply)?
    private let questions: Mailbox<Asked>
    /// Requests that wait or are being answered. Counted up by workers and down by the thread; no more is told by it.
    private let waiting = Atomic(0)
    /// Those of them that are for callers, counted alike.
    private let callers = Atomic(0)
    private let isStopping = Atomic(false)

    /// - Parameter reply: what answers; nil where there is no store, and the paths are refused.
    public init(
        place: @escaping @Sendable (_ method: ByteSlice, _ path: ByteSlice) -> BackOfficePlace?, reply: (@Sendable (BackOfficeRequest) -> BackOfficeReply)?
    ) throws(SystemError) {
        self.place = place
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
        questions.post(Asked(request: request, isCallers: isCallers, answer: answer))
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
                asked.answer(reply(asked.request))
                if asked.isCallers { callers.wrappingSubtract(1, ordering: .relaxed) }
                waiting.wrappingSubtract(1, ordering: .relaxed)
            }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        questions.wake()
    }
}
