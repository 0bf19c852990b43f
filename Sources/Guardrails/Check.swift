public import Patterns

/// One check, compiled: what it looks for, and what of it its result repeats.
public struct Check: Sendable {
    public enum Rule: Sendable {
        case regexMatch(Pattern)
        case contains(WordSet, NameList, Quantifier)
        case sentenceCount(ClosedRange<Int64>)
        case wordCount(ClosedRange<Int64>)
        /// In UTF-16 code units, as JavaScript counts.
        case characterCount(ClosedRange<Int64>)
        case alluppercase
        case alllowercase
        case endsWith([UInt8])
        case jsonKeys(NameList, Quantifier)
        case containsCode(CodeFormat)
        case notNull
        case modelWhitelist(NameList)
        case modelRules(ModelRules)
        case allowedRequestTypes(allowed: [RequestType], blocked: [RequestType])
        case requiredMetadataKeys(NameList, Quantifier)
    }

    public let name: CheckName
    let rule: Rule
    /// The parameter `not`.
    let isInverted: Bool
    /// Whether a check that could not look counts as failed.
    let failsOnError: Bool
    /// Members of its result's `data` that no request changes, each followed by a comma.
    let fixedData: [UInt8]

    public init(_ name: CheckName, _ rule: Rule, isInverted: Bool, failsOnError: Bool, fixedData: [UInt8]) {
        self.name = name
        self.rule = rule
        self.isInverted = isInverted
        self.failsOnError = failsOnError
        self.fixedData = fixedData
    }

    /// How often it reads a text, at worst: the names in its objects are compared with each key.
    var lookCount: Int {
        if case .jsonKeys(let keys, _) = rule { return name.lookCount + keys.count }
        return name.lookCount
    }
}
