public import Bytes
public import JSON

/// Renders templates, one after another, with variables that are JSON.
///
/// Make one a worker: its stacks are allocated once, and a rendering allocates nothing. It goes through the template without recursion, in
/// bounded time, and writes no more than fits. Falsy, as in JavaScript, are what is absent, null, false, zero, an empty string and an
/// empty list. A variable that is an object or a list is written as its JSON.
public struct TemplateRenderer: ~Copyable {
    /// A template or one of its sections, under way.
    struct Frame {
        var text: UnsafePointer<UInt8>
        var nodes: UnsafePointer<Template.Node>
        /// The nodes from `start` on, up to `end`, are its own; `at` is next.
        var at: Int
        var start: Int
        var end: Int
        /// What is left of the list that a section goes through.
        var elements: JSONElements?
        /// Contexts around it.
        var contextCount: Int
        /// What its lines begin with.
        var indentationCount = 0
        /// Partials around it, itself included.
        var partialDepth = 0
        /// Whether it lies in a string of a JSON template: its own text is that string's, too.
        var isQuoted = false
    }

    private let frames: UnsafeMutablePointer<Frame>
    private var frameCount = 0
    /// What names are looked up in, the last first.
    private let contexts: UnsafeMutablePointer<JSONValue>
    private var contextCount = 0
    /// Blanks of all partials around, the outermost's first.
    private let indentation: UnsafeMutablePointer<UInt8>
    /// A partial's name that a variable has, decoded.
    private let partialName: UnsafeMutablePointer<UInt8>
    private var form = TemplateForm.text
    private var place = JSONPlace()
    private var stepsTaken = 0

    public init() {
        frames = .allocate(capacity: TemplateLimits.frameCount)
        contexts = .allocate(capacity: TemplateLimits.frameCount + 1)
        indentation = .allocate(capacity: TemplateLimits.partialDepth * TemplateLimits.indentationByteCount)
        partialName = .allocate(capacity: TemplateLimits.nameByteCount)
    }

    deinit {
        frames.deallocate()
        contexts.deallocate()
        indentation.deallocate()
        partialName.deallocate()
    }

    /// Appends `template` to `writer`, filled with `variables`.
    ///
    /// A JSON template may still come to what is no JSON; what it comes to is to be parsed.
    /// - Parameter asContent: whether it is written as what stands between the quotes of a JSON string. The template is then one of text.
    /// - Throws: what was written before stays.
    public mutating func render(
        _ template: Template, _ variables: JSONValue, _ partials: inout some TemplatePartials, asContent: Bool = false, into writer: inout ByteWriter
    ) throws(RenderError) {
        form = asContent ? .json : template.form
        place = JSONPlace(isInString: asContent)
        stepsTaken = 0
        frameCount = 0
        contexts.initialize(to: variables)
        contextCount = 1
        try push(
            Frame(
                text: template.text, nodes: UnsafePointer(template.nodes), at: 0, start: 0, end: template.nodeCount, elements: nil, contextCount: 1,
                isQuoted: asContent), at: 0)
        while frameCount > 0 {
            let frame = frames + (frameCount - 1)
            let index = frame.pointee.at
            if index == frame.pointee.end {
                finish(frame)
                continue
            }
            let node = frame.pointee.nodes[index]
            frame.pointee.at = Int(node.next)
            try spend(1, on: node)
            switch node.kind {
            case .text: writeText(node, frame, &writer)
            case .value, .plainValue: try writeValue(try value(named: node, frame), node, frame, &writer)
            case .section, .inverted: try enter(node, index, frame)
            case .partial, .variablePartial: try include(node, frame, &partials)
            }
            if writer.overflowed { throw RenderError(.tooLong, at: Int(node.tag)) }
        }
    }

    // MARK: Frames

    private mutating func push(_ frame: Frame, at offset: Int) throws(RenderError) {
        guard frameCount < TemplateLimits.frameCount else { throw RenderError(.tooDeep, at: offset) }
        (frames + frameCount).initialize(to: frame)
        frameCount += 1
    }

    /// A frame's last node is done: its list's next element comes, or what is around it.
    private mutating func finish(_ frame: UnsafeMutablePointer<Frame>) {
        if let element = frame.pointee.elements?.next() {
            contexts[contextCount - 1] = element
            frame.pointee.at = frame.pointee.start
            return
        }
        contextCount = frame.pointee.contextCount
        frameCount -= 1
    }

    private mutating func enter(_ node: Template.Node, _ index: Int, _ frame: UnsafeMutablePointer<Frame>) throws(RenderError) {
        let value = try value(named: node, frame)
        let isTaken = TemplateRenderer.isTruthy(value) == (node.kind == .section)
        // Nothing in it: no list is gone through for nothing.
        guard isTaken, index + 1 < Int(node.next) else { return }
        var inner = frame.pointee
        inner.start = index + 1
        inner.at = inner.start
        inner.end = Int(node.next)
        inner.elements = nil
        inner.contextCount = contextCount
        var context = value
        if node.kind == .inverted || value?.bool == true {
            context = nil
        } else if let value, value.isArray {
            var elements = value.elements
            context = elements.next()
            inner.elements = elements
        }
        try push(inner, at: Int(node.tag))
        guard let context else { return }
        // There is one context more than there are frames, at most.
        (contexts + contextCount).initialize(to: context)
        contextCount += 1
    }

    private mutating func include(_ node: Template.Node, _ frame: UnsafeMutablePointer<Frame>, _ partials: inout some TemplatePartials) throws(RenderError) {
        guard !place.isInEscape else { throw RenderError(.insideEscape, at: Int(node.tag)) }
        try spend(TemplateLimits.partialSteps, on: node)
        guard let partial = try partial(named: node, frame, &partials) else { return }
        var inner = frame.pointee
        guard inner.partialDepth < TemplateLimits.partialDepth else { throw RenderError(.tooDeep, at: Int(node.tag)) }
        inner.partialDepth += 1
        inner.isQuoted = inner.isQuoted || place.isInString
        if node.indentationCount > 0 {
            let blanks = frame.pointee.text + (Int(node.tag) - Int(node.indentationCount))
            (indentation + inner.indentationCount).update(from: blanks, count: Int(node.indentationCount))
            inner.indentationCount += Int(node.indentationCount)
        } else if !node.standsAlone {
            inner.indentationCount = 0
        }
        inner.text = partial.text
        inner.nodes = UnsafePointer(partial.nodes)
        inner.start = 0
        inner.at = 0
        inner.end = partial.nodeCount
        inner.elements = nil
        inner.contextCount = contextCount
        try push(inner, at: Int(node.tag))
    }

    private mutating func partial(
        named node: Template.Node, _ frame: UnsafeMutablePointer<Frame>, _ partials: inout some TemplatePartials
    ) throws(RenderError) -> Template? {
        let name = name(of: node, frame)
        guard node.kind == .variablePartial else { return partials.template(named: name, through: nil) }
        var decoded = ByteWriter(partialName, capacity: TemplateLimits.nameByteCount)
        try value(named: node, frame)?.string?.decode(into: &decoded)
        return partials.template(named: decoded.overflowed ? ByteSlice("") : decoded.written, through: name)
    }

    // MARK: Values

    private mutating func spend(_ count: Int, on node: Template.Node) throws(RenderError) {
        stepsTaken += count
        if stepsTaken > TemplateLimits.stepCount { throw RenderError(.tooManySteps, at: Int(node.tag)) }
    }

    private func name(of node: Template.Node, _ frame: UnsafeMutablePointer<Frame>) -> ByteSlice {
        ByteSlice(frame.pointee.text + Int(node.start), count: Int(node.end - node.start))
    }

    /// What a name stands for: `.` for the context, `a.b` for member `b` of the first `a` that there is, `list.0` for an element.
    private mutating func value(named node: Template.Node, _ frame: UnsafeMutablePointer<Frame>) throws(RenderError) -> JSONValue? {
        let name = name(of: node, frame)
        if name == "." { return contexts[contextCount - 1] }
        let first = name.firstIndex(of: UInt8(ascii: ".")) ?? name.count
        var found: JSONValue?
        var index = contextCount
        while found == nil, index > 0 {
            index -= 1
            found = try child(of: contexts[index], name.prefix(first), node)
        }
        var at = first
        while let value = found, at < name.count {
            let end = name.firstIndex(of: UInt8(ascii: "."), from: at + 1) ?? name.count
            let part = name[at + 1..<end]
            if value.isArray { found = try element(of: value, part, node) } else { found = try child(of: value, part, node) }
            at = end
        }
        return found
    }

    private mutating func child(of value: JSONValue, _ name: ByteSlice, _ node: Template.Node) throws(RenderError) -> JSONValue? {
        var lookedAt = 1
        let found = value.member(name, lookedAt: &lookedAt)
        try spend(lookedAt, on: node)
        return found
    }

    private mutating func element(of list: JSONValue, _ index: ByteSlice, _ node: Template.Node) throws(RenderError) -> JSONValue? {
        guard var left = index.decimal else { return nil }
        for element in list.elements {
            try spend(1, on: node)
            if left == 0 { return element }
            left -= 1
        }
        return nil
    }

    private static func isTruthy(_ value: JSONValue?) -> Bool {
        guard let value else { return false }
        switch value.kind {
        case .null, .false: return false
        case .true, .object: return true
        case .array: return !value.isEmptyContainer
        case .string: return value.bytes.count > 2
        case .number:
            // Zero has no other digit before its exponent: `-0.0e5`.
            let bytes = value.bytes
            for index in 0..<bytes.count {
                if bytes[index] | 0x20 == UInt8(ascii: "e") { return false }
                if (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(bytes[index]) { return true }
            }
            return false
        }
    }

    // MARK: Writing

    private mutating func writeText(_ node: Template.Node, _ frame: UnsafeMutablePointer<Frame>, _ writer: inout ByteWriter) {
        let text = name(of: node, frame)
        guard frame.pointee.indentationCount > 0 else { return put(text, frame, &writer) }
        let blanks = ByteSlice(indentation, count: frame.pointee.indentationCount)
        var startsLine = node.startsLine
        var at = 0
        repeat {
            // A line with nothing on it stays so. A text without bytes stands for a tag at a line's beginning.
            if startsLine, at == text.count || text[at] != UInt8(ascii: "\n") { put(blanks, frame, &writer) }
            let end = text.firstIndex(of: UInt8(ascii: "\n"), from: at).map { $0 + 1 } ?? text.count
            put(text[at..<end], frame, &writer)
            startsLine = true
            at = end
        } while at < text.count && !writer.overflowed
    }

    /// The template's own text.
    private mutating func put(_ text: ByteSlice, _ frame: UnsafeMutablePointer<Frame>, _ writer: inout ByteWriter) {
        if frame.pointee.isQuoted { return writer.append(jsonContent: text) }
        if form == .json { place.pass(text) }
        writer.append(text)
    }

    private mutating func writeValue(
        _ value: JSONValue?, _ node: Template.Node, _ frame: UnsafeMutablePointer<Frame>, _ writer: inout ByteWriter
    ) throws(RenderError) {
        switch form {
        case .text: TemplateRenderer.write(value, &writer)
        case .html:
            let start = writer.count
            TemplateRenderer.write(value, &writer)
            if node.kind == .value { writer.escapeMarkup(from: start) }
        case .json:
            guard !place.isInEscape else { throw RenderError(.insideEscape, at: Int(node.tag)) }
            guard place.isInString else { return writer.append(value?.bytes ?? ByteSlice("null")) }
            guard let value, !value.isNull else { return }
            // What stands between its quotes is written as a JSON string's content already.
            if let string = value.string { writer.append(string.content) } else { writer.append(jsonContent: value.bytes) }
        }
    }

    private static func write(_ value: JSONValue?, _ writer: inout ByteWriter) {
        guard let value, !value.isNull else { return }
        if let string = value.string { string.decode(into: &writer) } else { writer.append(value.bytes) }
    }
}

extension ByteWriter {
    /// Writes `& < > "` as entities in what has been written from `start` on.
    fileprivate mutating func escapeMarkup(from start: Int) {
        func entity(_ byte: UInt8) -> StaticString? {
            switch byte {
            case UInt8(ascii: "&"): "&amp;"
            case UInt8(ascii: "<"): "&lt;"
            case UInt8(ascii: ">"): "&gt;"
            case UInt8(ascii: "\""): "&quot;"
            default: nil
            }
        }
        var from = count
        var growth = 0
        for index in start..<from { growth += entity(base[index]).map { $0.utf8CodeUnitCount - 1 } ?? 0 }
        guard growth > 0, claim(growth) != nil else { return }
        // From the end, so that no byte is overwritten before it has moved.
        var to = count
        while from > start {
            from -= 1
            let byte = base[from]
            guard let entity = entity(byte) else {
                to -= 1
                base[to] = byte
                continue
            }
            to -= entity.utf8CodeUnitCount
            (base + to).update(from: entity.utf8Start, count: entity.utf8CodeUnitCount)
        }
    }
}
