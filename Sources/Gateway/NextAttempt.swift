import Bytes
import HTTP
import Health
import Policy
import Reactor

/// What comes after an attempt that failed: another credential, a repeat, another target, or nothing.
extension Exchange {
    /// The step to go on with after `outcome`, or nil when that is the answer.
    ///
    /// Nothing of the attempt changes unless there is a step: its answer may be on its way.
    func nextAttempt(after outcome: Outcome, _ client: ClientConnection) -> Step? {
        if !outcome.isSuccess { conclude(outcome) }
        // Of two attempts the other is the one to go on with, unless this one's answer is one.
        if rival != nil { return outcome.isSuccess ? nil : goOnWithRival() }
        guard let plan, !answer.isCommitted, !body.hasLeft, worker.now < attempt.totalDeadline else { return nil }
        if hasAnotherKey(after: outcome, plan.destination) {
            attempt.triedKeys |= 1 << UInt64(attempt.key)
            return again(after: outcome, .new)
        }
        let policy = plan.target.retry
        guard attempt.repeats < Int(policy.attempts), policy.repeats(after: outcome) else { return moveOn(after: outcome, client) }
        guard let pause = retryPause(policy), mayRepeat(policy, in: pause, plan.destination) else {
            // The wait asked for is longer than a client would bear, or others have used up what repeats there are.
            if let step = moveOn(after: outcome, client) { return step }
            attempt.stoppedRepeating = true
            return nil
        }
        attempt.repeats += 1
        attempt.pausedMilliseconds += pause
        client.setDeadline(worker.now.adding(nanoseconds: pause * 1_000_000))
        return again(after: outcome, .pausing)
    }

    /// The same target once more.
    private func again(after outcome: Outcome, _ state: Attempt.State) -> Step {
        conclude(outcome)
        endAttempt()
        attempt.state = state
        attempt.wantsFresh = false
        return .dispatch
    }

    /// Whether a repeat could still be awaited, and is paid for.
    private func mayRepeat(_ policy: RetryPolicy, in pause: UInt64, _ destination: Destination) -> Bool {
        guard worker.now.adding(nanoseconds: pause * 1_000_000) < attempt.totalDeadline else { return false }
        return !policy.hasBudget || destination.retryBudget.withdraw(now: worker.now.nanoseconds)
    }

    /// Whether the failure is the credential's, and the target has one that was not tried and may be.
    private func hasAnotherKey(after outcome: Outcome, _ destination: Destination) -> Bool {
        guard destination.keys.count > 1, case .status(let status) = outcome, [401, 402, 403, 429].contains(status) else { return false }
        let tried = attempt.triedKeys | 1 << UInt64(attempt.key)
        let now = worker.now.nanoseconds
        return destination.keys.indices.contains { index in
            tried >> UInt64(index) & 1 == 0 && destination.keys[index].weight > 0 && destination.keys[index].hindrance(destination.breaker, now: now) == 0
        }
    }

    /// To the next target the decision names.
    private func moveOn(after outcome: Outcome, _ client: ClientConnection) -> Step? {
        guard var plan, plan.moveOn(after: outcome, self, client) else { return nil }
        let step = again(after: outcome, .new)
        attempt.repeats = 0
        attempt.triedKeys = 0
        attempt.keyStatus = 0
        attempt.stoppedRepeating = false
        self.plan = plan
        return step
    }

    /// Milliseconds before the next repeat; nil when that is more than the request may wait.
    private func retryPause(_ policy: RetryPolicy) -> UInt64? {
        var pause = policy.backoffMilliseconds(beforeRepeat: attempt.repeats + 1, random: worker.random.next())
        if policy.usesRetryAfter, let asked = answer.retryAfterMilliseconds {
            guard asked < GatewayLimits.retryAfterMilliseconds else { return nil }
            pause = asked
        }
        return attempt.pausedMilliseconds + pause <= UInt64(policy.maxWaitMilliseconds) ? pause : nil
    }
}

/// `Retry-After` in the forms providers use.
enum RetryAfter {
    /// Milliseconds asked for: `retry-after-ms` and `x-ms-retry-after-ms` before `retry-after`, which is in seconds or a date.
    ///
    /// - Parameter wallSeconds: now, seconds since 1970.
    static func milliseconds(_ fields: borrowing FieldTable, in head: ByteSlice, wallSeconds: UInt64) -> UInt64? {
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] as [StaticString] {
            if let index = fields.firstIndex(named: ByteSlice(name), in: head), let value = head[fields[index].valueRange].decimal {
                return UInt64(value)
            }
        }
        guard let value = fields.value(of: .retryAfter, in: head) else { return nil }
        if let seconds = value.decimal {
            return UInt64(seconds).multipliedReportingOverflow(by: 1000).overflow ? nil : UInt64(seconds) * 1000
        }
        guard let date = HTTPDate.seconds(value) else { return nil }
        return (date - min(date, wallSeconds)) * 1000
    }
}

/// Dates as fields carry them: `Sun, 06 Nov 1994 08:49:37 GMT`.
/// - Source: RFC 9110 §5.6.7, IMF-fixdate; the two forms before 1995 are not read
enum HTTPDate {
    /// Seconds since 1970; nil when `text` is no such date.
    static func seconds(_ text: ByteSlice) -> UInt64? {
        guard text.count == 29, text[25..<29] == " GMT", text[3..<5] == ", ", text[7] == 0x20, text[11] == 0x20, text[16] == 0x20 else { return nil }
        guard text[19] == UInt8(ascii: ":"), text[22] == UInt8(ascii: ":") else { return nil }
        guard let day = text[5..<7].decimal, let year = text[12..<16].decimal, let month = month(text[8..<11]) else { return nil }
        guard let hour = text[17..<19].decimal, let minute = text[20..<22].decimal, let second = text[23..<25].decimal else { return nil }
        guard (1...31).contains(day), year >= 1970, hour < 24, minute < 60, second < 61 else { return nil }
        let days = days(year, month, day)
        return UInt64(days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    private static func month(_ text: ByteSlice) -> Int64? {
        let names: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        for month in 0..<12 where text == ByteSlice(names)[month * 3..<month * 3 + 3] { return Int64(month) + 1 }
        return nil
    }

    /// - Source: H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
