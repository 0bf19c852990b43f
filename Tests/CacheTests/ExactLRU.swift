/// A cache that evicts exactly what was used longest ago, bounded in bytes: what the store's hit ratio is compared with.
struct ExactLRU {
    private struct Node {
        var key: Int
        var byteCount: Int
        var before: Int
        var after: Int
    }

    private let byteCapacity: Int
    private var byteCount = 0
    private var places: [Int: Int] = [:]
    private var free: [Int] = []
    /// A ring; the first node is no entry, behind it stands what was used last, before it what was used longest ago.
    private var nodes = [Node(key: -1, byteCount: 0, before: 0, after: 0)]

    init(byteCapacity: Int) { self.byteCapacity = byteCapacity }

    /// Whether `key` was in it; afterwards it is.
    mutating func use(_ key: Int, byteCount size: Int) -> Bool {
        if let place = places[key] {
            unlink(place)
            link(place)
            return true
        }
        guard size <= byteCapacity else { return false }
        byteCount += size
        while byteCount > byteCapacity { evictOldest() }
        let node = Node(key: key, byteCount: size, before: 0, after: 0)
        let place: Int
        if let reused = free.popLast() {
            place = reused
            nodes[place] = node
        } else {
            place = nodes.count
            nodes.append(node)
        }
        places[key] = place
        link(place)
        return false
    }

    private mutating func evictOldest() {
        let oldest = nodes[0].before
        unlink(oldest)
        byteCount -= nodes[oldest].byteCount
        places[nodes[oldest].key] = nil
        free.append(oldest)
    }

    private mutating func unlink(_ place: Int) {
        let (before, after) = (nodes[place].before, nodes[place].after)
        nodes[before].after = after
        nodes[after].before = before
    }

    private mutating func link(_ place: Int) {
        let first = nodes[0].after
        nodes[place].before = 0
        nodes[place].after = first
        nodes[first].before = place
        nodes[0].after = place
    }
}
