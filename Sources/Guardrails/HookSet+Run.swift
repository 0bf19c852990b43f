public import Bytes

extension HookSet {
    /// Makes all checks of what `bench.texts` holds, and appends the hooks' results to `report`: `[{"verdict":…},…]`.
    ///
    /// - Parameters:
    ///   - hasBody: whether the request's body is known; without it only hooks are run that need none.
    ///   - createdAt: now, as results say it: `2026-01-31T12:00:00.000Z`.
    ///   - clock: nanoseconds of any clock that only goes forward.
    /// - Source: the wire reference §7.1
    public func run(
        _ subject: CheckSubject, on bench: Workbench, hasBody: Bool = true, createdAt: ByteSlice, clock: () -> UInt64, into report: inout [UInt8]
    ) -> HookOutcome {
        var outcome = HookOutcome()
        report.append(UInt8(ascii: "["))
        for hook in hooks where hasBody || !hook.checks.contains(where: { $0.name.needsBody }) {
            if outcome.count > 0 { report.append(UInt8(ascii: ",")) }
            outcome.count += 1
            guard !hook.run(subject, on: bench, createdAt, clock, into: &report) else { continue }
            outcome.hasFailed = true
            if hook.denies { outcome.isDenied = true }
        }
        report.append(UInt8(ascii: "]"))
        return outcome
    }
}

extension Hook {
    /// Appends the hook's result; whether it passed.
    fileprivate func run(
        _ subject: CheckSubject, on bench: Workbench, _ createdAt: ByteSlice, _ clock: () -> UInt64, into report: inout [UInt8]
    ) -> Bool {
        let begun = clock()
        var tally = Tally()
        bench.checks.removeAll(keepingCapacity: true)
        for (index, check) in checks.enumerated() {
            let (verdict, counts) = check.run(subject, on: bench, createdAt, clock, isFirst: index == 0)
            tally.note(index, verdict)
            if !counts { tally.hasFailed = true }
        }
        report += tally.hasFailed ? "{\"verdict\":false,\"id\":".utf8 : "{\"verdict\":true,\"id\":".utf8
        report += quotedID
        report += ",\"transformed\":false,\"checks\":[".utf8
        report += bench.checks
        report += "],\"feedback\":".utf8
        write(tally.hasFailed ? onFailure : onSuccess, tally, into: &report)
        report += ",\"execution_time\":\((clock() - begun) / 1_000_000),\"async\":false,\"type\":\"guardrail\",\"created_at\":\"".utf8
        report += createdAt
        report += denies ? "\",\"deny\":true}".utf8 : "\",\"deny\":false}".utf8
        return !tally.hasFailed
    }

    private func write(_ feedback: Feedback?, _ tally: Tally, into report: inout [UInt8]) {
        guard let feedback else { return report += "null".utf8 }
        report += feedback.opening
        writeIDs("successfulChecks", tally.passed, into: &report)
        report.append(UInt8(ascii: ","))
        writeIDs("failedChecks", tally.failed, into: &report)
        report.append(UInt8(ascii: ","))
        writeIDs("erroredChecks", tally.undecided, into: &report)
        report += "}}".utf8
    }

    /// The ids of the checks whose bits are set, commas between them, as a member.
    private func writeIDs(_ name: StaticString, _ bits: UInt64, into report: inout [UInt8]) {
        report.append(member: name)
        report.append(UInt8(ascii: "\""))
        var isFirst = true
        for index in checks.indices where bits >> UInt64(index) & 1 == 1 {
            if !isFirst { report.append(UInt8(ascii: ",")) }
            isFirst = false
            report += checks[index].name.id.utf8
        }
        report.append(UInt8(ascii: "\""))
    }
}

/// Which of a hook's checks came to what, a bit each.
private struct Tally {
    var passed: UInt64 = 0
    var failed: UInt64 = 0
    var undecided: UInt64 = 0
    var hasFailed = false

    mutating func note(_ index: Int, _ verdict: Verdict) {
        let bit: UInt64 = 1 << UInt64(index)
        switch verdict {
        case .passed: passed |= bit
        case .failed: failed |= bit
        case .undecided: undecided |= bit
        }
    }
}

extension Check {
    /// Appends the check's result to those of its hook; its verdict, and whether the hook can still pass with it.
    fileprivate func run(
        _ subject: CheckSubject, on bench: Workbench, _ createdAt: ByteSlice, _ clock: () -> UInt64, isFirst: Bool
    ) -> (Verdict, passes: Bool) {
        let begun = clock()
        // Taken out while the check uses the bench.
        var results = bench.checks
        bench.checks = []
        if !isFirst { results.append(UInt8(ascii: ",")) }
        results += "{\"data\":".utf8
        let verdict = judge(subject, on: bench, into: &results)
        var isPassed = false
        if case .passed = verdict { isPassed = true }
        results += isPassed ? ",\"verdict\":true,\"id\":\"".utf8 : ",\"verdict\":false,\"id\":\"".utf8
        results += name.id.utf8
        results.append(UInt8(ascii: "\""))
        var passes = isPassed
        if case .undecided(let reason) = verdict {
            results += ",\"error\":{\"name\":\"Error\",\"message\":\"".utf8
            results += UnsafeBufferPointer(start: reason.utf8Start, count: reason.utf8CodeUnitCount)
            results += "\"}".utf8
            passes = !failsOnError
        }
        results += ",\"execution_time\":\((clock() - begun) / 1_000_000),\"transformed\":false,\"created_at\":\"".utf8
        results += createdAt
        results += failsOnError ? "\",\"log\":null,\"fail_on_error\":true}".utf8 : "\",\"log\":null,\"fail_on_error\":false}".utf8
        bench.checks = results
        return (verdict, passes)
    }
}

extension [UInt8] {
    fileprivate static func += (bytes: inout [UInt8], slice: ByteSlice) {
        bytes += UnsafeBufferPointer(start: slice.base, count: slice.count)
    }
}
