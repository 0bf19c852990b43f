import Bytes
import JSON

/// What one workspace may do with an integration: an entry of `Integration.workspaces`.
public struct IntegrationShare: Sendable, Equatable {
    public var workspaceID: String
    public var isEnabled: Bool
    /// JSON, of this workspace's use of the integration alone.
    public var usageLimits: String?
    public var rateLimits: String?

    public init(_ workspaceID: String, isEnabled: Bool = true, usageLimits: String? = nil, rateLimits: String? = nil) {
        self.workspaceID = workspaceID
        self.isEnabled = isEnabled
        self.usageLimits = usageLimits
        self.rateLimits = rateLimits
    }

    /// What the pair is known by in the ledger.
    public static func identity(of integration: String, in workspace: String) -> String { "\(integration)/\(workspace)" }

    /// The entries of a column's text.
    public static func list(_ text: String?) -> [IntegrationShare] {
        guard let text, let root = DocumentParser.parse(text).document?.root, case .array(let entries) = root.value else { return [] }
        return entries.compactMap { entry in
            guard case .object(let members) = entry.value, case .string(let id)? = members.first(where: { $0.name == "id" })?.value.value else { return nil }
            func text(_ name: String) -> String? {
                members.first { $0.name == name }.flatMap { member in
                    if case .null = member.value.value { nil } else { String(decoding: member.value.json, as: UTF8.self) }
                }
            }
            var isEnabled = true
            if case .boolean(let flag)? = members.first(where: { $0.name == "enabled" })?.value.value { isEnabled = flag }
            return IntegrationShare(id, isEnabled: isEnabled, usageLimits: text("usage_limits"), rateLimits: text("rate_limits"))
        }
    }

    /// The text of a column; nil for no entries.
    public static func text(_ shares: [IntegrationShare]) -> String? {
        guard !shares.isEmpty else { return nil }
        let entries = shares.map { share in
            var members = [DocumentText.member("id", .string(share.workspaceID)), DocumentText.member("enabled", .boolean(share.isEnabled))]
            for (name, limits) in [("usage_limits", share.usageLimits), ("rate_limits", share.rateLimits)] {
                if let root = limits.flatMap({ DocumentParser.parse($0).document?.root }) { members.append(DocumentText.member(name, root.value)) }
            }
            return DocumentNode(.object(members), at: .start)
        }
        return String(decoding: DocumentNode(.array(entries), at: .start).json, as: UTF8.self)
    }
}
