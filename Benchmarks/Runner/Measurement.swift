import BenchmarkBodies
import CAllocations
import Glibc

/// What one benchmark took, in nanoseconds and allocations an operation.
struct Measurement {
    let least: Double
    let median: Double
    let allocations: Double
    let checksum: UInt64

    /// Finds how many operations fill a batch, then times the batches.
    init(_ benchmark: Benchmark, batches: Int = 40, batchNanoseconds: UInt64 = 5_000_000) {
        let operations = Measurement.operations(filling: batchNanoseconds, benchmark)
        var times: [Double] = []
        var checksum: UInt64 = 0
        for _ in 0..<batches {
            let batch = Measurement.time(benchmark, operations)
            checksum = batch.checksum
            times.append(Double(batch.nanoseconds) / Double(operations))
        }
        times.sort()
        least = times[0]
        median = times[times.count / 2]
        allocations = Measurement.allocations(benchmark, operations)
        self.checksum = checksum
    }

    var leastText: String { Measurement.text(least) }
    var medianText: String { Measurement.text(median) }
    var allocationsText: String { Measurement.hundredths(allocations) }

    /// Two decimals.
    static func hundredths(_ value: Double) -> String {
        let hundredths = Int64((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
    }

    /// A count whose batch lasts at least half of `nanoseconds`; 1 when none is asked for. Warms up on the way.
    private static func operations(filling nanoseconds: UInt64, _ benchmark: Benchmark) -> Int {
        guard nanoseconds > 0 else { return 1 }
        var operations = 1
        // 2³⁰ of anything is more than half a batch; the bound ends a benchmark that was optimised away. The lesser of two, or one
        // operation that was held up would make a batch.
        while operations < 1 << 30, min(time(benchmark, operations).nanoseconds, time(benchmark, operations).nanoseconds) < nanoseconds / 2 {
            operations *= 2
        }
        return operations
    }

    /// Allocations of one operation more: what a batch allocates before its first is not the operation's. The median of a few
    /// batches: what is allocated once, whenever that is, is no operation's either.
    private static func allocations(_ benchmark: Benchmark, _ operations: Int) -> Double {
        let counts = (0..<5).map { _ in
            let few = allocations(of: benchmark, operations)
            let many = allocations(of: benchmark, 2 * operations)
            return many - min(few, many)
        }
        return Double(counts.sorted()[2]) / Double(operations)
    }

    private static func allocations(of benchmark: Benchmark, _ operations: Int) -> UInt64 {
        let before = allocations_of_thread()
        _ = benchmark.run(operations)
        return allocations_of_thread() - before
    }

    private static func time(_ benchmark: Benchmark, _ operations: Int) -> (nanoseconds: UInt64, checksum: UInt64) {
        let begin = processorNanoseconds()
        let checksum = benchmark.run(operations)
        return (processorNanoseconds() - begin, checksum)
    }

    /// One decimal below a thousand, none above.
    private static func text(_ nanoseconds: Double) -> String {
        if nanoseconds >= 1000 { return String(Int64(nanoseconds.rounded())) }
        let tenths = Int64((nanoseconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// This thread's time on a processor: what others take of it meanwhile is not the benchmark's.
private func processorNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
