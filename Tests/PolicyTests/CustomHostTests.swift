import Bytes
import Policy
import Testing

/// Hosts a config or header may name (wire reference §2.3), and addresses they may resolve to.
@Suite("Custom hosts")
struct CustomHostTests {
    static func judge(_ text: String) -> HostVerdict {
        Array(text.utf8).withByteSlice { HostRules.judge($0, trusted: Fixture.catalog.trustedHosts) }
    }

    @Test("public names and addresses pass", arguments: [
        "https://api.openai.com/v1", "http://example.com:8080", "https://8.8.8.8/", "HTTPS://EXAMPLE.COM", "https://a.b.c.d.e.f.g.h.i.com",
        "https://[2606:4700::1111]/v1", "https://xn--bcher-kva.example", "https://1e100.net", "https://100.63.0.1", "https://172.32.0.1",
        "https://host/a%20b",
    ])
    func ordinary(_ text: String) {
        #expect(CustomHostTests.judge(text) == .ordinary)
    }

    @Test("this machine's names are told apart, for the listeners to decide", arguments: [
        "http://localhost:1234", "http://127.0.0.1:80/v1", "http://127.9.9.9", "http://[::1]:8080", "http://model.localhost", "http://LOCALHOST",
        "http://host.docker.internal:11434", "http://[::ffff:127.0.0.1]", "http://[0:0:0:0:0:0:0:1]",
    ])
    func loopback(_ text: String) {
        #expect(CustomHostTests.judge(text) == .loopback)
    }

    @Test("what the operator lists is trusted, by name or by suffix", arguments: ["http://10.0.0.5:8000", "http://vllm.ml.svc.cluster.local/v1"])
    func trusted(_ text: String) {
        #expect(CustomHostTests.judge(text) == .trusted)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        let fault: HostFault

        init(_ text: String, _ fault: HostFault) {
            self.text = text
            self.fault = fault
        }

        var testDescription: String { text }
    }

    @Test("everything else is refused with its reason", arguments: [
        Refused("", .noScheme), Refused("example.com", .noScheme), Refused("ftp://example.com", .noScheme), Refused("https://", .noScheme),
        Refused("//example.com", .noScheme), Refused(" https://example.com", .noScheme),
        Refused("https://user@example.com", .credentialsInside), Refused("https://u:p@example.com", .credentialsInside),
        Refused("https://example.com/@x", .credentialsInside),
        Refused("https://exa mple.com", .badCharacter), Refused("https://exa%6Dple.com", .badCharacter), Refused("https://ex_ample.com", .badCharacter),
        Refused("https://bücher.example", .badCharacter), Refused("https://example.com/a b", .badCharacter),
        Refused("https://example.com/\r\nX: y", .badCharacter), Refused("https://example.com\\@evil", .credentialsInside),
        Refused("https://example.com:0", .badPort), Refused("https://example.com:65536", .badPort), Refused("https://example.com:", .badPort),
        Refused("https://example.com:+80", .badPort), Refused("https://[2606::1]x", .badPort),
        Refused("https:///v1", .badName), Refused("https://example.com.", .badName), Refused("https://a..b", .badName),
        Refused("https://-a.com", .badName), Refused("https://a.b.c.d.e.f.g.h.i.j.com", .badName),
        Refused("https://example.com?x=1", .queryOrFragment), Refused("https://example.com/v1?x", .queryOrFragment), Refused("https://example.com#x", .queryOrFragment),
        Refused("https://2130706433", .badAddress), Refused("https://0x7f000001", .badAddress), Refused("https://0177.0.0.1", .badAddress),
        Refused("https://127.1", .badAddress), Refused("https://1.2.3.256", .badAddress), Refused("https://1.2.3.4.5", .badAddress),
        Refused("https://[::1", .badAddress), Refused("https://[:::1]", .badAddress), Refused("https://[1:2:3:4:5:6:7:8:9]", .badAddress),
        Refused("https://[1::2::3]", .badAddress), Refused("https://[fe80::1%25eth0]", .badCharacter), Refused("https://[12345::]", .badAddress),
        Refused("https://api.portkey.ai/v1", .gatewayItself), Refused("https://x.com/API.Portkey", .gatewayItself),
        Refused("http://169.254.169.254/latest", .metadataService), Refused("http://metadata", .metadataService),
        Refused("http://metadata.google.internal", .metadataService), Refused("http://metadata.azure.com", .metadataService),
        Refused("http://instance-data", .metadataService),
        Refused("http://printer.local", .privateName), Refused("http://a.internal", .privateName), Refused("http://a.corp", .privateName),
        Refused("http://a.onion", .privateName), Refused("http://a.test", .privateName), Refused("http://LAN", .privateName),
        Refused("http://0.0.0.0", .privateAddress), Refused("http://10.1.2.3", .privateAddress), Refused("http://172.16.0.1", .privateAddress),
        Refused("http://172.31.255.255", .privateAddress), Refused("http://192.168.0.1", .privateAddress), Refused("http://100.64.0.1", .privateAddress),
        Refused("http://100.127.255.255", .privateAddress), Refused("http://169.254.1.1", .privateAddress), Refused("http://224.0.0.1", .privateAddress),
        Refused("http://255.255.255.255", .privateAddress), Refused("http://198.18.0.1", .privateAddress),
        Refused("http://[::]", .privateAddress), Refused("http://[fc00::1]", .privateAddress), Refused("http://[fdff::1]", .privateAddress),
        Refused("http://[fe80::1]", .privateAddress), Refused("http://[fec0::1]", .privateAddress), Refused("http://[ff02::1]", .privateAddress),
        Refused("http://[::ffff:10.0.0.1]", .privateAddress), Refused("http://[::ffff:a9fe:a9fe]", .metadataService), Refused("http://[::10.0.0.1]", .privateAddress),
        Refused("http://[64:ff9b::10.0.0.1]", .privateAddress), Refused("http://[2002:0a00:0001::]", .privateAddress),
    ])
    func refused(_ given: Refused) {
        #expect(CustomHostTests.judge(given.text) == .refused(given.fault))
    }

    @Test("addresses from the resolver are judged as their literals are")
    func resolvedAddresses() {
        func verdict(_ bytes: [UInt8]) -> HostVerdict { bytes.withByteSlice { AddressRules.verdict(networkBytes: $0) } }
        #expect(verdict([10, 0, 0, 1]) == .refused(.privateAddress))
        #expect(verdict([127, 0, 0, 1]) == .loopback)
        #expect(verdict([93, 184, 216, 34]) == .ordinary)
        #expect(verdict([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 168, 1, 1]) == .refused(.privateAddress))
        #expect(verdict([0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11]) == .ordinary)
        #expect(verdict([1, 2, 3]) == .refused(.badAddress))
    }

    @Test("IPv6 text is read with its gap wherever it stands", arguments: [
        ("::", 0, 0), ("::1", 0, 1), ("1::", 1 << 48, 0), ("1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004, 0x0005_0006_0007_0008),
        ("1::8", 1 << 48, 8), ("::ffff:1.2.3.4", 0, 0xFFFF_0102_0304), ("1:2:3:4:5:6:1.2.3.4", 0x0001_0002_0003_0004, 0x0005_0006_0102_0304),
        ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004, 0x0005_0006_0007_0000), ("::2:3:4:5:6:7:8", 0x0000_0002_0003_0004, 0x0005_0006_0007_0008),
    ] as [(String, UInt64, UInt64)])
    func ipv6(text: String, high: UInt64, low: UInt64) {
        #expect(Array(text.utf8).withByteSlice { IPv6Address($0) } == IPv6Address(high: high, low: low))
    }
}
