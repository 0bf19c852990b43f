import Bytes
import Ledger

/// Identifying a client: what a keyed request pays before anything else is known of it.
var ledgerBenchmarks: [Benchmark] {
    // Built once: 1,000 digests would outweigh what is timed.
    guard let table = makeTable() else { preconditionFailure("the benchmark's keys differ") }
    return [
        Benchmark(name: "ledger/key by SHA-256, of 1,000 keys") { lookUp(presented, in: table, $0) },
        Benchmark(name: "ledger/key remembered by its connection") { recallKey(of: table, $0) },
        Benchmark(name: "ledger/key malformed or unknown") { lookUp(foreign, in: table, $0) },
        Benchmark(name: "ledger/identifier made and written", run: makeIdentifier),
        Benchmark(name: "ledger/traceparent read and written", run: passTrace),
    ]
}

private var presented: ByteSlice { ByteSlice("sk-sluice-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg000000") }
private var foreign: ByteSlice { ByteSlice("sk-proj-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0000000000") }

/// A table of 1,000 keys with `presented` among them.
private func makeTable() -> KeyTable? {
    var declarations = (0..<999).map { index in
        KeyTable.Declaration(name: "key-\(index)", digest: Array("secret-\(index)".utf8).withByteSlice { KeyDigest(of: $0) })
    }
    declarations.append(.init(name: "ours", digest: KeyDigest(of: presented), configurationIndex: 1))
    return try? KeyTable(declarations)
}

private func lookUp(_ secret: ByteSlice, in table: KeyTable, _ iterations: Int) -> UInt64 {
    var sum: UInt64 = 0
    for _ in 0..<iterations { sum &+= UInt64(table.principal(presenting: secret)?.keyIndex ?? 1) }
    return sum
}

private func recallKey(of table: KeyTable, _ iterations: Int) -> UInt64 {
    guard let principal = table.principal(presenting: presented) else { return 0 }
    var memory = CredentialMemory()
    memory.remember(presented, as: principal, snapshotVersion: 1)
    var sum: UInt64 = 0
    for _ in 0..<iterations { sum &+= UInt64(memory.recall(presented, snapshotVersion: 1)?.keyIndex ?? 0) }
    return sum
}

private func makeIdentifier(_ iterations: Int) -> UInt64 {
    guard var maker = try? IdentifierMaker() else { return 0 }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Identifier.textByteCount) { memory in
        guard let base = memory.baseAddress else { return 0 }
        var sum: UInt64 = 0
        for iteration in 0..<iterations {
            var writer = ByteWriter(base, capacity: memory.count)
            maker.next(wallNanoseconds: UInt64(iteration) * 1_000).write(into: &writer)
            sum &+= UInt64(base[35])
        }
        return sum
    }
}

private func passTrace(_ iterations: Int) -> UInt64 {
    let field = ByteSlice("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: TraceContext.textByteCount) { memory in
        guard let base = memory.baseAddress else { return 0 }
        var sum: UInt64 = 0
        for iteration in 0..<iterations {
            var writer = ByteWriter(base, capacity: memory.count)
            TraceContext(field)?.child(UInt64(iteration)).write(into: &writer)
            sum &+= UInt64(base[51])
        }
        return sum
    }
}
