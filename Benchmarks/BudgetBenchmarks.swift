import Bytes
import Glibc
import Ledger

/// What a request with budgets and limits pays before it is sent and after it was answered.
var budgetBenchmarks: [Benchmark] {
    let books = SharedBooks()
    return [
        Benchmark(name: "ledger/one budget reserved and settled") { books.spend($0, in: 1) },
        Benchmark(name: "ledger/four budgets reserved and settled") { books.spend($0, in: 4) },
        Benchmark(name: "ledger/four budgets, the last exhausted") { books.refuse($0) },
        Benchmark(name: "ledger/two rates admitted") { books.admit($0, isHeld: false) },
        Benchmark(name: "ledger/two rates and concurrency admitted and finished") { books.admit($0, isHeld: true) },
        Benchmark(name: "ledger/key of a budget by two values") { books.makeKeys($0) },
    ]
}

/// A ledger and limits in files that have no name any more.
private final class SharedBooks {
    private let ledger: BudgetLedger
    private let desk: BudgetDesk
    private let limiter: RateLimiter
    private let rates: RateDesk
    private var charges: [BudgetCharge] = []
    private var exhausted: [BudgetCharge] = []
    private var limits: [RateCharge] = []
    private var wall: UInt64 = 1_764_158_400_000_000_000

    init() {
        var template = Array("/tmp/sluice-benchmark-XXXXXX".utf8CString)
        let isMade = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) } != nil }
        let folder = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard isMade, let ledger = try? BudgetLedger(path: folder + "/budgets"), let limiter = try? RateLimiter(path: folder + "/limits") else {
            preconditionFailure("there is room for two small files in /tmp")
        }
        (self.ledger, self.limiter) = (ledger, limiter)
        unlink(folder + "/budgets")
        unlink(folder + "/limits")
        rmdir(folder)
        desk = ledger.desk()
        rates = limiter.desk()
        prepare()
    }

    private func prepare() {
        var (keys, limitKeys) = (ledger.keyMaker(), limiter.keyMaker())
        for number in 0..<5 as Range<UInt64> {
            keys.add(Identifier(high: 0, low: number))
            limitKeys.add(Identifier(high: 0, low: number))
            guard let rule = try? BudgetRule(unit: .cost, cap: number < 4 ? BudgetLimits.largestAmount : 0, period: .monthly) else { return }
            charges.append(BudgetCharge(key: keys.finish(), rule: rule, amount: 1000))
            let limit = number < 2 ? RateLimit.rate(RateLimits.largestCount, per: .minute) : .concurrency(100)
            if number < 3 { limits.append(RateCharge(key: limitKeys.finish(), limit: limit)) }
        }
        exhausted = Array(charges[1...])
        charges.removeLast()
        _ = try? ledger.grant(charges + exhausted, wallNanoseconds: wall)
        _ = try? limiter.prepare(limits)
    }

    func spend(_ count: Int, in budgets: Int) -> UInt64 {
        let charges = Array(charges.prefix(budgets))
        let span = charges.span
        var reservation = BudgetReservation()
        var sum: UInt64 = 0
        for iteration in 0..<count {
            guard desk.reserve(span, for: Identifier(high: 1, low: UInt64(iteration)), wallNanoseconds: wall, into: &reservation) == .reserved else { return 0 }
            desk.settle(&reservation, actual: { _ in 3 }, settled: { index, settlement in
                if index == 0 { sum &+= UInt64(settlement.movement?.spentAfter ?? 0) }
            })
        }
        if ledger.needsGrant { _ = try? ledger.grant(wallNanoseconds: wall) }
        return sum
    }

    func refuse(_ count: Int) -> UInt64 {
        let exhausted = exhausted
        var reservation = BudgetReservation()
        var sum: UInt64 = 0
        for iteration in 0..<count {
            guard case .refused(let refusal) = desk.reserve(
                exhausted.span, for: Identifier(high: 1, low: UInt64(iteration)), wallNanoseconds: wall, into: &reservation)
            else { return 0 }
            sum &+= UInt64(refusal.index) + 1
        }
        return sum
    }

    func admit(_ count: Int, isHeld: Bool) -> UInt64 {
        let limits = Array(limits.prefix(isHeld ? 3 : 2))
        let span = limits.span
        var admission = RateAdmission()
        for iteration in 0..<count {
            guard rates.admit(span, for: Identifier(high: 1, low: UInt64(iteration)), nowNanoseconds: wall, into: &admission) == .admitted else { return 0 }
            rates.finish(&admission)
            wall &+= 1000
        }
        return wall
    }

    func makeKeys(_ count: Int) -> UInt64 {
        var keys = ledger.keyMaker()
        var sum = 0
        for iteration in 0..<count {
            keys.add(Identifier(high: 1, low: UInt64(iteration)))
            keys.add(ByteSlice("somebody@example.org"))
            keys.add(ByteSlice("production"))
            sum &+= keys.finish().hashValue & 0xFF
        }
        return UInt64(sum) + 1
    }
}
