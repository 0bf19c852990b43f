import Bytes
@testable import Gateway
import HTTP
import Reactor
import Testing

@Suite("Addresses of X-Forwarded-For and Forwarded")
struct ForwardedAddressTests {
    private static let proxies: [Network] = [
        Network(IPAddress(v4: 0x0A00_0000), prefixLength: 8), Network(IPAddress(v6High: 0xFD00_0000_0000_0000, low: 0), prefixLength: 8),
    ].compactMap { $0 }

    private func found(_ lines: [String], _ field: ProxyTrust.Field) -> String? {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n" + lines.map { "\($0)\r\n" }.joined() + "\r\n"
        var parser = RequestParser()
        var head = RequestHead()
        return Array(text.utf8).withByteSlice { bytes in
            guard case .complete? = try? parser.parse(bytes, into: &head) else {
                Issue.record("\(text.debugDescription) is no head")
                return nil
            }
            let trust = ProxyTrust(networks: ForwardedAddressTests.proxies, field: field)
            return ForwardedAddress.find(in: head.fields, of: bytes, field, trusting: trust).map { String($0) }
        }
    }

    @Test("the last address that no trusted proxy has is the client's", arguments: [
        (["X-Forwarded-For: 192.0.2.7"], "192.0.2.7"),
        (["x-forwarded-for: 192.0.2.7, 10.1.2.3"], "192.0.2.7"),
        (["X-Forwarded-For: 198.51.100.9, 192.0.2.7,10.1.2.3 , 10.0.0.1"], "192.0.2.7"),
        (["X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 10.1.2.3"], "192.0.2.7"),
        (["X-Forwarded-For: 192.0.2.7:4711"], "192.0.2.7"),
        (["X-Forwarded-For: 2001:db8::7"], "2001:db8::7"),
        (["X-Forwarded-For: [2001:db8::7]:4711, fd00::1"], "2001:db8::7"),
        // All are proxies: the first of them has asked.
        (["X-Forwarded-For: 10.0.0.9, 10.0.0.8"], "10.0.0.9"),
        // What cannot be read ends the chain; what was said behind it stands.
        (["X-Forwarded-For: 192.0.2.7, unknown, 10.0.0.8"], "10.0.0.8"),
        (["X-Forwarded-For: ' OR 1=1, 192.0.2.7"], "192.0.2.7"),
        // The other field is what a client wrote.
        (["Forwarded: for=203.0.113.1", "X-Forwarded-For: 192.0.2.7"], "192.0.2.7"),
    ])
    func xForwardedFor(_ lines: [String], _ expected: String) { #expect(found(lines, .xForwardedFor) == expected) }

    @Test("the same of Forwarded", arguments: [
        (["Forwarded: for=192.0.2.7"], "192.0.2.7"),
        (["Forwarded: proto=https;For=\"192.0.2.7:4711\";by=10.0.0.1, for=10.0.0.2"], "192.0.2.7"),
        (["Forwarded: for=\"[2001:db8::7]:4711\""], "2001:db8::7"),
        (["Forwarded: for=192.0.2.7", "Forwarded: for=10.0.0.2;host=\"a,b\""], "192.0.2.7"),
        // A quote that a client leaves open takes nothing of what the proxy adds behind it.
        (["Forwarded: for=\"203.0.113.1, for=192.0.2.7"], "192.0.2.7"),
        (["Forwarded: for=_hidden, for=10.0.0.2"], "10.0.0.2"),
        // What a proxy copies between quotes says nothing.
        (["Forwarded: host=\"x;for=203.0.113.9;y\";for=192.0.2.7"], "192.0.2.7"),
        (["Forwarded: host=\"x\\\";for=203.0.113.9;y\";for=192.0.2.7"], "192.0.2.7"),
        (["Forwarded: host=\"x\\\", for=203.0.113.9\";for=192.0.2.7, for=10.0.0.2"], "192.0.2.7"),
        (["Forwarded: host=\"x;for=203.0.113.9, for=10.0.0.2"], "10.0.0.2"),
    ])
    func forwarded(_ lines: [String], _ expected: String) { #expect(found(lines, .forwarded) == expected) }

    @Test("nothing believable is nothing", arguments: [
        ["X-Forwarded-For: "], ["X-Forwarded-For: 192.0.2.7, unknown"], ["X-Forwarded-For: 192.0.2.7,"], ["X-Forwarded-For: [::1"], ["X-Forwarded-For: 1.2.3"],
        ["Forwarded: for=192.0.2.7"], [],
    ])
    func nothing(_ lines: [String]) { #expect(found(lines, .xForwardedFor) == nil) }

    @Test("as many addresses are looked at as the limit says")
    func limit() {
        let proxies = repeatElement("10.0.0.1", count: GatewayLimits.forwardedAddresses - 1).joined(separator: ", ")
        #expect(found(["X-Forwarded-For: 192.0.2.7, \(proxies)"], .xForwardedFor) == "192.0.2.7")
        #expect(found(["X-Forwarded-For: 192.0.2.7, 10.0.0.1, \(proxies)"], .xForwardedFor) == "10.0.0.1")
    }

    @Test("whose word is taken")
    func trust() throws {
        let trust = ProxyTrust(networks: ForwardedAddressTests.proxies, field: .forwarded)
        let inside = IPAddress(v4: 0x0AFF_FFFF)
        #expect(trust.includes(inside) && trust.includes(IPAddress(v6High: 0, low: 0xFFFF_0A00_0001)))
        #expect(!trust.includes(IPAddress(v4: 0x0B00_0000)) && !trust.includes(nil))
        #expect(ProxyTrust(includesUnixSockets: true).includes(nil))
        #expect(ProxyTrust(field: .forwarded).field == nil, "nobody is trusted, so no field is looked at")
    }
}
