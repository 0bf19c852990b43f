import Bytes
@testable import Cache
import Synchronization
import Testing

@Suite("Cache, one participant")
struct StoreTests {
    private let cache: ResponseCache

    init() throws { cache = try #require(ResponseCache(byteCapacity: 1 << 20, participants: 2)) }

    private func store(_ text: String, _ number: UInt64, expiresAt: UInt64 = .max, _ participant: CacheParticipant) throws -> CacheInsertion {
        let blob = try #require(CacheBlob.text(text))
        return participant.insert(blob, for: CacheKey(number: number), tags: .none, storedAt: 10, expiresAt: expiresAt, now: 10)
    }

    @Test("what was stored is found by its key, with its times, and by no other key")
    func finds() throws {
        let participant = try #require(cache.join())
        #expect(try store("one", 1, expiresAt: 99, participant) == .stored)
        let hit = try #require(participant.lookup(CacheKey(number: 1), now: 11))
        #expect(hit.text == "one")
        #expect(hit.storedAt == 10 && hit.expiresAt == 99)
        #expect(participant.lookup(CacheKey(number: 2), now: 11) == nil)
        let statistics = cache.statistics()
        #expect(statistics.hits == 1 && statistics.misses == 1 && statistics.insertions == 1 && statistics.entryCount == 1)
    }

    @Test("two keys of the same buckets and the same tag are told apart")
    func comparesWholeKeys() throws {
        let participant = try #require(cache.join())
        // Buckets are chosen by upper bits, the tag is of the lowest sixteen of the upper half.
        let keys = (0..<4 as Range<UInt64>).map { CacheKey(low: 5 << 60 | $0, high: 9 << 60 | 77 | $0 << 20) }
        for (index, key) in keys.enumerated() {
            let blob = try #require(CacheBlob.text("\(index)"))
            participant.insert(blob, for: key, tags: .none, storedAt: 0, expiresAt: .max, now: 0)
        }
        for (index, key) in keys.enumerated() { #expect(participant.lookup(key, now: 0)?.text == "\(index)") }
        #expect(participant.lookup(CacheKey(low: keys[0].low, high: keys[1].high), now: 0) == nil)
    }

    @Test("an answer to the same key takes the place of the one before")
    func replaces() throws {
        let participant = try #require(cache.join())
        #expect(try store("one", 1, participant) == .stored)
        #expect(try store("another", 1, participant) == .stored)
        #expect(participant.lookup(CacheKey(number: 1), now: 11)?.text == "another")
        let statistics = cache.statistics()
        #expect(statistics.entryCount == 1 && statistics.replacements == 1)
        #expect(statistics.byteCount == 16 + CacheLimits.entryOverheadByteCount)
    }

    @Test("an answer is found until the moment it expires, and then is gone")
    func expires() throws {
        let participant = try #require(cache.join())
        #expect(try store("one", 1, expiresAt: 100, participant) == .stored)
        #expect(participant.lookup(CacheKey(number: 1), now: 99) != nil)
        #expect(participant.lookup(CacheKey(number: 1), now: 100) == nil)
        let statistics = cache.statistics()
        #expect(statistics.expirations == 1 && statistics.entryCount == 0 && statistics.byteCount == 0)
        // It was taken out, not only passed over.
        #expect(participant.lookup(CacheKey(number: 1), now: 99) == nil)
    }

    @Test("what has expired already is not stored")
    func refusesExpired() throws {
        let participant = try #require(cache.join())
        #expect(try store("one", 1, expiresAt: 10, participant) == .expired)
        #expect(try store("one", 1, expiresAt: 11, participant) == .stored)
    }

    @Test("64 sweeps see the whole table, and drop what has expired and nothing else")
    func sweeps() throws {
        let participant = try #require(cache.join())
        for number in 0..<200 as Range<UInt64> {
            #expect(try store("x", number, expiresAt: number % 2 == 0 ? 50 : 51, participant) == .stored)
        }
        for _ in 0..<CacheLimits.sweepShare { participant.sweepExpired(now: 50) }
        let statistics = cache.statistics()
        #expect(statistics.entryCount == 100 && statistics.expirations == 100)
        for number in 0..<200 as Range<UInt64> { #expect((participant.lookup(CacheKey(number: number), now: 50) != nil) == (number % 2 == 1)) }
    }

    @Test("an answer as long as the share of the capacity is stored, one byte more is refused")
    func refusesTheTooLarge() throws {
        let participant = try #require(cache.join())
        let largest = cache.largestBlobByteCount
        #expect(largest == (1 << 20) / 64 - CacheLimits.entryOverheadByteCount)
        for (byteCount, insertion) in [(largest, CacheInsertion.stored), (largest + 1, .tooLarge)] {
            let blob = try #require(CacheBlob.filled(byteCount))
            #expect(participant.insert(blob, for: CacheKey(number: 1), tags: .none, storedAt: 0, expiresAt: .max, now: 0) == insertion)
        }
        #expect(participant.lookup(CacheKey(number: 1), now: 0)?.bytes.count == largest)
        #expect(cache.statistics().refusals == 1)
    }

    @Test("an empty answer is an answer")
    func storesNothing() throws {
        let participant = try #require(cache.join())
        #expect(try store("", 1, participant) == .stored)
        #expect(participant.lookup(CacheKey(number: 1), now: 11)?.bytes.count == 0)
    }

    @Test("all that is stored never takes more than the capacity, the table included, whatever its size", arguments: [1, 3000, 16_000])
    func neverPassesTheCapacity(byteCount: Int) throws {
        let participant = try #require(cache.join())
        for number in 0..<20_000 as Range<UInt64> {
            let blob = try #require(CacheBlob.filled(byteCount))
            let insertion = participant.insert(blob, for: CacheKey(number: number), tags: .none, storedAt: number, expiresAt: .max, now: number)
            #expect(insertion == .stored)
            let statistics = cache.statistics()
            if statistics.byteCount + cache.table.byteCount > 1 << 20 { Issue.record("\(statistics.byteCount) bytes after \(number)") }
            participant.quiesce()
        }
        let statistics = cache.statistics()
        #expect(statistics.entryCount + Int(statistics.evictions) == 20_000)
        // As full as it can be: of small answers, as many as there are slots; of others, all but one bucket's fit the bytes.
        let isFull = statistics.byteCount > cache.entryCapacity - 8 * (byteCount + CacheLimits.entryOverheadByteCount)
        #expect(isFull || statistics.entryCount > cache.table.bucketCount * CacheLimits.slotsPerBucket * 9 / 10)
        #expect(statistics.evictedAgeNanoseconds > 0)
    }

    @Test("what is asked for again outlives what is not")
    func keepsTheWarm() throws {
        let participant = try #require(cache.join())
        for number in 0..<10_000 as Range<UInt64> {
            let blob = try #require(CacheBlob.filled(1000))
            participant.insert(blob, for: CacheKey(number: number), tags: .none, storedAt: 0, expiresAt: .max, now: 0)
            for warm in 0..<10 as Range<UInt64> { _ = participant.lookup(CacheKey(number: warm), now: 0) }
            participant.quiesce()
        }
        for warm in 0..<10 as Range<UInt64> { #expect(participant.lookup(CacheKey(number: warm), now: 0) != nil) }
    }

    @Test("hits are counted by the answer's age", arguments: [
        (UInt64(0), 0), (999_999_999, 0), (1_000_000_000, 1), (10_000_000_000, 2), (59_999_999_999, 2), (60_000_000_000, 3),
        (600_000_000_000, 4), (3_600_000_000_000, 5), (86_399_999_999_999, 5), (86_400_000_000_000, 6),
    ])
    func countsAges(age: UInt64, place: Int) throws {
        let participant = try #require(cache.join())
        #expect(try store("one", 1, participant) == .stored)
        #expect(participant.lookup(CacheKey(number: 1), now: 10 + age) != nil)
        let ages = cache.statistics().hitAges
        #expect(ages.count == CacheStatistics.ageEdgesSeconds.count + 1)
        #expect(ages.enumerated().allSatisfy { $0.element == ($0.offset == place ? 1 : 0) })
    }

    @Test("as many may join at a time as were announced, and a place that is left can be had again")
    func joins() throws {
        let first = cache.join()
        var second = cache.join()
        #expect(first != nil && second != nil)
        #expect(cache.join() == nil)
        second = nil
        #expect(cache.join() != nil)
    }

    @Test("a slot is as warm as three hits make it, and no warmer")
    func warmsToALimit() throws {
        let table = try #require(CacheTable(bucketCount: 1))
        defer { table.free() }
        for hits in 1...5 {
            table[0].pointee.warm(6)
            #expect(table[0].pointee.heats[6].load(ordering: .relaxed) == min(hits, 3))
        }
        #expect(table[0].pointee.heats[5].load(ordering: .relaxed) == 0)
    }

    @Test("a capacity under the least is raised to it")
    func raisesTheCapacity() throws {
        let least = CacheLimits.smallestByteCapacity
        for (asked, given) in [(0, least), (least - 1, least), (least + 1, least + 1)] {
            #expect(ResponseCache(byteCapacity: asked, participants: 1)?.byteCapacity == given)
        }
    }

    @Test("a table of less than a bucket's slots still holds an answer")
    func worksWhenTiny() throws {
        let tiny = try #require(ResponseCache(capacity: 16 << 10, participants: 1))
        let participant = try #require(tiny.join())
        let blob = try #require(CacheBlob.filled(tiny.largestBlobByteCount))
        for number in 0..<1000 as Range<UInt64> {
            #expect(participant.insert(blob, for: CacheKey(number: number), tags: .none, storedAt: 0, expiresAt: .max, now: 0) == .stored)
            #expect(participant.lookup(CacheKey(number: number), now: 0) != nil)
            participant.quiesce()
        }
    }
}
