import Bytes
import Cache
import Glibc
import Synchronization

/// Two that store and two that look up, as fast as they can, over keys that do not all fit; every answer read is checked.
///
/// What a reader sees must be an answer for the key it asked for, whole, not expired, and for a key that one writer alone stores no older
/// than what that writer had stored before the lookup began. It is looked at again at the end of the turn, and a few are kept, with a
/// reference, for many turns. `perf/cache-stress` runs it for an hour under a sanitizer; the tests for a moment.
final class StoreStress: Sendable {
    static let keyCount = 8192
    /// Keys that both writers store; of the others each has every second.
    static let sharedKeyCount = 128
    static let writerCount = 2
    static let readerCount = 2
    /// Ticks of the clock, which each stored answer moves on by one, that an answer lives at most.
    static let longestLife = 40_000

    let cache: ResponseCache
    let seed: UInt64
    // The versions that each key's only writer has begun to store, and has stored. Release and acquire: a reader that has seen the
    // second must not be given an older one.
    private let begun: [LoneVersion]
    private let stored: [LoneVersion]
    private let clock = Atomic<UInt64>(1)
    private let isOver = Atomic<Bool>(false)
    let found = StressFindings()

    init?(seed: UInt64) {
        // Half of the keys' answers do not fit.
        guard let cache = ResponseCache(byteCapacity: 8 << 20, participants: StoreStress.writerCount + StoreStress.readerCount) else { return nil }
        self.cache = cache
        self.seed = seed
        begun = (0..<StoreStress.keyCount).map { _ in LoneVersion() }
        stored = (0..<StoreStress.keyCount).map { _ in LoneVersion() }
    }

    /// Runs for so long, or until there was something of each kind to go wrong, at the `longest`; prints what was done when `isLoud`, every minute as well.
    func run(seconds: Int, longest: Int = 0, isLoud: Bool = false) {
        let threads = (0..<StoreStress.writerCount + StoreStress.readerCount).map { number in
            PlainThread { number < StoreStress.writerCount ? self.write(number) : self.read(number) }
        }
        for second in 1...max(1, seconds, longest) {
            if second > seconds, hasSeenAll { break }
            sleep(1)
            if isLoud, second % 60 == 0 || second == seconds {
                print("\(second) s: \(found.text(cache.statistics()))")
                // Into a pipe too.
                fflush(nil)
            }
            // A finding is not lost among others.
            if found.first != nil { break }
        }
        isOver.store(true, ordering: .releasing)
        for thread in threads { thread.join() }
    }

    /// Whether there was something of each kind to go wrong.
    private var hasSeenAll: Bool {
        let statistics = cache.statistics()
        return statistics.hits > 0 && statistics.evictions > 0 && statistics.expirations > 0
    }

    // MARK: Writers

    private func write(_ number: Int) {
        guard let cache = cache.join() else { return found.note("a writer found no place") }
        var random = SplitMix(seed: SplitMix.mix(seed &+ UInt64(number)))
        var version = UInt64(number)
        while !isOver.load(ordering: .acquiring) {
            for _ in 0..<1 + random.below(24) {
                version += UInt64(StoreStress.writerCount)
                switch random.below(8000) {
                case 0: _ = cache.purge(CacheSelection(namespace: UInt64(random.below(16))))
                case 1..<32: cache.sweepExpired(now: clock.load(ordering: .relaxed))
                case 32..<320: cache.remove(CacheKey(number: UInt64(anyKey(&random))))
                case 320..<1120: store(random.below(StoreStress.sharedKeyCount), version, cache, &random)
                default:
                    // One of its own.
                    let own = random.below((StoreStress.keyCount - StoreStress.sharedKeyCount) / StoreStress.writerCount)
                    store(StoreStress.sharedKeyCount + own * StoreStress.writerCount + number, version, cache, &random)
                }
            }
            found.noteSizes(self.cache.statistics())
            endTurn(cache, &random)
        }
    }

    private func store(_ index: Int, _ version: UInt64, _ cache: CacheParticipant, _ random: inout SplitMix) {
        let key = CacheKey(number: UInt64(index))
        // Most are small; one in 64 is of any length the cache takes, and one now and then longer.
        let byteCount = random.below(64) > 0 ? 32 + random.below(2000) : random.below(self.cache.largestBlobByteCount + 64)
        guard let blob = StressValue(key: key, version: version, byteCount: byteCount).blob else { return found.note("no memory") }
        begun[index].value.store(version, ordering: .releasing)
        let now = clock.wrappingAdd(1, ordering: .relaxed).newValue
        let tags = CacheTags(tenant: UInt64(index % 4), namespace: UInt64(index % 16), model: UInt64(index % 3))
        let expiresAt = now + 1 + UInt64(random.below(StoreStress.longestLife))
        let insertion = cache.insert(blob, for: key, tags: tags, storedAt: now, expiresAt: expiresAt, now: now)
        switch insertion {
        case .stored: stored[index].value.store(version, ordering: .releasing)
        case .tooLarge:
            if blob.bytes.count <= self.cache.largestBlobByteCount { found.note("\(blob.bytes.count) bytes were too large") }
        case .noRoom: found.refused.wrappingAdd(1, ordering: .relaxed)
        case .expired: found.note("an answer expired before it was stored")
        }
    }

    private func anyKey(_ random: inout SplitMix) -> Int { random.below(StoreStress.keyCount) }

    /// Some turns end with a sleep, as a worker's do that finds nothing ready.
    private func endTurn(_ cache: CacheParticipant, _ random: inout SplitMix) {
        switch random.below(32) {
        case 0:
            cache.park()
            usleep(UInt32(random.below(300)))
            cache.unpark()
        case 1..<4:
            cache.park()
            cache.unpark()
        default: cache.quiesce()
        }
    }

    // MARK: Readers

    private struct Borrowed {
        let key: CacheKey
        let hit: CacheHit
    }

    private struct Kept {
        let key: CacheKey
        let blob: CacheBlob
    }

    private func read(_ number: Int) {
        guard let cache = cache.join() else { return found.note("a reader found no place") }
        var random = SplitMix(seed: SplitMix.mix(seed &+ UInt64(number)))
        var kept: [Kept] = []
        while !isOver.load(ordering: .acquiring) {
            var borrowed: [Borrowed] = []
            for _ in 0..<1 + random.below(32) {
                // Squared, so that some are asked for often.
                let index = random.below(1 + anyKey(&random))
                let key = CacheKey(number: UInt64(index))
                guard let hit = look(index, key, cache) else { continue }
                borrowed.append(Borrowed(key: key, hit: hit))
                if random.below(64) == 0 { kept.append(Kept(key: key, blob: hit.blob)) }
            }
            // Others have stored and evicted meanwhile.
            for one in borrowed where StressValue.version(of: one.hit.bytes, for: one.key) == nil { found.note("a borrowed answer changed within the turn") }
            endTurn(cache, &random)
            while kept.count > 32 {
                let old = kept.remove(at: random.below(kept.count))
                if StressValue.version(of: old.blob.bytes, for: old.key) == nil { found.note("a kept answer changed") }
            }
        }
        for old in kept where StressValue.version(of: old.blob.bytes, for: old.key) == nil { found.note("a kept answer changed") }
    }

    private func look(_ index: Int, _ key: CacheKey, _ cache: CacheParticipant) -> CacheHit? {
        found.lookups.wrappingAdd(1, ordering: .relaxed)
        let isOwned = index >= StoreStress.sharedKeyCount
        let least = isOwned ? stored[index].value.load(ordering: .acquiring) : 0
        let now = clock.load(ordering: .relaxed)
        guard let hit = cache.lookup(key, now: now) else { return nil }
        guard let version = StressValue.version(of: hit.bytes, for: key) else {
            found.note("key \(index): \(hit.bytes.count) bytes that are no answer of its")
            return nil
        }
        if isOwned {
            let most = begun[index].value.load(ordering: .acquiring)
            if version < least || version > most { found.note("key \(index): version \(version), not of \(least) to \(most)") }
        }
        if hit.expiresAt <= now { found.note("key \(index): expired at \(hit.expiresAt), found at \(now)") }
        if hit.tags.namespace != UInt64(index % 16) { found.note("key \(index): tags of another") }
        return hit
    }
}

/// A version, shared.
final class LoneVersion: Sendable {
    let value = Atomic<UInt64>(0)
}

/// What a stress has counted, and the first thing that was wrong.
final class StressFindings: Sendable {
    let lookups = Atomic<UInt64>(0)
    let refused = Atomic<UInt64>(0)
    private let mostBytes = Atomic<Int>(0)
    private let mostLimboBytes = Atomic<Int>(0)
    private let faults = Mutex<[String]>([])

    var first: String? { faults.withLock(\.first) }

    func note(_ fault: String) {
        faults.withLock { if $0.count < 10 { $0.append(fault) } }
    }

    /// The capacity holds at every moment, but for answers that are about to be published: one a writer. With what was taken out and is
    /// not yet freed it is a sixteenth more, and for each writer a bucket's answers, since one is evicted as a whole.
    func noteSizes(_ now: CacheStatistics) {
        mostBytes.max(now.byteCount, ordering: .relaxed)
        mostLimboBytes.max(now.limboByteCount, ordering: .relaxed)
        let largest = now.byteCapacity / 64
        if now.byteCount > now.byteCapacity + StoreStress.writerCount * largest { note("\(now.byteCount) bytes of \(now.byteCapacity)") }
        let all = now.byteCount + now.limboByteCount
        if all > now.byteCapacity + now.byteCapacity / 16 + StoreStress.writerCount * 8 * largest {
            note("\(now.byteCount) bytes and \(now.limboByteCount) in limbo of \(now.byteCapacity)")
        }
    }

    func text(_ now: CacheStatistics) -> String {
        """
        \(lookups.load(ordering: .relaxed)) lookups, \(now.hits) hits, \(now.insertions) insertions, \(now.replacements) replacements, \
        \(now.evictions) evictions, \(now.expirations) expired, \(now.purges) purged, \(refused.load(ordering: .relaxed)) found no room; \
        at most \(mostBytes.load(ordering: .relaxed)) B of \(now.byteCapacity), \(mostLimboBytes.load(ordering: .relaxed)) B in limbo; \
        \(faults.withLock { $0.isEmpty ? "nothing wrong" : $0.joined(separator: "; ") })
        """
    }
}
