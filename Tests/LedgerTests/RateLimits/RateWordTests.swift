import Glibc
@testable import Ledger
import Testing

@Suite("Rate words")
struct RateWordTests {
    @Test("a word holds what was put in, at all edges")
    func packs() {
        let counts: [UInt64] = [0, 1, 1 << 20 - 1, 1 << 20, 1 << 43, RateWord.most]
        for used in counts {
            for before in counts {
                for start in [0, 1, 1 << 39, 1 << 40 - 2] as [UInt64] {
                    let word = RateWord(start: start, used: used, before: before)
                    #expect(RateWord(word.pair) == word && word != .retired)
                }
            }
        }
    }

    @Test("what was used before counts less and less, and is gone after a period without use", arguments: [
        // now, left of 100: 40 used in the stretch before, 10 in this one since 1000; the last at 1200; a period of 1000.
        (UInt64(1000), UInt64(51)), (1249, 60), (1250, 61), (1275, 62), (1500, 71), (1999, 90), (2000, 91), (2099, 91), (2100, 92), (2199, 92), (2200, 100),
    ])
    func decays(now: UInt64, left: UInt64) {
        let word = RateWord(start: 1000, used: 10, before: 40).moved(to: now, last: 1200, period: 1000)
        #expect(word.left(of: 100, now: now, period: 1000) == left)
    }

    @Test("the wait is exact: then it fits, and not a millisecond earlier")
    func waitIsExact() {
        var numbers = SeededNumbers("rate waits")
        for _ in 0..<(isLong ? 2_000_000 : 100_000) {
            let period = RatePeriod.allCases[numbers.below(5)].milliseconds
            let limit = numbers.below(4) == 0 ? UInt64(RateLimits.largestCount) : UInt64(1 + numbers.below(2000))
            let start = UInt64(numbers.below(1_000_000))
            let used = limit * UInt64(numbers.below(101)) / 100 + UInt64(numbers.below(2))
            let before = limit * UInt64(numbers.below(101)) / 100 + UInt64(numbers.below(2))
            let last = start + UInt64(numbers.below(Int(period)))
            let now = last + UInt64(numbers.below(Int(2 * period)))
            let amount = UInt64(numbers.below(Int(limit) + 1))
            let word = RateWord(start: start, used: used, before: before)
            let moved = word.moved(to: now, last: last, period: period)
            func isRoom(_ at: UInt64) -> Bool { word.moved(to: at, last: last, period: period).left(of: limit, now: at, period: period) >= amount }
            let fits = moved.fits(amount, in: limit, now: now, last: last, period: period)
            if fits < now || !isRoom(fits) || fits > now && isRoom(fits - 1) || isRoom(now) != (fits == now) {
                Issue.record("\(word), last \(last), period \(period): \(amount) of \(limit) at \(now) is said to fit at \(fits)")
                return
            }
        }
    }
}

@Suite("Rate limits")
struct RateLimiterTests {
    private let folder: Folder
    private let limiter: RateLimiter
    private let desk: RateDesk

    init() throws {
        folder = try Folder()
        limiter = try RateLimiter(folder)
        desk = limiter.desk()
    }

    private func charge(_ name: String, _ limit: RateLimit, _ amount: Int64 = 1) throws -> RateCharge {
        let charge = RateCharge(key: limiter.key(name), limit: limit, amount: amount)
        #expect(try limiter.prepare([charge]) == [])
        return charge
    }

    private func admit(_ charges: [RateCharge], at milliseconds: UInt64, _ admission: inout RateAdmission) -> RateVerdict {
        desk.admit(charges.span, for: Identifier(high: 0, low: 0), nowNanoseconds: milliseconds * 1_000_000, into: &admission)
    }

    /// Whether it is let through; what holds a place gives it back.
    private func passes(_ charges: [RateCharge], at milliseconds: UInt64) -> Bool {
        var admission = RateAdmission()
        defer { desk.finish(&admission) }
        return admit(charges, at: milliseconds, &admission) == .admitted
    }

    @Test("after a quiet period the limit is there at once, and no more in the period that follows", arguments: RatePeriod.allCases)
    func burst(period: RatePeriod) throws {
        let charge = try charge("b", .rate(100, per: period))
        var now: UInt64 = 123_456_789
        for _ in 0..<3 {
            let passed = (0..<1000).filter { _ in passes([charge], at: now) }.count
            #expect(passed == 100)
            // Spread over the period that began with the first, none more.
            for step in 0..<1000 as Range<UInt64> where passes([charge], at: now + step * period.milliseconds / 1000) { Issue.record("step \(step)") }
            let reading = desk.reading(of: charge, nowNanoseconds: (now + 5) * 1_000_000)
            #expect(reading == RateReading(limit: 100, remaining: 0, resetMilliseconds: period.milliseconds - 5))
            now += 2 * period.milliseconds
        }
    }

    @Test("even use passes at the limit's rate")
    func even() throws {
        let charge = try charge("e", .rate(100, per: .minute))
        for step in 0..<1000 as Range<UInt64> where !passes([charge], at: 5000 + step * 600) { Issue.record("request \(step)") }
    }

    @Test("use bunched against the border of two stretches lets through less than twice the limit in any period")
    func worstCase() throws {
        let charge = try charge("w", .rate(100, per: .second))
        var times: [UInt64] = passes([charge], at: 10_000) ? [10_000] : []
        for now in 10_999..<20_000 as Range<UInt64> { while passes([charge], at: now) { times.append(now) } }
        for time in times { #expect(times.filter { $0 > time && $0 <= time + 1000 }.count < 200) }
        #expect(times.count > 900 && times.count < 1100)
    }

    @Test("a refused request uses nothing up, and is told when it would pass, to the millisecond")
    func refusal() throws {
        let charge = try charge("r", .rate(10, per: .minute), 4)
        #expect(passes([charge], at: 1000) && passes([charge], at: 11_000))
        var admission = RateAdmission()
        guard case .refused(let refusal) = admit([charge], at: 21_000, &admission) else {
            Issue.record("it was let through")
            return
        }
        #expect(refusal.reading == RateReading(limit: 10, remaining: 2, resetMilliseconds: 50_000))
        let retry = try #require(refusal.retryMilliseconds)
        for wait in stride(from: 0, to: retry, by: 37) where passes([charge], at: 21_000 + wait) { Issue.record("after \(wait) ms of \(retry)") }
        #expect(!passes([charge], at: 21_000 + retry - 1) && passes([charge], at: 21_000 + retry))
    }

    @Test("more than the limit never passes, and no wait is told")
    func neverFits() throws {
        let charge = try charge("n", .rate(10, per: .second), 11)
        var admission = RateAdmission()
        guard case .refused(let refusal) = admit([charge], at: 1, &admission) else {
            Issue.record("it was let through")
            return
        }
        #expect(refusal.retryMilliseconds == nil && refusal.reading.remaining == 10)
        #expect(!passes([try self.charge("z", .rate(0, per: .second))], at: 1))
        #expect(passes([try self.charge("zero", .rate(0, per: .second), 0)], at: 1))
        #expect(!passes([try self.charge("negative", .rate(-5, per: .second))], at: 1))
    }

    @Test("of several limits all count a request or none does, and the wait is for all of them")
    func allOrNothing() throws {
        let (wide, narrow) = (try charge("wide", .rate(100, per: .minute)), try charge("narrow", .rate(2, per: .hour)))
        let places = try charge("places", .concurrency(5))
        for _ in 0..<2 { #expect(passes([wide, places, narrow], at: 1000)) }
        var admission = RateAdmission()
        guard case .refused(let refusal) = admit([wide, places, narrow], at: 2000, &admission) else {
            Issue.record("it was let through")
            return
        }
        #expect(refusal.index == 2)
        #expect(desk.reading(of: wide, nowNanoseconds: 2_000_000_000).remaining == 98)
        #expect(desk.reading(of: places, nowNanoseconds: 2_000_000_000).remaining == 5)
        let retry = try #require(refusal.retryMilliseconds)
        #expect(!passes([wide, places, narrow], at: 2000 + retry - 1) && passes([wide, places, narrow], at: 2000 + retry))
        #expect(limiter.openCount == 0)
    }

    @Test("sixteen limits are possible, one more is not, nor more than eight of how many are under way; one that was never prepared is asked for")
    func mostLimits() throws {
        let eight = try (0..<RateLimits.limitsPerRequest).map { try charge("l\($0)", .rate(5, per: .minute)) }
        var admission = RateAdmission()
        #expect(admit(eight, at: 1, &admission) == .admitted)
        desk.withdraw(&admission)
        #expect(desk.reading(of: eight[0], nowNanoseconds: 1).remaining == 5)
        #expect(admit(eight + [eight[0]], at: 1, &admission) == .tooManyLimits)
        #expect(admit([eight[0], RateCharge(key: limiter.key("new"), limit: .rate(1, per: .second))], at: 1, &admission) == .awaitsSlot)
        #expect(desk.reading(of: eight[0], nowNanoseconds: 1).remaining == 5)
        #expect(admit([], at: 1, &admission) == .admitted && !admission.isOpen)
        let places = try (0..<9).map { try charge("c\($0)", .concurrency(5)) }
        #expect(admit(places, at: 1, &admission) == .tooManyLimits)
        #expect(admit(Array(places.dropLast()), at: 1, &admission) == .admitted && limiter.openCount == 1)
        desk.finish(&admission)
        #expect(limiter.openCount == 0)
    }

    @Test("a reset forgets what was counted, not who is under way; what was expected before it is set right in vain")
    func reset() throws {
        let (rate, places) = (try charge("z", .rate(10, per: .minute), 10), try charge("c", .concurrency(1)))
        var (admission, place) = (RateAdmission(), RateAdmission())
        #expect(admit([rate], at: 5000, &admission) == .admitted && admit([places], at: 5000, &place) == .admitted)
        #expect(try limiter.reset(rate.key) && limiter.reset(places.key) && !limiter.reset(limiter.key("nobody's")))
        #expect(desk.reading(of: rate, nowNanoseconds: 5_000_000_000).remaining == 10 && desk.reading(of: places, nowNanoseconds: 5_000_000_000).remaining == 0)
        var second = RateAdmission()
        #expect(admit([rate], at: 5001, &second) == .admitted)
        desk.adjust(&admission, 0, to: 3)
        #expect(desk.reading(of: rate, nowNanoseconds: 5_001_000_000).remaining == 0)
        desk.finish(&admission)
        desk.finish(&second)
        desk.finish(&place)
    }

    @Test("tokens are set right where they were expected, in the stretch they were counted in", arguments: [
        // Later by so many milliseconds, what was used, left of 1000 then.
        (UInt64(10), Int64(100), Int64(900)), (10, 700, 300), (10, 5000, 0), (60_000, 100, 1000), (200_000, 100, 1000),
    ])
    func adjusts(later: UInt64, actual: Int64, left: Int64) throws {
        let charge = try charge("t", .rate(1000, per: .minute), 600)
        var admission = RateAdmission()
        #expect(admit([charge], at: 5000, &admission) == .admitted)
        desk.adjust(&admission, 0, to: actual)
        desk.adjust(&admission, 0, to: actual)
        desk.finish(&admission)
        #expect(desk.reading(of: charge, nowNanoseconds: (5000 + later) * 1_000_000).remaining == left)
    }

    @Test("tokens that are set right after the stretch has become the one before are changed there")
    func adjustsBefore() throws {
        let (first, second) = (try charge("s", .rate(1000, per: .minute), 600), try charge("s", .rate(1000, per: .minute), 1))
        var admission = RateAdmission()
        #expect(admit([first], at: 0, &admission) == .admitted)
        #expect(passes([second], at: 59_000) && passes([second], at: 60_000))
        // 600 count of the stretch before, since the first is a period ago, and one of this.
        #expect(desk.reading(of: first, nowNanoseconds: 60_000_000_000).remaining == 399)
        desk.adjust(&admission, 0, to: 100)
        #expect(desk.reading(of: first, nowNanoseconds: 60_000_000_000).remaining == 899)
        desk.withdraw(&admission)
        #expect(desk.reading(of: first, nowNanoseconds: 60_000_000_000).remaining == 999)
    }

    @Test("so many requests at once, and each that ends makes room")
    func concurrency() throws {
        let charge = try charge("c", .concurrency(3))
        var open = [RateAdmission](repeating: RateAdmission(), count: 3)
        for index in open.indices { #expect(admit([charge], at: 1, &open[index]) == .admitted) }
        var more = RateAdmission()
        guard case .refused(let refusal) = admit([charge], at: 1, &more) else {
            Issue.record("it was let through")
            return
        }
        #expect(refusal.retryMilliseconds == nil && refusal.reading == RateReading(limit: 3, remaining: 0, resetMilliseconds: 0))
        desk.finish(&open[1])
        desk.finish(&open[1])
        #expect(admit([charge], at: 1, &more) == .admitted && !passes([charge], at: 1))
        for index in [0, 2] { desk.withdraw(&open[index]) }
        desk.finish(&more)
        #expect(desk.reading(of: charge, nowNanoseconds: 1).remaining == 3 && limiter.openCount == 0)
    }

    @Test("places of a process that has ended are free again, those of a living one are not")
    func abandonedPlaces() throws {
        let charge = try charge("p", .concurrency(10))
        var mine = RateAdmission()
        #expect(admit([charge], at: 1, &mine) == .admitted)
        do {
            let other = try RateLimiter(folder)
            let desk = other.desk()
            for _ in 0..<4 {
                var admission = RateAdmission()
                #expect(desk.admit([charge].span, for: Identifier(high: 0, low: 0), nowNanoseconds: 1, into: &admission) == .admitted)
            }
            #expect(try limiter.recover() == 0)
        }
        #expect(desk.reading(of: charge, nowNanoseconds: 1).remaining == 5)
        #expect(try limiter.recover() == 4)
        #expect(desk.reading(of: charge, nowNanoseconds: 1).remaining == 9)
    }

    @Test("two processes of one boot count together; alone again places are free, and after a boot nothing was used")
    func acrossProcesses() throws {
        let path = folder.file("other")
        func open(_ boot: UInt64) throws -> RateLimiter { try RateLimiter(path: path, slotCount: 128, openCount: 64, boot: .test(boot)) }
        func remaining(_ limiter: RateLimiter, _ limit: RateLimit, _ name: String) throws -> Int64 {
            limiter.desk().reading(of: RateCharge(key: limiter.key(name), limit: limit), nowNanoseconds: 5_000_000).remaining
        }
        let (rate, places) = (RateLimit.rate(10, per: .hour), RateLimit.concurrency(10))
        do {
            let limiter = try open(1)
            let charges = [RateCharge(key: limiter.key("r"), limit: rate, amount: 4), RateCharge(key: limiter.key("c"), limit: places)]
            try #require(try limiter.prepare(charges) == [])
            var admission = RateAdmission()
            #expect(limiter.desk().admit(charges.span, for: Identifier(high: 0, low: 0), nowNanoseconds: 5_000_000, into: &admission) == .admitted)
            let second = try open(1)
            #expect(try remaining(second, rate, "r") == 6 && remaining(second, places, "c") == 9)
        }
        do {
            let limiter = try open(1)
            #expect(try remaining(limiter, rate, "r") == 6 && remaining(limiter, places, "c") == 10)
        }
        let limiter = try open(2)
        #expect(try remaining(limiter, rate, "r") == 10 && remaining(limiter, places, "c") == 10)
    }

    @Test("limits that nobody asks for lose their slots an hour after their period; places that are held keep theirs")
    func idleRetire() throws {
        let (minute, week, places) = (try charge("m", .rate(5, per: .minute)), try charge("k", .rate(5, per: .week)), try charge("h", .concurrency(1)))
        var held = RateAdmission()
        #expect(admit([minute, week, places], at: 1000, &held) == .admitted)
        let hour: UInt64 = 3_600_000
        #expect(try limiter.retireIdle(nowNanoseconds: (1000 + 60_000 + hour) * 1_000_000) == 0)
        #expect(try limiter.retireIdle(nowNanoseconds: (1001 + 60_000 + hour) * 1_000_000) == 1)
        var again = RateAdmission()
        #expect(admit([minute], at: 5_000_000, &again) == .awaitsSlot)
        #expect(try limiter.prepare([minute]) == [] && admit([minute], at: 5_000_000, &again) == .admitted)
        #expect(try limiter.retireIdle(nowNanoseconds: (1001 + RatePeriod.week.milliseconds + hour) * 1_000_000) == 2)
        desk.finish(&held)
        // That one was last asked for when it was given away.
        #expect(try limiter.retireIdle(nowNanoseconds: (1001 + RatePeriod.week.milliseconds + hour) * 1_000_000) == 1)
    }

    @Test("of a thousand requests at once on a limit of a hundred, exactly a hundred pass", arguments: [
        RateLimit.rate(100, per: .minute), .concurrency(100),
    ])
    func exactlyAHundred(limit: RateLimit) throws {
        let charges = [try charge("x", limit), try charge("y", .rate(1_000_000, per: .hour))]
        let (limiter, passed) = (limiter, Passed())
        onThreads(8) { thread in
            let desk = limiter.desk()
            var open: [RateAdmission] = []
            for number in 0..<125 {
                var admission = RateAdmission()
                let now = 1_000_000_000 + UInt64(number * 7_000_000)
                let verdict = desk.admit(charges.span, for: Identifier(high: 0, low: 0), nowNanoseconds: now, into: &admission)
                if verdict == .admitted { passed.count() }
                open.append(admission)
            }
            passed.arrive()
            // All are under way until the last has asked.
            while passed.arrived < 8 { sched_yield() }
            for index in open.indices { desk.finish(&open[index]) }
        }
        #expect(passed.value == 100)
        #expect(desk.reading(of: charges[1], nowNanoseconds: 2_000_000_000).remaining == 1_000_000 - 100)
        #expect(limiter.openCount == 0)
    }

    @Test("a limiter agrees with a list of what was let through, where stretches do not matter: after quiet, and within one")
    func againstAList() throws {
        var numbers = SeededNumbers("rate limits")
        let charges = try (0..<3).map { try charge("q\($0)", .rate(Int64(5 + $0 * 20), per: [RatePeriod.second, .minute, .second][$0])) }
        var times: [[UInt64]] = [[], [], []]
        var (now, refused): (UInt64, Int) = (1_000_000, 0)
        for _ in 0..<(isLong ? 200_000 : 20_000) {
            now += UInt64(numbers.below(20) == 0 ? numbers.below(150_000) : numbers.below(40))
            let which = numbers.below(3)
            guard case .rate(let limit, let period) = charges[which].limit else { continue }
            let passed = passes([charges[which]], at: now)
            let recent = times[which].filter { $0 + period.milliseconds > now }
            if recent.isEmpty, !passed { Issue.record("nothing was let through for a period, and at \(now) it refuses") }
            if passed, recent.count >= 2 * limit { Issue.record("\(recent.count) of \(limit) in a period, and it lets through") }
            if passed { times[which] = recent + [now] } else { refused += 1 }
        }
        #expect(refused > 100)
    }
}
