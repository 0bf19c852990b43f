import Policy
import Testing

@testable import Configuration

@Suite("What may be spent")
struct SpendingTests {
    private func key(_ lines: String) -> (SpendingLimits?, [String]) {
        let text = "version: 1\nkeys:\n  team:\n    digest: sha256:\(String(repeating: "ab", count: 32))\n\(lines)"
        let (configuration, diagnostics) = ConfigurationReader.read(Array(text.utf8), builtIn: [])
        return (configuration?.keys.first?.limits, diagnostics.map(\.message))
    }

    @Test("budgets and limits are read in Portkey's shape, one or several")
    func read() throws {
        let (limits, faults) = key(
            """
                usage_limits:
                  - {type: cost, credit_limit: 12.5, periodic_reset: weekly, alert_threshold: 10, alert_thresholds: [5, 12.499999999]}
                  - {type: tokens, credit_limit: 1000, periodic_reset_days: 10, next_usage_reset_at: "2026-12-01T00:00:00Z"}
                  - {type: requests, credit_limit: 0, periodic_reset: null}
                rate_limits: {type: tokens, unit: rpm, value: 7}
            """)
        #expect(faults.isEmpty)
        let read = try #require(limits)
        #expect(read.usage.map(\.unit) == [.cost, .tokens, .requests])
        #expect(read.usage.map(\.limit) == [12_500_000_000, 1000, 0])
        #expect(read.usage[0].thresholds == [10_000_000_000, 5_000_000_000, 12_499_999_999])
        #expect(read.usage.map(\.period) == [.weekly, .days(10, from: 20_788), .once])
        #expect(read.rates.map(\.count) == [7] && read.rates.map(\.unit) == [.tokens] && read.rates.map(\.span) == [.minute])
    }

    @Test("a temporary credit is read with its end, in any zone, to the second")
    func credit() {
        let (limits, faults) = key(
            """
                usage_limits:
                  - {credit_limit: 1, temporary_credit: {amount: 0.5, until: "2027-01-01"}}
                  - {type: requests, credit_limit: 1, temporary_credit: {amount: 7, until: "2027-01-01T01:00:00.999+01:00"}}
                  - {type: tokens, credit_limit: 1, temporary_credit: null}
                  - {type: tokens, credit_limit: 1, temporary_credit: {amount: \(PolicyLimits.spendingAmount - 1), until: "2027-01-01"}}
            """)
        #expect(faults.isEmpty, "\(faults)")
        #expect(limits?.usage.map { $0.raise?.amount } == [500_000_000, 7, nil, PolicyLimits.spendingAmount - 1])
        #expect(limits?.usage.map { $0.raise?.until } == [1_798_761_600, 1_798_761_600, nil, 1_798_761_600])
    }

    @Test("a rate limit of 0 is none, as Portkey has it")
    func off() {
        let (limits, faults) = key("    rate_limits: [{type: requests, unit: rps, value: 0}]\n")
        #expect(faults.isEmpty && limits?.isEmpty == true)
    }

    @Test(
        "what cannot be meant is told",
        arguments: [
            ("usage_limits: 5", "must be a list"), ("usage_limits: {type: cost}", "credit_limit"), ("usage_limits: {credit_limit: -1}", "must be from 0"),
            ("usage_limits: {credit_limit: 1e30}", "must be from 0"), ("usage_limits: {credit_limit: 1, type: euro}", "must be one of"),
            ("usage_limits: {credit_limit: 1, alert_threshold: 1}", "less than credit_limit"),
            ("usage_limits: {credit_limit: 1, alert_thresholds: [0.1, 0.2, 0.3, 0.4, 0.5]}", "up to 4 alert thresholds"),
            ("usage_limits: {credit_limit: 1, periodic_reset: yearly}", "must be one of"),
            ("usage_limits: {credit_limit: 1, periodic_reset_days: 0}", "whole number"), ("usage_limits: {credit_limit: 1, periodic_reset_days: 367}", "whole number"),
            ("usage_limits: {credit_limit: 1, periodic_reset: daily, periodic_reset_days: 3}", "not given together"),
            ("usage_limits: {credit_limit: 1, periodic_reset_days: 3, next_usage_reset_at: soon}", "is no date"),
            ("usage_limits: {credit_limit: 1, periodic_reset_days: 3, next_usage_reset_at: \"2026-02-30\"}", "is no date"),
            ("usage_limits: [{credit_limit: 1}, {credit_limit: 1}, {credit_limit: 1}, {credit_limit: 1}, {credit_limit: 1}]", "up to 4 are possible"),
            ("usage_limits: {credit_limit: 1, temporary_credit: {amount: 1}}", "until"), ("usage_limits: {credit_limit: 1, temporary_credit: {until: \"2027-01-01\"}}", "amount"),
            ("usage_limits: {credit_limit: 1, temporary_credit: {amount: 0, until: \"2027-01-01\"}}", "more than 0"),
            ("usage_limits: {credit_limit: 18014398, temporary_credit: {amount: 1, until: \"2027-01-01\"}}", "no more than a budget can have"),
            ("usage_limits: {credit_limit: 1, temporary_credit: {amount: 1, until: soon}}", "is no date"), ("usage_limits: {credit_limit: 1, temporary_credit: 5}", "mapping"),
            ("usage_limits: {credit_limit: 1, temporary_credit: {amount: 1, til: x}}", "unknown key"), ("usage_limits: {credit_limit: 1, colour: red}", "unknown key"), ("rate_limits: {value: 1}", "unit"), ("rate_limits: {unit: rpm}", "value"),
            ("rate_limits: {unit: rpy, value: 1}", "must be one of"), ("rate_limits: {unit: rpm, value: 17592186044416}", "whole number"),
            ("rate_limits: {type: tokens, unit: concurrent, value: 1}", "only requests are concurrent"),
        ])
    func faults(line: String, told: String) {
        let (_, faults) = key("    \(line)\n")
        #expect(faults.contains { $0.contains(told) }, "\(faults)")
    }

    @Test("at the edges of their bounds numbers are taken")
    func edges() {
        let (limits, faults) = key(
            """
                usage_limits:
                  - {type: tokens, credit_limit: \(PolicyLimits.spendingAmount)}
                  - {credit_limit: 1, periodic_reset_days: \(PolicyLimits.resetDays)}
                  - {credit_limit: 1, alert_thresholds: [0.1, 0.2, 0.3, 0.4]}
                  - {credit_limit: 1}
                rate_limits: [{unit: rpw, value: \(PolicyLimits.rateCount)}]
            """)
        #expect(faults.isEmpty)
        #expect(limits?.usage.count == PolicyLimits.spendingLimitCount && limits?.usage[2].thresholds.count == PolicyLimits.alertThresholdCount)
    }

    @Test("models without a price, and a virtual key's multiplier")
    func prices() {
        func read(_ text: String) -> (ServerConfiguration?, [String]) {
            let (configuration, diagnostics) = ConfigurationReader.read(Array("version: 1\n\(text)\n".utf8), builtIn: [])
            return (configuration, diagnostics.map(\.message))
        }
        #expect(read("").0?.unpriced == .deny)
        #expect(read("unpriced: allow").0?.unpriced == .allow)
        #expect(read("unpriced: {input: 2.5, output: 10}").0?.unpriced == .price(input: 2_500_000_000, output: 10_000_000_000))
        #expect(read("unpriced: {input: 0, output: \(ConfigurationLimits.dollarsPerMillion)}").1.isEmpty)
        for fault in ["unpriced: maybe", "unpriced: {input: 1}", "unpriced: {input: -1, output: 1}", "unpriced: {input: 1, output: \(ConfigurationLimits.dollarsPerMillion + 1)}"] {
            #expect(!read(fault).1.isEmpty, "\(fault)")
        }
        func keyed(_ multiplier: String) -> (ServerConfiguration?, [String]) {
            read("providers: {p: {base_url: \"http://127.0.0.1:1/v1\", auth: none}}\nvirtual_keys: {v: {provider: p, price_multiplier: \(multiplier)}}")
        }
        #expect(keyed("0.9").0?.virtualKeys.first?.priceMultiplier == "0.9")
        #expect(keyed("\(ConfigurationLimits.priceMultiplier)").1.isEmpty)
        #expect(!keyed("\(ConfigurationLimits.priceMultiplier + 1)").1.isEmpty && !keyed("-1").1.isEmpty && !keyed("half").1.isEmpty)
    }
}
