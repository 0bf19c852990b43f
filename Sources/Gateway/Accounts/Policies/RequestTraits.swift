import Bytes
import HTTP
import JSON
import Policy
import Providers

/// What of a request policies look at. Slices of the request, of the snapshot and of the worker's scratch: good within one step.
struct RequestTraits {
    var apiKey = TraitValue.absent
    var workspace = TraitValue.absent
    var virtualKey = TraitValue.absent
    var provider = TraitValue.absent
    var config = TraitValue.absent
    var prompt = TraitValue.absent
    var model = TraitValue.absent
    var endpoint = TraitValue.absent
}

/// The policies of a snapshot, and what they ask of requests' metadata.
final class PolicySet: Sendable {
    struct Row: Sendable {
        let policy: SpendingPolicy
        let conditions: [PolicyCondition]
        let groups: [PolicyTrait]
    }

    let rows: [Row]
    /// The metadata that they look at.
    let metadataNames: NameTable

    init(_ policies: [SpendingPolicy]) {
        var names: [String] = []
        for attribute in policies.flatMap({ $0.scope.conditions.map(\.attribute) + $0.scope.groups }) {
            if case .metadata(let name) = attribute, !names.contains(name) { names.append(name) }
        }
        let table = NameTable(names)
        metadataNames = table
        rows = policies.map { policy in
            Row(
                policy: policy, conditions: policy.scope.conditions.map { PolicyCondition($0, table) },
                groups: policy.scope.groups.map { PolicyTrait($0, table) })
        }
    }
}

/// Where a worker reads requests' metadata for its policies.
struct MetadataReader: ~Copyable {
    private var scan = ObjectScan()
    /// By the set's names.
    private var values: ContiguousArray<TraitValue> = []
    /// Texts without their escapes.
    private let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: AccountLimits.metadataByteCount)
    private var used = 0

    init() {}

    deinit { scratch.deallocate() }

    /// Forgets what was read, and makes room for these names.
    mutating func begin(_ set: PolicySet) {
        used = 0
        values.removeAll(keepingCapacity: true)
        for _ in 0..<set.metadataNames.names.count { values.append(.absent) }
    }

    /// Reads an object's members, but for those that were read before.
    /// - Throws: where it has more members than are read: one of a policy's might be behind them.
    mutating func read(_ text: ByteSlice, _ set: PolicySet) throws(Rejection) {
        do throws(JSONError) {
            try scan.scan(text)
        } catch {
            // Metadata that cannot be read says nothing (the wire reference §2.1).
            return
        }
        guard !scan.overflowed else { throw Rejection(.invalidBody, "metadata has more than \(JSONLimits.members) members", parameter: "metadata") }
        for index in 0..<scan.count {
            let member = scan[index]
            let key = decoded(member.name(in: scan.text))
            guard let place = set.metadataNames.index(of: key), case .absent = values[place] else { continue }
            switch member.kind {
            case .string: if let text = member.string(in: scan.text) { values[place] = .bytes(decoded(text)) }
            case .number, .true, .false: values[place] = .bytes(member.bytes(in: scan.text))
            case .null, .object, .array: break
            }
        }
    }

    /// The text as it is meant; as it is written where there is no room for that.
    mutating func decoded(_ text: JSONString) -> ByteSlice {
        if let plain = text.plain { return plain }
        guard text.content.count <= AccountLimits.metadataByteCount - used else { return text.content }
        var writer = ByteWriter(scratch + used, capacity: AccountLimits.metadataByteCount - used)
        text.decode(into: &writer)
        guard !writer.overflowed else { return text.content }
        let written = writer.written
        used += written.count
        return written
    }

    /// What was read of the set's name at `place`.
    func value(_ place: Int) -> TraitValue { place < values.count ? values[place] : .absent }
}

extension Exchange {
    /// Reads what policies look at, for the attempt at hand.
    func traits(_ plan: Plan, _ client: Client) throws(Rejection) -> RequestTraits {
        var traits = RequestTraits()
        guard let snapshot = caller.snapshot else { return traits }
        let policies = snapshot.policies
        if let principal = caller.principal {
            traits.apiKey = .bytes(principal.identity)
            if let id = snapshot.workspaceID(principal.workspace) { traits.workspace = .bytes(id) }
        }
        let key = plan.destination.keys[attempt.key]
        if let slug = key.slug { traits.virtualKey = .bytes(slug.slice) }
        traits.provider = .bytes(plan.destination.providerName.slice)
        if let name = plan.route.configName { traits.config = .bytes(name.slice) }
        if let prompt = bookNotes.prompt { traits.prompt = .bytes(prompt.slice) }
        if let type = endpoint.policyType { traits.endpoint = .bytes(ByteSlice(type)) }
        worker.accounts.metadata.begin(policies)
        let message = client.unread
        if readsBody {
            try scanAgain(message[body.range])
            if !plan.hasNoModel, let model = worker.scan.string("model") {
                traits.model = .bytes(worker.accounts.metadata.decoded(model).dropFirst(plan.modelPrefixCount))
            }
        }
        guard !policies.metadataNames.names.isEmpty else { return traits }
        if let metadata = caller.keyMetadata { try worker.accounts.metadata.read(metadata.text.slice, policies) }
        if let own = ownMetadata(in: message) { try worker.accounts.metadata.read(own, policies) }
        if readsBody, let own = worker.scan.member("metadata"), own.kind == .object {
            try worker.accounts.metadata.read(own.bytes(in: worker.scan.text), policies)
        }
        return traits
    }

    /// What the request has of what policies look at.
    func value(of trait: PolicyTrait, _ traits: RequestTraits) -> TraitValue {
        switch trait {
        case .apiKey: traits.apiKey
        case .workspace: traits.workspace
        case .virtualKey: traits.virtualKey
        case .provider: traits.provider
        case .config: traits.config
        case .prompt: traits.prompt
        case .model: traits.model
        case .endpoint: traits.endpoint
        case .metadata(let place): worker.accounts.metadata.value(place)
        }
    }
}

extension Endpoint {
    /// What policies call it, of `PolicyScope.endpointTypes`; nil for what they are not about.
    var policyType: StaticString? {
        switch self {
        case .chatCompletions: "chat_completions"
        case .completions: "completions"
        case .embeddings: "embeddings"
        case .messages, .countTokens: "messages"
        case .responses: "responses"
        case .imagesGenerations, .imagesEdits: "images"
        case .audioSpeech, .audioTranscriptions, .audioTranslations: "audio"
        case .moderations: "moderations"
        case .rerank: "rerank"
        case .realtime: "realtime"
        case .batches: "batches"
        case .fineTuning: "fine_tuning"
        case .other: "other"
        case .models, .files, .promptRender, .promptCompletions, .health, .ready, .metrics, .operatorTargets, .operatorReload, .operatorCache, .admin,
            .unknown:
            nil
        }
    }
}
