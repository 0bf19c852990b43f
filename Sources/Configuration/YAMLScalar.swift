import Bytes
import JSON

/// What a plain YAML scalar means: YAML 1.2's core schema, less what readers disagree about.
///
/// `yes`, `no`, `on` and `off` are text, as in YAML 1.2. What one version reads as a number and the
/// other as text, or as another number (`0755`, `1_000`), is refused rather than guessed.
/// - Source: YAML 1.2.2 §10.3.2
enum YAMLScalar {
    struct Ambiguity: Error {
        let message: String
        let hint: String
    }

    static func value(plain text: String) throws(Ambiguity) -> DocumentNode.Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        default: break
        }
        guard let first = text.utf8.first,
            ASCII.isDigit(first) || first == UInt8(ascii: "-") || first == UInt8(ascii: "+") || first == UInt8(ascii: ".")
        else { return .string(text) }
        return try number(text).map { .number(DocumentNumber(text: $0)) } ?? .string(text)
    }

    /// The number as JSON writes it; nil when the text is none.
    private static func number(_ text: String) throws(Ambiguity) -> String? {
        let isNegative = text.hasPrefix("-")
        let magnitude = isNegative || text.hasPrefix("+") ? String(text.dropFirst()) : text
        switch magnitude {
        case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN":
            throw Ambiguity(message: "\(text) is no number that can be sent", hint: "quote it when text is meant")
        default: break
        }
        if let radix = magnitude.hasPrefix("0x") ? 16 : magnitude.hasPrefix("0o") ? 8 : nil {
            guard let value = UInt64(magnitude.dropFirst(2), radix: radix), magnitude == text else { return nil }
            return String(value)
        }
        let isGrouped =
            magnitude.contains("_")
            && magnitude.utf8.allSatisfy { ASCII.isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
        if isGrouped {
            throw Ambiguity(
                message: "\(text) is a number to some readers and text to others",
                hint: "leave out the \"_\", or quote it when text is meant")
        }
        guard let plain = decimal(magnitude) else { return nil }
        if plain.utf8.count > 1, plain.hasPrefix("0"), ASCII.isDigit(Array(plain.utf8)[1]) {
            throw Ambiguity(message: "\(text) has a leading zero", hint: "leave it out, or quote it when text is meant")
        }
        return isNegative ? "-" + plain : plain
    }

    /// `12`, `1.5`, `.5`, `5.`, `1e3` with a digit on each side of the point; nil for anything else.
    private static func decimal(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        var offset = 0
        func digits() -> String {
            let start = offset
            while offset < bytes.count, ASCII.isDigit(bytes[offset]) { offset += 1 }
            return String(decoding: bytes[start..<offset], as: UTF8.self)
        }
        let whole = digits()
        var plain = whole.isEmpty ? "0" : whole
        var fraction = ""
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            fraction = digits()
            plain += "." + (fraction.isEmpty ? "0" : fraction)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            plain += "e"
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+") {
                plain.unicodeScalars.append(Unicode.Scalar(bytes[offset]))
                offset += 1
            }
            let exponent = digits()
            guard !exponent.isEmpty else { return nil }
            plain += exponent
        }
        return offset == bytes.count ? plain : nil
    }
}
