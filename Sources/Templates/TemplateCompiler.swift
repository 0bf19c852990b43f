import Bytes
import JSON

/// Reads a template's text into its nodes, in one pass.
///
/// A tag that stands alone on its line takes the line with it, unless it writes something itself.
struct TemplateCompiler {
    private typealias Node = Template.Node

    /// What stands between two delimiters.
    private struct Tag {
        var kind: Kind
        /// Between sigil and closing delimiter, without white space at either end.
        var content: ByteSlice
        /// Where the tag begins, and past its end.
        var range: Range<Int>

        enum Kind {
            case value, plainValue, section, inverted, close, partial, comment, delimiters

            var mayStandAlone: Bool { self != .value && self != .plainValue }
        }
    }

    private let text: ByteSlice
    private let form: TemplateForm
    /// Takes names that have escapes, decoded; it lies right behind the text.
    private var names: ByteWriter
    private(set) var nodes: [Template.Node] = []
    /// Sections that are open: their indices.
    private var open: [Int] = []
    private var opening = ByteSlice("{{")
    private var closing = ByteSlice("}}")
    /// What has been read.
    private var at = 0

    /// - Parameter names: memory behind `text`, as large as it where names may have escapes.
    init(_ text: ByteSlice, names: ByteWriter, _ form: TemplateForm) {
        self.text = text
        self.names = names
        self.form = form
    }

    mutating func compile() throws(TemplateError) {
        while let found = text.firstRange(of: opening, from: at) {
            let tag = try tag(at: found.lowerBound)
            if tag.kind.mayStandAlone, let line = lineAlone(tag.range) {
                try appendText(at..<line.lowerBound, tag: tag)
                try take(tag, indentedFrom: line.lowerBound)
                at = line.upperBound
            } else {
                try appendText(at..<tag.range.lowerBound, tag: tag)
                if isLineStart(tag.range.lowerBound) { try append(Node(kind: .text, startsLine: true, 0..<0), at: tag.range.lowerBound) }
                try take(tag, indentedFrom: nil)
                at = tag.range.upperBound
            }
        }
        if at < text.count { try append(Node(kind: .text, startsLine: isLineStart(at), at..<text.count), at: at) }
        if let index = open.last { throw fault(.unclosedSection(string(nameRange(of: index))), at: Int(nodes[index].tag)) }
    }

    // MARK: Tags

    private func tag(at start: Int) throws(TemplateError) -> Tag {
        let inner = skipSpace(start + opening.count)
        switch inner < text.count ? text[inner] : 0 {
        case UInt8(ascii: "#"): return try tag(.section, start, inner + 1)
        case UInt8(ascii: "^"): return try tag(.inverted, start, inner + 1)
        case UInt8(ascii: "/"): return try tag(.close, start, inner + 1)
        case UInt8(ascii: ">"): return try tag(.partial, start, inner + 1)
        case UInt8(ascii: "&"): return try tag(.plainValue, start, inner + 1)
        case UInt8(ascii: "!"): return try tag(.comment, start, inner + 1)
        case UInt8(ascii: "{"): return try tag(.plainValue, start, inner + 1, before: UInt8(ascii: "}"))
        case UInt8(ascii: "="): return try tag(.delimiters, start, inner + 1, before: UInt8(ascii: "="))
        default: return try tag(.value, start, inner)
        }
    }

    /// - Parameter mark: what stands before the closing delimiter as it stood behind the opening one; 0 for nothing.
    private func tag(_ kind: Tag.Kind, _ start: Int, _ inner: Int, before mark: UInt8 = 0) throws(TemplateError) -> Tag {
        var from = inner
        while let end = text.firstRange(of: closing, from: from) {
            if mark == 0 { return Tag(kind: kind, content: trimmed(inner..<end.lowerBound), range: start..<end.upperBound) }
            // `{{{a}}}` ends with its last three: the first closing delimiter in it is one too early.
            let marked = text[end.lowerBound] == mark && text.dropFirst(end.lowerBound + 1).hasPrefix(closing)
            if marked { return Tag(kind: kind, content: trimmed(inner..<end.lowerBound), range: start..<end.upperBound + 1) }
            if end.lowerBound > inner, text[end.lowerBound - 1] == mark {
                return Tag(kind: kind, content: trimmed(inner..<end.lowerBound - 1), range: start..<end.upperBound)
            }
            from = end.lowerBound + 1
        }
        throw fault(.unclosedTag, at: start)
    }

    /// The whole line of a tag that has it to itself, its line end included; nil where it has not.
    private func lineAlone(_ tag: Range<Int>) -> Range<Int>? {
        var lower = tag.lowerBound
        while lower > at, ASCII.isBlank(text[lower - 1]) { lower -= 1 }
        guard isLineStart(lower) else { return nil }
        var upper = tag.upperBound
        while upper < text.count, ASCII.isBlank(text[upper]) { upper += 1 }
        if upper == text.count || text[upper] == UInt8(ascii: "\n") { return lower..<min(upper + 1, text.count) }
        return text.dropFirst(upper).hasPrefix("\r\n") ? lower..<upper + 2 : nil
    }

    private mutating func take(_ tag: Tag, indentedFrom line: Int?) throws(TemplateError) {
        let start = tag.range.lowerBound
        switch tag.kind {
        case .comment: break
        case .delimiters: try setDelimiters(tag)
        case .value: try append(Node(kind: .value, try name(tag.content, start)), at: start)
        case .plainValue: try append(Node(kind: .plainValue, try name(tag.content, start)), at: start)
        case .partial: try takePartial(tag, indentedFrom: line)
        case .close: try close(try name(tag.content, start), at: start)
        case .section, .inverted:
            let name = try name(tag.content, start)
            guard open.count < TemplateLimits.sectionDepth else { throw fault(.tooDeep(limit: TemplateLimits.sectionDepth), at: start) }
            open.append(nodes.count)
            try append(Node(kind: tag.kind == .section ? .section : .inverted, name), at: start)
        }
    }

    private mutating func takePartial(_ tag: Tag, indentedFrom line: Int?) throws(TemplateError) {
        let start = tag.range.lowerBound
        var content = tag.content
        let isVariable = !content.isEmpty && (content[0] == UInt8(ascii: ">") || content[0] == UInt8(ascii: "*"))
        if isVariable { content = trimmed(content.dropFirst(1)) }
        var node = Node(kind: isVariable ? .variablePartial : .partial, try name(content, start))
        let indentation = line.map { start - $0 } ?? 0
        guard indentation <= TemplateLimits.indentationByteCount else {
            throw fault(.tooFarIndented(limit: TemplateLimits.indentationByteCount), at: start)
        }
        node.standsAlone = line != nil
        node.indentationCount = UInt8(indentation)
        try append(node, at: start)
    }

    private mutating func close(_ name: Range<Int>, at offset: Int) throws(TemplateError) {
        guard let index = open.popLast() else { throw fault(.unopenedSection(string(name)), at: offset) }
        let opened = nameRange(of: index)
        guard bytes(opened) == bytes(name) else { throw fault(.otherSection(closed: string(name), open: string(opened)), at: offset) }
        nodes[index].next = UInt32(nodes.count)
    }

    private mutating func setDelimiters(_ tag: Tag) throws(TemplateError) {
        let content = tag.content
        var middle = 0
        while middle < content.count, !TemplateCompiler.isSpace(content[middle]) { middle += 1 }
        let (first, second) = (content.prefix(middle), trimmed(content.dropFirst(middle)))
        for delimiter in [first, second] {
            guard !delimiter.isEmpty, delimiter.count <= TemplateLimits.delimiterByteCount, delimiter.firstIndex(of: UInt8(ascii: "=")) == nil,
                !(0..<delimiter.count).contains(where: { TemplateCompiler.isSpace(delimiter[$0]) })
            else { throw fault(.malformedDelimiters, at: tag.range.lowerBound) }
        }
        (opening, closing) = (first, second)
    }

    // MARK: Nodes

    private mutating func appendText(_ range: Range<Int>, tag: Tag) throws(TemplateError) {
        guard !range.isEmpty else { return }
        try append(Node(kind: .text, startsLine: isLineStart(range.lowerBound), range), at: range.lowerBound)
    }

    private mutating func append(_ node: Template.Node, at offset: Int) throws(TemplateError) {
        guard nodes.count < TemplateLimits.nodeCount else { throw fault(.tooManyTags(limit: TemplateLimits.nodeCount), at: offset) }
        var node = node
        node.tag = UInt32(offset)
        node.next = UInt32(nodes.count + 1)
        nodes.append(node)
    }

    // MARK: Names

    /// Where a name lies: in the text, or decoded behind it.
    private mutating func name(_ content: ByteSlice, _ offset: Int) throws(TemplateError) -> Range<Int> {
        guard !content.isEmpty else { throw fault(.emptyName, at: offset) }
        guard content.count <= TemplateLimits.nameByteCount else { throw fault(.nameTooLong(limit: TemplateLimits.nameByteCount), at: offset) }
        let start = content.base - text.base
        // In a JSON string `größe` may be written `gr\u00f6\u00dfe`.
        guard form == .json, content.firstIndex(of: UInt8(ascii: "\\")) != nil else { return start..<start + content.count }
        let before = names.count
        JSONString(content: content, hasEscapes: true).decode(into: &names)
        return text.count + before..<text.count + names.count
    }

    private func nameRange(of index: Int) -> Range<Int> { Int(nodes[index].start)..<Int(nodes[index].end) }

    /// What lies in `range` of the text and the names behind it.
    private func bytes(_ range: Range<Int>) -> ByteSlice { ByteSlice(text.base + range.lowerBound, count: range.count) }

    private func string(_ range: Range<Int>) -> String { String(bytes(range)) }

    // MARK: Text

    private func isLineStart(_ offset: Int) -> Bool { offset == 0 || text[offset - 1] == UInt8(ascii: "\n") }

    private func skipSpace(_ start: Int) -> Int {
        var at = start
        while at < text.count, TemplateCompiler.isSpace(text[at]) { at += 1 }
        return at
    }

    private func trimmed(_ range: Range<Int>) -> ByteSlice { trimmed(text[range]) }

    private func trimmed(_ bytes: ByteSlice) -> ByteSlice {
        var lower = 0
        var upper = bytes.count
        while lower < upper, TemplateCompiler.isSpace(bytes[lower]) { lower += 1 }
        while upper > lower, TemplateCompiler.isSpace(bytes[upper - 1]) { upper -= 1 }
        return bytes[lower..<upper]
    }

    private static func isSpace(_ byte: UInt8) -> Bool { ASCII.isBlank(byte) || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    private func fault(_ fault: TemplateError.Fault, at offset: Int) -> TemplateError { TemplateError(fault, at: offset, in: text) }
}

extension Template.Node {
    /// A text or a tag whose text or name is `range`.
    fileprivate init(kind: Kind, startsLine: Bool = false, _ range: Range<Int>) {
        self.init(kind: kind, startsLine: startsLine, start: UInt32(range.lowerBound), end: UInt32(range.upperBound), tag: 0, next: 0)
    }
}
