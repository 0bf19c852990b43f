public import Bytes
import Glibc
import Guardrails
import Health
import Patterns
import Synchronization

/// A compiled config: what `Decision` walks, in flat tables.
///
/// Immutable, so every thread may read it. Its storage holds the credentials written in the config and
/// is wiped when the last reference goes.
public final class Program: @unchecked Sendable {
    // Unchecked for `storage` alone, which nothing writes between `init` and `deinit`.

    struct Node: BitwiseCopyable, Sendable {
        enum Kind: UInt8, Sendable { case target, single, fallback, loadbalance, conditional }

        let kind: Kind
        let parent: Int32
        var firstChild: Int32
        var nextSibling: Int32
        /// A leaf's row in `targets`; −1 in strategies.
        let target: Int32
        /// A fallback's row in `statusSets`; −1 when it has no list.
        let statuses: Int32
        /// Among its siblings.
        var weight = 1.0
        /// The same for the same targets, whatever stands around them.
        var identity: UInt64 = 0
        /// A load balancer's row in `balances`; −1 in others.
        var balance: Int32 = -1
        /// A conditional's rows in `conditions`.
        var conditions = RowRun.empty
        /// A conditional's child for requests of which no condition holds; −1 for none.
        var otherwise: Int32 = -1
    }

    struct Condition: BitwiseCopyable, Sendable {
        /// Its row in `queries`.
        let query: Int32
        let child: Int32
    }

    let nodes: [Node]
    let statusSets: [StatusSet]
    let balances: [Balance]
    let subjects: [Subject]
    let conditions: [Condition]
    let queries: [QueryRow]
    let operands: [Operand]
    let patterns: [Pattern]
    let hookSets: [HookSet]
    /// One counter a load balancer, shared by all workers.
    private let turns: UnsafeMutablePointer<Atomic<UInt64>>
    private let storage: UnsafeMutablePointer<UInt8>
    /// Bytes of text and credentials held.
    public let byteCount: Int

    /// In the order of the config's text.
    public let targets: [Target]
    public let overrides: [Override]
    public let pool: [PooledCredential]
    /// Lower case, with "-" where the config had "_".
    public let headerNames: [ByteRun]
    /// Whether some target leaves its provider to the request's headers.
    public let needsRequestProvider: Bool
    /// Whether some target spends a credential of the operator's, which only a caller with a gateway key may.
    public let needsGatewayKey: Bool

    init(_ parts: consuming ProgramParts) {
        precondition(!parts.targets.isEmpty && !parts.nodes.isEmpty, "a program has a target")
        nodes = parts.nodes
        statusSets = parts.statusSets
        balances = parts.balances
        subjects = parts.subjects
        conditions = parts.conditions
        queries = parts.queries
        operands = parts.operands
        patterns = parts.patterns
        hookSets = parts.hookSets
        pool = parts.pool
        turns = .allocate(capacity: max(parts.balances.count, 1))
        for index in parts.balances.indices { (turns + index).initialize(to: Atomic(0)) }
        targets = parts.targets
        overrides = parts.overrides
        headerNames = parts.headerNames
        byteCount = parts.bytes.count
        storage = .allocate(capacity: max(byteCount, 1))
        for index in 0..<parts.bytes.count { storage[index] = parts.bytes[index] }
        needsRequestProvider = parts.targets.contains { $0.isNamedByRequest }
        needsGatewayKey = parts.targets.contains { $0.spendsOperatorCredential }
    }

    deinit {
        // Plain stores before `free` are dead to the optimiser; this call is not.
        explicit_bzero(storage, byteCount)
        storage.deallocate()
        turns.deinitialize(count: balances.count)
        turns.deallocate()
    }

    /// The bytes of `run`; valid as long as the program is held.
    public func bytes(_ run: ByteRun) -> ByteSlice {
        precondition(Int(run.offset) + Int(run.count) <= byteCount, "a run belongs to the program it came from")
        return ByteSlice(UnsafePointer(storage) + Int(run.offset), count: Int(run.count))
    }

    /// Whether it is one target and no strategy.
    public var isOneTarget: Bool { nodes.count == 1 }

    /// How a config chooses among its targets, in the outermost of its strategies.
    public enum Mode: Sendable { case single, fallback, loadbalance, conditional }

    public var mode: Mode {
        switch nodes[0].kind {
        case .target, .single: .single
        case .fallback: .fallback
        case .loadbalance: .loadbalance
        case .conditional: .conditional
        }
    }

    /// How many picks load balancer `index` has made before this one.
    func nextTurn(_ index: Int32) -> UInt64 { turns[Int(index)].wrappingAdd(1, ordering: .relaxed).oldValue }

    /// A number from 0 to below 1; those of successive picks lie spread evenly, however few they are.
    func turnFraction(_ index: Int32) -> Double { EvenSpread.fraction(nextTurn(index)) }
}

/// A program's tables while they are being filled.
struct ProgramParts {
    var nodes: [Program.Node] = []
    var statusSets: [StatusSet] = []
    var balances: [Balance] = []
    var subjects: [Subject] = []
    var conditions: [Program.Condition] = []
    var queries: [QueryRow] = []
    var operands: [Operand] = []
    var patterns: [Pattern] = []
    var hookSets: [HookSet] = []
    var pool: [PooledCredential] = []
    var targets: [Target] = []
    var overrides: [Override] = []
    var headerNames: [ByteRun] = []
    var bytes: [UInt8] = []

    mutating func store(_ text: [UInt8]) -> ByteRun {
        guard !text.isEmpty else { return .empty }
        let run = ByteRun(offset: UInt32(bytes.count), count: Int32(text.count))
        bytes += text
        return run
    }

    mutating func store(_ text: String) -> ByteRun { store(Array(text.utf8)) }
}

extension Program {
    /// The program of a request that has no config and names its provider alone.
    ///
    /// - Parameter provider: an index in the catalog; nil leaves it to the request's headers.
    public static func single(provider: Int?, credential: SingleCredential, breaker: BreakerRule? = nil) -> Program {
        var parts = ProgramParts()
        let path = parts.store("config")
        let held: TargetCredential
        var isOperators = false
        switch credential {
        case .none: held = .none
        case .caller: held = .caller
        case .virtualKey(let index):
            held = .virtualKey(Int32(index))
            isOperators = true
        }
        parts.targets.append(
            Target(
                provider: provider.map(Int32.init) ?? -1, credential: held, host: nil, overrides: .empty, forwardHeaders: .empty,
                requestTimeoutMilliseconds: 0, timeouts: TargetTimeouts(), retry: .none, cache: nil, breaker: breaker, hedge: nil, pool: .empty,
                isStrict: true, options: ProviderOptions(), path: path, inputHooks: -1, outputHooks: -1,
                spendsOperatorCredential: isOperators))
        parts.nodes.append(Node(kind: .target, parent: -1, firstChild: -1, nextSibling: -1, target: 0, statuses: -1))
        return Program(parts)
    }

    /// Whose credential a single-target program uses.
    public enum SingleCredential: Sendable {
        case none, caller
        case virtualKey(Int)
    }
}
