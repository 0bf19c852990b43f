public import Bytes
import CHyperscan
import Synchronization

/// Words, compiled: which of them stand in a text is told in one pass over it, however many they are.
///
/// A word is its bytes, found anywhere, inside other words too. Immutable, so any thread may search with it.
public final class WordSet: Sendable {
    /// Hyperscan's database, which nothing writes once it is made.
    nonisolated(unsafe) let database: OpaquePointer

    /// No two databases of a process have the same.
    let identity: UInt64

    public let count: Int

    /// - Throws: why the words are too many or too long, or one is empty.
    public init(_ words: [[UInt8]]) throws(PatternError) {
        guard Pattern.isPlatformSupported else { throw Pattern.unsupported }
        guard (1...PatternLimits.wordCount).contains(words.count) else { throw PatternError("there are 1 to \(PatternLimits.wordCount) words in a set") }
        guard words.allSatisfy({ (1...PatternLimits.wordByteCount).contains($0.count) }) else {
            throw PatternError("a word has 1 to \(PatternLimits.wordByteCount) bytes")
        }
        guard words.reduce(0, { $0 + $1.count }) <= PatternLimits.wordsByteCount else {
            throw PatternError("all words of a set have at most \(PatternLimits.wordsByteCount) bytes")
        }
        count = words.count
        database = try WordSet.compiled(words)
        identity = Pattern.identities.add(1, ordering: .relaxed).newValue
    }

    deinit { hs_free_database(database) }

    private static func compiled(_ words: [[UInt8]]) throws(PatternError) -> OpaquePointer {
        var database: OpaquePointer?
        var said = [CChar](repeating: 0, count: 256)
        let text = words.flatMap { $0.map { CChar(bitPattern: $0) } }
        let code = hyperscan_compile_words(text, words.map(\.count), UInt32(words.count), &database, &said, said.count)
        guard code == HS_SUCCESS, let database else {
            let reason = String(decoding: said.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw PatternError("the words cannot be compiled: \(reason.isEmpty ? "no memory" : reason)")
        }
        return database
    }

    /// What of the set stands in a text; valid for one call.
    public struct Found {
        private let bits: UnsafePointer<UInt64>
        /// Words found, each counted once.
        public let count: Int

        init(_ bits: UnsafePointer<UInt64>, _ wordCount: Int) {
            self.bits = bits
            var count = 0
            for index in 0..<(wordCount + 63) / 64 { count += bits[index].nonzeroBitCount }
            self.count = count
        }

        /// Whether the word of that place in the set was found.
        public func contains(_ index: Int) -> Bool { bits[index >> 6] >> UInt64(index & 63) & 1 == 1 }
    }

    /// Which words of a small set stand in `text`, a bit each, the first lowest; nil where that could not be told, and for more than 64 words.
    public func bits(in text: ByteSlice, _ scratch: inout PatternScratch) -> UInt64? {
        guard count <= UInt64.bitWidth, let space = scratch.space(for: database, identity) else { return nil }
        var bits: UInt64 = 0
        return hyperscan_find_words(database, text.base, text.count, &bits, space) == HS_SUCCESS ? bits : nil
    }

    /// Hands `body` what stands in `text`; nil where that could not be told: memory is missing, or the text is past 4 GiB.
    public func find<Result>(in text: ByteSlice, _ scratch: inout PatternScratch, _ body: (Found) -> Result) -> Result? {
        guard let space = scratch.space(for: database, identity) else { return nil }
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: (count + 63) / 64) { bits -> Result? in
            bits.initialize(repeating: 0)
            guard let base = bits.baseAddress, hyperscan_find_words(database, text.base, text.count, base, space) == HS_SUCCESS else { return nil }
            return body(Found(base, count))
        }
    }
}
