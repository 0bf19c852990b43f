import Bytes
@testable import Cache
import Testing

@Suite("Cache, purge")
struct PurgeTests {
    private let cache: ResponseCache

    init() throws { cache = try #require(ResponseCache(byteCapacity: 4 << 20, participants: 1)) }

    /// Two tenants, three namespaces, five models: each together once.
    private func filled() throws -> CacheParticipant {
        let participant = try #require(cache.join())
        for number in 0..<30 as Range<UInt64> {
            let blob = try #require(CacheBlob.text("\(number)"))
            let tags = CacheTags(tenant: number % 2, namespace: number % 3, model: number % 5)
            #expect(participant.insert(blob, for: CacheKey(number: number), tags: tags, storedAt: 0, expiresAt: .max, now: 0) == .stored)
        }
        return participant
    }

    @Test("what is selected is gone and counted, all else is still found", arguments: [
        (CacheSelection(), 30), (CacheSelection(tenant: 1), 15), (CacheSelection(namespace: 2), 10), (CacheSelection(model: 4), 6),
        (CacheSelection(tenant: 0, namespace: 1), 5), (CacheSelection(tenant: 0, namespace: 1, model: 2), 1), (CacheSelection(tenant: 2), 0),
    ])
    func purges(selection: CacheSelection, count: Int) throws {
        let participant = try filled()
        let purge = participant.purge(selection)
        #expect(purge.entryCount == count)
        #expect(purge.byteCount == count * (16 + CacheLimits.entryOverheadByteCount))
        for number in 0..<30 as Range<UInt64> {
            let tags = CacheTags(tenant: number % 2, namespace: number % 3, model: number % 5)
            #expect((participant.lookup(CacheKey(number: number), now: 0) == nil) == selection.matches(tags))
        }
        let statistics = cache.statistics()
        #expect(statistics.entryCount == 30 - count && statistics.purges == UInt64(count))
        participant.quiesce()
    }

    @Test("one key is removed, once")
    func removesOne() throws {
        let participant = try filled()
        #expect(participant.remove(CacheKey(number: 7)))
        #expect(!participant.remove(CacheKey(number: 7)))
        #expect(participant.lookup(CacheKey(number: 7), now: 0) == nil)
        #expect(participant.lookup(CacheKey(number: 8), now: 0) != nil)
        #expect(cache.statistics().purges == 1)
    }

    @Test("what is purged can be stored again")
    func storesAgain() throws {
        let participant = try filled()
        _ = participant.purge(CacheSelection())
        #expect(cache.statistics().byteCount == 0)
        let blob = try #require(CacheBlob.text("again"))
        #expect(participant.insert(blob, for: CacheKey(number: 3), tags: .none, storedAt: 0, expiresAt: .max, now: 0) == .stored)
        #expect(participant.lookup(CacheKey(number: 3), now: 0)?.text == "again")
    }
}
