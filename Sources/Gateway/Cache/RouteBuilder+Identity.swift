import Bytes
import Policy

/// What the cache tells routes apart by: all of a target that its answers may follow from.
extension RouteBuilder {
    /// The hash of a destination that is built from `parts`: equal for two configs that would send a request to the same place, in the same
    /// words, in the same name.
    ///
    /// How often it is repeated, and how long it is waited for, changes no answer.
    func identity(
        of target: Target, _ program: Program, _ parts: Destination.Parts, _ secrets: [(secret: [UInt8]?, account: String?)],
        _ headers: RoutingHeaders, _ settings: Snapshot.Settings?, _ text: ByteSlice
    ) -> [UInt8] {
        guard let seed = worker.sharedCache?.seed else { return [] }
        let origin = parts.pool.origin
        var list: [[UInt8]] = [
            Array("\(parts.upstream.id) \(parts.upstream.row.id) \(parts.upstream.row.dialect) \(origin.isTLS) \(origin.host):\(origin.port)".utf8),
            parts.upstream.basePath ?? [], parts.customPath.map { [UInt8]($0) } ?? [],
            Array("\(target.isStrict) \(parts.completesInTheMiddle) \(parts.upstream.auth)".utf8), [UInt8](parts.anthropicVersion),
        ]
        for (name, value) in parts.options where !value.isEmpty { list += [Array("\(name)".utf8), [UInt8](value)] }
        list.append(Array("\(parts.forwardedNames.count)".utf8))
        list += parts.forwardedNames
        for override in program.overrides(parts.overrides) { list += [[UInt8](program.bytes(override.name)), [UInt8](program.bytes(override.value))] }
        if let azure = parts.azure { list += [Array("azure".utf8), azure.deployment, azure.version] }
        if let vertex = parts.vertex { list.append(Array("vertex \(vertex.project) \(vertex.region)".utf8)) }
        let amazon = target.options.amazon
        for run in [amazon.region, amazon.accessKey, amazon.role, amazon.externalID] { list.append([UInt8](program.bytes(run))) }
        if let settings { list += [Array("settings".utf8), settings.text] }
        for (secret, account) in secrets { list += [secret ?? [], Array((account ?? "").utf8)] }
        if headers.azure.isGiven || headers.vertex.isGiven || headers.amazon.isGiven { list.append([UInt8](text)) }
        // What a guardrail would say now is not what another said; one of the file may have been changed since.
        if parts.inputHooks != nil || parts.outputHooks != nil { list += [[UInt8](text), Array("\(snapshot.version)".utf8)] }
        return seed.digest(list)
    }
}
