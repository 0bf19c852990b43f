/// What an address is reserved for, so that a gateway can tell the public Internet from its own inside.
///
/// Decided on resolved addresses: a name may lead anywhere. An IPv4 address inside an IPv6 one (mapped,
/// compatible, NAT64, 6to4) is what the packet reaches, so its class is the one that counts.
/// - Source: the IANA special-purpose address registries (RFC 6890 and its updates)
public enum AddressClass: Sendable {
    /// A host on the Internet.
    case global
    /// `0.0.0.0/8`, `::`: this host, on Linux the same as loopback.
    case unspecified
    /// `127.0.0.0/8`, `::1`.
    case loopback
    /// RFC 1918, `fc00::/7`, `fec0::/10`.
    case privateUse
    /// `100.64.0.0/10` (RFC 6598).
    case carrierGradeNAT
    /// `169.254.0.0/16`, `fe80::/10`: cloud metadata lives here.
    case linkLocal
    case multicast
    /// Documentation, benchmarks, translation, tunnels, broadcast, and all that is not assigned.
    case reserved
}

extension IPAddress {
    /// What this address is reserved for.
    public var addressClass: AddressClass {
        switch version {
        case .v4: IPAddress.classify(v4: UInt32(truncatingIfNeeded: low))
        case .v6: IPAddress.classify(high, low)
        }
    }

    /// The more specific rows come first.
    private static let rows4: [(network: UInt32, bits: UInt32, class: AddressClass)] = [
        (0x0000_0000, 8, .unspecified),
        (0x0A00_0000, 8, .privateUse),
        (0x6440_0000, 10, .carrierGradeNAT),
        (0x7F00_0000, 8, .loopback),
        (0xA9FE_0000, 16, .linkLocal),
        (0xAC10_0000, 12, .privateUse),
        (0xC000_0000, 24, .reserved),  // IETF protocols
        (0xC000_0200, 24, .reserved),  // documentation
        (0xC058_6300, 24, .reserved),  // 6to4 relays, deprecated
        (0xC0A8_0000, 16, .privateUse),
        (0xC612_0000, 15, .reserved),  // benchmarks
        (0xC633_6400, 24, .reserved),  // documentation
        (0xCB00_7100, 24, .reserved),  // documentation
        (0xE000_0000, 4, .multicast),
        (0xF000_0000, 4, .reserved),  // future use and broadcast
    ]

    private static func classify(v4 address: UInt32) -> AddressClass {
        for row in rows4 where (address ^ row.network) >> (32 - row.bits) == 0 { return row.class }
        return .global
    }

    private static func classify(_ high: UInt64, _ low: UInt64) -> AddressClass {
        if let embedded = embedded4(high, low) { return classify(v4: embedded) }
        if high == 0 {
            if low == 0 { return .unspecified }
            if low == 1 { return .loopback }
        }
        switch high >> 48 {
        case 0xFC00...0xFDFF: return .privateUse
        case 0xFE80...0xFEBF: return .linkLocal
        // Site-local: deprecated (RFC 3879), but still routed inside some sites.
        case 0xFEC0...0xFEFF: return .privateUse
        case 0xFF00...0xFFFF: return .multicast
        // Only 2000::/3 is assigned at all.
        case 0x2000...0x3FFF: return isSpecialUnicast(high) ? .reserved : .global
        default: return .reserved
        }
    }

    /// The parts of 2000::/3 that are no hosts of the Internet.
    private static func isSpecialUnicast(_ high: UInt64) -> Bool {
        high >> 41 == 0x2001_0000 >> 9  // 2001::/23: IETF protocols, Teredo, ORCHID
            || high >> 32 == 0x2001_0DB8  // documentation
            || high >> 44 == 0x3FFF0  // 3fff::/20: documentation
    }

    /// The IPv4 address an IPv6 one stands for, if it does.
    private static func embedded4(_ high: UInt64, _ low: UInt64) -> UInt32? {
        let last = UInt32(truncatingIfNeeded: low)
        if high == 0 {
            switch low >> 32 {
            case 0xFFFF: return last  // ::ffff:0:0/96, mapped
            case 0xFFFF_0000: return last  // ::ffff:0:0:0/96, translated (RFC 2765)
            case 0 where low > 1: return last  // ::/96, compatible, deprecated
            default: return nil
            }
        }
        // 64:ff9b::/96, NAT64 (RFC 6052).
        if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 { return last }
        // 2002::/16, 6to4 (RFC 3056).
        if high >> 48 == 0x2002 { return UInt32(truncatingIfNeeded: high >> 16) }
        return nil
    }
}
