import Bytes
import HTTP
import JSON
import Reactor

/// What another thread may ask of a worker.
enum WorkerMessage: Sendable {
    /// Close everything and return.
    case stop
}

/// One epoll loop on one thread, with its connections, timers and scratch memory.
final class Worker {
    private enum Kind {
        static let listener: UInt8 = 1
        static let mailbox: UInt8 = 2
        static let connection: UInt8 = 3
    }

    private static var listenerToken: Token { Token(kind: Kind.listener, generation: 0, slot: 0) }

    let mailbox: Mailbox<WorkerMessage>
    let address: SocketAddress
    let counters: Counters
    let options: MockOptions
    private var poller: Poller
    private let listener: Listener
    private var connections = SlotTable<Connection>(kind: Kind.connection)
    private let acceptTimer: TimerWheel.Identifier
    private var isStopped = false

    var timers: TimerWheel
    private(set) var now: Instant
    /// Of this turn, since 1970.
    private(set) var wallSeconds: UInt64 = 0
    private var date = DateText()
    let blocks = BlockPool(budget: ByteBudget())
    var random: Random
    private var serial: UInt64

    // Scratch, used within the answering of one request or the writing of one batch of events.
    var requestHead = RequestHead()
    var bodyReader = BodyReader()
    var head = Output(capacity: 1024)
    var body = Output(capacity: 4096)
    var event = Output(capacity: 4096)
    var text = Output(capacity: 1024)
    var replyText = Output(capacity: 256)
    var texts = Output(capacity: 1024)
    var tape = JSONTape()
    var modelName = Output(capacity: 256)
    private var decodedModel = Output(capacity: 256)
    private var escapedModel = Output(capacity: 256)
    private var joint = Output(capacity: 4096)

    init(index: Int, listener: consuming Listener, counters: Counters, options: MockOptions) throws(SystemError) {
        self.counters = counters
        self.options = options
        now = .now()
        timers = TimerWheel(now: now)
        // Drawn latencies repeat from run to run; workers draw different ones.
        random = Random(seed: UInt64(index))
        serial = UInt64(index) << 48
        mailbox = try Mailbox()
        poller = try Poller()
        address = listener.address()
        self.listener = listener
        acceptTimer = timers.make(token: Worker.listenerToken.rawValue)
        try poller.watchLevel(mailbox.descriptor, .readable, token: Token(kind: Kind.mailbox, generation: 0, slot: 0).rawValue)
        try poller.watchLevel(self.listener.descriptor, .readable, token: Worker.listenerToken.rawValue)
    }

    /// A listener on the same address, for another worker.
    func anotherListener() throws(SystemError) -> Listener {
        address.isLocal ? try Listener(sharing: listener) : try Listener(address)
    }

    /// Turns until stopped.
    func run() {
        while !isStopped { turn() }
        for connection in connections.all { connection.close() }
    }

    private func turn() {
        let count = poller.wait(until: timers.nextDeadline(), now: now)
        now = .now()
        wallSeconds = wallClockNanoseconds() / 1_000_000_000
        date.update(seconds: wallSeconds)
        for index in 0..<count {
            let event = poller.event(index)
            handle(Token(rawValue: event.token), event.readiness)
        }
        while let expired = timers.popExpired(now: now) {
            let token = Token(rawValue: expired)
            if token.kind == Kind.connection { connections.object(for: token)?.timerFired() } else { watchListener(true) }
        }
    }

    private func handle(_ token: Token, _ readiness: Readiness) {
        switch token.kind {
        case Kind.connection:
            guard let connection = connections.object(for: token) else { return }
            connection.note(readiness)
            connection.proceed()
        case Kind.listener: accept()
        case Kind.mailbox: if !mailbox.receiveAll().isEmpty { isStopped = true }
        default: break
        }
    }

    private func accept() {
        for _ in 0..<ReactorLimits.acceptsPerTurn {
            do throws(SystemError) {
                guard let accepted = try listener.accept() else { return }
                add(accepted.descriptor)
            } catch {
                // Out of descriptors or memory: a pause instead of a spin (accept(2), EMFILE).
                watchListener(false)
                timers.set(acceptTimer, at: now.adding(nanoseconds: 100_000_000))
                return
            }
        }
    }

    private func watchListener(_ isWatched: Bool) {
        // Modifying a registration that is there does not fail.
        try? poller.changeLevel(listener.descriptor, isWatched ? .readable : [], token: Worker.listenerToken.rawValue)
    }

    private func add(_ descriptor: CInt) {
        let connection = connections.insert { Connection(Socket(adopting: descriptor), token: $0, worker: self) }
        counters.acceptedConnections.count()
        counters.openConnections.count()
        do throws(SystemError) {
            try poller.watch(descriptor, token: connection.token.rawValue)
        } catch {
            connection.close()
        }
    }

    func forget(_ connection: Connection) {
        counters.openConnections.count(-1)
        connections.remove(connection.token)
    }

    func nextSerial() -> UInt64 {
        serial &+= 1
        return serial
    }

    /// A model's name that stands percent-encoded in a path, as the inside of a JSON string; valid until the next call.
    func pathModel(_ name: ByteSlice) -> ByteSlice {
        decodedModel.removeAll()
        PercentText.decode(name) { decodedModel.append($0) }
        escapedModel.removeAll()
        escapedModel.append(jsonContent: decodedModel.bytes)
        return escapedModel.bytes
    }

    /// Both runs in one, valid until the next call.
    func joined(_ first: ByteSlice, _ second: ByteSlice) -> ByteSlice {
        if second.isEmpty { return first }
        joint.removeAll()
        joint.reserve(first.count + second.count)
        joint.append(first)
        joint.append(second)
        return joint.bytes
    }

    /// Puts `answer` into the head scratch.
    func writeHead(_ answer: AnswerHead) {
        head.removeAll()
        date.withBytes { answer.write(date: $0, into: &head) }
    }
}
