import Bytes
import COpenSSL

/// Names that stand in configs, headers and paths: `pc-fallba-9f2c1a`.
enum Slug {
    /// Lower-case letters, digits, dashes and underscores, beginning with a letter or digit.
    ///
    /// - Parameter prefix: what it has to begin with, before a dash; nil where the kind has no slugs.
    static func check(_ slug: String, prefix: String?) throws(StoreError) {
        guard let prefix else { throw .invalid(field: "slug", reason: "is nothing that this kind has") }
        guard slug.utf8.count <= StoreLimits.slugByteCount else { throw .invalid(field: "slug", reason: "has more than \(StoreLimits.slugByteCount) bytes") }
        let isPlain = slug.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        guard isPlain, let first = slug.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "_") else {
            throw .invalid(field: "slug", reason: "is made of lower-case letters, digits, \"-\" and \"_\", the first a letter or digit")
        }
        guard prefix.isEmpty || (slug.hasPrefix(prefix + "-") && slug.utf8.count > prefix.utf8.count + 1) else {
            throw .invalid(field: "slug", reason: "begins with \"\(prefix)-\"")
        }
    }

    /// A slug from a name's first letters, and six random digits.
    static func make(_ prefix: String, from name: String) throws(StoreError) -> String {
        var random: [UInt8] = [0, 0, 0]
        guard RAND_bytes(&random, CInt(random.count)) == 1 else { throw .vault(.noRandomBytes) }
        var letters: [UInt8] = []
        for byte in name.utf8 where letters.count < 10 {
            let lower = ASCII.lowercased(byte)
            if ASCII.isLetter(lower) || ASCII.isDigit(lower) {
                letters.append(lower)
            } else if let last = letters.last, last != UInt8(ascii: "-") {
                letters.append(UInt8(ascii: "-"))
            }
        }
        while letters.last == UInt8(ascii: "-") { letters.removeLast() }
        if letters.isEmpty { letters = Array("key".utf8) }
        return (prefix.isEmpty ? "" : prefix + "-") + String(decoding: letters, as: UTF8.self) + "-" + Hexadecimal.text(random)
    }
}
