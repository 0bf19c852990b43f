@testable import Configuration
import Foundation
import Guardrails
@testable import Policy
import Providers
import Testing

@Suite("Configuration page and examples")
struct ConfigurationPageTests {
    private static func builtIn() -> [Catalog.Provider] {
        let table = ProviderTable()
        return (0..<table.count).map { Catalog.Provider(id: table[$0].id.description, needsCredential: table[$0].needsCredential) }
    }

    /// All but the price book, which is no configuration and which Tests/LedgerTests reads.
    private static let examples = Repository.files(in: "config", suffix: ".yaml").filter { $0 != "config/prices.yaml" }

    @Test("every file in config/ compiles without a word", arguments: examples)
    func exampleCompiles(path: String) throws {
        let faults = checkConfiguration(Array(try Repository.text(path).utf8), builtIn: Self.builtIn())
        #expect(faults.isEmpty, "\(faults.map { $0.rendered(path: path) }.joined(separator: "\n"))")
    }

    @Test("config/ holds examples, units, a board and the price book, and nothing else")
    func onlyExamples() {
        let files = Repository.files(in: "config")
        #expect(!files.isEmpty)
        #expect(files.allSatisfy { $0.hasPrefix("config/deploy/") ? $0.hasSuffix(".service") || $0.hasSuffix(".json") : $0.hasSuffix(".yaml") })
    }

    /// Headings of docs/configuration.md and the schema each describes.
    private static let sections: [(heading: String, schema: Schema)] = [
        ("The file", ConfigurationSchema.root),
        ("listen", ConfigurationSchema.listener),
        ("tls", ConfigurationSchema.tls),
        ("log", ConfigurationSchema.log),
        ("books", ConfigurationSchema.books),
        ("bodies", ConfigurationSchema.bodies),
        ("metrics", ConfigurationSchema.metrics),
        ("providers", ConfigurationSchema.provider),
        ("virtual_keys", ConfigurationSchema.virtualKey),
        ("keys", ConfigurationSchema.key),
        ("policies", ConfigurationSchema.policy),
        ("alert_webhooks", ConfigurationSchema.webhook),
        ("exporters", ConfigurationSchema.exporter),
        ("configs", ConfigSchema.config),
        ("strategy", ConfigSchema.strategy),
        ("guardrails", ConfigSchema.hook),
        ("sticky", ConfigSchema.sticky),
        ("retry", ConfigSchema.retry),
        ("cache", ConfigSchema.cache),
        ("cb_config", ConfigSchema.breaker),
        ("hedge", ConfigSchema.hedge),
    ]

    @Test("docs/configuration.md explains every key of the schema, and no other", arguments: sections.map(\.heading))
    func everyKeyIsExplained(heading: String) throws {
        let schema = try #require(Self.sections.first { $0.heading == heading }).schema
        let page = try Repository.text("docs/configuration.md")
        let explained = Markdown.rows(below: heading, of: page).map { Markdown.unquoted($0[0]) }
        let known = schema.keys.filter { if case .notYet = $0.support { false } else { true } }.map(\.name)
        #expect(Set(explained) == Set(known), "missing: \(Set(known).subtracting(explained).sorted()), unknown: \(Set(explained).subtracting(known).sorted())")
        #expect(explained.count == Set(explained).count, "a key is explained twice")
    }

    @Test("docs/configuration.md explains every check and its parameters, and no other")
    func everyCheckIsExplained() throws {
        let rows = Markdown.rows(below: "checks", of: try Repository.text("docs/configuration.md"))
        #expect(rows.map { Markdown.unquoted($0[0]) }.sorted() == CheckName.allCases.map(\.id).sorted())
        for row in rows {
            let name = try #require(CheckName(id: Markdown.unquoted(row[0])))
            for parameter in name.parameters { #expect(row[1].contains("`\(parameter)`"), "\(name.id): \(parameter)") }
        }
    }

    @Test("config/sluice.yaml shows every key of the file's own schema")
    func everyKeyIsShown() throws {
        let example = try Repository.text("config/sluice.yaml")
        let inner = [
            ConfigurationSchema.log, ConfigurationSchema.books, ConfigurationSchema.provider, ConfigurationSchema.key, ConfigurationSchema.webhook,
        ]
        let keys = [ConfigurationSchema.root] + inner
        for key in keys.flatMap(\.keys) where key.name != "api_key" && key.name != "custom_host" {
            #expect(example.contains("\(key.name):"), "\(key.name) is not shown")
        }
    }
}
