public import Bytes

/// The grammar of names and values, for bytes that did not come through a parser.
public enum FieldSyntax {
    /// Whether the bytes are a token, as names are (RFC 9110 §5.6.2).
    public static func isToken(_ bytes: ByteSlice) -> Bool {
        bytes.count > 0 && ByteScan.endOfToken(bytes.base, 0, bytes.count) == bytes.count
    }

    /// Whether the bytes may be written as a field value: no control byte but tab, no blank at either
    /// end (RFC 9110 §5.5).
    public static func isFieldValue(_ bytes: ByteSlice) -> Bool {
        if bytes.isEmpty { return true }
        return ByteScan.firstControl(bytes.base, 0, bytes.count) == bytes.count
            && !ASCII.isBlank(bytes[0]) && !ASCII.isBlank(bytes[bytes.count - 1])
    }
}

/// The elements of a comma-separated list, trimmed; empty ones included. Quoted strings are not seen as
/// such: of use for lists of tokens only.
public struct FieldList {
    private let value: ByteSlice
    private var position = 0

    public init(_ value: ByteSlice) { self.value = value }

    public mutating func next() -> ByteSlice? {
        guard position <= value.count else { return nil }
        let comma = value.firstIndex(of: UInt8(ascii: ","), from: position) ?? value.count
        let element = value[position..<comma]
        position = comma + 1
        return element.trimmed
    }
}
