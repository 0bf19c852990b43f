import Bytes
import Testing

@testable import Configuration

@Suite("exporters")
struct ExporterTests {
    private func lines(_ exporter: String) -> [String] { Fixture.lines("version: 1\nexporters:\n  one: \(exporter)") }

    @Test("what is written is what is read, with secrets looked up")
    func written() throws {
        let configuration = try Fixture.configuration(
            """
            version: 1
            exporters:
              collector:
                {type: otlp, endpoint: "http://127.0.0.1:4318/v1/traces", headers: {authorization: env:TOKEN}, resource: {service.name: eu}, batch: 100, every: 2s,
                 timeout: 3s, workspaces: [a, b], start: oldest, reported: true, ca_file: /ca.pem, compression: gzip}
              lake: {type: jsonl, path: /var/log/r.jsonl, rotate_size: 1MiB, rotate_every: 1h, keep_files: 3}
              plain: {type: jsonl, path: r.jsonl, rotate_size: off, rotate_every: off}
              hook: {type: webhook, url: "https://a.example/x", secret: whsec_c2VjcmV0IQ==}
            """)
        let found = configuration.resolveSecrets { ["TOKEN": "Bearer t"][$0] }
        #expect(found.diagnostics.isEmpty)
        let all = found.secrets.exporters
        #expect(all.map(\.declaration.name) == ["collector", "lake", "plain", "hook"] && all.map(\.declaration.kind) == [.otlp, .jsonl, .jsonl, .webhook])
        let first = all[0].declaration
        #expect(first.batch == 100 && first.everyNanoseconds == 2_000_000_000 && first.timeoutNanoseconds == 3_000_000_000)
        #expect(first.workspaces == ["a", "b"] && first.startsAtOldest && first.includesReported && first.resource.map(\.value) == ["eu"])
        #expect(first.isPacked && !all[1].declaration.isPacked)
        #expect(all[0].destination?.host == "127.0.0.1:4318" && all[0].destination?.caFile == "/ca.pem")
        #expect(all[0].destination?.headers.map { $0.value.withBytes { String($0) } } == ["Bearer t"])
        #expect(all[1].declaration.path == "/var/log/r.jsonl" && all[1].declaration.rotateSize == 1 << 20 && all[1].declaration.keepFiles == 3)
        #expect(all[1].declaration.rotateEveryNanoseconds == 3_600_000_000_000 && all[1].destination == nil)
        #expect(all[2].declaration.rotateSize == nil && all[2].declaration.rotateEveryNanoseconds == nil && !all[2].declaration.startsAtOldest)
        #expect(all[3].destination?.secret != nil)
        #expect(configuration.resolveSecrets { _ in nil }.secrets.exporters.map(\.declaration.name) == ["lake", "plain", "hook"])
    }

    @Test("each row's default reads back as itself", arguments: ExporterDeclaration.Row.allCases)
    func rows(row: ExporterDeclaration.Row) throws {
        let limit = try #require(LimitRow.all.first { $0.name == "exporters.\(row.rawValue)" })
        #expect(!limit.reason.isEmpty)
        #expect(lines("{type: jsonl, path: r, \(row.rawValue): \(limit.defaultText)}").isEmpty)
    }

    @Test("what is wrong is told with its place and what would be right", arguments: [
        ("{}", #"f:3:8: "type" is missing"#), ("5", "f:3:8: "), ("{type: kafka}", #"f:3:15: "type" must be one of otlp, jsonl, webhook, not "kafka""#),
        ("{type: otlp}", #"f:3:8: "endpoint" is missing"#), ("{type: jsonl}", #"f:3:8: "path" is missing"#), ("{type: webhook}", #"f:3:8: "url" is missing"#),
        ("{type: otlp, url: \"https://a.example\", endpoint: \"https://a.example\"}", #"unknown key "url""#),
        ("{type: jsonl, path: r, rotate_sice: 1MiB}", #"unknown key "rotate_sice"; did you mean "rotate_size"?"#),
        ("{type: jsonl, path: r, endpoint: x}", #"unknown key "endpoint""#),
        ("{type: otlp, endpoint: \"ftp://a\"}", #""endpoint" does not start with http:// or https://; write http://127.0.0.1:4318/v1/traces"#),
        ("{type: jsonl, path: \"\"}", #""path" must be a path"#), ("{type: jsonl, path: r, batch: 0}", #""batch" must be a whole number from 1 to 8192"#),
        ("{type: jsonl, path: r, batch: 8193}", #""batch" must be a whole number from 1 to 8192"#), ("{type: jsonl, path: r, every: 19ms}", #""every" must be from 20ms to 1h"#),
        ("{type: jsonl, path: r, timeout: 6m}", #""timeout" must be from 100ms to 5m"#), ("{type: jsonl, path: r, start: then}", #""start" must be one of now, oldest"#),
        ("{type: jsonl, path: r, workspaces: []}", #""workspaces" must have 1 to"#), ("{type: jsonl, path: r, reported: 5}", #""reported" must be"#),
        ("{type: jsonl, path: r, rotate_size: 1KiB}", #""rotate_size" must be from 64KiB"#), ("{type: jsonl, path: r, keep_files: -1}", #""keep_files" must be"#),
        ("{type: otlp, endpoint: \"http://a.example/\", headers: {a: b}}", #"warning: "headers" will cross the network unencrypted"#),
        ("{type: otlp, endpoint: \"https://a.example\", compression: zstd}", #""compression" must be one of none, gzip, not "zstd""#),
        ("{type: jsonl, path: r, compression: gzip}", #"unknown key "compression""#),
        ("{type: otlp, endpoint: \"https://a.example\", resource: {a: \"\"}}", #""a" or its text is empty, or has more than 256 bytes"#),
    ])
    func faults(exporter: String, says: String) throws {
        let told = lines(exporter)
        #expect(told.count == 1 && told[0].contains(says), "\(told)")
    }

    @Test("names are checked, one file has one exporter, and nothing is exported of what is not recorded")
    func together() {
        let two = Fixture.lines("version: 1\nexporters:\n  a: {type: jsonl, path: r}\n  b: {type: jsonl, path: r}")
        #expect(two == [#"f:4:6: exporter "b" writes the file of exporter "a"; give each a path of its own"#])
        #expect(Fixture.lines("version: 1\nexporters:\n  a/b: {type: jsonl, path: r}").first?.contains("cannot name a exporter") ?? false)
        let off = Fixture.lines("version: 1\nbooks: {mode: off}\nexporters:\n  a: {type: jsonl, path: r}")
        #expect(off.count == 1 && off[0].contains("nothing is recorded that could be exported; leave out books: {mode: off}"), "\(off)")
    }

    @Test("as many as may be are declared, with as many attributes, and one more is a fault")
    func edges() {
        func exporters(_ count: Int) -> [String] {
            Fixture.lines("version: 1\nexporters:\n" + (0..<count).map { "  e\($0): {type: jsonl, path: r\($0)}\n" }.joined())
        }
        #expect(exporters(ConfigurationLimits.exporterCount).isEmpty)
        #expect(exporters(ConfigurationLimits.exporterCount + 1).first?.contains("17 entries; up to 16 are possible") ?? false)
        func attributes(_ count: Int, text: Int = 1) -> [String] {
            let all = (0..<count).map { "a\($0): \(String(repeating: "x", count: text))" }.joined(separator: ", ")
            return lines("{type: otlp, endpoint: \"https://a.example\", resource: {\(all)}}")
        }
        #expect(attributes(ConfigurationLimits.resourceCount).isEmpty && attributes(1, text: ConfigurationLimits.resourceByteCount).isEmpty)
        #expect(attributes(ConfigurationLimits.resourceCount + 1).first?.contains("33 attributes; up to 32 are possible") ?? false)
        #expect(attributes(1, text: ConfigurationLimits.resourceByteCount + 1).count == 1)
    }
}
