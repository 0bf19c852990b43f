public import JSON

/// One key an object may have.
public struct SchemaKey: Sendable {
    public enum Support: Sendable, Equatable {
        case supported
        /// Part of the schema, not built yet: refused, unless the value changes nothing.
        case notYet(harmless: Harmless)
        /// A label for people; read by nobody.
        case label
    }

    /// Values of an unbuilt key that ask for nothing.
    public enum Harmless: Sendable, Equatable { case nothing, emptyList }

    public let name: String
    /// Other spellings in use.
    public let aliases: [String]
    public let support: Support

    public init(_ name: String, aliases: [String] = [], _ support: Support = .supported) {
        self.name = name
        self.aliases = aliases
        self.support = support
    }

    /// As declared and in camel case, the same for each alias.
    fileprivate var spellings: [String] { ([name] + aliases).flatMap { [$0, SchemaKey.camelCased($0)] } }

    private static func camelCased(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}

/// The keys of one kind of object, found by any of their spellings.
public struct Schema: Sendable {
    let keys: [SchemaKey]
    private let bySpelling: [String: Int]

    public init(_ keys: [SchemaKey]) {
        self.keys = keys
        var bySpelling: [String: Int] = [:]
        for (index, key) in keys.enumerated() {
            for spelling in key.spellings { bySpelling[spelling] = index }
        }
        self.bySpelling = bySpelling
    }

    func key(_ written: String) -> SchemaKey? { bySpelling[written].map { keys[$0] } }
}

/// A value found under a key, and the way to it.
public struct Field {
    public let node: DocumentNode
    public let path: DocumentPath
    /// Where the key stands.
    public let keyPosition: SourcePosition

    public init(node: DocumentNode, path: DocumentPath, keyPosition: SourcePosition) {
        self.node = node
        self.path = path
        self.keyPosition = keyPosition
    }

    /// The name of the key, for messages.
    public var name: String {
        switch path.steps.last {
        case .member(let name): name
        case .index(let index): "\(index)"
        case nil: "the config"
        }
    }
}

/// An object's members by the keys of its schema.
public struct Fields {
    fileprivate var found: [String: Field] = [:]

    public subscript(_ key: String) -> Field? { found[key] }
}

/// Reads typed values out of a document and collects what is wrong with it.
public struct SchemaReader {
    /// Whether a key no schema has is a fault (files) or passes (headers, whose callers rely on it).
    public let refusesUnknownKeys: Bool
    public private(set) var diagnostics: [Diagnostic] = []

    public init(refusesUnknownKeys: Bool) { self.refusesUnknownKeys = refusesUnknownKeys }

    /// Notes a fault, up to a bound; what errors are past it are told as one.
    /// Whether more faults were found than are told; looking for further ones is then pointless.
    var isFull: Bool { diagnostics.count > DocumentLimits.diagnosticCount }

    public mutating func report(_ diagnostic: Diagnostic) { diagnostics.note(diagnostic) }

    public mutating func report(
        _ message: String, hint: String? = nil, wireText: String? = nil, kind: Diagnostic.Kind = .schema,
        severity: Diagnostic.Severity = .error, at field: Field
    ) {
        report(
            Diagnostic(
                message, hint: hint, wireText: wireText, kind: kind, severity: severity, at: field.node.position, path: field.path))
    }

    // MARK: Objects

    /// The members of an object by key; nil, with a diagnostic, when it is none.
    ///
    /// - Parameter isStrict: whether an unknown key is a fault here, wherever the config comes from.
    public mutating func fields(of field: Field, schema: Schema, isStrict: Bool = false) -> Fields? {
        guard case .object(let members) = field.node.value else {
            mismatch(field, wanted: "object", article: "a mapping")
            return nil
        }
        var fields = Fields()
        for member in members {
            let path = field.path.member(member.name)
            guard let key = schema.key(member.name) else {
                if refusesUnknownKeys || isStrict, !isFull { reportUnknown(member, path: path, keys: schema.keys) }
                continue
            }
            let found = Field(node: member.value, path: path, keyPosition: member.position)
            if let other = fields.found[key.name] {
                // Equal spellings were reported by the parser.
                if other.name != member.name {
                    let message = "\(quoted(member.name)) says \(quoted(other.name)) again"
                    report(Diagnostic(message, hint: "keep \(quoted(key.name))", at: member.position, path: path))
                }
                continue
            }
            fields.found[key.name] = found
            refuseUnbuilt(key, found)
        }
        return fields
    }

    private mutating func reportUnknown(_ member: DocumentMember, path: DocumentPath, keys: [SchemaKey]) {
        let nearest = NearestName.find(member.name, among: keys.map(\.name))
        let hint =
            nearest.map { "did you mean \(quoted($0))?" } ?? "known: "
            + keys.filter { $0.support == .supported }.map(\.name).joined(separator: ", ")
        report(Diagnostic("unknown key \(quoted(member.name))", hint: hint, at: member.position, path: path))
    }

    private mutating func refuseUnbuilt(_ key: SchemaKey, _ field: Field) {
        guard case .notYet(let harmless) = key.support, !SchemaReader.isHarmless(field.node, harmless) else { return }
        let message = "\(quoted(field.name)) is not supported yet"
        report(Diagnostic(message, kind: .unsupported, at: field.keyPosition, path: field.path))
    }

    private static func isHarmless(_ node: DocumentNode, _ harmless: SchemaKey.Harmless) -> Bool {
        switch (harmless, node.value) {
        case (.emptyList, .array(let elements)): elements.isEmpty
        case (.emptyList, .object(let members)): members.isEmpty
        default: false
        }
    }

    /// The members of an object whose names are the reader's own: providers, keys, configs.
    public mutating func entries(of field: Field) -> [(name: String, field: Field)] {
        guard case .object(let members) = field.node.value else {
            mismatch(field, wanted: "object", article: "a mapping")
            return []
        }
        return members.map { member in
            (member.name, Field(node: member.value, path: field.path.member(member.name), keyPosition: member.position))
        }
    }

    /// The elements of a list; nil, with a diagnostic, when it is none.
    public mutating func elements(of field: Field) -> [Field]? {
        guard case .array(let elements) = field.node.value else {
            mismatch(field, wanted: "array", article: "a list")
            return nil
        }
        return elements.enumerated().map { index, node in
            Field(node: node, path: field.path.index(index), keyPosition: node.position)
        }
    }

    // MARK: Scalars

    public mutating func string(_ field: Field) -> String? {
        if case .string(let text) = field.node.value { return text }
        mismatch(field, wanted: "string", article: "text")
        return nil
    }

    public mutating func boolean(_ field: Field) -> Bool? {
        if case .boolean(let flag) = field.node.value { return flag }
        mismatch(field, wanted: "boolean", article: "true or false")
        return nil
    }

    /// A whole number in `bounds`.
    public mutating func integer(_ field: Field, in bounds: ClosedRange<Int64>) -> Int64? {
        guard case .number(let number) = field.node.value else {
            mismatch(field, wanted: "number", article: "a number")
            return nil
        }
        guard let value = number.integer, bounds.contains(value) else {
            report(
                "\(quoted(field.name)) must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound), not \(shown(number))",
                at: field)
            return nil
        }
        return value
    }

    /// One of a few words.
    public mutating func choice(_ field: Field, of words: [String]) -> String? {
        guard let text = string(field) else { return nil }
        if words.contains(text) { return text }
        report("\(quoted(field.name)) must be one of \(words.joined(separator: ", ")), not \(quoted(text))", at: field)
        return nil
    }

    private func shown(_ number: DocumentNumber) -> String { String(number.text.prefix(32)) }

    public mutating func mismatch(_ field: Field, wanted: String, article: String) {
        let got = field.node.kindName
        let message = "\(quoted(field.name)) must be \(article), not \(SchemaReader.articled(got))"
        report(message, wireText: "Expected \(wanted), received \(got)", at: field)
    }

    private static func articled(_ kind: String) -> String {
        switch kind {
        case "null": "empty"
        case "boolean": "true or false"
        case "string": "text"
        case "array": "a list"
        case "object": "a mapping"
        default: "a \(kind)"
        }
    }

    /// Says that a key an object must have is not there.
    public mutating func missing(_ key: String, in field: Field) {
        let path = field.path.member(key)
        let message = "\(quoted(key)) is missing"
        report(Diagnostic(message, wireText: "Required", at: field.node.position, path: path))
    }
}
