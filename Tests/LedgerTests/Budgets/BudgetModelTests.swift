@testable import Ledger
import Synchronization
import Testing

/// What a ledger is to its users: for each budget the window it is in, what was spent in it, and what is reserved.
private struct Model {
    struct Budget {
        var day = 0
        var spent: Int64 = 0
        var reserved: Int64 = 0
        /// Raised by whatever makes settling in vain.
        var epoch = 0
    }

    var budgets: [Int: Budget] = [:]

    /// The budget in the window of this day, or in a later one that it has.
    func budget(_ number: Int, _ rule: BudgetRule, _ wall: UInt64) -> Budget {
        let start = rule.period.window(onDay: BudgetWindow.day(wallNanoseconds: wall)).startDay
        let budget = budgets[number] ?? Budget()
        return start > budget.day ? Budget(day: start, epoch: budget.epoch + 1) : budget
    }
}

@Suite("Budgets, against a model")
struct BudgetModelTests {
    private struct Open {
        var reservation: BudgetReservation
        let budgets: [(number: Int, epoch: Int, amount: Int64)]
    }

    private static let periods: [BudgetPeriod] = [.once, .daily, .weekly(startingOn: .monday), .weekly(startingOn: .sunday), .monthly, .everyDays(3, from: 7)]

    @Test("a ledger and a dictionary agree on every operation, with clocks that go on, stand still and go back", arguments: [
        BudgetLedger.Durability.processCrash, .powerLoss,
    ])
    func agrees(durability: BudgetLedger.Durability) throws {
        let folder = try Folder()
        let ledger = try BudgetLedger(folder, durability: durability, slots: 128, open: 1024)
        let desks = [ledger.desk(), ledger.desk()]
        var numbers = SeededNumbers("budgets, \(durability)")
        var model = Model()
        var open: [(Open, desk: Int)] = []
        let start = day(20_783)
        var wall = start
        var caps = [Int64](repeating: 1000, count: 12)
        var refusals = 0
        // Where a removed budget goes on counting epochs.
        var gone: [Int: Int] = [:]
        for step in 0..<(isLong ? 400_000 : 40_000) {
            switch numbers.below(40) {
            case 0: wall += UInt64(numbers.below(80_000)) * 1_000_000_000
            case 1: wall = max(start, wall - UInt64(numbers.below(200_000)) * 1_000_000_000)
            case 2: caps[numbers.below(12)] = Int64(numbers.below(3000))
            case 3 where numbers.below(10) == 0:
                let number = numbers.below(12)
                let rule = try rule(number, caps)
                let wasThere = try ledger.reset(ledger.key("\(number)"), rule, wallNanoseconds: wall)
                #expect(wasThere == (model.budgets[number] != nil))
                guard wasThere, var budget = model.budgets[number] else { continue }
                let day = rule.period.window(onDay: BudgetWindow.day(wallNanoseconds: wall)).startDay
                if day == budget.day { budget.spent = 0 } else { budget = Model.Budget(day: day, epoch: budget.epoch + 1) }
                model.budgets[number] = budget
            case 4 where numbers.below(20) == 0:
                let number = numbers.below(12)
                let wasThere = try ledger.remove(ledger.key("\(number)"))
                #expect(wasThere == (model.budgets[number] != nil))
                if let budget = model.budgets.removeValue(forKey: number) { gone[number] = budget.epoch + 1 }
            case 5 where durability == .powerLoss: _ = try ledger.grant(wallNanoseconds: wall)
            case 6..<22 where open.count < 60:
                let count = 1 + numbers.below(4)
                let wanted = (0..<count).map { _ in (number: numbers.below(12), amount: Int64(numbers.below(400))) }
                let desk = numbers.below(2)
                let charges = try wanted.map { BudgetCharge(key: ledger.key("\($0.number)"), rule: try rule($0.number, caps), amount: $0.amount) }
                var reservation = BudgetReservation()
                let verdict = try desks[desk].reserve(charges, ledger, at: wall, request: UInt64(step), into: &reservation)
                // Slots are given to all that were asked for, whatever becomes of it.
                for want in wanted where model.budgets[want.number] == nil && ledger.file.table.slot(of: ledger.key("\(want.number)")) != nil {
                    model.budgets[want.number] = Model.Budget(epoch: gone[want.number] ?? 0)
                }
                refusals += try check(verdict, wanted, caps, wall, &model, reservation, desk, &open) ? 0 : 1
            default:
                guard !open.isEmpty else { continue }
                var (one, desk) = open.remove(at: numbers.below(open.count))
                settle(&one, desks[desk], &numbers, &model)
            }
            if step % 100 == 0 { try compare(ledger, model, caps, wall) }
        }
        #expect(refusals > 100)
        for (one, desk) in open {
            var one = one
            settle(&one, desks[desk], &numbers, &model)
        }
        try compare(ledger, model, caps, wall)
        #expect(ledger.openCount == 0 && model.budgets.values.allSatisfy { $0.reserved == 0 })
    }

    private func rule(_ number: Int, _ caps: [Int64]) throws -> BudgetRule {
        try BudgetRule(unit: .cost, cap: caps[number], period: Self.periods[number % Self.periods.count])
    }

    /// Whether it was reserved; as the model says.
    private func check(
        _ verdict: BudgetVerdict, _ wanted: [(number: Int, amount: Int64)], _ caps: [Int64], _ wall: UInt64, _ model: inout Model,
        _ reservation: BudgetReservation, _ desk: Int, _ open: inout [(Open, desk: Int)]
    ) throws -> Bool {
        func left(_ number: Int, in model: Model) throws -> Int64 {
            let budget = model.budget(number, try rule(number, caps), wall)
            return caps[number] - budget.spent - budget.reserved
        }
        func expect(_ index: Int, in model: Model) throws {
            let refusal = try #require(verdict.refusal, "\(wanted) of \(caps): \(verdict)")
            #expect(refusal.index == index && refusal.cap == caps[wanted[index].number])
            #expect(refusal.left == max(0, try left(wanted[index].number, in: model)))
        }
        // Several are looked at first, each by itself.
        if wanted.count > 1 {
            for (index, want) in wanted.enumerated() where try max(0, left(want.number, in: model)) < want.amount {
                try expect(index, in: model)
                return false
            }
        }
        var after = model
        for (index, want) in wanted.enumerated() {
            if try left(want.number, in: after) < want.amount {
                try expect(index, in: after)
                // What was taken back from those before; that their windows have moved on was not.
                for earlier in wanted[..<index] { model.budgets[earlier.number] = model.budget(earlier.number, try rule(earlier.number, caps), wall) }
                return false
            }
            var budget = after.budget(want.number, try rule(want.number, caps), wall)
            budget.reserved += want.amount
            after.budgets[want.number] = budget
        }
        #expect(verdict == .reserved, "\(wanted) of \(caps)")
        guard verdict == .reserved else { return false }
        model = after
        open.append((Open(reservation: reservation, budgets: wanted.map { ($0.number, after.budgets[$0.number]?.epoch ?? 0, $0.amount) }), desk))
        return true
    }

    private func settle(_ one: inout Open, _ desk: BudgetDesk, _ numbers: inout SeededNumbers, _ model: inout Model) {
        var actual = BudgetAmounts(repeating: 0)
        for index in one.budgets.indices where numbers.below(4) > 0 { actual[index] = Int64(numbers.below(450)) }
        let settlement = desk.settle(&one.reservation, actual: actual)
        for (index, held) in one.budgets.enumerated() {
            guard var budget = model.budgets[held.number], budget.epoch == held.epoch else {
                #expect(settlement.movement(index) == nil)
                continue
            }
            #expect(settlement.movement(index) == BudgetMovement(spentBefore: budget.spent, spentAfter: budget.spent + actual[index]))
            budget.reserved -= held.amount
            budget.spent += actual[index]
            model.budgets[held.number] = budget
        }
    }

    private func compare(_ ledger: BudgetLedger, _ model: Model, _ caps: [Int64], _ wall: UInt64) throws {
        for number in 0..<12 {
            let rule = try rule(number, caps)
            let (budget, usage) = (model.budget(number, rule, wall), ledger.usage(of: ledger.key("\(number)"), rule, wallNanoseconds: wall))
            if usage?.spent ?? 0 != budget.spent || usage?.reserved ?? 0 != budget.reserved {
                Issue.record("budget \(number): \(String(describing: usage)), not \(budget)")
            }
        }
    }
}

@Suite("Budgets, several workers")
struct BudgetRaceTests {
    /// What the threads of one test have counted.
    private final class Counts: Sendable {
        let settled = Atomic<Int>(0)
        let refused = Atomic<Int>(0)
        let alerts = Atomic<Int>(0)
        let wall = Atomic<UInt64>(0)
        let isOver = Atomic<Bool>(false)
    }

    @Test("of a thousand that want one unit of a hundred, a hundred have one")
    func exactlyAHundred() throws {
        let folder = try Folder()
        let ledger = try BudgetLedger(folder)
        let rule = try BudgetRule(unit: .requests, cap: 100, period: .once)
        let charges = [BudgetCharge(key: ledger.key("a"), rule: rule, amount: 1)]
        try #require(try ledger.grant([BudgetCharge(key: ledger.key("a"), rule: rule, amount: 100)], wallNanoseconds: 0) == [])
        let counts = Counts()
        onThreads(8) { _ in
            let desk = ledger.desk()
            for _ in 0..<125 {
                var reservation = BudgetReservation()
                let verdict = desk.reserve(charges.span, for: Identifier(high: 0, low: 0), wallNanoseconds: 0, into: &reservation)
                if verdict == .reserved { counts.settled.add(1, ordering: .relaxed) }
                desk.settle(&reservation, actual: BudgetAmounts(repeating: 1))
            }
        }
        #expect(counts.settled.load(ordering: .relaxed) == 100)
        #expect(ledger.usage(of: ledger.key("a"), rule, wallNanoseconds: 0)?.spent == 100)
    }

    @Test("eight threads that reserve, settle, release and see windows end never pass a cap, and leave it exact", arguments: [
        BudgetLedger.Durability.processCrash, .powerLoss,
    ])
    func neverOver(durability: BudgetLedger.Durability) throws {
        let folder = try Folder()
        let ledger = try BudgetLedger(folder, durability: durability)
        let counts = Counts()
        let seed = SeededNumbers("budget races, \(durability)")
        let periods: [BudgetPeriod] = [.once, .daily, .once, .weekly(startingOn: .monday)]
        let rules = try periods.map { try BudgetRule(unit: .cost, cap: 5000, period: $0, thresholds: [2500]) }
        let keys = (0..<4).map { ledger.key("\($0)") }
        counts.wall.store(day(20_780), ordering: .relaxed)
        // What was settled of each budget that never ends: they must have exactly that.
        let spent = (0..<4).map { _ in Sum() }
        let rounds = isLong ? 40_000 : 4000
        onThreads(9) { thread in
            var numbers = seed
            for _ in 0...thread { numbers = SeededNumbers(seed: numbers.next()) }
            if thread == 8 {
                // The back office; it also moves the clock on.
                while !counts.isOver.load(ordering: .acquiring) {
                    if numbers.below(50) == 0 { counts.wall.add(day(0, seconds: 7200), ordering: .relaxed) }
                    do { _ = try ledger.grant(wallNanoseconds: counts.wall.load(ordering: .relaxed)) } catch { Issue.record("\(error)") }
                    for index in 0..<4 {
                        guard let usage = ledger.usage(of: keys[index], rules[index], wallNanoseconds: 0) else { continue }
                        if usage.spent + usage.reserved > 5000 { Issue.record("\(usage)") }
                    }
                }
                return
            }
            let desk = ledger.desk()
            var open: [(BudgetReservation, [Int], [Int64])] = []
            for _ in 0..<rounds {
                let wall = counts.wall.load(ordering: .relaxed) &- UInt64(numbers.below(2)) * day(1)
                if open.count < 5, numbers.below(3) > 0 {
                    let which = (0..<1 + numbers.below(3)).map { _ in numbers.below(4) }
                    let charges = which.map { BudgetCharge(key: keys[$0], rule: rules[$0], amount: Int64(numbers.below(300))) }
                    var reservation = BudgetReservation()
                    switch desk.reserve(charges.span, for: Identifier(high: 0, low: 0), wallNanoseconds: wall, into: &reservation) {
                    case .reserved: open.append((reservation, which, charges.map(\.amount)))
                    case .awaitsGrant:
                        do { _ = try ledger.grant(charges, wallNanoseconds: wall) } catch { Issue.record("\(error)") }
                    case .refused(let refusal):
                        if refusal.left >= charges[refusal.index].amount { Issue.record("\(refusal) though \(charges[refusal.index].amount) fits") }
                        counts.refused.add(1, ordering: .relaxed)
                    case let other: Issue.record("\(other)")
                    }
                } else if !open.isEmpty {
                    var (reservation, which, amounts) = open.remove(at: numbers.below(open.count))
                    var actual = BudgetAmounts(repeating: 0)
                    // Never above what was reserved: then no cap can be passed.
                    if numbers.below(4) > 0 { for index in which.indices { actual[index] = Int64(numbers.below(Int(amounts[index]) + 1)) / 50 } }
                    let settlement = desk.settle(&reservation, actual: actual)
                    for (index, budget) in which.enumerated() {
                        guard let movement = settlement.movement(index) else { continue }
                        spent[budget].value.add(Int(movement.spentAfter - movement.spentBefore), ordering: .relaxed)
                        if budget == 0 { counts.alerts.add(rules[0].thresholds(passedBy: movement).count, ordering: .relaxed) }
                    }
                }
            }
            for (reservation, _, _) in open {
                var reservation = reservation
                desk.release(&reservation)
            }
            if counts.settled.add(1, ordering: .acquiringAndReleasing).newValue == 8 { counts.isOver.store(true, ordering: .releasing) }
        }
        for budget in [0, 2] {
            let usage = try #require(ledger.usage(of: keys[budget], rules[budget], wallNanoseconds: 0))
            #expect(usage.spent == Int64(spent[budget].value.load(ordering: .relaxed)) && usage.reserved == 0 && usage.overshoot == 0)
            #expect(usage.spent <= 5000)
            // All that is left fits, and no more.
            let desk = ledger.desk()
            let wall = counts.wall.load(ordering: .relaxed)
            #expect(try desk.spend(5001 - usage.spent, keys[budget], rules[budget], ledger, at: wall).refusal?.left == 5000 - usage.spent)
            #expect(try desk.spend(5000 - usage.spent, keys[budget], rules[budget], ledger, at: wall) == .reserved)
        }
        let isAlerted = spent[0].value.load(ordering: .relaxed) >= 2500
        #expect(counts.alerts.load(ordering: .relaxed) == (isAlerted ? 1 : 0))
        #expect(ledger.openCount == 0)
        #expect(counts.refused.load(ordering: .relaxed) > 0)
    }

    private final class Sum: Sendable {
        let value = Atomic<Int>(0)
    }
}
