import Bytes
import Glibc

/// What lies where in a file of shared memory, as its header says.
///
///     0        header: what it is, how large, the secret of its keys; then which boot wrote it last
///     1 KiB    processes: one word each, set while one has the file open
///     8 KiB    blocks of entries: one word each, whose they are
///     16 KiB   slots
///              entries of open reservations
struct LedgerFileLayout: BitwiseCopyable, Equatable {
    /// What the slots are of.
    enum Kind: UInt32 {
        case budgets = 1
        case rates = 2

        var slotByteCount: Int {
            switch self {
            case .budgets: MemoryLayout<BudgetSlot>.stride
            case .rates: MemoryLayout<RateSlot>.stride
            }
        }
    }

    // "SLUICELG", the first letter lowest.
    static let magic: UInt64 = 0x474C_4543_4955_4C53
    static let version: UInt32 = 1
    /// The words of the header that never change, and of their checksum.
    static let headerWordCount = 6
    static let bootOffset = 64
    static let processesOffset = 1024
    static let blocksOffset = 8192
    static let slotsOffset = 16384

    let kind: Kind
    let slotCount: Int
    let entryCount: Int
    let seedLow: UInt64
    let seedHigh: UInt64

    var entriesOffset: Int { LedgerFileLayout.slotsOffset + slotCount * kind.slotByteCount }
    var byteCount: Int { entriesOffset + entryCount * MemoryLayout<OpenEntry>.stride }
    var blockCount: Int { entryCount / BudgetLimits.entriesPerBlock }

    /// A new one's.
    /// - Throws: `.invalidSize` unless both are powers of two within their bounds.
    init(kind: Kind, slotCount: Int, entryCount: Int) throws(LedgerFileError) {
        guard LedgerFileLayout.isPossible(slots: slotCount) else {
            throw .invalidSize(what: "slots", count: slotCount, largest: BudgetLimits.largestSlotCount)
        }
        guard LedgerFileLayout.isPossible(entries: entryCount) else {
            throw .invalidSize(what: "open reservations", count: entryCount, largest: BudgetLimits.largestOpenCount)
        }
        var generator = SystemRandomNumberGenerator()
        self.kind = kind
        self.slotCount = slotCount
        self.entryCount = entryCount
        seedLow = generator.next()
        seedHigh = generator.next()
    }

    private static func isPossible(slots count: Int) -> Bool {
        count >= BudgetLimits.probeCount && count <= BudgetLimits.largestSlotCount && count & (count - 1) == 0
    }

    private static func isPossible(entries count: Int) -> Bool {
        count >= BudgetLimits.entriesPerBlock && count <= BudgetLimits.largestOpenCount && count & (count - 1) == 0
    }

    /// What a header says that was read.
    init(_ words: InlineArray<6, UInt64>, path: String, kind wanted: Kind) throws(LedgerFileError) {
        guard words[0] == LedgerFileLayout.magic else { throw .foreign(path: path) }
        let version = UInt32(truncatingIfNeeded: words[1])
        guard version == LedgerFileLayout.version else { throw .otherVersion(path: path, found: version, known: LedgerFileLayout.version) }
        guard words[5] == LedgerFileLayout.checksum(words), let kind = Kind(rawValue: UInt32(truncatingIfNeeded: words[1] >> 32)) else {
            throw .damaged(path: path)
        }
        guard kind == wanted else { throw .otherKind(path: path) }
        self.kind = kind
        slotCount = Int(UInt32(truncatingIfNeeded: words[2]))
        entryCount = Int(UInt32(truncatingIfNeeded: words[2] >> 32))
        guard LedgerFileLayout.isPossible(slots: slotCount), LedgerFileLayout.isPossible(entries: entryCount) else { throw .damaged(path: path) }
        seedLow = words[3]
        seedHigh = words[4]
    }

    var headerWords: InlineArray<6, UInt64> {
        var words = InlineArray<6, UInt64>(repeating: 0)
        words[0] = LedgerFileLayout.magic
        words[1] = UInt64(LedgerFileLayout.version) | UInt64(kind.rawValue) << 32
        words[2] = UInt64(slotCount) | UInt64(entryCount) << 32
        words[3] = seedLow
        words[4] = seedHigh
        words[5] = LedgerFileLayout.checksum(words)
        return words
    }

    /// Of all words but the last.
    private static func checksum(_ words: InlineArray<6, UInt64>) -> UInt64 {
        var hash = SHA256()
        withUnsafeBytes(of: words) { bytes in
            // Five of the six words.
            guard let base = bytes.baseAddress else { return }
            hash.add(ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: 40))
        }
        return hash.finishWords().low
    }
}
