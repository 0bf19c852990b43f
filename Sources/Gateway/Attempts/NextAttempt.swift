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
    ///
    /// - Parameter pauses: whether a repeat waits, as it does for a provider that may be overloaded.
    func nextAttempt(after outcome: Outcome, _ client: Client, pauses: Bool = true) -> Step? {
        if !outcome.isSuccess { conclude(outcome) }
        // Of two attempts the other is the one to go on with, unless this one's answer is one.
        if rival != nil { return outcome.isSuccess ? nil : goOnWithRival(after: outcome) }
        guard let plan, !answer.isCommitted, !body.hasLeft, worker.now < attempt.totalDeadline else { return nil }
        if hasAnotherKey(after: outcome, plan.destination) {
            attempt.triedKeys |= 1 << UInt64(attempt.key)
            return again(after: outcome, .new)
        }
        let policy = plan.target.retry
        guard attempt.repeats < Int(policy.attempts), policy.repeats(after: outcome) else { return moveOn(after: outcome, client) }
        guard let pause = pauses ? retryPause(policy) : 0, mayRepeat(policy, in: pause, plan.destination) else {
            // The wait asked for is longer than a client would bear, or others have used up what repeats there are.
            if let step = moveOn(after: outcome, client) { return step }
            attempt.stoppedRepeating = true
            return nil
        }
        attempt.repeats += 1
        guard pause > 0 else { return again(after: outcome, .new) }
        attempt.pausedMilliseconds += pause
        client.setDeadline(worker.now.adding(nanoseconds: pause * 1_000_000))
        return again(after: outcome, .pausing)
    }

    /// The same target once more.
    private func again(after outcome: Outcome, _ state: Attempt.State) -> Step {
        conclude(outcome)
        noteLost(outcome)
        endLost()
        answer.forgetUsage()
        // What an answer's checks came to is not told of the next answer.
        screening.forgetOutput()
        attempt.state = state
        attempt.queuedNanoseconds = 0
        attempt.firstByteNanoseconds = 0
        attempt.grantTries = 0
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
        let tried = attempt.triedKeys | 1 << UInt64(attempt.key) | (plan.map { forbiddenKeys($0) } ?? 0)
        let now = worker.now.nanoseconds
        return destination.keys.indices.contains { index in
            tried >> UInt64(index) & 1 == 0 && destination.keys[index].weight > 0 && destination.keys[index].hindrance(destination.breaker, now: now) == 0
        }
    }

    /// To the next target the decision names, by way of its guardrails.
    func moveOn(after outcome: Outcome, _ client: Client) -> Step? {
        guard var plan, plan.moveOn(after: outcome, self, client) else { return nil }
        _ = again(after: outcome, .new)
        attempt.repeats = 0
        attempt.triedKeys = 0
        attempt.keyStatus = 0
        attempt.stoppedRepeating = false
        self.plan = plan
        return .screen
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
