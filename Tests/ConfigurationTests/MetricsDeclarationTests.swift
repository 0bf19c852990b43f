import Testing

@testable import Configuration

@Suite("The file's metrics")
struct MetricsDeclarationTests {
    private static func read(_ text: String) throws -> MetricsDeclaration { try Fixture.configuration("version: 1\nmetrics: \(text)\n").metrics }

    @Test("labels, constants and how many sets there may be are read as they are written")
    func written() throws {
        let metrics = try Self.read("{ labels: [model, payloadSizeRange, api_key_name, config_name, metadata_team], constant: { app: search, env: prod }, series: 10000 }")
        #expect(metrics.labels == [.model, .payloadSize, .key, .config, .metadata("team")])
        #expect(metrics.constants.map(\.name) == ["app", "env"] && metrics.constants.map(\.value) == ["search", "prod"] && metrics.series == 10_000)
        #expect(try Fixture.configuration("version: 1\n").metrics == MetricsDeclaration())
    }

    @Test(
        "what is no label, stands twice, or is taken is told with what would be right",
        arguments: [
            ("{ labels: [models] }", "there is no label \"models\""), ("{ labels: [model, model] }", "stands here twice"), ("{ labels: [metadata_te-am, metadata_te_am] }", "stands here twice"), ("{ labels: [metadata_] }", "no label \"metadata_\""),
            ("{ constant: { code: a } }", "cannot be a constant label"), ("{ constant: { model: a } }", "cannot be a constant label"),
            ("{ constant: { \"a-b\": a } }", "cannot be a constant label"), ("{ constant: { __a: a } }", "cannot be a constant label"), ("{ series: 0 }", "series"),
            ("{ series: 10001 }", "series"), ("{ labels: [metadata_a, metadata_b, metadata_c, metadata_d, metadata_e, metadata_f, metadata_g, metadata_h, metadata_i] }", "1 to 8"),
            ("{ label: [model] }", "labels"),
        ])
    func faults(text: String, says: String) throws {
        let line = try #require(Fixture.lines("version: 1\nmetrics: \(text)\n").first)
        #expect(line.contains(says), "\(line)")
    }
}
