/// How long the successor of a serving process waits: not at all, unless several in a row die young.
struct BackOff: Equatable, Sendable {
    /// In a row.
    private(set) var youngDeaths = 0

    init(youngDeaths: Int = 0) { self.youngDeaths = youngDeaths }

    /// Nanoseconds until the next is started, after one that lived for `life`.
    mutating func delay(afterLife life: UInt64) -> UInt64 {
        guard life < SupervisorLimits.youngNanoseconds else {
            youngDeaths = 0
            return 0
        }
        youngDeaths += 1
        guard youngDeaths > 1 else { return 0 }
        var delay = SupervisorLimits.shortestBackOffNanoseconds
        for _ in 2..<youngDeaths {
            guard delay < SupervisorLimits.longestBackOffNanoseconds else { break }
            delay *= 2
        }
        return min(delay, SupervisorLimits.longestBackOffNanoseconds)
    }

    mutating func reset() { youngDeaths = 0 }
}
