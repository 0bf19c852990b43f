import Bytes
import JSON

/// Places the brackets and commas of one object or array that may stay empty, and then is not written at all.
struct GeminiList {
    private let opening: StaticString
    private let closing: StaticString
    private(set) var isOpen = false

    /// `opening` is written before the first element, `closing` after the last.
    init(_ opening: StaticString, _ closing: StaticString) {
        self.opening = opening
        self.closing = closing
    }

    mutating func next(_ writer: inout ByteWriter) {
        writer.append(isOpen ? "," : opening)
        isOpen = true
    }

    mutating func member(_ name: StaticString, _ writer: inout ByteWriter) {
        next(&writer)
        writer.append("\"")
        writer.append(name)
        writer.append("\":")
    }

    mutating func member(_ name: StaticString, _ content: ByteSlice, _ writer: inout ByteWriter) {
        member(name, &writer)
        GeminiText.quote(content, &writer)
    }

    mutating func member(_ name: StaticString, json: ByteSlice, _ writer: inout ByteWriter) {
        member(name, &writer)
        writer.append(json)
    }

    func close(_ writer: inout ByteWriter) { if isOpen { writer.append(closing) } }
}

/// Strings' contents, as they go from one JSON text into another.
enum GeminiText {
    /// `content` is the content of a JSON string already, escapes and all.
    static func quote(_ content: ByteSlice, _ writer: inout ByteWriter) {
        writer.append("\"")
        writer.append(content)
        writer.append("\"")
    }

    /// Whether two strings are the same when decoded. Two that are escaped differently count as different.
    static func areSame(_ left: JSONString, _ right: JSONString) -> Bool {
        if let plain = right.plain { return left == plain }
        if let plain = left.plain { return right == plain }
        return left.content == right.content
    }

    static func contains(_ text: ByteSlice, _ word: StaticString) -> Bool { text.firstRange(of: ByteSlice(word)) != nil }
}
