import Bytes
import Reactor

/// What a proxy says of a connection before its first byte: for whom it has made it.
///
/// Both versions are read. Nothing of a header is believed unless all of it is well formed.
/// - Source: The PROXY protocol, versions 1 & 2, haproxy.org/download/3.0/doc/proxy-protocol.txt, §2.1 and §2.2
enum ProxyHeader: Equatable {
    /// More bytes are needed to tell.
    case incomplete
    /// No header, or a faulty one.
    case invalid
    /// - Parameters:
    ///   - byteCount: of the header; what follows is the client's.
    ///   - client: nil where the proxy speaks for itself (`LOCAL`), or does not know (`UNKNOWN`).
    case whole(byteCount: Int, client: IPAddress?)

    /// Reads the header that `bytes` begins with.
    static func read(_ bytes: ByteSlice) -> ProxyHeader {
        guard let first = bytes.isEmpty ? nil : bytes[0] else { return .incomplete }
        return first == signature[0] ? readBinary(bytes) : readText(bytes)
    }

    // MARK: Version 1

    /// The longest line with its end, by §2.1.
    private static let lineByteCount = 107

    private static func readText(_ bytes: ByteSlice) -> ProxyHeader {
        let start = ByteSlice("PROXY ")
        let common = min(start.count, bytes.count)
        guard bytes.prefix(common) == start.prefix(common) else { return .invalid }
        guard let end = bytes.prefix(min(bytes.count, lineByteCount)).firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes.count < lineByteCount ? .incomplete : .invalid
        }
        guard end > start.count, bytes[end - 1] == UInt8(ascii: "\r") else { return .invalid }
        var words = Words(bytes[start.count..<(end - 1)])
        guard let family = words.next() else { return .invalid }
        // Whatever stands behind it is to be passed over.
        if family == "UNKNOWN" { return .whole(byteCount: end + 1, client: nil) }
        guard family == "TCP4" || family == "TCP6" else { return .invalid }
        let version = family == "TCP4" ? IPAddress.Version.v4 : .v6
        guard let source = address(words.next(), version), address(words.next(), version) != nil, isPort(words.next()), isPort(words.next()), words.isAtEnd
        else { return .invalid }
        return .whole(byteCount: end + 1, client: source.unmapped)
    }

    /// Words with one space between each two.
    private struct Words {
        private var rest: ByteSlice?

        init(_ bytes: ByteSlice) { rest = bytes }

        var isAtEnd: Bool { rest == nil }

        mutating func next() -> ByteSlice? {
            guard let bytes = rest else { return nil }
            let end = bytes.firstIndex(of: UInt8(ascii: " "))
            rest = end.map { bytes.dropFirst($0 + 1) }
            return bytes[0..<(end ?? bytes.count)]
        }
    }

    private static func address(_ word: ByteSlice?, _ version: IPAddress.Version) -> IPAddress? {
        guard let word, !word.isEmpty, word[0] != UInt8(ascii: "["), let address = IPAddress(numeric: word), address.version == version else { return nil }
        return address
    }

    /// A number below 65,536 without a sign or leading zeros.
    private static func isPort(_ word: ByteSlice?) -> Bool {
        guard let word, (1...5).contains(word.count), word.count == 1 || word[0] != UInt8(ascii: "0") else { return false }
        var number = 0
        for index in 0..<word.count {
            guard (0x30...0x39).contains(word[index]) else { return false }
            number = number * 10 + Int(word[index] - 0x30)
        }
        return number < 65_536
    }

    // MARK: Version 2

    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let fixedByteCount = 16

    private static func readBinary(_ bytes: ByteSlice) -> ProxyHeader {
        for index in 0..<min(signature.count, bytes.count) where bytes[index] != signature[index] { return .invalid }
        guard bytes.count >= fixedByteCount else { return .incomplete }
        let isLocal: Bool
        switch bytes[12] {
        case 0x20: isLocal = true
        case 0x21: isLocal = false
        default: return .invalid
        }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        let end = fixedByteCount + length
        guard end <= GatewayLimits.proxyHeaderByteCount else { return .invalid }
        guard bytes.count >= end else { return .incomplete }
        // A proxy that speaks for itself may leave anything in the rest, which is to be passed over.
        if isLocal { return .whole(byteCount: end, client: nil) }
        let addresses = bytes[fixedByteCount..<end]
        switch bytes[13] {
        case 0x00: return .whole(byteCount: end, client: nil)
        case 0x11: return whole(end, addresses, 4)
        case 0x21: return whole(end, addresses, 16)
        // A Unix socket's client has no address.
        case 0x31: return length >= 216 ? .whole(byteCount: end, client: nil) : .invalid
        // Datagrams do not come over a stream.
        default: return .invalid
        }
    }

    /// Source and destination, then their two ports, then what else the proxy tells.
    private static func whole(_ end: Int, _ addresses: ByteSlice, _ width: Int) -> ProxyHeader {
        guard addresses.count >= 2 * width + 4, let source = IPAddress(bytes: addresses[0..<width]) else { return .invalid }
        return .whole(byteCount: end, client: source.unmapped)
    }
}
