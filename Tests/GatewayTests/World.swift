import Books
import Bytes
import Glibc
import Ledger
import Policy
import Providers
import Reactor
import Synchronization
import TLS
import Webhooks

@testable import Gateway

/// What a test's gateway is configured with.
struct World {
    struct Provider {
        var id: String
        /// The row whose wire it speaks.
        var like = "openai"
        var host = "127.0.0.1"
        var port: UInt16
        var isTLS = false
        var caFile: String?
        var auth: AuthStyle?
        var credential: String?
        var isTrusted = true
    }

    var providers: [Provider] = []
    var virtualKeys: [(slug: String, provider: Int, credential: String)] = []
    var configs: [(name: String, text: String)] = []
    var defaultConfig: Int?
    /// Gateway keys: the holder's name, the secret, and the config it names.
    var keys: [(name: String, secret: String, config: Int?)] = []
    var trustedHosts: [String] = []
    var isLoopbackOnly = true
    var limits = WorkerLimits()
    /// What may be spent, by keys and by virtual keys.
    var books: AccountBooks?
    var keyTerms: [SpendingTerms?] = []
    var virtualKeyTerms: [SpendingTerms?] = []
    var policies: [SpendingPolicy] = []
    var alertWebhooks: [Webhook] = []
    var keyMetadata: [KeyMetadata?] = []
    var keyUses: KeyUses?
    /// Of the first key: its workspace, and what that may spend.
    var workspace: Snapshot.Workspace?
    /// What the first workspace may spend through the first virtual key's integration.
    var integrationTerms: SpendingTerms?
    var prices: PriceBook?
    var unpriced = UnpricedRule.deny
    /// What the listeners show over TLS.
    var tls: [TLSServerContext?] = []
    /// For whom the listeners are.
    var serves = ListenerRole.all

    /// Providers called `up`, `second`, `third` and so on.
    init(_ upstreams: ScriptedUpstream...) {
        let names = ["up", "second", "third", "fourth"]
        providers = zip(names, upstreams).map { Provider(id: $0, port: $1.port) }
        // Nobody waits for tests' clients to read what is left.
        limits.lingerNanoseconds = 300_000_000
        limits.drainNanoseconds = 200_000_000
    }

    func snapshot(version: UInt64 = 1) throws -> Snapshot {
        let table = ProviderTable()
        let upstreams = try providers.map { provider in
            guard let row = Array(provider.like.utf8).withByteSlice({ table.index(of: $0) }) else { throw Unexpected("no row \(provider.like)") }
            var upstream = Upstream(
                id: provider.id, like: table[row], isTLS: provider.isTLS, host: provider.host, port: provider.port, basePath: Array("/v1".utf8))
            if let auth = provider.auth { upstream.auth = auth }
            upstream.credential = provider.credential.map { Array($0.utf8) }
            upstream.caFile = provider.caFile
            upstream.isTrusted = provider.isTrusted
            return upstream
        }
        let catalog = Catalog(
            providers: providers.map { .init(id: $0.id) },
            virtualKeys: virtualKeys.map { .init(slug: $0.slug, provider: $0.provider) },
            configNames: configs.map(\.name), trustedHosts: TrustedHosts(trustedHosts))
        let keyTable = try KeyTable(
            keys.map { key in
                var declaration = KeyTable.Declaration(
                    name: key.name, digest: Array(key.secret.utf8).withByteSlice { KeyDigest(of: $0) }, configurationIndex: key.config)
                if workspace != nil { declaration.workspace = 0 }
                return declaration
            })
        var parts = Snapshot.Parts(upstreams: upstreams, catalog: catalog, keys: keyTable)
        parts.limits = limits
        parts.virtualKeys = virtualKeys.map { Snapshot.VirtualKey(slug: $0.slug, upstream: $0.provider, credential: Array($0.credential.utf8)) }
        for (index, terms) in virtualKeyTerms.enumerated() { parts.virtualKeys[index].terms = terms }
        parts.books = books
        parts.keyTerms = keyTerms
        parts.policies = policies
        parts.alertWebhooks = alertWebhooks
        parts.keyMetadata = keyMetadata
        parts.keyUses = keyUses
        parts.workspaces = workspace.map { [$0] } ?? []
        if let integrationTerms { parts.virtualKeys[0].integrationTerms[0] = integrationTerms }
        parts.prices = prices
        parts.unpriced = unpriced
        parts.configs = try configs.map { config in
            let compiled = Array(config.text.utf8).withByteSlice { PolicyCompiler(catalog: catalog, origin: .file).compile($0) }
            guard let program = compiled.program else { throw Unexpected(compiled.diagnostics.rendered(path: config.name)) }
            return program
        }
        parts.defaultConfig = defaultConfig
        parts.isLoopbackOnly = isLoopbackOnly
        parts.listeners = (tls.isEmpty ? [nil] : tls).map { tls in
            var traits = ListenerTraits(tls: tls)
            traits.serves = serves
            return traits
        }
        return Snapshot(parts, version: version)
    }

    /// As nanoseconds.
    static func milliseconds(_ count: UInt64) -> UInt64 { count * 1_000_000 }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A gateway in this process, drained and gone when the value ends.
final class TestGateway: Sendable {
    let gateway: Gateway
    let address: SocketAddress
    private let logPath: String?
    /// Threads can be waited for once.
    private let isStopped = Mutex(false)

    /// - Parameter sockets: those that listen already; else one a worker is opened.
    init(
        _ world: World, workers: Int = 1, listen: SocketAddress = .loopback(), sockets: [CInt]? = nil, accessLog: AccessLogSettings.Format? = nil,
        backOffice: BackOffice? = nil, bookkeeper: Bookkeeper? = nil
    ) throws {
        signal(SIGPIPE, SIG_IGN)
        let path = accessLog == nil ? nil : "/tmp/sluice-access-\(getpid())-\(UInt64.random(in: 0...(.max)))"
        logPath = path
        gateway = try Gateway(
            try world.snapshot(), listen: [listen], sockets: sockets.map { [$0] } ?? [], workers: workers,
            accessLog: accessLog.flatMap { format in path.map { AccessLogSettings(format: format, destination: .file($0)) } }, backOffice: backOffice,
            bookkeeper: bookkeeper)
        address = gateway.addresses[0]
    }

    deinit {
        stop()
        if let logPath { unlink(logPath) }
    }

    /// Drains, and returns when all is over.
    func stop() {
        isStopped.withLock { isStopped in
            if isStopped { return }
            isStopped = true
            gateway.drain()
            gateway.wait()
        }
    }

    /// A connected client.
    func connect(receiveByteCount: Int? = nil) throws -> Wire {
        guard let wire = Wire(to: address, receiveByteCount: receiveByteCount) else { throw Unexpected("the gateway refuses connections to \(address): \(errno)") }
        return wire
    }

    /// One request on a connection of its own.
    func ask(_ request: String) throws -> Message {
        let client = try connect()
        client.send(request)
        return client.takeAnswer()
    }

    /// Ends the gateway and returns its access lines.
    func stopAndReadLog() -> [String] {
        stop()
        guard let logPath, let file = fopen(logPath, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes.text.split(separator: "\n").map(String.init)
    }
}

/// One worker run by hand, so that a test can look into it once it is done.
final class TestWorker: @unchecked Sendable {
    // Unchecked: the worker is looked at after its thread has ended.
    let worker: Worker
    let address: SocketAddress
    let ring = AccessRing()
    private let thread: Thread

    init(_ world: World) throws {
        signal(SIGPIPE, SIG_IGN)
        let listener = ListeningSocket(try Listener(.loopback()), place: 0)
        let snapshot = try world.snapshot()
        let worker = try Worker(
            index: 0, of: 1, snapshot: snapshot, listeners: [listener],
            budget: ByteBudget(limitByteCount: snapshot.limits.memoryByteCount), accessRing: ring)
        struct Run: @unchecked Sendable { let worker: Worker }
        let run = Run(worker: worker)
        self.worker = worker
        address = listener.address
        thread = try Thread.start("test worker") { run.worker.run() }
    }

    func connect() throws -> Wire {
        guard let wire = Wire(to: address) else { throw Unexpected("the worker refuses connections") }
        return wire
    }

    /// The worker, its thread ended.
    func stopped() -> Worker {
        _ = stop()
        return worker
    }

    /// Ends the worker's thread and returns its records.
    func stop() -> [AccessRecord] {
        worker.mailbox.send(.drain(.stop))
        thread.join()
        var records: [AccessRecord] = []
        ring.drain { record, _ in records.append(record) }
        return records
    }
}
