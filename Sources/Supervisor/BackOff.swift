/// How long the successor of a serving process waits: not at all, unless several in a row die young.
struct BackOff: Equatable, Sendable {
    /// In a row.
    private(set) var youngDeaths = 0

    init(youngDeaths: Int = 0) { self.youngDeaths = youngDeaths }

    /// Nanoseconds until the next is started, after one that lived for `life`.
    /// - Parameter hasServed: whether it was ready. Who is there to be served waits the shorter the better, and what killed it may not come again.
    mutating func delay(afterLife life: UInt64, hasServed: Bool) -> UInt64 {
        let longest = hasServed ? SupervisorLimits.longestServingBackOffNanoseconds : SupervisorLimits.longestBackOffNanoseconds
        guard life < SupervisorLimits.youngNanoseconds else {
            youngDeaths = 0
            return 0
        }
        youngDeaths += 1
        guard youngDeaths > 1 else { return 0 }
        var delay = SupervisorLimits.shortestBackOffNanoseconds
        for _ in 2..<youngDeaths {
            guard delay < longest else { break }
            delay *= 2
        }
        return min(delay, longest)
    }

    mutating func reset() { youngDeaths = 0 }
}
