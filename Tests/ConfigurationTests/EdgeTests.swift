import Configuration
import JSON
import Policy
import Testing

@Suite("Proxies and web pages in the file")
struct EdgeTests {
    @Test("proxies are trusted by their networks")
    func proxies() throws {
        let configuration = try Fixture.configuration(
            """
            version: 1
            listen: [{address: 127.0.0.1:1, proxy_protocol: true}, 127.0.0.1:2]
            trusted_proxies: {networks: [10.0.0.0/8, "fd00::/8", 192.0.2.7, "::1", 0.0.0.0/0, unix], header: forwarded}
            """)
        let proxies = try #require(configuration.proxies)
        #expect(
            proxies.networks == [
                .v4(0x0A00_0000, prefixLength: 8), .v6(IPv6Address(high: 0xFD00_0000_0000_0000, low: 0), prefixLength: 8), .v4(0xC000_0207, prefixLength: 32),
                .v6(IPv6Address(high: 0, low: 1), prefixLength: 128), .v4(0, prefixLength: 0),
            ])
        #expect(proxies.includesUnixSockets && proxies.field == .forwarded)
        #expect(configuration.listeners.map(\.expectsProxyHeader) == [true, false] && configuration.listeners.allSatisfy(\.speaksHTTP1))
        #expect(try Fixture.configuration("version: 1\nlisten: {address: 127.0.0.1:1, http1: false}").listeners[0].speaksHTTP1 == false)
        let roles = try Fixture.configuration(
            "version: 1\nlisten: [{address: 127.0.0.1:1, serves: models}, {address: 127.0.0.1:2, serves: admin}, {address: 127.0.0.1:3, serves: all}, 127.0.0.1:4]")
        #expect(roles.listeners.map(\.serves) == [.models, .admin, .all, .all])
        #expect(try Fixture.configuration("version: 1\ntrusted_proxies: {networks: [unix]}").proxies?.field == .xForwardedFor)
        #expect(try Fixture.configuration("version: 1").proxies == nil)
    }

    @Test("web pages are allowed by their origins")
    func origins() throws {
        let configuration = try Fixture.configuration(
            """
            version: 1
            cors: {origins: ["https://app.example.com", "https://*.example.org", "http://localhost:3000", "http://*.test:8080", "*"], max_age: 86400}
            """)
        let declaration = try #require(configuration.crossOrigin)
        #expect(
            declaration.origins == [
                .exact("https://app.example.com"), .below(scheme: "https://", suffix: ".example.org"), .exact("http://localhost:3000"),
                .below(scheme: "http://", suffix: ".test:8080"), .any,
            ])
        #expect(declaration.maxAgeSeconds == 86_400)
        #expect(try Fixture.configuration("version: 1\ncors: {origins: [\"*\"]}").crossOrigin?.maxAgeSeconds == 600)
    }

    @Test("what cannot be meant is told with its place", arguments: [
        ("trusted_proxies: {}", #"f:2:18: "networks" is missing"#),
        ("trusted_proxies: {networks: []}", #"f:2:29: "networks" must have 1 to 256 entries"#),
        ("trusted_proxies: {networks: [10.0.0.1/8]}", #"f:2:30: "10.0.0.1/8" is no network; write 10.0.0.0/8"#),
        ("trusted_proxies: {networks: [10.0.0.0/33]}", #"f:2:30: "10.0.0.0/33" is no network"#),
        ("trusted_proxies: {networks: [10.0.0.0/]}", #"f:2:30: "10.0.0.0/" is no network"#),
        ("trusted_proxies: {networks: [\"fd00::1/8\"]}", #"f:2:30: "fd00::1/8" is no network"#),
        ("trusted_proxies: {networks: [proxy.internal]}", #"f:2:30: "proxy.internal" is no network"#),
        ("trusted_proxies: {networks: [unix], header: x-real-ip}", #"f:2:45: "header" must be one of x-forwarded-for, forwarded, none"#),
        ("listen: {address: 127.0.0.1:1, proxy_protocol: true}", #"f:2:9: "proxy_protocol" is asked for, and no proxy is trusted; name their networks"#),
        ("listen: {address: 127.0.0.1:1, http1: false}\nhttp2: false", #"f:3:8: without HTTP/2 an address with "http1: false" speaks nothing"#),
        ("listen: {address: 127.0.0.1:1, serves: admins}", #"f:2:40: "serves" must be one of all, models, admin"#),
        ("cors: {}", #"f:2:7: "origins" is missing"#),
        ("cors: {origins: [app.example.com]}", #"f:2:18: "app.example.com" is no origin as browsers write it; write https://app.example.com"#),
        ("cors: {origins: [\"https://app.example.com/\"]}", #"f:2:18: "https://app.example.com/" is no origin"#),
        ("cors: {origins: [\"https://App.example.com\"]}", #"f:2:18: "https://App.example.com" is no origin"#),
        ("cors: {origins: [\"https://app.example.com:443\"]}", #"f:2:18: "https://app.example.com:443" is no origin"#),
        ("cors: {origins: [\"https://*\"]}", #"f:2:18: "https://*" is no origin"#),
        ("cors: {origins: [\"https://a.*.com\"]}", #"f:2:18: "https://a.*.com" is no origin"#),
        ("cors: {origins: [\"null\"]}", #"f:2:18: "null" is no origin"#),
        ("cors: {origins: [\"*\"], max_age: 86401}", #"f:2:33: "max_age" must be"#),
    ])
    func faults(text: String, line: String) {
        let lines = Fixture.lines("version: 1\n\(text)\n")
        #expect(lines.count == 1 && lines[0].hasPrefix(line), "\(lines)")
    }
}
