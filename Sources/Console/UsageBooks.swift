/// Where it is counted what objects have used: kept elsewhere than in the store, and given to the console.
public protocol UsageBooks: Sendable {
    /// Sets what an object has used in its current window to nothing.
    func reset(_ subject: UsageSubject, id: String)
}

/// What a budget is of.
public enum UsageSubject: String, Sendable, CaseIterable {
    case apiKey = "api_key"
    case virtualKey = "virtual_key"
    case workspace
}
