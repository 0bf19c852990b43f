import Bytes
import Glibc
import Guardrails
import Testing

@Suite("Guardrails on hostile bytes")
struct FuzzTests {
    private static let seeds = [
        GuardrailsFuzz.everyCheck,
        #"[{"role":"user","content":[{"type":"text","text":"a {\"a\":1,\"b\":2} ```sql\nx\n``` é😀."}]}]"#,
        #"{"choices":[{"message":{"content":"A. B! C?"}},{"message":{"content":null}},{"text":"t"}],"content":[{"text":"x"}],"output":[{"type":"message","content":[{"text":"o"}]}]}"#,
        #"{"a":1,"supported_endpoints":["embed"],"blocked_endpoints":"a, chatComplete"}"#,
        "```sql\n{\"a\":{\"b\":[{}]}}\n``` {{{{\"a\":[",
    ]

    @Test("mutations of guardrails, requests, answers and texts break no invariant")
    func mutations() {
        let seed = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...UInt64(UInt32.max))
        print("guardrails: seed \(seed)")
        var state = seed | 1
        func next(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let marks = Array("{}[]\":,\\`ant0e\n\u{00}\u{C3}\u{E2}".utf8)
        for text in Self.seeds {
            Array(text.utf8).withByteSlice { GuardrailsFuzz.fuzzGuardrails($0) }
            for _ in 0..<120 {
                var bytes = Array(text.utf8)
                for _ in 0..<1 + next(3) where !bytes.isEmpty {
                    let at = next(bytes.count)
                    switch next(4) {
                    case 0: bytes.remove(at: at)
                    case 1: bytes.insert(marks[next(marks.count)], at: at)
                    case 2: bytes[at] = UInt8(next(256))
                    default: bytes.removeLast(bytes.count - at)
                    }
                }
                bytes.withByteSlice { GuardrailsFuzz.fuzzGuardrails($0) }
            }
        }
    }
}
