public import Bytes

/// What a template is written in, hence how values are put into it.
public enum TemplateForm: UInt8, Sendable {
    /// Plain text: values as they are.
    case text
    /// The specification's: `{{name}}` escapes `& < > "`, `{{{name}}}` and `{{&name}}` do not.
    case html
    /// JSON with tags in it. What is rendered has the structure that the template gives it, whatever the variables hold: in a string a
    /// value is text of that string, outside one it is one whole value.
    case json
}

/// A mustache template, compiled: its tags in an array, in the order they stand.
///
/// Immutable, shared by whoever renders it. `{{name}}`, `{{{name}}}`, `{{&name}}`, `{{#section}}…{{/section}}`, `{{^inverted}}…{{/inverted}}`,
/// `{{!comment}}`, `{{>partial}}`, `{{=<% %>=}}`; `{{>*name}}` and `{{>>name}}` include the partial that the variable names.
/// - Source: github.com/mustache/spec 1.4.2; `{{>>name}}` is Portkey's
// Unchecked: written once, before anybody else has it.
public final class Template: @unchecked Sendable {
    struct Node: BitwiseCopyable {
        enum Kind: UInt8 {
            case text, value, plainValue, section, inverted, partial, variablePartial
        }

        var kind: Kind
        /// Whether a line of the template begins with it.
        var startsLine = false
        /// Whether it is a partial that has its line to itself, and the blanks before it there.
        var standsAlone = false
        var indentationCount: UInt8 = 0
        /// The text, or the tag's name.
        var start: UInt32
        var end: UInt32
        /// Where the tag begins.
        var tag: UInt32
        /// The index past this one and, of a section, past all in it.
        var next: UInt32
    }

    public let form: TemplateForm
    /// The text, and behind it names that had escapes, without them.
    private let bytes: UnsafeMutablePointer<UInt8>
    let nodes: UnsafeMutablePointer<Node>
    let nodeCount: Int

    /// Compiles `text`, which is copied.
    public init(_ text: ByteSlice, form: TemplateForm = .text) throws(TemplateError) {
        guard text.count <= TemplateLimits.textByteCount else { throw TemplateError(.tooLong(limit: TemplateLimits.textByteCount), at: 0, in: text) }
        let capacity = max(1, form == .json ? 2 * text.count : text.count)
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        bytes.update(from: text.base, count: text.count)
        var compiler = TemplateCompiler(ByteSlice(bytes, count: text.count), names: ByteWriter(bytes + text.count, capacity: capacity - text.count), form)
        do throws(TemplateError) {
            try compiler.compile()
        } catch {
            bytes.deallocate()
            throw error
        }
        self.form = form
        self.bytes = bytes
        nodeCount = compiler.nodes.count
        nodes = .allocate(capacity: max(1, nodeCount))
        compiler.nodes.withUnsafeBufferPointer { if let base = $0.baseAddress { nodes.update(from: base, count: nodeCount) } }
    }

    deinit {
        bytes.deallocate()
        nodes.deallocate()
    }

    var text: UnsafePointer<UInt8> { UnsafePointer(bytes) }

    /// One tag, for who wants to know what a template asks for.
    public struct Tag: Sendable, Equatable {
        public enum Kind: UInt8, Sendable {
            case value, section, inverted
            /// A partial by its own name, and one by the name that a variable has.
            case partial, variablePartial
        }

        public let kind: Kind
        public let name: String
        /// Bytes before it in the template.
        public let offset: Int
    }

    /// Its tags in the order they stand; comments, delimiters and ends of sections apart.
    public var tags: [Tag] {
        (0..<nodeCount).compactMap { index in
            let node = nodes[index]
            let kind: Tag.Kind? =
                switch node.kind {
                case .text: nil
                case .value, .plainValue: .value
                case .section: .section
                case .inverted: .inverted
                case .partial: .partial
                case .variablePartial: .variablePartial
                }
            return kind.map { Tag(kind: $0, name: String(ByteSlice(text + Int(node.start), count: Int(node.end - node.start))), offset: Int(node.tag)) }
        }
    }
}
