import Health
import Testing

/// Targets that answer as a script says, in simulated time; each request goes to the better of two at random.
private struct Simulation {
    struct Request {
        let target: Int
        let began: UInt64
        let firstAt: UInt64
        let endsAt: UInt64
        var isFirstSeen = false
    }

    let healths: [TargetHealth]
    /// Milliseconds to the first token of a target's request at an instant.
    let firstToken: (Int, UInt64) -> UInt64
    var random: SplitMix64
    var flying: [Request] = []
    /// Which target each request went to, and when.
    var picks: [(now: UInt64, target: Int)] = []

    init(targets: Int, seed: UInt64, firstToken: @escaping (Int, UInt64) -> UInt64) {
        healths = (0..<targets).map { TargetHealth(description: "\($0)") }
        self.firstToken = firstToken
        random = SplitMix64(seed: seed)
    }

    /// Sends a request every `interval` from 0 to `end`; each takes 300 ms beyond its first token.
    mutating func run(until end: UInt64, every interval: UInt64) {
        for now in stride(from: 0, to: end, by: Int(interval)) {
            settle(now)
            let (one, other) = TwoChoices.pick(random.next(), random.next(), count: healths.count)
            let target = healths[one].score(now: now) <= healths[other].score(now: now) ? one : other
            let first = now + milliseconds(firstToken(target, now))
            healths[target].begin()
            flying.append(Request(target: target, began: now, firstAt: first, endsAt: first + milliseconds(300)))
            picks.append((now, target))
        }
    }

    private mutating func settle(_ now: UInt64) {
        for index in flying.indices where !flying[index].isFirstSeen && flying[index].firstAt <= now {
            flying[index].isFirstSeen = true
            healths[flying[index].target].noteFirstToken(nanoseconds: flying[index].firstAt - flying[index].began, now: flying[index].firstAt)
        }
        for request in flying where request.endsAt <= now { healths[request.target].end() }
        flying.removeAll { $0.endsAt <= now }
    }

    /// Percent of the requests in a stretch of seconds that went to `target`.
    func percent(_ target: Int, from start: Double, to end: Double) -> Double {
        let inside = picks.filter { $0.now >= seconds(start) && $0.now < seconds(end) }
        return 100 * Double(inside.count { $0.target == target }) / Double(max(1, inside.count))
    }
}

@Suite("Least latency")
struct LeastLatencyTests {
    @Test("picks leave a target that turns slow within 5 s, and return when it heals", arguments: [2000, 4000, 20_000] as [UInt64], [20, 100] as [UInt64])
    func leavesAndReturns(_ slowMilliseconds: UInt64, _ perSecond: UInt64) {
        var simulation = Simulation(targets: 2, seed: 1) { target, now in
            target == 0 && now >= seconds(30) && now < seconds(90) ? slowMilliseconds : 300
        }
        simulation.run(until: seconds(150), every: seconds(1) / perSecond)
        #expect(abs(simulation.percent(0, from: 5, to: 30) - 50) < 10)
        #expect(simulation.percent(0, from: 35, to: 90) < 10)
        // Until 20 s after it healed the slowest answers of the time before still come.
        #expect(abs(simulation.percent(0, from: 130, to: 150) - 50) < 10)
    }

    @Test("a target that stays slow is asked now and then, or its healing would not be seen")
    func keepsAsking() {
        var simulation = Simulation(targets: 2, seed: 1) { target, _ in target == 0 ? 3000 : 300 }
        simulation.run(until: seconds(120), every: milliseconds(50))
        for start in stride(from: 10.0, to: 110, by: 10) { #expect(simulation.percent(0, from: start, to: start + 10) > 0) }
    }

    @Test("a target without samples gets its share, not all requests at once")
    func noHerd() {
        // Four known targets and one that is new; all requests of its first second are picked before it can answer one.
        var simulation = Simulation(targets: 5, seed: 3) { _, _ in 1000 }
        for target in 0..<4 { simulation.healths[target].noteFirstToken(nanoseconds: milliseconds(1000), now: 0) }
        simulation.run(until: seconds(1), every: milliseconds(5))
        let share = simulation.percent(4, from: 0, to: 1)
        #expect(share > 10 && share < 40)
    }
}
