import Bytes
public import JSON

/// Takes secrets out of what is written to the audit log, or shown: what a name says is one, what looks like one, and what is known to be one.
public struct Masking {
    /// Secrets of the change at hand, wherever they may stand.
    private let known: [String]

    init(known: [SecretBytes] = []) {
        // What is shorter stands in half the words there are.
        self.known = known.filter { $0.count >= 8 }.map(\.string)
    }

    /// A document without the secrets in it, as it may be shown: of each its last four characters, where that leaves enough unsaid.
    public static func masked(_ node: DocumentNode) -> DocumentNode { Masking().node(node, namesTell: true) }

    /// A JSON text, masked. What cannot be read is left out whole.
    func document(_ text: String, namesTell: Bool) -> DocumentNode {
        guard let root = DocumentParser.parse(text).document?.root else { return DocumentNode(.string("…"), at: .start) }
        return node(root, namesTell: namesTell)
    }

    private func node(_ node: DocumentNode, namesTell: Bool) -> DocumentNode {
        switch node.value {
        case .string(let text): return DocumentNode(.string(self.text(text)), at: .start)
        case .array(let elements): return DocumentNode(.array(elements.map { self.node($0, namesTell: namesTell) }), at: .start)
        case .object(let members):
            let masked = members.map { member in
                let isSecret = namesTell && Masking.isSecret(member.name)
                let value = isSecret ? Masking.hidden(member.value) : self.node(member.value, namesTell: namesTell)
                return DocumentMember(name: text(member.name), position: .start, value: value)
            }
            return DocumentNode(.object(masked), at: .start)
        case .null, .boolean, .number: return node
        }
    }

    private static func hidden(_ node: DocumentNode) -> DocumentNode {
        switch node.value {
        case .string(let text): DocumentNode(.string(end(of: text)), at: .start)
        case .null: node
        default: DocumentNode(.string("…"), at: .start)
        }
    }

    /// Whether a member of this name holds a secret, in any spelling: `aws_secret_access_key`, `apiKey`, `X-Api-Key`.
    static func isSecret(_ name: String) -> Bool {
        let plain = String(decoding: name.utf8.map { ASCII.lowercased($0) }.filter { ASCII.isLetter($0) || ASCII.isDigit($0) }, as: UTF8.self)
        // These end as secrets' names do, and name none.
        if ["virtualkey", "cachekey", "publickey", "valuekey", "groupkey"].contains(plain) { return false }
        let words = [
            "secret", "password", "passwd", "passphrase", "authorization", "credential", "cookie", "privatekey", "connectionstring", "signature",
            "serviceaccountjson",
        ]
        return plain.hasSuffix("key") || plain.hasSuffix("token") || plain.hasSuffix("keys") || words.contains { plain.contains($0) }
    }

    /// A text without the secrets in it.
    func text(_ text: String) -> String {
        var masked = text
        for secret in known where masked.contains(secret) { masked = masked.replacing(secret, with: Masking.end(of: secret)) }
        guard masked.utf8.count >= 16 else { return masked }
        if masked.contains("-----BEGIN") { return "…" }
        // Words as keys have them; everything else parts them.
        var result: [UInt8] = []
        var word: [UInt8] = []
        func finish() {
            let text = String(decoding: word, as: UTF8.self)
            result += Masking.looksSecret(text) ? Array(Masking.end(of: text).utf8) : word
            word = []
        }
        for byte in masked.utf8 {
            if ASCII.isLetter(byte) || ASCII.isDigit(byte) || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "+")].contains(byte) {
                word.append(byte)
            } else {
                finish()
                result.append(byte)
            }
        }
        finish()
        return String(decoding: result, as: UTF8.self)
    }

    /// Prefixes that providers give their keys, JSON Web Tokens, and long runs of letters and digits that mean nothing.
    static func looksSecret(_ word: String) -> Bool {
        guard word.utf8.count >= 16 else { return false }
        let prefixes = [
            "sk-", "sk_", "pk-", "rk_", "AKIA", "ASIA", "AIza", "ya29.", "ghp_", "gho_", "github_pat_", "glpat-", "xox", "hf_", "gsk_", "nvapi-", "pplx-",
            "r8_", "key-",
        ]
        if prefixes.contains(where: { word.hasPrefix($0) }) { return true }
        if word.hasPrefix("eyJ"), word.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2 { return true }
        let longest = word.utf8.split { !(ASCII.isLetter($0) || ASCII.isDigit($0)) }.map(\.count).max() ?? 0
        return longest >= 32 && word.utf8.contains { ASCII.isDigit($0) } && word.utf8.contains { ASCII.isLetter($0) }
    }

    /// `…9f2c`, where that leaves at least twelve bytes unsaid.
    static func end(of secret: String) -> String {
        let bytes = Array(secret.utf8)
        guard bytes.count >= 16, bytes.suffix(4).allSatisfy({ (0x21..<0x7F).contains($0) }) else { return "…" }
        return "…" + String(decoding: bytes.suffix(4), as: UTF8.self)
    }
}
