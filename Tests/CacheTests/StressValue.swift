import Bytes
import Cache

/// An answer whose every byte follows from its key and a version: one that is torn, freed or another key's gives itself away.
struct StressValue {
    let key: CacheKey
    let version: UInt64
    let byteCount: Int

    /// Key, version and length come first.
    static let headByteCount = 32

    init(key: CacheKey, version: UInt64, byteCount: Int) {
        self.key = key
        self.version = version
        self.byteCount = max(StressValue.headByteCount, byteCount)
    }

    var blob: CacheBlob? { CacheBlob(byteCount: byteCount) { write(to: $0) } }

    private func write(to base: UnsafeMutablePointer<UInt8>) {
        let raw = UnsafeMutableRawPointer(base)
        raw.storeBytes(of: key.low, toByteOffset: 0, as: UInt64.self)
        raw.storeBytes(of: key.high, toByteOffset: 8, as: UInt64.self)
        raw.storeBytes(of: version, toByteOffset: 16, as: UInt64.self)
        raw.storeBytes(of: UInt64(byteCount), toByteOffset: 24, as: UInt64.self)
        var words = SplitMix(seed: seed)
        var offset = StressValue.headByteCount
        while offset + 8 <= byteCount {
            raw.storeBytes(of: words.next(), toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < byteCount {
            base[offset] = UInt8(truncatingIfNeeded: words.next())
            offset += 1
        }
    }

    private var seed: UInt64 { key.low ^ version &* 0xD6E8_FEB8_6659_FD93 }

    /// The version of the answer these bytes are, when they are one for `key` from its first byte to its last.
    static func version(of bytes: ByteSlice, for key: CacheKey) -> UInt64? {
        guard bytes.count >= headByteCount else { return nil }
        let raw = UnsafeRawPointer(bytes.base)
        guard raw.load(as: UInt64.self) == key.low, raw.load(fromByteOffset: 8, as: UInt64.self) == key.high else { return nil }
        let version = raw.load(fromByteOffset: 16, as: UInt64.self)
        guard raw.load(fromByteOffset: 24, as: UInt64.self) == UInt64(bytes.count) else { return nil }
        var words = SplitMix(seed: StressValue(key: key, version: version, byteCount: bytes.count).seed)
        var offset = headByteCount
        while offset + 8 <= bytes.count {
            guard raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == words.next() else { return nil }
            offset += 8
        }
        while offset < bytes.count {
            guard bytes[offset] == UInt8(truncatingIfNeeded: words.next()) else { return nil }
            offset += 1
        }
        return version
    }
}

/// Numbers that follow from a seed.
/// - Source: Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SplitMix.mix(state)
    }

    static func mix(_ word: UInt64) -> UInt64 {
        var word = word
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// A number below `bound`.
    mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}

extension CacheKey {
    /// The key of a number, spread as a keyed hash spreads it.
    init(number: UInt64) { self.init(low: SplitMix.mix(2 &* number &+ 1), high: SplitMix.mix(2 &* number &+ 2)) }
}
