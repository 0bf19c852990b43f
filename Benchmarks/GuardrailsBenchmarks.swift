import Bytes
import Guardrails
import JSON
import Policy

/// What guardrails cost a request: its text taken out of the body, judged, and the results written.
var guardrailsBenchmarks: [Benchmark] {
    let words = (0..<30).map { "\"forbidden phrase \($0)\"" }.joined(separator: ",")
    let thirtyWords = "[{\"contains\":{\"words\":[\(words)],\"operator\":\"none\"},\"deny\":true}]"
    let pattern = #"[{"regexMatch":{"rule":"\\b\\d{3}-\\d{2}-\\d{4}\\b","not":true},"deny":true}]"#
    return [
        judging("guardrails/30 words, prompt of 2 KB", thirtyWords, byteCount: 2 << 10),
        judging("guardrails/30 words, prompt of 50 KB", thirtyWords, byteCount: 50 << 10),
        judging("guardrails/a pattern, prompt of 2 KB", pattern, byteCount: 2 << 10),
        judging("guardrails/a pattern, prompt of 50 KB", pattern, byteCount: 50 << 10),
    ]
}

private func judging(_ name: String, _ guardrails: String, byteCount: Int) -> Benchmark {
    let hooks = Array(guardrails.utf8).withByteSlice { HookSet((try? PolicyCompiler.hooks(header: $0, named: "x-benchmark", .input)) ?? []) }
    precondition(!hooks.hooks.isEmpty, "the benchmark's guardrails compile")
    let sentence = "The quick brown fox jumps over the lazy dog; call 555-12-34.\\n"
    let text = String(repeating: sentence, count: byteCount / sentence.utf8.count)
    let body = Array(#"{"model":"gpt-4o","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"\#(text)"}]}"#.utf8)
    return Benchmark(name: name) { count in
        var sum: UInt64 = 0
        let bench = Workbench()
        var report: [UInt8] = []
        body.withByteSlice { bytes in
            for _ in 0..<count {
                let messages = try? JSONView(objectIn: bytes)?.soleChild("messages")
                guard (try? bench.texts.read(messages, at: .messages)) != nil else { return }
                report.removeAll(keepingCapacity: true)
                let outcome = hooks.run(CheckSubject(), on: bench, createdAt: ByteSlice("2026-01-31T12:00:00.000Z"), clock: { 0 }, into: &report)
                sum &+= UInt64(report.count) &+ (outcome.isDenied ? 1 : 0)
            }
        }
        return sum
    }
}
