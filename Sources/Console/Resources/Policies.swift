import JSON
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
        let creation = BodyShape(common + terms(subject) + place) { faults(subject, $0) }
        // Whether the terms that are changed go with those that stay is seen when both are known.
        let change = BodyShape(
            (common + terms(subject)).map(\.optional) + [Listing.status, BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation])
        return [
            Route(.post, path, .scope("policies.create"), "Makes \(noun) for all requests that meet its conditions.", body: creation) {
                (console, call) throws(ConsoleError) in try console.makePolicy(call, subject)
            },
            Route(.get, path, .scope("policies.list"), "Lists such policies.", query: filters) { (console, call) throws(ConsoleError) in
                try console.listPolicies(call, subject)
            },
            Route(.get, path + "/{id}", .scope("policies.read"), "Reads such a policy.", query: place) { (console, call) throws(ConsoleError) in
                answer(try console.policy(call, subject))
            },
            Route(.put, path + "/{id}", .scope("policies.update"), "Changes such a policy.", query: place, body: change) {
                (console, call) throws(ConsoleError) in try console.changePolicy(call, subject)
            },
            Route(.delete, path + "/{id}", .scope("policies.delete"), "Deletes such a policy.", query: place) { (console, call) throws(ConsoleError) in
                try console.deletePolicy(call, subject)
            },
        ]
    }

    static func faults(_ subject: LimitPolicy.Subject, _ body: Body) -> [BodyFault] {
        subject == .usage ? LimitShapes.usageFaults(body) : LimitShapes.rateFaults(body)
    }

    /// Terms that `null` has taken away, and may not.
    static func missing(_ subject: LimitPolicy.Subject, _ given: DocumentNode) -> [BodyFault] {
        terms(subject).filter { $0.isRequired && given[$0.name] == nil }.map { BodyFault($0.name, "is missing") }
    }

    static func object(_ subject: LimitPolicy.Subject) -> String { subject == .usage ? "policy-usage-limits" : "policy-rate-limits" }

    static func answer(_ policy: LimitPolicy) -> DocumentNode {
        let head = DocumentNode.object([
            "id": .text(policy.id), "name": .text(policy.name), "description": .text(policy.description), "conditions": .stored(policy.conditions ?? "[]"),
            "group_by": .stored(policy.groups ?? "[]"), "status": .text(policy.status.rawValue), "workspace_id": .text(policy.workspaceID),
            "organisation_id": .text(policy.head.organisationID), "organization_id": .text(policy.head.organisationID),
            "created_at": .time(policy.head.createdAt), "last_updated_at": .time(policy.head.updatedAt), "object": .text(object(policy.subject)),
        ])
        let terms = DocumentNode.stored(policy.terms)
        return .object(head.members.map { ($0.name, $0.value) } + terms.members.map { ($0.name, $0.value) })
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
        Policies.fill(&policy, call.body, terms: Policies.terms(subject, call.body, before: .null))
        let made = try create(policy, call)
        return Policies.answer(made).with(["success": .flag(true)])
    }

    fileprivate func listPolicies(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        var query = try listQuery(call)
        query.equal.append(("subject", .text(subject.rawValue)))
        return try listing(LimitPolicy.self, query) { Policies.answer($0) }
    }

    fileprivate func policy(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> LimitPolicy {
        let policy = try findToChange(LimitPolicy.self, call)
        guard policy.subject == subject else { throw .notFound("there is no policy \(quoted(call.id))") }
        return policy
    }

    fileprivate func changePolicy(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        let policy = try policy(call, subject)
        try checkConditions(call)
        let terms = Policies.terms(subject, call.body, before: .stored(policy.terms))
        let faults = Policies.missing(subject, terms) + Policies.faults(subject, Body(node: terms))
        guard faults.isEmpty else { throw .invalid(faults) }
        let updated = try update(LimitPolicy.self, policy.id, call, at: policy.revision) { Policies.fill(&$0, call.body, terms: terms) }
        return Policies.answer(updated).with(["success": .flag(true)])
    }

    fileprivate func deletePolicy(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        let policy = try policy(call, subject)
        return try delete(LimitPolicy.self, policy.id, call)
    }

    /// What a condition names is there: keys by id, virtual keys and configs by slug, providers.
    private func checkConditions(_ call: Call) throws(ConsoleError) {
        for (index, condition) in call.body.bodies("conditions").enumerated() {
            let key = condition.text("key") ?? ""
            for value in condition.texts("value") where !value.contains("*") {
                let place = "conditions[\(index)].value"
                switch key {
                case "api_key": try check(place, "API key", file.keys.map(\.name).contains(value) ? true : isThere(APIKey.self, value, call))
                case "virtual_key": try check(place, "virtual key", file.virtualKeySlugs.contains(value) ? true : isThere(VirtualKey.self, value, call))
                case "config": try check(place, "config", file.catalog.configNames.names.contains(value) ? true : isThere(Config.self, value, call))
                case "provider": if !value.hasPrefix("@") { _ = try provider(value, field: place) }
                default: break
                }
            }
        }
    }

    private func check(_ place: String, _ kind: String, _ isThere: Bool) throws(ConsoleError) {
        guard isThere else { throw .invalid(place, "names no \(kind) that this API key reaches") }
    }

    private func isThere<Object: StoredObject>(_ kind: Object.Type, _ id: String, _ call: Call) throws(ConsoleError) -> Bool {
        do throws(StoreError) {
            _ = try store.find(kind, id, in: call.scope)
            return true
        } catch .notFound {
            return false
        } catch {
            throw ConsoleError(error)
        }
    }
}
