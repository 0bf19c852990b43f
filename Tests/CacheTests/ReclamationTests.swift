import Bytes
@testable import Cache
import Testing

@Suite("Cache, reclamation")
struct ReclamationTests {
    private let cache: ResponseCache

    init() throws { cache = try #require(ResponseCache(byteCapacity: 1 << 20, participants: 3)) }

    private static let key = CacheKey(number: 1)

    /// Stores an answer that is gone as soon as the store lets it go.
    private func store(_ text: String, _ participant: CacheParticipant) throws -> Weak {
        let blob = try #require(CacheBlob.text(text))
        #expect(participant.insert(blob, for: Self.key, tags: .none, storedAt: 0, expiresAt: .max, now: 0) == .stored)
        return Weak(blob)
    }

    private struct Weak {
        weak var blob: CacheBlob?

        init(_ blob: CacheBlob) { self.blob = blob }
    }

    @Test("a borrowed answer outlives its replacement until its reader's turn ends")
    func waitsForReaders() throws {
        let (reader, writer) = (try #require(cache.join()), try #require(cache.join()))
        let old = try store("old", writer)
        let hit = try #require(reader.lookup(Self.key, now: 0))
        _ = try store("new", writer)
        for _ in 0..<3 { writer.quiesce() }
        #expect(hit.text == "old" && old.blob != nil)
        #expect(cache.statistics().limboByteCount > 0)
        reader.quiesce()
        #expect(old.blob != nil, "nobody has looked since")
        writer.quiesce()
        #expect(old.blob == nil)
        #expect(cache.statistics().limboByteCount == 0)
        #expect(reader.lookup(Self.key, now: 0)?.text == "new")
    }

    @Test("what a participant took out itself stays until its own turn ends")
    func waitsForItself() throws {
        let writer = try #require(cache.join())
        let old = try store("old", writer)
        let hit = try #require(writer.lookup(Self.key, now: 0))
        #expect(writer.remove(Self.key))
        #expect(hit.text == "old" && old.blob != nil)
        writer.quiesce()
        #expect(old.blob == nil)
    }

    @Test("a parked participant is waited for by nobody, and finds what is new when it wakes")
    func doesNotWaitForSleepers() throws {
        let (sleeper, writer) = (try #require(cache.join()), try #require(cache.join()))
        let old = try store("old", writer)
        #expect(sleeper.lookup(Self.key, now: 0)?.text == "old")
        sleeper.park()
        _ = try store("new", writer)
        writer.quiesce()
        #expect(old.blob == nil)
        sleeper.unpark()
        #expect(sleeper.lookup(Self.key, now: 0)?.text == "new")
    }

    @Test("one that has woken is waited for again")
    func waitsForTheWoken() throws {
        let (sleeper, writer) = (try #require(cache.join()), try #require(cache.join()))
        let old = try store("old", writer)
        sleeper.park()
        sleeper.unpark()
        let hit = try #require(sleeper.lookup(Self.key, now: 0))
        writer.remove(Self.key)
        writer.quiesce()
        #expect(hit.text == "old" && old.blob != nil)
        sleeper.park()
        writer.quiesce()
        #expect(old.blob == nil)
    }

    @Test("what a participant has not freed when it goes to sleep is freed by another")
    func leavesItToOthers() throws {
        let (reader, writer) = (try #require(cache.join()), try #require(cache.join()))
        let old = try store("old", writer)
        _ = reader.lookup(Self.key, now: 0)
        writer.remove(Self.key)
        #expect(!writer.isParked && !reader.isNeeded)
        writer.park()
        #expect(old.blob != nil)
        // The writer sleeps on, and whoever takes a turn knows that there is something to do.
        #expect(writer.isParked && reader.isNeeded)
        reader.quiesce()
        #expect(old.blob == nil && !reader.isNeeded)
        #expect(cache.statistics().limboByteCount == 0)
    }

    @Test("what one that has left had not freed is freed with the cache at the latest")
    func leavesNothing() throws {
        var own = ResponseCache(byteCapacity: 1 << 20, participants: 2)
        var reader = try #require(own).join()
        var writer = try #require(own).join()
        let old = try store("old", try #require(writer))
        let kept = try store("kept", try #require(writer))
        writer = nil
        #expect(reader != nil && old.blob != nil && kept.blob != nil)
        reader = nil
        own = nil
        #expect(old.blob == nil && kept.blob == nil)
    }

    @Test("a slow writer's own reference outlives eviction, purge and the cache itself")
    func keepsWhatIsHeld() throws {
        var own = ResponseCache(byteCapacity: 1 << 20, participants: 2)
        var held: CacheBlob?
        do {
            let participant = try #require(own?.join())
            _ = try store("held", participant)
            held = try #require(participant.lookup(Self.key, now: 0)).blob
            for number in 100..<3000 as Range<UInt64> {
                let blob = try #require(CacheBlob.filled(1000))
                participant.insert(blob, for: CacheKey(number: number), tags: .none, storedAt: 0, expiresAt: .max, now: 0)
                participant.quiesce()
            }
            _ = participant.purge(CacheSelection())
            participant.quiesce()
            #expect(participant.lookup(Self.key, now: 0) == nil)
        }
        own = nil
        #expect(held.map { String($0.bytes) } == "held")
    }

    @Test("while a reader ends no turn, what is evicted for it waits, up to a sixteenth of the capacity; then nothing is stored")
    func boundsTheLimbo() throws {
        let (reader, writer) = (try #require(cache.join()), try #require(cache.join()))
        var refused = 0
        var mostWaiting = 0
        for number in 0..<3000 as Range<UInt64> {
            let blob = try #require(CacheBlob.filled(1000))
            switch writer.insert(blob, for: CacheKey(number: number), tags: .none, storedAt: 0, expiresAt: .max, now: 0) {
            case .stored: break
            case .noRoom: refused += 1
            case let other: Issue.record("\(other)")
            }
            writer.quiesce()
            mostWaiting = max(mostWaiting, cache.statistics().limboByteCount)
        }
        #expect(refused > 1500)
        // What one bucket held comes on top.
        #expect(mostWaiting > cache.limboCapacity && mostWaiting <= cache.limboCapacity + 7 * (1008 + CacheLimits.entryOverheadByteCount))
        reader.quiesce()
        // A turn frees so many links at most.
        for _ in 0..<10 { writer.quiesce() }
        #expect(cache.statistics().limboByteCount == 0)
        let blob = try #require(CacheBlob.filled(1000))
        #expect(writer.insert(blob, for: CacheKey(number: 9999), tags: .none, storedAt: 0, expiresAt: .max, now: 0) == .stored)
    }

    @Test("one turn frees no more than its share, and none of it is lost")
    func freesInParts() throws {
        let large = try #require(ResponseCache(byteCapacity: 64 << 20, participants: 1))
        let participant = try #require(large.join())
        let blob = try #require(CacheBlob.filled(100))
        for number in 0..<5000 as Range<UInt64> {
            participant.insert(blob, for: CacheKey(number: number), tags: .none, storedAt: 0, expiresAt: .max, now: 0)
        }
        let purge = participant.purge(CacheSelection())
        #expect(purge.entryCount == 5000)
        let all = large.statistics().limboByteCount
        #expect(all == purge.byteCount)
        participant.quiesce()
        let share = CacheLimits.freedLinksPerTurn * CacheLimits.limboLinkEntryCount
        #expect(large.statistics().limboByteCount == all / 5000 * (5000 - share))
        for _ in 0..<5 { participant.quiesce() }
        #expect(large.statistics().limboByteCount == 0)
    }
}
