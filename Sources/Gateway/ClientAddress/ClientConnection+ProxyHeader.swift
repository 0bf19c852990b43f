import Bytes
import Reactor

/// The header a proxy begins a connection with, on listeners that ask for one.
///
///     accepted ──▶ header waited for ──▶ TLS handshake or first request, in the name of the client it tells
extension ClientConnection {
    /// Waits for the header; called once, before any event.
    func awaitProxyHeader(at slot: Int) {
        guard worker.snapshot.proxies.includes(peer.address) else { return refuseProxy("is none of trusted_proxies") }
        awaitsProxyHeader = slot
        setDeadline(worker.now.adding(nanoseconds: worker.limits.headerNanoseconds))
    }

    /// Looks whether the header is whole. It is looked at where it lies in the socket: what follows it is the handshake's.
    func readProxyHeader(at slot: Int) {
        guard isReadable else {
            if hungUp { close() }
            return
        }
        guard let block = worker.blocks.lease(atLeast: GatewayLimits.proxyHeaderByteCount) else { return abort() }
        switch peek(into: block.base, capacity: GatewayLimits.proxyHeaderByteCount) {
        case .blocked: return
        case .closed, .failed: return close()
        case .moved(let count):
            switch ProxyHeader.read(block.slice(0..<count)) {
            case .incomplete:
                // More of it is another event.
                isReadable = false
                if peerClosed { close() }
            case .invalid: refuseProxy("began with no PROXY header")
            case .whole(let byteCount, let client):
                guard case .moved(byteCount) = read(into: block.base, capacity: byteCount) else { return abort() }
                awaitsProxyHeader = nil
                speaks(for: client)
                worker.begin(self, at: slot)
                proceed()
            }
        }
    }

    func proxyHeaderTimedOut() { refuseProxy("sent no PROXY header in time") }

    private func refuseProxy(_ reason: String) {
        if let untold = worker.proxyMetrics.refused(now: worker.now) {
            let others = untold == 0 ? "" : "; \(untold) others were closed since the last such line"
            worker.notices?.say("\(peer.name.withBytes { String($0) }) \(reason): its connection was closed\(others)")
        }
        abort()
    }
}
