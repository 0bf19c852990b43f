import Bytes
import HTTP
import JSON
import Ledger
import Policy
import Providers
import Reactor

/// What keys and virtual keys may be used for, held against a request.
///
/// Where it comes from and what it asks is looked at with its key. Its model and its provider are each target's own: one that the key may not use is
/// taken out of the decision, and where there is no other the request is refused before anything is looked up or sent. So is one whose virtual key is
/// disabled, expired or otherwise out of use.
extension Exchange {
    /// Refuses a key from an address, or at a path, that it is not for.
    func checkUse(of principal: Principal, _ restrictions: KeyRestrictions, _ client: Client) throws(Rejection) {
        guard restrictions.allows(from: caller(of: client)) else {
            throw Rejection(.forbidden, "\(name(of: principal)) may not be used from \(record.peer.withBytes { String($0) })")
        }
        let path = request.path(in: client.unread)
        guard restrictions.allows(path: path) else { throw Rejection(.forbidden, "\(name(of: principal)) may not be used for \(String(path))") }
    }

    /// Who asks: for whom a trusted proxy does, where one does.
    private func caller(of client: Client) -> IPAddress? {
        record.peer.withBytes { IPAddress(numeric: $0) } ?? client.peer.address
    }

    private func name(of principal: Principal) -> String { "API key \(Operations.quoted(String(principal.name)))" }

    // MARK: Targets

    /// Tells of each target which of its credentials may not be used; refuses where none of any may be.
    ///
    /// Before the decision: it is made once, from what is left.
    func forbidTargets(_ route: Route, _ asked: AskedModel, _ client: Client) throws(Rejection) {
        caller.forbidden = []
        guard caller.restrictions != nil || route.isRestricted else { return }
        var judge = Judge(holder: caller.principal.map { name(of: $0) } ?? "", restrictions: caller.restrictions)
        if judge.restrictions?.models.isEmpty == false || route.isRestricted { readModel(asked, client, into: &judge) }
        var first: Rejection?
        var isOneLeft = false
        for destination in route.destinations {
            var forbidden = Caller.Forbidden()
            let general = judge.refusal(of: destination, self, route)
            for (index, key) in destination.keys.enumerated() {
                let restriction = general ?? judge.refusal(of: key, at: destination, self, route)
                // An answer of what may not be used is not to be given either. One of a key that was in use is.
                if restriction != nil { caching.isLookedUp = true }
                guard let why = restriction ?? key.refusal.map({ RouteBuilder.unusable(key.holderName, $0) }) else { continue }
                forbidden.keys |= 1 << UInt64(index)
                forbidden.why = forbidden.why ?? why
                first = first ?? why
            }
            forbidden.isWhole = forbidden.keys.nonzeroBitCount == destination.keys.count
            if !forbidden.isWhole { isOneLeft = true }
            caller.forbidden.append(forbidden)
        }
        guard let first else { return caller.forbidden = [] }
        if !isOneLeft { throw first }
    }

    /// Credentials of the plan's target that the caller may not use, a bit each.
    func forbiddenKeys(_ plan: Plan) -> UInt64 { plan.targetIndex < caller.forbidden.count ? caller.forbidden[plan.targetIndex].keys : 0 }

    /// Why the attempt's credential may not be used: a condition of the config's may lead where nothing is allowed.
    func restriction(_ plan: Plan) -> Rejection? {
        guard forbiddenKeys(plan) >> UInt64(attempt.key) & 1 == 1 else { return nil }
        return caller.forbidden[plan.targetIndex].why
    }

    // MARK: The model

    /// What is asked for, read from the body once.
    private func readModel(_ asked: AskedModel, _ client: Client, into judge: inout Judge) {
        guard isCharged else { return judge.makesNoModelWork = true }
        guard readsBody else { return }
        judge.isBodyPlain = namesOneModel(worker.scan)
        judge.isAbsent = asked.isAbsent
        if !asked.isAbsent, let model = worker.scan.string("model") {
            judge.asked.read(JSONString(content: model.content.dropFirst(min(asked.prefixCount, model.content.count)), hasEscapes: model.hasEscapes))
        }
    }

    /// Whether nothing in the body could be taken for another model by a provider that reads names in any case, or lists of models to fall back to.
    private func namesOneModel(_ scan: borrowing ObjectScan) -> Bool {
        if scan.overflowed { return false }
        for index in 0..<scan.count {
            if scan[index].keyHasEscapes || Judge.isAnotherModel(scan.text[scan[index].key]) { return false }
        }
        return true
    }
}

extension DestinationKey {
    /// The virtual key's name.
    fileprivate var holderName: String { slug.map { String($0.slice) } ?? "" }
}

/// What the body says of its model beside the name: bytes of it that are ours, and that there is none.
struct AskedModel {
    /// Bytes inside its quotes that name a virtual key.
    var prefixCount = 0
    /// The body has no model, or the SDK's word for "none given".
    var isAbsent = false
}

/// Judges targets for one request.
private struct Judge {
    let holder: String
    let restrictions: KeyRestrictions?
    var makesNoModelWork = false
    /// Its body was read, and says nothing of models but in `model`.
    var isBodyPlain = false
    var isAbsent = false
    /// What the body names.
    var asked = JudgedName()

    init(holder: String, restrictions: KeyRestrictions?) {
        self.holder = holder
        self.restrictions = restrictions
    }

    /// Members by which some provider takes another model than `model`'s.
    static func isAnotherModel(_ name: ByteSlice) -> Bool {
        name.equalsIgnoringCase("model") && !(name == "model") || name.equalsIgnoringCase("models") || name.equalsIgnoringCase("fallbacks")
    }

    /// Why nothing of the target may be used by the caller.
    func refusal(of destination: Destination, _ exchange: Exchange, _ route: Route) -> Rejection? {
        guard let restrictions, !restrictions.models.isEmpty else { return nil }
        return refusal(restrictions.models, holder, destination, exchange, route)
    }

    /// Why one of its credentials may not be.
    func refusal(of key: DestinationKey, at destination: Destination, _ exchange: Exchange, _ route: Route) -> Rejection? {
        if let providers = restrictions?.providers, !providers.isEmpty {
            if destination.isRequestHost { return Rejection(.forbidden, "\(holder) may use some providers alone, at their own hosts") }
            let isAllowed = Array(destination.upstream.id.utf8).withByteSlice { providers.include($0) } || key.slug.map { providers.include($0.slice) } ?? false
            if !isAllowed { return Rejection(.forbidden, "\(holder) may not use \(destination.upstream.id)") }
        }
        guard !key.models.isEmpty else { return nil }
        return refusal(key.models, "virtual key \(Operations.quoted(key.holderName))", destination, exchange, route)
    }

    private func refusal(_ models: NamePatterns, _ whose: String, _ destination: Destination, _ exchange: Exchange, _ route: Route) -> Rejection? {
        // What makes no model work is not a model's.
        if makesNoModelWork { return nil }
        var name = JudgedName()
        let isPlain = read(&name, destination, exchange, route)
        guard isBodyPlain, isPlain, !name.isEmpty else {
            return Rejection(.forbidden, "\(whose) is for some models alone, and this request does not say in its body's \"model\" alone which one it is for")
        }
        return name.text.withBytes { name in
            if models.include(name) { return nil }
            return Rejection(.forbidden, "\(whose) may not use model \(Operations.quoted(String(name)))", parameter: "model")
        }
    }

    /// The name that goes to the target's provider; false where its config says of models what cannot be judged.
    private func read(_ name: inout JudgedName, _ destination: Destination, _ exchange: Exchange, _ route: Route) -> Bool {
        var laid: JSONView?
        for override in route.program.overrides(destination.overrides) {
            let member = route.program.bytes(override.name)
            if Judge.isAnotherModel(member) { return false }
            if member == "model" { laid = JSONView(route.program.bytes(override.value)) }
        }
        // Where the path names a deployment it is the one asked, whatever the body says.
        let deployment = destination.deployment(of: exchange.endpoint)
        if !deployment.isEmpty {
            name.read(JSONString(content: deployment, hasEscapes: false))
        } else if let laid {
            name.read(laid.string)
        } else if let own = destination.ownModel {
            name.read(JSONView(own.slice)?.string)
        } else if isAbsent {
            name.read(destination.defaultModel.flatMap { JSONView($0.slice)?.string })
        } else {
            name = asked
        }
        return true
    }
}

/// A model's name; one that is longer than any in a list is empty.
private struct JudgedName {
    private(set) var text = InlineText<256>()

    var isEmpty: Bool { text.isEmpty }

    mutating func read(_ name: JSONString?) {
        var isWhole = false
        text.replace { writer in
            name?.decode(into: &writer)
            isWhole = !writer.overflowed
        }
        if !isWhole { text = InlineText() }
    }
}
