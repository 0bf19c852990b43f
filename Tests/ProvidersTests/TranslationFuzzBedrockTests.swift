import Bytes
import Testing

@testable import Providers

@Suite("Bedrock, fuzzed")
struct TranslationFuzzBedrockTests {
    private static let seeds = [
        #"{"model":"us.anthropic.claude-sonnet-4-5-v1:0","parts":[{"role":"system","text":"s","cache":{"ttl":"1h"}},{"text":"q\u00e9","cache":{}},{"role":"assistant","thinking":"t","signature":"c2ln"},{"role":"assistant","redacted":"AA=="},{"role":"assistant","call":"f","id":"1","args":"{\"a\":[1]}"},{"result":"1","error":true},{"media":"image","type":"image/png","data":"AA==","inResult":true},{"media":"document","url":"s3://x/y.pdf","title":"a  b\u00e9.pdf"}],"tools":[{"name":"f","parameters":{"type":"object"},"strict":true,"cache":{}}],"choice":"required","format":{"schema":{"items":{"type":"z"}}},"reasoning":2048,"given":{"stop":["a"," "],"seed":9,"n":2,"temperature":1.5,"top_k":3,"max_tokens":9000},"extras":["x"]}"#,
        #"{"model":"amazon.nova-2-lite-v1:0","parts":[{"media":"document","content":"x"}],"reasoning":"high","given":{"max_tokens":3,"top_k":1,"service_tier":"flex"},"choice":"none","tools":[{"name":"f"}]}"#,
        #"{"output":{"message":{"content":[{"text":"a"},{"toolUse":{"toolUseId":"1","name":"f","input":{"x":1}}},{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"image":{"format":"png","source":{"bytes":"AA=="}}},{"citationsContent":{"content":[{"text":"c"}],"citations":[{}]}}]}},"stopReason":"tool_use","usage":{"inputTokens":9,"outputTokens":3,"totalTokens":20,"cacheReadInputTokens":4,"cacheWriteInputTokens":5,"cacheDetails":[{"ttl":"1h","inputTokens":2}]}}"#,
        #"[{"messageStart":{"role":"assistant"}},{"contentBlockStart":{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"1","name":"f"}}}},{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}},{"contentBlockDelta":{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"AA=="}}}},{"messageStop":{"stopReason":"end_turn","additionalModelResponseFields":{"stop_sequence":"x"}}},{"metadata":{"usage":{"inputTokens":1},"trace":{}}}]"#,
        #"{"message":"slow \"down\"","__type":"x","Message":"y"}"#,
    ]

    @Test("no JSON makes the dialect trap, and what it writes is JSON")
    func mutationsNeverTrap() {
        var generator = SeededGenerator("mutated Bedrock")
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
            bytes.withByteSlice { fuzzBedrock($0) }
        }
        // Members at their ends: a value in place of each other one.
        for seed in Self.seeds {
            for value in ["null", "0", "-1", "1e400", #""""#, "[]", "{}", "true", "9223372036854775807"] {
                for word in seed.split(separator: ",") {
                    guard let colon = word.lastIndex(of: ":") else { continue }
                    Array(seed.replacing(word[colon...], with: ":\(value)", maxReplacements: 1).utf8).withByteSlice { fuzzBedrock($0) }
                }
            }
        }
    }
}
