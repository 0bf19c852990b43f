import BenchmarkBodies
import Testing

@Suite("Benchmarks")
struct BenchmarkTests {
    @Test("every benchmark still does what it times", arguments: allBenchmarks.map(\.name))
    func runsAtToySize(_ name: String) throws {
        let benchmark = try #require(allBenchmarks.first { $0.name == name })
        // 0 is what a benchmark returns when its input is refused.
        #expect(benchmark.run(2) != 0)
    }

    @Test("no two benchmarks have one name, or a filter could not choose between them")
    func namesDiffer() {
        let names = allBenchmarks.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
