/// The declared name a mistyped one most likely meant.
public enum NearestName {
    /// The closest of `candidates`; nil when none is close: at most a third of the letters may differ, and two at least may.
    public static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        guard name.utf8.count <= PolicyLimits.nameByteCount else { return nil }
        let wanted = Array(name.lowercased().utf8)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(wanted, Array(candidate.lowercased().utf8))
            if distance <= max(2, wanted.count / 3), distance < min(candidate.utf8.count, best?.distance ?? .max) {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    /// Insertions, deletions, changes and swaps of neighbours that turn one into the other.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1] + [Int](repeating: 0, count: right.count)
            for column in 0..<right.count {
                let change = last[column] + (left[row] == right[column] ? 0 : 1)
                current[column + 1] = min(change, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    current[column + 1] = min(current[column + 1], beforeLast[column - 1] + 1)
                }
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
