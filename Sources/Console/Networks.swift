import Bytes
import Glibc

/// Addresses and networks in CIDR notation, as keys have them.
enum Networks {
    /// Whether an address is in one of them. An address that cannot be read is in none.
    static func contain(_ address: String, _ networks: [String]) -> Bool {
        guard let found = bytes(address) else { return false }
        return networks.contains { network in
            let parts = network.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let start = bytes(String(parts[0])), start.count == found.count else { return false }
            let length = parts.count == 2 ? Int(parts[1]) : 8 * start.count
            guard let length, (0...8 * start.count).contains(length) else { return false }
            return (0..<length).allSatisfy { bit in
                let mask = UInt8(0x80) >> UInt8(bit % 8)
                return start[bit / 8] & mask == found[bit / 8] & mask
            }
        }
    }

    /// Four bytes, or sixteen; an IPv4 address in IPv6's form is the IPv4 address.
    private static func bytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count < 64, !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        let isMapped = bytes[0..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes.suffix(4)) : bytes
    }
}
