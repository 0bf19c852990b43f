/// The checks there are. A config names one `default.regexMatch`, or `regexMatch` in short.
/// - Source: the wire reference §7.3
public enum CheckName: String, CaseIterable, Sendable {
    case regexMatch, contains, sentenceCount, wordCount, characterCount, alluppercase, alllowercase, endsWith, jsonKeys, containsCode
    case notNull, modelWhitelist, modelRules, allowedRequestTypes, requiredMetadataKeys

    /// - Parameter id: with or without its `default.`; the reference's manifest has `modelwhitelist`.
    public init?(id: String) {
        let name = id.hasPrefix("default.") ? String(id.dropFirst(8)) : id
        self.init(rawValue: name == "modelwhitelist" ? "modelWhitelist" : name)
    }

    public var id: String { "default.\(rawValue)" }

    /// Whether it looks at what the request or the answer says, and not only at who asks for what.
    public var needsText: Bool {
        switch self {
        case .modelWhitelist, .modelRules, .allowedRequestTypes, .requiredMetadataKeys: false
        default: true
        }
    }

    /// How often it reads a text, at worst, what it compares left aside.
    var lookCount: Int {
        switch self {
        case .jsonKeys: GuardrailLimits.jsonReadings
        default: needsText ? 1 : 0
        }
    }

    /// Whether it can be decided of a request whose body is not read.
    public var needsBody: Bool { self != .allowedRequestTypes && self != .requiredMetadataKeys }

    /// Parameters beside `failOnError`, which all have.
    public var parameters: [String] {
        switch self {
        case .regexMatch: ["rule", "not"]
        case .contains: ["words", "operator"]
        case .sentenceCount: ["minSentences", "maxSentences", "not"]
        case .wordCount: ["minWords", "maxWords", "not"]
        case .characterCount: ["minCharacters", "maxCharacters", "not"]
        case .alluppercase, .alllowercase, .notNull: ["not"]
        case .endsWith: ["suffix", "not"]
        case .jsonKeys: ["keys", "operator"]
        case .containsCode: ["format", "not"]
        case .modelWhitelist: ["models", "not"]
        case .modelRules: ["rules", "not"]
        case .allowedRequestTypes: ["allowedTypes", "blockedTypes"]
        case .requiredMetadataKeys: ["metadataKeys", "operator"]
        }
    }

    /// Checks of the reference's that ask somebody else, or that are not built: named so that nobody takes them for misspelt.
    public static let unbuilt: Set<String> = [
        "webhook", "log", "validUrls", "jwt", "jsonSchema", "regexReplace", "addPrefix",
    ]

    /// Services of which the reference has checks.
    public static let services: Set<String> = [
        "portkey", "aporia", "acuvity", "azure", "bedrock", "crowdstrike-aidr", "exa", "f5-guardrails", "javelin", "lasso", "mistral", "pangea",
        "panw-prisma-airs", "patronus", "pillar", "promptfoo", "promptsecurity", "qualifire", "sydelabs", "walledai",
    ]
}
