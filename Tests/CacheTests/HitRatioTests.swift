import Bytes
@testable import Cache
import Testing

@Suite("Cache, hit ratio")
struct HitRatioTests {
    static let objectCount = 5000
    static let requestCount = 60_000

    static let traces: [Trace] = [
        .zipf(0.7, objectCount: objectCount, count: requestCount, seed: 7),
        .zipf(0.9, objectCount: objectCount, count: requestCount, seed: 9),
        .zipf(1.1, objectCount: objectCount, count: requestCount, seed: 11),
        .scanned(objectCount: objectCount, count: requestCount, seed: 13),
    ]

    private static let drifting = Trace.drifting(objectCount: objectCount, count: requestCount, seed: 15)

    /// Hits of all requests, when each that misses is answered and stored.
    private func hitRatio(of trace: Trace, byteCapacity: Int) throws -> Double {
        let cache = try #require(ResponseCache(capacity: byteCapacity, participants: 1))
        let participant = try #require(cache.join())
        let filler = [UInt8](repeating: 0x20, count: 1 << 16)
        var hits = 0
        for (index, object) in trace.requests.enumerated() {
            let (key, now) = (CacheKey(number: UInt64(object)), UInt64(index))
            if participant.lookup(key, now: now) != nil {
                hits += 1
            } else {
                let blob = try #require(filler.withByteSlice { CacheBlob($0.prefix(Trace.byteCount(of: object))) })
                let insertion = participant.insert(blob, for: key, tags: .none, storedAt: now, expiresAt: .max, now: now)
                if insertion != .stored { Issue.record("\(insertion)") }
            }
            participant.quiesce()
        }
        #expect(cache.statistics().byteCount <= byteCapacity)
        return Double(hits) / Double(trace.requests.count)
    }

    /// The same of exact LRU, which may fill the table's bytes as well, and is charged the same for an answer.
    private func exactHitRatio(of trace: Trace, byteCapacity: Int) -> Double {
        var cache = ExactLRU(byteCapacity: byteCapacity)
        var hits = 0
        for object in trace.requests
        where cache.use(object, byteCount: (Trace.byteCount(of: object) + 15) & ~15 + CacheLimits.entryOverheadByteCount) { hits += 1 }
        return Double(hits) / Double(trace.requests.count)
    }

    private func compare(_ trace: Trace, percent: Int) throws -> (ours: Double, exact: Double) {
        let all = (0..<Self.objectCount).reduce(0) { $0 + Trace.byteCount(of: $1) }
        let byteCapacity = all * percent / 100
        let (ours, exact) = (try hitRatio(of: trace, byteCapacity: byteCapacity), exactHitRatio(of: trace, byteCapacity: byteCapacity))
        print("\(trace.name), room for \(percent) %: \(ours.percentText) hits, exact LRU \(exact.percentText)")
        return (ours, exact)
    }

    @Test("as many hits as exact LRU of the same bytes has, or at most one in a hundred fewer", arguments: traces.indices, [5, 10, 30])
    func asGoodAsLRU(trace index: Int, percent: Int) throws {
        let (ours, exact) = try compare(Self.traces[index], percent: percent)
        #expect(ours >= exact - 0.01)
    }

    @Test("where what is asked for changes all the time, which is LRU's own ground, at most three in a hundred fewer", arguments: [5, 10, 30])
    func followsDrift(percent: Int) throws {
        let (ours, exact) = try compare(Self.drifting, percent: percent)
        #expect(ours >= exact - 0.03)
    }
}

extension Double {
    fileprivate var percentText: String {
        let tenths = Int((self * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
