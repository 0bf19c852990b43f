import JSON
import Policy

/// What a policy is for: conditions of requests, and what its counts are kept by.
enum ConditionShapes {
    private static let keys = ["api_key", "virtual_key", "provider", "config", "model"]
    private static let groupKeys = keys + ["workspace_id"]
    private static let metadata = "metadata."

    private static let condition = BodyShape([
        BodyField("key", .text(atMost: ConsoleLimits.entryByteCount), required: true, "\(keys.joined(separator: ", ")), or metadata.NAME"),
        BodyField(
            "value", .textOrList(atMost: ConsoleLimits.entryCount), required: true, "a value, or several of which one has to match; `*` stands for anything"),
        BodyField("excludes", .flag, "whether it is for requests that do not match"),
    ]) { keyFaults($0, among: keys) + ($0.texts("value").isEmpty ? [BodyFault("value", "has no entry")] : []) }

    private static let group = BodyShape([
        BodyField("key", .text(atMost: ConsoleLimits.entryByteCount), required: true, "\(groupKeys.joined(separator: ", ")), or metadata.NAME")
    ]) { keyFaults($0, among: groupKeys) }

    static let members = [
        BodyField(
            "conditions", .list(of: .object(condition), atMost: ConsoleLimits.conditionCount), required: true, "all have to hold; none for every request"),
        BodyField(
            "group_by", .list(of: .object(group), atMost: ConsoleLimits.groupCount), required: true, "each combination is counted by itself; none for all"),
    ]

    private static func keyFaults(_ body: Body, among keys: [String]) -> [BodyFault] {
        guard let key = body.text("key"), !keys.contains(key) else { return [] }
        if key.hasPrefix(metadata), key.utf8.count > metadata.utf8.count { return [] }
        let hint = NearestName.find(key, among: keys).map { "; did you mean \(quoted($0))?" } ?? ""
        return [BodyFault("key", "must be one of \(keys.joined(separator: ", ")) or metadata.NAME, not \(quoted(key))\(hint)")]
    }
}
