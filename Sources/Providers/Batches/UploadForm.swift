public import Bytes

/// The parts of an upload's `multipart/form-data` body that the Files API knows. Slices are borrowed.
/// - Source: RFC 7578; RFC 2046 §5.1.1
public struct UploadForm {
    public private(set) var file = ByteSlice("")
    public private(set) var hasFile = false
    /// Empty where the form has none.
    public private(set) var purpose = ByteSlice("")

    /// - Parameter contentType: the field's value.
    /// - Throws: `.invalid` for what is no such form.
    public init(_ body: ByteSlice, contentType: ByteSlice) throws(TranslationFault) {
        guard let boundary = UploadForm.boundary(contentType) else {
            throw TranslationFault(.invalid, "an upload is multipart/form-data with a boundary of up to 70 bytes")
        }
        guard var at = UploadForm.delimiter(boundary, in: body, from: 0)?.upperBound else {
            throw TranslationFault(.invalid, "the form does not begin with its boundary")
        }
        var count = 0
        while !body.dropFirst(at).hasPrefix("--") {
            count += 1
            guard count <= Limits.formParts else { throw TranslationFault(.invalid, "the form has more than \(Limits.formParts) parts") }
            guard let head = body.firstRange(of: ByteSlice("\r\n\r\n"), from: at),
                let next = UploadForm.delimiter(boundary, in: body, from: head.upperBound)
            else {
                throw TranslationFault(.invalid, "part \(count) of the form does not end with its boundary")
            }
            // The line's end before the boundary belongs to the boundary; an empty part has only that of its head.
            let content = body[head.upperBound..<max(head.upperBound, next.lowerBound - 2)]
            take(content, disposition: UploadForm.disposition(body[at..<head.lowerBound]))
            at = next.upperBound
        }
    }

    private mutating func take(_ content: ByteSlice, disposition: ByteSlice) {
        guard let name = UploadForm.parameter("name", of: disposition) else { return }
        if name == "purpose" {
            purpose = content.trimmed
        } else if name == "file" {
            file = content
            hasFile = true
        }
    }

    /// The value of a part's `content-disposition`; empty where it has none.
    private static func disposition(_ head: ByteSlice) -> ByteSlice {
        var rest = head
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\r")) ?? rest.count
            let line = rest.prefix(end)
            if line.hasPrefix(ignoringCase: "content-disposition:") { return line.dropFirst(20).trimmed }
            rest = rest.dropFirst(min(end + 2, rest.count))
        }
        return ByteSlice("")
    }

    private static func boundary(_ contentType: ByteSlice) -> ByteSlice? {
        guard contentType.trimmed.hasPrefix(ignoringCase: "multipart/form-data"), let boundary = parameter("boundary", of: contentType) else { return nil }
        return (1...70).contains(boundary.count) ? boundary : nil
    }

    /// A parameter's value, without its quotes. Names in lower case.
    private static func parameter(_ name: StaticString, of value: ByteSlice) -> ByteSlice? {
        var at = value.firstIndex(of: UInt8(ascii: ";"))
        while let mark = at {
            let rest = value.dropFirst(mark + 1)
            let end = parameterEnd(rest)
            let pair = rest.prefix(end).trimmed
            if let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair.prefix(equals).trimmed.equalsIgnoringCase(name) {
                let text = pair.dropFirst(equals + 1).trimmed
                let isQuoted = text.count >= 2 && text[0] == UInt8(ascii: "\"") && text[text.count - 1] == UInt8(ascii: "\"")
                return isQuoted ? text[1..<text.count - 1] : text
            }
            at = end < rest.count ? mark + 1 + end : nil
        }
        return nil
    }

    /// Where the parameter at the start ends: a semicolon inside quotes is text.
    private static func parameterEnd(_ text: ByteSlice) -> Int {
        var isQuoted = false
        for at in 0..<text.count {
            if text[at] == UInt8(ascii: "\""), at == 0 || text[at - 1] != UInt8(ascii: "\\") { isQuoted.toggle() }
            if !isQuoted, text[at] == UInt8(ascii: ";") { return at }
        }
        return text.count
    }

    /// The next boundary at a line's start, its hyphens included; it ends behind the line it stands in, or before the hyphens that close the form.
    private static func delimiter(_ boundary: ByteSlice, in body: ByteSlice, from start: Int) -> Range<Int>? {
        var search = start
        while let found = body.firstRange(of: boundary, from: search) {
            let lower = found.lowerBound - 2
            search = found.lowerBound + 1
            guard lower >= 0, body[lower..<found.lowerBound] == "--", lower == 0 || lower >= 2 && body[lower - 2..<lower] == "\r\n" else { continue }
            let rest = body.dropFirst(found.upperBound)
            if rest.hasPrefix("--") { return lower..<found.upperBound }
            guard let line = rest.firstRange(of: ByteSlice("\r\n")), rest.prefix(line.lowerBound).trimmed.isEmpty else { continue }
            return lower..<found.upperBound + line.upperBound
        }
        return nil
    }
}
