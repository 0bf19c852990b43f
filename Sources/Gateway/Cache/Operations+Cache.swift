import Bytes
import Cache

/// Which kept answers an operator wants dropped.
struct CachePurgeQuery: Sendable {
    var key: CacheKey?
    var tenant: String?
    var namespace: String?
    var model: String?

    /// Reads what follows the `?` of a request's target: `key`, or any of `tenant`, `namespace` and `model`; `all` for everything.
    ///
    /// Nothing at all is refused: it is more often a slip than a wish.
    init(query target: String) throws(Rejection) {
        var isAny = false
        let query = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first ?? ""
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let value = CachePurgeQuery.decoded(parts.count > 1 ? parts[1] : "") else {
                throw Rejection(.invalidHeader, "the query is not percent-encoded as it should be")
            }
            switch parts[0] {
            case "all": break
            case "tenant": tenant = value
            case "namespace": namespace = value
            case "model": model = value
            case "key":
                guard let read = CacheKey(hexadecimal: value) else { throw Rejection(.invalidHeader, "a key has 32 hexadecimal digits, as x-sluice-cache-key has them") }
                key = read
            default: throw Rejection(.invalidHeader, "entries are selected by key, tenant, namespace or model, or all; not by \"\(parts[0])\"")
            }
            isAny = true
        }
        guard isAny else { throw Rejection(.invalidHeader, "say what to drop: ?key=, ?tenant=, ?namespace=, ?model= or ?all") }
        guard key == nil || (tenant == nil && namespace == nil && model == nil) else {
            throw Rejection(.invalidHeader, "a key selects one entry: no other part goes with it")
        }
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let high = ASCII.hexValue(rest[rest.startIndex]), let low = ASCII.hexValue(rest[rest.startIndex + 1]) else { return nil }
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension CacheKey {
    /// Reads 32 hexadecimal digits, the high half first.
    init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 32 else { return nil }
        var words: (high: UInt64, low: UInt64) = (0, 0)
        for (index, digit) in digits.enumerated() {
            guard let value = ASCII.hexValue(digit) else { return nil }
            if index < 16 { words.high = words.high << 4 | UInt64(value) } else { words.low = words.low << 4 | UInt64(value) }
        }
        self.init(low: words.low, high: words.high)
    }
}

/// What operators ask of the cache.
extension Operations {
    /// Drops what `query` selects. A walk of the table, while workers go on.
    func purge(_ query: CachePurgeQuery, _ cache: CacheParticipant?) -> Answer {
        guard let shared = sharedCache, let cache else { return Operations.noCache }
        shared.beginPurge()
        cache.unpark()
        defer { cache.park() }
        let purged: (entries: Int, bytes: Int?)
        if let key = query.key {
            // In all its forms: one would be made from another again.
            purged = (AnswerForm.allCases.count { cache.remove(key.inForm($0.rawValue)) }, nil)
        } else {
            func tag(_ name: String?) -> UInt64? { name.map { Array($0.utf8).withByteSlice { shared.seed.tag($0) } } }
            let dropped = cache.purge(CacheSelection(tenant: tag(query.tenant), namespace: tag(query.namespace), model: tag(query.model)))
            purged = (dropped.entryCount, dropped.byteCount)
        }
        let bytes = purged.bytes.map { ",\"bytes\":\($0)" } ?? ""
        return Answer(status: 200, contentType: "application/json", content: Array("{\"status\":\"purged\",\"entries\":\(purged.entries)\(bytes)}".utf8))
    }

    private static var noCache: Answer {
        Answer(status: 404, contentType: "application/json", content: Array("{\"status\":\"failure\",\"message\":\"there is no cache: limits.cache is off\"}".utf8))
    }

    func cacheStatistics() -> Answer {
        guard let shared = sharedCache else { return Operations.noCache }
        let now = shared.answers.statistics()
        let sums = shared.figures
        let rows: [(String, UInt64)] = [
            ("entries", UInt64(now.entryCount)), ("bytes", UInt64(now.byteCount)), ("capacity_bytes", UInt64(now.byteCapacity)),
            ("hits", sums.hits), ("misses", sums.misses), ("refreshes", sums.refreshes), ("followed", sums.followed), ("stored", now.insertions),
            ("replaced", now.replacements), ("evicted", now.evictions), ("expired", now.expirations), ("purged", now.purges), ("refused", now.refusals),
            ("mean_evicted_age_ms", now.evictions == 0 ? 0 : now.evictedAgeNanoseconds / now.evictions / 1_000_000),
            ("saved_tokens_in", sums.savedInputTokens), ("saved_tokens_out", sums.savedOutputTokens),
            ("saved_nanodollars", sums.savedNanodollars),
        ]
        let ages = zip(CacheStatistics.ageEdgesSeconds.map { "\"under_\($0)_s\"" } + ["\"older\""], now.hitAges).map { "\($0):\($1)" }
        let text = rows.map { "\"\($0)\":\($1)" } + ["\"hit_ages\":{\(ages.joined(separator: ","))}"]
        return Answer(status: 200, contentType: "application/json", content: Array("{\(text.joined(separator: ","))}".utf8))
    }

    /// In the text format of Prometheus.
    func cacheMetrics() -> String {
        guard let shared = sharedCache else { return "" }
        let now = shared.answers.statistics()
        let sums = shared.figures
        var text = ""
        func metric(_ name: String, _ kind: String, _ help: String, _ value: UInt64) {
            text += "# HELP sluice_cache_\(name) \(help)\n# TYPE sluice_cache_\(name) \(kind)\nsluice_cache_\(name) \(value)\n"
        }
        metric("entries", "gauge", "Answers kept.", UInt64(now.entryCount))
        metric("bytes", "gauge", "Bytes of answers kept, with what each takes besides.", UInt64(now.byteCount))
        metric("capacity_bytes", "gauge", "Bytes that may be kept.", UInt64(now.byteCapacity))
        metric("hits_total", "counter", "Requests answered from the cache, or with another request's answer.", sums.hits)
        metric("misses_total", "counter", "Requests whose answer was looked for and fetched.", sums.misses)
        metric("refreshes_total", "counter", "Requests whose answer was fetched because they said so.", sums.refreshes)
        metric("followed_total", "counter", "Requests that waited for another request's answer.", sums.followed)
        metric("stored_total", "counter", "Answers stored.", now.insertions)
        metric("evictions_total", "counter", "Answers dropped to make room.", now.evictions)
        metric("expirations_total", "counter", "Answers dropped for their age.", now.expirations)
        metric("purges_total", "counter", "Answers dropped because an operator asked.", now.purges)
        metric("refusals_total", "counter", "Answers not stored: too large, or no room.", now.refusals)
        text += "# HELP sluice_cache_evicted_age_seconds_total Ages of evicted answers, summed.\n# TYPE sluice_cache_evicted_age_seconds_total counter\n"
        text += "sluice_cache_evicted_age_seconds_total \(Double(now.evictedAgeNanoseconds) / 1e9)\n"
        text += "# HELP sluice_cache_saved_tokens_total Tokens that were not paid for.\n# TYPE sluice_cache_saved_tokens_total counter\n"
        text += "sluice_cache_saved_tokens_total{direction=\"input\"} \(sums.savedInputTokens)\n"
        text += "sluice_cache_saved_tokens_total{direction=\"output\"} \(sums.savedOutputTokens)\n"
        text += "# HELP sluice_cache_saved_dollars_total What they would have cost, where their models have a price.\n"
        text += "# TYPE sluice_cache_saved_dollars_total counter\nsluice_cache_saved_dollars_total \(Double(sums.savedNanodollars) / 1e9)\n"
        text += "# HELP sluice_cache_hit_age_seconds Ages of answers found.\n# TYPE sluice_cache_hit_age_seconds histogram\n"
        var sum: UInt64 = 0
        for (index, count) in now.hitAges.enumerated() {
            sum += count
            let edge = index < CacheStatistics.ageEdgesSeconds.count ? "\(CacheStatistics.ageEdgesSeconds[index])" : "+Inf"
            text += "sluice_cache_hit_age_seconds_bucket{le=\"\(edge)\"} \(sum)\n"
        }
        return text + "sluice_cache_hit_age_seconds_count \(sum)\n"
    }
}
