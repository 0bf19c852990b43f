/// What is particular to gateway keys that became others after all got their places: what is said of those is shared by the snapshots before and after.
public struct ChangedKeys: Sendable {
    public struct Key: Sendable {
        public let identity: String
        public var terms: SpendingTerms?
        public var restrictions: KeyRestrictions?
        public var metadata: KeyMetadata?

        public init(identity: String) { self.identity = identity }
    }

    /// The first place that none of the others has.
    public let start: Int
    /// By their places from there on; what a key was that has changed again is among them.
    public private(set) var keys: [Key] = []
    /// Where a key is now that was changed; negative for one that is gone.
    private var places: [String: Int] = [:]

    public init(from start: Int) { self.start = start }

    /// The place of the next.
    public var end: Int { start + keys.count }

    public mutating func add(_ key: Key) {
        places[key.identity] = keys.count
        keys.append(key)
    }

    public mutating func remove(_ identity: String) { places[identity] = -1 }

    /// Nil for a place that one of the others has.
    subscript(_ place: Int) -> Key? { place >= start && place < end ? keys[place - start] : nil }

    /// Whether what the others have of it is not so any more.
    func contains(_ identity: String) -> Bool { !places.isEmpty && places[identity] != nil }

    /// Of all that are there now.
    var terms: [SpendingTerms] { places.values.compactMap { $0 < 0 ? nil : keys[$0].terms } }
}

/// All whose spending a snapshot limits, but for what has groups: put together when somebody wants to know.
struct HeldTerms: Sendable {
    /// By places, with those that were changed since.
    var keys: [SpendingTerms?] = []
    var changed = ChangedKeys(from: .max)
    var others: [SpendingTerms] = []

    var all: [SpendingTerms] {
        keys.compactMap { terms in terms.flatMap { changed.contains($0.identity) ? nil : $0 } } + changed.terms + others
    }
}
