import Bytes
@testable import Ledger
import Testing

@Suite("Budget periods")
struct BudgetPeriodTests {
    /// 2026-11-26, a Thursday.
    private static let thursday = 20_783

    @Test("a window begins and ends on the days that its period says", arguments: [
        (BudgetPeriod.daily, thursday, thursday + 1),
        (.weekly(startingOn: .monday), thursday - 3, thursday + 4),
        (.weekly(startingOn: .sunday), thursday - 4, thursday + 3),
        (.monthly, thursday - 25, thursday + 5),
        (.everyDays(10, from: Int32(thursday)), thursday, thursday + 10),
        (.everyDays(10, from: Int32(thursday) - 9), thursday - 9, thursday + 1),
        (.everyDays(10, from: Int32(thursday) - 10), thursday, thursday + 10),
        (.everyDays(7, from: Int32(thursday) + 1), thursday - 6, thursday + 1),
        (.everyDays(1, from: 0), thursday, thursday + 1),
    ])
    func windows(period: BudgetPeriod, start: Int, end: Int) {
        #expect(period.window(onDay: Self.thursday) == BudgetWindow(startDay: start, endDay: end))
    }

    @Test("once is one window, for ever")
    func once() {
        #expect(BudgetPeriod.once.window(onDay: Self.thursday) == BudgetWindow(startDay: 0, endDay: nil))
        #expect(BudgetPeriod.once.window(onDay: Self.thursday).endsAt == nil)
    }

    @Test("windows lie one behind the other, without a gap, on each day until 2149", arguments: [
        BudgetPeriod.daily, .weekly(startingOn: .monday), .weekly(startingOn: .sunday), .monthly, .everyDays(1, from: 5), .everyDays(30, from: 20_000),
        .everyDays(366, from: -400), .everyDays(365, from: .max), .everyDays(100, from: .min),
    ])
    func windowsTile(period: BudgetPeriod) throws {
        var window = period.window(onDay: 0)
        for day in 0...BudgetWindow.lastDay {
            let next = period.window(onDay: day)
            let end = try #require(window.endDay)
            if day < end, next != window { Issue.record("day \(day): \(next), not \(window)") }
            if day >= end, next.startDay != end { Issue.record("day \(day): \(next) after \(window)") }
            window = next
        }
    }

    @Test("a month has the days that the calendar gives it", arguments: [
        // 2024-02-29, 2100-02-28, 2000-02-29, 2023-12-31, 1970-01-01.
        (19_782, 29, 29), (47_540, 28, 28), (11_016, 29, 29), (19_722, 31, 31), (0, 1, 31),
    ])
    func months(day: Int, dayOfMonth: Int, count: Int) {
        let date = CivilDate(daysSince1970: day)
        #expect(date.day == dayOfMonth && date.dayCountOfMonth == count)
        #expect(BudgetPeriod.monthly.window(onDay: day) == BudgetWindow(startDay: day - dayOfMonth + 1, endDay: day - dayOfMonth + 1 + count))
    }

    @Test("a time is of the day that holds it, and after 2149 of the last there is", arguments: [
        (UInt64(0), 0), (86_399_999_999_999, 0), (86_400_000_000_000, 1), (.max, BudgetWindow.lastDay),
    ])
    func days(wall: UInt64, day: Int) {
        #expect(BudgetWindow.day(wallNanoseconds: wall) == day)
        #expect(BudgetPeriod.monthly.window(onDay: .max).endsAt != nil && BudgetPeriod.daily.window(onDay: .min).startDay == 0)
    }
}

@Suite("Budget rules")
struct BudgetRuleTests {
    @Test("each number of a rule has a bound, and says so")
    func bounds() throws {
        let most = BudgetLimits.largestAmount
        #expect(throws: BudgetRuleError.capOutOfBounds(-1)) { try BudgetRule(unit: .cost, cap: -1, period: .once) }
        #expect(throws: BudgetRuleError.capOutOfBounds(most + 1)) { try BudgetRule(unit: .cost, cap: most + 1, period: .once) }
        #expect(try BudgetRule(unit: .cost, cap: most, period: .once).cap == most)
        #expect(throws: BudgetRuleError.raiseOutOfBounds(1, cap: most)) {
            try BudgetRule(unit: .cost, cap: most, period: .once, raise: .init(amount: 1, until: 0))
        }
        #expect(throws: BudgetRuleError.periodOutOfBounds(days: 0)) { try BudgetRule(unit: .cost, cap: 1, period: .everyDays(0, from: 0)) }
        #expect(throws: BudgetRuleError.periodOutOfBounds(days: 367)) { try BudgetRule(unit: .cost, cap: 1, period: .everyDays(367, from: 0)) }
        #expect(try BudgetRule(unit: .cost, cap: 1, period: .everyDays(366, from: 0)).cap == 1)
        #expect(throws: BudgetRuleError.tooManyThresholds(5)) { try BudgetRule(unit: .cost, cap: 9, period: .once, thresholds: [1, 2, 3, 4, 5]) }
        #expect(throws: BudgetRuleError.thresholdOutOfBounds(0)) { try BudgetRule(unit: .cost, cap: 9, period: .once, thresholds: [0]) }
        #expect(try BudgetRule(unit: .cost, cap: 9, period: .once, thresholds: [4, 3, 2, 1]).cap == 9)
    }

    @Test("a raise holds until its second")
    func raise() throws {
        let rule = try BudgetRule(unit: .cost, cap: 100, period: .once, raise: .init(amount: 50, until: 1000))
        #expect(rule.cap(wallNanoseconds: 999_999_999_999) == 150)
        #expect(rule.cap(wallNanoseconds: 1_000_000_000_000) == 100)
    }

    @Test("a movement passes the thresholds that lie above where it began, up to where it ended")
    func thresholds() throws {
        let rule = try BudgetRule(unit: .cost, cap: 100, period: .once, thresholds: [80, 50, 100])
        #expect(rule.thresholds(passedBy: BudgetMovement(spentBefore: 49, spentAfter: 50)) == [50])
        #expect(rule.thresholds(passedBy: BudgetMovement(spentBefore: 50, spentAfter: 79)) == [])
        #expect(rule.thresholds(passedBy: BudgetMovement(spentBefore: 0, spentAfter: 500)) == [50, 80, 100])
        #expect(rule.thresholds(passedBy: BudgetMovement(spentBefore: 80, spentAfter: 80)) == [])
    }
}

@Suite("Budget words")
struct BudgetWordTests {
    @Test("a word holds what was put in, at all edges")
    func packs() {
        let amounts: [UInt64] = [0, 1, 1 << 10 - 1, 1 << 10, 1 << 53, BudgetWord.mostAmount]
        for spent in amounts {
            for reserved in amounts {
                for tag in [BudgetTag(generation: 0, day: 0), BudgetTag(generation: 15, day: BudgetWindow.lastDay), BudgetTag(generation: 8, day: 1)] {
                    let word = BudgetWord(tag: tag, spent: spent, reserved: reserved)
                    #expect(BudgetWord(word.pair) == word && word.committed == spent + reserved && !word.isRetired)
                    #expect(BudgetWord(word.retired.pair).isRetired && word.retired.tag.generation == tag.generation)
                }
            }
        }
    }

    @Test("days move a window on and never back, and a generation outranks them")
    func tags() {
        let tag = BudgetTag(generation: 3, day: 100)
        #expect(tag.moved(to: 99) == tag && tag.moved(to: 100) == tag && tag.moved(to: 101) == BudgetTag(generation: 3, day: 101))
        #expect(BudgetTag(generation: 4, day: 1).isLater(than: tag) && !tag.isLater(than: BudgetTag(generation: 4, day: 1)))
        #expect(BudgetTag(generation: 3, day: 101).isLater(than: tag) && !tag.isLater(than: tag))
        #expect(BudgetTag(generation: 0, day: 0).isLater(than: BudgetTag(generation: 15, day: 9)))
    }

    @Test("what does not fit is cut, and more is never taken back than was reserved")
    func settlesAtTheEdges() {
        var word = BudgetWord(tag: BudgetTag(rawValue: 0), spent: BudgetWord.mostAmount - 1, reserved: 5)
        word.settle(reserved: 10, spent: .max)
        #expect(word.spent == BudgetWord.mostAmount && word.reserved == 0)
    }
}
