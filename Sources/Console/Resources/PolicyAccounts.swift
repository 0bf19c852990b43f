import JSON
import Policy
import Store

/// `/policies/…/{id}/entities`: what each combination of a policy's values has used.
extension Console {
    /// A policy of the store or of the file, as its accounts are known.
    private struct Counted {
        let id: String
        let scope: PolicyScope
        let limits: SpendingLimits
        let head: ObjectHead
    }

    private func counted(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> Counted {
        if let policy = try find(LimitPolicy.self, call, file: file.policies(subject).map(\.name)) {
            guard policy.subject == subject else { throw .notFound("there is no policy \(quoted(call.id))") }
            let (scope, limits) = Policies.parts(policy)
            return Counted(id: policy.id, scope: scope, limits: limits, head: policy.head)
        }
        guard let declared = file.policies(subject).first(where: { $0.name == call.id }) else { throw .notFound("there is no policy \(quoted(call.id))") }
        var limits = SpendingLimits()
        if subject == .usage { limits.usage = declared.limits.usage } else { limits.rates = declared.limits.rates }
        var head = ObjectHead()
        head.organisationID = call.scope.organisationID
        return Counted(id: declared.name, scope: declared.scope, limits: limits, head: head)
    }

    private func accounts(_ policy: Counted, _ now: Int64) throws(ConsoleError) -> [PolicyAccount] {
        guard let usage else { return [] }
        do throws(UsageFault) {
            return try usage.accounts(ofPolicy: policy.id, policy.scope, policy.limits, now: now)
        } catch {
            throw .unavailable("what is used cannot be read: \(error)")
        }
    }

    func listAccounts(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        let policy = try counted(call, subject)
        let search = call.query.text("search")?.lowercased()
        let found = try accounts(policy, call.now).filter { account in
            search.map { text in account.values.contains { ($0 ?? "").lowercased().contains(text) } } ?? true
        }
        let size = Int(call.query.integer("page_size") ?? ConsoleLimits.usualPageRowCount)
        let page = found.dropFirst(Int(call.query.integer("current_page") ?? 0) * size).prefix(size)
        return Listing.of(page.map { row($0, policy) }, total: found.count)
    }

    private func row(_ account: PolicyAccount, _ policy: Counted) -> DocumentNode {
        let groups = policy.scope.groups.map(\.name)
        let pairs = zip(groups, account.values).map { ($0, $1) }
        let unit = policy.limits.usage.first?.unit ?? policy.limits.rates.first?.unit ?? .requests
        return .object([
            "id": .text(account.id), "value_key": .text(pairs.map { "\($0):\($1 ?? "")" }.joined(separator: ",")),
            "values": .object(pairs.map { ($0, .text($1)) }), "current_usage": .amount(account.reading.spent, unit),
            "status": .text(account.reading.isExhausted ? "exhausted" : "active"),
            "next_usage_reset_at": .time(account.reading.resetsAt.map { $0 * 1000 }), "object": .text("policy-entity"),
        ])
    }

    // MARK: Reset

    func resetAccount(_ call: Call, _ subject: LimitPolicy.Subject) throws(ConsoleError) -> DocumentNode {
        let policy = try counted(call, subject)
        let id = call.parameters.count > 1 ? call.parameters[1] : ""
        guard let account = try accounts(policy, call.now).first(where: { $0.id == id }) else { throw .notFound("the policy has no entity \(quoted(id))") }
        try reset(call, account, policy)
        let reading = UsageReading(spent: 0, isExhausted: false, resetsAt: account.reading.resetsAt)
        return row(PolicyAccount(id: id, values: account.values, reading: reading), policy).with(["success": .flag(true)])
    }

    /// Sets what all accounts of a policy have used to nothing.
    func resetAll(_ call: Call, _ policy: LimitPolicy) throws(ConsoleError) {
        let (scope, limits) = Policies.parts(policy)
        let counted = Counted(id: policy.id, scope: scope, limits: limits, head: policy.head)
        for account in try accounts(counted, call.now) { try reset(call, account, counted) }
    }

    private func reset(_ call: Call, _ account: PolicyAccount, _ policy: Counted) throws(ConsoleError) {
        guard let usage else { return }
        let unit = policy.limits.usage.first?.unit ?? policy.limits.rates.first?.unit ?? .requests
        var event = AuditEvent(call.actor, AuditEvent.usageReset, "policies", id: policy.id)
        event.organisationID = policy.head.organisationID
        event.workspaceID = policy.head.workspaceID
        let values = DocumentNode.object(zip(policy.scope.groups.map(\.name), account.values).map { ($0, .text($1)) })
        event.before = DocumentNode.object(["values": values, "used": .amount(account.reading.spent, unit)]).jsonText
        event.after = DocumentNode.object(["values": values, "used": .number(0)]).jsonText
        try recorded(event) { () throws(UsageFault) in
            _ = try usage.reset(account: account.id, ofPolicy: policy.id, policy.scope, policy.limits, now: call.now)
        }
    }
}

extension FileObjects {
    /// Those that have a limit of the kind.
    func policies(_ subject: LimitPolicy.Subject) -> [Policy] {
        policies.filter { subject == .usage ? !$0.limits.usage.isEmpty : !$0.limits.rates.isEmpty }
    }
}
