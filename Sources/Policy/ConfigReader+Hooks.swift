public import Bytes
public import Guardrails
public import JSON

/// The keys that ask for checks: hooks in full, and guardrails in short.
///
///     {"checks": [{"id": "default.contains", "parameters": {"words": ["x"], "operator": "none"}}], "deny": true}
///     {"default.contains": {"words": ["x"], "operator": "none"}, "deny": true}
///
/// - Source: the wire reference §3.5
extension ConfigReader {
    mutating func hooks(_ fields: Fields, into config: inout Config) {
        for key in ["before_request_hooks", "input_guardrails", "default_input_guardrails"] {
            if let found = fields[key] { config.inputHooks += hooks(found, .input) }
        }
        for key in ["after_request_hooks", "output_guardrails", "default_output_guardrails"] {
            if let found = fields[key] { config.outputHooks += hooks(found, .output) }
        }
    }

    mutating func hooks(_ field: Field, _ side: HookSide) -> [Hook] {
        guard let elements = schema.elements(of: field) else { return [] }
        guard elements.count <= GuardrailLimits.hookCount else {
            schema.report("more than \(GuardrailLimits.hookCount) entries in \(quoted(field.name))", at: field)
            return []
        }
        return elements.compactMap { hook($0, side) }
    }

    /// Nil where it has faults, and where all its checks are switched off.
    private mutating func hook(_ field: Field, _ side: HookSide) -> Hook? {
        if case .string(let name) = field.node.value {
            if let kept = catalog.guardrails[name] { return hook(Field(node: kept, path: field.path, keyPosition: field.keyPosition), side) }
            schema.report(
                "guardrail \(quoted(name)) is not known here", hint: "name one of the store, or write its checks out: {\"default.contains\": {…}, \"deny\": true}",
                kind: .unsupported, at: field)
            return nil
        }
        guard case .object(let members) = field.node.value else {
            schema.mismatch(field, wanted: "object", article: "a mapping")
            return nil
        }
        let isShort = !members.contains { $0.name == "checks" }
        let settings = isShort ? members.filter { ConfigSchema.hook.key($0.name) != nil } : members
        let place = Field(node: DocumentNode(.object(settings), at: field.node.position), path: field.path, keyPosition: field.keyPosition)
        guard let fields = schema.fields(of: place, schema: ConfigSchema.hook, isStrict: true) else { return nil }
        hookCount += 1
        let id = hookID(fields["id"], side)
        refuse(fields)
        let denies = fields["deny"].flatMap { schema.boolean($0) } ?? false
        let entries = isShort ? shortChecks(field, members) : fullChecks(fields)
        guard let entries else { return nil }
        guard (1...GuardrailLimits.checkCount).contains(entries.count) else {
            schema.report("a hook has 1 to \(GuardrailLimits.checkCount) checks", at: field)
            return nil
        }
        let checks = entries.compactMap { check($0, denies: denies) }
        let onSuccess = fields["on_success"].flatMap { feedback($0) }
        let onFailure = fields["on_fail"].flatMap { feedback($0) }
        return checks.isEmpty ? nil : Hook(id: id, checks: checks, denies: denies, onSuccess: onSuccess, onFailure: onFailure)
    }

    private mutating func hookID(_ field: Field?, _ side: HookSide) -> String {
        let own = side == .input ? "input_guardrail_\(hookCount)" : "output_guardrail_\(hookCount)"
        guard let field, let id = schema.string(field) else { return own }
        guard id.utf8.count <= GuardrailLimits.idByteCount else {
            schema.report("a hook's id has at most \(GuardrailLimits.idByteCount) bytes", at: field)
            return own
        }
        return id.isEmpty ? own : id
    }

    /// What a hook may ask for and is not given.
    private mutating func refuse(_ fields: Fields) {
        if let found = fields["sequential"] { _ = schema.boolean(found) }
        if let found = fields["async"], schema.boolean(found) == true {
            schema.report(
                "an asynchronous hook would neither refuse nor be told of", hint: "take \"async\" out, and \"deny\" with it for checks that only tell",
                kind: .unsupported, at: found)
        }
        if let found = fields["type"], let type = schema.choice(found, of: ["guardrail", "mutator"]), type == "mutator" {
            schema.report("mutators are not supported yet", kind: .unsupported, at: found)
        }
    }

    // MARK: Checks as written

    /// One check's id, parameters and switch, in either form.
    struct CheckEntry {
        var id: String
        /// Where the id stands.
        var field: Field
        var parameters: Field
        var isEnabled = true
    }

    private mutating func shortChecks(_ field: Field, _ members: [DocumentMember]) -> [CheckEntry]? {
        var entries: [CheckEntry] = []
        for member in members where ConfigSchema.hook.key(member.name) == nil && !schema.isFull {
            let found = Field(node: member.value, path: field.path.member(member.name), keyPosition: member.position)
            guard case .object(let parameters) = member.value.value else {
                schema.mismatch(found, wanted: "object", article: "a mapping")
                continue
            }
            var entry = CheckEntry(id: member.name, field: found, parameters: found)
            var rest: [DocumentMember] = []
            for parameter in parameters {
                let place = Field(node: parameter.value, path: found.path.member(parameter.name), keyPosition: parameter.position)
                switch parameter.name {
                case "id": entry.id = schema.string(place) ?? entry.id
                case "is_enabled", "isEnabled": entry.isEnabled = schema.boolean(place) ?? true
                default: rest.append(parameter)
                }
            }
            entry.parameters = Field(node: DocumentNode(.object(rest), at: member.value.position), path: found.path, keyPosition: member.position)
            entries.append(entry)
        }
        return entries
    }

    private mutating func fullChecks(_ fields: Fields) -> [CheckEntry]? {
        guard let found = fields["checks"], let elements = schema.elements(of: found) else { return nil }
        var entries: [CheckEntry] = []
        for element in elements where !schema.isFull {
            guard let fields = schema.fields(of: element, schema: ConfigSchema.check, isStrict: true) else { continue }
            guard let id = fields["id"] else {
                schema.missing("id", in: element)
                continue
            }
            let none = Field(node: DocumentNode(.object([]), at: element.node.position), path: element.path.member("parameters"), keyPosition: element.keyPosition)
            guard let name = schema.string(id) else { continue }
            var entry = CheckEntry(id: name, field: id, parameters: fields["parameters"] ?? none)
            if let found = fields["is_enabled"] { entry.isEnabled = schema.boolean(found) ?? true }
            entries.append(entry)
        }
        return entries
    }

    // MARK: Feedback

    /// - Source: the wire reference §7.1
    private mutating func feedback(_ field: Field) -> Hook.Feedback? {
        guard let fields = schema.fields(of: field, schema: ConfigSchema.opinion, isStrict: true), let found = fields["feedback"] else { return nil }
        guard let parts = schema.fields(of: found, schema: ConfigSchema.feedback, isStrict: true) else { return nil }
        guard let value = parts["value"] else {
            schema.missing("value", in: found)
            return nil
        }
        for part in [value, parts["weight"]].compactMap({ $0 }) {
            guard case .number = part.node.value else {
                schema.mismatch(part, wanted: "number", article: "a number")
                return nil
            }
        }
        var metadata: [UInt8] = []
        if let part = parts["metadata"] {
            guard case .object = part.node.value else {
                schema.mismatch(part, wanted: "object", article: "a mapping")
                return nil
            }
            metadata = Array(part.node.json.dropFirst().dropLast())
        }
        guard metadata.count <= GuardrailLimits.feedbackByteCount else {
            schema.report("a feedback's metadata has at most \(GuardrailLimits.feedbackByteCount) bytes", at: found)
            return nil
        }
        return Hook.Feedback(value: value.node.json, weight: parts["weight"]?.node.json ?? Array("1".utf8), metadata: metadata)
    }
}

extension PolicyCompiler {
    /// Compiles the value of `x-portkey-default-input-guardrails` or `…-output-guardrails`: a JSON array of guardrails.
    ///
    /// - Parameter header: its name, for the message.
    public static func hooks(header text: ByteSlice, named header: StaticString, _ side: HookSide) throws(ConfigRefusal) -> [Hook] {
        let (hooks, diagnostics) = read(text, side)
        guard let hooks else { throw .invalidGuardrails(header: header, diagnostics) }
        return hooks
    }

    /// What is wrong with a JSON array of guardrails.
    public static func faults(ofGuardrails text: ByteSlice) -> [Diagnostic] { read(text, .input).diagnostics.filter { $0.severity == .error } }

    private static func read(_ text: ByteSlice, _ side: HookSide) -> (hooks: [Hook]?, diagnostics: [Diagnostic]) {
        let parsed = DocumentParser.parse(text)
        var reader = ConfigReader(origin: .header, catalog: Catalog(providers: []))
        var hooks: [Hook] = []
        if let root = parsed.document?.root { hooks = reader.hooks(Field(node: root, path: DocumentPath(), keyPosition: root.position), side) }
        let diagnostics = parsed.diagnostics + reader.diagnostics
        return (parsed.document == nil || diagnostics.hasErrors ? nil : hooks, diagnostics)
    }
}
