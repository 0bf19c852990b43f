import CLinux
import Glibc

/// A name server on loopback, UDP and TCP on one port, pumped by hand on the test's own thread.
final class NameServer {
    /// What it says of one name.
    struct Entry {
        var v4: [[UInt8]] = []
        var v6: [[UInt8]] = []
        var ttl: UInt32 = 60
        /// RCODE when there is nothing else to say: 0 no data, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
        var code: UInt8 = 0
        /// RCODE for AAAA alone.
        var codeForV6: UInt8?
        /// The addresses stand under this alias, which lives this many seconds.
        var alias: (name: String, ttl: UInt32)?
        /// Over UDP the answer does not fit.
        var isTruncated = false
        /// Bytes to send instead of an answer; the question's two identifier bytes are put in front.
        var garbage: [UInt8]?
        /// Families that get no answer (1 A, 28 AAAA) until `release`.
        var held: Set<UInt16> = []
    }

    struct Query: Equatable {
        let name: String
        let type: UInt16
        let isTCP: Bool
    }

    private struct Held {
        let message: [UInt8]
        let peer: linux_address
        let type: UInt16
    }

    var entries: [String: Entry] = [:]
    /// Changes each answer before it is sent over UDP.
    var mutate: ((inout [UInt8]) -> Void)?
    private(set) var queries: [Query] = []
    let port: UInt16
    private let datagrams: CInt
    private let listener: CInt
    private var connections: [CInt] = []
    private var held: [Held] = []

    init() {
        var address = linux_address()
        precondition(linux_address_parse("127.0.0.1", 0, &address) == 0)
        // The ports of the two protocols are apart: a free one of TCP may be taken in UDP.
        var bound: (listener: CInt, datagrams: CInt, port: UInt16) = (-1, -1, 0)
        for _ in 0..<20 where bound.datagrams < 0 {
            let listener = linux_listen(&address, 16, 1 << 18)
            var local = linux_address()
            linux_local_address(listener, &local)
            let datagrams = socket(AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            let length = local.length
            let result = withUnsafePointer(to: &local.address.any) { bind(datagrams, $0, length) }
            if result == 0 {
                bound = (listener, datagrams, UInt16(linux_address_port(&local)))
            } else {
                close(listener)
                close(datagrams)
            }
        }
        precondition(bound.datagrams >= 0, "a test machine has a free port")
        (listener, datagrams, port) = bound
    }

    deinit { for descriptor in [listener, datagrams] + connections { close(descriptor) } }

    /// `address:port`, as the resolver takes it.
    var servers: String { "127.0.0.1:\(port)" }
    var descriptors: [CInt] { [listener, datagrams] + connections }
    func count(of name: String, type: UInt16) -> Int { queries.count { $0.name == name && $0.type == type } }

    /// Answers all that has come in.
    func step() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var peer = linux_address()
            peer.length = socklen_t(MemoryLayout.size(ofValue: peer.address))
            let count = withUnsafeMutablePointer(to: &peer.address.any) { address in
                withUnsafeMutablePointer(to: &peer.length) { recvfrom(datagrams, &buffer, buffer.count, 0, address, $0) }
            }
            guard count > 12 else { break }
            answer(Array(buffer.prefix(count)), to: peer)
        }
        var peer = linux_address()
        let accepted = linux_accept(listener, &peer)
        if accepted >= 0 { connections.append(accepted) }
        for connection in connections {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count > 0 { answer(stream: Array(buffer.prefix(count)), on: connection) }
        }
    }

    /// Answers messages with their lengths in front, as many as came together.
    private func answer(stream: [UInt8], on connection: CInt) {
        var rest = stream[...]
        while rest.count > 14 {
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            let message = Array(rest.dropFirst(2).prefix(length))
            rest = rest.dropFirst(2 + length)
            guard let question = NameServer.read(message) else { return }
            queries.append(.init(name: question.name, type: question.type, isTCP: true))
            let reply = make(message, question, isTCP: true)
            let framed = [UInt8(reply.count >> 8), UInt8(reply.count & 255)] + reply
            _ = send(connection, framed, framed.count, CInt(MSG_NOSIGNAL))
        }
    }

    /// Answers the questions of `type` that were held back.
    func release(_ type: UInt16) {
        for question in held where question.type == type {
            guard let read = NameServer.read(question.message) else { continue }
            post(make(question.message, read, isTCP: false), to: question.peer)
        }
        held.removeAll { $0.type == type }
    }

    private func answer(_ message: [UInt8], to peer: linux_address) {
        guard let question = NameServer.read(message) else { return }
        queries.append(.init(name: question.name, type: question.type, isTCP: false))
        if entries[question.name]?.held.contains(question.type) == true {
            held.append(Held(message: message, peer: peer, type: question.type))
        } else {
            post(make(message, question, isTCP: false), to: peer)
        }
    }

    private func post(_ reply: [UInt8], to peer: linux_address) {
        var (peer, reply) = (peer, reply)
        mutate?(&reply)
        let length = peer.length
        withUnsafePointer(to: &peer.address.any) { _ = sendto(datagrams, reply, reply.count, 0, $0, length) }
    }

    private typealias Question = (name: String, type: UInt16, end: Int)

    private static func read(_ message: [UInt8]) -> Question? {
        var labels: [String] = []
        var at = 12
        while at < message.count, message[at] > 0 {
            let end = at + 1 + Int(message[at])
            guard end < message.count else { return nil }
            labels.append(String(decoding: message[(at + 1)..<end], as: UTF8.self))
            at = end
        }
        guard at + 5 <= message.count else { return nil }
        return (labels.joined(separator: ".").lowercased(), UInt16(message[at + 1]) << 8 | UInt16(message[at + 2]), at + 5)
    }

    private func make(_ message: [UInt8], _ question: Question, isTCP: Bool) -> [UInt8] {
        let entry = entries[question.name] ?? Entry(code: 3)
        if let garbage = entry.garbage { return Array(message[0..<2]) + garbage }
        let truncated = entry.isTruncated && !isTCP
        let isV6 = question.type == 28
        let addresses = truncated ? [] : isV6 ? entry.v6 : entry.v4
        var records: [[UInt8]] = []
        var owner: [UInt8] = [0xC0, 12]
        if let alias = entry.alias, !truncated {
            let target = NameServer.encode(alias.name)
            records.append(NameServer.record(owner, 5, alias.ttl, target))
            owner = target
        }
        for address in addresses { records.append(NameServer.record(owner, isV6 ? 28 : 1, entry.ttl, address)) }
        let code = isV6 ? entry.codeForV6 ?? entry.code : entry.code
        let flags: [UInt8] = [truncated ? 0x83 : 0x81, 0x80 | code]
        let counts: [UInt8] = [0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
        return Array(message[0..<2]) + flags + counts + Array(message[12..<question.end]) + Array(records.joined())
    }

    private static func encode(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private static func record(_ owner: [UInt8], _ type: UInt16, _ ttl: UInt32, _ data: [UInt8]) -> [UInt8] {
        let life = (0..<4).map { UInt8(truncatingIfNeeded: ttl >> UInt32(24 - 8 * $0)) }
        return owner + [0, UInt8(type), 0, 1] + life + [0, UInt8(data.count)] + data
    }
}
