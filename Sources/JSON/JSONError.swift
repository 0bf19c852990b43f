public import Bytes

/// Why a text is not the JSON it should be, and at which byte.
///
/// - Source: RFC 8259, RFC 3629 §3–4
public struct JSONError: Error, Equatable {
    /// What was wanted at the offset, or what forbids the byte that stands there.
    public enum Fault: UInt8, Sendable {
        case value, object, key, colon, commaOrBrace, commaOrBracket, endOfText
        case digit, literal
        case closingQuote, controlByte, escape, hexadecimalDigit, utf8
        case tooDeep, tooMany, byteOrderMark
    }

    /// Bytes before the first one that cannot stand; the text's length when it ends too soon.
    public let offset: Int
    public let fault: Fault

    @inline(__always)
    public init(_ fault: Fault, at offset: Int) {
        self.offset = offset
        self.fault = fault
    }

    /// What was expected, in lower case, without the offset.
    public var expectation: StaticString {
        switch fault {
        case .value: "expected a value"
        case .object: "expected an object"
        case .key: "expected a member name in quotes"
        case .colon: "expected ':' after a member name"
        case .commaOrBrace: "expected ',' or '}'"
        case .commaOrBracket: "expected ',' or ']'"
        case .endOfText: "expected nothing after the value"
        case .digit: "expected a digit"
        case .literal: "expected true, false or null"
        case .closingQuote: "expected a closing quote"
        case .controlByte: "expected control characters in strings to be escaped"
        case .escape: "expected one of \"\\/bfnrtu after a backslash"
        case .hexadecimalDigit: "expected four hexadecimal digits after \\u"
        case .utf8: "expected valid UTF-8"
        case .tooDeep: "expected fewer levels of nesting"
        case .tooMany: "expected fewer values"
        case .byteOrderMark: "expected no byte order mark"
        }
    }

    /// Appends the message, such as `byte 17: expected ':' after a member name`.
    public func write(into writer: inout ByteWriter) {
        writer.append("byte ")
        writer.append(decimal: offset)
        writer.append(": ")
        writer.append(expectation)
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String { "byte \(offset): \(expectation)" }
}
