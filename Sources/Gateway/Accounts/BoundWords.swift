import Bytes
import Ledger
import Patterns

/// Words that stand in a request where it may come to more than its text, and only matter where that costs more: found in one pass over its body.
struct BoundWords: OptionSet, Sendable {
    let rawValue: UInt8

    /// Names and words may be written in escapes: then all may be there.
    static let escapes = BoundWords(rawValue: 1 << 0)
    static let cacheControl = BoundWords(rawValue: 1 << 1)
    static let audio = BoundWords(rawValue: 1 << 2)
    static let images = BoundWords(rawValue: 1 << 3)
    static let all = BoundWords(rawValue: 0b1111)

    /// In the order of the bits; nil where this machine cannot search for them.
    private static let set = try? WordSet(["\\u", "cache_control", "audio", "image"].map { Array($0.utf8) })

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

/// Whether parts of a request may say of what type they are, as those do that hold images and sound.
enum TypedParts {
    /// Whether `text` has `"type"` in it, or a letter written as an escape, which might be one of that. Each request is asked, so this is one pass of
    /// a few instructions: it looks for the letter of the word that is the rarest in others.
    static func mayBe(in text: ByteSlice) -> Bool {
        let (y, backslash) = (ByteLanes.all(UInt8(ascii: "y")), ByteLanes.all(UInt8(ascii: "\\")))
        var at = 0
        while true {
            at = ByteLanes.firstOffset(in: text.base, from: at, to: text.count) { ($0 .== y) .| ($0 .== backslash) }
            guard at < text.count else { return false }
            if isFound(text, at) { return true }
            at &+= 1
        }
    }

    /// Whether the byte at `place` begins an escape of a letter, or is the word's.
    @inline(__always)
    private static func isFound(_ text: ByteSlice, _ place: Int) -> Bool {
        if text[place] == UInt8(ascii: "\\") { return place + 1 < text.count && text[place + 1] == UInt8(ascii: "u") }
        return place >= 2 && place + 4 <= text.count && text[place - 1] == UInt8(ascii: "t") && text[place - 2..<place + 4] == "\"type\""
    }
}
