import Bytes
import Testing

@Suite("OpenAI dialect, fuzz rounds")
struct OpenAIFuzzTests {
    /// Bodies with each construct of the dialect once.
    static let seeds: [String] = [
        #"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},{"type":"file","file":{"file_id":"f"}},{"type":"input_audio","input_audio":{"data":"A","format":"wav"}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"stream":true,"n":2,"max_tokens":5,"stop":"x"}"#,
        #"{"messages":[{"role":"assistant","content":"t","content_blocks":[{"type":"thinking","thinking":"h","signature":"s"}],"refusal":"no"},{"role":"function","name":"f","content":"r"}],"thinking":{"type":"enabled","budget_tokens":5},"response_format":{"type":"json_schema","json_schema":{"schema":{}}},"tool_choice":"auto"}"#,
        #"{"id":"i","model":"m","choices":[{"index":0,"message":{"content":"a","refusal":"r","reasoning":"h","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}],"annotations":[1]},"logprobs":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2},"citations":[1]}"#,
        #"[{"id":"i","choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}]},{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}]}}]},{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}},{"error":{"message":"m","code":{"a":1}}}]"#,
        #"{"error":{"message":"m","type":"t","param":[1],"code":5}}"#, #"{"detail":[{"loc":["a"],"msg":"m"}]}"#,
    ]
    static let fragments = [
        "null", "true", "-1", "1e9", "99999999999999999999", #""""#, "[]", "{}", #"{"a":1}"#, #""data:;base64,""#, #""\u0000\ud800""#, "128", "\n", #""text""#, #""content":[null]"#,
    ]

    static func mutated(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = Array((seeds.randomElement(using: &random) ?? "").utf8)
        for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: at)
            case 2: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0..<30, using: &random)))
            case 3: bytes.insert(contentsOf: Array(bytes[at..<min(bytes.count, at + 40)]), at: at)
            default: replaceValue(&bytes, after: at, &random)
            }
        }
        return bytes
    }

    /// Puts something else in the place of a value, so that the text stays JSON as a rule.
    private static func replaceValue(_ bytes: inout [UInt8], after start: Int, _ random: inout SeededGenerator) {
        guard let colon = bytes[start...].firstIndex(of: UInt8(ascii: ":")), let end = bytes[colon...].firstIndex(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") })
        else { return }
        bytes.replaceSubrange(colon + 1..<end, with: Array((fragments.randomElement(using: &random) ?? "").utf8))
    }

    @Test("mutated bodies trap nothing, and what is written of them is JSON")
    func rounds() {
        var random = SeededGenerator("OpenAI dialect")
        for seed in Self.seeds { Array(seed.utf8).withByteSlice { fuzzOpenAI($0) } }
        for _ in 0..<4000 { Self.mutated(&random).withByteSlice { fuzzOpenAI($0) } }
    }
}
