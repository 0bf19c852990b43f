import Bytes
import JSON
import Policy
import Providers

/// What was decided for one request: the way it goes, and what of its body that turns on.
struct Plan {
    let route: Route
    private(set) var destination: Destination
    /// Which target now.
    private var decision: Decision
    /// The body's `model` names a virtual key: that many bytes inside its quotes are ours, not the provider's.
    var modelPrefixCount = 0
    /// The body has no model, or the SDK's word for "none given".
    var hasNoModel = false
    var wantsStream = false
    /// At what terms the body asks to be served, where there are prices.
    var askedTier = AskedTier()
    /// Whose model the body names, where the route turns on that.
    var vertexModel: VertexModel?

    /// Runs the route's program over the exchange's request.
    init(_ route: Route, _ exchange: Exchange, _ client: Client) throws(RoutingFault) {
        let decision: Decision
        if route.destinations.count == 1, route.program.isOneTarget {
            decision = Decision(onlyTargetOf: route.program)
        } else {
            var surroundings = Surroundings(exchange: exchange, client: client, route: route)
            decision = try Decision(route.program, &surroundings)
        }
        self.route = route
        self.decision = decision
        destination = route.destinations[decision.target]
    }

    /// Whether anything but the first target's first answer could be the answer.
    var hasAlternatives: Bool { route.hasAlternatives }

    var target: Target { route.program.targets[decision.target] }
    /// Its row in the program.
    var targetIndex: Int { decision.target }
    var reason: PickReason { decision.reason }

    /// To the next target after `outcome`; false when there is none.
    mutating func moveOn(after outcome: Outcome, _ exchange: Exchange, _ client: Client) -> Bool {
        guard !route.program.isOneTarget else { return false }
        var surroundings = Surroundings(exchange: exchange, client: client, route: route)
        do throws(RoutingFault) {
            guard try decision.advance(after: outcome, in: route.program, &surroundings) else { return false }
        } catch {
            // A fallback under which no condition holds has nothing to add.
            return false
        }
        destination = route.destinations[decision.target]
        return true
    }
}

extension Exchange {
    /// What the target wants changed in the body, as edits over the client's own bytes.
    /// - Precondition: `worker.scan` has scanned `worker.splice`'s text.
    func edit(_ plan: Plan) throws(SpliceError) {
        try editModel(plan)
        try addVertexVersion(plan)
        let program = plan.route.program
        for override in program.overrides(plan.destination.overrides) {
            try worker.splice.set(program.bytes(override.name), program.bytes(override.value), in: worker.scan)
        }
        try editVertexModel(plan)
        if plan.destination.hasRenames {
            let renames = plan.destination.upstream.row.renames
            for index in 0..<renames.count { try rename(renames[index]) }
        }
        try cutAnswer(plan)
        if plan.wantsStream, endpoint.takesStreamOptions, plan.destination.takesIncludeUsage { try addUsage() }
    }

    private func editModel(_ plan: Plan) throws(SpliceError) {
        if let model = plan.destination.ownModel { return try worker.splice.set("model", model.slice, in: worker.scan) }
        if plan.hasNoModel {
            if let model = plan.destination.defaultModel {
                try worker.splice.set("model", model.slice, in: worker.scan)
            } else {
                try worker.splice.remove("model", in: worker.scan)
            }
        } else if plan.modelPrefixCount > 0, let model = worker.scan.member("model") {
            let start = model.value.lowerBound + 1
            try worker.splice.replace(start..<start + plan.modelPrefixCount, with: ByteSlice(""))
        }
    }

    private func rename(_ rename: FieldRename) throws(SpliceError) {
        guard let member = worker.scan.member(rename.from), worker.scan.member(rename.to) == nil else { return }
        try worker.splice.replace(member.key, with: ByteSlice(rename.to))
    }

    /// Asks for a stream's usage where the client has not; see `Attempt.addedUsage`.
    private func addUsage() throws(SpliceError) {
        let options = worker.scan.member("stream_options")
        guard let options, options.kind == .object else {
            // Absent or null. Anything else is the provider's to refuse.
            guard options == nil || options?.kind == .null else { return }
            try worker.splice.set("stream_options", ByteSlice("{\"include_usage\":true}"), in: worker.scan)
            attempt.addedUsage = true
            return
        }
        do throws(JSONError) {
            try worker.nestedScan.scan(worker.scan.text, at: options.value)
        } catch {
            return
        }
        if worker.nestedScan.bool("include_usage") == true { return }
        try worker.splice.set("include_usage", ByteSlice("true"), in: worker.nestedScan)
        attempt.addedUsage = true
    }
}
