import Bytes
import Configuration
import JSON
import Policy
import Testing

@Suite("Configuration file")
struct FileTests {
    @Test("every example in config/ compiles without a remark", arguments: ["config/sluice.yaml", "config/fallback.yaml", "config/local-models.yaml", "config/tls.yaml"])
    func examples(path: String) throws {
        let read = ConfigurationReader.read(try Fixture.packageFile(path), builtIn: Fixture.builtIn)
        #expect(read.diagnostics.rendered(path: path) == "")
        #expect(read.configuration != nil)
    }

    @Test("the reference example writes every bound as its default")
    func examplesAgreeWithDefaults() throws {
        let read = ConfigurationReader.read(try Fixture.packageFile("config/sluice.yaml"), builtIn: Fixture.builtIn)
        let configuration = try #require(read.configuration)
        let defaults = Bounds()
        for bound in Bound.allCases {
            if bound.unit == .duration {
                #expect(configuration.bounds.nanoseconds(bound) == defaults.nanoseconds(bound), "\(bound)")
            } else {
                #expect(configuration.bounds.number(bound) == defaults.number(bound), "\(bound)")
            }
        }
    }

    @Test("the smallest file is its version, and has the defaults of a server without a file")
    func smallest() throws {
        let configuration = try Fixture.configuration("version: 1\n")
        #expect(configuration.listen == [.ip(host: "127.0.0.1", port: 8787)])
        #expect(configuration.isLoopbackOnly)
        #expect(configuration.workerCount == nil)
        #expect(configuration.dataDirectory == nil)
        #expect(configuration.log.format == .text && configuration.log.access == .standardError)
        #expect(configuration.bounds == Bounds())
        #expect(configuration.catalog.providers == Fixture.builtIn)
        #expect(configuration.defaultConfig == nil)
    }

    @Test("every section is read into its values")
    func everySection() throws {
        let configuration = try Fixture.configuration(
            """
            version: 1
            listen: [0.0.0.0:80, "[::1]:81", unix:/run/s.sock, localhost:0]
            workers: 3
            data: /var/lib/sluice
            log: {format: json, access: /var/log/sluice.log}
            limits: {head: 32KiB, fields: 50, body_rate: off, drain_timeout: 1m}
            timeouts: {connect: 500ms, total: off}
            trusted_hosts: [Models.Internal]
            providers:
              openai: {ca_file: /ca.pem}
              ollama: {auth: bearer}
              mine: {base_url: "http://models.internal:9/v1/", dialect: anthropic}
            virtual_keys:
              a: {provider: mine, api_key: env:A, custom_host: "https://eu.example.com"}
              local: {provider: groq, api_key: literal-secret-0001}
            configs:
              one: {virtual_key: a}
              two: {provider: mine, api_key: k}
            default: two
            keys:
              team:
                digest: "sha256:\(String(repeating: "aB", count: 32))"
                config: one
                expires: 2027-01-31T12:00:00Z
              bare: "sha256:\(String(repeating: "00", count: 32))"
            """)
        #expect(configuration.listen.map(\.description) == ["0.0.0.0:80", "[::1]:81", "unix:/run/s.sock", "127.0.0.1:0"])
        #expect(!configuration.isLoopbackOnly)
        #expect(configuration.workerCount == 3)
        #expect(configuration.log.format == .json)
        #expect(configuration.log.access == .file("/var/log/sluice.log"))
        #expect(configuration.bounds.number(.head) == 32768)
        #expect(configuration.bounds.number(.fields) == 50)
        #expect(configuration.bounds.number(.bodyRate) == 0)
        #expect(configuration.bounds.nanoseconds(.drainTimeout) == 60_000_000_000)
        #expect(configuration.bounds.nanoseconds(.connect) == 500_000_000)
        #expect(configuration.bounds.nanoseconds(.total) == nil)
        #expect(configuration.catalog.providers.map(\.id) == ["openai", "anthropic", "groq", "ollama", "mine"])
        #expect(configuration.catalog.providers[3].needsCredential)
        let mine = configuration.providers[2]
        #expect(mine.index == 4 && !mine.isBuiltIn && mine.dialect == .anthropic && mine.auth == .apiKeyField)
        let host = try #require(mine.host)
        #expect(host.verdict == .trusted && host.name == "models.internal" && host.port == 9 && host.pathPrefix == "/v1" && !host.isSecure)
        #expect(configuration.virtualKeys.map(\.provider) == [4, 2])
        #expect(configuration.configs.map(\.name) == ["one", "two"])
        #expect(configuration.configs[0].program.needsGatewayKey)
        #expect(configuration.configs.allSatisfy { $0.digest.utf8.count == 8 } && configuration.configs[0].digest != configuration.configs[1].digest)
        #expect(configuration.defaultConfig == 1)
        #expect(configuration.keys[0].digest == [UInt8](repeating: 0xAB, count: 32))
        #expect(configuration.keys[0].config == 0)
        #expect(configuration.keys[0].expiresAt == 1_801_396_800)
        #expect(configuration.keys[1].expiresAt == nil)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let lines: [String]

        init(_ text: String, _ lines: String...) {
            self.text = text
            self.lines = lines
        }

        var testDescription: String { quoted(text) }
    }

    static let faults: [Case] = [
        Case("", #"f:1:1: "the config" must be a mapping, not empty"#),
        Case("listen: 127.0.0.1:1", #"f:1:1: "version" is missing; begin with version: 1"#),
        Case("version: 2", "f:1:10: this is not version 1 of the file; write version: 1"),
        Case("version: 1\nlisen: x", #"f:2:1: unknown key "lisen"; did you mean "listen"?"#),
        Case("version: 1\nlisten: example.com:80", #"f:2:9: "example.com:80": an address's host must be an IP address or localhost; write 127.0.0.1:8787, [::1]:8787 or unix:/path"#),
        Case("version: 1\nlisten: [\"::1:80\", 1.2.3.4:99999, unix:relative]", #"f:2:10: "::1:80": an address's host must be an IP address or localhost; write 127.0.0.1:8787, [::1]:8787 or unix:/path"#, #"f:2:20: "1.2.3.4:99999": an address ends with a port from 0 to 65535; write 127.0.0.1:8787, [::1]:8787 or unix:/path"#, #"f:2:35: "unix:relative": a Unix socket's path starts with "/" and has at most 107 bytes; write unix:/run/sluice.sock"#),
        Case("version: 1\nlisten: []", #"f:2:9: "listen" must have 1 to 32 addresses"#),
        Case("version: 1\nlisten: [127.0.0.1:1, localhost:1]", "f:2:23: 127.0.0.1:1 is listed twice; keep one"),
        Case("version: 1\nworkers: 0", #"f:2:10: "workers" must be a whole number from 1 to 256, not 0"#),
        Case("version: 1\nworkers: yes", #"f:2:10: "workers" must be a number, not text"#),
        Case("version: 1\nlog: {format: xml, access: here.log}", #"f:2:15: "format" must be one of json, text, not "xml""#, #"f:2:28: "access" must be stderr, stdout, off or a path, not "here.log"; a file here is ./here.log"#),
        Case("version: 1\nlimits: {head: 64, haed: 1KiB}", #"f:2:16: "head" has no unit; write 64KiB, for instance"#, #"f:2:20: unknown key "haed"; did you mean "head"?"#),
        Case("version: 1\nlimits: {body: 20 megs, idle: 5ms, fields: 1e9}", #"f:2:16: "body" is not a number with a unit (KiB, MiB, GiB, KB, MB, GB, B): "20 megs"; write 20MiB, for instance"#, #"f:2:31: "idle" must be from 100ms to 1d, not "5ms""#, #"f:2:44: "fields" must be a whole number from 8 to 1000, not 1e9"#),
        Case("version: 1\ntimeouts: {total: never, gap: 5}", #"f:2:19: "total" is not a number with a unit (ms, s, m, h, d): "never"; write 1h, for instance or off"#, #"f:2:31: "gap" has no unit; write 2m, for instance or off"#),
        Case("version: 1\ntimeouts: {connect: off}", #"f:2:21: "connect" is not a number with a unit (ms, s, m, h, d): "off"; write 5s, for instance"#),
        Case("version: 1\ntimeouts: {head: 1s}", #"f:2:12: unknown key "head"; known: connect, tls, first_byte, gap, total"#),
        Case("version: 1\ntrusted_hosts: [a/b, \"http://x\", 5]", #"f:2:17: "a/b" is no host; write models.internal, *.svc.cluster.local, 10.0.0.5 or fd00::5"#, #"f:2:22: "http://x" is no host; write models.internal, *.svc.cluster.local, 10.0.0.5 or fd00::5"#, #"f:2:34: "2" must be text, not a number"#),
        Case("version: 1\nproviders:\n  mine: {dialect: grpc}", #"f:3:9: "base_url" is missing"#, #"f:3:19: "dialect" must be one of openai, anthropic, gemini, bedrock, not "grpc""#),
        Case("version: 1\nproviders:\n  mine:\n    base_url: http://10.0.0.1", "f:4:15: base_url is a private or reserved address; set allow_private: true to allow it".replacing("base_url is", with: "\"base_url\" is")),
        Case("version: 1\nproviders:\n  mine:\n    base_url: http://models.example.com", "f:4:15: warning: credentials will cross the network unencrypted; write https://, or auth: none"),
        Case("version: 1\nproviders:\n  mine: {base_url: \"http://127.0.0.1:1\", auth: none, api_key: k}", "f:3:63: a provider with auth: none takes no api_key"),
        Case("version: 1\nproviders:\n  \"a b\": {}", #"f:3:3: "a b" cannot name a provider; use up to 64 letters, digits, "-", "_" and ".""#),
        Case("version: 1\nvirtual_keys:\n  a: {provider: opena, api_key: env:1X}", #"f:3:17: virtual key "a" names no provider: "opena"; did you mean "openai"?"#, #"f:3:33: "api_key" is no secret; write env:NAME, file:/path, or the key itself"#),
        Case("version: 1\nvirtual_keys:\n  a: {provider: openai}\n  b: {provider: ollama}", #"f:3:6: "api_key" is missing"#),
        Case("version: 1\nvirtual_keys:\n  a: {}", #"f:3:6: "provider" is missing"#, #"f:3:6: "api_key" is missing"#),
        Case("version: 1\nkeys:\n  a: sk-the-key-itself\n  b: {config: nope}", #"f:3:6: "a" is not sha256: and 64 hexadecimal digits; sluice key new prints both key and digest"#, #"f:4:6: "digest" is missing"#, #"f:4:15: "config" names no config: "nope"; no configs are declared"#),
        Case("version: 1\nkeys:\n  a: {digest: \"sha256:\(String(repeating: "0", count: 64))\", expires: 2027-02-29}", #"f:3:99: "2027-02-29" is no date; write 2027-01-31 or 2027-01-31T12:00:00Z"#),
        Case("version: 1\ncb_config: {cooldown_interval: 1, failure_threshold: 0}", #"f:2:32: "cooldown_interval" must be a whole number from 100 to 3600000, not 1"#, #"f:2:54: "failure_threshold" must be a whole number from 1 to 1000000, not 0"#),
        Case("version: 1\nconfigs:\n  a: {provider: openai, retyr: {}}\n  b:\n    strategy: {mode: fallback}\n    targets:\n      - {provider: openai}\n      - {provider: groq, wieght: 1}\ndefault: c", #"f:3:25: unknown key "retyr"; did you mean "retry"?"#, "f:8:9: the caller's own credential goes to another target already; give this one an api_key or a virtual_key", #"f:8:26: unknown key "wieght"; did you mean "weight"?"#, #"f:9:10: "default" names no config: "c"; declared: "a", "b""#),
        Case("version: 1\nkeys:\n  a: \"sha256:\(String(repeating: "0", count: 64))\"\n  b: \"sha256:\(String(repeating: "0", count: 64))\"", #"f:4:6: key "b" has the digest of key "a"; make a key for each"#),
        Case("version: 1\nconfigs:\n  a: {virtual_key: gone}", #"f:3:20: no virtual key "gone""#),
        Case("version: 1\nconfigs:\n  a: {provider: openai, api_key: env:KEY}", "f:3:34: a config's api_key is sent as it is written, never looked up; declare it under virtual_keys and name that"),
    ]

    @Test("every fault is told with its place and what would be right", arguments: faults)
    func faultLines(_ given: Case) {
        #expect(Fixture.lines(given.text) == given.lines)
    }

    @Test("a fault in one section does not hide those of another")
    func allAtOnce() {
        let lines = Fixture.lines("version: 3\nlisten: 1\nworkers: []\nlog: 5\nlimits: x\nproviders: 7\nkeys: []\nconfigs: {a: 1}\ndefault: b\n")
        #expect(lines.count == 9)
    }

    @Test("the same configuration as JSON is read the same")
    func json() throws {
        let configuration = try Fixture.configuration(
            #"{"version": 1, "listen": ["[::]:1"], "configs": {"a": {"provider": "openai", "override_params": {"x": [1, "\u00e9", {"y": null}]}}}}"#)
        let program = configuration.configs[0].program
        #expect(String(program.bytes(program.overrides[0].member)) == #""x":[1,"é",{"y":null}]"#)
    }

    @Test("the table of limits names every bound once, with a default that reads back")
    func limitRows() throws {
        let rows = LimitRow.all
        #expect(Set(rows.map(\.name)).count == rows.count)
        #expect(rows.filter { !$0.name.hasPrefix("books.") && !$0.name.hasPrefix("exporters.") }.count == Bound.allCases.count)
        for (row, bound) in zip(rows, Bound.allCases) {
            let text = "version: 1\n\(bound.section.rawValue):\n  \(bound.rawValue): \(row.defaultText)\n"
            #expect(!row.reason.isEmpty)
            let read = try Fixture.configuration(text).bounds
            if bound.unit == .duration {
                #expect(read.nanoseconds(bound) == Bounds().nanoseconds(bound), "\(row.name)")
            } else {
                #expect(read.number(bound) == Bounds().number(bound), "\(row.name)")
            }
        }
        #expect(rows.first?.name == "limits.head")
        #expect(rows.first?.defaultText == "64KiB")
        #expect(rows.first?.unit == "size")
    }
}
