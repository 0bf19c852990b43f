import Bytes
import Guardrails
import Ledger
import Policy
import Providers
import Reactor

/// What keys and virtual keys may be used for, held against a request.
///
/// Where it comes from and where it goes is looked at with its key. Its model and its provider are each target's own: one that the key may not use is
/// passed over, and where there is no other the request is refused before anything is looked up or sent. So is one whose virtual key is disabled, expired
/// or otherwise out of use.
extension Exchange {
    /// Refuses a key from an address, or at a path, that it is not for.
    func checkUse(of principal: Principal, _ restrictions: KeyRestrictions, _ client: Client) throws(Rejection) {
        guard restrictions.allows(from: caller(of: client)) else {
            let from = record.peer.withBytes { String($0) }
            throw Rejection(.forbidden, "API key \(Operations.quoted(String(principal.name))) may not be used from \(from)")
        }
        let path = request.path(in: client.unread)
        guard restrictions.allows(path: path) else {
            throw Rejection(.forbidden, "API key \(Operations.quoted(String(principal.name))) may not be used for \(String(path))")
        }
    }

    /// Who asks: for whom a trusted proxy does, where one does.
    private func caller(of client: Client) -> IPAddress? {
        record.peer.withBytes { IPAddress(numeric: $0) } ?? client.peer.address
    }

    /// Takes away the targets that the caller may not use; whether there are any. Refuses where there are no others.
    func excludeTargets(_ plan: Plan, _ client: Client) throws(Rejection) -> Bool {
        guard caller.restrictions != nil || plan.route.isRestricted else { return false }
        var refusal: Rejection?
        caller.excludedTargets = []
        for index in plan.route.destinations.indices {
            let plan = plan.at(index)
            var isAllowed = false
            for key in plan.destination.keys.indices {
                let found = restriction(plan, key: key, client)
                refusal = refusal ?? found
                if found == nil { isAllowed = true }
                // An answer of what the caller may not use is not to be given to it either. One of a key that was in use is.
                if let found, found.refusal != .virtualKeyUnusable { caching.isLookedUp = true }
            }
            if !isAllowed { caller.excludedTargets.append(index) }
        }
        guard let refusal, caller.excludedTargets.count == plan.route.destinations.count else { return !caller.excludedTargets.isEmpty }
        throw refusal
    }

    /// Why the plan's target may not be used by who asks, with that of its credentials; nil when it may.
    func restriction(_ plan: Plan, key index: Int, _ client: Client) -> Rejection? {
        guard caller.restrictions != nil || plan.route.isRestricted else { return nil }
        let key = plan.destination.keys[index]
        if let why = key.refusal { return RouteBuilder.unusable(String(decoding: key.slug, as: UTF8.self), why) }
        if let restrictions = caller.restrictions, !restrictions.providers.isEmpty {
            let isAllowed = Array(plan.destination.upstream.id.utf8).withByteSlice { restrictions.providers.include($0) }
                || key.slug.withByteSlice { restrictions.providers.include($0) }
            if !isAllowed { return Rejection(.forbidden, "\(holder) may not use \(plan.destination.upstream.id)") }
        }
        if let models = caller.restrictions?.models, !models.isEmpty, let refusal = restriction(models, holder, plan, client) { return refusal }
        guard !key.models.isEmpty else { return nil }
        return restriction(key.models, "virtual key \(Operations.quoted(String(decoding: key.slug, as: UTF8.self)))", plan, client)
    }

    private var holder: String { "API key \(Operations.quoted(caller.principal.map { String($0.name) } ?? ""))" }

    private func restriction(_ models: NamePatterns, _ whose: String, _ plan: Plan, _ client: Client) -> Rejection? {
        // What makes no model work is not a model's.
        guard isCharged else { return nil }
        var name = ModelText()
        var isRead = false
        if readsBody {
            name.replace { writer in
                do throws(TextFault) {
                    try writeModel(plan, client.unread[body.range], to: &writer)
                    isRead = !writer.overflowed
                } catch {}
            }
        }
        guard isRead, !name.isEmpty else {
            return Rejection(.forbidden, "\(whose) is for some models alone, and this request does not say in its body which one it is for")
        }
        return name.withBytes { name in
            if models.include(name) { return nil }
            return Rejection(.forbidden, "\(whose) may not use model \(Operations.quoted(String(name)))", parameter: "model")
        }
    }
}
