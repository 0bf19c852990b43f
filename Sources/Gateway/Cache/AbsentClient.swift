import Bytes
import Cache
import Ledger
import Reactor

/// Nobody, at the end of an exchange that goes on: its client has left while others wait for the same answer, or had an old one and a new one
/// is fetched. Takes whatever it is sent.
final class AbsentClient: Client {
    /// In place of `client`.
    init(of client: Client, token: Token, worker: Worker) {
        super.init(nil, peer: client.peer, token: token, worker: worker)
        // Its certificate says who it is.
        clientSecurity = client.clientSecurity
    }

    /// Takes a whole request to begin with; false when there is no memory for it.
    func says(_ bytes: ByteSlice) -> Bool {
        isUntouched = putBack(bytes)
        return isUntouched
    }

    /// Its exchange has not begun.
    private var isUntouched = false

    override func send(_ runs: inout RunList) -> Sent {
        runs.removeAll()
        return .all
    }

    override func proceed() {
        guard let exchange else { return }
        if isUntouched {
            isUntouched = false
            return exchange.begin(on: self)
        }
        exchange.advance()
    }

    override func deadlinePassed() { exchange?.clientDeadlinePassed() }

    override func exchangeEnded(reusable: Bool, isComplete: Bool) {
        exchange = nil
        end()
    }

    override func abort() { close() }

    override func close() {
        if let exchange {
            self.exchange = nil
            exchange.clientGone()
        }
        end()
    }

    private func end() {
        dropInbound()
        closeTransport()
        worker.forget(self)
    }
}

extension Exchange {
    /// Goes on without its client where others wait for the same answer; false where nobody does.
    func outlives(_ client: Client) -> Bool {
        guard caching.isEntered, let flight = caching.flight, flight.isFollowed, !(client is AbsentClient) else { return false }
        let absent = worker.makeAbsent(inPlaceOf: client, for: flight)
        absent.exchange = self
        self.client = absent
        caching.isOrphaned = true
        bodyNotes.hasLeft = true
        // Once the answer has begun the client's own is how long it may take nothing, and nobody takes anything now.
        if answer.isCommitted { absent.setDeadline(attempt.totalDeadline) } else { absent.takeDeadline(of: client, else: attempt.totalDeadline) }
        // Whatever step the client left in the middle of is taken up again.
        worker.resume(absent.token)
        return true
    }
}
