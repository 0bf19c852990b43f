import Bytes
import JSON
import Ledger

/// At what terms a request asks to be served: the last word of `service_tier`, and of Anthropic's `speed`.
struct AskedTier: BitwiseCopyable {
    private var isFast = false
    private var named = ServiceTier.standard

    var tier: ServiceTier { isFast ? .fast : named }

    mutating func take(_ name: StaticString, _ value: ByteSlice) { take(ByteSlice(name), value) }

    mutating func take(_ name: ByteSlice, _ value: ByteSlice) {
        if name == "service_tier" { named = value.count > 2 ? ServiceTier(asked: value[1..<value.count - 1]) : .standard }
        if name == "speed" { isFast = value == "\"fast\"" }
    }

    /// Takes the members that a scan has recorded.
    mutating func take(_ scan: borrowing ObjectScan) {
        for index in 0..<scan.count {
            let member = scan[index]
            // Most names are told apart by their length, and by their first letter.
            let mayBe = (member.key.count == 12 || member.key.count == 5) && scan.text[member.key.lowerBound] == UInt8(ascii: "s")
            guard mayBe || member.keyHasEscapes else { continue }
            let (name, value) = (member.name(in: scan.text), scan.text[member.value])
            if name == "service_tier" { take("service_tier", value) } else if name == "speed" { take("speed", value) }
        }
    }
}

extension Exchange {
    /// What the body asks for; what it costs is told whether somebody's spending is limited or not.
    /// - Precondition: `worker.scan` holds the exchange's body.
    func askedTier() -> AskedTier {
        var asked = AskedTier()
        asked.take(worker.scan)
        guard worker.scan.overflowed else { return asked }
        let text = worker.scan.text
        // It was judged before, so that it is an object.
        guard (try? worker.accounts.limitScan.scan(text)) != nil else { return asked }
        for name in ["service_tier", "speed"] as [StaticString] {
            if let member = worker.accounts.limitScan.member(name) { asked.take(name, text[member.value]) }
        }
        return asked
    }

    /// At what terms the plan's target is asked: what its config lays over the body goes before that.
    func tier(_ plan: Plan) -> ServiceTier {
        // Nothing is laid over a body that nobody reads.
        guard readsBody, plan.destination.overrides.count > 0 else { return plan.askedTier.tier }
        var asked = plan.askedTier
        forEachOverride(plan) { asked.take($0, $1) }
        return asked.tier
    }
}
