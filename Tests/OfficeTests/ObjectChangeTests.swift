import Foundation
import Ledger
import Policy
import Synchronization
import Testing
@testable import Gateway
@testable import Office
@testable import Store

@Suite("Changes of single objects")
struct ObjectChangeTests {
    let world: World
    let adopted = Adopted()
    let told = Told()

    init() throws { world = try World() }

    final class Adopted: Sendable {
        private let state = Mutex<(snapshot: Snapshot?, count: Int)>((nil, 0))
        var snapshot: Snapshot? { state.withLock { $0.snapshot } }
        var count: Int { state.withLock { $0.count } }
        func take(_ snapshot: Snapshot) { state.withLock { $0 = (snapshot, $0.count + 1) } }
    }

    func desk(mostChangedKeys: Int = 4096) throws -> SnapshotDesk {
        SnapshotDesk(
            world.declared, try world.stored(), pepper: world.store.pepper, mostChangedKeys: mostChangedKeys,
            limits: { holders in
                LimitedTerms(books: nil, terms: holders.map { holder in
                    holder.name.hasPrefix("unkept") ? .failure(LimitFault("no room"))
                        : .success(SpendingTerms(holder.scope, of: "\(holder.name) \(holder.limits)", identity: holder.identity, budgets: [], rates: []))
                })
            }, clock: { 0 }, note: { [told] in told.note($0) })
    }

    func serve(mostChangedKeys: Int = 4096) throws -> StoreWatch {
        let desk = try desk(mostChangedKeys: mostChangedKeys)
        adopted.take(desk.first())
        desk.serve { [adopted] in adopted.take($0) }
        return StoreWatch(world.store, desk, first: try world.stored(), rules: SecretReferenceRules()) { [told] in told.note($0) }
    }

    /// Its id: it may have another number in another snapshot.
    private func space(_ number: Int32, _ snapshot: Snapshot) -> String { snapshot.workspaceID(number).map { String($0) } ?? "-" }

    /// Whom each secret opens as, and what is particular to that one.
    func picture(_ snapshot: Snapshot, _ secrets: [String]) -> [String] {
        secrets.map { secret in
            guard let holder = snapshot.keys.principal(presenting: secret) else { return "nobody" }
            let config = holder.configurationIndex.map { snapshot.catalog.configNames.names[$0] } ?? "-"
            let restrictions = snapshot.restrictions(of: holder).map { "\($0.models)" } ?? "-"
            let metadata = snapshot.keyMetadata(of: holder).map { String($0.text.slice) } ?? "-"
            return """
                \(String(holder.name)) \(String(holder.identity)) \(holder.standing) \(space(holder.workspace, snapshot)) \(config) \(holder.expiresAt) \(holder.mayBringConfig) \
                \(holder.mayRenderPrompts) \(snapshot.terms(of: holder)?.holder ?? "-") \(restrictions) \(metadata)
                """
        }
    }

    /// What each slug and each config stand for.
    func picture(of snapshot: Snapshot) -> [String: String] {
        func say(_ target: Target) -> String {
            if case .virtualKey(let key) = target.credential { snapshot.virtualKeys[Int(key)].slug } else { "-" }
        }
        let keys = snapshot.virtualKeys.map { key in
            let credentials = ([key.credential] + key.pool.map(\.credential)).map { String(decoding: $0, as: UTF8.self) }
            // Numbers that are nobody's say nothing.
            let closed = key.closedTo.map { space($0, snapshot) }.filter { !$0.isEmpty }.sorted()
            return ("@\(key.slug)", "\(credentials) \(key.upstream) \(closed) \(key.terms?.holder ?? "-") \(key.models) \(key.refusal ?? "-") \(space(key.workspace, snapshot))")
        }
        let configs = snapshot.catalog.configNames.names.enumerated().compactMap { place, name -> (String, String)? in
            guard !name.isEmpty else { return nil }
            let targets = snapshot.configs[place].targets.map { say($0) }
            return (name, "\(targets) \(snapshot.storedConfigs[place].map { "\(space($0.workspace, snapshot)) \($0.refusal ?? "-")" } ?? "of the file")")
        }
        for (place, key) in snapshot.virtualKeys.enumerated() { #expect(snapshot.catalog.virtualKeyNames.index(of: key.slug) == place) }
        return Dictionary(keys + configs) { first, _ in first }
    }

    @Test("a change of one object is one snapshot, which shares the keys with the last; one of what a workspace's keys say makes these again")
    func shared() throws {
        let watch = try serve()
        _ = try world.issue("one")
        try watch.catchUp()
        #expect(adopted.count == 2 && adopted.snapshot?.keys.changeCount == 1)
        let table = adopted.snapshot?.keys
        let config = try world.config("pc-a", #"{"virtual_key":"mine"}"#)
        try watch.catchUp()
        #expect(adopted.count == 3 && adopted.snapshot?.keys === table)
        try world.virtualKey("mine")
        try watch.catchUp()
        #expect(adopted.count == 4 && adopted.snapshot?.keys === table)
        #expect(adopted.snapshot.map { picture(of: $0)["pc-a"] } == #"["mine"] - -"#)
        // Both at once, and a key that names the config.
        _ = try world.config("pc-b", #"{"provider":"openai"}"#)
        let second = try world.issue("two") { $0.defaultConfigID = config.id }
        try watch.catchUp()
        #expect(adopted.count == 5 && adopted.snapshot?.keys.changeCount == 2)
        #expect(adopted.snapshot?.keys.principal(presenting: second.secret)?.standing == .active)
        let amended = adopted.snapshot?.keys
        let space = try world.workspace("w")
        try watch.catchUp()
        #expect(adopted.count == 6 && adopted.snapshot?.keys === amended)
        let scope = Scope(organisationID: world.organisation)
        _ = try world.store.update(Workspace.self, space.id, in: scope, at: nil, by: .system) { $0.defaults = #"{"metadata":{"a":"b"}}"# }
        try watch.catchUp()
        #expect(adopted.snapshot?.keys === amended)
        let housed = try world.issue("housed") { $0.head.workspaceID = space.id }
        _ = try world.store.update(Workspace.self, space.id, in: scope, at: nil, by: .system) { $0.defaults = #"{"metadata":{"a":"c"}}"# }
        try watch.catchUp()
        let snapshot = try #require(adopted.snapshot)
        let holder = try #require(snapshot.keys.principal(presenting: housed.secret))
        #expect(snapshot.keys.changeCount == 3 && snapshot.keyMetadata(of: holder).map { String($0.text.slice) } == #"{"a":"c"}"#)
    }

    @Test("a config keeps its place while others go and come, and what was made of one that is gone is nobody's")
    func places() throws {
        let names = try (0..<4).map { try world.config("pc-\($0)", #"{"provider":"openai"}"#) }
        let issued = try world.issue("holder") { $0.defaultConfigID = names[3].id }
        let watch = try serve()
        let scope = Scope(organisationID: world.organisation)
        func name() -> String? {
            adopted.snapshot.flatMap { snapshot in
                snapshot.keys.principal(presenting: issued.secret)?.configurationIndex.map { snapshot.catalog.configNames.names[$0] }
            }
        }
        let table = adopted.snapshot?.keys
        try world.store.delete(Config.self, names[1].id, in: scope, at: nil, by: .system)
        try watch.catchUp()
        #expect(name() == "pc-3" && adopted.snapshot?.catalog.configNames.index(of: "pc-1") == nil)
        _ = try world.config("pc-1", #"{"provider":"groq"}"#)
        try watch.catchUp()
        #expect(name() == "pc-3" && adopted.snapshot?.keys === table)
        #expect(adopted.snapshot?.catalog.configNames.index(of: "pc-1") == 4)
    }

    @Test("a default config that is another makes the keys that name none again")
    func defaults() throws {
        let issued = try world.issue("plain")
        let watch = try serve()
        func name() -> String? {
            adopted.snapshot.flatMap { snapshot in
                snapshot.keys.principal(presenting: issued.secret)?.configurationIndex.map { snapshot.catalog.configNames.names[$0] }
            }
        }
        for slug in ["pc-a", "pc-b"] {
            _ = try world.config(slug, #"{"provider":"openai"}"#) { $0.isDefault = true }
            try watch.catchUp()
            #expect(name() == slug)
        }
    }

    @Test("what is wrong with a virtual key is told once, and no more when it is mended, beside others whose faults stay")
    func faults() throws {
        try world.virtualKey("first", provider: "no-such")
        let watch = try serve()
        let scope = Scope(organisationID: world.organisation)
        func count(_ text: String) -> Int { told.all.count { $0.contains(text) } }
        #expect(count("\"first\"") == 1)
        try world.virtualKey("unkept") { $0.usageLimits = #"{"credit_limit":1}"# }
        try watch.catchUp()
        try world.virtualKey("third")
        try watch.catchUp()
        #expect(count("\"first\"") == 1 && count("\"unkept\"") == 1)
        for limits in [nil, #"{"credit_limit":1}"#] {
            _ = try world.store.update(VirtualKey.self, "unkept", in: scope, at: nil, by: .system) { $0.usageLimits = limits }
            try watch.catchUp()
        }
        #expect(count("\"first\"") == 1 && count("\"unkept\"") == 2)
    }

    @Test("limits that could not be kept once are kept with the next change of anything, when they can be")
    func keptLater() throws {
        let canKeep = Mutex(false)
        let desk = SnapshotDesk(
            world.declared, try world.stored(), pepper: world.store.pepper,
            limits: { holders in
                LimitedTerms(books: nil, terms: holders.map { holder in
                    guard canKeep.withLock({ $0 }) else { return .failure(LimitFault("no disk")) }
                    return .success(SpendingTerms(holder.scope, of: holder.name, identity: holder.identity, budgets: [], rates: []))
                })
            }, clock: { 0 }, note: { [told] in told.note($0) })
        adopted.take(desk.first())
        desk.serve { [adopted] in adopted.take($0) }
        let watch = StoreWatch(world.store, desk, first: try world.stored(), rules: SecretReferenceRules()) { [told] in told.note($0) }
        let limits = #"{"credit_limit":1}"#
        try world.virtualKey("limited") { $0.usageLimits = limits }
        let early = try world.issue("early") { $0.usageLimits = limits }
        try watch.catchUp()
        let late = try world.issue("late") { $0.usageLimits = limits }
        try watch.catchUp()
        func standings() -> [Principal.Standing?] { [early, late].map { key in adopted.snapshot?.keys.principal(presenting: key.secret)?.standing } }
        func refusal() -> String? { adopted.snapshot?.virtualKeys.first { $0.slug == "limited" }?.refusal }
        #expect(standings() == [.restricted, .restricted] && refusal() != nil)
        canKeep.withLock { $0 = true }
        _ = try world.issue("another")
        try watch.catchUp()
        #expect(standings() == [.active, .active] && refusal() == nil)
        #expect(told.all.count { $0.contains("no disk") } == 3)
    }

    @Test("when as many have changed as are kept beside the table, it is made anew, and all open as before")
    func tooMany() throws {
        let watch = try serve(mostChangedKeys: 3)
        var secrets: [String] = []
        var counts: [Int] = []
        for number in 0..<8 {
            secrets.append(try world.issue("key \(number)").secret)
            try watch.catchUp()
            let snapshot = try #require(adopted.snapshot)
            counts.append(snapshot.keys.changeCount)
            #expect(secrets.allSatisfy { snapshot.keys.principal(presenting: $0) != nil } && snapshot.keys.count == secrets.count)
        }
        #expect(counts == [1, 2, 3, 0, 1, 2, 3, 0])
    }

    @Test("one key that is changed again and again does not grow for ever, either")
    func sameKey() throws {
        let issued = try world.issue("busy")
        let watch = try serve(mostChangedKeys: 3)
        let counts = try (0..<5).map { number in
            _ = try world.store.update(APIKey.self, issued.key.id, in: Scope(organisationID: world.organisation), at: nil, by: .system) { $0.name = "name \(number)" }
            try watch.catchUp()
            return try #require(adopted.snapshot).keys.changeCount
        }
        #expect(counts == [1, 1, 1, 0, 1])
    }

    @Test("a secret that a key had before and another has now shuts nobody out: it opens as the other, and the rest as ever")
    func takenSecret() throws {
        let old = "a-secret-that-was-brought-0123456789abcdef"
        let scope = Scope(organisationID: world.organisation)
        func bring(_ name: String) throws -> IssuedKey {
            var key = APIKey()
            key.head.organisationID = world.organisation
            key.name = name
            return try world.store.issue(key, secret: bytes(old), by: .system)
        }
        let first = try bring("first")
        let bystander = try world.issue("bystander")
        let watch = try serve()
        let rotated = try world.store.rotate(first.key.id, in: scope, transition: 3_600_000, by: .system)
        try watch.catchUp()
        func found(_ secret: String) -> String? { adopted.snapshot?.keys.principal(presenting: secret).map { String($0.name) } }
        #expect([old, rotated.secret, bystander.secret].map(found) == ["first", "first", "bystander"])
        _ = try bring("second")
        try watch.catchUp()
        #expect([old, rotated.secret, bystander.secret].map(found) == ["second", "first", "bystander"])
        #expect(told.all.contains { $0.contains("is another's now") })
        let third = try world.issue("third")
        try watch.catchUp()
        #expect([old, rotated.secret, bystander.secret, third.secret].map(found) == ["second", "first", "bystander", "third"])
    }

    @Test("a key that was changed many times since the last look is looked at once")
    func often() throws {
        let watch = try serve()
        let issued = try world.issue("busy")
        let scope = Scope(organisationID: world.organisation)
        let secrets = try world.store.together { (store) throws(StoreError) in
            var secrets: [String] = []
            for _ in 0..<400 { secrets.append(try store.rotate(issued.key.id, in: scope, transition: 0, by: .system).secret) }
            return secrets
        }
        try watch.catchUp()
        let keys = try #require(adopted.snapshot).keys
        #expect(secrets.map { keys.principal(presenting: $0) != nil } == [Bool](repeating: false, count: 399) + [true] && keys.changeCount == 1)
    }

    @Test("the last use of a key is noted wherever it has its place now")
    func uses() throws {
        let issued = try world.issue("old")
        let watch = try serve()
        let scope = Scope(organisationID: world.organisation)
        func use() throws {
            let snapshot = try #require(adopted.snapshot)
            let holder = try #require(snapshot.keys.principal(presenting: issued.secret))
            snapshot.keyUses?.note(holder.keyIndex, wallSeconds: 1_800_000_000 + Int64(adopted.count))
        }
        try use()
        _ = try world.store.update(APIKey.self, issued.key.id, in: scope, at: nil, by: .system) { $0.name = "new" }
        try watch.catchUp()
        try use()
        #expect(adopted.snapshot?.keyUses?.take() == [issued.key.id: 1_800_000_002_000])
    }

    @Test("a key with a secret of the file's takes nothing of that key when it goes")
    func twin() throws {
        let secret = "a-secret-of-the-file-0123456789abcdef"
        world.declared = try World.declaring(keys: [.init(name: "of the file", digest: bytes(secret).withBytes { KeyDigest(of: $0) })])
        let watch = try serve()
        var key = APIKey()
        key.head.organisationID = world.organisation
        key.name = "twin"
        let issued = try world.store.issue(key, secret: bytes(secret), by: .system)
        try watch.catchUp()
        #expect(adopted.snapshot?.keys.principal(presenting: secret).map { String($0.name) } == "of the file")
        #expect(told.all.contains { $0.contains("\"of the file\"") })
        try world.store.delete(APIKey.self, issued.key.id, in: Scope(organisationID: world.organisation), at: nil, by: .system)
        try watch.catchUp()
        #expect(adopted.snapshot?.keys.principal(presenting: secret).map { String($0.name) } == "of the file")
    }

    /// Nothing fails for being slow. With `SLUICE_LONG` they are 100,000 keys, whose figure counts in a release build.
    @Test("many keys make a table, and the time is told")
    func manyKeys() throws {
        let count = ProcessInfo.processInfo.environment["SLUICE_LONG"] == nil ? 2000 : 100_000
        let issued = try world.issue("first")
        var rows = try world.store.snapshotRows(SecretReferenceRules())
        for number in 1..<count {
            var key = issued.key
            key.head.id = "key-\(number)"
            key.digest = world.store.pepper.digest(of: bytes("secret of \(number)").withBytes { KeyDigest(of: $0) }).bytes
            rows.keys.append(key)
        }
        let clock = ContinuousClock()
        var stored = StoredObjects(SnapshotRows(), OtherObjects(SnapshotRows(), WorkspaceNumbers()))
        let reading = clock.measure { stored = StoredObjects(rows, OtherObjects(rows, WorkspaceNumbers().with(rows.workspaces))) }
        var programs = ProgramShelf()
        let merge = SnapshotMerge(world.declared, stored, pepper: world.store.pepper, now: 0, edition: 1, &programs)
        let building = clock.measure {
            _ = SnapshotMerge(world.declared, stored, pepper: world.store.pepper, now: 0, edition: 1, &programs)
        }
        #expect(merge.parts.keys.count == count && merge.faults == [])
        #expect(merge.parts.keys.principal(presenting: "secret of \(count - 1)").map { String($0.identity) } == "key-\(count - 1)")
        print("\(count) keys: rows looked at in \(reading), snapshot made in \(building)")
    }
}
