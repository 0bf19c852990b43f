/// The memory that a process may use before it is killed: what its control groups allow, and what the machine has.
///
/// - Source: cgroups(7); the kernel's admin-guide/cgroup-v2 "memory.max" and cgroup-v1/memory "limit_in_bytes"
public struct MemoryCeiling: Sendable, Equatable {
    public let byteCount: Int64

    /// - Parameters:
    ///   - groups: the text of `/proc/self/cgroup`.
    ///   - physicalByteCount: what the machine has.
    ///   - read: the text of a file; nil where there is none.
    public init(groups: String, physicalByteCount: Int64, read: (String) -> String?) {
        var least = physicalByteCount
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isUnified = parts[0] == "0" && parts[1].isEmpty
            guard isUnified || parts[1].split(separator: ",").contains("memory") else { continue }
            let roots = isUnified ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] : ["/sys/fs/cgroup/memory"]
            let file = isUnified ? "memory.max" : "memory.limit_in_bytes"
            for root in roots {
                // A group has no more than any above it. In a container the path may be the host's, and only the root is there.
                for path in MemoryCeiling.upwards(from: parts[2]) {
                    if let limit = read("\(root)\(path)/\(file)").flatMap({ MemoryCeiling.limit(in: $0) }) { least = min(least, limit) }
                }
            }
        }
        byteCount = least
    }

    /// `/a/b`, `/a` and the empty path.
    private static func upwards(from path: Substring) -> [Substring] {
        var paths: [Substring] = []
        var path = path
        while path.count > 1 {
            paths.append(path)
            path = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        }
        return paths + [""]
    }

    /// Nil for `max` and for what is no limit that binds.
    private static func limit(in text: String) -> Int64? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let limit = Int64(words[0]), limit > 0 else { return nil }
        return limit
    }

    /// `limits.buffers` where the file says nothing: half, so that the rest of the process and the kernel's socket buffers have as much.
    public var bufferByteCount: Int { within(Bound.buffers, share: 2) }

    /// `limits.cache` where the file says nothing.
    public var cacheByteCount: Int { within(Bound.cache, share: 8) }

    private func within(_ bound: Bound, share: Int64) -> Int {
        Int(min(bound.row.fallback, max(bound.row.range.lowerBound, byteCount / share)))
    }
}
