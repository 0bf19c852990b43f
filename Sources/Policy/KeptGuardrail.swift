public import JSON

/// A guardrail that is kept by itself and named by configs: `{"checks": […], "actions": {"deny": true, "on_fail": {…}}}`.
///
/// - Source: the wire reference of the control plane, `/guardrails`
public enum KeptGuardrail {
    /// The hook in full that it stands for.
    ///
    /// - Parameter id: what its verdict is told under.
    public static func hook(_ kept: DocumentNode, id: String) -> DocumentNode {
        var members = [DocumentMember(name: "id", position: .start, value: DocumentNode(.string(id), at: .start))]
        guard case .object(let parts) = kept.value else { return DocumentNode(.object(members), at: .start) }
        for part in parts {
            if part.name == "checks" { members.append(part) }
            if part.name == "actions", case .object(let actions) = part.value.value { members += actions.filter { $0.name != "id" && $0.name != "checks" } }
        }
        return DocumentNode(.object(members), at: .start)
    }
}
