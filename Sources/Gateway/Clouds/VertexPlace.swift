import Bytes
import JSON
import Providers

/// Where a destination's requests are at Vertex AI, and what their bodies call their model.
final class VertexPlace {
    /// The model of every request, where the target's config sets it.
    let model: VertexModel?
    private let base: OwnedBytes
    private let project: OwnedBytes
    private let region: OwnedBytes
    /// As JSON: its name without its publisher, and as its host wants to read it.
    private let bare: OwnedBytes
    private let named: OwnedBytes

    /// - Parameters:
    ///   - base: what stands for `/v1`.
    ///   - model: a string's content; empty where each request names its own.
    init(_ target: VertexTarget, base: ByteSlice, model name: ByteSlice) {
        let model = VertexModel(named: name)
        self.model = name.isEmpty ? nil : model
        self.base = OwnedBytes(base)
        project = Array(target.project.utf8).withByteSlice { OwnedBytes($0) }
        region = Array(target.region.utf8).withByteSlice { OwnedBytes($0) }
        let own = name.dropFirst(model.prefixByteCount)
        bare = VertexPlace.quoted("", own)
        named =
            switch model.naming(at: .chatCompletions) {
            case .slashed: VertexPlace.quoted("meta/", own)
            case .empty: VertexPlace.quoted("", ByteSlice(""))
            case .absent, .bare: bare
            }
    }

    private static func quoted(_ prefix: StaticString, _ content: ByteSlice) -> OwnedBytes {
        [UInt8](unsafeUninitializedCapacity: content.count + 16) { room, count in
            guard let start = room.baseAddress else { return }
            var writer = ByteWriter(start, capacity: room.count)
            writer.append("\"")
            writer.append(prefix)
            writer.append(content)
            writer.append("\"")
            count = writer.count
        }.withByteSlice { OwnedBytes($0) }
    }

    /// The model set, as JSON; nil where each request names its own.
    func body(_ naming: VertexModel.Naming) -> ByteSlice? {
        guard model != nil else { return nil }
        return naming == .bare || naming == .absent ? bare.slice : named.slice
    }

    /// Writes the path below which the project's batches are.
    func writeJobs(to writer: inout ByteWriter) {
        for part in [base.slice, ByteSlice("/projects/"), project.slice, ByteSlice("/locations/"), region.slice, ByteSlice("/batchPredictionJobs")] {
            writer.append(part)
        }
    }

    /// - Parameter name: the model's, decoded, without its publisher.
    func writeTarget(
        of target: ByteSlice, _ endpoint: Endpoint, _ model: VertexModel?, name: ByteSlice, isStream: Bool, to writer: inout ByteWriter
    ) -> Bool {
        VertexPath.write(
            target: target, endpoint: endpoint, VertexPath.Place(base: base.slice, project: project.slice, region: region.slice), model: model, name: name,
            isStream: isStream, into: &writer)
    }
}

extension Exchange {
    /// Whose model a request goes to, where that decides how it is said; nil elsewhere, and for requests that name none.
    func vertexModel(_ plan: Plan, at destination: Destination) -> VertexModel? {
        guard let vertex = destination.vertex, readsBody else { return nil }
        return vertex.model ?? plan.vertexModel
    }

    /// Says the model as Vertex AI wants it in a body, and to Anthropic's what its own API has a field for.
    /// - Precondition: `worker.scan` has scanned `worker.splice`'s text.
    func editVertexModel(_ plan: Plan) throws(SpliceError) {
        guard let vertex = plan.destination.vertex, let model = vertexModel(plan, at: plan.destination) else { return }
        // A translation reads the name and writes what the model's dialect has for it.
        let naming = attempt.translation != nil && model.dialect != .openAI ? .bare : model.naming(at: attempt.translation == nil ? endpoint : .chatCompletions)
        if naming == .absent {
            try worker.splice.remove("model", in: worker.scan)
        } else if let own = vertex.body(naming) {
            try worker.splice.set("model", own, in: worker.scan)
        } else if let member = worker.scan.member("model"), naming == .empty {
            try worker.splice.replace(member.value, with: ByteSlice("\"\""))
        } else if let member = worker.scan.member("model"), model.prefixByteCount > 0 {
            let start = member.value.lowerBound + 1 + plan.modelPrefixCount
            try worker.splice.replace(start..<start + model.prefixByteCount, with: ByteSlice(naming == .slashed ? "meta/" : ""))
        }
    }

    /// Adds what Vertex AI wants of Anthropic's bodies, unless the client or the config says it.
    func addVertexVersion(_ plan: Plan) throws(SpliceError) {
        guard attempt.translation == nil, vertexModel(plan, at: plan.destination)?.publisher == .anthropic, worker.scan.member("anthropic_version") == nil else {
            return
        }
        try worker.splice.set("anthropic_version", ByteSlice(VertexPath.anthropicVersion), in: worker.scan)
    }

    /// Lends the name, decoded, under which the model stands in a path: the config's, else the body's without what is for us.
    func withModelName<Result>(_ plan: Plan, _ body: (ByteSlice) -> Result) -> Result {
        guard readsBody, worker.scanOwner == ObjectIdentifier(self) else { return body(ByteSlice("")) }
        let prefixCount = vertexModel(plan, at: plan.destination)?.prefixByteCount ?? 0
        if let own = plan.destination.overriddenModel { return Exchange.withDecoded(own.slice.dropFirst(prefixCount), body) }
        guard !plan.hasNoModel, let sent = worker.scan.string("model") else { return body(ByteSlice("")) }
        return Exchange.withDecoded(sent.content.dropFirst(plan.modelPrefixCount + prefixCount), body)
    }
}
