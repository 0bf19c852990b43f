import Bytes
import Testing

@Suite("Anthropic's dialect under any bytes")
struct AnthropicFuzzTests {
    private static let request = #"""
        {"model":"claude-sonnet-4-5","max_tokens":2000,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},{"type":"document","title":"t","source":{"type":"text","data":"x"}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"i","name":"n","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"i","content":[{"type":"text","text":"r"}],"is_error":true}]}],"tools":[{"name":"n","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"},"thinking":{"type":"enabled","budget_tokens":1024},"output_config":{"effort":"max","format":{"type":"json_schema","schema":{}}},"temperature":1.5e0,"top_p":0.96,"stop_sequences":["x"," "],"metadata":{"user_id":"u"},"service_tier":"auto"}
        """#

    @Test("no bytes make a reader or writer trap, and what is written is JSON")
    func mutatedTexts() throws {
        var seeds = [Self.request]
        for name in ["tool-message.json", "thinking-message.json"] { seeds.append(try anthropicFixture(name)) }
        for name in ["tool-stream.sse", "thinking-stream.sse", "search-stream.sse", "error-stream.sse"] {
            seeds.append(events(of: try anthropicFixture(name)).map(\.data).joined(separator: "\n"))
        }
        // Put in place of a token: what a peer that errs or means harm would send.
        let tokens = [
            "null", "0", "-1", "1e999", "9223372036854775808", "0.5", "\"\"", "\"\\ud800\"", "{}", "[]", "[{}]", "true", "\"text\"", "\"tool_use\"", "\"user\"",
            "\"\\n\"", "\"type\"", "\"content\"", "\"claude-opus-5\"",
        ].map { Array($0.utf8) }
        var random = SeededGenerator("Anthropic's dialect")
        for seed in seeds { withBytes(seed) { fuzzAnthropic($0) } }
        for _ in 0..<3000 {
            var text = Array((seeds.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<text.count, using: &random)
                if Int.random(in: 0..<8, using: &random) == 0 {
                    text[at] = UInt8.random(in: 0...255, using: &random)
                } else if let range = Self.token(in: text, around: at) {
                    text.replaceSubrange(range, with: tokens.randomElement(using: &random) ?? [])
                }
            }
            text.withByteSlice { fuzzAnthropic($0) }
        }
    }

    /// The string or other scalar that `index` is in.
    private static func token(in text: [UInt8], around index: Int) -> Range<Int>? {
        let ends = Set("\"{}[],:\n".utf8)
        var lower = index
        while lower > 0, !ends.contains(text[lower - 1]) { lower -= 1 }
        var upper = index
        while upper < text.count, !ends.contains(text[upper]) { upper += 1 }
        guard lower < upper else { return nil }
        if lower > 0, upper < text.count, text[lower - 1] == UInt8(ascii: "\""), text[upper] == UInt8(ascii: "\"") { return lower - 1..<upper + 1 }
        return lower..<upper
    }
}
