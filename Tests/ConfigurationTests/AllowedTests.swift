import Policy
import Testing

@testable import Configuration

@Suite("What keys may be used for")
struct AllowedTests {
    private func read(_ line: String) -> (DeclaredUse?, [String]) {
        let text = "version: 1\nkeys:\n  team:\n    digest: sha256:\(String(repeating: "ab", count: 32))\n    \(line)\n"
        let (configuration, diagnostics) = ConfigurationReader.read(Array(text.utf8), builtIn: [])
        return (configuration?.keys.first?.allowed, diagnostics.map(\.message))
    }

    @Test("the four lists are read")
    func lists() throws {
        let (models, none) = read("allowed_models: [gpt-4o*, o4-mini]")
        #expect(models?.models == ["gpt-4o*", "o4-mini"] && none.isEmpty)
        #expect(read("allowed_providers: [openai, openai-prod]").0?.providers == ["openai", "openai-prod"])
        #expect(read("allowed_endpoints: [/v1/chat/completions]").0?.endpoints == ["/v1/chat/completions"])
        #expect(read("allowed_networks: [10.0.0.0/8, 192.0.2.7]").0?.networks.count == 2)
    }

    @Test(
        "what is no list of names, paths or networks is told",
        arguments: [
            ("allowed_models: gpt-4o", "must be a list"), ("allowed_models: []", "1 to 256"), ("allowed_models: [\"\"]", "neither a name"),
            ("allowed_models: [\"g*o\"]", "neither a name"), ("allowed_models: [7]", "must be text"), ("allowed_endpoints: [v1]", "no path"),
            ("allowed_networks: [10.1.0.0/8]", "no network"), ("allowed_networks: [unix]", "no network"), ("allowed_networks: [10.0.0.0/33]", "no network"),
        ])
    func faults(line: String, told: String) {
        let (_, faults) = read(line)
        #expect(faults.contains { $0.contains(told) }, "\(faults)")
    }

    @Test("a list and an entry of it are as long as the store's, and no longer")
    func bounds() {
        let longest = String(repeating: "m", count: ConfigurationLimits.allowedByteCount)
        #expect(read("allowed_models: [\(longest)]").1.isEmpty)
        #expect(!read("allowed_models: [\(longest)m]").1.isEmpty)
        func names(_ count: Int) -> String { (0..<count).map { "m\($0)" }.joined(separator: ", ") }
        #expect(read("allowed_models: [\(names(ConfigurationLimits.allowedCount))]").1.isEmpty)
        #expect(!read("allowed_models: [\(names(ConfigurationLimits.allowedCount + 1))]").1.isEmpty)
    }

    private func metadata(_ value: String) -> (String?, [String]) {
        let text = "version: 1\nkeys:\n  team:\n    digest: sha256:\(String(repeating: "ab", count: 32))\n    metadata: \(value)\n"
        let (configuration, diagnostics) = ConfigurationReader.read(Array(text.utf8), builtIn: [])
        return (configuration?.keys.first?.metadata, diagnostics.map(\.message))
    }

    @Test("a key's metadata is texts by name, as many and as long as the store's")
    func metadata() {
        #expect(metadata("{team: search, \"a b\": \"\\\"\"}").0 == #"{"team":"search","a b":"\""}"#)
        #expect(metadata("{}").0 == nil && metadata("{}").1.isEmpty)
        #expect(metadata("[team]").1 == ["\"metadata\" must be a mapping, not a list"])
        #expect(metadata("{team: 5}").1 == ["\"team\" must be text, not a number"])
        func pairs(_ count: Int) -> String { "{" + (0..<count).map { "k\($0): v" }.joined(separator: ", ") + "}" }
        #expect(metadata(pairs(ConfigurationLimits.metadataCount)).1.isEmpty)
        #expect(metadata(pairs(ConfigurationLimits.metadataCount + 1)).1 == ["\"metadata\" has 65 pairs; up to 64 are possible"])
        let longest = String(repeating: "m", count: ConfigurationLimits.metadataByteCount)
        #expect(metadata("{\(longest): \(longest)}").1.isEmpty)
        #expect(metadata("{\(longest)m: v}").1.count == 1 && metadata("{k: \(longest)m}").1.count == 1)
        // Fifteen pairs of 132 bytes of JSON, and a comma less: `"k10":"…",`.
        func long(_ last: Int) -> String {
            "{" + (10..<25).map { "k\($0): \(longest.prefix(123))" }.joined(separator: ", ") + ", \(longest.prefix(last)): v}"
        }
        #expect(metadata(long(60)).0?.utf8.count == ConfigurationLimits.metadataTextByteCount && metadata(long(60)).1.isEmpty)
        #expect(metadata(long(61)).1 == ["\"metadata\" has 2049 bytes of JSON; at most 2048 are taken"])
    }
}
