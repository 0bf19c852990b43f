import Bytes
@testable import Cache
import Testing

/// What a cache is to its users: the last answer stored for a key, until it expires, is removed, or goes to make room.
private struct Model {
    struct Entry {
        let version: UInt64
        let byteCount: Int
        let tags: CacheTags
        let expiresAt: UInt64
    }

    var entries: [Int: Entry] = [:]

    func live(_ index: Int, now: UInt64) -> Entry? { entries[index].flatMap { $0.expiresAt > now ? $0 : nil } }
}

@Suite("Cache, against a model")
struct ModelTests {
    private static let keyCount = 300

    private final class Run {
        let cache: ResponseCache
        let participant: CacheParticipant
        var model = Model()
        var random: SplitMix
        var (now, version): (UInt64, UInt64) = (1, 0)
        let longest: Int

        init?(seed: UInt64, capacity: Int, longest: Int) {
            guard let cache = ResponseCache(capacity: capacity, participants: 1), let participant = cache.join() else { return nil }
            self.cache = cache
            self.participant = participant
            self.longest = longest
            random = SplitMix(seed: seed)
        }

        func store(mayRefuse: Bool) {
            let index = random.below(keyCount)
            let key = CacheKey(number: UInt64(index))
            version += 1
            let value = StressValue(key: key, version: version, byteCount: random.below(longest))
            let tags = CacheTags(tenant: UInt64(random.below(3)), namespace: UInt64(random.below(4)), model: UInt64(random.below(5)))
            let expiresAt = now + UInt64(random.below(2000))
            guard let blob = value.blob else { return }
            switch participant.insert(blob, for: key, tags: tags, storedAt: now, expiresAt: expiresAt, now: now) {
            case .stored: model.entries[index] = Model.Entry(version: version, byteCount: blob.footprint, tags: tags, expiresAt: expiresAt)
            case .expired: #expect(expiresAt == now)
            // What was evicted waits for the end of the turn; what the key had stays.
            case .noRoom where mayRefuse: break
            case let refusal: Issue.record("\(refusal)")
            }
        }

        /// What the cache has for a key must be what the model has; it may have nothing where `mayForget`.
        func look(_ index: Int, mayForget: Bool) {
            let key = CacheKey(number: UInt64(index))
            let expected = model.live(index, now: now)
            guard let hit = participant.lookup(key, now: now) else {
                if expected != nil, !mayForget { Issue.record("key \(index) is missing") }
                model.entries[index] = nil
                return
            }
            guard let version = StressValue.version(of: hit.bytes, for: key), let expected else {
                Issue.record("key \(index): \(hit.bytes.count) bytes that it must not have")
                return
            }
            if version != expected.version || hit.tags != expected.tags || hit.expiresAt != expected.expiresAt {
                Issue.record("key \(index): version \(version), not \(expected.version)")
            }
        }

        func purge(isExact: Bool) {
            let selection = CacheSelection(
                tenant: random.below(2) == 0 ? UInt64(random.below(3)) : nil, namespace: random.below(2) == 0 ? UInt64(random.below(4)) : nil,
                model: UInt64(random.below(5)))
            let purge = participant.purge(selection)
            let gone = model.entries.filter { selection.matches($0.value.tags) }
            if isExact {
                #expect(purge.entryCount == gone.count && purge.byteCount == gone.reduce(0) { $0 + $1.value.byteCount })
            } else {
                #expect(purge.entryCount <= gone.count)
            }
            for index in gone.keys { model.entries[index] = nil }
        }

        func step(isExact: Bool) {
            now += 1
            switch random.below(1000) {
            case 0: purge(isExact: isExact)
            case 1..<21:
                let index = random.below(keyCount)
                let wasThere = participant.remove(CacheKey(number: UInt64(index)))
                if isExact { #expect(wasThere == (model.entries[index] != nil)) }
                model.entries[index] = nil
            case 21..<26:
                // The whole table, so that the model knows what is gone.
                for _ in 0..<CacheLimits.sweepShare { participant.sweepExpired(now: now) }
                model.entries = model.entries.filter { $0.value.expiresAt > now }
            case 26..<40:
                participant.park()
                participant.unpark()
            case 40..<200: participant.quiesce()
            case 200..<500: store(mayRefuse: !isExact)
            default: look(random.below(keyCount), mayForget: !isExact)
            }
        }

        /// Every count adds up to what is there.
        func settle() {
            for _ in 0..<100 { participant.quiesce() }
            let counts = cache.statistics()
            let gone = counts.replacements + counts.evictions + counts.expirations + counts.purges
            #expect(UInt64(counts.entryCount) == counts.insertions - gone)
            #expect(counts.limboByteCount == 0)
            var found = CachePurge()
            for index in 0..<keyCount {
                guard let hit = participant.lookup(CacheKey(number: UInt64(index)), now: 0) else { continue }
                found.entryCount += 1
                found.byteCount += hit.blob.footprint
            }
            #expect(found.entryCount == counts.entryCount && found.byteCount == counts.byteCount)
            let all = participant.purge(CacheSelection())
            #expect(all == found)
        }
    }

    @Test("where all fits, the cache and a dictionary agree on every operation")
    func isExact() throws {
        let run = try #require(Run(seed: freshSeed("cache, exact"), capacity: 4 << 20, longest: 2000))
        for _ in 0..<40_000 { run.step(isExact: true) }
        #expect(run.model.entries.count == run.cache.statistics().entryCount)
        #expect(run.cache.statistics().evictions == 0)
        run.settle()
    }

    @Test("where not all fits, what is found is what the dictionary has, and the counts add up")
    func neverInvents() throws {
        let run = try #require(Run(seed: freshSeed("cache, evicting"), capacity: 128 << 10, longest: 1500))
        for _ in 0..<40_000 {
            run.step(isExact: false)
            let statistics = run.cache.statistics()
            if statistics.byteCount > run.cache.entryCapacity { Issue.record("\(statistics.byteCount) bytes") }
        }
        #expect(run.cache.statistics().evictions > 1000)
        run.settle()
    }

    @Test("where slots are short, what is found is what the dictionary has, and the counts add up")
    func neverInventsInFewBuckets() throws {
        let run = try #require(Run(seed: freshSeed("cache, crowded"), capacity: 64 << 10, longest: 40))
        // 19 buckets of seven for 300 keys: their bytes would fit.
        for _ in 0..<40_000 { run.step(isExact: false) }
        #expect(run.cache.statistics().evictions > 1000)
        run.settle()
    }

    @Test("two that store and two that look up see no torn, freed, foreign or outdated answer")
    func survivesStress() throws {
        let stress = try #require(StoreStress(seed: freshSeed("cache stress")))
        stress.run(seconds: 3, longest: 60)
        #expect(stress.found.first == nil)
        let statistics = stress.cache.statistics()
        print(stress.found.text(statistics))
        #expect(statistics.hits > 0 && statistics.evictions > 0 && statistics.expirations > 0)
    }
}
