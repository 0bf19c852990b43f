import Books
import GRDB

/// What the requests of one minute are told apart by in its sums.
struct RollupKey: Hashable {
    /// Since 1970.
    let minute: Int64
    let workspace: String
    let key: String
    let virtualKey: String
    let config: String
    let provider: String
    let model: String
    let status: UInt16
    let cache: UInt8

    init(_ row: DayRow, _ record: RequestRecord) {
        minute = row.at / 60_000
        workspace = record.workspace
        key = record.key
        virtualKey = record.virtualKey
        config = record.config
        provider = record.provider
        model = record.model
        status = record.figures.status
        cache = record.figures.cache.rawValue
    }

    var arguments: StatementArguments { [minute, workspace, key, virtualKey, config, provider, model, Int64(status), Int64(cache)] }
}

/// What they come to.
struct RollupSums {
    private var requests: Int64 = 0
    private var retried: Int64 = 0
    private var fallbacks: Int64 = 0
    private var tokensIn: Int64 = 0
    private var tokensOut: Int64 = 0
    private var cost: Int64 = 0
    private var saved: Int64 = 0
    private var totalMicroseconds: Int64 = 0

    mutating func add(_ row: DayRow, _ record: RequestRecord) {
        requests.add(1)
        retried.add(row.retries > 0 ? 1 : 0)
        fallbacks.add(row.isFallback ? 1 : 0)
        tokensIn.add(row.tokensIn)
        tokensOut.add(row.tokensOut)
        cost.add(row.cost, most: AnalyticsLimits.largestCost)
        saved.add(row.saved, most: AnalyticsLimits.largestCost)
        totalMicroseconds.add(row.totalMicroseconds)
    }

    var arguments: StatementArguments { [requests, retried, fallbacks, tokensIn, tokensOut, cost, saved, totalMicroseconds] }

    static let addition = """
        INSERT INTO rollups (minute, workspace, key, virtual_key, config, provider, model, status, cache, requests, retried, fallbacks, tokens_in, tokens_out,
            cost, saved, total_us)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (minute, workspace, key, virtual_key, config, provider, model, status, cache) DO UPDATE SET requests = requests + excluded.requests,
            retried = retried + excluded.retried, fallbacks = fallbacks + excluded.fallbacks, tokens_in = tokens_in + excluded.tokens_in,
            tokens_out = tokens_out + excluded.tokens_out, cost = cost + excluded.cost, saved = saved + excluded.saved, total_us = total_us + excluded.total_us
        """
}
