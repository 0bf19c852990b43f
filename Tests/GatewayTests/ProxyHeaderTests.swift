import Bytes
@testable import Gateway
import Reactor
import Testing

@Suite("PROXY header")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let v4: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0xDD, 0xD5, 0x01, 0xBB]
    private static let v6: [UInt8] = documentation(7) + documentation(1) + [0, 80, 1, 187]

    /// 2001:db8::`last`
    private static func documentation(_ last: UInt8) -> [UInt8] { [0x20, 0x01, 0x0D, 0xB8] + .init(repeating: 0, count: 11) + [last] }

    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
    }

    private func read(_ bytes: [UInt8]) -> ProxyHeader { bytes.withByteSlice { ProxyHeader.read($0) } }

    private static func address(_ text: String) -> IPAddress? { Array(text.utf8).withByteSlice { IPAddress(numeric: $0) } }

    static let whole: [(bytes: [UInt8], client: String?)] = [
        (Array("PROXY TCP4 192.0.2.7 198.51.100.1 56789 443\r\n".utf8), "192.0.2.7"),
        (Array("PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n".utf8), "2001:db8::7"),
        (Array("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n".utf8), "192.0.2.7"),
        (Array("PROXY UNKNOWN\r\n".utf8), nil),
        (Array("PROXY UNKNOWN whatever the proxy thought\r\n".utf8), nil),
        (binary(0x21, 0x11, v4), "192.0.2.7"),
        (binary(0x21, 0x21, v6), "2001:db8::7"),
        // Type-length-value rows behind the addresses are passed over.
        (binary(0x21, 0x11, v4 + [0x04, 0, 2, 0, 0]), "192.0.2.7"),
        (binary(0x20, 0x00, []), nil),
        (binary(0x20, 0x11, v4), nil),
        (binary(0x21, 0x00, [1, 2, 3]), nil),
        (binary(0x21, 0x31, .init(repeating: 0, count: 216)), nil),
        // The longest that is taken.
        (binary(0x21, 0x11, v4 + .init(repeating: 0, count: GatewayLimits.proxyHeaderByteCount - 28)), "192.0.2.7"),
    ]

    @Test("both versions are read, whatever follows and wherever they are cut", arguments: whole.indices)
    func reads(_ index: Int) {
        let (bytes, client) = ProxyHeaderTests.whole[index]
        let expected = ProxyHeader.whole(byteCount: bytes.count, client: client.flatMap { ProxyHeaderTests.address($0) })
        #expect(client == nil || ProxyHeaderTests.address(client ?? "") != nil)
        #expect(read(bytes) == expected)
        #expect(read(bytes + Array("GET / HTTP/1.1\r\n\r\n".utf8)) == expected)
        for count in 0..<bytes.count { #expect(read(Array(bytes.prefix(count))) == .incomplete, "cut after \(count)") }
    }

    @Test("what is no header is no header, however little of it has come", arguments: [
        "GET / HTTP/1.1\r\n", "PROXYTCP4 1.2.3.4 5.6.7.8 1 2\r\n", "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "\u{16}\u{03}\u{01}",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP6 [::1] ::1 1 2\r\n",
        "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY \r\n", "PROXY TCP4\r\n",
    ])
    func refuses(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(read(bytes) == .invalid)
        // Never believed on the way.
        for count in 0..<bytes.count {
            if case .whole = read(Array(bytes.prefix(count))) { Issue.record("believed after \(count) bytes") }
        }
    }

    @Test("a line of version 1 has 107 bytes at most, and a header of version 2 what the limit says")
    func limits() {
        let rest = String(repeating: "x", count: 107 - 16)
        #expect(read(Array("PROXY UNKNOWN \(rest)\r\n".utf8)) == .whole(byteCount: 107, client: nil))
        #expect(read(Array("PROXY UNKNOWN \(rest)x\r\n".utf8)) == .invalid)
        let tooLong = ProxyHeaderTests.binary(0x21, 0x11, ProxyHeaderTests.v4 + .init(repeating: 0, count: GatewayLimits.proxyHeaderByteCount - 27))
        #expect(read(tooLong) == .invalid)
        #expect(read(Array(tooLong.prefix(16))) == .invalid, "the length alone tells")
    }

    @Test("of version 2, other versions, commands, families and addresses cut short are refused", arguments: [
        binary(0x11, 0x11, v4), binary(0x22, 0x11, v4), binary(0x21, 0x12, v4), binary(0x21, 0x22, v6), binary(0x21, 0x41, v4),
        binary(0x21, 0x11, Array(v4.dropLast())), binary(0x21, 0x21, Array(v6.dropLast())), binary(0x21, 0x31, .init(repeating: 0, count: 215)),
    ])
    func refusesBinary(_ bytes: [UInt8]) { #expect(read(bytes) == .invalid) }
}
