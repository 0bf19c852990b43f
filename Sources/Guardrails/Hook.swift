import JSON

/// On which side of the provider a hook's checks are made.
public enum HookSide: Sendable {
    case input, output
}

/// Checks that are made together, and what is done when one of them fails.
public struct Hook: Sendable {
    /// What is told of a hook to whoever collects opinions of requests.
    public struct Feedback: Sendable {
        /// `{"value":…,"weight":…,"metadata":{…`, to which the ids of the checks are added.
        let opening: [UInt8]

        /// - Parameter metadata: a JSON object's members, without its braces.
        public init(value: [UInt8], weight: [UInt8], metadata: [UInt8]) {
            opening = Array("{\"value\":".utf8) + value + Array(",\"weight\":".utf8) + weight + Array(",\"metadata\":{".utf8)
                + metadata + (metadata.isEmpty ? [] : [UInt8(ascii: ",")])
        }
    }

    let quotedID: [UInt8]
    public let checks: [Check]
    /// Whether its failure refuses the request.
    public let denies: Bool
    let onSuccess: Feedback?
    let onFailure: Feedback?

    public init(id: String, checks: [Check], denies: Bool, onSuccess: Feedback? = nil, onFailure: Feedback? = nil) {
        var quotedID: [UInt8] = []
        DocumentNode.write(id, into: &quotedID)
        self.quotedID = quotedID
        self.checks = checks
        self.denies = denies
        self.onSuccess = onSuccess
        self.onFailure = onFailure
    }
}

/// The hooks of one target and one side.
public final class HookSet: Sendable {
    public let hooks: [Hook]
    /// Whether one of them can refuse.
    public let canDeny: Bool
    /// How often a text is looked at: by each check that does, once as a rule.
    private let lookCount: Int
    /// Whether one that can refuse cannot be judged without the body.
    public let denialNeedsBody: Bool
    /// Whether one that can refuse looks at a text.
    public let denialNeedsText: Bool

    public init(_ hooks: [Hook]) {
        self.hooks = hooks
        canDeny = hooks.contains { $0.denies }
        lookCount = hooks.reduce(0) { $0 + $1.checks.reduce(0) { $0 + $1.lookCount } }
        denialNeedsBody = hooks.contains { $0.denies && $0.checks.contains { $0.name.needsBody } }
        denialNeedsText = hooks.contains { $0.denies && $0.checks.contains { $0.name.needsText } }
    }

    /// Whether some check looks at a text.
    public var needsText: Bool { lookCount > 0 }

    /// What the checks look at in `textCount` texts of `byteCount` bytes together, to be held against `GuardrailLimits.lookedAtByteCount`.
    public func lookedAtByteCount(in byteCount: Int, of textCount: Int) -> Int {
        guard needsText else { return 0 }
        let (charge, isCharged) = textCount.multipliedReportingOverflow(by: GuardrailLimits.textCostByteCount)
        let (sum, isAdded) = byteCount.addingReportingOverflow(charge)
        let (product, isMultiplied) = sum.multipliedReportingOverflow(by: lookCount)
        return isCharged || isAdded || isMultiplied ? .max : product
    }
}

/// What a set of hooks came to.
public struct HookOutcome: Equatable, Sendable {
    /// Hooks that were run.
    public var count = 0
    /// Some hook failed.
    public var hasFailed = false
    /// One that refuses did.
    public var isDenied = false

    public init() {}
}
