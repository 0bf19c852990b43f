import Bytes
import Ledger
import Patterns

/// Words that stand in a request where it may come to more than its text: found in one pass over its body.
struct BoundWords: OptionSet, Sendable {
    let rawValue: UInt8

    /// Names and words may be written in escapes: then all may be there.
    static let escapes = BoundWords(rawValue: 1 << 0)
    /// Parts of a message say of what type they are.
    static let types = BoundWords(rawValue: 1 << 1)
    static let cacheControl = BoundWords(rawValue: 1 << 2)
    static let audio = BoundWords(rawValue: 1 << 3)
    static let images = BoundWords(rawValue: 1 << 4)
    static let all = BoundWords(rawValue: 0b11111)

    /// In the order of the bits; nil where this machine cannot search for them.
    private static let set = try? WordSet(["\\u", "\"type\"", "cache_control", "audio", "image"].map { Array($0.utf8) })

    /// Compiles what it searches with, which a worker is not to wait for.
    static func prepare() { _ = set }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Those of `text`; all of them where that cannot be told.
    init(in text: ByteSlice, _ scratch: inout PatternScratch) {
        self.init(rawValue: BoundWords.set?.bits(in: text, &scratch).map { UInt8(truncatingIfNeeded: $0) } ?? BoundWords.all.rawValue)
        if contains(.escapes) { self = .all }
    }

    /// What no text can come to unless its request says so: sound, images, and what is written into a provider's cache.
    var absentClasses: TokenClassSet {
        var absent: TokenClassSet = []
        if !contains(.cacheControl) { absent.formUnion([TokenClassSet(.cacheWrite5m), TokenClassSet(.cacheWrite1h)]) }
        if !contains(.audio) { absent.formUnion([TokenClassSet(.audioInput), TokenClassSet(.audioCached), TokenClassSet(.audioOutput)]) }
        if !contains(.images) { absent.formUnion([TokenClassSet(.imageInput), TokenClassSet(.imageCached), TokenClassSet(.imageOutput)]) }
        return absent
    }
}
