public import Bytes

extension Provider {
    /// Writes the request target for the host: the client's target with its `/v1` (or `/v1/proxy`)
    /// replaced, everything after it as it was sent.
    ///
    /// `customPrefix` is the path of the custom host, if there is one: it replaces the row's
    /// prefix but for `keptUnderCustomHost`, which is not written twice.
    /// - Returns: false, with nothing written, when the target is not below `/v1`.
    public func writeTarget(
        of target: ByteSlice, customPrefix: ByteSlice?, into writer: inout ByteWriter
    ) -> Bool {
        guard let rest = TargetPath.afterVersion(TargetPath.path(of: target)) else { return false }
        let query = target.dropFirst(TargetPath.path(of: target).count)
        let isRoot = rest.isEmpty
        if let customPrefix {
            let base = Provider.withoutLastSlashes(customPrefix)
            let kept = ByteSlice(keptUnderCustomHost)
            writer.append(base)
            let isThere = base.count >= kept.count && base.dropFirst(base.count - kept.count) == kept
            if !isThere { writer.append(kept) }
            if isRoot, base.isEmpty, kept.isEmpty { writer.append("/") }
        } else {
            writer.append(pathPrefix)
            if isRoot, ByteSlice(pathPrefix).isEmpty { writer.append("/") }
        }
        writer.append(rest)
        writer.append(query)
        return true
    }

    private static func withoutLastSlashes(_ path: ByteSlice) -> ByteSlice {
        var count = path.count
        while count > 0, path[count - 1] == UInt8(ascii: "/") { count -= 1 }
        return path.prefix(count)
    }
}

extension Provider {
    /// Writes a request target below a base URL of its own: the client's target with its `/v1` (or
    /// `/v1/proxy`) replaced by `base`, everything after it as it was sent.
    /// - Returns: false, with nothing written, when the target is not below `/v1`.
    public static func writeTarget(of target: ByteSlice, below base: ByteSlice, into writer: inout ByteWriter) -> Bool {
        let path = TargetPath.path(of: target)
        guard let rest = TargetPath.afterVersion(path) else { return false }
        let base = withoutLastSlashes(base)
        writer.append(base)
        if base.isEmpty, rest.isEmpty { writer.append("/") }
        writer.append(rest)
        writer.append(target.dropFirst(path.count))
        return true
    }
}
