import Foundation
import Providers
import Testing

@Suite("DialectsDocument")
struct DialectsDocumentTests {
    @Test("docs/dialects.md is what the code does")
    func documentIsCurrent() throws {
        let text = try DialectsDocument.text()
        if ProcessInfo.processInfo.environment["SLUICE_WRITE_DOCS"] != nil {
            try text.write(to: Repository.root.appending(path: DialectsDocument.path), atomically: true, encoding: .utf8)
        }
        #expect(try Repository.text(DialectsDocument.path) == text, "run SLUICE_WRITE_DOCS=1 swift test --filter DialectsDocument")
    }

    @Test("no feature fails for another reason than that its target has no place for it")
    func everyProbeIsValid() {
        for (features, client, provider) in [
            (DialectsDocument.openAIFeatures, Dialect.openAI, Dialect.anthropic), (DialectsDocument.openAIFeatures, .openAI, .gemini),
            (DialectsDocument.openAIFeatures, .openAI, .bedrock), (DialectsDocument.anthropicFeatures, .anthropic, .openAI),
            (DialectsDocument.anthropicFeatures, .anthropic, .gemini), (DialectsDocument.anthropicFeatures, .anthropic, .bedrock),
        ] {
            for feature in features {
                let verdict = DialectsDocument.verdict(feature, from: client, to: provider)
                #expect(!verdict.hasPrefix("refused:") && verdict != "?", "\(feature.name) from \(client) to \(provider): \(verdict)")
            }
        }
    }

    @Test("no provider is told by its name outside the tables: a dialect is a value")
    func noProviderNames() {
        let names = ["openai", "anthropic", "google", "gemini", "bedrock", "azure-openai", "mistral-ai", "groq", "deepseek"]
        for file in Repository.sources {
            // The rows, the words of the file's schema, and the executable's choice of rows for them.
            if ["ProviderTable+Rows.swift", "ConfigSchema.swift", "SnapshotBuilder.swift", "ServePlan.swift"].contains(where: { file.path.hasSuffix($0) }) { continue }
            for line in file.text.split(separator: "\n") where line.contains("==") || line.contains("case \"") {
                for name in names {
                    #expect(!line.contains("== \"\(name)\"") && !line.contains("case \"\(name)\""), "\(file.path): \(line)")
                }
            }
        }
    }
}
