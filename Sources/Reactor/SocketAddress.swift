import Bytes
public import CLinux
import Glibc

/// An IPv4, IPv6 or Unix-domain address.
public struct SocketAddress: Sendable, CustomStringConvertible {
    public var raw: linux_address

    public init(raw: linux_address) { self.raw = raw }

    /// A numeric IPv4 or IPv6 address, the latter without brackets; nil when it is neither.
    public init?(numeric text: String, port: UInt16) {
        var raw = linux_address()
        guard linux_address_parse(text, port, &raw) == 0 else { return nil }
        self.raw = raw
    }

    /// 4 or 16 bytes in network order; nil for another length.
    public init?(bytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
        var raw = linux_address()
        guard linux_address_from_bytes(bytes, CInt(bytes.count), scope, port, &raw) == 0 else { return nil }
        self.raw = raw
    }

    /// A Unix-domain path; nil when it is longer than the kernel takes (107 bytes).
    public init?(localPath: String) {
        var raw = linux_address()
        guard linux_address_local(localPath, &raw) == 0 else { return nil }
        self.raw = raw
    }

    /// What `description` gives of an address; nil for other texts.
    public init?(described text: String) {
        if text.hasPrefix("unix:") {
            self.init(localPath: String(text.dropFirst(5)))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard isBracketed == host.contains(":") else { return nil }
        self.init(numeric: String(isBracketed ? host.dropFirst().dropLast() : host), port: port)
    }

    public var family: CInt { CInt(raw.address.any.sa_family) }
    public var isLocal: Bool { family == AF_UNIX }
    public var port: UInt16 {
        withUnsafePointer(to: raw) { UInt16(truncatingIfNeeded: linux_address_port($0)) }
    }

    /// Whether this is an IP address of this machine's loopback.
    public var isLoopback: Bool {
        ipBytes.withByteSlice { IPAddress(bytes: $0) }?.addressClass == .loopback
    }

    /// The IP address's 4 or 16 bytes in network order; empty for a Unix-domain one.
    public var ipBytes: [UInt8] {
        switch family {
        case AF_INET: withUnsafeBytes(of: raw.address.v4.sin_addr) { Array($0) }
        case AF_INET6: withUnsafeBytes(of: raw.address.v6.sin6_addr) { Array($0) }
        default: []
        }
    }

    /// The numeric address or the path, without a port.
    public var host: String {
        withUnsafePointer(to: raw) { address in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
                guard let start = text.baseAddress, linux_address_text(address, start, 128) == 0 else { return "unknown" }
                return String(cString: start)
            }
        }
    }

    /// `127.0.0.1:8787`, `[::1]:8787`, or `unix:/path`.
    public var description: String {
        switch family {
        case AF_INET: "\(host):\(port)"
        case AF_INET6: "[\(host)]:\(port)"
        default: "unix:\(host)"
        }
    }
}
