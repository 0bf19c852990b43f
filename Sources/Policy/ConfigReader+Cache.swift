import Bytes
import JSON

/// The key that says how answers are kept.
extension ConfigReader {
    /// - Source: the wire reference §3.1; `scope`, `tool_calls`, `single_flight`, the pace of replays and the stale windows are this gateway's own.
    mutating func cache(_ field: Field) -> CacheRule? {
        guard let fields = schema.fields(of: field, schema: ConfigSchema.cache) else { return nil }
        var rule = CacheRule(mode: .simple)
        if let found = fields["max_age"], let age = cacheAge(found) { rule.maxAgeSeconds = age }
        if let found = fields["stale_while_revalidate"], let age = cacheAge(found) { rule.staleWhileRevalidateSeconds = age }
        if let found = fields["stale_if_error"], let age = cacheAge(found) { rule.staleIfErrorSeconds = age }
        if let found = fields["single_flight"] { rule.joinsFlights = schema.boolean(found) ?? true }
        if let found = fields["tool_calls"] { rule.keepsToolCalls = schema.boolean(found) ?? false }
        if let found = fields["replay_events_per_second"], let rate = schema.integer(found, in: 0...PolicyLimits.cacheReplayEventsPerSecond) {
            rule.replayEventsPerSecond = UInt32(rate)
        }
        if let found = fields["scope"] { rule.isGlobal = schema.choice(found, of: ["tenant", "global"]) == "global" }
        guard let found = fields["mode"] else {
            schema.missing("mode", in: field)
            return nil
        }
        guard let word = schema.string(found) else { return nil }
        guard let mode = CacheRule.Mode(rawValue: word) else {
            let modes = CacheRule.Mode.allCases.map(\.rawValue).joined(separator: ", ")
            schema.report(
                "unknown cache mode \(quoted(word))", hint: "one of \(modes)", wireText: "Invalid 'cache.mode' value. Must be one of: \(modes)", at: found)
            return nil
        }
        rule.mode = mode
        if mode == .semantic, origin == .file {
            schema.report(
                "answers are found by exactly what was asked: \"semantic\" has the effect of \"simple\"", kind: .meaning, severity: .warning, at: found)
        }
        return rule
    }

    /// Seconds, as a number or as the text of one.
    private mutating func cacheAge(_ field: Field) -> UInt32? {
        let bounds = 0...PolicyLimits.cacheAgeSeconds
        guard case .string(let text) = field.node.value else { return schema.integer(field, in: bounds).map { UInt32($0) } }
        guard let age = Array(text.utf8).withByteSlice({ $0.trimmed.decimal }) else {
            schema.mismatch(field, wanted: "number", article: "a number of seconds")
            return nil
        }
        guard bounds.contains(age) else {
            schema.report("\(quoted(field.name)) must be a whole number from 0 to \(bounds.upperBound), not \(age)", at: field)
            return nil
        }
        return UInt32(age)
    }
}
