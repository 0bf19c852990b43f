import Glibc
import Reactor

/// A supervisor's end of the channel to one serving process. Nothing here waits for that process, which may read nothing.
final class ServingChannel {
    private let socket: PacketSocket
    /// Orders that there is no room for yet: at most one of each kind, since a later one says what an earlier did.
    private(set) var waiting: [SupervisorMessage.Order] = []

    init(_ socket: PacketSocket) { self.socket = socket }

    var descriptor: CInt { socket.descriptor }

    func receive() throws(SystemError) -> PacketSocket.Received { try socket.receive() }

    /// Sends `order` now, or when there is room.
    func give(_ order: SupervisorMessage.Order) {
        waiting.removeAll { $0.isRepeated(by: order) }
        waiting.append(order)
        flush()
    }

    /// Sends what waits, as far as there is room.
    func flush() {
        while let order = waiting.first {
            do {
                try socket.send(SupervisorMessage.order(order).text, waits: false)
                waiting.removeFirst()
            } catch {
                // Whoever has gone needs no orders.
                if error.code != EAGAIN { waiting = [] }
                return
            }
        }
    }

    /// Answers who wants to listen. It is reading: of one that is not, the answer cannot be kept, since its descriptors may not be open for as long.
    func answer(_ sockets: [CInt]) throws(SystemError) {
        var left = sockets[...]
        while !left.isEmpty {
            let message = SupervisorMessage.sockets(total: sockets.count)
            try socket.send(message.text, descriptors: left.prefix(SupervisorLimits.descriptorsPerMessage), waits: false)
            left = left.dropFirst(SupervisorLimits.descriptorsPerMessage)
        }
    }

    func refuse(_ reason: String) throws(SystemError) { try socket.send(SupervisorMessage.refused(reason).text, waits: false) }
}

extension SupervisorMessage.Order {
    func isRepeated(by later: Self) -> Bool {
        switch (self, later) {
        case (.check, .check): true
        default: self == later
        }
    }
}
