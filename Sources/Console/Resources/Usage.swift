import Bytes
import JSON
import Policy
import Store

/// An object's budgets, and how they stand.
struct Budgets {
    let limits: [SpendingLimits.Usage]
    /// As they are stored, or as the file says them: an object each.
    let nodes: [DocumentNode]
    /// In their order; empty where nobody counts.
    let readings: [UsageReading]

    /// What the object's status is when its budgets are looked at.
    func status(_ status: ObjectStatus) -> String {
        (status == .active && readings.contains(where: \.isExhausted) ? .exhausted : status).rawValue
    }

    /// As keys and providers show it: the first, an object; nothing where there is none.
    var object: DocumentNode { list.elements.first ?? .null }

    /// As workspaces show them: a list; nothing where there are none.
    var list: DocumentNode { nodes.isEmpty ? .null : .list(nodes.indices.map { node(at: $0) }) }

    private func node(at index: Int) -> DocumentNode { index < readings.count ? Budgets.node(nodes[index], limits[index], readings[index]) : nodes[index] }

    /// With what is used, and when it begins anew.
    static func node(_ node: DocumentNode, _ limit: SpendingLimits.Usage, _ reading: UsageReading) -> DocumentNode {
        var members = node.members.filter { $0.name != "next_usage_reset_at" }.map { ($0.name, $0.value) }
        members.append(("current_usage", .amount(reading.spent, limit.unit)))
        if let next = reading.resetsAt { members.append(("next_usage_reset_at", .time(next * 1000))) }
        return .object(members)
    }

    /// A temporary credit that is over is no more.
    static func withoutEndedCredit(_ node: DocumentNode, _ limit: SpendingLimits.Usage, now: Int64) -> DocumentNode {
        guard let raise = limit.raise, raise.until * 1000 <= now else { return node }
        return .object(node.members.filter { $0.name != "temporary_credit" }.map { ($0.name, $0.value) })
    }

    /// What the file says, in the shape of the API.
    static func node(_ limit: SpendingLimits.Usage) -> DocumentNode {
        var members: [(String, DocumentNode)] = [("type", .text(limit.unit.rawValue)), ("credit_limit", .amount(limit.limit, limit.unit))]
        if !limit.thresholds.isEmpty { members.append(("alert_thresholds", .list(limit.thresholds.map { .amount($0, limit.unit) }))) }
        switch limit.period {
        case .once: break
        case .daily: members.append(("periodic_reset", .text("daily")))
        case .weekly: members.append(("periodic_reset", .text("weekly")))
        case .monthly: members.append(("periodic_reset", .text("monthly")))
        case .days(let count, _): members.append(("periodic_reset_days", .number(Int64(count))))
        }
        if let raise = limit.raise {
            members.append(("temporary_credit", .object(["amount": .amount(raise.amount, limit.unit), "until": .time(raise.until * 1000)])))
        }
        return .object(members)
    }
}

extension DocumentNode {
    /// Nano-dollars as dollars, or a count.
    static func amount(_ amount: Int64, _ unit: SpendingLimits.Unit) -> DocumentNode {
        guard unit == .cost else { return .number(amount) }
        let whole = amount / 1_000_000_000
        var fraction = String(amount % 1_000_000_000)
        fraction = String(repeating: "0", count: max(0, 9 - fraction.utf8.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return DocumentNode(.number(DocumentNumber(text: fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)")), at: .start)
    }
}

extension Console {
    /// The budgets of an object of the store, whose limits are JSON.
    func budgets(_ subject: UsageSubject, id: String, _ stored: String?, now: Int64) -> Budgets {
        guard let stored else { return Budgets(limits: [], nodes: [], readings: []) }
        let root = DocumentNode.stored(stored)
        let given = root.members.isEmpty ? root.elements : [root]
        let (limits, _) = SpendingLimits.read(usage: stored, rates: nil)
        // What cannot be read is shown as it is.
        guard limits.usage.count == given.count else { return Budgets(limits: [], nodes: given, readings: []) }
        let nodes = zip(given, limits.usage).map { Budgets.withoutEndedCredit($0, $1, now: now) }
        return Budgets(limits: limits.usage, nodes: nodes, readings: usage?.readings(subject, id: id, limits.usage, now: now) ?? [])
    }

    /// The budgets of what the file declares.
    func budgets(_ subject: UsageSubject, declared name: String, _ limits: SpendingLimits, now: Int64) -> Budgets {
        let nodes = limits.usage.map { Budgets.withoutEndedCredit(Budgets.node($0), $0, now: now) }
        return Budgets(limits: limits.usage, nodes: nodes, readings: usage?.readings(subject, id: name, limits.usage, now: now) ?? [])
    }

    // MARK: Reset

    func checkReset(_ call: Call) throws(ConsoleError) {
        guard call.body.flag("reset_usage") == true, usage == nil else { return }
        throw .invalid("reset_usage", "is refused: this gateway counts no usage")
    }

    /// Sets an object's usage to nothing, where the body asks for it.
    func resetUsage<Object: StoredObject>(_ call: Call, _ subject: UsageSubject, _ object: Object, _ stored: String?) throws(ConsoleError) {
        guard call.body.flag("reset_usage") == true else { return }
        let (limits, _) = SpendingLimits.read(usage: stored, rates: nil)
        try reset(call, subject, id: object.id, limits.usage, object.head)
    }

    /// Sets usage to nothing. It is in the audit log first: nothing is forgiven that nobody can be asked about.
    func reset(
        _ call: Call, _ subject: UsageSubject, id: String, _ budgets: [SpendingLimits.Usage], _ head: ObjectHead
    ) throws(ConsoleError) {
        guard let usage else { return }
        var event = AuditEvent(call.actor, AuditEvent.usageReset, subject.resource, id: id)
        event.organisationID = head.organisationID
        event.workspaceID = subject == .workspace ? head.id : head.workspaceID
        let before = usage.readings(subject, id: id, budgets, now: call.now)
        func figures(_ spent: (Int) -> Int64) -> String {
            DocumentNode.object(budgets.indices.map { (budgets[$0].unit.rawValue, .amount(spent($0), budgets[$0].unit)) }).jsonText
        }
        if before.count == budgets.count, !budgets.isEmpty { (event.before, event.after) = (figures { before[$0].spent }, figures { _ in 0 }) }
        try recorded(event) { () throws(UsageFault) in try usage.reset(subject, id: id, budgets, now: call.now) }
    }

    /// Does what is written to the audit log first; what failed is written there, too.
    func recorded(_ event: AuditEvent, _ body: () throws(UsageFault) -> Void) throws(ConsoleError) {
        try ask { (store) throws(StoreError) in try store.record(event) }
        do throws(UsageFault) {
            try body()
        } catch {
            var failed = event
            failed.outcome = .failed
            failed.reason = error.description
            let told = failed
            try ask { (store) throws(StoreError) in try store.record(told) }
            throw .unavailable("what is used could not be set to nothing: \(error); ask again")
        }
    }

    /// A temporary credit of the body ends in the future.
    func checkCredits(_ call: Call) throws(ConsoleError) { try checkCredits(call.body, at: "", call) }

    func checkCredits(_ body: Body, at place: String, _ call: Call) throws(ConsoleError) {
        let prefix = place.isEmpty ? "" : place + "."
        for (path, limit) in body.bodies("usage_limits").map({ (prefix + "usage_limits.temporary_credit.until", $0) }) + [(prefix + "temporary_credit.until", body)] {
            guard let text = limit.body("temporary_credit")?.text("until"), let until = Timestamp.milliseconds(text) else { continue }
            if until <= call.now { throw .invalid(path, "is past; it must be a time to come") }
        }
    }
}

extension UsageSubject {
    /// As the audit log names it.
    fileprivate var resource: String {
        switch self {
        case .apiKey: "api_keys"
        case .virtualKey: "virtual_keys"
        case .workspace: "workspaces"
        case .integration: "integrations"
        case .policy: "policies"
        }
    }
}
