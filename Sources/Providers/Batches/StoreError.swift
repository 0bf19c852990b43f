import Bytes
import JSON

/// Errors of object stores, in XML: `<Error><Code>NoSuchKey</Code><Message>…</Message></Error>`.
/// - Source: Amazon S3 API Reference, "Error responses"; cloud.google.com/storage/docs/xml-api/reference-status
enum StoreError {
    /// The error `body` tells of; nil when it is none. Its texts are written to `scratch`.
    static func read(_ body: ByteSlice, scratch: inout ByteWriter) -> UpstreamFault? {
        guard body.trimmed.hasPrefix("<"), let message = element("Message", in: body, limit: Limits.faultTextByteCount) else { return nil }
        var fault = UpstreamFault(message: quoted(message, &scratch))
        if let code = element("Code", in: body, limit: 64) { fault.type = quoted(code, &scratch) }
        return fault
    }

    private static func element(_ name: StaticString, in body: ByteSlice, limit: Int) -> ByteSlice? {
        var opening = InlineText<16>("<")
        opening.append(ByteSlice(name))
        opening.append(UInt8(ascii: ">"))
        guard let start = opening.withBytesInPlace({ body.firstRange(of: $0)?.upperBound }), let end = body.firstIndex(of: UInt8(ascii: "<"), from: start)
        else { return nil }
        return body[start..<min(end, start + limit)]
    }

    /// The text as a string's content, its five entities read.
    /// - Source: XML 1.0, §4.6
    private static func quoted(_ text: ByteSlice, _ scratch: inout ByteWriter) -> JSONString {
        let start = scratch.count
        var rest = text
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            scratch.append(jsonContent: rest.prefix(mark))
            rest = rest.dropFirst(mark)
            var count = 1
            var character = ByteSlice("&")
            for (name, meaning) in entities where rest.hasPrefix(name) { (count, character) = (name.utf8CodeUnitCount, ByteSlice(meaning)) }
            scratch.append(jsonContent: character)
            rest = rest.dropFirst(count)
        }
        scratch.append(jsonContent: rest)
        return JSONString(content: scratch.written.dropFirst(start), hasEscapes: true)
    }

    private static let entities: [(StaticString, StaticString)] = [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\""), ("&apos;", "'")]
}
