import Bytes
import CLinux
import Cache
import Guardrails
import HTTP
import Health
import JSON
import Ledger
import Policy
import Prompts
import Providers
import Reactor
import Synchronization
import TLS
import Tokens

/// One epoll loop on one thread, with everything it needs: listeners, connections, pools,
/// timers, buffers. Workers share nothing but the snapshot and named atomics.
///
/// A turn: sleep until something is ready, read the clock, handle events, fire timers, take up
/// what was put off, begin dials. Nothing in a turn blocks.
final class Worker {
    enum Kind {
        static let listener: UInt8 = 1
        static let mailbox: UInt8 = 2
        static let client: UInt8 = 3
        static let upstream: UInt8 = 4
        static let dial: UInt8 = 5
        static let resolver: UInt8 = 6
        static let stream: UInt8 = 7
        static let tickets: UInt8 = 8
        static let absent: UInt8 = 9
        static let call: UInt8 = 10
    }

    let index: Int
    let workerCount: Int
    let mailbox: Mailbox<WorkerMessage>
    private(set) var snapshot: Snapshot
    var limits: WorkerLimits { snapshot.limits }

    var poller: Poller
    var listeners: [ListeningSocket]
    /// Fires when listeners that ran out of descriptors are watched again.
    let acceptTimer: TimerWheel.Identifier
    var isAcceptPaused = false
    var acceptedCount: UInt64 = 0
    var acceptPauseCount: UInt64 = 0
    var timers: TimerWheel
    private(set) var now: Instant
    /// The wall clock as of `wallReadAt`, a turn's `now`.
    private var wall: UInt64 = 0
    private var wallReadAt = Instant(nanoseconds: 0)

    let blocks: BlockPool
    /// Where runs are gathered into one TLS record.
    let recordScratch = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.tlsRecordByteCount)
    var runs = RunList()
    /// Where events that pass are read to, one read after the other.
    var eventBlock: Block?
    let http2 = HTTP2Workspace()
    /// Bytes moved in the current turn of one exchange; see `GatewayLimits.bytesPerTurn`.
    var turnByteCount = 0

    /// The whole process's.
    let admission: AdmissionControl
    let load: WorkerLoad
    var lag = TurnLag()
    /// Requests this worker has let in and not yet done with.
    var inFlight = 0
    /// When the last turn left some that were ready, in how many more all there are have theirs; else 0.
    private var turnsLeft = 0

    var clients = SlotTable<ClientConnection>(kind: Kind.client)
    private var upstreams = SlotTable<UpstreamConnection>(kind: Kind.upstream)
    var absents = SlotTable<AbsentClient>(kind: Kind.absent)
    private var dials = SlotTable<Dial>(kind: Kind.dial)
    private var pendingDials: ContiguousArray<Dial> = []
    /// What is taken up again at the end of this turn, and the turn's own list while it does so.
    private var ready: ContiguousArray<Token> = []
    private var takingUp: ContiguousArray<Token> = []
    private var idleExchanges: ContiguousArray<Exchange> = []
    var accounts = WorkerAccounts()

    // Scratch of the steps, used within one turn of one exchange.
    var scan = ObjectScan(names: ["model", "stream", "stream_options", "user", "metadata"])
    /// Whose body `scan` holds.
    var scanOwner: ObjectIdentifier?
    var nestedScan = ObjectScan(names: ["include_usage"])
    var metadataScan = ObjectScan(names: ["_user", "user_id"])
    var splice = Splice(limit: GatewayLimits.splices)
    var answerHead: ResponseHead
    /// Where an answer's head is written before it is put in front of its body.
    let headScratch = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.answerHeadByteCount)
    let pathScratch = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.translatedPathByteCount)
    var translator = Translator()
    var prompts = PromptRenderer()
    let routingScratch = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.routingTextByteCount)

    var tokens = TokenPurse()
    let tokenFetcher: TokenFetcher?
    var compiling = CompilePurse()
    let compiler: ConfigCompiler?
    /// The whole process's.
    let health: HealthTable
    let tlsMetrics: TLSMetrics
    let proxyMetrics: ProxyMetrics
    let upstreamMetrics: UpstreamMetrics
    let acceptor: TLSAcceptor
    let ticketTimer: TimerWheel.Identifier
    var handshakesLeft = 0
    let notices: Notices?
    let operations: Operations?
    let backOffice: BackOffice?
    /// For jitter and picks; nothing secret.
    var random: SplitMix64
    let workbench = Workbench()
    /// Where a stream's beginning is put together to be looked at.
    let openingScratch = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.openingByteCount)
    var routes: RouteTable
    /// The route of requests whose headers say nothing.
    var standingRoute: Route?
    var pools: [Origin: UpstreamPool] = [:]
    var poolFigures = PoolFigures()
    var tlsContexts: [AuthoritiesKey: TLSContext] = [:]
    var identifiers: IdentifierMaker
    private let resolver: Resolver
    private var resolverTimer: TimerWheel.Identifier

    /// The whole process's; nil where answers are not kept.
    let sharedCache: SharedCache?
    let participant: CacheParticipant?
    var cacheKeys: CacheKeyMaker?
    /// Who on this worker waits for which flight.
    var followers: [ObjectIdentifier: Set<UInt64>] = [:]
    /// Who leads which flight in place of a client that has left.
    var orphans: [ObjectIdentifier: UInt64] = [:]
    var stalled: [ObjectIdentifier: UInt64] = [:]
    var nextSweep = Instant(nanoseconds: 0)

    let accessRing: AccessRing
    let recorder: Recorder?
    private var draining = Draining()
    var isDraining: Bool { draining.hasBegun }
    /// Whether connections between two requests are to end.
    var closesIdle: Bool { draining.closesIdle }

    init(
        index: Int, of workerCount: Int, snapshot: Snapshot, listeners: [ListeningSocket], budget: ByteBudget, accessRing: AccessRing,
        tokenFetcher: TokenFetcher? = nil, health: HealthTable = HealthTable(), notices: Notices? = nil,
        operations: Operations? = nil, backOffice: BackOffice? = nil, compiler: ConfigCompiler? = nil, tickets: TLSTicketSecret? = nil,
        tlsMetrics: TLSMetrics = TLSMetrics(), proxyMetrics: ProxyMetrics = ProxyMetrics(),
        upstreamMetrics: UpstreamMetrics = UpstreamMetrics(), sharedCache: SharedCache? = nil,
        admission: AdmissionControl? = nil, load: WorkerLoad = WorkerLoad(), recorder: Recorder? = nil
    ) throws(StartError) {
        self.index = index
        self.admission = admission ?? AdmissionControl(budget: budget, seed: 0)
        self.load = load
        self.workerCount = workerCount
        self.snapshot = snapshot
        self.listeners = listeners
        (self.accessRing, self.recorder) = (accessRing, recorder)
        self.tokenFetcher = tokenFetcher
        self.health = health
        self.notices = notices
        self.operations = operations
        self.backOffice = backOffice
        self.compiler = compiler
        self.tlsMetrics = tlsMetrics
        self.proxyMetrics = proxyMetrics
        self.upstreamMetrics = upstreamMetrics
        self.sharedCache = sharedCache
        participant = sharedCache?.answers.join()
        cacheKeys = sharedCache.map { CacheKeyMaker($0.seed) }
        now = .now()
        timers = TimerWheel(now: now)
        blocks = BlockPool(budget: budget, sharers: workerCount)
        answerHead = ResponseHead(limits: snapshot.limits.answerHead)
        acceptTimer = timers.make(token: Token(kind: Kind.listener, generation: 0, slot: 0).rawValue)
        resolverTimer = timers.make(token: Token(kind: Kind.resolver, generation: 0, slot: 0).rawValue)
        ticketTimer = timers.make(token: Token(kind: Kind.tickets, generation: 0, slot: 0).rawValue)
        do {
            acceptor = TLSAcceptor(try tickets ?? TLSTicketSecret(start: now.nanoseconds))
            mailbox = try Mailbox()
            poller = try Poller()
            identifiers = try IdentifierMaker()
            random = SplitMix64(seed: identifiers.random())
            resolver = try Resolver()
            routes = RouteTable(seed: identifiers.random())
            try poller.watchLevel(mailbox.descriptor, .readable, token: Token(kind: Kind.mailbox, generation: 0, slot: 0).rawValue)
            try poller.watchLevel(resolver.descriptor, .readable, token: Token(kind: Kind.resolver, generation: 0, slot: 0).rawValue)
            try watchListeners()
        } catch {
            throw StartError("worker \(index): \(error)")
        }
        rotateTickets()
    }

    deinit {
        recordScratch.deallocate()
        headScratch.deallocate()
        routingScratch.deallocate()
        pathScratch.deallocate()
        openingScratch.deallocate()
    }

    // MARK: The loop

    /// Turns until drained.
    func run() {
        while !isFinished { turn() }
        // Everything of a worker refers to it; letting go of everything lets it go, too.
        for client in clients.all { client.abort() }
        for absent in absents.all { absent.close() }
        for dial in dials.all { dial.abandon() }
        for upstream in upstreams.all {
            upstream.close()
            forget(upstream)
        }
        idleExchanges = []
        standingRoute = nil
        routes = RouteTable(seed: 0)
        pools = [:]
    }

    private var isFinished: Bool {
        isDraining && (clients.count == 0 && !fetchesForOthers || now >= draining.deadline)
    }

    private func turn() {
        let end = sleepEnd()
        let done = Instant.now()
        let busy = done.nanoseconds(since: now)
        tell(busy: busy)
        let count = sleep(until: end)
        now = .now()
        lag.begin(busy: busy, waited: now.nanoseconds(since: done), turnsLeft: turnsLeft, now: now, target: limits.lagNanoseconds)
        turnsLeft = count == poller.capacity ? (clients.count + upstreams.count) / poller.capacity : 0
        handshakesLeft = GatewayLimits.handshakesPerTurn
        for index in 0..<count {
            let event = poller.event(index)
            handle(Token(rawValue: event.token), event.readiness)
        }
        while let token = timers.popExpired(now: now) { fire(Token(rawValue: token)) }
        if !ready.isEmpty { takeUpReady() }
        if !pendingDials.isEmpty { beginDials() }
        if draining.idleTimeEnds(now) { for client in clients.all { client.proceed() } }
        if http2.hasWriters { http2.writeFrames() }
    }

    /// Tells operators what there is to do, when all of a turn is done.
    private func tell(busy: UInt64) {
        load[.accepted] = acceptedCount
        load[.acceptPauses] = acceptPauseCount
        load[.connections] = UInt64(clients.count)
        load[.streams] = UInt64(http2.streamCount)
        load[.requests] = UInt64(inFlight)
        load[.turns] &+= 1
        load[.busyNanoseconds] &+= busy
        load[.lagNanoseconds] = lag.nanoseconds
        poolFigures.tell(load)
    }

    /// Until when there is nothing to do by itself; nil for ever.
    private func sleepEnd() -> Instant? {
        if !ready.isEmpty || !pendingDials.isEmpty { return now }
        let next = timers.nextDeadline()
        return isDraining ? min(next ?? .distantFuture, now.adding(nanoseconds: 100_000_000)) : next
    }

    private func handle(_ token: Token, _ readiness: Readiness) {
        turnByteCount = 0
        switch token.kind {
        case Kind.client:
            guard let client = clients.object(for: token) else { return }
            client.note(readiness)
            client.proceed()
        case Kind.stream: http2.stream(token)?.proceed()
        case Kind.call: http2.call(token)?.proceed()
        case Kind.absent: absents.object(for: token)?.proceed()
        case Kind.upstream:
            guard let upstream = upstreams.object(for: token) else { return }
            upstream.note(readiness)
            upstream.proceed()
        case Kind.listener: accept(Int(token.slot))
        case Kind.mailbox: for message in mailbox.receiveAll() { receive(message) }
        case Kind.resolver: serveResolver()
        default: break
        }
    }

    private func fire(_ token: Token) {
        turnByteCount = 0
        switch token.kind {
        case Kind.client:
            if let client = clients.object(for: token), client.timerFired(now: now) { client.deadlinePassed() }
        case Kind.stream:
            if let stream = http2.stream(token), stream.timerFired(now: now) { stream.deadlinePassed() }
        case Kind.call:
            if let call = http2.call(token), call.timerFired(now: now) { call.deadlinePassed() }
        case Kind.upstream:
            if let upstream = upstreams.object(for: token), upstream.timerFired(now: now) { upstream.deadlinePassed() }
        case Kind.absent:
            if let absent = absents.object(for: token), absent.timerFired(now: now) { absent.deadlinePassed() }
        case Kind.dial: dials.object(for: token)?.timerFired()
        case Kind.resolver: serveResolver()
        case Kind.listener: resumeAccepting()
        case Kind.tickets: rotateTickets()
        default: break
        }
    }

    /// Takes `token` up again next turn: its exchange has used its share of this one.
    func resume(_ token: Token) { ready.append(token) }

    private func takeUpReady() {
        swap(&ready, &takingUp)
        for token in takingUp { handle(token, []) }
        takingUp.removeAll(keepingCapacity: true)
    }

    // MARK: Messages

    func receive(_ message: WorkerMessage) {
        switch message {
        case .adopt(let newer):
            snapshot = newer
            for client in compiling.removeAll() { resume(client) }
            routes = RouteTable(seed: identifiers.random())
            standingRoute = nil
            forgetAuthorities()
        case .compiled(let text, let version, let result):
            // Under another snapshot it was asked for anew.
            guard version == snapshot.version else { return }
            for client in compiling.take(result, of: text) { resume(client) }
        case .operatorAnswer(let client, let number, let answer): self.client(client)?.exchange?.operationsAnswered(number, answer)
        case .longAnswer(let client, let number, let part): self.client(client)?.exchange?.partCame(number, part)
        case .granted(let client, let number, let fault): self.client(client)?.exchange?.grantCame(number, fault)
        case .flight(let flight): wakeFollowers(of: flight)
        case .flightJoined(let flight): if let leader = forgetStalled(flight) { resume(leader) }
        case .flightLeft(let flight): if !flight.isFollowed { absent(for: flight)?.close() }
        case .drain(let reason): drain(reason)
        case .answer(let roll): roll.isHere()
        case .token(let source, let outcome):
            for client in tokens.take(outcome, of: source, now: now) { resume(client) }
        }
    }

    private func drain(_ reason: DrainReason) {
        draining.begin(reason, now, limits)
        // Closing does not end the watch on a socket that another process has, too (epoll(7)).
        for listener in listeners { poller.unwatch(listener.descriptor) }
        // Closed, not only ignored: a connection must not wait in the kernel for a worker that is leaving.
        listeners = []
        // Connections between requests have nothing in flight.
        for client in clients.all { client.proceed() }
        for pool in pools.values { pool.closeIdle() }
    }

    // MARK: Clients

    func forget(_ client: ClientConnection) {
        clients.remove(client.token)
        admission.clientLeft()
    }

    /// Whoever `token` is of: a connection, or a stream of one.
    private func client(_ token: Token) -> Client? {
        if token.kind == Kind.stream { return http2.stream(token) }
        if token.kind == Kind.absent { return absents.object(for: token) }
        return clients.object(for: token)
    }

    func leaseExchange() -> Exchange { idleExchanges.popLast() ?? Exchange(worker: self) }

    func recycle(_ exchange: Exchange) {
        if idleExchanges.count < GatewayLimits.idleExchanges { idleExchanges.append(exchange) }
    }

    // MARK: Upstreams

    func startDial(for pool: UpstreamPool) {
        pendingDials.append(dials.insert { Dial(token: $0, pool: pool, worker: self) })
    }

    /// Dials begin at the end of a turn: one that fails at once must not answer before its asker waits.
    private func beginDials() {
        let beginning = pendingDials
        pendingDials = []
        for dial in beginning { resolve(dial) }
    }

    private func resolve(_ dial: Dial) {
        let host = Array(dial.pool.origin.host.utf8)
        let resolution = host.withByteSlice { resolver.resolve($0, token: dial.token.rawValue, now: now) }
        give(resolution, to: dial)
        serveResolver()
    }

    private func give(_ resolution: Resolution, to dial: Dial) {
        switch resolution {
        case .addresses(let found): dial.begin(found.addresses)
        case .failed(let error): dial.unresolvable("\(dial.pool.origin.host): \(error)")
        case .pending: break
        }
    }

    /// Lets the resolver read its sockets and keep its deadlines, and hands out what it found.
    private func serveResolver() {
        resolver.process(now: now)
        while let completion = resolver.nextCompletion() {
            if let dial = dials.object(for: Token(rawValue: completion.token)) { give(completion.resolution, to: dial) }
        }
        if let deadline = resolver.nextDeadline(now: now) {
            timers.set(resolverTimer, at: deadline)
        } else {
            timers.cancel(resolverTimer)
        }
    }

    func openUpstream(to address: SocketAddress, dial: Dial) throws(SystemError) -> UpstreamConnection {
        let descriptor = try Socket.connecting(to: address)
        let upstream = upstreams.insert { UpstreamConnection(Socket(adopting: descriptor), dial: dial, token: $0, pool: dial.pool) }
        do throws(SystemError) {
            try poller.watch(descriptor, token: upstream.token.rawValue)
        } catch {
            upstream.close()
            upstreams.remove(upstream.token)
            throw error
        }
        return upstream
    }

    func forget(_ upstream: UpstreamConnection) { upstreams.remove(upstream.token) }
    func forget(_ dial: Dial) { dials.remove(dial.token) }

    // MARK: For the steps

    /// Nanoseconds since 1970, read once a turn like the other clock, and only in turns that ask.
    func wallNanoseconds() -> UInt64 {
        if wallReadAt != now {
            wall = wallClockNanoseconds()
            wallReadAt = now
        }
        return wall
    }

    func nextIdentifier(wallNanoseconds: UInt64) -> Identifier { identifiers.next(wallNanoseconds: wallNanoseconds) }
}
