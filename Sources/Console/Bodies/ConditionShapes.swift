import JSON
import Policy

/// What a policy is for: conditions of requests, and what its counts are kept by.
enum ConditionShapes {
    private static let keys = PolicyScope.Attribute.names.joined(separator: ", ")

    private static let condition = BodyShape([
        BodyField("key", .text(atMost: ConsoleLimits.entryByteCount), required: true, "\(keys), or metadata.NAME"),
        BodyField(
            "value", .textOrList(atMost: ConsoleLimits.entryCount), required: true, "a value, or several of which one has to match; `*` stands for anything"),
        BodyField("excludes", .flag, "whether it is for requests that do not match"),
    ]) { keyFaults($0) + valueFaults($0) }

    private static let group = BodyShape([BodyField("key", .text(atMost: ConsoleLimits.entryByteCount), required: true, "\(keys), or metadata.NAME")]) {
        keyFaults($0)
    }

    static let members = [
        BodyField(
            "conditions", .list(of: .object(condition), atMost: PolicyLimits.policyConditionCount), required: true,
            "all have to hold; none for every request"),
        BodyField(
            "group_by", .list(of: .object(group), atMost: PolicyLimits.policyGroupCount), required: true,
            "each combination is counted by itself; none for all"),
    ]

    /// What a policy may not be grouped by twice.
    static func faults(of body: Body) -> [BodyFault] {
        let groups = body.bodies("group_by").compactMap { $0.text("key") }
        return Set(groups).count < groups.count ? [BodyFault("group_by", "has one key twice; keep one")] : []
    }

    private static func valueFaults(_ body: Body) -> [BodyFault] {
        let values = body.texts("value")
        if values.isEmpty { return [BodyFault("value", "has no entry")] }
        let isEndpoint = body.text("key") == PolicyScope.Attribute.endpoint.name
        guard isEndpoint, let unknown = values.first(where: { !$0.contains("*") && !PolicyScope.endpointTypes.contains($0) }) else { return [] }
        return [BodyFault("value", "must be one of \(PolicyScope.endpointTypes.joined(separator: ", ")), not \(quoted(unknown))")]
    }

    private static func keyFaults(_ body: Body) -> [BodyFault] {
        guard let key = body.text("key"), PolicyScope.Attribute(key) == nil else { return [] }
        let hint = NearestName.find(key, among: PolicyScope.Attribute.names).map { "; did you mean \(quoted($0))?" } ?? ""
        return [BodyFault("key", "must be one of \(keys) or metadata.NAME, not \(quoted(key))\(hint)")]
    }
}
