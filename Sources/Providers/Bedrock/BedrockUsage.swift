import Bytes
import JSON

/// Converse's `usage`, read from a tape; `UsageScan` reads the same from bytes in passing.
///
/// `inputTokens` leaves the cache out, as Anthropic's does.
/// - Source: Amazon Bedrock API Reference, "TokenUsage", "CacheDetail"
enum BedrockUsage {
    static func read(_ counts: JSONValue) -> ReportedUsage {
        var usage = ReportedUsage()
        for (name, value) in counts.members {
            guard let name = name.plain else { continue }
            switch MemberNames.slot(of: name, in: .bedrockUsage) {
            case .count(let count): if let number = tokens(value) { usage.note(count, number) }
            case .array:
                for detail in value.elements {
                    guard let number = detail.member("inputTokens").flatMap(tokens) else { continue }
                    if detail.member("ttl")?.is("1h") == true { usage.note(.cacheWrite1h, number) }
                    if detail.member("ttl")?.is("5m") == true { usage.note(.cacheWrite5m, number) }
                }
            default: continue
            }
        }
        return usage
    }

    private static func tokens(_ value: JSONValue) -> Int64? {
        guard let number = value.integer, number >= 0, number <= Limits.tokenCount else { return nil }
        return number
    }
}
