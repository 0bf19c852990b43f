/// A bounded dictionary of shared objects, which forgets only what nobody else holds.
struct SharedEntries<Key: Hashable & Sendable, Value: AnyObject & Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var usedAt: UInt64
    }

    private let limit: Int
    private var entries: [Key: Entry] = [:]
    /// Objects handed out that are not in here, since it was full.
    private(set) var unsharedCount = 0

    init(limit: Int) { self.limit = max(1, limit) }

    var count: Int { entries.count }
    var values: [Value] { entries.values.map(\.value) }

    /// The object for `key`, made when there is none. When there is no room it is made all the same, and not remembered.
    /// - Parameter isWorthKeeping: whether an object that nobody holds still knows something; such go last.
    mutating func value(for key: Key, now: UInt64, isWorthKeeping: (Value) -> Bool, make: () -> Value) -> Value {
        if let entry = entries[key] {
            entries[key]?.usedAt = now
            return entry.value
        }
        let value = make()
        if entries.count >= limit, !makeRoom(isWorthKeeping) {
            unsharedCount += 1
            return value
        }
        entries[key] = Entry(value: value, usedAt: now)
        return value
    }

    /// Drops the longest unused quarter of what nobody holds, so that a flood of new keys does not look through all for each.
    private mutating func makeRoom(_ isWorthKeeping: (Value) -> Bool) -> Bool {
        var idle: [(key: Key, isKept: Bool, usedAt: UInt64)] = []
        var index = entries.startIndex
        while index != entries.endIndex {
            let position = index
            entries.formIndex(after: &index)
            // Only the table could give out another reference, and its lock is held.
            guard isKnownUniquelyReferenced(&entries.values[position].value) else { continue }
            let entry = entries[position]
            idle.append((entry.key, isWorthKeeping(entry.value.value), entry.value.usedAt))
        }
        idle.sort { $0.isKept == $1.isKept ? $0.usedAt < $1.usedAt : !$0.isKept }
        for entry in idle.prefix(max(1, limit / 4)) { entries[entry.key] = nil }
        return !idle.isEmpty
    }
}
