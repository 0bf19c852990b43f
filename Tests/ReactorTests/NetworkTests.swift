import Bytes
import Reactor
import Testing

@Suite("Networks")
struct NetworkTests {
    private static func address(_ text: String) throws -> IPAddress { try #require(Array(text.utf8).withByteSlice { IPAddress(numeric: $0) }) }

    @Test("a network has its own addresses and no others", arguments: [
        ("10.0.0.0", 8, ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["9.255.255.255", "11.0.0.0", "::10.1.2.3", "a00::"]),
        ("192.0.2.7", 32, ["192.0.2.7"], ["192.0.2.6", "192.0.2.8"]),
        ("0.0.0.0", 0, ["0.0.0.0", "255.255.255.255"], ["::", "2001:db8::1"]),
        ("192.0.2.6", 31, ["192.0.2.6", "192.0.2.7"], ["192.0.2.5", "192.0.2.8"]),
        ("fd00::", 8, ["fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["fc00::", "fe00::", "253.0.0.0"]),
        ("2001:db8::", 64, ["2001:db8::ffff:ffff:ffff:ffff"], ["2001:db8:0:1::"]),
        ("2001:db8::8", 125, ["2001:db8::8", "2001:db8::f"], ["2001:db8::7", "2001:db8::10"]),
        ("::1", 128, ["::1"], ["::", "::2"]),
        ("::", 0, ["::1", "ffff::"], ["127.0.0.1", "::ffff:127.0.0.1"]),
    ])
    func contains(_ first: String, _ length: Int, _ inside: [String], _ outside: [String]) throws {
        let network = try #require(Network(try NetworkTests.address(first), prefixLength: length))
        for text in inside { #expect(network.contains(try NetworkTests.address(text)), "\(text)") }
        for text in outside { #expect(!network.contains(try NetworkTests.address(text)), "\(text)") }
    }

    @Test("a prefix fits its address, which has no bits behind it", arguments: [
        ("10.0.0.0", 33), ("10.0.0.0", -1), ("10.0.0.1", 8), ("::", 129), ("2001:db8::1", 64), ("2001:db8:0:1::", 63),
    ])
    func refuses(_ first: String, _ length: Int) throws { #expect(Network(try NetworkTests.address(first), prefixLength: length) == nil) }
}
