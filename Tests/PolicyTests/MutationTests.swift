import Bytes
import Testing

@Suite("Mutated configs")
struct MutationTests {
    static let valid: [String] = [
        #"{"provider":"openai","api_key":"sk-1","retry":{"attempts":3,"on_status_codes":[429,500]},"request_timeout":1000}"#,
        #"{"strategy":{"mode":"fallback","on_status_codes":[429]},"override_params":{"model":"a","x":{"y":[1,2.5e3,null]}},"targets":[{"provider":"openai","api_key":"k","custom_host":"https://eu.example.com:8443/v1"},{"strategy":{"mode":"single"},"targets":[{"virtual_key":"prod","forward_headers":["X_Foo"]}]}]}"#,
        #"{"override_params":{"model":"@prod/gpt"},"strict_open_ai_compliance":false,"strategy":{"mode":"fallback"},"targets":[{"retry":{"attempts":0}},{"provider":"ollama","custom_host":"http://[::1]:1/"}]}"#,
        #"{"strategy":{"mode":"loadbalance"},"cache":{"mode":"simple"},"targets":[{"provider":"anthropic","weight":0.5,"anthropic_beta":"x"}]}"#,
        #"{"strategy":{"mode":"loadbalance","algorithm":"least_latency","cb_config":{"failure_threshold":3,"cooldown_interval":1000}},"hedge":{"after":"p95","budget":0.05},"targets":[{"provider":"openai","api_key":"k","weight":0.7},{"provider":"groq","credentials":[{"api_key":"a"},{"api_key":"b","weight":0}],"total_timeout":5,"first_token_timeout":3}]}"#,
        #"{"strategy":{"mode":"loadbalance","sticky":{"enabled":true,"hash_fields":["metadata.a","params.provider","headers.b"],"ttl":60}},"targets":[{"provider":"openai","api_key":"k"},{"strategy":{"mode":"loadbalance","algorithm":"prefix_affinity","prefix_bytes":9},"targets":[{"virtual_key":"prod"},{"virtual_key":"prod","weight":1e3}]}]}"#,
        #"{"strategy":{"mode":"conditional","conditions":[{"query":{"$or":[{"params.strategy.mode":"conditional"},{"metadata.x":{"$in":["a",1,null,true],"$ne":2}}],"params.n":{"$gte":1,"$lt":"5x"}},"then":"a"},{"query":{"url.pathname":{"$regex":"^/v[0-9]+(?:/chat)?$"}},"then":"b"}],"default":"b"},"targets":[{"name":"a","virtual_key":"prod"},{"name":"b","virtual_key":"prod","retry":{"attempts":2,"max_wait":9,"budget":false}}]}"#,
    ]

    private static let pieces: [String] = [
        "{", "}", "[", "]", ",", ":", "\"", "null", "true", "-1", "1e999", "\\ud800", "\u{0}", "\u{202E}", "\"targets\":[]", "\"provider\":\"@\"",
        "\"strategy\":{\"mode\":\"fallback\"},", "\"$regex\":\"(a*)*b\",", "\"$or\":[{}],", "\"weight\":1e308,", "\"$and\":[{\"$or\":[{", "http://[::ffff:1.2.3.4", "@prod/", "99999999999999999999",
    ]

    @Test("any of 10,000 mutations is a program or diagnostics, never a crash")
    func mutations() {
        var random = SeededRandom.fromEnvironment()
        print("SLUICE_SEED=\(random.seed)")
        for _ in 0..<10_000 {
            let bytes = MutationTests.mutate(Array((MutationTests.valid.randomElement(using: &random) ?? "").utf8), &random)
            bytes.withByteSlice { PolicyFuzz.fuzzConfiguration($0) }
        }
    }

    @Test("every prefix of a valid config is a program or diagnostics")
    func prefixes() {
        for text in MutationTests.valid.map({ Array($0.utf8) }) {
            for count in 0...text.count { Array(text.prefix(count)).withByteSlice { PolicyFuzz.fuzzConfiguration($0) } }
        }
    }

    static func mutate(_ text: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = text
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: place)
            case 3:
                let end = Int.random(in: place..<bytes.count, using: &random)
                bytes.insert(contentsOf: Array(bytes[place...end]), at: place)
            default:
                let end = Int.random(in: place..<bytes.count, using: &random)
                bytes.removeSubrange(place...end)
            }
        }
        return bytes
    }
}
