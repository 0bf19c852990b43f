import Bytes
import HTTP
import Health
import JSON
import Policy
import Providers
import Reactor

/// A second attempt beside one that has said nothing yet; the first of the two with content is the answer.
///
/// Everything that belongs to one attempt changes places with the exchange's own while it is the other's turn,
/// so that each step knows one attempt only.
///
/// An object of its own, made for the few requests that have one: in place it would cost every exchange its size.
final class Rival {
    var plan: Plan?
    var attempt: Attempt
    var notes = TranslationNotes()
    var upstream: UpstreamCall?

    init(plan: Plan, attempt: Attempt) {
        self.plan = plan
        self.attempt = attempt
    }
}

extension Exchange {
    /// When a second attempt is due, told when the first has been sent.
    func hedgeTime(_ plan: Plan) -> Instant {
        guard let rule = plan.target.hedge, rival == nil, attempt.total == 1, body.mode == .collected, readsBody else { return .distantFuture }
        if attempt.freshTries == 0 { plan.destination.hedgeBudget.deposit(thousandths: rule.budgetThousandths) }
        if rule.afterMilliseconds > 0 { return worker.now.adding(nanoseconds: UInt64(rule.afterMilliseconds) * 1_000_000) }
        // A whole answer has no first token to time; and until enough have been timed there is nothing to tell slow from usual.
        guard plan.wantsStream, let usual = plan.destination.keys[attempt.key].health.firstTokenQuantile(thousandths: 950) else { return .distantFuture }
        return worker.now.adding(nanoseconds: usual)
    }

    /// Begins the second attempt if its time has come; false when the timer was for something else.
    func startRival(_ client: Client) -> Bool {
        guard attempt.hedgeAt <= worker.now, step == .relay, rival == nil, !answer.isCommitted, let plan else { return false }
        attempt.hedgeAt = .distantFuture
        client.setDeadline(attempt.totalDeadline)
        guard answer.state == .head, upstream?.hasUnsent == false, mayBeSentTwice(client) else { return true }
        var other = plan
        // Where no other target is left, the same once more: another of its machines may be quicker.
        _ = other.moveOn(after: .unfit, self, client)
        // What was checked was checked for the first.
        guard other.targetIndex == plan.targetIndex || other.destination.inputHooks == nil && plan.destination.inputHooks == nil else { return true }
        let now = worker.now.nanoseconds
        guard other.destination.hindrance(now: now) == 0, plan.destination.hedgeBudget.withdraw(now: now) else { return true }
        var second = Attempt()
        second.totalDeadline = attempt.totalDeadline
        rival = Rival(plan: other, attempt: second)
        swapRival()
        connectRival(other.destination, client)
        return true
    }

    /// Whether a model asked twice does nothing twice.
    private func mayBeSentTwice(_ client: Client) -> Bool {
        switch endpoint {
        case .chatCompletions, .completions, .messages, .embeddings, .rerank, .moderations: break
        // Kept by the provider unless the request says otherwise.
        case .responses: return JSONView(client.unread[body.range])?.child(ByteSlice("store"))?.kind == .false
        default: return false
        }
        return JSONView(client.unread[body.range])?.child(ByteSlice("store"))?.kind != .true
    }

    /// The second attempt, in the exchange's own place, gets a connection and is written to it.
    private func connectRival(_ destination: Destination, _ client: Client) {
        chooseKey(destination)
        // A token that is not at hand would be waited for.
        if let source = destination.keys[attempt.key].tokenSource, worker.heldToken(of: source) == nil { return dropFront() }
        // A budget that has no room for both, or must be asked for it, has room for the first.
        guard let plan, restriction(plan) == nil, case .done? = try? reserveNow(plan, client) else { return dropFront() }
        countRival()
        attempt.begunAt = worker.now
        beginAttempt(destination)
        attempt.translation = translation(to: destination)
        switch destination.pool.lease(for: self, fresh: false) {
        case .ready(let connection): writeRival(to: connection, client)
        case .queued:
            attempt.state = .queued
            swapRival()
        case .refused: dropUnfit()
        }
    }

    /// Counts the second attempt, which is in the exchange's own place, with both: what was never begun is none, and has no try.
    private func countRival() {
        guard let rival else { return }
        rival.attempt.total += 1
        attempt.total = rival.attempt.total
        record.figures.wasHedged = true
    }

    /// The second attempt, in the exchange's own place, could not be sent: its try says so.
    private func dropUnfit() {
        conclude(.unfit)
        dropFront()
    }

    /// A pool has the second attempt's connection; it is in the exchange's own place.
    func writeRival(to connection: UpstreamCall, _ client: Client) {
        guard let plan else { return }
        upstream = connection
        do throws(Rejection) {
            try write(plan, to: connection, client)
        } catch {
            worker.runs.removeAll()
            return dropUnfit()
        }
        // What came before it was written to, its end for instance, is no event any more.
        if connection.isReadable { worker.resume(connection.token) }
    }

    /// Gives the exchange's own place to the other attempt.
    func swapRival() {
        guard let other = rival else { return }
        swap(&other.plan, &plan)
        swap(&other.attempt, &attempt)
        swap(&other.notes, &notes)
        swap(&other.upstream, &upstream)
        if let plan { record.provider = plan.destination.name }
    }

    /// The attempt in the exchange's own place comes to nothing: the other goes on.
    func dropFront() {
        releaseUpstream(reusable: false)
        endLost()
        swapRival()
        rival = nil
    }

    /// The attempt in the exchange's own place has content: the other is let go, its connection closed at once.
    func dropRival() {
        guard rival != nil else { return }
        swapRival()
        if let plan {
            // First: what it has waited for a connection until now is its try's.
            releaseUpstream(reusable: false)
            noteUnanswered(.hedged)
            noteLost(nil)
            // It would have taken longer still.
            if attempt.state == .sent {
                let silent = worker.now.nanoseconds(since: attempt.sentAt)
                plan.destination.keys[attempt.key].health.noteFirstToken(nanoseconds: silent, now: worker.now.nanoseconds)
            }
        }
        dropFront()
    }

    /// Of two attempts the one in front has failed: the step the other is at.
    func goOnWithRival(after outcome: Outcome) -> Step? {
        guard rival != nil else { return nil }
        noteLost(outcome)
        dropFront()
        attempt.aloneSince = worker.now
        return upstream == nil ? .dispatch : .relay
    }
}
