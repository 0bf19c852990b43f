import Bytes
import Testing

@testable import Providers

@Suite("Gemini, fuzzed")
struct TranslationFuzzGeminiTests {
    private static let seeds = [
        #"{"model":"gemini-3-pro","parts":[{"role":"system","text":"s"},{"text":"q\u00e9"},{"role":"assistant","thinking":"t","signature":"EqQBCgIYAhIM1gbcDa9GJwZA"},{"role":"assistant","call":"f","id":"1","args":"{\"a\":[1]}"},{"result":"1"},{"media":"image","type":"image/png","data":"AA==","inResult":true},{"media":"image","url":"https://x/y.png"}],"tools":[{"name":"f","parameters":{"$ref":"x","definitions":{"a":{"const":1}},"allOf":[{}]}}],"choice":"required","format":{"schema":{"items":{"$ref":"y","type":"z"}}},"reasoning":2048,"given":{"stop":["a"],"seed":99999999999,"n":2,"temperature":1},"extras":["x"]}"#,
        #"{"candidates":[{"content":{"parts":[{"text":"a","thought":true},{"functionCall":{"name":"f","args":{"x":1}},"thoughtSignature":"s"},{"inlineData":{"mimeType":"image/png","data":"AA=="}}]},"finishReason":"STOP","index":1,"safetyRatings":[]},{"index":0}],"promptFeedback":{"blockReason":"OTHER"},"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"totalTokenCount":20,"cachedContentTokenCount":4,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":2}],"toolUsePromptTokenCount":1},"modelVersion":"m","responseId":"r"}"#,
        #"[{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]},{"candidates":[{"content":{"parts":[{"functionCall":{"name":"g"}}]}}]},{"error":{"code":1,"message":"m","status":"S"}}]"#,
        #"{"model":"e","input":["a","b"],"dimensions":3,"encoding_format":"base64","embeddings":[{"values":[0.1,-2e-3,3]}],"totalTokens":3}"#,
    ]

    @Test("no JSON makes the dialect trap, and what it writes is JSON")
    func mutationsNeverTrap() {
        var generator = SeededGenerator("mutated Gemini")
        for round in 0..<3000 {
            var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0x20...0x7E, using: &generator)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(Array(#"{}[]",:\01/."#.utf8).randomElement(using: &generator) ?? 0, at: at)
                default: bytes.replaceSubrange(at..<min(bytes.count, at + 8), with: Array("null".utf8))
                }
                if bytes.isEmpty { bytes = [0x30] }
            }
            bytes.withByteSlice { fuzzGemini($0) }
        }
        // Members at their ends: a value in place of each other one.
        for seed in Self.seeds {
            for value in ["null", "0", "-1", "1e400", #""""#, "[]", "{}", "true", "9223372036854775807"] {
                for word in seed.split(separator: ",") {
                    guard let colon = word.lastIndex(of: ":") else { continue }
                    let changed = seed.replacing(word[colon...], with: ":\(value)", maxReplacements: 1)
                    Array(changed.utf8).withByteSlice { fuzzGemini($0) }
                }
            }
        }
    }
}
