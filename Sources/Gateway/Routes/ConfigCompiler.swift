import Bytes
import Policy
import Reactor
import Synchronization

/// Compiles the header configs that a worker should not: long ones, and those with patterns, whose compilers may take a second.
///
/// One thread, first come first served; a worker asks by message and is answered by one.
final class ConfigCompiler: Sendable {
    struct Job: Sendable {
        let texts: HeaderTexts
        let catalog: Catalog
        let namesProvider: Bool
        let done: @Sendable (Result<CompiledHeaders, ConfigRefusal>) -> Void
    }

    private let jobs: Mailbox<Job>
    private let isStopping = Atomic(false)

    init() throws(SystemError) { jobs = try Mailbox() }

    /// - Returns: false when too many wait.
    func compile(_ job: Job) -> Bool { jobs.send(job) }

    func run() {
        while !isStopping.load(ordering: .acquiring) {
            for job in jobs.waitForAll() where !isStopping.load(ordering: .acquiring) { job.done(ConfigCompiler.result(of: job)) }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        _ = jobs.send(Job(texts: HeaderTexts(RoutingHeaders()), catalog: Catalog(providers: []), namesProvider: false) { _ in })
    }

    private static func result(of job: Job) -> Result<CompiledHeaders, ConfigRefusal> {
        do throws(ConfigRefusal) {
            return .success(try job.texts.compiled(job.catalog, namesProvider: job.namesProvider))
        } catch {
            return .failure(error)
        }
    }
}

/// One worker's header configs that are compiled elsewhere: those that came back, until their routes are built, and who waits.
struct CompilePurse {
    private struct Entry {
        var result: Result<CompiledHeaders, ConfigRefusal>?
        var waiting: [Token] = []
        /// From then on nobody waits any more: an answer that could not be delivered is none.
        var endsAt = Instant.distantFuture
    }

    private var entries: [[UInt8]: Entry] = [:]

    /// What a request finds.
    enum Found {
        case compiled(Result<CompiledHeaders, ConfigRefusal>)
        /// It will be taken up again when the compiler has answered.
        case waits
        case refused
    }

    /// What the routing headers `text` came to; `ask` is called when nobody has asked yet.
    mutating func program(of text: ByteSlice, for client: Token, now: Instant, ask: ([UInt8]) -> Bool) -> Found {
        let key = [UInt8](text)
        if let entry = entries[key], entry.endsAt <= now { entries[key] = nil }
        if let result = entries[key]?.result { return .compiled(result) }
        if entries[key] == nil {
            if entries.count >= GatewayLimits.compilingConfigs { entries = entries.filter { !$0.value.waiting.isEmpty && now < $0.value.endsAt } }
            guard entries.count < GatewayLimits.compilingConfigs, ask(key) else { return .refused }
        }
        let ends = now.adding(nanoseconds: 2 * GatewayLimits.compileNanoseconds)
        if entries[key]?.waiting.contains(client) != true { entries[key, default: Entry(endsAt: ends)].waiting.append(client) }
        return .waits
    }

    /// Keeps the compiler's answer; the clients that wait for it.
    mutating func take(_ result: Result<CompiledHeaders, ConfigRefusal>, of key: [UInt8]) -> [Token] {
        guard let waiting = entries[key]?.waiting else { return [] }
        entries[key] = Entry(result: result)
        return waiting
    }

    /// Programs hold indexes into the catalog of one snapshot; the next has another.
    mutating func removeAll() -> [Token] {
        let waiting = entries.values.flatMap(\.waiting)
        entries = [:]
        return waiting
    }
}

extension Worker {
    /// What `headers`, whose text is `text`, come to, compiled elsewhere; the request of `client` is taken up again when they have been.
    func program(of headers: RoutingHeaders, text: ByteSlice, for client: Token) -> CompilePurse.Found {
        guard let compiler else { return .refused }
        let texts = HeaderTexts(headers)
        let catalog = headers.isKeyed ? snapshot.catalog : snapshot.openCatalog
        let namesProvider = headers.namesProvider
        let version = snapshot.version
        let mailbox = mailbox
        return compiling.program(of: text, for: client, now: now) { key in
            compiler.compile(
                ConfigCompiler.Job(texts: texts, catalog: catalog, namesProvider: namesProvider) { mailbox.send(.compiled(key, version, $0)) })
        }
    }
}
