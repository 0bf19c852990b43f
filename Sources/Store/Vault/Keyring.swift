import Bytes
import COpenSSL
import Foundation

/// The keys that wrap the secrets' own keys, and the pepper of gateway keys' digests. Kept apart from what they protect.
///
///     sluice-keyring-1
///     pepper 6fd1…                      32 random bytes, in hexadecimal
///     key 2026-03-01-9f2c17aa 81c0…     the same; the last one wraps, all unwrap
///
/// Words are parted by blanks or line ends, so that it fits a variable too; `#` begins a comment, to the line's end.
struct Keyring: Sendable {
    struct Key: Sendable {
        let id: String
        let secret: SecretBytes
    }

    static let magic = "sluice-keyring-1"

    /// The oldest first; never empty.
    private(set) var keys: [Key]
    let pepper: SecretBytes

    /// The one that wraps.
    var newest: Key { keys[keys.count - 1] }

    func key(_ id: String) -> Key? { keys.first { $0.id == id } }

    /// A keyring of one key, from the system's random source.
    init(madeOn date: Date) throws(KeyringError) {
        guard let pepper = AES256GCM.randomKey() else { throw .noRandomBytes }
        self.pepper = pepper
        keys = []
        try addKey(madeOn: date)
    }

    /// Adds a key, which from now on wraps. Its name is the day and eight random digits.
    @discardableResult
    mutating func addKey(madeOn date: Date) throws(KeyringError) -> String {
        guard keys.count < StoreLimits.keyringKeyCount else { throw .tooManyKeys }
        var tail: [UInt8] = [0, 0, 0, 0]
        guard let secret = AES256GCM.randomKey(), RAND_bytes(&tail, CInt(tail.count)) == 1 else { throw .noRandomBytes }
        let id = date.formatted(.iso8601.year().month().day()) + "-" + Hexadecimal.text(tail)
        keys.append(Key(id: id, secret: secret))
        return id
    }

    // MARK: Text

    /// Reads a keyring's text.
    init(_ text: SecretBytes) throws(KeyringError) {
        self = try text.withBytes { bytes throws(KeyringError) in try Keyring(reading: bytes) }
    }

    private init(reading text: ByteSlice) throws(KeyringError) {
        guard text.count <= StoreLimits.keyringByteCount else { throw .tooLong }
        var words = Keyring.words(of: text)[...]
        guard let first = words.popFirst(), String(first.bytes) == Keyring.magic else { throw .notAKeyring }
        var pepper: SecretBytes?
        var keys: [Key] = []
        while let word = words.popFirst() {
            switch String(word.bytes) {
            case "pepper":
                guard pepper == nil else { throw .twice("pepper", line: word.line) }
                pepper = try Keyring.secret(words.popFirst(), of: "pepper", line: word.line)
            case "key":
                guard let name = words.popFirst(), let id = Keyring.name(name.bytes) else { throw .badName(line: word.line) }
                guard !keys.contains(where: { $0.id == id }) else { throw .twice("key \(id)", line: word.line) }
                guard keys.count < StoreLimits.keyringKeyCount else { throw .tooManyKeys }
                keys.append(Key(id: id, secret: try Keyring.secret(words.popFirst(), of: "key \(id)", line: word.line)))
            default:
                throw .unknownWord(line: word.line)
            }
        }
        guard let pepper else { throw .missing("pepper") }
        guard !keys.isEmpty else { throw .missing("key") }
        for key in keys where key.secret.bytes == pepper.bytes { throw .twice("the pepper as key \(key.id)", line: 1) }
        self.pepper = pepper
        self.keys = keys
    }

    private struct Word {
        let bytes: ByteSlice
        let line: Int
    }

    private static func words(of text: ByteSlice) -> [Word] {
        var words: [Word] = []
        var line = 1
        var start: Int?
        var isComment = false
        for index in 0...text.count {
            let byte = index < text.count ? text[index] : UInt8(ascii: "\n")
            let ends = byte <= 0x20 || isComment || byte == UInt8(ascii: "#")
            if ends, let from = start {
                words.append(Word(bytes: text[from..<index], line: line))
                start = nil
            }
            if byte == UInt8(ascii: "#") { isComment = true }
            if byte == UInt8(ascii: "\n") {
                isComment = false
                line += 1
            }
            if !ends, start == nil { start = index }
        }
        return words
    }

    private static func name(_ bytes: ByteSlice) -> String? {
        guard bytes.count <= StoreLimits.keyNameByteCount else { return nil }
        for index in 0..<bytes.count where !(ASCII.isLetter(bytes[index]) || ASCII.isDigit(bytes[index]) || bytes[index] == UInt8(ascii: "-")) { return nil }
        return String(bytes)
    }

    private static func secret(_ word: Word?, of what: String, line: Int) throws(KeyringError) -> SecretBytes {
        guard let word else { throw .cutShort(what, line: line) }
        let digits = word.bytes
        guard digits.count == 2 * AES256GCM.keyByteCount else { throw .wrongLength(what, line: line, digits: digits.count) }
        let secret = SecretBytes(count: AES256GCM.keyByteCount) { out in
            for index in 0..<AES256GCM.keyByteCount {
                guard let high = ASCII.hexValue(digits[2 * index]), let low = ASCII.hexValue(digits[2 * index + 1]) else { return false }
                out[index] = high << 4 | low
            }
            return true
        }
        guard let secret else { throw .noHexadecimal(what, line: line) }
        guard isRandom(secret.bytes) else { throw .guessable(what, line: line) }
        return secret
    }

    /// Whether bytes may be what they should be. 32 random ones hold 30 different values; fewer than 16, or a text, are somebody's
    /// choice, with odds of one in 10¹⁰ of being wrong. Keys that were published in standards and examples are nobody's secret.
    private static func isRandom(_ bytes: ByteSlice) -> Bool {
        var seen = Set<UInt8>()
        var steps = Set<UInt8>()
        var isText = true
        for index in 0..<bytes.count {
            seen.insert(bytes[index])
            if index > 0 { steps.insert(bytes[index] &- bytes[index - 1]) }
            if !(0x20..<0x7F).contains(bytes[index]) { isText = false }
        }
        // A count up or down takes one step again and again.
        guard seen.count >= 16, steps.count >= 8, !isText else { return false }
        var digits: [UInt8] = []
        Hexadecimal.append(bytes, to: &digits)
        defer { digits.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return !published.contains { $0.utf8.elementsEqual(digits) }
    }

    /// The AES-256 keys of the test vectors of NIST SP 800-38A, of the GCM specification, of RFC 8452 and of RFC 3394's kin.
    private static let published = [
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210",
        "2b7e151628aed2a6abf7158809cf4f3c2b7e151628aed2a6abf7158809cf4f3c",
    ]

    /// The keyring as it is written, with a word to who finds it.
    var text: SecretBytes {
        var bytes = Array(
            """
            \(Keyring.magic)
            # Whoever has this file and the store can read every secret in it; without this file nobody can.
            # Keep a copy of it, apart from the copies of the store.

            """.utf8)
        bytes.reserveCapacity(bytes.count + (keys.count + 1) * 160)
        bytes += "pepper ".utf8
        Hexadecimal.append(pepper.bytes, to: &bytes)
        for key in keys {
            bytes += "\nkey \(key.id) ".utf8
            Hexadecimal.append(key.secret.bytes, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        defer { bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return bytes.withByteSlice { SecretBytes($0) }
    }
}
