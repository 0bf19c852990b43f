/// Where something stands in a configuration text.
public struct SourcePosition: Sendable, Hashable, Comparable {
    /// From 1.
    public let line: Int
    /// From 1, in Unicode scalars.
    public let column: Int
    /// From 0, in bytes.
    public let offset: Int

    public init(line: Int, column: Int, offset: Int) {
        self.line = line
        self.column = column
        self.offset = offset
    }

    public static let start = SourcePosition(line: 1, column: 1, offset: 0)

    public static func < (left: SourcePosition, right: SourcePosition) -> Bool { left.offset < right.offset }
}

/// A configuration text as values that know where they stand, whether it was JSON or YAML.
///
/// For what is read seldom: configurations, and bodies that are told of or shown. Those on their way through the gateway are never parsed into trees.
public struct Document: Sendable {
    public let root: DocumentNode

    public init(root: DocumentNode) { self.root = root }
}

/// One value of a document and its place.
public struct DocumentNode: Sendable {
    public enum Value: Sendable {
        case null
        case boolean(Bool)
        case number(DocumentNumber)
        case string(String)
        case array([DocumentNode])
        /// Members in the order written. Names are unique, or a diagnostic says otherwise.
        case object([DocumentMember])
    }

    public let value: Value
    public let position: SourcePosition

    public init(_ value: Value, at position: SourcePosition) {
        self.value = value
        self.position = position
    }

    /// What the value is, in the words JavaScript's validators use: `string`, `number`, `boolean`…
    public var kindName: String {
        switch value {
        case .null: "null"
        case .boolean: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// One member of an object.
public struct DocumentMember: Sendable {
    public let name: String
    /// Where the name stands; the value's place is in `value`.
    public let position: SourcePosition
    public let value: DocumentNode

    public init(name: String, position: SourcePosition, value: DocumentNode) {
        self.name = name
        self.position = position
        self.value = value
    }
}

/// A number as it was written, which always is a JSON number (RFC 8259 §6).
public struct DocumentNumber: Sendable, Hashable {
    public let text: String

    /// - Parameter text: checked by the parser that read it to be a JSON number.
    public init(text: String) { self.text = text }

    /// The value when it is whole and exact; `1e3` and `2.0` are whole too.
    public var integer: Int64? {
        if let exact = Int64(text) { return exact }
        guard let value = Double(text), value.rounded() == value, value.magnitude < 9_007_199_254_740_992 else { return nil }
        return Int64(value)
    }

    /// The nearest double; infinite when the number is too large for one.
    public var double: Double { Double(text) ?? .infinity }
}

/// The way from a document's root to a value.
public struct DocumentPath: Sendable, Hashable {
    public enum Step: Sendable, Hashable {
        case member(String)
        case index(Int)
    }

    public private(set) var steps: [Step]

    public init(_ steps: [Step] = []) { self.steps = steps }

    public func member(_ name: String) -> DocumentPath { DocumentPath(steps + [.member(name)]) }
    public func index(_ index: Int) -> DocumentPath { DocumentPath(steps + [.index(index)]) }

    /// A step down in place, for who goes the way itself.
    mutating func push(_ step: Step) { steps.append(step) }
    mutating func pop() { steps.removeLast() }

    /// As a JSON pointer: `/targets/0/provider`, empty for the root (RFC 6901).
    public var pointer: String {
        steps.map { step in
            switch step {
            case .index(let index): "/\(index)"
            case .member(let name): "/" + DocumentPath.escape(name)
            }
        }.joined()
    }

    /// As validators in JavaScript join it: `targets,0,provider`.
    public var commaSeparated: String {
        steps.map { step in
            switch step {
            case .index(let index): "\(index)"
            case .member(let name): name
            }
        }.joined(separator: ",")
    }

    private static func escape(_ name: String) -> String {
        var escaped = ""
        for character in name.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
