import Bytes
import JSON

/// `usageMetadata`, read from a tape; `UsageScan` reads the same from bytes in passing.
///
/// - Source: ai.google.dev/api/generate-content#UsageMetadata
enum GeminiUsage {
    static func read(_ metadata: JSONValue) -> ReportedUsage {
        var usage = ReportedUsage()
        for (name, value) in metadata.members {
            guard let name = name.plain else { continue }
            switch MemberNames.slot(of: name, in: .geminiUsage) {
            case .count(let count): if let number = tokens(value) { usage.note(count, number) }
            case .array(let details):
                guard let count = details.audioCount else { continue }
                for detail in value.elements where detail.member("modality")?.is("AUDIO") == true {
                    if let number = detail.member("tokenCount").flatMap(tokens) { usage.note(count, number) }
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
