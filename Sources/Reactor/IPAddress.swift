public import Bytes
import CLinux
import Glibc

/// An IPv4 or IPv6 address, without a port.
public struct IPAddress: BitwiseCopyable, Hashable, Sendable {
    /// Which of the two it is.
    public enum Version: BitwiseCopyable, Sendable {
        case v4, v6
    }

    public let version: Version
    /// The upper 64 bits of an IPv6 address; zero for IPv4.
    public let high: UInt64
    /// The lower 64 bits of an IPv6 address, or the 32 of an IPv4 one.
    public let low: UInt64

    public init(v4: UInt32) {
        version = .v4
        high = 0
        low = UInt64(v4)
    }

    public init(v6High high: UInt64, low: UInt64) {
        version = .v6
        self.high = high
        self.low = low
    }

    /// 4 or 16 bytes in network order; nil for another length.
    public init?(bytes: ByteSlice) {
        func number(_ range: Range<Int>) -> UInt64 {
            range.reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
        }
        switch bytes.count {
        case 4: self.init(v4: UInt32(truncatingIfNeeded: number(0..<4)))
        case 16: self.init(v6High: number(0..<8), low: number(8..<16))
        default: return nil
        }
    }

    /// A numeric address as `inet_pton` takes it: four decimal parts, or IPv6 with or without brackets.
    /// Short, octal and hexadecimal IPv4 forms and zones (`%eth0`) are refused.
    public init?(numeric text: ByteSlice) {
        var bare = text
        let isBracketed = bare.count > 2 && bare[0] == UInt8(ascii: "[") && bare[bare.count - 1] == UInt8(ascii: "]")
        if isBracketed { bare = bare[1..<(bare.count - 1)] }
        // The longest form has 45 bytes; a NUL would end the text early.
        guard bare.count > 0, bare.count <= 45, bare.firstIndex(of: 0) == nil else { return nil }
        var terminated = InlineArray<46, CChar>(repeating: 0)
        for index in 0..<bare.count { terminated[index] = CChar(bitPattern: bare[index]) }
        var address = InlineArray<16, UInt8>(repeating: 0)
        let count = terminated.span.withUnsafeBufferPointer { text -> Int in
            withUnsafeMutableBytes(of: &address) { out in
                guard let start = text.baseAddress else { return 0 }
                if !isBracketed, inet_pton(AF_INET, start, out.baseAddress) == 1 { return 4 }
                return inet_pton(AF_INET6, start, out.baseAddress) == 1 ? 16 : 0
            }
        }
        let read = address.span.withUnsafeBufferPointer { bytes -> IPAddress? in
            bytes.baseAddress.flatMap { IPAddress(bytes: ByteSlice($0, count: count)) }
        }
        guard let read else { return nil }
        self = read
    }

    /// `127.0.0.1` and `::1`.
    public static let loopback4 = IPAddress(v4: 0x7F00_0001)
    public static let loopback6 = IPAddress(v6High: 0, low: 1)
}

extension SocketAddress {
    /// The address with a port: what a socket connects to.
    public init(_ address: IPAddress, port: UInt16) {
        var raw = linux_address()
        switch address.version {
        case .v4:
            var bytes = UInt32(truncatingIfNeeded: address.low).bigEndian
            _ = withUnsafePointer(to: &bytes) { linux_address_from_bytes($0, 4, 0, port, &raw) }
        case .v6:
            var bytes = (address.high.bigEndian, address.low.bigEndian)
            _ = withUnsafePointer(to: &bytes) { linux_address_from_bytes($0, 16, 0, port, &raw) }
        }
        self.init(raw: raw)
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String { SocketAddress(self, port: 0).host }
}
