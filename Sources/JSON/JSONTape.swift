public import Bytes

/// A JSON text as a flat list of its values, for who must read all of it: translation between dialects.
///
/// One pass judges the text as `JSONText.validate` does and notes where every value stands. The list is
/// allocated once and grows to what its texts need, up to `nodeLimit`; make one a worker. It borrows the text
/// last parsed: whoever calls keeps those bytes, and parses nothing else, while values are read.
///
///     {"a":[1,2]}    0 object …5   1 "a"   2 array …5   3 1   4 2      (… the index past the subtree)
public struct JSONTape: ~Copyable {
    /// One value, or one member's name.
    struct Node: BitwiseCopyable {
        var start: UInt32
        var end: UInt32
        /// The index past this value and all in it; while a container is open, the index of the one around it.
        var next: UInt32
        var kind: JSONKind
        var hasEscapes: Bool
    }

    private var nodes: UnsafeMutablePointer<Node>
    private var capacity: Int
    private var count = 0
    private var text = ByteSlice("")
    private let nodeLimit: Int
    private let depthLimit: Int

    /// - Parameters:
    ///   - nodeLimit: values and names a text may have.
    ///   - depthLimit: levels of nesting.
    public init(nodeLimit: Int = JSONLimits.tapeNodes, depthLimit: Int = JSONLimits.depth) {
        precondition(nodeLimit > 0 && nodeLimit < Int(UInt32.max), "an index is 32 bits")
        self.nodeLimit = nodeLimit
        self.depthLimit = depthLimit
        capacity = min(64, nodeLimit)
        nodes = .allocate(capacity: capacity)
    }

    deinit { nodes.deallocate() }

    /// Values and names of the text last parsed.
    public var valueCount: Int { count }

    /// Parses `text`: one value, white space around it and nothing else. The value is valid until the next call.
    /// - Throws: also `.tooMany` past the limit of values. After a throw the tape is empty.
    public mutating func parse(_ text: ByteSlice) throws(JSONError) -> JSONValue {
        count = 0
        guard text.count < Int(UInt32.max) else { throw JSONError(.tooMany, at: Int(UInt32.max)) }
        self.text = text
        let grammar = Grammar(base: text.base, end: text.count, depthLimit: depthLimit)
        do throws(JSONError) {
            try grammar.refuseByteOrderMark(at: 0)
            let end = try fill(grammar, from: grammar.skipSpace(0))
            let rest = grammar.skipSpace(end)
            if rest < text.count { throw JSONError(.endOfText, at: rest) }
        } catch {
            count = 0
            throw error
        }
        return JSONValue(text: text.base, nodes: nodes, index: 0)
    }

    /// Notes the value at `start` and all in it; where it ends. Walks, does not recurse.
    private mutating func fill(_ grammar: Grammar, from start: Int) throws(JSONError) -> Int {
        var at = start
        // The container whose values are being read; none outside.
        var open = UInt32.max
        var isObject = false
        var depth = 0
        nextValue: while true {
            let byte = grammar.byte(at)
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                guard depth < depthLimit else { throw JSONError(.tooDeep, at: at) }
                depth += 1
                let index = try append(at, at, byte == UInt8(ascii: "{") ? .object : .array, false)
                nodes[index].next = open
                open = UInt32(truncatingIfNeeded: index)
                isObject = byte == UInt8(ascii: "{")
                at = grammar.skipSpace(at + 1)
                if grammar.byte(at) != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { at = try appendName(grammar, at) }
                    continue nextValue
                }
            } else {
                let value = try grammar.valueEnd(from: at, under: depth)
                let index = try append(at, value.end, value.kind, value.hasEscapes)
                nodes[index].next = UInt32(truncatingIfNeeded: index + 1)
                at = value.end
            }
            // What may follow a value: a comma and another, or the ends of containers.
            while open != UInt32.max {
                at = grammar.skipSpace(at)
                if grammar.byte(at) == UInt8(ascii: ","), !(isJustOpened(open)) {
                    at = grammar.skipSpace(at + 1)
                    if isObject { at = try appendName(grammar, at) }
                    continue nextValue
                }
                guard grammar.byte(at) == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw JSONError(isObject ? .commaOrBrace : .commaOrBracket, at: at)
                }
                at += 1
                let outer = nodes[Int(open)].next
                nodes[Int(open)].end = UInt32(truncatingIfNeeded: at)
                nodes[Int(open)].next = UInt32(truncatingIfNeeded: count)
                open = outer
                depth -= 1
                if outer != UInt32.max { isObject = nodes[Int(outer)].kind == .object }
            }
            return at
        }
    }

    /// Whether nothing stands in the container yet: then no comma may.
    @inline(__always)
    private func isJustOpened(_ open: UInt32) -> Bool { count == Int(open) + 1 }

    @inline(__always)
    private mutating func appendName(_ grammar: Grammar, _ at: Int) throws(JSONError) -> Int {
        let key = try grammar.keyEnd(from: at)
        let index = try append(at, key.quote + 1, .string, key.hasEscapes)
        nodes[index].next = UInt32(truncatingIfNeeded: index + 1)
        return key.value
    }

    @inline(__always)
    private mutating func append(_ start: Int, _ end: Int, _ kind: JSONKind, _ hasEscapes: Bool) throws(JSONError) -> Int {
        if count == capacity { try grow(at: start) }
        (nodes + count).initialize(
            to: Node(start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end), next: 0, kind: kind, hasEscapes: hasEscapes))
        count += 1
        return count - 1
    }

    private mutating func grow(at offset: Int) throws(JSONError) {
        guard capacity < nodeLimit else { throw JSONError(.tooMany, at: offset) }
        let larger = min(nodeLimit, capacity * 2)
        let moved = UnsafeMutablePointer<Node>.allocate(capacity: larger)
        moved.update(from: nodes, count: count)
        nodes.deallocate()
        nodes = moved
        capacity = larger
    }
}

/// One value of a tape: three words, nothing owned. Valid until its tape parses another text.
public struct JSONValue: BitwiseCopyable {
    let text: UnsafePointer<UInt8>
    let nodes: UnsafePointer<JSONTape.Node>
    let index: Int

    init(text: UnsafePointer<UInt8>, nodes: UnsafePointer<JSONTape.Node>, index: Int) {
        self.text = text
        self.nodes = nodes
        self.index = index
    }

    private var node: JSONTape.Node { nodes[index] }

    public var kind: JSONKind { node.kind }
    public var isNull: Bool { node.kind == .null }
    public var isObject: Bool { node.kind == .object }
    public var isArray: Bool { node.kind == .array }
    public var isString: Bool { node.kind == .string }
    public var isNumber: Bool { node.kind == .number }

    /// The value as it stands in the text.
    public var bytes: ByteSlice { ByteSlice(text + Int(node.start), count: Int(node.end) - Int(node.start)) }

    /// The value, when it is a string.
    public var string: JSONString? {
        guard node.kind == .string else { return nil }
        return JSONString(content: ByteSlice(text + Int(node.start) + 1, count: Int(node.end) - Int(node.start) - 2), hasEscapes: node.hasEscapes)
    }

    public var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The value, when it is a number written without fraction and exponent that `Int64` holds.
    public var integer: Int64? { node.kind == .number ? JSONNumber.integer(bytes) : nil }

    /// Whether the value is the string `word`.
    public func `is`(_ word: StaticString) -> Bool { string.map { $0 == word } ?? false }

    // MARK: Containers

    /// The object's member of this name, the last of several; nil for any other value.
    ///
    /// Names are compared decoded. Linear in the object's members.
    public func member(_ name: StaticString) -> JSONValue? { member(ByteSlice(name)) }

    public func member(_ name: ByteSlice) -> JSONValue? {
        var lookedAt = 0
        return member(name, lookedAt: &lookedAt)
    }

    /// The same for who must keep account of time: `lookedAt` goes up by the members there are.
    public func member(_ name: ByteSlice, lookedAt: inout Int) -> JSONValue? {
        guard node.kind == .object else { return nil }
        var found: JSONValue?
        var at = index + 1
        let end = Int(node.next)
        while at < end {
            if isNamed(nodes[at], name) { found = JSONValue(text: text, nodes: nodes, index: at + 1) }
            lookedAt &+= 1
            at = Int(nodes[at + 1].next)
        }
        return found
    }

    /// Whether a member's name is `name`. Lengths and first bytes tell most apart.
    @inline(__always)
    private func isNamed(_ key: JSONTape.Node, _ name: ByteSlice) -> Bool {
        let content = ByteSlice(text + Int(key.start) + 1, count: Int(key.end) - Int(key.start) - 2)
        if key.hasEscapes { return JSONString(content: content, hasEscapes: true) == name }
        guard content.count == name.count else { return false }
        return name.isEmpty || content[0] == name[0] && content == name
    }

    /// The member of this name, unless it is null, which most providers take for absent.
    public subscript(_ name: StaticString) -> JSONValue? {
        guard let value = member(name), !value.isNull else { return nil }
        return value
    }

    /// An object's members in the order written; empty for any other value.
    public var members: JSONMembers { JSONMembers(text: text, nodes: nodes, at: index + 1, end: node.kind == .object ? Int(node.next) : index + 1) }

    /// An array's elements; empty for any other value.
    public var elements: JSONElements { JSONElements(text: text, nodes: nodes, at: index + 1, end: node.kind == .array ? Int(node.next) : index + 1) }

    /// Elements of an array, members of an object; 0 for any other value. Linear.
    public var count: Int {
        var sum = 0
        switch node.kind {
        case .array: for _ in elements { sum += 1 }
        case .object: for _ in members { sum += 1 }
        default: break
        }
        return sum
    }

    /// Whether it is an array or object with nothing in it.
    public var isEmptyContainer: Bool { (node.kind == .array || node.kind == .object) && Int(node.next) == index + 1 }
}

/// An array's elements, one after another.
public struct JSONElements: Sequence, IteratorProtocol {
    let text: UnsafePointer<UInt8>
    let nodes: UnsafePointer<JSONTape.Node>
    var at: Int
    let end: Int

    public mutating func next() -> JSONValue? {
        guard at < end else { return nil }
        let value = JSONValue(text: text, nodes: nodes, index: at)
        at = Int(nodes[at].next)
        return value
    }
}

/// An object's members, one after another.
public struct JSONMembers: Sequence, IteratorProtocol {
    let text: UnsafePointer<UInt8>
    let nodes: UnsafePointer<JSONTape.Node>
    var at: Int
    let end: Int

    public mutating func next() -> (name: JSONString, value: JSONValue)? {
        guard at < end, let name = JSONValue(text: text, nodes: nodes, index: at).string else { return nil }
        let value = JSONValue(text: text, nodes: nodes, index: at + 1)
        at = Int(nodes[at + 1].next)
        return (name, value)
    }
}
