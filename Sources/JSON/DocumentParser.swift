public import Bytes

/// Reads one strict JSON text (RFC 8259) into a `Document`.
///
/// A text that is no JSON yields its first fault only: after it nothing can be read with
/// confidence. Duplicate names do not stop it, and each is a diagnostic.
/// - Source: RFC 8259; unpaired surrogates and bytes that are no UTF-8 are refused (§8.1, §8.2).
public struct DocumentParser {
    private let text: ByteSlice
    private let textByteCount: Int
    private let nodeLimit: Int
    private var offset = 0
    private var depth = 0
    private var nodeCount = 0
    private var places: PositionIndex
    private var path = DocumentPath()
    private var diagnostics: [Diagnostic] = []

    private struct Fault: Error { let diagnostic: Diagnostic }

    /// The document, unless the text is none, and every fault found.
    /// - Parameters:
    ///   - textByteCount: the most bytes that are read.
    ///   - nodeCount: the most values.
    public static func parse(
        _ text: ByteSlice, textByteCount: Int = DocumentLimits.textByteCount, nodeCount: Int = DocumentLimits.nodeCount
    ) -> (document: Document?, diagnostics: [Diagnostic]) {
        var left = nodeCount
        return parse(text, textByteCount: textByteCount, nodesLeft: &left)
    }

    /// The same of one of several texts that have a bound together.
    /// - Parameter nodesLeft: the most values, from which those that were read are taken, whether the text is a document or not.
    public static func parse(
        _ text: ByteSlice, textByteCount: Int = DocumentLimits.textByteCount, nodesLeft: inout Int
    ) -> (document: Document?, diagnostics: [Diagnostic]) {
        var parser = DocumentParser(text, textByteCount, nodesLeft)
        defer { nodesLeft -= min(nodesLeft, parser.nodeCount) }
        do throws(Fault) {
            let root = try parser.wholeText()
            return (Document(root: root), parser.diagnostics)
        } catch {
            return (nil, parser.diagnostics + [error.diagnostic])
        }
    }

    public static func parse(_ text: String) -> (document: Document?, diagnostics: [Diagnostic]) {
        Array(text.utf8).withByteSlice { bytes in parse(bytes) }
    }

    private init(_ text: ByteSlice, _ textByteCount: Int, _ nodeLimit: Int) {
        self.text = text
        self.textByteCount = textByteCount
        self.nodeLimit = nodeLimit
        places = PositionIndex(text)
    }

    private mutating func wholeText() throws(Fault) -> DocumentNode {
        guard text.count <= textByteCount else {
            throw fault("the text is \(text.count) bytes; at most \(textByteCount) are read", at: 0)
        }
        let root = try value()
        skipBlanks()
        guard offset == text.count else { throw fault("unexpected \(shown(offset)) after the end of the value") }
        return root
    }

    // MARK: Values

    private mutating func value() throws(Fault) -> DocumentNode {
        skipBlanks()
        let start = places.position(at: offset)
        nodeCount += 1
        guard nodeCount <= nodeLimit else {
            throw fault("more than \(nodeLimit) values")
        }
        switch peek() {
        case UInt8(ascii: "{"): return DocumentNode(.object(try members()), at: start)
        case UInt8(ascii: "["): return DocumentNode(.array(try elements()), at: start)
        case UInt8(ascii: "\""): return DocumentNode(.string(try string()), at: start)
        case UInt8(ascii: "t"): try literal("true"); return DocumentNode(.boolean(true), at: start)
        case UInt8(ascii: "f"): try literal("false"); return DocumentNode(.boolean(false), at: start)
        case UInt8(ascii: "n"): try literal("null"); return DocumentNode(.null, at: start)
        default: return DocumentNode(.number(try number()), at: start)
        }
    }

    private mutating func members() throws(Fault) -> [DocumentMember] {
        try descend()
        var members: [DocumentMember] = []
        var names: Set<[UInt8]> = []
        skipBlanks()
        if take("}") { return ascend(members) }
        while true {
            skipBlanks()
            let start = places.position(at: offset)
            guard peek() == UInt8(ascii: "\"") else { throw fault("expected a name in double quotes, not \(shown(offset))") }
            let name = try string()
            skipBlanks()
            guard take(":") else { throw fault("expected \":\" after the name \(quoted(name)), not \(shown(offset))") }
            path.push(.member(name))
            // Compared byte by byte: Swift's strings are equal when they are merely equivalent.
            if !names.insert(Array(name.utf8)).inserted {
                diagnostics.note(Diagnostic("\(quoted(name)) is given twice", hint: "keep one", at: start, path: path))
            }
            members.append(DocumentMember(name: name, position: start, value: try value()))
            path.pop()
            skipBlanks()
            if take("}") { return ascend(members) }
            guard take(",") else { throw fault("expected \",\" or \"}\", not \(shown(offset))") }
        }
    }

    private mutating func elements() throws(Fault) -> [DocumentNode] {
        try descend()
        var elements: [DocumentNode] = []
        skipBlanks()
        if take("]") { return ascend(elements) }
        while true {
            path.push(.index(elements.count))
            elements.append(try value())
            path.pop()
            skipBlanks()
            if take("]") { return ascend(elements) }
            guard take(",") else { throw fault("expected \",\" or \"]\", not \(shown(offset))") }
        }
    }

    private mutating func descend() throws(Fault) {
        guard depth < DocumentLimits.depth else { throw fault("nested deeper than \(DocumentLimits.depth) levels") }
        depth += 1
        offset += 1
    }

    private mutating func ascend<Content>(_ content: Content) -> Content {
        depth -= 1
        return content
    }

    private mutating func literal(_ word: StaticString) throws(Fault) {
        let wanted = ByteSlice(word)
        guard text.dropFirst(offset).hasPrefix(wanted) else { throw fault("unexpected \(shown(offset))") }
        offset += wanted.count
    }

    // MARK: Numbers

    private mutating func number() throws(Fault) -> DocumentNumber {
        let start = offset
        _ = take("-")
        if !take("0") {
            guard skipDigits() > 0 else { throw fault("expected a value, not \(shown(start))", at: start) }
        } else if let next = peek(), ASCII.isDigit(next) {
            throw fault("a number has no leading zero", at: start)
        }
        if take("."), skipDigits() == 0 { throw fault("expected a digit after \".\"") }
        if let next = peek(), next | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if !take("+") { _ = take("-") }
            guard skipDigits() > 0 else { throw fault("expected a digit in the exponent") }
        }
        return DocumentNumber(text: String(text[start..<offset]))
    }

    private mutating func skipDigits() -> Int {
        let start = offset
        while let next = peek(), ASCII.isDigit(next) { offset += 1 }
        return offset - start
    }

    // MARK: Strings

    private mutating func string() throws(Fault) -> String {
        let start = offset
        offset += 1
        var bytes: [UInt8] = []
        while true {
            guard let next = peek() else { throw fault("the string that starts here does not end", at: start) }
            switch next {
            case UInt8(ascii: "\""):
                offset += 1
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw fault("the string that starts here is not UTF-8", at: start)
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &bytes)
            case 0..<0x20: throw fault("a control character in a string must be escaped")
            default:
                bytes.append(next)
                offset += 1
            }
        }
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(Fault) {
        let start = offset
        offset += 1
        let letter = peek()
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(text[offset - 1])
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): bytes.append(contentsOf: Array(String(Character(try scalar(from: start))).utf8))
        default:
            offset = start
            throw fault("unknown escape in a string")
        }
    }

    /// The scalar of `\uXXXX`, or of two that make a surrogate pair.
    private mutating func scalar(from start: Int) throws(Fault) -> Unicode.Scalar {
        let first = try hexadecimal(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take("\\"), take("u") else {
            throw fault("a surrogate without its pair is no character", at: start)
        }
        let second = try hexadecimal(from: start)
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw fault("a surrogate without its pair is no character", at: start) }
        return scalar
    }

    private mutating func hexadecimal(from start: Int) throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let next = peek(), let digit = ASCII.hexValue(next) else {
                throw fault("expected four hexadecimal digits after \"\\u\"", at: start)
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    // MARK: Bytes

    private func peek() -> UInt8? { offset < text.count ? text[offset] : nil }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: byte) else { return false }
        offset += 1
        return true
    }

    private mutating func skipBlanks() {
        while let next = peek(), next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { offset += 1 }
    }

    private func shown(_ offset: Int) -> String {
        guard offset < text.count else { return "the end of the text" }
        let byte = text[offset]
        return byte < 0x21 || byte > 0x7E ? "byte 0x\(String(byte, radix: 16))" : "\"\(Unicode.Scalar(byte))\""
    }

    private mutating func fault(_ message: String, at place: Int? = nil) -> Fault {
        let position = places.position(at: place ?? offset)
        return Fault(diagnostic: Diagnostic(message, kind: .syntax, at: position, path: path))
    }
}
