/// One fault in a configuration text: where it is, what it is, and what would be right.
public struct Diagnostic: Sendable, Hashable {
    public enum Severity: Sendable, Hashable {
        /// The configuration cannot be used.
        case error
        /// It can, but says something that has no effect or is unwise.
        case warning
    }

    public enum Kind: Sendable, Hashable {
        /// The text is no JSON or YAML at all.
        case syntax
        /// It is, but not of the shape wanted.
        case schema
        /// It is something that is not built yet.
        case unsupported
        /// Parts that are right by themselves do not go together.
        case meaning
    }

    public let severity: Severity
    public let kind: Kind
    public let position: SourcePosition
    public let path: DocumentPath
    /// Lower case, no full stop, never a secret.
    public let message: String
    /// What would be right, where that can be told.
    public let hint: String?
    /// The words clients of the wire know for this fault, where they differ from `message`.
    public let wireText: String?
    /// Where clients of the wire are used to be pointed, where that is not `path`.
    public let wirePath: DocumentPath?

    public init(
        _ message: String, hint: String? = nil, wireText: String? = nil, wirePath: DocumentPath? = nil, kind: Kind = .schema,
        severity: Severity = .error, at position: SourcePosition, path: DocumentPath
    ) {
        self.severity = severity
        self.kind = kind
        self.position = position
        self.path = path
        self.message = message
        self.hint = hint
        self.wireText = wireText
        self.wirePath = wirePath
    }

    /// Stands for all errors past the bound on how many are told.
    public static func more(at position: SourcePosition) -> Diagnostic {
        Diagnostic("there are more faults", hint: "mend those before it first", kind: .meaning, at: position, path: DocumentPath())
    }

    /// The place as a JSON pointer (RFC 6901).
    public var pointer: String { path.pointer }

    /// One line for an operator: `config/sluice.yaml:14:17: message; hint`.
    public func rendered(path file: String) -> String {
        let label = severity == .warning ? "warning: " : ""
        let tail = hint.map { "; \($0)" } ?? ""
        return "\(file):\(position.line):\(position.column): \(label)\(message)\(tail)"
    }
}

extension [Diagnostic] {
    /// Adds one, up to the bound on how many are told of one document.
    public mutating func note(_ diagnostic: Diagnostic) {
        if count < DocumentLimits.diagnosticCount {
            append(diagnostic)
        } else if diagnostic.severity == .error, count == DocumentLimits.diagnosticCount {
            append(Diagnostic.more(at: diagnostic.position))
        }
    }

    public var hasErrors: Bool { contains { $0.severity == .error } }

    /// In the order of the text; what is found at one place keeps the order it was found in.
    public var inTextOrder: [Diagnostic] {
        enumerated().sorted { left, right in
            (left.element.position, left.offset) < (right.element.position, right.offset)
        }.map(\.element)
    }

    /// One line each, as `sluice check` prints them.
    public func rendered(path file: String) -> String {
        inTextOrder.map { $0.rendered(path: file) + "\n" }.joined()
    }
}

/// Text from the outside, made fit for one line of a message: control characters escaped, cut at 64 characters.
public func quoted(_ text: String) -> String {
    var shown = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == 64 { return "\"\(shown)…\"" }
        count += 1
        switch scalar {
        case "\"", "\\": shown += "\\\(scalar)"
        case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.properties.isBidiControl:
            shown += "\\u{\(String(scalar.value, radix: 16))}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return "\"\(shown)\""
}
