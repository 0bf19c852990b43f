import Bytes
import Ledger
import Providers

/// Identifying a client: what a keyed request pays before anything else is known of it.
var ledgerBenchmarks: [Benchmark] {
    // Built once: 1,000 digests would outweigh what is timed.
    let manyKeys = ManyKeys()
    guard let table = makeTable() else { preconditionFailure("the benchmark's keys differ") }
    guard let prices = try? PriceBook.embedded() else { preconditionFailure("the embedded price book has no fault") }
    return [
        Benchmark(name: "ledger/key by SHA-256, of 1,000 keys") { lookUp(presented, in: table, $0) },
        Benchmark(name: "ledger/digest of a key as a store has it", prepare: manyKeys.fill, run: manyKeys.digest),
        Benchmark(name: "ledger/key of a store, of 100,000", comparedTo: "ledger/digest of a key as a store has it", prepare: manyKeys.fill, run: manyKeys.lookUp),
        Benchmark(name: "ledger/key remembered by its connection") { recallKey(of: table, $0) },
        Benchmark(name: "ledger/key malformed or unknown") { lookUp(foreign, in: table, $0) },
        Benchmark(name: "ledger/identifier made and written", run: makeIdentifier),
        Benchmark(name: "ledger/traceparent read and written", run: passTrace),
        Benchmark(name: "ledger/price of a model, of 3,000") { findPrice(of: ByteSlice("gpt-4o-2024-08-06"), in: prices, $0) },
        Benchmark(name: "ledger/price of a model listed without its date") { findPrice(of: ByteSlice("claude-sonnet-4-5-20991231"), in: prices, $0) },
        Benchmark(name: "ledger/no price") { findPrice(of: ByteSlice("a-model-of-nobody"), in: prices, $0) },
        Benchmark(name: "ledger/bill of an answer") { bill(with: prices, $0) },
        Benchmark(name: "ledger/price book read, of 3,000 models", run: readPrices),
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

/// As many keys as a large company's store has; each asks as often as every other.
private final class ManyKeys {
    private static let (fullCount, toyCount) = (100_000, 100)
    private var table: KeyTable?
    private var secrets: [[UInt8]] = []
    private let pepper = [UInt8](repeating: 7, count: 32).withByteSlice { KeyPepper($0, purpose: "benchmarks") }

    func fill() { if secrets.count < Self.fullCount { fill(Self.fullCount) } }

    private func fill(_ count: Int) {
        // Spread, as secrets are.
        secrets = (0..<count).map { Array("sk-sluice-\($0 &* 0x9E37_79B9 % 0xFFFF_FFFB)-0123456789ABCDEFGHIJKLMNOPQRSTUVW".utf8) }
        let declarations = secrets.enumerated().map { index, secret in
            var key = KeyTable.Declaration(name: "key-\(index)", digest: pepper.digest(of: secret.withByteSlice { KeyDigest(of: $0) }))
            key.isPeppered = true
            return key
        }
        table = try? KeyTable(declarations, pepper: pepper)
    }

    /// What a lookup does before it looks.
    func digest(_ count: Int) -> UInt64 {
        if table == nil { fill(Self.toyCount) }
        var (sum, place): (UInt64, Int) = (1, 0)
        for _ in 0..<count {
            place = (place &+ 7919) % secrets.count
            sum &+= pepper.digest(of: secrets[place].withByteSlice { KeyDigest(of: $0) }).firstHalf.0
        }
        return sum
    }

    func lookUp(_ count: Int) -> UInt64 {
        if table == nil { fill(Self.toyCount) }
        guard let table else { return 0 }
        var (found, place): (UInt64, Int) = (0, 0)
        for _ in 0..<count {
            place = (place &+ 7919) % secrets.count
            if secrets[place].withByteSlice({ table.principal(presenting: $0) })?.keyIndex == place { found += 1 }
        }
        return found == UInt64(count) ? found + 1 : 0
    }
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

private func findPrice(of model: ByteSlice, in prices: PriceBook, _ iterations: Int) -> UInt64 {
    let provider = model.hasPrefix("claude") ? ByteSlice("anthropic") : ByteSlice("openai")
    var sum: UInt64 = 0
    for _ in 0..<iterations {
        sum &+= prices.price(provider: provider, model: model).map { UInt64($0.rate(of: .input).nanodollarsPerMillion) } ?? 1
    }
    return sum
}

private func bill(with prices: PriceBook, _ iterations: Int) -> UInt64 {
    guard let price = prices.price(provider: ByteSlice("google"), model: ByteSlice("gemini-2.5-pro")) else { return 0 }
    var usage = Usage()
    usage.cachedRead = 150_000
    usage.output = 800
    var sum: UInt64 = 0
    for iteration in 0..<iterations {
        usage.input = Int64(iteration & 0xFFFF)
        sum &+= UInt64(price.cost(of: usage).count)
    }
    return sum
}

private func readPrices(_ iterations: Int) -> UInt64 {
    var sum: UInt64 = 0
    for _ in 0..<iterations { sum &+= UInt64((try? PriceBook.embedded())?.modelCount ?? 0) }
    return sum
}
