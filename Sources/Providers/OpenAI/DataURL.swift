import Bytes
import JSON

/// A `data:` URL whose data is base64, taken apart where it stands in a JSON string.
/// - Source: RFC 2397
struct DataURL {
    /// Both as string contents: an escaped slash stays one.
    let type: ByteSlice
    let data: ByteSlice

    static func isOne(_ url: JSONString) -> Bool { url.content.count >= 5 && url.content.prefix(5).equalsIgnoringCase("data:") }

    /// Nil when it is no `data:` URL, names no type, or its data is not marked as base64.
    init?(_ url: JSONString) {
        guard DataURL.isOne(url), let comma = url.content.firstIndex(of: UInt8(ascii: ","), from: 5) else { return nil }
        let head = url.content[5..<comma]
        let mark: StaticString = ";base64"
        guard head.count > mark.utf8CodeUnitCount, head.dropFirst(head.count - mark.utf8CodeUnitCount).equalsIgnoringCase(mark) else { return nil }
        type = head.prefix(head.firstIndex(of: UInt8(ascii: ";")) ?? head.count)
        data = url.content.dropFirst(comma + 1)
        if type.isEmpty { return nil }
    }

    /// What media of `type` is to a model; a type unknown is a document's.
    static func kind(of type: ByteSlice) -> ChatRequest.Media.Kind {
        if type.count > 6, type.prefix(5).equalsIgnoringCase("image") { return .image }
        if type.count > 6, type.prefix(5).equalsIgnoringCase("audio") { return .audio }
        return .document
    }
}
