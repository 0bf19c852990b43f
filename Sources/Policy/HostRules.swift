public import Bytes

/// The checks a host named by a config or a header must pass before anything is sent to it.
///
/// They judge the name. The address it resolves to is judged when it is known, by `AddressRules`.
/// - Source: the wire reference's rules for custom hosts; IPv6 literals are judged, not refused.
public enum HostRules {
    /// Parses and judges a custom host in one go, as for a header.
    public static func judge(_ text: ByteSlice, trusted: TrustedHosts) -> HostVerdict {
        do throws(HostFault) {
            return verdict(of: try HostURL(text), text: text, trusted: trusted)
        } catch {
            return .refused(error)
        }
    }

    /// - Parameter text: the whole of what `url` was parsed from.
    public static func verdict(of url: HostURL, text: ByteSlice, trusted: TrustedHosts) -> HostVerdict {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: url.host.count) { room in
            // A host is never empty, so there is an address.
            guard let base = room.baseAddress else { return .refused(.badName) }
            for index in 0..<url.host.count { base[index] = ASCII.lowercased(url.host[index]) }
            let host = ByteSlice(UnsafePointer(base), count: url.host.count)
            if containsIgnoringCase(text, "api.portkey") { return .refused(.gatewayItself) }
            let verdict = url.isIPv6Literal ? addressVerdict(ipv6: host) : nameVerdict(host)
            // A malformed one stays refused: there is nothing to trust.
            if case .refused(let fault) = verdict, !fault.canBeTrusted { return verdict }
            return trusted.contains(host) ? .trusted : verdict
        }
    }

    private static func addressVerdict(ipv6 host: ByteSlice) -> HostVerdict {
        guard let address = IPv6Address(host) else { return .refused(.badAddress) }
        return AddressRules.verdict(ipv6: address)
    }

    private static func nameVerdict(_ host: ByteSlice) -> HostVerdict {
        guard let last = lastLabel(of: host) else { return .refused(.badName) }
        if looksNumeric(last) {
            guard let address = ipv4Address(host) else { return .refused(.badAddress) }
            return AddressRules.verdict(ipv4: address)
        }
        if host == "localhost" || last == "localhost" || host == "host.docker.internal" { return .loopback }
        if host == "metadata" || host == "metadata.google.internal" || host == "metadata.azure.com" || host == "instance-data" {
            return .refused(.metadataService)
        }
        return isPrivateSuffix(last) ? .refused(.privateName) : .ordinary
    }

    private static func isPrivateSuffix(_ label: ByteSlice) -> Bool {
        label == "local" || label == "localdomain" || label == "internal" || label == "intranet" || label == "lan"
            || label == "home" || label == "corp" || label == "test" || label == "invalid" || label == "onion"
    }

    /// The part after the last dot; nil when the name is no sequence of 1 to 10 proper labels.
    private static func lastLabel(of host: ByteSlice) -> ByteSlice? {
        var start = 0
        var labels = 1
        while let dot = host.firstIndex(of: UInt8(ascii: "."), from: start) {
            guard isLabel(host[start..<dot]) else { return nil }
            start = dot + 1
            labels += 1
        }
        let last = host.dropFirst(start)
        return labels <= 10 && host.count <= 253 && isLabel(last) ? last : nil
    }

    private static func isLabel(_ label: ByteSlice) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label[0] != hyphen && label[label.count - 1] != hyphen
    }

    /// Whether resolvers would read a name that ends so as a number: `1.2.3`, `0x7f000001`, `2130706433`.
    private static func looksNumeric(_ label: ByteSlice) -> Bool {
        if label.hasPrefix("0x") { return true }
        for index in 0..<label.count where !ASCII.isDigit(label[index]) { return false }
        return true
    }

    /// Four decimal octets without leading zeros, or nil.
    public static func ipv4Address(_ text: ByteSlice) -> UInt32? {
        var address: UInt32 = 0
        var start = 0
        for part in 0..<4 {
            let end = part < 3 ? text.firstIndex(of: UInt8(ascii: "."), from: start) : text.count
            guard let end, end > start, end - start <= 3 else { return nil }
            let digits = text[start..<end]
            guard digits.count == 1 || digits[0] != UInt8(ascii: "0"), let octet = digits.decimal, octet <= 255 else { return nil }
            address = address << 8 | UInt32(octet)
            start = end + 1
        }
        return address
    }

    private static func containsIgnoringCase(_ text: ByteSlice, _ lowercase: StaticString) -> Bool {
        let length = lowercase.utf8CodeUnitCount
        guard text.count >= length else { return false }
        for start in 0...(text.count - length) where text[start..<start + length].equalsIgnoringCase(lowercase) { return true }
        return false
    }
}
