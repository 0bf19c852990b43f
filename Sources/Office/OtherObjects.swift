import Bytes
import Gateway
import JSON
import Ledger
import Store

/// What the data plane has of a store's rows but keys, virtual keys and configs: all is read when one has changed, for there are few.
public struct OtherObjects: Sendable {
    let guardrails: [StoredObjects.Guardrail]
    /// By their numbers; nobody's where one is gone.
    let workspaces: [StoredObjects.Space]
    let policies: [LimitedPolicy]
    let prompts: StoredPrompts
    /// By their ids.
    let integrations: [String: Integration]
    /// Whose store it is.
    let organisation: String
    let numbers: WorkspaceNumbers
    /// What requests of a workspace's keys say of themselves unless they say otherwise: JSON objects, by the workspace's id.
    let metadata: [String: String]
    /// As the store has them.
    let rows: [Workspace]
    private(set) var faults: [StoredObjects.Fault]

    /// What faults of these are of.
    static let kinds: Set = [Guardrail.layout.kind, Integration.layout.kind]

    /// - Parameters:
    ///   - store: where versions of prompts are read that were not read before.
    ///   - numbers: of the workspaces before.
    init(_ rows: SnapshotRows, _ store: any Store, _ numbers: WorkspaceNumbers, before: StoredPrompts) throws(StoreError) {
        let numbers = numbers.with(rows.workspaces)
        let prompts = try StoredPrompts(rows, numbers, before: before) { (ids) throws(StoreError) in try store.promptTemplates(of: ids) }
        self.init(rows, numbers, prompts)
    }

    init(_ rows: SnapshotRows, _ numbers: WorkspaceNumbers, _ prompts: StoredPrompts = StoredPrompts()) {
        self.rows = rows.workspaces
        self.numbers = numbers
        self.prompts = prompts
        organisation = rows.organisations.first?.id ?? ""
        metadata = OtherObjects.metadata(rows.workspaces)
        integrations = Dictionary(rows.integrations.map { ($0.id, $0) }) { first, _ in first }
        guardrails = rows.guardrails.map { row in
            StoredObjects.Guardrail(id: row.id, slug: row.slug ?? row.id, text: row.text ?? "", workspace: numbers.number(of: row.workspaceID))
        }
        var workspaces = [StoredObjects.Space](repeating: StoredObjects.Space(id: "", slug: "", name: "", limits: nil), count: Int(numbers.count))
        for row in rows.workspaces {
            guard let number = numbers.byID[row.id] else { continue }
            let limits = StoredObjects.limits(row.usageLimits, row.rateLimits)
            workspaces[Int(number)] = StoredObjects.Space(id: row.id, slug: row.slug ?? row.id, name: row.name, limits: limits)
        }
        self.workspaces = workspaces
        policies = rows.policies.compactMap { LimitedPolicy($0, workspace: numbers.number(of: $0.workspaceID)) }
        faults = rows.faults.filter { OtherObjects.kinds.contains($0.kind) }.map { StoredObjects.Fault($0.owner, $0.description) }
        faults += prompts.faults.map { StoredObjects.Fault("", $0) }
        for policy in policies {
            guard let fault = policy.fault else { continue }
            faults.append(StoredObjects.Fault(policy.identity, "policy \(quoted(policy.name)) (\(policy.identity)): \(fault); it refuses what it is for"))
        }
    }

    private static func metadata(_ workspaces: [Workspace]) -> [String: String] {
        var found: [String: String] = [:]
        for workspace in workspaces {
            guard let defaults = workspace.defaults else { continue }
            found[workspace.id] = Array(defaults.utf8).withByteSlice { JSONView(objectIn: $0)?.child(ByteSlice("metadata")).map { String($0.bytes) } }
        }
        return found
    }

    /// Whether keys are the same beside these as beside those before, but for those of some workspaces.
    func keepsKeys(of before: OtherObjects, but told: Set<String>) -> Bool {
        // Of too many numbers that are nobody's, all get others.
        organisation == before.organisation && workspaces.count <= 2 * rows.count + OfficeLimits.emptyPlaces
            && before.numbers.byID.allSatisfy { id, number in
                numbers.byID[id].map { $0 == number } ?? true && (metadata[id] == before.metadata[id] || told.contains(id))
            }
    }
}
