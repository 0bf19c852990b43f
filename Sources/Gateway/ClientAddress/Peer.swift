import Bytes
import Reactor

/// Who is at the other end of a connection: who connected, or for whom a proxy says it has.
struct Peer {
    /// Nil at a Unix socket.
    let address: IPAddress?
    /// For records; the socket's path at a Unix socket.
    let name: InlineText<48>
    /// Whether it is this machine, and the listener cannot be reached from another.
    let isLoopback: Bool

    /// Who has connected to a listener.
    init(_ socket: SocketAddress, isLoopbackListener: Bool) {
        address = socket.ipBytes.withByteSlice { IPAddress(bytes: $0)?.unmapped }
        name = Array(socket.host.utf8).withByteSlice { InlineText($0) }
        isLoopback = isLoopbackListener && (socket.isLocal || socket.isLoopback)
    }

    /// For whom `proxy` has connected. One that does not say speaks for itself, and yet for nobody on this machine: it may have asked
    /// somebody else first.
    init(_ client: IPAddress?, through proxy: Peer) {
        address = client ?? proxy.address
        name = client.map { client in Array(client.description.utf8).withByteSlice { InlineText($0) } } ?? proxy.name
        isLoopback = proxy.isLoopback && client?.isOwnLoopback == true
    }
}

extension IPAddress {
    /// `127.0.0.0/8` or `::1`, and none that only leads there.
    fileprivate var isOwnLoopback: Bool { version == .v4 ? low >> 24 == 127 : self == .loopback6 }
}
