import Bytes
import Testing

@testable import Gateway

@Suite("Names that may be used")
struct NamePatternsTests {
    @Test(
        "a name means itself, and one that ends in * all that begin so",
        arguments: [
            (["gpt-4o"], "gpt-4o", true), (["gpt-4o"], "gpt-4o-mini", false), (["gpt-4o"], "GPT-4o", false), (["gpt-4o*"], "gpt-4o", true),
            (["gpt-4o*"], "gpt-4o-mini", true), (["gpt-4o*"], "gpt-4", false), (["*"], "anything", true), (["*"], "", false), (["a*b"], "axb", false),
            (["a", "b*"], "bc", true), ([], "a", false), (["é*"], "éa", true),
        ])
    func include(patterns: [String], name: String, isMeant: Bool) {
        #expect(Array(name.utf8).withByteSlice { NamePatterns(patterns).include($0) } == isMeant)
    }

    @Test("paths and addresses are restricted only where there is a list")
    func lists() {
        #expect(KeyRestrictions() == nil)
        let models = KeyRestrictions(models: ["a"])
        #expect(models?.allows(path: ByteSlice("/v1/chat/completions")) == true && models?.allows(from: nil) == true)
        let paths = KeyRestrictions(endpoints: ["/v1/embeddings", "/v1/files*"])
        for (path, isAllowed) in [("/v1/embeddings", true), ("/v1/embeddings/", false), ("/v1/files/f-1/content", true), ("/v1/chat/completions", false)] {
            #expect(Array(path.utf8).withByteSlice { paths?.allows(path: $0) } == isAllowed, "\(path)")
        }
    }
}
