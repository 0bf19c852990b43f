public import Books
import Bytes
import CLinux
import Glibc
public import Health
public import Ledger
public import Reactor
import Synchronization
import TLS
import Tokens

/// A listener and what is known of it. One a worker for IP; a Unix socket is shared.
final class ListeningSocket: @unchecked Sendable {
    // Unchecked: a descriptor and two constants, used by one worker.
    private let listener: Listener
    let isLoopback: Bool
    let address: SocketAddress
    /// Which of the gateway's addresses it is at. A worker may have several of one.
    let place: Int

    init(_ listener: consuming Listener, place: Int) {
        self.place = place
        address = listener.address()
        isLoopback = address.isLocal || address.isLoopback
        self.listener = listener
    }

    var descriptor: CInt { listener.descriptor }

    func accept() throws(SystemError) -> (descriptor: CInt, peer: SocketAddress)? { try listener.accept() }

    /// Another handle on the same socket, for another worker.
    func shared() throws(SystemError) -> ListeningSocket { ListeningSocket(try Listener(sharing: listener), place: place) }
}

/// The data plane: workers on their threads, from listen to drained.
public final class Gateway: Sendable {
    private let mailboxes: [Mailbox<WorkerMessage>]
    private let threads: [Thread]
    private let accessLog: AccessLog
    private let logThread: Thread
    private let bookkeeper: Bookkeeper?
    private let bookThread: Thread?
    private let tokenFetcher: TokenFetcher
    private let tokenThread: Thread
    private let notices: Notices
    private let noticeThread: Thread
    public let operations: Operations
    private let operationsThread: Thread
    private let backOffice: BackOffice?
    private let compiler: ConfigCompiler
    private let compilerThread: Thread
    /// How every target fares; reloads keep it.
    public let health = HealthTable()
    private let tlsMetrics = TLSMetrics()
    private let proxyMetrics = ProxyMetrics()
    private let upstreamMetrics = UpstreamMetrics()
    private let hasEnded = Mutex(false)
    private let drainTimes: Mutex<DrainTimes>
    /// What its workers serve by, from their next request on.
    private let serving: Mutex<Snapshot>
    /// Where it listens, ports chosen.
    public let addresses: [SocketAddress]

    /// Listens and starts; returns when connections are being accepted.
    /// - Parameters:
    ///   - sockets: of each address, those that were opened for it already. They are taken over.
    ///   - labels: what requests are counted by beyond what they always are.
    ///   - history: of the service before this process.
    ///   - bookkeeper: where requests are recorded; nil where they are not.
    ///   - backOffice: where requests of the admin API are answered; nil where their paths are providers'.
    public init(
        _ snapshot: Snapshot, listen: [SocketAddress], sockets: [[CInt]] = [], workers count: Int, accessLog settings: AccessLogSettings?,
        labels: MetricSettings = MetricSettings(), history: ServiceHistory = ServiceHistory(), backOffice: BackOffice? = nil, bookkeeper: Bookkeeper? = nil
    ) throws(StartError) {
        precondition(count > 0 && !listen.isEmpty, "a gateway has a worker and a listener")
        let budget = ByteBudget(limitByteCount: snapshot.limits.memoryByteCount)
        let rows: [[ListeningSocket]]
        (rows, addresses) = try Gateway.listen(on: listen, sockets: sockets, workers: count)
        drainTimes = Mutex(DrainTimes(snapshot.limits))
        serving = Mutex(snapshot)
        do {
            accessLog = try AccessLog(settings, workers: count, labels: labels)
        } catch {
            throw StartError("access log: \(error)")
        }
        let sharedCache = SharedCache(byteCapacity: snapshot.limits.cacheByteCount, participants: count + 1, budget: budget)
        var mailboxes: [Mailbox<WorkerMessage>] = []
        var threads: [Thread] = []
        do {
            let fetcher = try TokenFetcher()
            tokenFetcher = fetcher
            tokenThread = try Thread.start("tokens") { fetcher.run() }
            let notices = try Notices()
            self.notices = notices
            noticeThread = try Thread.start("notices") { notices.run() }
            var seeds = try IdentifierMaker()
            let admission = AdmissionControl(budget: budget, seed: seeds.random(), descriptorLimit: Descriptors.limit())
            let loads = (0..<count).map { _ in WorkerLoad() }
            let operations = try Operations(
                health: health, tls: tlsMetrics, proxies: proxyMetrics, upstreams: upstreamMetrics, notices: notices, history: history,
                sharedCache: sharedCache, admission: admission, loads: loads, requests: accessLog.metrics, bookkeeper: bookkeeper)
            self.operations = operations
            operations.keep(snapshot.books)
            operationsThread = try Thread.start("operations") { operations.run() }
            let reloads = operations.reloads
            try Thread.start("reload") { reloads.run() }.detach()
            self.backOffice = backOffice
            if let backOffice { try Thread.start("back office") { backOffice.run() }.detach() }
            let compiler = try ConfigCompiler()
            self.compiler = compiler
            compilerThread = try Thread.start("compiler") { compiler.run() }
            let tickets = try TLSTicketSecret(start: Instant.now().nanoseconds)
            var started: [StartedWorker] = []
            for index in 0..<count {
                let worker = try Worker(
                    index: index, of: count, snapshot: snapshot, listeners: rows[index], budget: budget, accessRing: accessLog.ring(worker: index),
                    tokenFetcher: fetcher, health: health, notices: notices, operations: operations,
                    backOffice: backOffice, compiler: compiler, tickets: tickets, tlsMetrics: tlsMetrics, proxyMetrics: proxyMetrics,
                    upstreamMetrics: upstreamMetrics, sharedCache: sharedCache, admission: admission, load: loads[index],
                    recorder: bookkeeper.flatMap { Recorder($0, worker: index) })
                mailboxes.append(worker.mailbox)
                started.append(StartedWorker(worker))
            }
            // Before any of them runs: the listeners may be another process's, with clients waiting.
            sharedCache?.peers.know(mailboxes)
            for (index, one) in started.enumerated() { threads.append(try Thread.start("worker \(index)") { one.worker.run() }) }
            let log = accessLog
            logThread = try Thread.start("access log") { log.run() }
            self.bookkeeper = bookkeeper
            bookThread = try bookkeeper.map { keeper in try Thread.start("books") { keeper.run() } }
        } catch {
            throw StartError("\(error)")
        }
        self.mailboxes = mailboxes
        self.threads = threads
    }

    /// A worker on its way to its own thread, which is the only one to use it.
    private struct StartedWorker: @unchecked Sendable {
        let worker: Worker
        init(_ worker: Worker) { self.worker = worker }
    }

    /// One row of listeners a worker, and the address of each group.
    ///
    /// Every socket of a group is in some row, since the kernel gives each its share of the connections; a row without one of its own shares
    /// another's, as all do of a Unix path.
    private static func listen(
        on addresses: [SocketAddress], sockets: [[CInt]], workers count: Int
    ) throws(StartError) -> (rows: [[ListeningSocket]], addresses: [SocketAddress]) {
        var rows = [[ListeningSocket]](repeating: [], count: count)
        var bound: [SocketAddress] = []
        do {
            for (index, address) in addresses.enumerated() {
                let descriptors = index < sockets.count ? sockets[index] : try ListenerGroup.open(address, count: count)
                let group = descriptors.map { ListeningSocket(Listener(adopting: $0), place: index) }
                bound.append(group[0].address)
                for place in 0..<max(count, group.count) {
                    rows[place % count].append(place < group.count ? group[place] : try group[place % group.count].shared())
                }
            }
        } catch {
            throw StartError("\(error)")
        }
        return (rows, bound)
    }

    /// Serves by `snapshot` from each worker's next request on.
    public func adopt(_ snapshot: Snapshot) {
        drainTimes.withLock { $0 = DrainTimes(snapshot.limits) }
        serving.withLock { $0 = snapshot }
        operations.keep(snapshot.books)
        for mailbox in mailboxes { mailbox.post(.adopt(snapshot)) }
    }

    /// Stops accepting and lets what is in flight finish. Asked again, the sooner end holds.
    /// - Returns: nanoseconds it may take.
    @discardableResult
    public func drain(_ reason: DrainReason = .stop) -> UInt64 {
        for mailbox in mailboxes { mailbox.post(.drain(reason)) }
        return drainTimes.withLock { $0.nanoseconds(reason) }
    }

    /// Calls back once every worker has taken a turn of its loop: none hangs.
    public func whenAllHaveTurned(_ answer: @escaping @Sendable () -> Void) {
        let roll = RollCall(count: mailboxes.count, answer)
        for mailbox in mailboxes { mailbox.post(.answer(roll)) }
    }

    /// What it prices requests by now.
    public var priceBook: PriceBook? { serving.withLock { $0 }.prices }

    /// Whether bodies are kept now of what a workspace's callers ask; of those that have none where `id` is empty.
    public func keepsBodies(ofWorkspace id: String) -> Bool { serving.withLock { $0 }.keepsBodies(ofWorkspace: id) }

    /// Whether a request of the admin API is being answered, and may never be.
    public var isAdministered: Bool { backOffice?.isBusy ?? false }

    /// Returns when every worker has drained and the log is written. May be called by several threads.
    public func wait() {
        hasEnded.withLock { hasEnded in
            // A thread can be joined once only.
            guard !hasEnded else { return }
            for thread in threads { thread.join() }
            tokenFetcher.stop()
            tokenThread.join()
            compiler.stop()
            compilerThread.join()
            // Nobody waits for a disk: its thread ends when it can.
            operations.reloads.stop()
            backOffice?.stop()
            operations.stop()
            operationsThread.join()
            notices.stop()
            noticeThread.join()
            accessLog.stop()
            logThread.join()
            bookkeeper?.stop()
            bookThread?.join()
            hasEnded = true
        }
    }
}
