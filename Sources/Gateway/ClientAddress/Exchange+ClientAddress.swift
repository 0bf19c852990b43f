import Bytes
import HTTP
import Reactor

extension Exchange {
    /// Records for whom a trusted proxy asks.
    func noteForwarded(by client: Client, _ field: ProxyTrust.Field) {
        let proxies = worker.snapshot.proxies
        guard proxies.includes(client.peer.address) else { return }
        if let host = ForwardedAddress.find(in: request.fields, of: client.unread, field, trusting: proxies) { record.peer.set(host) }
    }

    /// Whether a program on this machine asks, and not a proxy on it for somebody else: those say so, most of them.
    func isLocal(_ client: Client) -> Bool { client.peer.isLoopback && !request.fields.names.intersects(.proxies) }

    /// Whether a browser asks for a page.
    var isPage: Bool { request.fields.contains(.origin) || request.fields.contains(.secFetchSite) }
}
