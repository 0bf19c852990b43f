public import Bytes

/// SipHash-1-3 with 128 bits of output, fed piece by piece: to who does not know the key its outputs are random.
///
/// What is fed counts as one run of bytes, wherever its pieces end. One round a word and three at the end, as in the hash tables of Rust, Python
/// and Ruby: the best way known to make two inputs meet within a word's round has a chance of 2⁻¹⁶⁷, less than that of meeting by chance.
/// - Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012; the 128-bit form of the reference implementation;
///   C. Dobraunig, F. Mendel, M. Schläffer, "Differential Cryptanalysis of SipHash", 2014, table 1
struct SipHash: BitwiseCopyable {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    /// Bytes that do not fill a word yet, the first lowest.
    private var tail: UInt64 = 0
    private var count: UInt64 = 0

    @inline(__always)
    init(_ seed: CacheSeed) {
        v0 = seed.low ^ 0x736F_6D65_7073_6575
        v1 = seed.high ^ 0x646F_7261_6E64_6F6D ^ 0xEE
        v2 = seed.low ^ 0x6C79_6765_6E65_7261
        v3 = seed.high ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        let shift = (count & 7) &* 8
        tail |= UInt64(byte) &<< shift
        count &+= 1
        guard shift == 56 else { return }
        compress(tail)
        tail = 0
    }

    @inline(__always)
    mutating func append(_ word: UInt64) {
        let shift = (count & 7) &* 8
        count &+= 8
        guard shift != 0 else { return compress(word) }
        compress(tail | word &<< shift)
        tail = word &>> (64 &- shift)
    }

    @inline(__always)
    mutating func append(_ bytes: ByteSlice) {
        var at = 0
        let raw = UnsafeRawPointer(bytes.base)
        while bytes.count &- at >= 8 {
            // Eight bytes from `at` on are inside the slice, as just compared.
            append(UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            at &+= 8
        }
        let left = bytes.count &- at
        if left > 0 { append(SipHash.lastBytes(raw, bytes.count, left), byteCount: left) }
    }

    /// The last `left` of `count` bytes as a word, the first lowest; fewer than eight.
    @inline(__always)
    private static func lastBytes(_ raw: UnsafeRawPointer, _ count: Int, _ left: Int) -> UInt64 {
        // Each read ends where the slice does, or before.
        if count >= 8 { return UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)) &>> UInt64(64 &- left &* 8) }
        if count >= 4 {
            let low = UInt64(UInt32(littleEndian: raw.loadUnaligned(as: UInt32.self)))
            let high = UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)))
            return low | high &<< UInt64((count &- 4) &* 8)
        }
        var word: UInt64 = 0
        for index in 0..<count { word |= UInt64(raw.load(fromByteOffset: index, as: UInt8.self)) &<< UInt64(index &* 8) }
        return word
    }

    /// The lowest `byteCount` bytes of `word`, fewer than eight; the others are zero.
    @inline(__always)
    private mutating func append(_ word: UInt64, byteCount: Int) {
        let held = count & 7
        count &+= UInt64(byteCount)
        tail |= word &<< (held &* 8)
        guard held &+ UInt64(byteCount) >= 8 else { return }
        compress(tail)
        // At least one was held, as fewer than eight came.
        tail = word &>> (64 &- held &* 8)
    }

    /// The hash of all that was fed; more may be fed to the original.
    @inline(__always)
    consuming func finish() -> Digest {
        compress(tail | count &<< 56)
        v2 ^= 0xEE
        for _ in 0..<3 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xDD
        for _ in 0..<3 { round() }
        return Digest(low: low, high: v0 ^ v1 ^ v2 ^ v3)
    }

    @inline(__always)
    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    @inline(__always)
    private mutating func round() {
        v0 = v0 &+ v1
        v1 = v1 &<< 13 | v1 &>> 51
        v1 ^= v0
        v0 = v0 &<< 32 | v0 &>> 32
        v2 = v2 &+ v3
        v3 = v3 &<< 16 | v3 &>> 48
        v3 ^= v2
        v0 = v0 &+ v3
        v3 = v3 &<< 21 | v3 &>> 43
        v3 ^= v0
        v2 = v2 &+ v1
        v1 = v1 &<< 17 | v1 &>> 47
        v1 ^= v2
        v2 = v2 &<< 32 | v2 &>> 32
    }
}

/// 128 bits of hash.
struct Digest: BitwiseCopyable, Equatable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    /// Adds another: sums of hashes do not tell in which order they were added. Two collections with the same sum would be a collision
    /// of 128 bits, among outputs that nobody outside sees.
    /// - Source: D. Clarke et al., "Incremental Multiset Hash Functions", 2003, MSet-Add-Hash
    @inline(__always)
    mutating func add(_ other: Digest) {
        let (sum, carry) = low.addingReportingOverflow(other.low)
        low = sum
        high = high &+ other.high &+ (carry ? 1 : 0)
    }
}

/// What the keys of one process are hashed with: random, and told to nobody, so that no peer can aim for a collision.
public struct CacheSeed: BitwiseCopyable, Sendable {
    let low: UInt64
    let high: UInt64

    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// A new one, from the system's generator.
    public static func random() -> CacheSeed {
        var generator = SystemRandomNumberGenerator()
        return CacheSeed(low: generator.next(), high: generator.next())
    }

    /// The hash of a name, for `CacheTags`: the same in all of the process.
    public func tag(_ name: ByteSlice) -> UInt64 {
        var hash = SipHash(self)
        hash.append(name)
        return hash.finish().low
    }
}
