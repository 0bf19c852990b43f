import JSON
import Prompts
import Store

/// The store's prompts and partials, compiled, as of one reading.
///
/// A version never changes, so what was compiled for the last reading is used again.
public struct StoredPrompts: Sendable {
    private(set) var table = PromptTable()
    private(set) var faults: [String] = []
    /// By the versions' ids.
    private var compiled: [String: CompiledPrompt] = [:]
    private var byteCount = 0

    public init() {}

    /// - Parameter templates: reads what versions say, by their ids.
    init(
        _ rows: SnapshotRows, _ workspaces: WorkspaceNumbers, before: StoredPrompts, byteLimit: Int = OfficeLimits.promptByteCount,
        countLimit: Int = OfficeLimits.promptVersionCount,
        _ templates: ([String]) throws(StoreError) -> [String: PromptTemplate]
    ) throws(StoreError) {
        let partials = rows.partials.map { ($0, true) }
        let owners = rows.prompts.map { ($0, false) } + partials
        guard !owners.isEmpty else { return }
        let isPartial = Set(rows.partials.flatMap { $0.versions.values })
        try keep(StoredPrompts.inOrder(owners.map(\.0)), isPartial, before, byteLimit, countLimit, templates)
        var leftOut = 0
        for (owner, isPartial) in owners {
            var entry = PromptTable.Entry(published: owner.published, latest: owner.latest)
            // A workspace that is not there is nobody's.
            entry.workspace = owner.workspaceID.map { workspaces.byID[$0] ?? .max } ?? -1
            entry.labels = owner.labels
            for (number, id) in owner.versions {
                if let version = compiled[id] { entry.versions[number] = version } else { entry.others.insert(number) }
            }
            leftOut += entry.others.count
            table.add(entry, id: owner.id, slug: owner.slug, isPartial: isPartial)
        }
        if leftOut > 0 {
            faults.append("\(leftOut) versions of prompts are not at hand to requests: they do not open, or there are too many; publish or label those in use")
        }
    }

    /// Ids of versions, those first that requests name by more than a number; then the newest.
    private static func inOrder(_ owners: [SnapshotRows.Prompted]) -> [String] {
        var first: [String] = []
        var rest: [(number: Int64, id: String)] = []
        for owner in owners {
            let named = Set([owner.published, owner.latest] + owner.labels.values)
            for (number, id) in owner.versions { if named.contains(number) { first.append(id) } else { rest.append((number, id)) } }
        }
        // Ids grow with time.
        return first + rest.map(\.id).sorted(by: >)
    }

    private mutating func keep(
        _ ids: [String], _ partials: Set<String>, _ before: StoredPrompts, _ byteLimit: Int, _ countLimit: Int,
        _ templates: ([String]) throws(StoreError) -> [String: PromptTemplate]
    ) throws(StoreError) {
        let ids = ids.prefix(countLimit)
        var start = ids.startIndex
        while start < ids.endIndex {
            let batch = ids[start..<min(ids.endIndex, start + OfficeLimits.promptBatch)]
            start = batch.endIndex
            let unknown = batch.filter { before.compiled[$0] == nil }
            let found = unknown.isEmpty ? [:] : try templates(Array(unknown))
            for id in batch {
                let made = found[id].map { CompiledPrompt(PromptSource($0, isPartial: partials.contains(id))) }
                guard let version = before.compiled[id] ?? made else { continue }
                guard version.byteCount <= byteLimit - byteCount else { return }
                byteCount += version.byteCount
                compiled[id] = version
            }
        }
    }
}

extension PromptSource {
    /// What a version says, as a request has it: the version's own model and tools go before those among its parameters.
    init(_ template: PromptTemplate, isPartial: Bool = false) {
        self.init(template.string)
        self.isPartial = isPartial
        virtualKey = template.virtualKey
        isChat = PromptSource.isChat(template.metadata)
        if case .object(let parameters) = template.parameters?.value { members = parameters.map { ($0.name, $0.value.json) } }
        if let model = template.model, !model.isEmpty { members.append(("model", DocumentNode(.string(model), at: .start).json)) }
        for (name, node) in [("functions", template.functions), ("tools", template.tools), ("tool_choice", template.toolChoice)] {
            if let node, !PromptSource.isNothing(node) { members.append((name, node.json)) }
        }
    }

    private static func isChat(_ metadata: DocumentNode?) -> Bool? {
        guard case .object(let members) = metadata?.value, let member = members.first(where: { $0.name == "template_type" }),
            case .string(let type) = member.value.value
        else { return nil }
        return type == "chat"
    }

    /// Editors save empty lists where there is nothing; providers refuse them.
    private static func isNothing(_ node: DocumentNode) -> Bool {
        switch node.value {
        case .null: true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        case .string(let text): text.isEmpty
        case .boolean, .number: false
        }
    }
}
