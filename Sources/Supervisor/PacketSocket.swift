import CLinux
import Glibc
import Reactor

/// One end of a local connection that keeps the borders of messages, and takes descriptors with them (SOCK_SEQPACKET).
final class PacketSocket: Sendable {
    let descriptor: CInt

    /// Takes over `descriptor`.
    init(adopting descriptor: CInt) {
        precondition(descriptor >= 0, "a socket needs an open descriptor")
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    static func pair() throws(SystemError) -> (PacketSocket, PacketSocket) {
        var ends: (CInt, CInt) = (-1, -1)
        let code = withUnsafeMutableBytes(of: &ends) { linux_packet_pair($0.assumingMemoryBound(to: CInt.self).baseAddress) }
        if code < 0 { throw SystemError("socketpair", code: -code) }
        return (PacketSocket(adopting: ends.0), PacketSocket(adopting: ends.1))
    }

    /// Sends one message. Waits until there is room for it, unless the descriptor is nonblocking or `waits` is false: then it throws EAGAIN.
    func send(_ text: String, descriptors: ArraySlice<CInt> = [], waits: Bool = true) throws(SystemError) {
        var text = text
        let sent = text.withUTF8 { bytes in
            descriptors.withUnsafeBufferPointer { descriptors in
                linux_packet_send(descriptor, bytes.baseAddress, bytes.count, descriptors.baseAddress, CInt(descriptors.count), waits ? 1 : 0)
            }
        }
        if sent < 0 { throw SystemError("sendmsg", code: CInt(truncatingIfNeeded: -sent)) }
    }

    enum Received {
        case message(String, [CInt])
        /// Nothing waits.
        case nothing
        case end
    }

    /// The next message. Waits for it, unless the descriptor is nonblocking or `waits` is false.
    func receive(waits: Bool = false) throws(SystemError) -> Received {
        if !waits {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 0) > 0 else { return .nothing }
        }
        var descriptors = [CInt](repeating: -1, count: SupervisorLimits.descriptorsPerMessage)
        var descriptorCount = CInt(descriptors.count)
        var text = ""
        let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: SupervisorLimits.messageByteCount) { room in
            let count = linux_packet_receive(descriptor, room.baseAddress, room.count, &descriptors, &descriptorCount)
            if count > 0 { text = String(decoding: room[..<count], as: UTF8.self) }
            return count
        }
        descriptors.removeLast(descriptors.count - Int(descriptorCount))
        switch count {
        case 1...: return .message(text, descriptors)
        case 0: return .end
        case -Int(EAGAIN): return .nothing
        case -Int(ECONNRESET): return .end
        default:
            for descriptor in descriptors { close(descriptor) }
            throw SystemError("recvmsg", code: CInt(truncatingIfNeeded: -count))
        }
    }
}
