import Bytes
import JSON

/// What of a request's body is images and sound: bytes that are no text, and the tokens they may come to instead.
///
/// Only what a provider can take for nothing else is counted so: the parts of a message whose type says it. An image by its address counts as well.
/// Documents count as text, byte for byte, and so does whatever a model wrote itself.
struct MediaTokens {
    /// Bytes of strings that hold images and sound in base64.
    private(set) var byteCount: Int64 = 0
    private(set) var tokens: Int64 = 0

    private enum Part {
        case image, sound, other
    }

    /// Looks through `text`, a body or one member's value of one.
    mutating func count(_ text: ByteSlice) {
        guard let view = JSONView(text) else { return }
        look(at: view, in: .other, depth: 1)
    }

    private mutating func look(at value: JSONView, in part: Part, depth: Int) {
        guard depth <= AccountLimits.mediaDepth else { return }
        switch value.kind {
        case .array: for element in value.elements { look(at: element, in: part, depth: depth + 1) }
        case .object: look(in: value, part, depth: depth)
        case .string, .number, .true, .false, .null: break
        }
    }

    private mutating func look(in object: JSONView, _ outer: Part, depth: Int) {
        let part = outer == .other ? part(object) : outer
        if part == .image, outer == .other { tokens += AccountLimits.imageTokens }
        for (name, value) in object.members {
            if let text = value.string {
                if part != .other { take(name, text, of: part) }
            } else if depth == 1 || !MediaTokens.isModels(name) {
                look(at: value, in: part, depth: depth + 1)
            }
        }
    }

    /// What kind of part an object says it is, the last word of several.
    private func part(_ object: JSONView) -> Part {
        guard let type = object.child(ByteSlice("type"))?.string else { return .other }
        if type == "image_url" || type == "input_image" || type == "image" { return .image }
        return type == "input_audio" ? .sound : .other
    }

    /// What a model called a tool with, and what tools are called with, is text whatever it looks like. A request's own `input` is no such thing.
    private static func isModels(_ name: JSONString) -> Bool {
        name == "input" || name == "arguments" || name == "parameters" || name == "input_schema"
    }

    /// `data:image/png;base64,…`, or base64 alone beside its type.
    private mutating func take(_ name: JSONString, _ text: JSONString, of part: Part) {
        let count = Int64(text.content.count)
        switch part {
        case .image where name == "data" || (name == "url" || name == "image_url") && text.content.hasPrefix("data:image/"): byteCount += count
        case .sound where name == "data":
            byteCount += count
            tokens += count / AccountLimits.soundBytesPerToken + 1
        default: break
        }
    }
}
