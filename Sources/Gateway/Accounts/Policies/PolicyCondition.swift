import Bytes
import Policy

/// What a request has of what policies look at.
enum TraitValue {
    case absent
    case bytes(ByteSlice)
}

/// An attribute of requests, with metadata by its place among the names that the snapshot's policies have.
enum PolicyTrait: BitwiseCopyable, Sendable {
    case apiKey, workspace, virtualKey, provider, config, prompt, model, endpoint
    case metadata(Int)

    init(_ attribute: PolicyScope.Attribute, _ names: NameTable) {
        switch attribute {
        case .apiKey: self = .apiKey
        case .workspace: self = .workspace
        case .virtualKey: self = .virtualKey
        case .provider: self = .provider
        case .config: self = .config
        case .prompt: self = .prompt
        case .model: self = .model
        case .endpoint: self = .endpoint
        case .metadata(let name): self = .metadata(Array(name.utf8).withByteSlice { names.index(of: $0) } ?? 0)
        }
    }
}

/// A condition of a policy, ready to be held against requests.
struct PolicyCondition: Sendable {
    private enum Value: Sendable {
        case text(ValuePattern)
        /// `@slug`, of a provider: the virtual key that a request goes through.
        case slug(ValuePattern)
        /// `@slug/model`: through that virtual key or to that provider, and that model.
        case place(ValuePattern, model: ValuePattern)
    }

    private let trait: PolicyTrait
    private let values: [Value]
    private let isExcluding: Bool

    init(_ condition: PolicyScope.Condition, _ names: NameTable) {
        trait = PolicyTrait(condition.attribute, names)
        isExcluding = condition.isExcluding
        values = condition.values.map { text in
            guard text.hasPrefix("@") else { return .text(ValuePattern(text)) }
            switch condition.attribute {
            case .provider: return .slug(ValuePattern(String(text.dropFirst())))
            case .model:
                let parts = text.dropFirst().split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
                return .place(ValuePattern(parts[0]), model: ValuePattern(parts.count > 1 ? parts[1] : "*"))
            default: return .text(ValuePattern(text))
            }
        }
    }

    /// Whether it holds. One whose attribute the request does not have does not.
    func holds(_ value: (PolicyTrait) -> TraitValue) -> Bool {
        let own = value(trait)
        if case .absent = own { return false }
        for pattern in values where matches(pattern, own, value) { return !isExcluding }
        return isExcluding
    }

    private func matches(_ pattern: Value, _ own: TraitValue, _ value: (PolicyTrait) -> TraitValue) -> Bool {
        switch pattern {
        case .text(let pattern): pattern.matches(own)
        case .slug(let pattern): pattern.matches(value(.virtualKey))
        case .place(let place, let model): model.matches(own) && (place.matches(value(.virtualKey)) || place.matches(value(.provider)))
        }
    }
}

/// A text in which `*` stands for any bytes, also for none.
struct ValuePattern: Sendable {
    /// What stands between the stars.
    private let pieces: [[UInt8]]

    init(_ text: String) { pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { Array($0) } }

    func matches(_ value: TraitValue) -> Bool { if case .bytes(let bytes) = value { matches(bytes) } else { false } }

    func matches(_ value: ByteSlice) -> Bool {
        guard pieces.count > 1 else { return pieces[0].withByteSlice { $0 == value } }
        guard pieces[0].withByteSlice({ value.hasPrefix($0) }) else { return false }
        var rest = value.dropFirst(pieces[0].count)
        // The first place of each is the best: it leaves most for those behind it.
        for index in 1..<pieces.count - 1 where !pieces[index].isEmpty {
            guard let found = pieces[index].withByteSlice({ rest.firstRange(of: $0) }) else { return false }
            rest = rest.dropFirst(found.upperBound)
        }
        let last = pieces[pieces.count - 1]
        return rest.count >= last.count && last.withByteSlice { rest.dropFirst(rest.count - last.count) == $0 }
    }
}
