public import Bytes

/// Which slot of a ledger something is of: 128 bits, which `LedgerKeyMaker` makes of the names of a budget or limit and of the values it is
/// grouped by.
public struct LedgerKey: BitwiseCopyable, Hashable, Sendable {
    // The lowest bit is always set: 0 and 2 say "never used" and "retired" in a slot.
    let low: UInt64
    let high: UInt64

    init(low: UInt64, high: UInt64) {
        self.low = low | 1
        self.high = high
    }

    /// 32 hexadecimal digits, for who has to name it.
    public var text: String {
        func digits(_ word: UInt64) -> String {
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }
        return digits(high) + digits(low)
    }

    /// Nil for what is no key's text.
    public init?(text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ ASCII.hexValue($0) != nil }), let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16), low & 1 == 1
        else { return nil }
        self.init(low: low, high: high)
    }
}

/// Makes keys of one file: parts are hashed with SHA-256, each with its length, after a secret of the file's, so that nobody who chooses
/// values of a group can aim for another's slot, or for a crowded place of the table.
///
/// About 150 ns; the keys of budgets without groups are made once, with the snapshot.
public struct LedgerKeyMaker: BitwiseCopyable, Sendable {
    private let seedLow: UInt64
    private let seedHigh: UInt64
    private var hash = SHA256()

    init(seedLow: UInt64, seedHigh: UInt64) {
        self.seedLow = seedLow
        self.seedHigh = seedHigh
        begin()
    }

    private mutating func begin() {
        hash = SHA256()
        add(seedLow)
        add(seedHigh)
    }

    private mutating func add(_ word: UInt64) {
        var word = word.littleEndian
        withUnsafeBytes(of: &word) { bytes in
            guard let base = bytes.baseAddress else { return }
            hash.add(ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: bytes.count))
        }
    }

    /// One more part of the name: which budget, or a value it is grouped by.
    public mutating func add(_ part: ByteSlice) {
        add(UInt64(part.count))
        hash.add(part)
    }

    /// The same, for parts that are identifiers.
    public mutating func add(_ part: Identifier) {
        add(UInt64(16))
        add(part.high)
        add(part.low)
    }

    /// The key of the parts since the last; the next key's may follow.
    public mutating func finish() -> LedgerKey {
        let words = hash.finishWords()
        begin()
        return LedgerKey(low: words.low, high: words.high)
    }
}
