public import Bytes
public import JSON

/// Why a config in `x-portkey-config` is refused, in the exact words clients of the wire know.
///
/// The answer is a 400 `{"status":"failure","message":…,"errors":[…]}`; its bytes are built by the gateway.
/// - Source: the wire reference §3.2
public enum ConfigRefusal: Error, Sendable {
    case notJSON([Diagnostic])
    case noProvider
    case oldVersion
    case invalid([Diagnostic])
    /// Of guardrails that a header of their own asks for.
    case invalidGuardrails(header: StaticString, [Diagnostic])

    public var message: String {
        switch self {
        case .notJSON: "Invalid config passed. You need to pass a valid json"
        case .noProvider:
            "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should have a valid config with provider details in it."
        case .oldVersion: "This version of config is not supported in this route. Please migrate to the latest version"
        case .invalid(let diagnostics): diagnostics.lazy.compactMap(ConfigRefusal.routerText).first ?? "Invalid config passed"
        case .invalidGuardrails(let header, let diagnostics):
            "\(header.description): " + (diagnostics.first.map { ConfigRefusal.sentence($0) } ?? "a JSON array of guardrails is wanted")
        }
    }

    /// The wire knows faults of conditions by messages of their own, which it finds with each request; here they are found ahead.
    private static func routerText(_ diagnostic: Diagnostic) -> String? {
        guard let text = diagnostic.wireText, text.contains("query router") else { return nil }
        return text
    }

    /// The entries of `errors`; nil where the wire has no such member.
    public var errors: [String]? {
        guard let diagnostics = faults else { return nil }
        return diagnostics.filter { $0.severity == .error }.map { diagnostic in
            "path: \((diagnostic.wirePath ?? diagnostic.path).commaSeparated), message: \(diagnostic.wireText ?? ConfigRefusal.sentence(diagnostic))"
        }
    }

    private var faults: [Diagnostic]? {
        switch self {
        case .invalid(let diagnostics), .invalidGuardrails(_, let diagnostics): diagnostics
        case .notJSON, .noProvider, .oldVersion: nil
        }
    }

    /// Where each entry of `errors` is, as a JSON pointer into the config.
    public var pointers: [String] {
        guard let diagnostics = faults else { return [] }
        return diagnostics.filter { $0.severity == .error }.map(\.path.pointer)
    }

    /// What was found, with places; empty where the config as a whole is the fault.
    public var diagnostics: [Diagnostic] {
        switch self {
        case .notJSON(let diagnostics), .invalid(let diagnostics), .invalidGuardrails(_, let diagnostics): diagnostics
        case .noProvider, .oldVersion: []
        }
    }

    private static func sentence(_ diagnostic: Diagnostic) -> String {
        diagnostic.hint.map { "\(diagnostic.message); \($0)" } ?? diagnostic.message
    }
}

extension PolicyCompiler {
    /// Compiles the JSON of an `x-portkey-config` header; checks in the order of the reference.
    ///
    /// - Parameter requestNamesProvider: whether the request names one beside the config: in
    ///   `x-portkey-provider`, `x-portkey-virtual-key` or its model.
    public static func compile(
        header text: ByteSlice, catalog: Catalog, requestNamesProvider: Bool
    ) throws(ConfigRefusal) -> Program {
        let parsed = DocumentParser.parse(text)
        guard let root = parsed.document?.root else { throw .notJSON(parsed.diagnostics) }
        let isNamed = requestNamesProvider || namesProvider(root)
        if case .object = root.value, !isNamed { throw .noProvider }
        let compiled = PolicyCompiler(catalog: catalog, origin: .header)
            .compile(Field(node: root, path: DocumentPath(), keyPosition: root.position))
        let diagnostics = parsed.diagnostics + compiled.diagnostics
        if diagnostics.hasErrors { throw .invalid(diagnostics) }
        if case .object(let members) = root.value, members.contains(where: { $0.name == "options" && isTruthy($0.value) }) {
            throw .oldVersion
        }
        // Without errors there is a program; were there none, refusing is the safe side.
        guard let program = compiled.program else { throw .invalid(diagnostics) }
        return program
    }

    private static func namesProvider(_ root: DocumentNode) -> Bool {
        guard case .object(let members) = root.value else { return false }
        return members.contains { member in
            switch member.name {
            case "provider", "targets", "virtual_key", "virtualKey": isTruthy(member.value)
            case "override_params", "overrideParams": namesVirtualKey(member.value)
            default: false
            }
        }
    }

    private static func namesVirtualKey(_ overrides: DocumentNode) -> Bool {
        guard case .object(let members) = overrides.value else { return false }
        return members.contains { member in
            guard member.name == "model", case .string(let model) = member.value.value else { return false }
            return Array(model.utf8).withByteSlice { VirtualKeyName(model: $0) != nil }
        }
    }

    /// As JavaScript's: what a validator written there takes for present.
    private static func isTruthy(_ node: DocumentNode) -> Bool {
        switch node.value {
        case .null: false
        case .boolean(let flag): flag
        case .number(let number): number.double != 0
        case .string(let text): !text.isEmpty
        case .array, .object: true
        }
    }
}
