import Bytes
// The event parser inside Yams. Its tree builder recurses as deep as the text says, resolves scalars by
// YAML 1.1 and tells the first fault only; built from events, the tree is bounded and knows its places.
import CYaml
public import JSON

/// Reads one YAML text, or a JSON one, into a `Document`.
///
/// Aliases repeat what they name, within the bounds of a document; merge keys and tags are refused.
public struct YAMLParser {
    private var diagnostics: [Diagnostic] = []
    private var stack: [Frame] = []
    private var anchors: [String: (node: DocumentNode, nodeCount: Int, depth: Int)] = [:]
    private var root: DocumentNode?
    private var nodeCount = 0
    private var cursor: CharacterCursor

    private struct Fault: Error { let diagnostic: Diagnostic }

    /// An open sequence or mapping.
    private struct Frame {
        let position: SourcePosition
        let anchor: String?
        let isMapping: Bool
        let firstNode: Int
        var elements: [DocumentNode] = []
        var members: [DocumentMember] = []
        var names: Set<[UInt8]> = []
        var key: (name: String, position: SourcePosition)?
        /// Levels below this one, so far.
        var depth = 1
    }

    public static func parse(_ text: [UInt8]) -> (document: Document?, diagnostics: [Diagnostic]) {
        guard text.count <= ConfigurationLimits.textByteCount else {
            let message = "the text is \(text.count) bytes; at most \(ConfigurationLimits.textByteCount) are read"
            return (nil, [Diagnostic(message, kind: .syntax, at: .start, path: DocumentPath())])
        }
        return text.withByteSlice { bytes in
            var parser = YAMLParser(cursor: CharacterCursor(bytes))
            do throws(Fault) {
                let root = try parser.readStream(bytes)
                return (Document(root: root), parser.diagnostics)
            } catch {
                return (nil, parser.diagnostics + [error.diagnostic])
            }
        }
    }

    private init(cursor: CharacterCursor) { self.cursor = cursor }

    // MARK: Events

    private mutating func readStream(_ text: ByteSlice) throws(Fault) -> DocumentNode {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else { throw fault("no memory to read it with", at: .start) }
        defer { yaml_parser_delete(parser) }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.base, text.count)
        var documentCount = 0
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxFault(parser.pointee, text) }
            defer { yaml_event_delete(&event) }
            let place = cursor.position(event.start_mark)
            switch event.type {
            case YAML_STREAM_END_EVENT: return root ?? DocumentNode(.null, at: .start)
            case YAML_DOCUMENT_START_EVENT:
                documentCount += 1
                if documentCount > 1 { throw fault("a second document starts here", hint: "keep one to a file", at: place) }
            case YAML_ALIAS_EVENT: try alias(YAMLParser.text(event.data.alias.anchor) ?? "", at: place)
            case YAML_SCALAR_EVENT: try scalar(event, at: place)
            case YAML_SEQUENCE_START_EVENT:
                let start = event.data.sequence_start
                try open(isMapping: false, anchor: YAMLParser.text(start.anchor), tag: YAMLParser.text(start.tag), at: place)
            case YAML_MAPPING_START_EVENT:
                let start = event.data.mapping_start
                try open(isMapping: true, anchor: YAMLParser.text(start.anchor), tag: YAMLParser.text(start.tag), at: place)
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try close()
            default: break
            }
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private mutating func syntaxFault(_ parser: yaml_parser_t, _ text: ByteSlice) -> Fault {
        let problem = parser.problem.map { String(cString: $0) } ?? "cannot be read"
        if parser.error == YAML_READER_ERROR {
            var places = PositionIndex(text)
            return fault(problem, at: places.position(at: min(parser.problem_offset, text.count)))
        }
        let place = cursor.position(parser.problem_mark)
        let isTab = place.offset < text.count && text[place.offset] == 0x09
        return fault(problem, hint: isTab ? "indent with spaces, not with tabs" : nil, at: place)
    }

    // MARK: Nodes

    private mutating func open(isMapping: Bool, anchor: String?, tag: String?, at place: SourcePosition) throws(Fault) {
        if let tag { try refuse(tag: tag, at: place) }
        try checkValuePlace(isMapping ? "a mapping" : "a list", at: place)
        guard stack.count < DocumentLimits.depth else {
            throw fault("nested deeper than \(DocumentLimits.depth) levels", at: place)
        }
        try count(1, at: place)
        stack.append(Frame(position: place, anchor: anchor, isMapping: isMapping, firstNode: nodeCount - 1))
    }

    private mutating func close() throws(Fault) {
        // The event parser balances its events.
        guard let frame = stack.popLast() else { return }
        let value: DocumentNode.Value = frame.isMapping ? .object(frame.members) : .array(frame.elements)
        let node = DocumentNode(value, at: frame.position)
        if let anchor = frame.anchor { anchors[anchor] = (node, nodeCount - frame.firstNode, frame.depth) }
        place(node, depth: frame.depth)
    }

    private mutating func scalar(_ event: yaml_event_t, at place: SourcePosition) throws(Fault) {
        let scalar = event.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("the text is not UTF-8", at: place) }
        if let last = stack.indices.last, stack[last].isMapping, stack[last].key == nil {
            try key(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, at: place)
            return
        }
        try count(1, at: place)
        let node = DocumentNode(try value(text, scalar.style, tag: YAMLParser.text(scalar.tag), at: place), at: place)
        if let anchor = YAMLParser.text(scalar.anchor) { anchors[anchor] = (node, 1, 0) }
        self.place(node, depth: 0)
    }

    private mutating func value(
        _ text: String, _ style: yaml_scalar_style_t, tag: String?, at place: SourcePosition
    ) throws(Fault) -> DocumentNode.Value {
        if let tag, tag != "!" {
            guard tag == "tag:yaml.org,2002:str" else {
                try refuse(tag: tag, at: place)
                return .null
            }
            return .string(text)
        }
        guard style == YAML_PLAIN_SCALAR_STYLE, tag == nil else { return .string(text) }
        do throws(YAMLScalar.Ambiguity) {
            return try YAMLScalar.value(plain: text)
        } catch {
            diagnostics.note(Diagnostic(error.message, hint: error.hint, at: place, path: path))
            return .string(text)
        }
    }

    private mutating func key(_ name: String, isPlain: Bool, at place: SourcePosition) throws(Fault) {
        if isPlain, name == "<<" {
            throw fault("merge keys are not supported", hint: "write the members out, or repeat them with an alias", at: place)
        }
        let last = stack.count - 1
        stack[last].key = (name, place)
        if !stack[last].names.insert(Array(name.utf8)).inserted {
            diagnostics.note(Diagnostic("\(quoted(name)) is given twice", hint: "keep one", at: place, path: path))
        }
    }

    private mutating func alias(_ name: String, at place: SourcePosition) throws(Fault) {
        try checkValuePlace("an alias", at: place)
        guard let named = anchors[name] else { throw fault("no anchor \(quoted(name)) stands before this alias", at: place) }
        guard stack.count + named.depth <= DocumentLimits.depth else {
            throw fault("nested deeper than \(DocumentLimits.depth) levels", at: place)
        }
        try count(named.nodeCount, at: place)
        self.place(named.node, depth: named.depth)
    }

    private mutating func count(_ added: Int, at place: SourcePosition) throws(Fault) {
        nodeCount += added
        guard nodeCount <= DocumentLimits.nodeCount else {
            throw fault("more than \(DocumentLimits.nodeCount) values, those that aliases repeat counted again", at: place)
        }
    }

    /// A mapping waits for a key: nothing but a scalar is one.
    private mutating func checkValuePlace(_ what: String, at place: SourcePosition) throws(Fault) {
        if let last = stack.last, last.isMapping, last.key == nil { throw fault("\(what) cannot be a key", at: place) }
    }

    private mutating func refuse(tag: String, at place: SourcePosition) throws(Fault) {
        throw fault("tag \(quoted(tag)) is not supported", hint: "leave it out", at: place)
    }

    /// Puts a finished value where it belongs.
    private mutating func place(_ node: DocumentNode, depth: Int) {
        guard let last = stack.indices.last else {
            root = node
            return
        }
        stack[last].depth = max(stack[last].depth, depth + 1)
        if let key = stack[last].key {
            stack[last].members.append(DocumentMember(name: key.name, position: key.position, value: node))
            stack[last].key = nil
        } else {
            stack[last].elements.append(node)
        }
    }

    // MARK: Places

    private var path: DocumentPath {
        DocumentPath(
            stack.map { frame in
                frame.isMapping ? .member(frame.key?.name ?? "") : .index(frame.elements.count)
            })
    }

    private func fault(_ message: String, hint: String? = nil, at place: SourcePosition) -> Fault {
        Fault(diagnostic: Diagnostic(message, hint: hint, kind: .syntax, at: place, path: path))
    }
}

/// Turns the character indexes of the event parser into byte offsets; they come nearly in order.
private struct CharacterCursor {
    private let text: ByteSlice
    private var character = 0
    private var offset = 0

    init(_ text: ByteSlice) { self.text = text }

    mutating func position(_ mark: yaml_mark_t) -> SourcePosition {
        if mark.index < character {
            character = 0
            offset = 0
        }
        while character < mark.index, offset < text.count {
            offset += 1
            while offset < text.count, text[offset] & 0xC0 == 0x80 { offset += 1 }
            character += 1
        }
        return SourcePosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1, offset: offset)
    }
}
