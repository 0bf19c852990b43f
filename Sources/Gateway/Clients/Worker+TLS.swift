import Bytes
import Reactor
import TLS

extension Worker {
    // MARK: Clients

    /// A connection that has told all it was to tell before its first byte: a handshake or a request is next.
    func begin(_ client: ClientConnection, at slot: Int) {
        let traits = snapshot.listener(at: slot)
        client.speaksHTTP1 = traits.speaksHTTP1
        guard let tls = traits.tls else {
            client.setDeadline(now.adding(nanoseconds: limits.idleNanoseconds))
            if !traits.speaksHTTP1 { client.startHTTP2() }
            return
        }
        acceptor.rotateKeys(now: now.nanoseconds)
        client.beginTLS(tls)
    }

    /// Whether one more handshake may be taken further in this turn.
    func takesHandshake() -> Bool {
        guard handshakesLeft > 0 else { return false }
        handshakesLeft -= 1
        return true
    }

    /// Also where nobody connects: a key that is out of use is forgotten on time.
    func rotateTickets() {
        timers.set(ticketTimer, at: Instant(nanoseconds: acceptor.rotateKeys(now: now.nanoseconds)))
    }

    // MARK: Upstreams

    /// Has files of authorities read again: connections to come are verified by what they say now.
    func forgetAuthorities() {
        for key in tlsContexts.keys where key.caFile != nil { tlsContexts[key] = nil }
        for (origin, pool) in pools where origin.caFile != nil {
            pool.closeIdle()
            pools[origin] = nil
        }
    }

    /// What a context towards upstreams is made of.
    struct AuthoritiesKey: Hashable {
        let caFile: String?
        let offersHTTP2: Bool
    }

    func tlsOrigin(for origin: Origin) throws(Rejection) -> TLSOrigin? {
        guard origin.isTLS else { return nil }
        do {
            let offered: [TLSProtocol] = origin.wire == .http1 ? [.http1] : [.http2, .http1]
            let key = AuthoritiesKey(caFile: origin.caFile, offersHTTP2: offered.count > 1)
            let context = try tlsContexts[key] ?? TLSContext(trusting: origin.caFile, offering: offered)
            tlsContexts[key] = context
            return try Array(origin.host.utf8).withByteSlice { (host) throws(TLSNameError) in try TLSOrigin(host, context: context) }
        } catch {
            throw Rejection(.upstreamUntrusted, "upstream \(origin.host): \(error)")
        }
    }
}
