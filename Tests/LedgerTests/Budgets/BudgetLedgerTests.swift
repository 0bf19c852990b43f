import Bytes
@testable import Ledger
import Testing

@Suite("Budgets")
struct BudgetLedgerTests {
    /// A Thursday, at noon.
    private static let today = 20_783
    private static let now = day(today, seconds: 43_200)

    private let folder: Folder
    private let ledger: BudgetLedger
    private let desk: BudgetDesk

    init() throws {
        folder = try Folder()
        ledger = try BudgetLedger(folder)
        desk = ledger.desk()
    }

    private func rule(_ cap: Int64, _ period: BudgetPeriod = .monthly, unit: BudgetUnit = .cost) throws -> BudgetRule {
        try BudgetRule(unit: unit, cap: cap, period: period)
    }

    private func charge(_ name: String, _ amount: Int64, of rule: BudgetRule) -> BudgetCharge {
        BudgetCharge(key: ledger.key(name), rule: rule, amount: amount)
    }

    private func usage(_ name: String, _ rule: BudgetRule, at wall: UInt64 = now) -> BudgetUsage? {
        ledger.usage(of: ledger.key(name), rule, wallNanoseconds: wall)
    }

    @Test("what fits to the last unit is reserved, one more is refused, and the refusal says what is left and until when")
    func capIsExact() throws {
        let rule = try rule(100)
        var (first, second) = (BudgetReservation(), BudgetReservation())
        #expect(try desk.reserve([charge("a", 70, of: rule)], ledger, at: Self.now, into: &first) == .reserved)
        let refused = try desk.reserve([charge("a", 31, of: rule)], ledger, at: Self.now, into: &second)
        #expect(refused.refusal == BudgetRefusal(index: 0, left: 30, cap: 100, resetsAt: Int64(Self.today + 5) * 86_400))
        #expect(!second.isOpen)
        #expect(try desk.reserve([charge("a", 30, of: rule)], ledger, at: Self.now, into: &second) == .reserved)
        #expect(usage("a", rule)?.reserved == 100 && usage("a", rule)?.spent == 0)
        // Nothing may still cost nothing.
        var third = BudgetReservation()
        #expect(try desk.reserve([charge("a", 0, of: rule)], ledger, at: Self.now, into: &third) == .reserved)
        desk.release(&third)
        desk.settle(&first, actual: BudgetAmounts(repeating: 20))
        desk.release(&second)
        #expect(usage("a", rule)?.spent == 20 && usage("a", rule)?.reserved == 0)
        #expect(desk.left(of: charge("a", 0, of: rule), wallNanoseconds: Self.now) == 80)
        #expect(ledger.openCount == 0)
    }

    @Test("an amount that no budget of this cap can hold is refused without a slot, whatever it is", arguments: [101, .max] as [Int64])
    func neverFits(amount: Int64) throws {
        var reservation = BudgetReservation()
        let charges = [charge("b", amount, of: try rule(100))]
        let verdict = desk.reserve(charges.span, for: Identifier(high: 0, low: 0), wallNanoseconds: Self.now, into: &reservation)
        #expect(verdict.refusal?.left == 100)
        #expect(ledger.budgetCount == 0)
    }

    @Test("of several budgets all are charged or none, and the one without room is named")
    func allOrNothing() throws {
        let (wide, narrow) = (try rule(1000), try rule(10))
        let charges = [charge("key", 5, of: wide), charge("workspace", 5, of: wide), charge("user", 5, of: narrow)]
        var open: [BudgetReservation] = []
        for _ in 0..<2 {
            var reservation = BudgetReservation()
            #expect(try desk.reserve(charges, ledger, at: Self.now, into: &reservation) == .reserved)
            open.append(reservation)
        }
        var third = BudgetReservation()
        #expect(try desk.reserve(charges, ledger, at: Self.now, into: &third).refusal?.index == 2)
        #expect(usage("key", wide)?.reserved == 10 && usage("workspace", wide)?.reserved == 10 && usage("user", narrow)?.reserved == 10)
        #expect(desk.leastLeft(of: charges.span, .cost, wallNanoseconds: Self.now)?.index == 2)
        #expect(desk.leastLeft(of: charges.span, .tokens, wallNanoseconds: Self.now) == nil)
        for index in open.indices { desk.settle(&open[index], actual: BudgetAmounts { $0 < 3 ? Int64($0) + 1 : 0 }) }
        #expect(usage("key", wide)?.spent == 2 && usage("workspace", wide)?.spent == 4 && usage("user", narrow)?.spent == 6)
        #expect(desk.leastLeft(of: charges.span, .cost, wallNanoseconds: Self.now)?.left == 4)
    }

    @Test("twenty-four budgets are possible, one more is not; one budget twice is charged twice")
    func mostBudgets() throws {
        let rule = try rule(100)
        let most = (0..<BudgetLimits.budgetsPerRequest).map { charge("n\($0 / 2)", 1, of: rule) }
        var reservation = BudgetReservation()
        #expect(try desk.reserve(most, ledger, at: Self.now, into: &reservation) == .reserved)
        #expect(usage("n0", rule)?.reserved == 2)
        desk.release(&reservation)
        #expect(try desk.reserve(most + [charge("n99", 1, of: rule)], ledger, at: Self.now, into: &reservation) == .tooManyBudgets)
        #expect(try desk.reserve([], ledger, at: Self.now, into: &reservation) == .reserved)
        #expect(!reservation.isOpen)
    }

    @Test("a request of many budgets takes as many entries as it needs, gives them all back, and takes none where there are not enough", arguments: [1, 8, 9, 16, 17, 24])
    func manyEntries(count: Int) throws {
        let folder = try Folder()
        let ledger = try BudgetLedger(folder, durability: .processCrash, slots: 128, open: 64)
        let desk = ledger.desk()
        let rule = try rule(1000)
        let charges = (0..<count).map { BudgetCharge(key: ledger.key("m\($0)"), rule: rule, amount: Int64($0) + 1) }
        var open: [BudgetReservation] = []
        while true {
            var reservation = BudgetReservation()
            let verdict = try desk.reserve(charges, ledger, at: Self.now, into: &reservation)
            guard verdict == .reserved else {
                #expect(verdict == .tooManyOpen)
                break
            }
            open.append(reservation)
        }
        let entries = (count + 7) / 8
        #expect(open.count == 64 / entries && ledger.openCount == open.count * entries)
        for index in open.indices { desk.settle(&open[index], actual: BudgetAmounts { Int64($0) }) }
        #expect(ledger.openCount == 0)
        for index in 0..<count {
            let usage = ledger.usage(of: ledger.key("m\(index)"), rule, wallNanoseconds: Self.now)
            #expect(usage?.spent == Int64(index * open.count) && usage?.reserved == 0)
        }
    }

    @Test("what was billed beyond the reservation is added all the same, counted, and leaves nothing")
    func overshoot() throws {
        let rule = try rule(100)
        var reservation = BudgetReservation()
        #expect(try desk.reserve([charge("o", 90, of: rule)], ledger, at: Self.now, into: &reservation) == .reserved)
        let settlement = desk.settle(&reservation, actual: BudgetAmounts(repeating: 130))
        #expect(settlement.overshot == 1 && settlement.movement(0) == BudgetMovement(spentBefore: 0, spentAfter: 130))
        #expect(usage("o", rule)?.overshoot == 40)
        #expect(try desk.spend(0, ledger.key("o"), rule, ledger, at: Self.now).refusal?.left == 0)
        // Once is enough.
        #expect(desk.settle(&reservation, actual: BudgetAmounts(repeating: 130)).movement(0) == nil)
        #expect(usage("o", rule)?.spent == 130)
    }

    @Test("a window begins with nothing spent, and what was reserved in the one before is settled there", arguments: [
        BudgetPeriod.daily, .weekly(startingOn: .monday), .weekly(startingOn: .sunday), .monthly, .everyDays(3, from: 20_000),
    ])
    func windowsMoveOn(period: BudgetPeriod) throws {
        let rule = try rule(100, period)
        let end = try #require(period.window(onDay: Self.today).endDay)
        var old = BudgetReservation()
        #expect(try desk.reserve([charge("w", 100, of: rule)], ledger, at: day(end) - 1, into: &old) == .reserved)
        #expect(try desk.spend(1, ledger.key("w"), rule, ledger, at: day(end) - 1).refusal?.resetsAt == Int64(end) * 86_400)
        #expect(try desk.spend(60, ledger.key("w"), rule, ledger, at: day(end)) == .reserved)
        #expect(desk.settle(&old, actual: BudgetAmounts(repeating: 100)).movement(0) == nil)
        #expect(usage("w", rule, at: day(end))?.spent == 60)
        // Nobody has asked since.
        #expect(usage("w", rule, at: day(end + 400)) == nil)
        #expect(desk.left(of: charge("w", 0, of: rule), wallNanoseconds: day(end + 400)) == 100)
    }

    @Test("a clock that is set back neither empties a window nor begins it twice")
    func clockSetBack() throws {
        let rule = try rule(100, .daily)
        #expect(try desk.spend(80, ledger.key("c"), rule, ledger, at: Self.now) == .reserved)
        #expect(try desk.spend(21, ledger.key("c"), rule, ledger, at: day(Self.today - 3)).refusal?.left == 20)
        #expect(try desk.spend(20, ledger.key("c"), rule, ledger, at: day(Self.today - 1)) == .reserved)
        #expect(try desk.spend(1, ledger.key("c"), rule, ledger, at: Self.now).refusal?.left == 0)
        #expect(usage("c", rule)?.spent == 100)
    }

    @Test("a request that was stamped before its window ended, and granted after, is of the window that has begun")
    func stampedBefore() throws {
        let rule = try rule(100, .daily)
        let charges = [charge("s", 10, of: rule)]
        #expect(try desk.spend(100, ledger.key("s"), rule, ledger, at: day(Self.today)) == .reserved)
        for wall in [day(Self.today + 1) - 1, day(Self.today + 1)] {
            #expect(try ledger.grant(charges, wallNanoseconds: day(Self.today + 1)) == [])
            var reservation = BudgetReservation()
            #expect(desk.reserve(charges.span, for: Identifier(high: 0, low: 0), wallNanoseconds: wall, into: &reservation) == .reserved)
            desk.settle(&reservation, actual: BudgetAmounts(repeating: 10))
        }
        #expect(usage("s", rule, at: day(Self.today + 1))?.spent == 20)
    }

    @Test("a clock that was a year ahead leaves a budget in next year's window, until it is reset by hand")
    func clockAhead() throws {
        let rule = try rule(100)
        #expect(try desk.spend(50, ledger.key("y"), rule, ledger, at: Self.now) == .reserved)
        var ahead = BudgetReservation()
        #expect(try desk.reserve([charge("y", 90, of: rule)], ledger, at: day(Self.today + 365), into: &ahead) == .reserved)
        // Set right again: nothing doubles, the cap holds, and the refusal says how far away the end is.
        let refusal = try desk.spend(11, ledger.key("y"), rule, ledger, at: Self.now).refusal
        #expect(refusal?.left == 10 && refusal?.resetsAt == Int64(Self.today + 370) * 86_400)
        #expect(try ledger.reset(ledger.key("y"), rule, wallNanoseconds: Self.now))
        // What was reserved in the other window is settled in vain.
        #expect(desk.settle(&ahead, actual: BudgetAmounts(repeating: 90)).movement(0) == nil)
        #expect(try desk.spend(100, ledger.key("y"), rule, ledger, at: Self.now) == .reserved)
        #expect(try desk.spend(1, ledger.key("y"), rule, ledger, at: Self.now).refusal?.resetsAt == Int64(Self.today + 5) * 86_400)
        #expect(try desk.spend(100, ledger.key("y"), rule, ledger, at: day(Self.today + 5)) == .reserved)
    }

    @Test("a reset takes away what was spent, and keeps what is reserved", arguments: [BudgetPeriod.once, .monthly])
    func reset(period: BudgetPeriod) throws {
        let rule = try rule(100, period)
        var open = BudgetReservation()
        #expect(try desk.reserve([charge("r", 30, of: rule)], ledger, at: Self.now, into: &open) == .reserved)
        #expect(try desk.spend(70, ledger.key("r"), rule, ledger, at: Self.now) == .reserved)
        #expect(try ledger.reset(ledger.key("r"), rule, wallNanoseconds: Self.now))
        #expect(usage("r", rule)?.spent == 0 && usage("r", rule)?.reserved == 30)
        #expect(try desk.spend(71, ledger.key("r"), rule, ledger, at: Self.now).refusal?.left == 70)
        desk.settle(&open, actual: BudgetAmounts(repeating: 25))
        #expect(usage("r", rule)?.spent == 25 && usage("r", rule)?.reserved == 0)
        #expect(try ledger.reset(ledger.key("r"), rule, wallNanoseconds: Self.now) && usage("r", rule)?.spent == 0)
        #expect(try !ledger.reset(ledger.key("nobody's"), rule, wallNanoseconds: Self.now))
    }

    @Test("a budget is exhausted when it is spent, or what is left is less than what was asked for; not by reservations, and no more after a reset, a raise or a new window")
    func exhausted() throws {
        let rule = try rule(100, .daily)
        func isExhausted(_ cap: Int64 = 100, at wall: UInt64 = Self.now) -> Bool {
            ledger.usage(of: ledger.key("e"), rule, wallNanoseconds: wall)?.isExhausted(cap: cap) ?? (cap == 0)
        }
        func refused(_ amount: Int64) { desk.noteRefused(charge("e", amount, of: rule), wallNanoseconds: Self.now) }
        refused(10)
        #expect(!isExhausted(), "nobody has a budget that nobody has spent from")
        #expect(try desk.spend(90, ledger.key("e"), rule, ledger, at: Self.now) == .reserved)
        #expect(!isExhausted() && isExhausted(90))
        var open = BudgetReservation()
        #expect(try desk.reserve([charge("e", 10, of: rule)], ledger, at: Self.now, into: &open) == .reserved)
        refused(10)
        #expect(!isExhausted(), "what is reserved may come back")
        desk.settle(&open, actual: BudgetAmounts(repeating: 2))
        #expect(isExhausted() && !isExhausted(102))
        refused(9)
        refused(10)
        #expect(isExhausted() && isExhausted(100) && !isExhausted(101), "the least that was refused")
        refused(1000)
        #expect(try ledger.reset(ledger.key("e"), rule, wallNanoseconds: Self.now) && !isExhausted())
        refused(1000)
        #expect(!isExhausted(), "what never fits says nothing")
        #expect(try desk.spend(100, ledger.key("e"), rule, ledger, at: Self.now) == .reserved)
        #expect(isExhausted() && !isExhausted(at: Self.now + 86_400_000_000_000))
    }

    @Test("another cap, and a raise with its end, hold from the next reservation on")
    func capChanges() throws {
        #expect(try desk.spend(90, ledger.key("x"), try rule(100), ledger, at: Self.now) == .reserved)
        let raised = try BudgetRule(unit: .cost, cap: 100, period: .monthly, raise: .init(amount: 50, until: Int64(Self.now / 1_000_000_000) + 1))
        #expect(try desk.spend(60, ledger.key("x"), raised, ledger, at: Self.now) == .reserved)
        let refusal = try desk.spend(1, ledger.key("x"), raised, ledger, at: Self.now + 1_000_000_000).refusal
        #expect(refusal?.cap == 100 && refusal?.left == 0)
        #expect(try desk.spend(1, ledger.key("x"), try rule(50), ledger, at: Self.now).refusal?.left == 0)
        #expect(try desk.spend(50, ledger.key("x"), try rule(200), ledger, at: Self.now) == .reserved)
    }

    @Test("another period goes on with what was spent, unless its window begins later")
    func periodChanges() throws {
        #expect(try desk.spend(90, ledger.key("p"), try rule(100, .weekly(startingOn: .monday)), ledger, at: Self.now) == .reserved)
        #expect(try desk.spend(11, ledger.key("p"), try rule(100, .once), ledger, at: Self.now).refusal?.left == 10)
        #expect(try desk.spend(11, ledger.key("p"), try rule(100, .monthly), ledger, at: Self.now).refusal?.left == 10)
        #expect(try desk.spend(100, ledger.key("p"), try rule(100, .daily), ledger, at: Self.now) == .reserved)
    }

    @Test("the largest cap can be spent to its end")
    func largestCap() throws {
        let most = BudgetLimits.largestAmount
        let rule = try rule(most, .once)
        #expect(try desk.spend(most - 1, ledger.key("m"), rule, ledger, at: Self.now) == .reserved)
        #expect(try desk.spend(2, ledger.key("m"), rule, ledger, at: Self.now).refusal?.left == 1)
        #expect(try desk.spend(.max, of: 1, ledger.key("m"), rule, ledger, at: Self.now) == .reserved)
        #expect(usage("m", rule)?.spent == most)
        #expect(try desk.spend(0, ledger.key("m"), rule, ledger, at: Self.now) == .reserved)
    }

    @Test("a threshold is passed once a window, whoever settles, and again after a reset")
    func alerts() throws {
        let rule = try BudgetRule(unit: .cost, cap: 100, period: .daily, thresholds: [50, 90])
        var alerts: [Int64] = []
        func spend(_ amount: Int64, at wall: UInt64) throws {
            var reservation = BudgetReservation()
            #expect(try desk.reserve([charge("t", 60, of: rule)], ledger, at: wall, into: &reservation) == .reserved)
            let settlement = desk.settle(&reservation, actual: BudgetAmounts(repeating: amount))
            alerts += settlement.movement(0).map { rule.thresholds(passedBy: $0) } ?? []
        }
        try spend(40, at: Self.now)
        #expect(alerts == [], "what is reserved raises none")
        try spend(10, at: Self.now)
        #expect(alerts == [50])
        try #require(try ledger.reset(ledger.key("t"), rule, wallNanoseconds: Self.now))
        try spend(50, at: Self.now)
        try spend(60, at: Self.now + 86_400_000_000_000)
        #expect(alerts == [50, 50, 50])
    }

    @Test("a removed budget begins anew, and what was reserved in it is settled in vain")
    func removal() throws {
        let rule = try rule(100, .once)
        var open = BudgetReservation()
        #expect(try desk.reserve([charge("d", 60, of: rule)], ledger, at: Self.now, into: &open) == .reserved)
        #expect(try ledger.remove(ledger.key("d")))
        #expect(try !ledger.remove(ledger.key("d")))
        #expect(try desk.spend(100, ledger.key("d"), rule, ledger, at: Self.now) == .reserved)
        #expect(desk.settle(&open, actual: BudgetAmounts(repeating: 60)).movement(0) == nil)
        #expect(usage("d", rule)?.spent == 100)
    }

    @Test("when all slots are taken a new budget has none, until windows have been over for two days")
    func tableIsFull() throws {
        let rule = try rule(10, .daily)
        let capacity = BudgetLimits.probeCount
        let small = try BudgetLedger(path: folder.file("small"), slotCount: capacity, openCount: 64, boot: .test(1))
        let desk = small.desk()
        var placed: [LedgerKey] = []
        for number in 0..<capacity {
            #expect(try desk.spend(1, small.key("\(number)"), rule, small, at: Self.now) == .reserved)
            placed.append(small.key("\(number)"))
        }
        let late = BudgetCharge(key: small.key("late"), rule: rule, amount: 1)
        #expect(try small.grant([late], wallNanoseconds: Self.now) == [0])
        // One has a reservation open: it keeps its slot.
        var open = BudgetReservation()
        #expect(try desk.reserve([BudgetCharge(key: placed[7], rule: rule, amount: 1)], small, at: Self.now, into: &open) == .reserved)
        #expect(try small.retireOver(wallNanoseconds: day(Self.today + 3) - 1) == 0)
        #expect(try small.retireOver(wallNanoseconds: day(Self.today + 3)) == capacity - 1)
        #expect(try small.grant([late], wallNanoseconds: day(Self.today + 3)) == [])
        #expect(small.usage(of: placed[7], rule, wallNanoseconds: Self.now)?.spent == 1)
        desk.release(&open)
        // Those that lost theirs begin anew.
        #expect(try desk.spend(10, placed[3], rule, small, at: day(Self.today + 3)) == .reserved)
        #expect(small.budgetCount == 3)
    }

    @Test("as many reservations are open as there are entries, in all desks together, and each settled one makes room")
    func entriesEnd() throws {
        let small = try BudgetLedger(path: folder.file("few"), slotCount: 128, openCount: 128, boot: .test(1))
        let rule = try rule(1_000_000)
        let desks = [small.desk(), small.desk()]
        var open: [BudgetReservation] = []
        for number in 0..<128 {
            var reservation = BudgetReservation()
            let charge = BudgetCharge(key: small.key("k"), rule: rule, amount: 1)
            #expect(try desks[number / 64].reserve([charge], small, at: Self.now, into: &reservation) == .reserved)
            open.append(reservation)
        }
        var more = BudgetReservation()
        let charges = [BudgetCharge(key: small.key("k"), rule: rule, amount: 1)]
        for desk in desks { #expect(try desk.reserve(charges, small, at: Self.now, into: &more) == .tooManyOpen) }
        #expect(small.openCount == 128 && small.usage(of: small.key("k"), rule, wallNanoseconds: Self.now)?.reserved == 128)
        desks[1].release(&open[100])
        #expect(try desks[1].reserve(charges, small, at: Self.now, into: &more) == .reserved)
        desks[1].release(&more)
        for index in open.indices { desks[index / 64].release(&open[index]) }
        #expect(small.openCount == 0 && small.usage(of: small.key("k"), rule, wallNanoseconds: Self.now)?.reserved == 0)
    }

    @Test("blocks of entries that one desk no longer needs are another's")
    func entriesWander() throws {
        let small = try BudgetLedger(path: folder.file("wander"), slotCount: 128, openCount: 1024, boot: .test(1))
        let charges = [BudgetCharge(key: small.key("k"), rule: try rule(1_000_000), amount: 1)]
        for desk in [small.desk(), small.desk(), small.desk()] {
            var open: [BudgetReservation] = []
            // All but the spare blocks of the desks before.
            for _ in 0..<512 {
                var reservation = BudgetReservation()
                #expect(try desk.reserve(charges, small, at: Self.now, into: &reservation) == .reserved)
                open.append(reservation)
            }
            for index in open.indices.shuffled() { desk.release(&open[index]) }
        }
        #expect(small.openCount == 0)
    }

    @Test("keys differ by each part and by where a part ends, and by file")
    func keys() throws {
        func key(_ ledger: BudgetLedger, _ parts: [StaticString]) -> LedgerKey {
            var maker = ledger.keyMaker()
            for part in parts { maker.add(ByteSlice(part)) }
            let first = maker.finish()
            for part in parts { maker.add(ByteSlice(part)) }
            #expect(maker.finish() == first)
            return first
        }
        let other = try BudgetLedger(path: folder.file("other"), slotCount: 128, openCount: 64, boot: .test(1))
        let keys = [key(ledger, ["a", "bc"]), key(ledger, ["ab", "c"]), key(ledger, ["abc"]), key(ledger, ["abc", ""]), key(ledger, []), key(other, ["abc"])]
        #expect(Set(keys).count == keys.count)
        var maker = ledger.keyMaker()
        maker.add(Identifier(high: 1, low: 2))
        #expect(!keys.contains(maker.finish()))
    }
}
