import Health
import Testing

@Suite("Retry budget")
struct RetryBudgetTests {
    /// Requests to a target that fails each, with five retries wanted: tries in all.
    private func storm(requests: Int, perSecond: Double, _ budget: RetryBudget) -> Int {
        var tries = 0
        for request in 0..<requests {
            let now = seconds(100 + Double(request) / perSecond)
            budget.deposit()
            tries += 1
            for _ in 0..<5 {
                guard budget.withdraw(now: now) else { break }
                tries += 1
            }
        }
        return tries
    }

    @Test("a target that fails 10,000 requests sees 1.2 × as many, and the reserve", arguments: [1, 10, 100, 10_000] as [Double])
    func bounds(_ perSecond: Double) {
        let tries = storm(requests: 10_000, perSecond: perSecond, RetryBudget())
        // Ten to begin with, and one every ten seconds.
        let reserve = 10 + Int(10_000 / perSecond * 0.1) + 1
        #expect(tries <= 12_000 + reserve)
        // What was earned is also spent, the reserve too.
        #expect(tries >= 12_000 + reserve - 12)
    }

    @Test("after an hour without a failure a storm still has a hundred retries beyond its fifth, no more")
    func capsSavings() {
        let budget = RetryBudget()
        for _ in 0..<1_000_000 { budget.deposit() }
        #expect(budget.balance == 100_000)
        #expect(storm(requests: 1000, perSecond: 1000, budget) == 1000 + 100 + 199)
    }

    @Test("time fills it up to its reserve, not beyond, and a retry is whole")
    func refills() {
        let budget = RetryBudget()
        let start = seconds(100)
        for _ in 0..<10 { #expect(budget.withdraw(now: start)) }
        #expect(!budget.withdraw(now: start))
        #expect(!budget.withdraw(now: start + seconds(10) - 1))
        #expect(budget.withdraw(now: start + seconds(10)))
        #expect(!budget.withdraw(now: start + seconds(10)))
        for _ in 0..<10 { #expect(budget.withdraw(now: start + seconds(1000))) }
        #expect(!budget.withdraw(now: start + seconds(1000)))
    }

    @Test("asking often does not lose the time between", arguments: [1, 7, 333] as [UInt64])
    func keepsRemainders(_ stepMilliseconds: UInt64) {
        let budget = RetryBudget(.init(deposit: 0, cap: 10_000, reserve: 2000, refillMilliseconds: 3))
        #expect(budget.withdraw(now: seconds(1)) && budget.withdraw(now: seconds(1)))
        var granted = 0
        for now in stride(from: seconds(1), to: seconds(101), by: Int(milliseconds(stepMilliseconds))) where budget.withdraw(now: now) {
            granted += 1
        }
        // One every three seconds for 100 s.
        #expect(granted == 33)
    }

    @Test("a clock that is read earlier pays nothing twice")
    func earlierClock() {
        let budget = RetryBudget(.init(deposit: 0, cap: 1000, reserve: 1000, refillMilliseconds: 1))
        #expect(budget.withdraw(now: seconds(10)))
        #expect(budget.withdraw(now: seconds(11)))
        #expect(!budget.withdraw(now: seconds(10)))
        #expect(!budget.withdraw(now: seconds(11)))
    }

    @Test("hedges are earned by twenty requests each, and one is there to begin with")
    func hedges() {
        let budget = RetryBudget(.hedges)
        var granted = 0
        for request in 0..<2000 {
            budget.deposit()
            if budget.withdraw(now: seconds(Double(request))) { granted += 1 }
        }
        #expect(granted == 101)
    }

    @Test("rules that do not fit are cut")
    func cutsRules() {
        let rules = RetryBudget.Rules(deposit: .max, cap: .max, reserve: .max, refillMilliseconds: .max)
        #expect(rules.cap == 1 << 24 - 1 && rules.deposit == rules.cap && rules.reserve == rules.cap)
        let budget = RetryBudget(rules)
        budget.deposit(thousandths: .max)
        #expect(budget.balance == rules.cap)
        #expect(budget.withdraw(now: 0) && budget.withdraw(now: .max))
    }
}
