import Bytes
import JSON
import Policy
import Store

/// What configs and providers' settings are held to, before they are stored: they compile.
extension Console {
    /// The id of a provider that is known.
    func provider(_ id: String?, field: String) throws(ConsoleError) -> String {
        guard let id else { throw .invalid(field, "is missing") }
        let known = file.catalog.providers.map(\.id)
        guard !known.contains(id) else { return id }
        let hint = NearestName.find(id, among: known).map { "did you mean \(quoted($0))?" } ?? "known: \(known.joined(separator: ", "))"
        throw .invalid(field, "is no provider: \(quoted(id)); \(hint)")
    }

    func needsCredential(_ provider: String) -> Bool { file.catalog.providers.first { $0.id == provider }?.needsCredential ?? true }

    /// - Parameter hasCredential: whether there is one beside the settings.
    func checkSettings(_ settings: DocumentNode, provider: String, hasCredential: Bool, field: String) throws(ConsoleError) {
        let known = ProviderSettings.names
        if let wrong = settings.members.first(where: { !known.contains($0.name) }) {
            let hint = NearestName.find(wrong.name, among: known).map { "did you mean \(quoted($0))?" } ?? "known: \(known.joined(separator: ", "))"
            throw .invalid("\(field).\(quoted(wrong.name).dropFirst().dropLast())", "is no setting of a provider; \(hint)")
        }
        var target = [("provider", DocumentNode.text(provider))] + settings.members.map { ($0.name, $0.value) }
        // Some settings need a credential beside them; which one does not matter here.
        if hasCredential, !target.contains(where: { ProviderSettings.secrets.contains($0.0) }) { target.append(("api_key", .text("vault"))) }
        try check(compiled: .object(target), against: file.catalog, field: field)
    }

    /// A config names providers that are known, and virtual keys that its workspace reaches.
    func checkConfig(_ config: DocumentNode, in scope: Scope) throws(ConsoleError) {
        var keys = file.catalog.virtualKeys
        for slug in Self.named(in: config, limit: PolicyLimits.targetCount) where !keys.contains(where: { $0.slug == slug }) {
            guard let found = try virtualKey(slug, in: scope) else { continue }
            guard let provider = file.catalog.providers.firstIndex(where: { $0.id == found.provider }) else { continue }
            keys.append(Catalog.VirtualKey(slug: slug, provider: provider))
        }
        let catalog = Catalog(
            providers: file.catalog.providers, virtualKeys: keys, configNames: file.catalog.configNames.names,
            guardrails: try guardrails(config, in: scope), trustedHosts: file.catalog.trustedHosts, breaker: file.catalog.breaker)
        try check(compiled: config, against: catalog, field: "config")
    }

    /// The guardrails that a config names, as far as they are its workspace's or the organisation's.
    private func guardrails(_ config: DocumentNode, in scope: Scope) throws(ConsoleError) -> [String: DocumentNode] {
        var found: [String: DocumentNode] = [:]
        for name in Self.guardrails(in: config).prefix(PolicyLimits.targetCount) {
            do throws(StoreError) {
                let guardrail = try store.find(Guardrail.self, name, in: Scope(organisationID: scope.organisationID))
                guard guardrail.workspaceID == nil || guardrail.workspaceID == scope.workspaceID else { continue }
                found[name] = KeptGuardrail.hook(.stored(guardrail.text), id: guardrail.slug ?? guardrail.id)
            } catch .notFound {
                continue
            } catch {
                throw ConsoleError(error)
            }
        }
        return found
    }

    /// Texts where guardrails stand.
    private static func guardrails(in config: DocumentNode) -> Set<String> {
        var names: Set<String> = []
        func look(_ node: DocumentNode, _ name: String) {
            let isHook = name.hasSuffix("_guardrails") || name.hasSuffix("_request_hooks")
            for element in node.elements {
                if isHook, let text = element.string { names.insert(text) } else { look(element, "") }
            }
            for member in node.members { look(member.value, member.name) }
        }
        look(config, "")
        return names
    }

    /// A virtual key of the scope, or one that belongs to the whole organisation.
    func virtualKey(_ slug: String, in scope: Scope) throws(ConsoleError) -> VirtualKey? {
        do throws(StoreError) {
            let key = try store.find(VirtualKey.self, slug, in: Scope(organisationID: scope.organisationID))
            return key.slug == slug && (key.workspaceID == nil || scope.workspaceID == nil || key.workspaceID == scope.workspaceID) ? key : nil
        } catch .notFound {
            return nil
        } catch {
            throw ConsoleError(error)
        }
    }

    /// Slugs that a config's texts may name virtual keys by: all of `virtual_key`, and what begins with `@`.
    private static func named(in config: DocumentNode, limit: Int) -> Set<String> {
        var slugs: Set<String> = []
        func look(_ node: DocumentNode, _ name: String) {
            switch node.value {
            case .string(let text):
                if text.hasPrefix("@"), let slug = text.dropFirst().split(separator: "/").first { slugs.insert(String(slug)) }
                if name == "virtual_key" || name == "virtualKey" { slugs.insert(text) }
            case .array(let elements): for element in elements where slugs.count < limit { look(element, name) }
            case .object(let members): for member in members where slugs.count < limit { look(member.value, member.name) }
            case .null, .boolean, .number: break
            }
        }
        look(config, "")
        return slugs
    }

    private func check(compiled node: DocumentNode, against catalog: Catalog, field: String) throws(ConsoleError) {
        // Read again from its text, so that faults have places in it.
        let faults = node.json.withByteSlice { PolicyCompiler(catalog: catalog, origin: .file).compile($0).diagnostics }.filter { $0.severity == .error }
        guard !faults.isEmpty else { return }
        throw .invalid(faults.prefix(ConsoleLimits.faultCount).map { fault in
            BodyFault(field + fault.path.steps.map(Self.place).joined(), fault.hint.map { "\(fault.message); \($0)" } ?? fault.message)
        })
    }

    static func place(_ step: DocumentPath.Step) -> String {
        switch step {
        case .member(let name): "." + name
        case .index(let index): "[\(index)]"
        }
    }
}
