import Bytes
import HTTP
import Health
import Policy
import Providers
import Reactor

/// What an attempt tells of its target's health, and what it takes from it.
extension Exchange {
    /// Chooses the credential of the next attempt.
    func chooseKey(_ destination: Destination) {
        guard destination.keys.count > 1 else { return attempt.key = 0 }
        let forbidden = plan.map { forbiddenKeys($0) } ?? 0
        attempt.key = destination.pickKey(avoiding: attempt.triedKeys, forbidden: forbidden, now: worker.now.nanoseconds, random: worker.random.next())
    }

    /// Counts the attempt at its target, once however many connections it takes.
    func beginAttempt(_ destination: Destination) {
        guard !attempt.isCounted else { return }
        let health = destination.keys[attempt.key].health
        health.begin()
        attempt.isCounted = true
        attempt.admission = health.admit(now: worker.now.nanoseconds, policy: destination.breaker?.policy ?? .never) ?? health.admitRegardless()
        if attempt.repeats == 0, attempt.triedKeys == 0 { destination.retryBudget.deposit() }
    }

    /// Says once what came of the attempt.
    func conclude(_ outcome: Outcome) {
        if case .unreachable = outcome, attempt.spending?.status == 0 { attempt.spending?.hasFailed = true }
        guard let admission = attempt.admission, let destination = plan?.destination else { return }
        attempt.admission = nil
        let key = destination.keys[attempt.key]
        let now = worker.now.nanoseconds
        noteTrail(outcome)
        let change = key.health.report(
            verdict(outcome, destination.breaker, key), of: admission, policy: destination.breaker?.policy ?? .never, now: now, random: worker.random.next())
        switch change {
        case .none: break
        case .opened(let until): worker.notices?.say("breaker of \(key.health.description) opened for \((until - min(until, now)) / 1_000_000) ms")
        case .closed: worker.notices?.say("breaker of \(key.health.description) closed")
        }
        if case .timedOut = outcome, attempt.sentAt >= attempt.begunAt {
            key.health.noteFirstToken(nanoseconds: worker.now.nanoseconds(since: attempt.sentAt), now: now)
        }
        // A target with one credential and no breaker is asked each time, whatever it said before: so its config is written.
        guard destination.keys.count > 1 || destination.breaker != nil, case .status(let status) = outcome,
            key.isOwn(forWhoBrings: caller.bringsCredential)
        else { return }
        // What the key before it was refused with, too, is the request's doing rather than this one's.
        if attempt.keyStatus != status { note(status, of: key, isPooled: destination.keys.count > 1, now: now) }
        attempt.keyStatus = status
    }

    /// The attempt's line in the trail: begun once, its outcome the last that is known.
    func noteTrail(_ outcome: Outcome) {
        guard let plan else { return }
        attempt.trailIndex = trail.note(
            at: attempt.trailIndex, target: plan.targetIndex, key: attempt.key, outcome: outcome, reason: plan.reason, isRepeat: attempt.repeats > 0,
            times: attemptTimes)
    }

    /// Of an attempt that nothing has come of, and that nobody waits for any more.
    func noteGivenUp() {
        guard attempt.isCounted, attempt.trailIndex < 0 else { return }
        noteUnanswered(.givenUp)
    }

    func noteUnanswered(_ end: Trail.End) {
        guard let plan else { return }
        attempt.trailIndex = trail.add(
            end, target: plan.targetIndex, key: attempt.key, reason: plan.reason, isRepeat: attempt.repeats > 0, times: attemptTimes)
    }

    private var attemptTimes: Trail.Times {
        Trail.Times(
            begun: microseconds(until: attempt.begunAt), firstByte: UInt32(clamping: attempt.firstByteNanoseconds / 1000),
            over: microseconds(until: worker.now), queued: UInt32(clamping: attempt.queuedNanoseconds / 1000))
    }

    /// Since the request's first byte.
    func microseconds(until then: Instant) -> UInt32 { UInt32(clamping: then.nanoseconds(since: startedAt) / 1000) }

    private func verdict(_ outcome: Outcome, _ breaker: BreakerRule?, _ key: DestinationKey) -> AttemptOutcome {
        if (breaker ?? .standard).isFailure(outcome) {
            // Where callers bring their own credentials they share what is known of the target, and what is wrong with one's request
            // says nothing to another.
            if case .status(let status) = outcome, status < 500, key.source == .callers { return .ignored }
            return .failure
        }
        // Whoever says what is wrong with a request is at work; what it says of credentials and quotas is not about that.
        if case .status(let status) = outcome, ![401, 402, 403, 429].contains(status) { return .success }
        return .ignored
    }

    /// What a refusal says of the credential: that it is none, that it may spend no more, or that it has to wait.
    private func note(_ status: Int, of key: DestinationKey, isPooled: Bool, now: UInt64) {
        let health = key.health
        switch status {
        case 401 where isPooled, 403 where isPooled:
            guard health.quarantine(until: now &+ GatewayLimits.quarantineNanoseconds, now: now) else { return }
            let seconds = GatewayLimits.quarantineNanoseconds / 1_000_000_000
            worker.notices?.say("the credential of \(health.description) was refused with \(status) and rests for \(seconds) s")
        case 402 where isPooled:
            noteSpent(health, now)
        case 429:
            if answer.isQuotaSpent, isPooled { return noteSpent(health, now) }
            let pause = min(answer.retryAfterMilliseconds ?? GatewayLimits.parkMilliseconds, GatewayLimits.longestParkMilliseconds)
            health.park(until: now &+ pause * 1_000_000, now: now)
        default: break
        }
    }

    private func noteSpent(_ health: TargetHealth, _ now: UInt64) {
        guard health.quarantine(until: now &+ GatewayLimits.spentNanoseconds, now: now) else { return }
        worker.notices?.say("the quota of \(health.description) is spent; it rests for \(GatewayLimits.spentNanoseconds / 1_000_000_000) s")
    }

    /// The attempt is over, whatever came of it.
    func endAttempt() {
        settleSpending()
        guard attempt.isCounted, let health = plan?.destination.keys[attempt.key].health else { return }
        attempt.isCounted = false
        attempt.trailIndex = -1
        if let admission = attempt.admission.take() { health.abandon(admission) }
        health.end()
    }

    // MARK: Latency

    /// The answer's first content is here.
    func noteFirstContent() {
        guard answer.isStream, plan?.hasAlternatives == true, let destination = plan?.destination else { return }
        attempt.contentAt = worker.now
        let waited = worker.now.nanoseconds(since: attempt.sentAt)
        destination.keys[attempt.key].health.noteFirstToken(nanoseconds: waited, now: worker.now.nanoseconds)
    }

    /// The first of a stream's body is here.
    func noteFirstToken() {
        guard record.figures.firstTokenNanoseconds == 0, answer.isStream else { return }
        record.figures.firstTokenNanoseconds = max(1, worker.now.nanoseconds(since: startedAt))
    }

    /// The answer is whole: how long each of its tokens took.
    func noteTokens(_ count: Int64) {
        guard let plan, plan.hasAlternatives, count > 1 else { return }
        let since = answer.isStream ? attempt.contentAt : attempt.sentAt
        let each = worker.now.nanoseconds(since: since) / UInt64(count - 1)
        plan.destination.keys[attempt.key].health.notePerOutputToken(nanoseconds: each, now: worker.now.nanoseconds)
    }

    /// What the answer's head says of the credential's quota, where there is another to spare it.
    func noteQuota(_ head: ByteSlice) {
        guard let destination = plan?.destination, destination.keys.count > 1 else { return }
        guard let reading = QuotaFields.reading(worker.answerHead.fields, in: head, now: worker.now.nanoseconds) else { return }
        destination.keys[attempt.key].health.noteQuota(reading, now: worker.now.nanoseconds)
    }
}

/// What providers say of quotas in their answers' heads.
/// - Source: OpenAI, "Rate limits", headers; Anthropic, "Rate limits", response headers
enum QuotaFields {
    private static let openAI: (StaticString, StaticString, StaticString, StaticString) = (
        "x-ratelimit-remaining-requests", "x-ratelimit-limit-requests", "x-ratelimit-remaining-tokens", "x-ratelimit-limit-tokens"
    )
    private static let anthropic: (StaticString, StaticString, StaticString, StaticString) = (
        "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-limit"
    )

    static func reading(_ fields: borrowing FieldTable, in head: ByteSlice, now: UInt64) -> QuotaReading? {
        for names in [openAI, anthropic] {
            var reading = QuotaReading()
            reading.remainingRequests = number(names.0, fields, head)
            reading.limitRequests = number(names.1, fields, head)
            reading.remainingTokens = number(names.2, fields, head)
            reading.limitTokens = number(names.3, fields, head)
            guard reading.remainingRequests != nil || reading.remainingTokens != nil else { continue }
            reading.resetAt = reset(fields, head).map { now &+ $0 }
            return reading
        }
        return nil
    }

    private static func number(_ name: StaticString, _ fields: borrowing FieldTable, _ head: ByteSlice) -> UInt64? {
        guard let index = fields.firstIndex(named: ByteSlice(name), in: head), let value = head[fields[index].valueRange].decimal else { return nil }
        return UInt64(exactly: value)
    }

    /// Nanoseconds until the sooner quota is whole again, as `x-ratelimit-reset-*` say it: `6m0s`, `1.5s`, `20ms`.
    private static func reset(_ fields: borrowing FieldTable, _ head: ByteSlice) -> UInt64? {
        var soonest: UInt64?
        for name in ["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"] as [StaticString] {
            guard let index = fields.firstIndex(named: ByteSlice(name), in: head), let time = duration(head[fields[index].valueRange]) else { continue }
            soonest = min(soonest ?? .max, time)
        }
        return soonest
    }

    /// A duration in Go's notation, nanoseconds; nil when it is none or longer than a day.
    static func duration(_ text: ByteSlice) -> UInt64? {
        var total = 0.0
        var at = 0
        while at < text.count {
            let start = at
            while at < text.count, ASCII.isDigit(text[at]) || text[at] == UInt8(ascii: ".") { at += 1 }
            guard at - start <= 20, let number = Double(String(text[start..<at])) else { return nil }
            let unitStart = at
            while at < text.count, ASCII.isLetter(text[at]) { at += 1 }
            switch text[unitStart..<at] {
            case let unit where unit == "ms": total += number * 1e6
            case let unit where unit == "s": total += number * 1e9
            case let unit where unit == "m": total += number * 60e9
            case let unit where unit == "h": total += number * 3600e9
            default: return nil
            }
        }
        return text.isEmpty || total > 86_400e9 ? nil : UInt64(total)
    }
}
