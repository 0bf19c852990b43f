/// One thing to be timed.
public struct Benchmark {
    /// `module/what, on which input`.
    public let name: String

    /// Does it so many times; returns something of the results, so that none can be left out by the optimiser.
    public let run: (Int) -> UInt64

    /// The name of another, whose time this one's is told as a multiple of.
    public let comparedTo: String?

    /// Makes what only the full size needs and takes too long to be timed, or to be made in tests.
    public let prepare: () -> Void

    init(name: String, comparedTo: String? = nil, prepare: @escaping () -> Void = {}, run: @escaping (Int) -> UInt64) {
        self.name = name
        self.comparedTo = comparedTo
        self.prepare = prepare
        self.run = run
    }
}

/// Every benchmark there is, in the modules' order. Computed: their inputs are built when they are wanted.
public var allBenchmarks: [Benchmark] {
    httpBenchmarks + jsonBenchmarks + cacheBenchmarks + guardrailsBenchmarks + healthBenchmarks + policyBenchmarks + providersBenchmarks + translationBenchmarks
        + ledgerBenchmarks + budgetBenchmarks
}
