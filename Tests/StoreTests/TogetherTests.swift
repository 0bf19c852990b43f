import Testing
@testable import Store

@Suite("Changes in one transaction")
struct TogetherTests {
    private let world: World

    init() throws { world = try World() }

    private var counts: [Int] {
        get throws {
            [
                try world.store.list(VirtualKey.self, ListQuery(world.scope)).total,
                try world.store.list(ProviderCredential.self, ListQuery(world.scope)).total,
                try world.store.audit(AuditQuery()).total, try world.secrets().count,
            ]
        }
    }

    private func key(_ slug: String) -> VirtualKey {
        var key = VirtualKey()
        key.head.organisationID = world.organisation
        (key.name, key.slug, key.provider) = (slug, slug, "openai")
        return key
    }

    @Test("all of them are there afterwards, each with its audit row, and each saw what was done before it")
    func all() throws {
        let before = try counts
        let made = try world.store.together { (store) throws(StoreError) in
            let made = try store.create(key("a"), by: .system)
            _ = try store.addCredential(world.credential(of: made), .secret(bytes("sk-0123456789")), by: .system)
            return try store.update(VirtualKey.self, "a", in: world.scope, at: 1, by: .system) { $0.name = "b" }
        }
        #expect(made.name == "b" && made.revision == 2)
        #expect(try counts == [before[0] + 1, before[1] + 1, before[2] + 3, before[3] + 1])
        #expect(try world.store.verifyAudit().faults.isEmpty)
    }

    @Test("none of them is there when one of them fails, nor an audit row, nor a step of the generation")
    func none() throws {
        let before = try counts
        let generation = try world.store.generation()
        let error = failure {
            try world.store.together { (store) throws(StoreError) in
                let made = try store.create(key("a"), by: .system)
                _ = try store.addCredential(world.credential(of: made), .secret(bytes("")), by: .system)
            }
        }
        #expect(error == .invalid(field: "key", reason: "is empty"))
        #expect(try counts == before)
        #expect(try world.store.generation() == generation)
        _ = try world.virtualKey("a")
        #expect(try world.store.verifyAudit().faults.isEmpty)
    }

    @Test("one that failed, and whose failure was taken, leaves nothing, and the others stay")
    func caught() throws {
        let before = try counts
        try world.store.together { (store) throws(StoreError) in
            _ = try store.create(key("a"), by: .system)
            do throws(StoreError) {
                _ = try store.create(key("a"), by: .system)
                Issue.record("the slug is taken")
            } catch .taken {}
            try store.together { (store) throws(StoreError) in _ = try store.create(key("b"), by: .system) }
        }
        #expect(try counts == [before[0] + 2, before[1], before[2] + 2, before[3]])
        #expect(try world.store.verifyAudit().faults.isEmpty)
    }
}
