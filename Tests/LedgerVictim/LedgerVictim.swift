import CLinux
import Glibc
import Ledger

/// A process that reserves, is billed and settles as fast as it can, until it is killed: `LedgerVictim FILE SEED BUDGETS CAP MILLISECONDS`.
///
/// Whatever it is billed it writes to descriptor 3 first, as a provider would know it: request's identifier, budget and amount, in one write
/// each. Ends by itself after so many milliseconds, with everything settled.
@main
struct LedgerVictim {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let seed = UInt64(arguments[2]), let budgets = Int(arguments[3]), let cap = Int64(arguments[4]),
            let milliseconds = UInt64(arguments[5])
        else { exit(64) }
        _ = linux_die_with_parent()
        do {
            var victim = try LedgerVictim(path: arguments[1], seed: seed, budgets: budgets, cap: cap)
            try victim.run(until: linux_monotonic_nanoseconds() + milliseconds * 1_000_000)
        } catch {
            print(error)
            exit(1)
        }
    }

    /// A Wednesday.
    static let wallNanoseconds: UInt64 = 1_764_158_400_000_000_000

    private let ledger: BudgetLedger
    private let desk: BudgetDesk
    private let rules: [(key: LedgerKey, rule: BudgetRule)]
    private var requestCount: UInt64 = 0
    private var state: UInt64

    init(path: String, seed: UInt64, budgets: Int, cap: Int64) throws {
        ledger = try BudgetLedger(path: path)
        desk = ledger.desk()
        state = seed
        var maker = ledger.keyMaker()
        rules = try (0..<budgets).map { number in
            maker.add(Identifier(high: 0, low: UInt64(number)))
            return (maker.finish(), try BudgetRule(unit: .cost, cap: cap, period: .weekly(startingOn: .monday)))
        }
    }

    private mutating func random(below bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }

    mutating func run(until deadline: UInt64) throws {
        var open: [(reservation: BudgetReservation, actual: [Int64], request: Identifier, budgets: [UInt64])] = []
        while linux_monotonic_nanoseconds() < deadline {
            // A few at once, so that one that is killed leaves several.
            if open.count < 8, let begun = try begin() { open.append(begun) }
            guard !open.isEmpty, open.count == 8 || random(below: 3) == 0 else { continue }
            var one = open.remove(at: Int(random(below: UInt64(open.count))))
            if random(below: 8) == 0 {
                desk.release(&one.reservation)
            } else {
                for (index, budget) in one.budgets.enumerated() { bill(one.request, budget, one.actual[index]) }
                let actual = one.actual
                desk.settle(&one.reservation, actual: { actual[$0] })
            }
        }
        for var one in open { desk.release(&one.reservation) }
    }

    /// Reserves in one to three budgets; nil when they are exhausted.
    private mutating func begin() throws -> (reservation: BudgetReservation, actual: [Int64], request: Identifier, budgets: [UInt64])? {
        requestCount += 1
        let request = Identifier(high: UInt64(getpid()), low: requestCount)
        var (charges, numbers): ([BudgetCharge], [UInt64]) = ([], [])
        var actual: [Int64] = []
        for _ in 0..<Int(1 + random(below: 3)) {
            let number = random(below: UInt64(rules.count))
            let bound = Int64(1 + random(below: 1000))
            charges.append(BudgetCharge(key: rules[Int(number)].key, rule: rules[Int(number)].rule, amount: bound))
            actual.append(Int64(random(below: UInt64(bound + 1))))
            numbers.append(number)
        }
        var reservation = BudgetReservation()
        switch desk.reserve(charges.span, for: request, wallNanoseconds: LedgerVictim.wallNanoseconds, into: &reservation) {
        case .reserved: return (reservation, actual, request, numbers)
        case .awaitsGrant: _ = try ledger.grant(charges, wallNanoseconds: LedgerVictim.wallNanoseconds)
        case .refused: break
        case .tooManyOpen, .tooManyBudgets: exit(2)
        }
        if ledger.needsGrant, random(below: 4) == 0 { _ = try ledger.grant(wallNanoseconds: LedgerVictim.wallNanoseconds) }
        return nil
    }

    private func bill(_ request: Identifier, _ budget: UInt64, _ amount: Int64) {
        let record: [UInt64] = [request.high, request.low, budget, UInt64(amount)]
        let count = record.withUnsafeBytes { write(3, $0.baseAddress, $0.count) }
        if count != 32 { exit(3) }
    }
}
