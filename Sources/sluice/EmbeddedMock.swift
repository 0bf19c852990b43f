import Mock
import Reactor

/// The mock provider inside this process, on a loopback port of its own choosing.
struct EmbeddedMock {
    private let server: MockServer

    init() throws {
        guard let loopback = SocketAddress(numeric: "127.0.0.1", port: 0) else { preconditionFailure("127.0.0.1 is an address") }
        server = try MockServer(listen: loopback)
    }

    var port: UInt16 { server.address.port }

    func stop() {
        server.stop()
        server.wait()
    }
}
