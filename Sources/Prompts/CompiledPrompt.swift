import Bytes
import JSON
import Templates

/// What a version of a prompt, or of a partial, was saved with.
public struct PromptSource: Sendable {
    /// The messages' JSON, or a text, with tags in it.
    public var string: String
    /// Nil where nobody has said so: then the text tells.
    public var isChat: Bool?
    /// Whether it is a partial: a text that others include.
    public var isPartial = false
    /// The slug of a virtual key.
    public var virtualKey: String?
    /// Members of the request, each with its JSON. Of two of one name the last counts.
    public var members: [(name: String, value: [UInt8])] = []

    public init(_ string: String) { self.string = string }
}

/// A version of a prompt, or of a partial, ready to be rendered. Immutable.
public final class CompiledPrompt: Sendable {
    /// A member of the request, unless the caller has one of its name.
    struct Member: Sendable {
        let name: [UInt8]
        /// `"name":value`
        let text: [UInt8]
    }

    /// Members that a prompt is not saved with: the caller says whether its answer is streamed, and the template is the rest.
    private static let ignored: Set = ["stream", "messages", "prompt", "variables"]

    /// Whether it is rendered to messages, or else to a text.
    public let isChat: Bool
    public let virtualKey: [UInt8]?
    /// Of all it was made from.
    public let byteCount: Int
    let template: Result<Template, TemplateError>
    let members: [Member]
    private let hasTooManyMembers: Bool
    private let hasUnusableKey: Bool

    public init(_ source: PromptSource) {
        let text = Array(source.string.utf8)
        let isChat = !source.isPartial && (source.isChat ?? CompiledPrompt.looksLikeMessages(text))
        self.isChat = isChat
        let virtualKey = source.virtualKey.flatMap { slug in
            // Both are ways to write it.
            let name = Array(slug.utf8.drop { $0 == UInt8(ascii: "@") })
            return name.isEmpty ? nil : name
        }
        // It will stand in a header field.
        hasUnusableKey = virtualKey?.contains { !(0x21...0x7E).contains($0) } ?? false
        self.virtualKey = hasUnusableKey ? nil : virtualKey
        template = text.withByteSlice { text in
            do throws(TemplateError) { return .success(try Template(text, form: isChat ? .json : .text)) } catch { return .failure(error) }
        }
        var members: [Member] = []
        for (name, value) in source.members where !CompiledPrompt.ignored.contains(name) {
            var text: [UInt8] = []
            DocumentNode.write(name, into: &text)
            let name = Array(name.utf8)
            members.removeAll { $0.name == name }
            members.append(Member(name: name, text: text + [UInt8(ascii: ":")] + value))
        }
        hasTooManyMembers = members.count > PromptLimits.parameterCount
        self.members = hasTooManyMembers ? [] : members
        byteCount = text.count + members.reduce(0) { $0 + $1.name.count + $1.text.count }
    }

    /// Why it can be rendered with no variables whatever; nil where it can.
    public var fault: String? {
        if hasTooManyMembers { return "it has more than \(PromptLimits.parameterCount) parameters" }
        if hasUnusableKey { return "its virtual key is no name of one" }
        guard case .failure(let error) = template else { return nil }
        return "\(error)"
    }

    /// Whether `text` is a list with an object in it, or would be: `[INST]` is none.
    private static func looksLikeMessages(_ text: [UInt8]) -> Bool {
        var rest = text[...].drop { isSpace($0) }
        guard rest.popFirst() == UInt8(ascii: "[") else { return false }
        rest = rest.drop { isSpace($0) }
        return rest.first == UInt8(ascii: "{") || rest.first == UInt8(ascii: "]")
    }

    private static func isSpace(_ byte: UInt8) -> Bool { ASCII.isBlank(byte) || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
}
