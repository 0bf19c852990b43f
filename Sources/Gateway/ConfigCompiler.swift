import Bytes
import Policy
import Reactor
import Synchronization

/// Compiles the header configs that a worker should not: long ones, and those with patterns, whose compilers may take a second.
///
/// One thread, first come first served; a worker asks by message and is answered by one.
final class ConfigCompiler: Sendable {
    struct Job: Sendable {
        let config: [UInt8]
        let catalog: Catalog
        let namesProvider: Bool
        let done: @Sendable (Result<Program, ConfigRefusal>) -> Void
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
        _ = jobs.send(Job(config: [], catalog: Catalog(providers: []), namesProvider: false) { _ in })
    }

    private static func result(of job: Job) -> Result<Program, ConfigRefusal> {
        job.config.withByteSlice { bytes in
            do throws(ConfigRefusal) {
                return .success(try PolicyCompiler.compile(header: bytes, catalog: job.catalog, requestNamesProvider: job.namesProvider))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Whether a config's compilation may hold a worker up.
    static func isCostly(_ config: ByteSlice) -> Bool {
        config.count > GatewayLimits.quickConfigByteCount || config.firstRange(of: ByteSlice("$regex")) != nil
            // However it is spelled: an escape in a name is rare enough to be looked at elsewhere.
            || config.firstRange(of: ByteSlice("\\u")) != nil
    }
}

/// One worker's header configs that are compiled elsewhere: those that came back, until their routes are built, and who waits.
struct CompilePurse {
    private struct Entry {
        var result: Result<Program, ConfigRefusal>?
        var waiting: [Token] = []
        /// From then on nobody waits any more: an answer that could not be delivered is none.
        var endsAt = Instant.distantFuture
    }

    private var entries: [[UInt8]: Entry] = [:]

    /// What a request finds.
    enum Found {
        case compiled(Result<Program, ConfigRefusal>)
        /// It will be taken up again when the compiler has answered.
        case waits
        case refused
    }

    /// The program of the routing headers `text`; `ask` is called when nobody has asked yet.
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
    mutating func take(_ result: Result<Program, ConfigRefusal>, of key: [UInt8]) -> [Token] {
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
