/// Which records are wanted: `model=gpt-4o`, `status!=200`, `metadata.team=search`.
public struct RecordFilter: Sendable {
    /// What a record may be asked for.
    enum Subject: String, CaseIterable {
        case id, trace, key
        case virtualKey = "virtual_key"
        case workspace, user, config, prompt, endpoint, provider, model, served, status, cache, error, blame, stream, peer, kind
    }

    private enum Asked {
        case subject(Subject)
        case metadata(String)
    }

    private let asked: Asked
    private let value: String
    private let isNegated: Bool

    /// Why a text is no filter, with what would be one.
    public struct Fault: Error, CustomStringConvertible {
        public let description: String
    }

    public init(_ text: String) throws(Fault) {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw Fault(description: "\"\(text)\" is no filter; write key=value or key!=value, as status=4xx")
        }
        var name = text[..<equals]
        isNegated = name.last == "!"
        if isNegated { name.removeLast() }
        let value = String(text[text.index(after: equals)...])
        self.value = value
        if name.hasPrefix("metadata."), name.utf8.count > 9 {
            asked = .metadata(String(name.dropFirst(9)))
            return
        }
        guard let subject = Subject(rawValue: String(name)) else {
            let names = Subject.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(description: "there is no \"\(name)\" to filter by; there are \(names) and metadata.NAME")
        }
        if subject == .status, !RecordFilter.isStatus(value) { throw Fault(description: "\"\(value)\" is no status; write one as 429, or a class as 4xx") }
        if subject == .cache, !RecordedCache.allCases.contains(where: { RecordFilter.word($0) == value.lowercased() }) {
            throw Fault(description: "\"\(value)\" is no cache status; there are disabled, miss, semantic_miss, refresh and hit")
        }
        if subject == .stream, value != "true", value != "false" { throw Fault(description: "stream is true or false, not \"\(value)\"") }
        asked = .subject(subject)
    }

    /// Whether it asks for observations by what they are of.
    public var isOfKinds: Bool { if case .subject(.kind) = asked { true } else { false } }

    public func accepts(_ record: RequestRecord) -> Bool { matches(record) != isNegated }

    private func matches(_ record: RequestRecord) -> Bool {
        switch asked {
        case .metadata(let name): return record.metadataPairs.contains { $0.key == name && $0.value == value }
        case .subject(let subject): return matches(record, subject)
        }
    }

    private func matches(_ record: RequestRecord, _ subject: Subject) -> Bool {
        switch subject {
        case .id: record.identifier.description == value
        case .trace: record.trace == value
        // By its id or by the name people know.
        case .key: record.key == value || record.keyName == value
        case .virtualKey: record.virtualKey == value
        case .workspace: record.workspace == value
        case .user: record.user == value
        case .config: record.config == value
        // Any of its versions, or one.
        case .prompt: record.prompt == value || record.promptReference == value || record.promptID == value
        case .endpoint: record.endpoint == value
        case .provider: record.provider == value
        case .model: record.model == value
        case .served: record.served == value
        case .status: matchesStatus(record.figures.status)
        case .cache: RecordFilter.word(record.figures.cache) == value.lowercased()
        case .error: record.error == value
        case .blame: record.blame.text.description == value
        case .stream: record.figures.flags.contains(.stream) == (value == "true")
        case .peer: record.peer == value
        case .kind: record.kind == value
        }
    }

    private func matchesStatus(_ status: UInt16) -> Bool {
        value.hasSuffix("xx") ? "\(status / 100)xx" == value : "\(status)" == value
    }

    private static func isStatus(_ text: String) -> Bool {
        guard text.utf8.count == 3, let first = text.utf8.first, (0x31...0x35).contains(first) else { return false }
        return text.hasSuffix("xx") || UInt16(text) != nil
    }

    private static func word(_ cache: RecordedCache) -> String {
        cache == .semanticMiss ? "semantic_miss" : cache.text.description.lowercased()
    }
}
