import Health

/// What a request pays to find its target: all candidates looked at, one picked, and its outcome told.
var healthBenchmarks: [Benchmark] {
    let healths = (0..<8).map { TargetHealth(description: "target \($0)") }
    for (index, health) in healths.enumerated() { health.noteFirstToken(nanoseconds: UInt64(index + 1) * 100_000_000, now: 1) }
    return [
        Benchmark(name: "health/availability of 8, the better of two") { pickTwo(of: healths, $0) },
        Benchmark(name: "health/availability of 8, by key") { count in
            summed(count) { key in
                Rendezvous.pick(count: healths.count, key: key, child: { UInt64($0) }, weight: { Double($0 + 1) }, isSkipped: { !healths[$0].isFree })
            }
        },
        Benchmark(name: "health/admitted, begun, ended and reported", run: { goThrough(healths[0], $0) }),
    ]
}

extension TargetHealth {
    fileprivate var isFree: Bool { availability(now: 2, policy: .standard) == .available }
}

private func summed(_ count: Int, _ pick: (UInt64) -> Int?) -> UInt64 {
    var sum: UInt64 = 0
    for iteration in 0..<count { sum &+= UInt64(pick(UInt64(iteration)) ?? 0) + 1 }
    return sum
}

private func pickTwo(of healths: [TargetHealth], _ count: Int) -> UInt64 {
    var random = SplitMix64(seed: 1)
    return summed(count) { _ in
        var free = 0
        for health in healths where health.isFree { free += 1 }
        let (one, other) = TwoChoices.pick(random.next(), random.next(), count: free)
        return healths[one].score(now: 2) <= healths[other].score(now: 2) ? one : other
    }
}

private func goThrough(_ health: TargetHealth, _ count: Int) -> UInt64 {
    summed(count) { iteration in
        guard let admission = health.admit(now: iteration, policy: .standard) else { return nil }
        health.begin()
        health.end()
        health.report(.success, of: admission, policy: .standard, now: iteration, random: 0)
        return 1
    }
}
