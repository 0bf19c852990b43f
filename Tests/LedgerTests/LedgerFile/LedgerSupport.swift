import Bytes
import Glibc
@testable import Ledger
import Synchronization
import Testing

/// A folder of its own, gone with the value.
final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/sluice-ledger-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let base = buffer.baseAddress, mkdtemp(base) != nil else { return nil }
            return String(cString: base)
        }
        path = try #require(made)
    }

    deinit {
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// What is in it.
    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// All bytes of a file.
func contents(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &block, block.count)
        if count <= 0 { return bytes }
        bytes += block.prefix(count)
    }
}

/// Puts another file in the place of the one at `path`, which may still be mapped.
func write(_ bytes: [UInt8], to path: String) throws {
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
}

/// Numbers that follow from a seed, which is printed and can be given again as `SLUICE_SEED`.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ what: String) {
        let given = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 1...UInt64(UInt32.max))
        print("\(what): SLUICE_SEED=\(seed)")
        self.init(seed: seed)
    }

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// Whether the long form of the tests was asked for.
let isLong = getenv("SLUICE_LONG").map { String(cString: $0) == "1" } ?? false

/// Runs `body` with each number on a thread of its own and waits for them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = (0..<count).map { number in
        var handle = pthread_t()
        let context = Unmanaged.passRetained(ThreadBody { body(number) }).toOpaque()
        let code = pthread_create(&handle, nil, runThread, context)
        precondition(code == 0, "pthread_create: \(code)")
        return handle
    }
    for thread in threads { pthread_join(thread, nil) }
}

private final class ThreadBody {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

// A plain function: a closure written where the compiler infers an actor would trap on another thread.
private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

/// Nanoseconds of a day since 1970, and some seconds.
func day(_ number: Int, seconds: Int = 0) -> UInt64 { UInt64(number * 86_400 + seconds) * 1_000_000_000 }

extension BootIdentity {
    static func test(_ number: UInt64) -> BootIdentity { BootIdentity(low: number, high: 7) }
}

extension BudgetLedger {
    /// A small one.
    convenience init(
        _ folder: Folder, durability: Durability = .powerLoss, slots: Int = 256, open: Int = 1024, boot: UInt64 = 1
    ) throws(LedgerFileError) {
        try self.init(path: folder.file("budgets"), durability: durability, slotCount: slots, openCount: open, boot: .test(boot))
    }

    func key(_ name: String) -> LedgerKey {
        var maker = keyMaker()
        Array(name.utf8).withByteSlice { maker.add($0) }
        return maker.finish()
    }
}

/// One amount for each charge of a request, in their order.
typealias BudgetAmounts = InlineArray<24, Int64>

/// What a settlement did, by the charges' places.
struct Settled {
    fileprivate(set) var movements: [Int: BudgetMovement] = [:]
    /// Of which charges more was spent than was reserved: a bit each, the first lowest.
    fileprivate(set) var overshot: UInt32 = 0

    func movement(_ index: Int) -> BudgetMovement? { movements[index] }
}

extension BudgetDesk {
    @discardableResult
    func settle(_ reservation: inout BudgetReservation, actual: BudgetAmounts) -> Settled {
        var all = Settled()
        settle(&reservation, actual: { actual[$0] }, settled: { index, settlement in
            all.movements[index] = settlement.movement
            if settlement.isOvershot { all.overshot |= 1 << UInt32(index) }
        })
        return all
    }

    /// Reserves, and has granted what waits for it.
    func reserve(
        _ charges: [BudgetCharge], _ ledger: BudgetLedger, at wall: UInt64, request: UInt64 = 1, into reservation: inout BudgetReservation
    ) throws -> BudgetVerdict {
        for _ in 0..<10 {
            let verdict = reserve(charges.span, for: Identifier(high: 1, low: request), wallNanoseconds: wall, into: &reservation)
            guard verdict == .awaitsGrant else { return verdict }
            try #require(try ledger.grant(charges, wallNanoseconds: wall) == [])
        }
        return .awaitsGrant
    }

    /// Reserves one amount and settles another.
    @discardableResult
    func spend(_ amount: Int64, of bound: Int64? = nil, _ key: LedgerKey, _ rule: BudgetRule, _ ledger: BudgetLedger, at wall: UInt64) throws -> BudgetVerdict {
        var reservation = BudgetReservation()
        let verdict = try reserve([BudgetCharge(key: key, rule: rule, amount: bound ?? amount)], ledger, at: wall, into: &reservation)
        settle(&reservation, actual: BudgetAmounts(repeating: amount))
        return verdict
    }
}

extension BudgetVerdict {
    var refusal: BudgetRefusal? {
        if case .refused(let refusal) = self { return refusal }
        return nil
    }
}
