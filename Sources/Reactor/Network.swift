/// A range of IP addresses, `10.0.0.0/8` or `fd00::/8`, or a single one.
/// - Source: RFC 4632 §3.1, RFC 4291 §2.3
public struct Network: Hashable, Sendable {
    private let first: IPAddress
    /// Bits that all its addresses share, of 32 or 128.
    private let prefixLength: Int

    /// Nil for a prefix longer than an address, and for an address with bits behind it (`10.1.0.0/8`): whoever wrote it meant another.
    public init?(_ first: IPAddress, prefixLength: Int) {
        guard (0...(first.version == .v4 ? 32 : 128)).contains(prefixLength), Network.masked(first, prefixLength) == first else { return nil }
        self.first = first
        self.prefixLength = prefixLength
    }

    /// The network of that length that an address is in; nil for a prefix longer than an address.
    public init?(of address: IPAddress, prefixLength: Int) {
        guard (0...(address.version == .v4 ? 32 : 128)).contains(prefixLength) else { return nil }
        self.init(Network.masked(address, prefixLength), prefixLength: prefixLength)
    }

    /// An IPv4 address that an IPv6 socket shows as `::ffff:192.0.2.7` is the IPv4 one.
    public func contains(_ address: IPAddress) -> Bool {
        let plain = address.unmapped
        return plain.version == first.version && Network.masked(plain, prefixLength) == first
    }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        switch address.version {
        case .v4: IPAddress(v4: UInt32(truncatingIfNeeded: address.low & mask(length, of: 32)))
        case .v6: IPAddress(v6High: address.high & mask(min(length, 64), of: 64), low: address.low & mask(max(length - 64, 0), of: 64))
        }
    }

    /// The upper `length` of `width` bits, and whatever is above them.
    private static func mask(_ length: Int, of width: Int) -> UInt64 { length == 0 ? 0 : UInt64.max << UInt64(width - length) }
}

extension IPAddress {
    /// The IPv4 address in an IPv4-mapped IPv6 one (RFC 4291 §2.5.5.2), else the address itself.
    public var unmapped: IPAddress {
        guard version == .v6, high == 0, low >> 32 == 0xFFFF else { return self }
        return IPAddress(v4: UInt32(truncatingIfNeeded: low))
    }
}
