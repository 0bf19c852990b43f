import Bytes
public import JSON

extension RequestRecord {
    /// All that is known, as an object: what is not known is not there.
    public var document: DocumentNode {
        var members = Members()
        members.text("time", RecordTime.text(figures.wallNanoseconds))
        members.text("id", identifier.description)
        members.text("trace", trace)
        members.text("span", span)
        members.text("parent_span", parentSpan)
        members.text("span_name", spanName)
        members.text("organisation", organisation)
        members.text("workspace", workspace)
        members.text("key", keyName)
        members.text("key_id", key)
        members.text("certificate", certificate)
        members.text("virtual_key", virtualKey)
        members.text("user", user)
        let pairs = metadataPairs
        if !pairs.isEmpty { members.add("metadata", .object(pairs.map { DocumentMember(name: $0.key, position: .start, value: .made(.string($0.value))) })) }
        if figures.flags.contains(.metadataLeftOut) { members.flag("metadata_left_out") }
        members.text("peer", peer)
        members.text("agent", agent)
        members.text("sdk", sdk)
        members.text("gateway_version", gatewayVersion)
        members.text("endpoint", endpoint)
        members.text("method", method)
        members.text("path", path)
        members.text("config", config)
        if figures.configVersion > 0 { members.number("config_version", UInt64(figures.configVersion)) }
        members.text("config_digest", configDigest)
        members.text("prompt", prompt)
        members.text("prompt_id", promptID)
        if figures.promptVersion > 0 { members.number("prompt_version", UInt64(figures.promptVersion)) }
        members.text("mode", mode?.text.description ?? "")
        members.text("provider", provider)
        members.text("target", target)
        members.text("model", model)
        members.text("served", served)
        members.number("status", UInt64(figures.status))
        members.text("error", error)
        members.text("blame", blame.text.description)
        members.text("finish_reason", finishReason)
        addAttempts(to: &members)
        if !guardrails.isEmpty, let verdicts = DocumentParser.parse(guardrails).document?.root { members.add("guardrails", verdicts.value) }
        let counted = limits.split(separator: "\n")
        if !counted.isEmpty { members.add("limits", .array(counted.map { .made(.string(String($0))) })) }
        members.text("cache", figures.cache.text.description)
        members.add("stream", .boolean(figures.flags.contains(.stream)))
        if figures.flags.contains(.aborted) { members.flag("aborted") }
        if figures.flags.contains(.hedged) { members.flag("hedged") }
        if figures.flags.contains(.reported) { members.flag("reported") }
        if figures.flags.contains(.observation) { members.flag("observation") }
        members.text("kind", kind)
        addMoney(to: &members)
        addTimes(to: &members)
        members.number("bytes_in", figures.receivedByteCount)
        members.number("bytes_out", figures.sentByteCount)
        return .made(.object(members.list))
    }

    private func addAttempts(to members: inout Members) {
        members.number("attempts", UInt64(figures.attempts))
        let tries = tries
        if !tries.isEmpty { members.add("tries", .array(tries)) }
        // Of one attempt an earlier program's record says too little to list it.
        let leftOut = Int(figures.attempts) - tries.count
        if figures.attempts > 1, leftOut > 0 { members.number("tries_left_out", UInt64(leftOut)) }
    }

    private func addMoney(to members: inout Members) {
        if figures.flags.contains(.counted) {
            let usage = figures.usage
            members.number("tokens_in", UInt64(clamping: usage.inputTotal))
            members.number("tokens_out", UInt64(clamping: usage.outputTotal))
            let classes: [(String, Int64)] = [
                ("tokens_cached", usage.cachedRead), ("tokens_cache_write_5m", usage.cacheWrite5m), ("tokens_cache_write_1h", usage.cacheWrite1h),
                ("tokens_audio_in", usage.audioInput), ("tokens_audio_cached", usage.audioCached), ("tokens_image_in", usage.imageInput),
                ("tokens_image_cached", usage.imageCached), ("tokens_reasoning", usage.reasoning), ("tokens_audio_out", usage.audioOutput),
                ("tokens_image_out", usage.imageOutput),
            ]
            for (name, count) in classes where count > 0 { members.number(name, UInt64(count)) }
            if usage.webSearches > 0 { members.number("web_searches", UInt64(usage.webSearches)) }
        }
        if figures.cost >= 0 { members.add("cost_usd", .number(DocumentNumber(text: RecordMoney.dollars(figures.cost)))) }
        members.text("service_tier", serviceTier)
        members.text("price_book", priceBook)
        if figures.flags.contains(.estimated) { members.flag("estimated") }
        if figures.flags.contains(.unpriced) { members.flag("unpriced") }
        if figures.flags.contains(.searchesUnpriced) { members.flag("searches_unpriced") }
        if figures.hasLost {
            members.number("lost_tokens_in", UInt64(clamping: figures.lostInputTokens))
            members.number("lost_tokens_out", UInt64(clamping: figures.lostOutputTokens))
            if figures.lostCost >= 0 { members.add("lost_cost_usd", .number(DocumentNumber(text: RecordMoney.dollars(figures.lostCost)))) }
            if figures.flags.contains(.lostEstimated) { members.flag("lost_estimated") }
        }
        if figures.saved >= 0 { members.add("saved_usd", .number(DocumentNumber(text: RecordMoney.dollars(figures.saved)))) }
        if figures.savedInputTokens >= 0 { members.number("saved_tokens_in", UInt64(figures.savedInputTokens)) }
        if figures.savedOutputTokens >= 0 { members.number("saved_tokens_out", UInt64(figures.savedOutputTokens)) }
    }

    private func addTimes(to members: inout Members) {
        if figures.firstByteNanoseconds > 0 { members.number("first_byte_us", figures.firstByteNanoseconds / 1000) }
        if figures.firstTokenNanoseconds > 0 { members.number("first_token_us", figures.firstTokenNanoseconds / 1000) }
        if let nanoseconds = nanosecondsPerToken { members.number("token_us", nanoseconds / 1000) }
        members.number("gateway_us", figures.gatewayNanoseconds / 1000)
        if figures.queueNanoseconds > 0 { members.number("queue_us", figures.queueNanoseconds / 1000) }
        if figures.connectNanoseconds > 0 { members.number("connect_us", figures.connectNanoseconds / 1000) }
        members.number("total_us", figures.totalNanoseconds / 1000)
    }

    private struct Members {
        var list: [DocumentMember] = []

        mutating func add(_ name: String, _ value: DocumentNode.Value) {
            list.append(DocumentMember(name: name, position: .start, value: .made(value)))
        }

        /// Texts that are empty are not there.
        mutating func text(_ name: String, _ text: String) { if !text.isEmpty { add(name, .string(text)) } }
        mutating func number(_ name: String, _ number: UInt64) { add(name, .number(DocumentNumber(text: "\(number)"))) }
        mutating func flag(_ name: String) { add(name, .boolean(true)) }
    }
}

extension DocumentNode {
    fileprivate static func made(_ value: Value) -> DocumentNode { DocumentNode(value, at: .start) }
}

/// Dollars with all their digits and no more: `0`, `12`, `0.000325`.
public enum RecordMoney {
    public static func dollars(_ nanodollars: Int64) -> String {
        var text = "\(nanodollars.magnitude / 1_000_000_000)"
        let fraction = nanodollars.magnitude % 1_000_000_000
        if fraction > 0 {
            var digits = "\(fraction)"
            digits = String(repeating: "0", count: 9 - digits.utf8.count) + digits
            while digits.last == "0" { digits.removeLast() }
            text += "." + digits
        }
        return nanodollars < 0 ? "-" + text : text
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-24T09:30:00.123Z`.
public enum RecordTime {
    public static func text(_ wallNanoseconds: UInt64) -> String {
        let date = CivilDate(daysSince1970: SegmentName.day(wallNanoseconds))
        func digits(_ number: Int, _ count: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        return "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))T\(timeOfDay(wallNanoseconds))Z"
    }

    /// `09:30:00.123`
    public static func timeOfDay(_ wallNanoseconds: UInt64) -> String {
        func digits(_ number: UInt64, _ count: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let inDay = wallNanoseconds / 1_000_000 % 86_400_000
        return "\(digits(inDay / 3_600_000, 2)):\(digits(inDay / 60_000 % 60, 2)):\(digits(inDay / 1000 % 60, 2)).\(digits(inDay % 1000, 3))"
    }
}
