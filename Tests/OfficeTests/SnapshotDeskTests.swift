import Bytes
import Foundation
import Gateway
import Ledger
import Policy
import Synchronization
import Testing
@testable import Office
@testable import Store

@Suite("Snapshots of file and store")
struct SnapshotDeskTests {
    private let world: World
    private let told = Told()
    private let adopted = Number()

    init() throws { world = try World() }

    /// What several threads read and write.
    private final class Number: Sendable {
        private let value = Atomic<Int64>(0)
        var now: Int64 { value.load(ordering: .relaxed) }
        func set(_ to: Int64) { value.store(to, ordering: .relaxed) }
        func add() { value.wrappingAdd(1, ordering: .relaxed) }
    }

    private func desk(clock: @escaping @Sendable () -> Int64 = SnapshotDesk.now) throws -> SnapshotDesk {
        let (told, adopted) = (told, adopted)
        let desk = SnapshotDesk(world.declared, try world.stored(), pepper: world.store.pepper, clock: clock) { told.note($0) }
        _ = desk.first()
        desk.serve { _ in adopted.add() }
        return desk
    }

    private func watch(_ desk: SnapshotDesk) throws -> StoreWatch {
        let told = told
        return StoreWatch(world.store, desk, first: try world.stored(), rules: SecretReferenceRules()) { told.note($0) }
    }

    /// How many snapshots were adopted.
    private var count: Int64 { adopted.now }

    @Test("whichever is read again, the file or the store, one snapshot of both is adopted; a fault is told once, until it is mended")
    func both() throws {
        try world.virtualKey("team")
        let desk = try desk()
        desk.take(world.declared)
        desk.take(try world.stored())
        #expect(count == 2 && told.all == [])
        // Now the file has a virtual key of that name.
        desk.take(try World.declaring(virtualKeys: ["team"]))
        desk.take(try world.stored())
        #expect(count == 4 && told.all.count == 1 && told.all[0].contains("\"team\""))
        desk.take(world.declared)
        desk.take(try World.declaring(virtualKeys: ["team"]))
        #expect(told.all.count == 2)
    }

    @Test("the store is read where it has changed, and not where it has not")
    func catchingUp() throws {
        let watch = try watch(desk())
        let first = try watch.catchUp()
        #expect(count == 0)
        _ = try world.issue("new")
        #expect(try watch.catchUp() > first && count == 1)
        try watch.catchUp()
        #expect(count == 1)
        try watch.reload()
        #expect(count == 2)
    }

    @Test("who changes something is answered when every worker serves by it, and who reads waits for nobody")
    func seeing() throws {
        let watch = try watch(desk())
        let asked = Number()
        func every(_ back: @escaping @Sendable () -> Void) {
            asked.add()
            #expect(count == 1)
            back()
        }
        #expect(watch.seeing({ 1 }, everyWorker: every) == 1)
        #expect(asked.now == 0)
        _ = try watch.seeing({ Result { try world.issue("new") } }, everyWorker: every).get()
        #expect(asked.now == 1)
    }

    @Test("a worker that never turns again holds an answer up for a time, and no longer")
    func leftWorker() throws {
        let watch = try watch(desk())
        let issued = watch.seeing({ Result { try world.issue("new") } }) { _ in }
        #expect(throws: Never.self) { try issued.get() }
    }

    @Test("when something expires, a snapshot is made by the clock alone")
    func clock() throws {
        let until = SnapshotDesk.now() + 5000
        try world.virtualKey("late") { $0.expiresAt = until }
        let clock = Number()
        clock.set(until - 1)
        let desk = try desk { clock.now }
        desk.lookAtTheClock()
        #expect(count == 0)
        clock.set(until)
        desk.lookAtTheClock()
        desk.lookAtTheClock()
        #expect(count == 1)
    }

    @Test("a change that another process has made is adopted by the thread that watches")
    func anotherProcess() throws {
        let desk = try desk()
        let watch = try watch(desk)
        let thread = Thread { watch.run() }
        thread.start()
        let other = try SQLiteStore.open(in: world.folder, keyring: .file(world.folder + "/keyring"))
        defer { other.close() }
        var key = APIKey()
        key.head.organisationID = world.organisation
        key.name = "from elsewhere"
        _ = try other.issue(key, secret: nil, by: .system)
        for _ in 0..<2000 where count == 0 { usleep(5000) }
        #expect(count == 1)
        #expect(watch.stop())
    }

    @Test("when a key was last used is written down, at the latest when the watch ends, and is no change of the store")
    func uses() throws {
        let issued = try world.issue("used")
        let watch = try watch(desk())
        let thread = Thread { watch.run() }
        thread.start()
        watch.noteUse(key: issued.key.id, at: 1_800_000_000_000)
        watch.noteUse(key: issued.key.id, at: 1_700_000_000_000)
        let before = try world.store.generation()
        #expect(watch.stop())
        let key = try world.store.find(APIKey.self, issued.key.id, in: Scope(organisationID: world.organisation))
        #expect(key.lastUsedAt == 1_800_000_000_000)
        #expect(try world.store.generation() == before)
    }

    @Test("programs are compiled once, and anew when the names they were compiled for are others")
    func programs() throws {
        try world.virtualKey("mine")
        _ = try world.config("pc-a", #"{"virtual_key":"mine"}"#)
        var shelf = ProgramShelf()
        func program(_ edition: UInt64) throws -> Program? {
            let merge = SnapshotMerge(world.declared, try world.stored(), pepper: world.store.pepper, now: 0, edition: edition, &shelf)
            return merge.parts.configs.first
        }
        let first = try program(1)
        _ = try world.issue("other")
        #expect(try program(1) === first)
        try world.virtualKey("another")
        let second = try program(1)
        #expect(second !== first)
        #expect(try program(2) !== second)
    }

    // MARK: The first key

    @Test("a new store gets one key, and a store that has had one gets none")
    func firstKey() throws {
        let issued = try #require(try FirstKey.provide(world.store, given: nil))
        #expect(issued.key.scopes == ["admin"] && issued.key.workspaceID == nil)
        #expect(try FirstKey.provide(world.store, given: nil) == nil)
        try world.store.delete(APIKey.self, issued.key.id, in: Scope(organisationID: world.organisation), at: nil, by: .system)
        #expect(try FirstKey.provide(world.store, given: nil) == nil)
    }

    @Test("a key that is brought along is made once; a short one is refused")
    func givenKey() throws {
        let secret = try GatewayKey.generate()
        #expect(try FirstKey.provide(world.store, given: bytes(secret))?.secret == secret)
        #expect(try FirstKey.provide(world.store, given: bytes(secret)) == nil)
        #expect(try FirstKey.provide(world.store, given: bytes(GatewayKey.generate())) != nil)
        #expect(throws: StoreError.self) { try FirstKey.provide(world.store, given: bytes(String(repeating: "k", count: 31))) }
        #expect(try FirstKey.provide(world.store, given: bytes(String(repeating: "k", count: 32))) != nil)
    }
}
