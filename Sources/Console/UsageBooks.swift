public import Policy

/// Where it is counted what objects have used: kept elsewhere than in the store, and given to the console.
public protocol UsageBooks: Sendable {
    /// How an object's budgets stand, in their order; empty where nobody can tell.
    ///
    /// - Parameters:
    ///   - id: what tells it from every other: its id, or its name in the file.
    ///   - now: wall-clock milliseconds since 1970.
    func readings(_ subject: UsageSubject, id: String, _ budgets: [SpendingLimits.Usage], now: Int64) -> [UsageReading]

    /// Sets what an object has used in its budgets' windows to nothing. What is reserved for requests under way stays reserved.
    func reset(_ subject: UsageSubject, id: String, _ budgets: [SpendingLimits.Usage], now: Int64) throws(UsageFault)

    /// The accounts of a policy, by their values.
    ///
    /// - Parameters:
    ///   - id: the policy's id, or its name in the file.
    ///   - limits: one budget, or one limit of rate.
    func accounts(ofPolicy id: String, _ scope: PolicyScope, _ limits: SpendingLimits, now: Int64) throws(UsageFault) -> [PolicyAccount]

    /// Sets what one account of a policy has used to nothing; false where there is none of that id.
    func reset(account: String, ofPolicy id: String, _ scope: PolicyScope, _ limits: SpendingLimits, now: Int64) throws(UsageFault) -> Bool

    /// A policy is no more, and what its accounts have spent is forgotten.
    func forget(policy id: String, _ scope: PolicyScope, _ limits: SpendingLimits) throws(UsageFault)

    /// A gateway key was used, for the console.
    func noteUse(key: String, at now: Int64)
}

/// What a budget is of.
public enum UsageSubject: String, Sendable, CaseIterable {
    case apiKey = "api_key"
    case virtualKey = "virtual_key"
    case workspace
    /// What one workspace does with an integration.
    case integration
    case policy
}

/// What one combination of values has used of a policy.
public struct PolicyAccount: Sendable, Equatable {
    public let id: String
    /// In the order of what the policy is grouped by; nil for what requests do not have. Empty for a policy without groups.
    public let values: [String?]
    public let reading: UsageReading

    public init(id: String, values: [String?], reading: UsageReading) {
        self.id = id
        self.values = values
        self.reading = reading
    }
}

/// How a budget stands in its window.
public struct UsageReading: Sendable, Equatable {
    /// In nano-dollars, tokens or requests.
    public let spent: Int64
    /// Whether requests are refused for want of room.
    public let isExhausted: Bool
    /// When it begins anew, in seconds since 1970; nil for never.
    public let resetsAt: Int64?

    public init(spent: Int64, isExhausted: Bool, resetsAt: Int64?) {
        self.spent = spent
        self.isExhausted = isExhausted
        self.resetsAt = resetsAt
    }
}

/// Why usage could not be set to nothing.
public struct UsageFault: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
