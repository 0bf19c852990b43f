public import Bytes

/// An IPv6 address as two words, most significant first.
public struct IPv6Address: BitwiseCopyable, Sendable, Equatable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Parses the text form without brackets or zone.
    /// - Source: RFC 4291 §2.2
    public init?(_ text: ByteSlice) {
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap = -1
        var offset = 0
        if text.hasPrefix("::") {
            gap = 0
            offset = 2
        }
        while offset < text.count {
            guard count < 8 else { return nil }
            let end = text.firstIndex(of: UInt8(ascii: ":"), from: offset) ?? text.count
            let part = text[offset..<end]
            if end == text.count, part.firstIndex(of: UInt8(ascii: ".")) != nil {
                // The last 32 bits may be written as IPv4.
                guard count <= 6, let address = HostRules.ipv4Address(part) else { return nil }
                groups[count] = UInt16(address >> 16)
                groups[count + 1] = UInt16(address & 0xFFFF)
                count += 2
                offset = end
                break
            }
            guard let group = IPv6Address.group(part) else { return nil }
            groups[count] = group
            count += 1
            offset = end
            guard offset < text.count else { break }
            offset += 1
            // A colon at the end is half of "::" or a mistake.
            guard offset < text.count else { return nil }
            if text[offset] == UInt8(ascii: ":") {
                guard gap < 0 else { return nil }
                gap = count
                offset += 1
            }
        }
        guard gap >= 0 ? count < 8 : count == 8 else { return nil }
        self.init(groups: groups, count: count, gap: gap)
    }

    private init(groups: InlineArray<8, UInt16>, count: Int, gap: Int) {
        var words = InlineArray<2, UInt64>(repeating: 0)
        for index in 0..<8 {
            let tail = 8 - count
            let source = gap < 0 || index < gap ? index : index - tail
            let isInGap = gap >= 0 && index >= gap && index < gap + tail
            words[index / 4] = words[index / 4] << 16 | UInt64(isInGap ? 0 : groups[source])
        }
        self.init(high: words[0], low: words[1])
    }

    private static func group(_ text: ByteSlice) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for index in 0..<text.count {
            guard let digit = ASCII.hexValue(text[index]) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

/// Which addresses a custom host may lead to. Also for what a name resolved to, every time it did.
/// - Source: RFC 6890 and its registries; RFC 4291 §2.5.5, RFC 6052, RFC 3056 for IPv4 inside IPv6.
public enum AddressRules {
    /// - Parameter address: in host order: 127.0.0.1 is 0x7F000001.
    public static func verdict(ipv4 address: UInt32) -> HostVerdict {
        if address >> 24 == 127 { return .loopback }
        if address >> 16 == 0xA9FE { return address >> 8 == 0xA9FEA9 ? .refused(.metadataService) : .refused(.privateAddress) }
        let isReserved =
            address >> 24 == 0 || address >> 24 == 10 || address >> 20 == 0xAC1 || address >> 16 == 0xC0A8
            || address >> 22 == 0x6440 >> 6 || address >> 8 == 0xC00000 || address >> 17 == 0xC612 >> 1 || address >> 28 >= 14
        return isReserved ? .refused(.privateAddress) : .ordinary
    }

    public static func verdict(ipv6 address: IPv6Address) -> HostVerdict {
        if address.high == 0 {
            if address.low == 1 { return .loopback }
            // ::ffff:a.b.c.d and the old ::a.b.c.d stand for the IPv4 address.
            if address.low >> 32 == 0xFFFF || (address.low >> 32 == 0 && address.low > 0xFFFF) {
                return verdict(ipv4: UInt32(truncatingIfNeeded: address.low))
            }
            return .refused(.privateAddress)
        }
        let first = UInt16(address.high >> 48)
        // 64:ff9b::/96 and 2002::/16 carry an IPv4 address that a translator will use.
        if address.high == 0x0064_FF9B_0000_0000, address.low >> 32 == 0 {
            return verdict(ipv4: UInt32(truncatingIfNeeded: address.low))
        }
        if first == 0x2002 { return verdict(ipv4: UInt32(truncatingIfNeeded: address.high >> 16)) }
        let isReserved =
            first & 0xFE00 == 0xFC00 || first & 0xFFC0 == 0xFE80 || first & 0xFFC0 == 0xFEC0 || first & 0xFF00 == 0xFF00
            || address.high >> 16 == 0x0064_FF9B_0001 || address.high == 0x0100_0000_0000_0000
        return isReserved ? .refused(.privateAddress) : .ordinary
    }

    /// The verdict on 4 or 16 bytes in network order; a length that is neither is refused.
    public static func verdict(networkBytes bytes: ByteSlice) -> HostVerdict {
        func word(_ start: Int, _ count: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in start..<start + count { value = value << 8 | UInt64(bytes[index]) }
            return value
        }
        switch bytes.count {
        case 4: return verdict(ipv4: UInt32(truncatingIfNeeded: word(0, 4)))
        case 16: return verdict(ipv6: IPv6Address(high: word(0, 8), low: word(8, 8)))
        default: return .refused(.badAddress)
        }
    }
}
