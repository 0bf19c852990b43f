import Bytes
import Foundation
import GRDB
import Testing
@testable import Store

@Suite("Objects of the store")
struct ObjectTests {
    private let world: World

    init() throws { world = try World() }

    private var store: SQLiteStore { world.store }

    // MARK: Making and finding

    @Test("a first start makes an organisation and its default workspace, once")
    func firstStart() throws {
        try world.reopen()
        #expect(try store.list(Organisation.self, ListQuery(world.scope)).total == 1)
        let workspaces = try store.list(Workspace.self, ListQuery(world.scope))
        #expect(workspaces.rows.map(\.slug) == ["ws-default"] && workspaces.rows[0].isDefault)
    }

    @Test("each kind comes back as it was made")
    func roundTrip() throws {
        var user = User()
        user.head.organisationID = world.organisation
        user.email = "a@example.com"
        user.role = .admin
        let madeUser = try store.create(user, by: .system)
        let workspace = try world.workspace("Search team")
        var membership = Membership()
        membership.head.organisationID = world.organisation
        membership.head.workspaceID = workspace.id
        membership.userID = madeUser.id
        membership.role = .manager
        let madeMembership = try store.create(membership, by: .system)
        let config = try store.create(world.config("Fallback"), by: .system)
        var integration = Integration()
        integration.head.organisationID = world.organisation
        integration.name = "Azure"
        integration.provider = "azure-openai"
        integration.configurations = #"{"azure_entra_client_secret":"abc"}"#
        integration.models = #"[{"slug":"gpt"}]"#
        let madeIntegration = try store.create(integration, by: .system)
        var virtual = VirtualKey()
        virtual.head.organisationID = world.organisation
        virtual.head.workspaceID = workspace.id
        virtual.name = "Azure EU"
        virtual.provider = "azure-openai"
        virtual.integrationID = madeIntegration.id
        virtual.usageLimits = #"{"credit_limit":5}"#
        virtual.expiresAt = 1_800_000_000_000
        let madeVirtual = try store.create(virtual, by: .system)
        var policy = LimitPolicy()
        policy.head.organisationID = world.organisation
        policy.name = "per user"
        policy.subject = .rate
        policy.groups = #"[{"key":"metadata._user"}]"#
        policy.terms = #"{"type":"requests","unit":"rpm","value":10}"#
        let madePolicy = try store.create(policy, by: .system)
        var key = world.key("prod", workspace: workspace.id)
        key.holder = .user
        key.userID = madeUser.id
        key.allowedModels = ["gpt-*", "claude"]
        key.allowedNetworks = ["10.0.0.0/8", "2001:db8::1"]
        key.alertEmails = ["ops@example.com"]
        key.defaultMetadata = #"{"team":"search"}"#
        key.defaultConfigID = config.id
        key.allowsConfigOverride = false
        key.expiresAt = 1_800_000_000_000
        let issued = try store.issue(key, secret: nil, by: .system).key

        #expect(try store.find(User.self, madeUser.id, in: world.scope) == madeUser && madeUser.role == .admin)
        #expect(try store.find(Membership.self, madeMembership.id, in: world.scope) == madeMembership && madeMembership.role == .manager)
        #expect(try store.find(Integration.self, madeIntegration.id, in: world.scope) == madeIntegration)
        #expect(madeIntegration.configurations == integration.configurations && madeIntegration.models == integration.models)
        #expect(try store.find(VirtualKey.self, try #require(madeVirtual.slug), in: world.scope) == madeVirtual)
        #expect(madeVirtual.integrationID == madeIntegration.id && madeVirtual.expiresAt == 1_800_000_000_000)
        #expect(try store.find(LimitPolicy.self, madePolicy.id, in: world.scope) == madePolicy && madePolicy.subject == .rate)
        #expect(try store.find(Config.self, config.id, in: world.scope) == config && config.version == 1)
        let found = try store.find(APIKey.self, issued.id, in: world.scope)
        #expect(found == issued && found.allowedModels == key.allowedModels && found.allowedNetworks == key.allowedNetworks && !found.allowsConfigOverride)
        #expect(found.holder == .user && found.scopes == key.scopes && found.defaultMetadata == key.defaultMetadata && found.revision == 1)
    }

    @Test("a slug that was made up and is another's is made up again, some times; one that was wanted is refused")
    func slugsAgain() throws {
        let (first, _) = try world.virtualKey("taken")
        func put(_ slugs: [String]?) throws -> String? {
            var next = slugs ?? []
            let given = first.slug
            var key = first
            key.head.id = store.newID()
            let make: (() throws -> String)? = slugs == nil ? nil : { next.isEmpty ? given ?? "" : next.removeFirst() }
            return try store.writing { database in try store.insertRow(key, in: database, makeSlug: make).slug }
        }
        #expect(try put(["taken", "taken", "free"]) == "free")
        #expect(try put(["free", "also-free"]) == "also-free")
        #expect(throws: StoreError.taken(kind: "virtual key", field: "slug")) { try put([String](repeating: "taken", count: 20)) }
        #expect(throws: StoreError.taken(kind: "virtual key", field: "slug")) { try put(nil) }
    }

    @Test("slugs are made from names, with the kind's prefix, and are unique")
    func slugs() throws {
        let config = try store.create(world.config("Fällback to Azure!"), by: .system)
        #expect(try #require(config.slug).wholeMatch(of: /pc-f-llback-t-[0-9a-f]{6}/) != nil, "\(config.slug ?? "")")
        #expect(try #require(try world.workspace("§").slug).wholeMatch(of: /ws-key-[0-9a-f]{6}/) != nil)
        var other = world.config("other")
        other.slug = config.slug
        #expect(failure { _ = try store.create(other, by: .system) } == .taken(kind: "config", field: "slug"))
        try store.delete(Config.self, config.id, in: world.scope, at: nil, by: .system)
        #expect(try store.create(other, by: .system).slug == config.slug)
    }

    @Test("what a slug may not be", arguments: [
        "", "pc-", "pc", "x-a", "pc-A", "pc-a b", "pc-a'; DROP TABLE configs;--", "-pc-a", "pc-é", "pc-" + String(repeating: "a", count: 62),
    ])
    func badSlugs(slug: String) throws {
        var config = world.config("a")
        config.slug = slug
        guard case .invalid(field: "slug", _) = failure({ _ = try store.create(config, by: .system) }) else {
            Issue.record("taken: \(slug)")
            return
        }
    }

    @Test("a text as long as its bound is taken, and one byte more is not")
    func bounds() throws {
        var config = world.config(String(repeating: "n", count: StoreLimits.nameByteCount))
        config.slug = "pc-" + String(repeating: "a", count: StoreLimits.slugByteCount - 3)
        config.text = #"{"a":"\#(String(repeating: "x", count: StoreLimits.secretByteCount - 8))"}"#
        #expect(try store.create(config, by: .system).text?.utf8.count == StoreLimits.secretByteCount)
        config.slug = "pc-b"
        config.text = #"{"a":"\#(String(repeating: "x", count: StoreLimits.secretByteCount - 7))"}"#
        #expect(failure { _ = try store.create(config, by: .system) } == .invalid(field: "text", reason: "has more than \(StoreLimits.secretByteCount) bytes"))
        config.text = "{}"
        config.name += "n"
        #expect(failure { _ = try store.create(config, by: .system) } == .invalid(field: "name", reason: "has more than \(StoreLimits.nameByteCount) bytes"))

        var key = world.key("k")
        key.description = String(repeating: "d", count: StoreLimits.descriptionByteCount)
        key.allowedModels = (0..<StoreLimits.entryCount).map { "\($0)" + String(repeating: "m", count: StoreLimits.entryByteCount - 3) }
        key.defaultMetadata = #"{"a":"\#(String(repeating: "x", count: StoreLimits.documentByteCount - 8))"}"#
        #expect(try store.issue(key, secret: nil, by: .system).key.allowedModels == key.allowedModels)
        let changes: [(inout APIKey) -> Void] = [
            { $0.description? += "d" }, { $0.allowedModels.append("one") }, { $0.allowedModels[0] += "mmm" }, { $0.defaultMetadata? += " " },
        ]
        for change in changes {
            var long = key
            change(&long)
            guard case .invalid = failure({ _ = try store.issue(long, secret: nil, by: .system) }) else {
                Issue.record("one more was taken")
                continue
            }
        }
        var user = User()
        user.head.organisationID = world.organisation
        user.email = String(repeating: "a", count: StoreLimits.emailByteCount - 12) + "@example.com"
        #expect(try store.create(user, by: .system).email == user.email)
        user.email = "a" + user.email
        #expect(failure { _ = try store.create(user, by: .system) } == .invalid(field: "email", reason: "has more than \(StoreLimits.emailByteCount) bytes"))
    }

    /// What is wrong, and the field that has to be named.
    private static let wrong: [(field: String, change: @Sendable (inout APIKey) -> Void)] = [
        ("default_metadata", { $0.defaultMetadata = "{" }), ("default_metadata", { $0.defaultMetadata = "1" }),
        ("default_metadata", { $0.defaultMetadata = #"{"a":1,"a":2}"# }),
        ("scopes", { $0.scopes = ["a\nadmin"] }), ("scopes", { $0.scopes = [""] }), ("scopes", { $0.scopes = ["a\r\nx"] }),
        ("name", { $0.name = "a\r\nx-evil: 1" }),
        ("name", { $0.name = "" }), ("allowed_networks", { $0.allowedNetworks = ["10.0.0.0/33"] }), ("allowed_networks", { $0.allowedNetworks = ["::/129"] }),
        ("allowed_networks", { $0.allowedNetworks = ["10.0.0.0/-1"] }), ("allowed_networks", { $0.allowedNetworks = ["example.com"] }),
        ("alert_emails", { $0.alertEmails = ["nobody"] }), ("alert_emails", { $0.alertEmails = ["a@b@c"] }), ("user_id", { $0.holder = .user }),
        ("expires_at", { $0.expiresAt = -1 }), ("expires_at", { $0.expiresAt = .max }), ("slug", { $0.slug = "a" }),
        ("description", { $0.description = "a\u{0}b" }),
    ]

    @Test("fields of the wrong kind are refused by name", arguments: wrong.indices)
    func wrongFields(index: Int) throws {
        let (field, change) = Self.wrong[index]
        var key = world.key("k")
        change(&key)
        guard case .invalid(let named, _) = failure({ _ = try store.issue(key, secret: nil, by: .system) }) else {
            Issue.record("taken, or refused otherwise")
            return
        }
        #expect(named == field)
        #expect(try store.list(APIKey.self, ListQuery(world.scope)).total == 0)
    }

    @Test("text with the grammar of SQL is only text")
    func injection() throws {
        let name = "'; DROP TABLE api_keys; -- \" OR 1=1"
        let key = try store.issue(world.key(name), secret: nil, by: .system).key
        var query = ListQuery(world.scope)
        query.search = name
        #expect(try store.list(APIKey.self, query).rows == [key])
        #expect(failure { _ = try store.find(APIKey.self, "' OR '1'='1", in: world.scope) } == .notFound(kind: "API key", id: "' OR '1'='1"))
        query.search = nil
        query.equal = [("name = name OR name", .text("x"))]
        guard case .invalid = failure({ _ = try store.list(APIKey.self, query) }) else {
            Issue.record("a column that is none was taken")
            return
        }
        query.equal = [("digest", .bytes([]))]
        guard case .invalid = failure({ _ = try store.list(APIKey.self, query) }) else {
            Issue.record("digests can be asked for")
            return
        }
    }

    @Test("a member of nothing, and an organisation or a workspace without a name, are refused")
    func missingParts() throws {
        var membership = Membership()
        membership.head.organisationID = world.organisation
        #expect(failure { _ = try store.create(membership, by: .system) } == .invalid(field: "workspace_id", reason: "is missing"))
        membership.head.workspaceID = try world.workspace("Team").id
        #expect(failure { _ = try store.create(membership, by: .system) } == .invalid(field: "user_id", reason: "is missing"))
        membership.userID = "nobody"
        #expect(failure { _ = try store.create(membership, by: .system) } == .unknownReference(field: "user_id", kind: "user"))
        #expect(failure { _ = try store.create(Organisation(), by: .system) } == .invalid(field: "name", reason: "is empty"))
        #expect(failure { _ = try world.workspace("") } == .invalid(field: "name", reason: "is empty"))
    }

    // MARK: Scopes

    @Test("what belongs to another organisation is not there, by id or by slug, to read, change, delete or name")
    func tenantsAreApart() throws {
        var other = Organisation()
        other.name = "Other"
        let stranger = try store.create(other, by: .system)
        let (key, credential) = try world.virtualKey("openai-prod")
        let workspace = try world.workspace("Team")
        let foreign = Scope(organisationID: stranger.id)
        for name in [key.id, "openai-prod"] {
            #expect(failure { _ = try store.find(VirtualKey.self, name, in: foreign) } == .notFound(kind: "virtual key", id: name))
            let absent = StoreError.notFound(kind: "virtual key", id: name)
            #expect(failure { _ = try store.update(VirtualKey.self, name, in: foreign, at: nil, by: .system) { $0.name = "x" } } == absent)
            #expect(failure { try store.delete(VirtualKey.self, name, in: foreign, at: nil, by: .system) } == absent)
        }
        #expect(failure { _ = try store.replaceCredential(credential.id, in: foreign, with: .secret(bytes("sk-x")), by: .system) }
            == .notFound(kind: "credential", id: credential.id))
        #expect(try store.list(VirtualKey.self, ListQuery(foreign)).total == 0)
        var mine = VirtualKey()
        mine.head.organisationID = stranger.id
        mine.head.workspaceID = workspace.id
        mine.name = "mine"
        mine.provider = "openai"
        #expect(failure { _ = try store.create(mine, by: .system) } == .unknownReference(field: "workspace_id", kind: "workspace"))
        mine.head.workspaceID = nil
        mine.slug = "openai-prod"
        #expect(try store.create(mine, by: .system).slug == "openai-prod")
        mine.head.organisationID = "nowhere"
        #expect(failure { _ = try store.create(mine, by: .system) } == .unknownReference(field: "organisation_id", kind: "organisation"))
    }

    @Test("within a workspace, only what is its own is there")
    func workspacesAreApart() throws {
        let (first, second) = (try world.workspace("First"), try world.workspace("Second"))
        let (key, _) = try world.virtualKey("mine", workspace: first.id)
        let inside = Scope(organisationID: world.organisation, workspaceID: first.id)
        let outside = Scope(organisationID: world.organisation, workspaceID: second.id)
        #expect(try store.find(VirtualKey.self, "mine", in: inside) == key)
        #expect(failure { _ = try store.find(VirtualKey.self, "mine", in: outside) } == .notFound(kind: "virtual key", id: "mine"))
        #expect(try store.list(VirtualKey.self, ListQuery(inside)).rows == [key])
        #expect(try store.list(VirtualKey.self, ListQuery(outside)).total == 0)
        #expect(try store.list(Workspace.self, ListQuery(inside)).rows == [first])
    }

    // MARK: Lists

    @Test("pages hold every object once, the latest first, and filters and search choose among them")
    func lists() throws {
        let ids = try (0..<25).map { try store.issue(world.key($0 % 5 == 0 ? "Five \($0)" : "key \($0)"), secret: nil, by: .system).key.id }
        var query = ListQuery(world.scope)
        query.pageSize = 10
        var found: [String] = []
        for page in 0..<4 {
            query.page = page
            let answer = try store.list(APIKey.self, query)
            #expect(answer.total == 25 && answer.rows.count == [10, 10, 5, 0][page])
            found += answer.rows.map(\.id)
        }
        #expect(found == ids.reversed())
        query.page = 0
        query.search = "fiVE"
        #expect(try store.list(APIKey.self, query).total == 5)
        _ = try store.update(APIKey.self, ids[0], in: world.scope, at: nil, by: .system) { $0.status = .disabled }
        query.equal = [("status", .text("disabled"))]
        #expect(try store.list(APIKey.self, query).rows.map(\.id) == [ids[0]])
        query.equal = [("workspace_id", .null)]
        #expect(try store.list(APIKey.self, query).total == 5)
    }

    @Test("a page of the largest size is taken, and one row more, or none, is not")
    func pageBounds() throws {
        var query = ListQuery(world.scope)
        query.pageSize = StoreLimits.pageRowCount
        #expect(try store.list(APIKey.self, query).total == 0)
        for (page, size) in [(0, StoreLimits.pageRowCount + 1), (0, 0), (-1, 1), (.max, 1)] {
            (query.page, query.pageSize) = (page, size)
            guard case .invalid = failure({ _ = try store.list(APIKey.self, query) }) else {
                Issue.record("taken: page \(page) of \(size)")
                continue
            }
        }
    }

    // MARK: Changes

    @Test("a change is seen at once, and one that comes from an old reading is a conflict")
    func revisions() throws {
        let config = try store.create(world.config("a"), by: .system)
        let generation = try store.generation()
        world.clock.pass(5)
        let changed = try store.update(Config.self, config.id, in: world.scope, at: 1, by: .system) { $0.name = "b" }
        #expect(changed.revision == 2 && changed.name == "b" && changed.head.updatedAt == config.head.updatedAt + 5 && changed.version == 1)
        #expect(try store.find(Config.self, config.id, in: world.scope) == changed)
        #expect(try store.generation() == generation + 1)
        let conflict = StoreError.conflict(kind: "config", id: config.id, expected: 1, found: 2)
        #expect(failure { _ = try store.update(Config.self, config.id, in: world.scope, at: 1, by: .system) { $0.name = "c" } } == conflict)
        #expect(failure { try store.delete(Config.self, config.id, in: world.scope, at: 1, by: .system) } == conflict)
        #expect(try store.find(Config.self, config.id, in: world.scope) == changed && store.generation() == generation + 1)
    }

    @Test("a change that fails at its end leaves nothing behind: no row, no secret, no audit row, no generation")
    func nothingHalfWritten() throws {
        let (first, _) = try world.virtualKey("first")
        let (second, _) = try world.virtualKey("second")
        let secrets = try world.secrets().map(\.secret)
        let (generation, rows) = (try store.generation(), try store.audit(AuditQuery()).total)
        // The slug is found taken when the row is written; the sealed column would have come after, the references before.
        let error = failure {
            _ = try store.update(VirtualKey.self, second.id, in: world.scope, at: nil, by: .system) {
                $0.slug = "first"
                $0.modelConfig = #"{"deployment":"other"}"#
            }
        }
        #expect(error == .taken(kind: "virtual key", field: "slug"))
        var config = world.config("c")
        config.head.workspaceID = first.id
        #expect(failure { _ = try store.create(config, by: .system) } == .unknownReference(field: "workspace_id", kind: "workspace"))
        #expect(failure { _ = try store.update(VirtualKey.self, first.id, in: world.scope, at: nil, by: .system) { key throws(StoreError) in
            key.modelConfig = "{}"
            throw .invalid(field: "x", reason: "y")
        } } == .invalid(field: "x", reason: "y"))
        #expect(try world.secrets().map(\.secret) == secrets)
        #expect(try store.find(VirtualKey.self, second.id, in: world.scope) == second)
        #expect(try store.generation() == generation && store.audit(AuditQuery()).total == rows)
    }

    @Test("a config keeps the texts it had, up to a hundred; one that is not changed makes no version")
    func configVersions() throws {
        let config = try store.create(world.config("a", #"{"n":1}"#), by: .system)
        for number in 2...(StoreLimits.configVersionCount + 1) {
            _ = try store.update(Config.self, config.id, in: world.scope, at: nil, by: .system) { $0.text = #"{"n":\#(number)}"# }
            _ = try store.update(Config.self, config.id, in: world.scope, at: nil, by: .system) { $0.name = "name \(number)" }
        }
        let versions = try store.configVersions(config.id, in: world.scope)
        #expect(versions.map(\.number) == (2...Int64(StoreLimits.configVersionCount + 1)).reversed())
        #expect(versions.allSatisfy { $0.text == #"{"n":\#($0.number)}"# })
        #expect(try store.find(Config.self, config.id, in: world.scope).version == Int64(StoreLimits.configVersionCount + 1))
        // The current text, and one of each version.
        #expect(try world.secrets().count == StoreLimits.configVersionCount + 1)
    }

    @Test("of configs of one workspace, and of workspaces, the last that was made the default is it")
    func defaults() throws {
        var first = world.config("first")
        first.isDefault = true
        let one = try store.create(first, by: .system)
        let two = try store.create(world.config("second"), by: .system)
        _ = try store.update(Config.self, two.id, in: world.scope, at: nil, by: .system) { $0.isDefault = true }
        #expect(try !store.find(Config.self, one.id, in: world.scope).isDefault)
        let team = try world.workspace("Team")
        _ = try store.update(Workspace.self, team.id, in: world.scope, at: nil, by: .system) { $0.isDefault = true }
        #expect(try !store.find(Workspace.self, "ws-default", in: world.scope).isDefault)
    }

    // MARK: Deleting

    @Test("what others name stays until they are gone; what is its own goes with it, secrets first")
    func deletion() throws {
        let workspace = try world.workspace("Team")
        let (key, credential) = try world.virtualKey("vk", workspace: workspace.id)
        #expect(failure { try store.delete(Workspace.self, workspace.id, in: world.scope, at: nil, by: .system) }
            == .inUse(kind: "workspace", by: "virtual key", count: 1))
        try store.delete(VirtualKey.self, "vk", in: world.scope, at: nil, by: .system)
        #expect(try world.secrets().isEmpty)
        #expect(failure { _ = try store.find(VirtualKey.self, key.id, in: world.scope) } == .notFound(kind: "virtual key", id: key.id))
        #expect(failure { _ = try store.find(ProviderCredential.self, credential.id, in: world.scope) } == .notFound(kind: "credential", id: credential.id))
        var query = ListQuery(world.scope)
        query.includesDeleted = true
        #expect(try store.list(VirtualKey.self, query).rows.map(\.id) == [key.id])
        try store.delete(Workspace.self, workspace.id, in: world.scope, at: nil, by: .system)
        let absent = StoreError.notFound(kind: "workspace", id: workspace.id)
        #expect(failure { try store.delete(Workspace.self, workspace.id, in: world.scope, at: nil, by: .system) } == absent)
    }

    @Test("a config that a key falls back on is not deleted")
    func namedConfig() throws {
        let config = try store.create(world.config("a"), by: .system)
        var key = world.key("k")
        key.defaultConfigID = config.id
        let issued = try store.issue(key, secret: nil, by: .system).key
        #expect(failure { try store.delete(Config.self, config.id, in: world.scope, at: nil, by: .system) } == .inUse(kind: "config", by: "API key", count: 1))
        try store.delete(APIKey.self, issued.id, in: world.scope, at: nil, by: .system)
        try store.delete(Config.self, config.id, in: world.scope, at: nil, by: .system)
    }

    @Test("a kind that is full takes no more, until one is deleted")
    func full() throws {
        let first = try store.create(world.config("a"), by: .system)
        try store.writing { try $0.execute(sql: "UPDATE object_counts SET live = ? WHERE name = 'configs'", arguments: [StoreLimits.objectCount]) }
        #expect(failure { _ = try store.create(world.config("b"), by: .system) } == .full(kind: "config", limit: StoreLimits.objectCount))
        try store.delete(Config.self, first.id, in: world.scope, at: nil, by: .system)
        _ = try store.create(world.config("b"), by: .system)
    }
}
