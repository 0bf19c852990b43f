import BenchmarkBodies
import Glibc

/// `benchmarks [--filter TEXT] [--toy]`: nanoseconds an operation, as the least and the median of many batches, and allocations.
///
/// Machines are shared: the least is what the code costs, the median what it cost this time, and a
/// difference below a tenth is none.
@main
struct Runner {
    var filter = ""
    var isToy = false

    static func main() {
        var runner = Runner()
        do throws(UsageError) {
            try runner.read(CommandLine.arguments.dropFirst())
        } catch {
            print("\(error.message)\nusage: benchmarks [--filter TEXT] [--toy]")
            exit(64)
        }
        runner.runAll()
    }

    mutating func read(_ arguments: some Sequence<String>) throws(UsageError) {
        var rest = arguments.makeIterator()
        while let argument = rest.next() {
            switch argument {
            case "--toy": isToy = true
            case "--filter":
                guard let text = rest.next() else { throw UsageError(message: "--filter takes a part of a name") }
                filter = text
            default: throw UsageError(message: "unknown argument \(argument)")
            }
        }
    }

    func runAll() {
        let chosen = allBenchmarks.filter { filter.isEmpty || $0.name.contains(filter) }
        guard !chosen.isEmpty else {
            print("no benchmark's name holds \"\(filter)\"")
            exit(1)
        }
        let width = chosen.map(\.name.count).max() ?? 0
        print("benchmark".padded(to: width) + "    least ns   median ns  mallocs  checksum")
        var medians: [String: Double] = [:]
        for benchmark in chosen {
            if !isToy { benchmark.prepare() }
            let result = isToy ? Measurement(benchmark, batches: 3, batchNanoseconds: 0) : Measurement(benchmark)
            print(
                benchmark.name.padded(to: width) + result.leastText.leftPadded(to: 12) + result.medianText.leftPadded(to: 12)
                    + result.allocationsText.leftPadded(to: 9) + "  " + String(result.checksum, radix: 16))
            medians[benchmark.name] = result.median
            if let other = benchmark.comparedTo, let median = medians[other], median > 0 {
                print("  = \(Measurement.hundredths(result.median / median)) × \(other)")
            }
        }
    }
}

struct UsageError: Error {
    let message: String
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
