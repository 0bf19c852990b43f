import Gateway

/// The mock provider inside this process, on a port of its own.
final class EmbeddedMock: Sendable {
    let port: UInt16
    init() throws { port = 9 }
    func stop() {}
}
