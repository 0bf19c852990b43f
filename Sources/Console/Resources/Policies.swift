import JSON
import Policy
import Store

/// `/policies/usage-limits` and `/policies/rate-limits`: limits of whatever meets their conditions.
enum Policies {
    private static let common =
        [
            BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called"),
            BodyField("description", .text(atMost: ConsoleLimits.descriptionByteCount), "what it is for"),
        ] + ConditionShapes.members

    /// The members that say what is limited, and to how much.
    private static func terms(_ subject: LimitPolicy.Subject) -> [BodyField] {
        switch subject {
        case .usage: LimitShapes.usageFields
        case .rate: LimitShapes.rateFields + [BodyField("target", .choice(["llm"]), "what is limited: requests to models")]
        }
    }

    private static let place = [Listing.workspace, Listing.organisation]
    private static let filters = Listing.page + place + [Listing.search, Listing.status]

    static let routes = routes(.usage, "/policies/usage-limits", "a budget") + routes(.rate, "/policies/rate-limits", "a limit of rate")

    private static func routes(_ subject: LimitPolicy.Subject, _ path: String, _ noun: String) -> [Route] {
        let creation = BodyShape(common + terms(subject) + place) { faults(subject, $0) + ConditionShapes.faults(of: $0) }
        // Whether the terms that are changed go with those that stay is seen when both are known.
        let change = BodyShape(
            (common + terms(subject)).map(\.optional) + [
                Listing.status, BodyField("workspace_id", .copy, "it stays in its workspace"), BodyField("reset_usage", .flag, "sets what all have used to nothing"),
                Listing.organisation,
            ]) { ConditionShapes.faults(of: $0) }
        return [
            Route(.post, path, .scope("policies.create"), "Makes \(noun) for all requests that meet its conditions.", body: creation) {
                (console, call) throws(ConsoleError) in try console.makePolicy(call, subject)
            },
            Route(.get, path, .scope("policies.list"), "Lists such policies.", query: filters) { (console, call) throws(ConsoleError) in
                try console.listPolicies(call, subject)
            },
            Route(.get, path + "/{id}", .scope("policies.read"), "Reads such a policy.", query: place) { (console, call) throws(ConsoleError) in
                try console.readPolicy(call, subject)
            },
            Route(.put, path + "/{id}", .scope("policies.update"), "Changes such a policy.", query: place, body: change) {
                (console, call) throws(ConsoleError) in try console.changePolicy(call, subject)
            },
            Route(.delete, path + "/{id}", .scope("policies.delete"), "Deletes such a policy.", query: place) { (console, call) throws(ConsoleError) in
                try console.deletePolicy(call, subject)
            },
            Route(.get, path + "/{id}/entities", .scope("policies.read"), "Lists what each combination of a policy's values has used.", query: entities) {
                (console, call) throws(ConsoleError) in try console.listAccounts(call, subject)
            },
            Route(.put, path + "/{id}/entities/{entity_id}/reset", .scope("policies.update"), "Sets what one of them has used to nothing.", query: place, body: .nothing) {
                (console, call) throws(ConsoleError) in try console.resetAccount(call, subject)
            },
        ]
    }

    private static let entities =
        Listing.page + place + [BodyField("search", .text(atMost: ConsoleLimits.nameByteCount), "what its values contain")]

    static func faults(_ subject: LimitPolicy.Subject, _ body: Body) -> [BodyFault] {
        subject == .usage ? LimitShapes.usageFaults(body) : LimitShapes.rateFaults(body)
    }

    /// Terms that `null` has taken away, and may not.
    static func missing(_ subject: LimitPolicy.Subject, _ given: DocumentNode) -> [BodyFault] {
        terms(subject).filter { $0.isRequired && given[$0.name] == nil }.map { BodyFault($0.name, "is missing") }
    }

    /// What a policy is for, and its one limit.
    static func parts(_ policy: LimitPolicy) -> (PolicyScope, SpendingLimits) {
        let scope = PolicyScope.read(conditions: policy.conditions, groups: policy.groups).scope
        let members = DocumentNode.stored(policy.terms).members.filter { $0.name != "target" }.map { ($0.name, $0.value) }
        let terms = DocumentNode.object(members).jsonText
        return (scope, policy.subject == .usage ? SpendingLimits.read(usage: terms, rates: nil).limits : SpendingLimits.read(usage: nil, rates: terms).limits)
    }

    static func object(_ subject: LimitPolicy.Subject) -> String { subject == .usage ? "policy-usage-limits" : "policy-rate-limits" }

    static func answer(_ policy: LimitPolicy, _ budgets: Budgets) -> DocumentNode {
        let head = DocumentNode.object([
            "id": .text(policy.id), "name": .text(policy.name), "description": .text(policy.description), "conditions": .stored(policy.conditions ?? "[]"),
            "group_by": .stored(policy.groups ?? "[]"), "status": .text(budgets.status(policy.status)), "workspace_id": .text(policy.workspaceID),
            "organisation_id": .text(policy.head.organisationID), "organization_id": .text(policy.head.organisationID),
            "created_at": .time(policy.head.createdAt), "last_updated_at": .time(policy.head.updatedAt), "source": .text("store"),
            "object": .text(object(policy.subject)),
        ])
        let terms = budgets.nodes.isEmpty ? DocumentNode.stored(policy.terms) : budgets.object
        return .object(head.members.map { ($0.name, $0.value) } + terms.members.map { ($0.name, $0.value) })
    }

    /// A policy of the configuration file.
    static func answer(_ policy: FileObjects.Policy, _ subject: LimitPolicy.Subject, _ budgets: Budgets) -> DocumentNode {
        let conditions = policy.scope.conditions.map { condition in
            DocumentNode.object([("key", .text(condition.attribute.name)), ("value", .texts(condition.values))] + (condition.isExcluding ? [("excludes", .flag(true))] : []))
        }
        let head: [(String, DocumentNode)] = [
            ("id", .text(policy.name)), ("name", .text(policy.name)), ("description", .null), ("conditions", .list(conditions)),
            ("group_by", .list(policy.scope.groups.map { .object(["key": .text($0.name)]) })), ("status", .text(budgets.status(.active))),
            ("source", .text("file")), ("object", .text(object(subject))),
        ]
        let rate = policy.limits.rates.first.map {
            DocumentNode.object(["type": .text($0.unit.rawValue), "unit": .text($0.span.rawValue), "value": .number($0.count)])
        }
        return .object(head + (subject == .usage ? budgets.object : rate ?? .empty).members.map { ($0.name, $0.value) })
    }

    /// The terms that a body gives, over those before.
    static func terms(_ subject: LimitPolicy.Subject, _ body: Body, before: DocumentNode) -> DocumentNode {
        let names = terms(subject).map(\.name)
        let kept = before.members.filter { !body.has($0.name) }.map { ($0.name, $0.value) }
        return .object(kept + names.compactMap { name in body.value(name).map { (name, $0) } })
    }

    static func fill(_ policy: inout LimitPolicy, _ body: Body, terms: DocumentNode) {
        body.set("name", &policy.head.name)
        body.set("description", &policy.description)
        body.setDocument("conditions", &policy.conditions)
        body.setDocument("group_by", &policy.groups)
        body.setStatus(&policy.head.status)
        policy.terms = terms.jsonText
    }
}

extension Console {
    fileprivate func makePolicy(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        var policy = LimitPolicy()
        policy.head.organisationID = call.scope.organisationID
        policy.workspaceID = try workspace(call.body.text("workspace_id"), call.caller)?.id
        policy.subject = subject
        try checkConditions(call)
        try checkCredits(call)
        Policies.fill(&policy, call.body, terms: Policies.terms(subject, call.body, before: .null))
        let made = try create(policy, call)
        return shown(made, call.now).with(["success": .flag(true)])
    }

    fileprivate func listPolicies(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        var query = try listQuery(call)
        query.equal.append(("subject", .text(subject.rawValue)))
        let declared = file.policies(subject).map { ($0.name, shown($0, subject, call.now)) }
        // Its subject is asked for in any case: a list of all is one of the file's, too.
        let isWhole = query.scope.workspaceID == nil && query.equal.count == 1
        return try listing(LimitPolicy.self, query, file: isWhole ? declared : [], isWhole: isWhole) { shown($0, call.now) }
    }

    fileprivate func readPolicy(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        if let policy = try find(LimitPolicy.self, call, file: file.policies(subject).map(\.name)) {
            guard policy.subject == subject else { throw .notFound("there is no policy \(quoted(call.id))") }
            return shown(policy, call.now)
        }
        guard let declared = file.policies(subject).first(where: { $0.name == call.id }) else { throw .notFound("there is no policy \(quoted(call.id))") }
        return shown(declared, subject, call.now)
    }

    /// Where it has groups, each has usage of its own.
    private func shown(_ policy: LimitPolicy, _ now: Int64) -> DocumentNode {
        let isWhole = policy.subject == .usage && policy.groups == nil
        return Policies.answer(policy, isWhole ? budgets(.policy, id: policy.id, policy.terms, now: now) : Budgets(limits: [], nodes: [], readings: []))
    }

    private func shown(_ policy: FileObjects.Policy, _ subject: LimitPolicy.Subject, _ now: Int64) -> DocumentNode {
        var budgets = budgets(.policy, declared: policy.name, policy.limits, now: now)
        if !policy.scope.groups.isEmpty { budgets = Budgets(limits: budgets.limits, nodes: budgets.nodes, readings: []) }
        return Policies.answer(policy, subject, budgets)
    }

    fileprivate func policy(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> LimitPolicy {
        let policy = try findToChange(LimitPolicy.self, call, file: file.policies(subject).map(\.name))
        guard policy.subject == subject else { throw .notFound("there is no policy \(quoted(call.id))") }
        return policy
    }

    fileprivate func changePolicy(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        let policy = try policy(call, subject)
        try checkConditions(call)
        let terms = Policies.terms(subject, call.body, before: .stored(policy.terms))
        let faults = Policies.missing(subject, terms) + Policies.faults(subject, Body(node: terms))
        guard faults.isEmpty else { throw .invalid(faults) }
        try checkReset(call)
        try checkCredits(call)
        let updated = try update(LimitPolicy.self, policy.id, call, at: policy.revision) { Policies.fill(&$0, call.body, terms: terms) }
        if call.body.flag("reset_usage") == true { try resetAll(call, updated) }
        return shown(updated, call.now).with(["success": .flag(true)])
    }

    fileprivate func deletePolicy(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        let policy = try policy(call, subject)
        let answer = try delete(LimitPolicy.self, policy.id, call)
        let (scope, limits) = Policies.parts(policy)
        // What cannot be forgotten now is so when its windows are over.
        try? usage?.forget(policy: policy.id, scope, limits)
        return answer
    }

    /// What a condition names is there: keys by id, virtual keys and configs by slug, providers.
    private func checkConditions(_ call: Call) throws(ConsoleError) {
        for (index, condition) in call.body.bodies("conditions").enumerated() {
            let key = condition.text("key") ?? ""
            for value in condition.texts("value") where !value.contains("*") {
                let place = "conditions[\(index)].value"
                switch key {
                case "api_key": if !file.keys.map(\.name).contains(value) { try check(place, "API key", value, try named(APIKey.self, value, call)?.id) }
                case "virtual_key": if !file.virtualKeySlugs.contains(value) { try check(place, "virtual key", value, try named(VirtualKey.self, value, call)?.slug) }
                case "config": if !file.catalog.configNames.names.contains(value) { try check(place, "config", value, try named(Config.self, value, call)?.slug) }
                case "prompt": try check(place, "prompt", value, try named(Prompt.self, value, call)?.slug)
                case "workspace_id": try check(place, "workspace", value, try named(Workspace.self, value, call)?.id)
                case "provider": if !value.hasPrefix("@") { _ = try provider(value, field: place) }
                default: break
                }
            }
        }
    }

    /// - Parameter known: what requests have where they are of it; nil where there is nothing of the name.
    private func check(_ place: String, _ kind: String, _ value: String, _ known: String?) throws(ConsoleError) {
        guard let known else { throw .invalid(place, "names no \(kind) that this API key reaches") }
        guard known == value else { throw .invalid(place, "is another name of \(kind) \(quoted(known)); write that") }
    }

    private func named<Object: StoredObject>(_ kind: Object.Type, _ id: String, _ call: Call) throws(ConsoleError) -> Object? {
        do throws(StoreError) {
            return try store.find(kind, id, in: call.scope)
        } catch .notFound {
            return nil
        } catch {
            throw ConsoleError(error)
        }
    }
}
