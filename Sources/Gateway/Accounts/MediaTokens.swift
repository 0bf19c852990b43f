import Bytes
import JSON

/// What of a request's body is images and sound: bytes that are no text, and the tokens they may come to instead.
///
/// Only what a provider can take for nothing else is counted so. An image by its address counts as well. Documents count as text, byte for byte.
struct MediaTokens {
    /// Bytes of strings that hold images and sound in base64.
    private(set) var byteCount: Int64 = 0
    private(set) var tokens: Int64 = 0

    /// Looks through `body`, one JSON object.
    mutating func count(_ body: ByteSlice) {
        // Parts of a message say of what type they are: without any it is text.
        guard body.firstRange(of: ByteSlice("\"type\"")) != nil, let view = JSONView(body) else { return }
        look(at: view, depth: 1)
    }

    private mutating func look(at value: JSONView, depth: Int) {
        guard depth <= AccountLimits.mediaDepth else { return }
        switch value.kind {
        case .array: for element in value.elements { look(at: element, depth: depth + 1) }
        case .object: look(in: value, depth: depth)
        case .string, .number, .true, .false, .null: break
        }
    }

    private mutating func look(in object: JSONView, depth: Int) {
        var isImage = false
        var hasSoundFormat = false
        var data: JSONString?
        for (name, value) in object.members {
            if let text = value.string {
                if name == "type" { tokens += MediaTokens.isImagePart(text) ? AccountLimits.imageTokens : 0 }
                if name == "media_type", text.content.hasPrefix("image/") { isImage = true }
                if name == "format" { hasSoundFormat = true }
                if name == "data" { data = text }
                if name == "url" || name == "image_url" { takeAddress(text) }
            } else {
                look(at: value, depth: depth + 1)
            }
        }
        guard let data else { return }
        let count = Int64(data.content.count)
        if isImage {
            byteCount += count
        } else if hasSoundFormat {
            byteCount += count
            tokens += count / AccountLimits.soundBytesPerToken + 1
        }
    }

    private static func isImagePart(_ type: JSONString) -> Bool { type == "image_url" || type == "input_image" || type == "image" }

    /// `data:image/png;base64,…`
    private mutating func takeAddress(_ text: JSONString) {
        if text.content.hasPrefix("data:image/") { byteCount += Int64(text.content.count) }
    }
}
