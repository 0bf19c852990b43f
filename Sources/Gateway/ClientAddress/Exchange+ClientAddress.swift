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
    func isLocal(_ client: Client) -> Bool {
        guard client.peer.isLoopback, !request.fields.contains(.forwarded), !request.fields.contains(.xForwardedFor) else { return false }
        let message = client.unread
        for name in ["via", "x-real-ip", "x-forwarded-host", "x-forwarded-proto"] as [StaticString]
        where request.fields.firstIndex(named: ByteSlice(name), in: message) != nil { return false }
        return true
    }

    /// Whether a browser asks for a page.
    func isPage(_ client: Client) -> Bool {
        request.fields.contains(.origin) || request.fields.firstIndex(named: ByteSlice("sec-fetch-site"), in: client.unread) != nil
    }
}
