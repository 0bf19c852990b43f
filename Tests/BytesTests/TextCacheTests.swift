import Bytes
import Testing

@Suite("Text cache")
struct TextCacheTests {
    private func owned(_ text: String) -> OwnedBytes { Array(text.utf8).withByteSlice { OwnedBytes($0) } }

    private func found(_ text: String, in cache: TextCache<Int>) -> Int? { Array(text.utf8).withByteSlice { cache.value(for: $0) } }

    @Test("a text finds what was inserted for it, and only that")
    func finds() {
        var cache = TextCache<Int>(seed: 1, capacity: 4, textByteCount: 100)
        cache.insert(1, for: owned("one"))
        cache.insert(2, for: owned("two"))
        #expect(found("one", in: cache) == 1)
        #expect(found("two", in: cache) == 2)
        #expect(found("on", in: cache) == nil)
        cache.insert(11, for: owned("one"))
        #expect(found("one", in: cache) == 11)
        #expect(cache.count == 2)
    }

    @Test("a full cache gives up what was not used since it last was full")
    func sweeps() {
        var cache = TextCache<Int>(seed: 1, capacity: 4, textByteCount: 100)
        for number in 0..<4 { cache.insert(number, for: owned("text \(number)")) }
        // All were used, as each is when it is inserted: none can be preferred.
        cache.insert(4, for: owned("text 4"))
        #expect(cache.count == 1)
        for number in 5..<8 { cache.insert(number, for: owned("text \(number)")) }
        cache.insert(8, for: owned("text 8"))
        #expect(cache.count == 1)
        #expect(found("text 8", in: cache) == 8)
    }

    @Test("texts are bounded in bytes: at the edge one more byte makes room")
    func boundsText() {
        var cache = TextCache<Int>(seed: 1, capacity: 100, textByteCount: 8)
        cache.insert(1, for: owned("1234"))
        cache.insert(2, for: owned("5678"))
        #expect(cache.count == 2)
        cache.insert(3, for: owned("9"))
        #expect(found("9", in: cache) == 3)
        #expect(cache.count == 1, "all were used and are more than half of what fits: none can be preferred")
    }
}
