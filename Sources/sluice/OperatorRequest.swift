import ArgumentParser
import CLinux
import Configuration
import Foundation
import Gateway
import Glibc
import Reactor

/// A question to a running gateway of this machine, as its operators ask it.
struct OperatorRequest {
    private let method: String
    private let target: String

    init(_ method: String, _ target: String) {
        self.method = method
        self.target = target
    }

    /// A value of a query.
    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    /// The members of the answer's object. Ends the command with what went wrong, if something did.
    func send(to address: String) throws -> [String: Any] {
        let listening: ListenAddress
        do {
            listening = try ListenAddress(address)
        } catch {
            throw ValidationError("--address \(address): \(error.message); \(error.hint)")
        }
        let bytes: [UInt8]
        do {
            bytes = try exchange(with: try listening.socketAddress())
        } catch {
            throw failure("\(address): \(error); is a gateway running there?")
        }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n\r\n", maxSplits: 1)
        let words = parts.first?.split(separator: " ", maxSplits: 2) ?? []
        guard parts.count == 2, words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw failure("\(address): what answers there is no gateway")
        }
        let object = (try? JSONSerialization.jsonObject(with: Data(parts[1].utf8))) as? [String: Any] ?? [:]
        guard status == 200 else { throw failure("\(address): \(object["message"] as? String ?? "it answered with \(status)")") }
        return object
    }

    private func failure(_ text: String) -> ExitCode {
        standardError("sluice: \(text)")
        return ExitCode(1)
    }

    /// Sends the request and reads to the end of the connection.
    private func exchange(with address: SocketAddress) throws(SystemError) -> [UInt8] {
        let socket = Socket(adopting: try Socket.connecting(to: address))
        try OperatorRequest.wait(for: socket, POLLOUT)
        if let error = socket.connectError() { throw error }
        let text = Array("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        var sent = 0
        while sent < text.count {
            switch text.withByteSlice({ socket.write($0.dropFirst(sent)) }) {
            case .moved(let count): sent += count
            case .blocked: try OperatorRequest.wait(for: socket, POLLOUT)
            case .closed, .failed: throw SystemError("send", code: EPIPE)
            }
        }
        var answer: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let moved = room.withUnsafeMutableBufferPointer { room in
                room.baseAddress.map { socket.read(into: $0, capacity: room.count) } ?? .closed
            }
            switch moved {
            case .moved(let count): answer += room[..<count]
            case .blocked: try OperatorRequest.wait(for: socket, POLLIN)
            case .closed: return answer
            case .failed(let code): throw SystemError("recv", code: code)
            }
        }
    }

    /// Waits until something can be done, half a minute at most.
    private static func wait(for socket: borrowing Socket, _ events: Int32) throws(SystemError) {
        var polled = pollfd(fd: socket.descriptor, events: Int16(events), revents: 0)
        let count = poll(&polled, 1, 30_000)
        if count == 0 { throw SystemError("poll", code: ETIMEDOUT) }
        if count < 0, errno != EINTR { throw SystemError("poll", code: errno) }
    }
}
