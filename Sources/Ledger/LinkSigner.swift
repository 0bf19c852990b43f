public import Bytes

/// Makes links that open for whoever has them, for a while, and knows them again: with one goes no key.
///
/// `PATH?QUERY&expires=SECONDS&signature=HEX`, where the signature is HMAC-SHA-256 over the SHA-256 of all before it: no part of a link can be changed.
/// - Source: RFC 2104
public struct LinkSigner: Sendable {
    private let pepper: KeyPepper
    private static let expires: StaticString = "&expires="
    private static let signature: StaticString = "&signature="

    /// - Parameter pepper: of this purpose alone.
    public init(_ pepper: KeyPepper) { self.pepper = pepper }

    /// The path and the query of a link.
    ///
    /// - Parameter expires: from when on it no longer opens, in seconds since 1970.
    public func link(to path: String, _ query: String, expires: Int64) -> String {
        let signed = "\(path)?\(query)\(LinkSigner.expires)\(expires)"
        return "\(signed)\(LinkSigner.signature)\(String(decoding: code(Array(signed.utf8)), as: UTF8.self))"
    }

    /// Whether the path and the query are a link's that opens still.
    ///
    /// - Parameter now: milliseconds since 1970.
    public func opens(_ path: ByteSlice, _ query: ByteSlice, now: Int64) -> Bool {
        let tail = LinkSigner.signature.utf8CodeUnitCount + 2 * KeyDigest.byteCount
        guard query.count > tail else { return false }
        let signed = query.prefix(query.count - tail)
        guard query.dropFirst(signed.count).hasPrefix(LinkSigner.signature) else { return false }
        // Its digits are the last of what is signed.
        var start = signed.count
        while start > 0, ASCII.isDigit(signed[start - 1]) { start -= 1 }
        let word = LinkSigner.expires.utf8CodeUnitCount
        guard start >= word, signed.dropFirst(start - word).hasPrefix(LinkSigner.expires), let expires = signed.dropFirst(start).decimal,
            now / 1000 < expires
        else { return false }
        let wanted = code([UInt8](path) + [UInt8(ascii: "?")] + [UInt8](signed))
        return wanted.withByteSlice { query.dropFirst(query.count - $0.count).equalsInConstantTime($0) }
    }

    /// In hexadecimal.
    private func code(_ text: [UInt8]) -> [UInt8] {
        let code = text.withByteSlice { pepper.digest(of: KeyDigest(of: $0)) }.bytes
        return [UInt8](unsafeUninitializedCapacity: 2 * KeyDigest.byteCount) { memory, count in
            guard let base = memory.baseAddress else { return }
            var writer = ByteWriter(base, capacity: memory.count)
            code.withByteSlice { writer.append(hexadecimalOf: $0) }
            count = writer.count
        }
    }
}
