import Bytes
import Testing

@testable import Cache

@Suite("Cache key fuzz rounds")
struct CacheFuzzTests {
    @Test(
        "what the fuzzer asks of any body holds for these",
        arguments: [
            "", "{}", "[]", #"{"a":1}"#, #"{"stream":true,"a":7,"stream_options":{"include_usage":true}}"#, #"{"a":1,"a":2}"#, #"{"a":{"b":[1,"2",null,true,false]}}"#,
            #"{"\u0061":"\ud83d\ude00","b":"\/"}"#, #"{"messages":[{"role":"user","content":"x"}],"temperature":0.7}"#,
        ])
    func examples(text: String) { Array(text.utf8).withByteSlice { fuzzCacheKey($0) } }

    @Test("and for 2,000 made up, and as many of them with a byte changed")
    func rounds() {
        var random = CacheKeyTests.SeededRandom("cache key fuzz rounds")
        for _ in 0..<2000 {
            var text = JSONSample.body(&random).text(&random)
            text.withByteSlice { fuzzCacheKey($0) }
            if let index = text.indices.randomElement(using: &random) { text[index] = UInt8.random(in: 0...255, using: &random) }
            text.withByteSlice { fuzzCacheKey($0) }
        }
    }
}
