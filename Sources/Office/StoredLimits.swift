public import Gateway
import JSON
public import Ledger
public import Policy
import Store

/// Whose spending the store limits, and how far.
public struct LimitedHolder: Sendable {
    public let scope: SpendingTerms.Scope
    /// In messages: a key's name, a virtual key's slug.
    public let name: String
    /// What stays when it is named otherwise.
    public let identity: String
    public let limits: SpendingLimits
    /// Of a virtual key: what of the price book is otherwise for it.
    public let adjustment: PriceAdjustment
}

/// A limit for whatever meets its conditions.
public struct LimitedPolicy: Sendable {
    public let name: String
    /// What stays when it is named otherwise.
    public let identity: String
    public let scope: PolicyScope
    /// One budget, or one limit of rate.
    public let limits: SpendingLimits
    /// The number of the workspace that it is for; negative for all.
    public let workspace: Int32
    /// What is wrong with it; nil for nothing.
    public let fault: String?
}

/// Policies, in the books' words: one that cannot be kept refuses what meets its conditions.
public struct KeptPolicies: Sendable {
    /// Nil where there are none.
    public let books: AccountBooks?
    public let policies: [SpendingPolicy]

    public init(books: AccountBooks?, policies: [SpendingPolicy]) {
        self.books = books
        self.policies = policies
    }

    /// Where nothing keeps them.
    public static func none(_ policies: [LimitedPolicy], _ fault: String = "nothing keeps its limits") -> KeptPolicies {
        KeptPolicies(books: nil, policies: policies.map { SpendingPolicy($0.name, $0.scope, workspace: $0.workspace, fault: $0.fault ?? fault) })
    }
}

/// What holders may spend, in the books' words.
public struct LimitedTerms: Sendable {
    /// Nil where there are none, and why is told with each holder.
    public let books: AccountBooks?
    /// In the order of the holders; what is wrong where there are none.
    public let terms: [Result<SpendingTerms?, LimitFault>]

    public init(books: AccountBooks?, terms: [Result<SpendingTerms?, LimitFault>]) {
        self.books = books
        self.terms = terms
    }
}

/// Why limits cannot be kept.
public struct LimitFault: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Limits as the store has them.
struct StoredLimits: Sendable {
    let limits: SpendingLimits
    /// What is wrong with them; nil for nothing.
    let fault: String?

    init(usage: String?, rates: String?) { (limits, fault) = SpendingLimits.read(usage: usage, rates: rates) }
}

extension LimitedPolicy {
    /// Nil for one that limits nothing.
    init?(_ policy: LimitPolicy, workspace: Int32) {
        guard policy.status == .active else { return nil }
        let (scope, scopeFault) = PolicyScope.read(conditions: policy.conditions, groups: policy.groups)
        let (limits, fault) = policy.subject == .usage
            ? SpendingLimits.read(usage: policy.terms ?? "", rates: nil) : SpendingLimits.read(usage: nil, rates: LimitedPolicy.rate(policy.terms ?? ""))
        if fault == nil, scopeFault == nil, limits.isEmpty { return nil }
        // What it is for is not known then: all of its workspace.
        self.init(
            name: policy.name, identity: policy.id, scope: scopeFault == nil ? scope : PolicyScope(), limits: limits, workspace: workspace,
            fault: scopeFault ?? fault)
    }

    /// Without what says that it is for models, as all are.
    private static func rate(_ text: String) -> String {
        guard let root = DocumentParser.parse(text).document?.root, case .object(let members) = root.value else { return text }
        return String(decoding: DocumentNode(.object(members.filter { $0.name != "target" }), at: root.position).json, as: UTF8.self)
    }
}
