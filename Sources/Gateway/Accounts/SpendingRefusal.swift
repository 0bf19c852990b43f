import Bytes
import HTTP
import Ledger
import Providers

extension BudgetUnit {
    /// Its name in messages.
    var word: String {
        switch self {
        case .cost: "cost"
        case .tokens: "token"
        case .requests: "request"
        }
    }

    /// What its amounts are of, in metrics and alerts.
    var plural: String {
        switch self {
        case .cost: "dollars"
        case .tokens: "tokens"
        case .requests: "requests"
        }
    }

    func text(_ amount: Int64) -> String {
        switch self {
        case .cost: Nanodollars(amount).description
        case .tokens: "\(amount) tokens"
        case .requests: "\(amount) requests"
        }
    }
}

extension Rejection {
    /// A budget has no room: which, whose, how much is left, and when it begins anew.
    ///
    /// - Parameter title: whose: `key "search-team"`.
    init(_ refusal: BudgetRefusal, of title: String, _ charge: BudgetCharge) {
        let unit = charge.rule.unit
        var text = "Usage Limit Exceeded: of the \(unit.word) budget of \(title), "
        text += "\(unit.text(refusal.cap)), \(unit.text(max(0, refusal.left))) are left, and this request may take \(unit.text(charge.amount)); "
        text += refusal.resetsAt.map { "it begins anew at \(Rejection.time($0))" } ?? "it does not begin anew by itself"
        self.init(.budgetExceeded, text)
    }

    /// A limit is in the way: which, whose, and when it no longer is.
    init(_ refusal: RateRefusal, of title: String, _ rate: SpendingTerms.Rate) {
        let unit = rate.unit == .tokens ? "tokens" : "requests"
        let span: String =
            switch rate.limit {
            case .rate(_, let period): "a \(period)"
            case .concurrency: "at once"
            }
        var text = "rate limit exceeded: \(title) has \(refusal.reading.limit) \(unit) \(span)"
        if let wait = refusal.retryMilliseconds { text += "; try again in \(Rejection.seconds(wait)) s" }
        self.init(.rateLimited, text)
        self.rate = RateState(reading: refusal.reading, retryMilliseconds: refusal.retryMilliseconds, countsTokens: rate.unit == .tokens)
    }

    /// More policies than the ledger has room for meet one request.
    static var tooManyPolicies: Rejection {
        let most = AccountLimits.policiesOfRequest
        return Rejection(
            .overloaded, "more budgets or limits are for this request than can be kept of one: \(most) policies of each may meet it; narrow their conditions")
    }

    /// How a limit stands, for the fields of a 429.
    struct RateState {
        let reading: RateReading
        let retryMilliseconds: UInt64?
        let countsTokens: Bool

        /// `retry-after` in whole seconds, not a moment too early; `retry-after-ms` and `x-ratelimit-*` as OpenAI has them.
        func writeFields(to head: inout ByteWriter) {
            let wait = retryMilliseconds ?? 1000
            head.append(field: "retry-after", decimal: max(1, (wait &+ 999) / 1000))
            head.append(field: "retry-after-ms", decimal: max(1, wait))
            write(countsTokens ? "x-ratelimit-limit-tokens" : "x-ratelimit-limit-requests", reading.limit, to: &head)
            write(countsTokens ? "x-ratelimit-remaining-tokens" : "x-ratelimit-remaining-requests", reading.remaining, to: &head)
            head.append(countsTokens ? "x-ratelimit-reset-tokens: " : "x-ratelimit-reset-requests: ")
            head.append(decimal: reading.resetMilliseconds)
            head.append("ms\r\n")
        }

        private func write(_ name: StaticString, _ value: Int64, to head: inout ByteWriter) {
            head.append(field: name, decimal: UInt64(clamping: value))
        }
    }

    /// Milliseconds as seconds, `0.25`.
    private static func seconds(_ milliseconds: UInt64) -> String {
        var fraction = String(milliseconds % 1000)
        while fraction.utf8.count < 3 { fraction = "0" + fraction }
        return "\(milliseconds / 1000).\(fraction)"
    }

    /// `2026-12-01T00:00:00Z`: windows begin at midnight.
    private static func time(_ secondsSince1970: Int64) -> String {
        let date = CivilDate(daysSince1970: Int(secondsSince1970 / 86_400))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day))T00:00:00Z"
    }
}
