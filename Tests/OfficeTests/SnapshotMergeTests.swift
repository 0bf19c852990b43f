import Bytes
import Foundation
@testable import Gateway
import Ledger
import Policy
import Reactor
import Testing
@testable import Office
@testable import Store

@Suite("Merging the store's objects with the file's")
struct SnapshotMergeTests {
    private let world: World

    init() throws { world = try World() }

    // MARK: Keys

    @Test("stored keys and keys of the file, of which the SHA-256 is known, stand in one table")
    func keysOfBoth() throws {
        let secret = try GatewayKey.generate()
        let digest = bytes(secret).withBytes { KeyDigest(of: $0) }
        world.declared = try World.declaring(keys: [.init(name: "of the file", digest: digest, configurationIndex: nil)])
        let issued = try world.issue("stored")
        let merge = try world.merged()
        let table = merge.parts.keys
        let own = try #require(table.principal(presenting: secret))
        let stored = try #require(table.principal(presenting: issued.secret))
        #expect(String(own.name) == "of the file" && String(own.identity) == "of the file" && own.workspace < 0)
        #expect(String(stored.name) == "stored" && String(stored.identity) == issued.key.id && stored.standing == .active && stored.expiresAt == .max)
        #expect(table.principal(presenting: issued.secret + "x") == nil)
        // Who has read the store has no key: its digest opens nothing.
        let peppered = try #require(issued.key.digest)
        #expect(table.principal(presenting: String(decoding: peppered, as: UTF8.self)) == nil)
        #expect(merge.faults == [] && merge.parts.isKeyed)
    }

    @Test("without any key, what is the operator's is for holders of keys all the same")
    func keyedWithoutKeys() throws { #expect(try world.merged().parts.isKeyed) }

    @Test(
        "a key that opens nothing stays in the table, with why",
        arguments: [
            ("disabled", Principal.Standing.disabled), ("exhausted", .exhausted), ("archived", .disabled), ("unscoped", .unscoped), ("networks", .restricted),
            ("admin", .active),
        ])
    func standings(name: String, standing: Principal.Standing) throws {
        let issued = try world.issue(name) { key in
            switch name {
            case "unscoped": key.scopes = ["configs.read"]
            case "admin": key.scopes = ["admin"]
            case "networks": key.allowedNetworks = ["10.0.0.0/8", "::ffff:192.0.2.0/64"]
            default: key.status = ObjectStatus(rawValue: name) ?? .active
            }
        }
        let merge = try world.merged()
        #expect(merge.parts.keys.principal(presenting: issued.secret)?.standing == standing)
        #expect(merge.faults.contains { $0.contains("allowed_networks") } == (standing == .restricted))
    }

    @Test("what a key may be used for goes with its place, behind the file's keys; networks may be written by any address in them")
    func restrictions() throws {
        let narrow = try world.issue("narrow") { key in
            key.allowedModels = ["gpt-4o*"]
            key.allowedNetworks = ["10.1.2.3/8", "2001:db8::1", "::ffff:192.0.2.7"]
        }
        let wide = try world.issue("wide")
        let parts = try world.merged().parts
        let snapshot = Snapshot(parts, version: 1)
        let principals = [narrow, wide].map { parts.keys.principal(presenting: $0.secret) }
        let restrictions = try #require(principals[0].flatMap { snapshot.restrictions(of: $0) })
        #expect(restrictions.models.include(ByteSlice("gpt-4o-mini")) && !restrictions.models.include(ByteSlice("gpt-3.5")))
        for (address, isIn) in [("10.200.0.1", true), ("11.0.0.1", false), ("2001:db8::1", true), ("2001:db8::2", false), ("192.0.2.7", true)] {
            #expect(restrictions.allows(from: Array(address.utf8).withByteSlice { IPAddress(numeric: $0) }) == isIn, "\(address)")
        }
        #expect(!restrictions.allows(from: nil))
        #expect(principals[1].flatMap { snapshot.restrictions(of: $0) } == nil)
    }

    @Test("expiry is in whole seconds, and never later than was said")
    func expiry() throws {
        let soon = SnapshotDesk.now() + 100_999
        let issued = try world.issue("soon") { $0.expiresAt = soon }
        #expect(try world.merged().parts.keys.principal(presenting: issued.secret)?.expiresAt == soon / 1000)
    }

    @Test("the secret before a rotation opens until its time, as the same key; without a transition it opens nothing")
    func rotation() throws {
        let issued = try world.issue("rotated")
        let scope = Scope(organisationID: world.organisation)
        let next = try world.store.rotate(issued.key.id, in: scope, transition: 60_000, by: .system)
        var table = try world.merged().parts.keys
        let before = try #require(table.principal(presenting: issued.secret))
        let after = try #require(table.principal(presenting: next.secret))
        #expect(before.expiresAt == (next.key.previousExpiresAt ?? 0) / 1000 && after.expiresAt == .max)
        #expect(before.keyIndex == after.keyIndex && String(before.identity) == issued.key.id)
        #expect(table.count == 1)
        let last = try world.store.rotate(try world.issue("other").key.id, in: scope, transition: 0, by: .system)
        table = try world.merged().parts.keys
        #expect(table.count == 2 && table.principal(presenting: last.secret) != nil)
    }

    @Test("a secret that the file declares is the file's, and the clash is told")
    func sameSecret() throws {
        let secret = "sk-brought-along-0123456789abcdef-0123456789"
        let digest = bytes(secret).withBytes { KeyDigest(of: $0) }
        world.declared = try World.declaring(keys: [.init(name: "of the file", digest: digest, configurationIndex: nil)])
        var key = APIKey()
        key.head.organisationID = world.organisation
        key.name = "twin"
        _ = try world.store.issue(key, secret: bytes(secret), by: .system)
        let merge = try world.merged()
        #expect(merge.parts.keys.principal(presenting: secret).map { String($0.name) } == "of the file")
        #expect(merge.faults.count == 1 && merge.faults[0].contains("\"twin\"") && merge.faults[0].contains("\"of the file\""))
        #expect(!merge.faults[0].contains(secret))
    }

    @Test("a secret of the file's that a key had before is told of for as long as it would open")
    func sameSecretBefore() throws {
        let secret = "sk-brought-along-0123456789abcdef-0123456789"
        var key = APIKey()
        key.head.organisationID = world.organisation
        key.name = "twin"
        let issued = try world.store.issue(key, secret: bytes(secret), by: .system)
        let now = SnapshotDesk.now()
        _ = try world.store.rotate(issued.key.id, in: Scope(organisationID: world.organisation), transition: 60_000, by: .system)
        let digest = bytes(secret).withBytes { KeyDigest(of: $0) }
        world.declared = try World.declaring(keys: [.init(name: "of the file", digest: digest, configurationIndex: nil)])
        for (later, faults) in [(0, 1), (600_000, 0)] {
            let merge = try world.merged(now: now + Int64(later))
            #expect(merge.faults.count == faults, "\(later) ms later: \(merge.faults)")
            #expect(merge.parts.keys.principal(presenting: secret).map { String($0.name) } == "of the file")
        }
    }

    // MARK: Virtual keys

    @Test("virtual keys stand behind the file's; a name of the file's goes first, and an unknown provider costs its key alone")
    func virtualKeys() throws {
        world.declared = try World.declaring(virtualKeys: ["prod", "team"])
        try world.virtualKey("team", secrets: ["sk-shadow"])
        try world.virtualKey("mine")
        try world.virtualKey("strange", provider: "no-such-provider")
        let merge = try world.merged()
        #expect(merge.parts.catalog.virtualKeys.map(\.slug) == ["prod", "team", "mine"] && merge.parts.virtualKeys.map(\.slug) == ["prod", "team", "mine"])
        #expect(merge.parts.virtualKey("team")?.credential == Array("sk-file".utf8))
        #expect(merge.parts.virtualKey("mine")?.credential == Array("sk-stored".utf8) && merge.parts.virtualKey("mine")?.refusal == nil)
        #expect(merge.faults.count == 2 && merge.faults[0].contains("\"team\"") && merge.faults[1].contains("no-such-provider"))
        #expect(!merge.faults.joined().contains("sk-"))
    }

    @Test("several credentials have their weights; what is disabled, expired or of no weight is left out, and none left is a refusal")
    func pools() throws {
        let key = try world.virtualKey("pool", secrets: [])
        let now = SnapshotDesk.now()
        _ = try world.credential(of: key, "sk-one") { $0.weight = 3 }
        _ = try world.credential(of: key, "sk-two") { $0.expiresAt = now + 60_000 }
        _ = try world.credential(of: key, "sk-off") { $0.status = .disabled }
        _ = try world.credential(of: key, "sk-none") { $0.weight = 0 }
        try world.virtualKey("empty", secrets: [])
        try world.virtualKey("local", provider: "ollama", secrets: [])
        var merge = try world.merged(now: now)
        #expect(merge.parts.virtualKey("pool")?.pool.map { String(decoding: $0.credential, as: UTF8.self) } == ["sk-one", "sk-two"])
        #expect(merge.parts.virtualKey("pool")?.pool.map(\.weight) == [3, 1] && merge.parts.virtualKey("pool")?.credential == Array("sk-one".utf8))
        #expect(merge.changesAt == now + 60_000)
        #expect(merge.parts.virtualKey("empty")?.refusal?.contains("no credential") == true && merge.parts.virtualKey("local")?.refusal == nil)
        merge = try world.merged(now: now + 60_000)
        #expect(merge.parts.virtualKey("pool")?.pool.isEmpty == true && merge.parts.virtualKey("pool")?.credential == Array("sk-one".utf8))
        #expect(merge.changesAt == nil)
    }

    @Test("as many credentials as a target may have are used, and no more")
    func mostCredentials() throws {
        let key = try world.virtualKey("many", secrets: [])
        for number in 0..<PolicyLimits.poolCount { _ = try world.credential(of: key, "sk-\(number)") }
        var merge = try world.merged()
        #expect(merge.parts.virtualKey("many")?.pool.count == PolicyLimits.poolCount && merge.faults == [])
        _ = try world.credential(of: key, "sk-too-many")
        merge = try world.merged()
        #expect(merge.parts.virtualKey("many")?.pool.count == PolicyLimits.poolCount && merge.faults.count == 1)
    }

    @Test("a virtual key that is disabled, exhausted or expired is refused by name; one that is for some models says which")
    func refusals() throws {
        let now = SnapshotDesk.now()
        try world.virtualKey("off") { $0.status = .disabled }
        try world.virtualKey("spent") { $0.status = .exhausted }
        try world.virtualKey("late") { $0.expiresAt = now + 1000 }
        try world.virtualKey("narrow") { $0.allowedModels = ["gpt-4o"] }
        var parts = try world.merged(now: now).parts
        #expect(parts.virtualKey("off")?.refusal == "is disabled" && parts.virtualKey("spent")?.refusal == "is exhausted")
        #expect(parts.virtualKey("late")?.refusal == nil && parts.virtualKey("narrow")?.refusal == nil)
        #expect(parts.virtualKey("narrow")?.models.include(ByteSlice("gpt-4o")) == true && parts.virtualKey("off")?.models.isEmpty == true)
        parts = try world.merged(now: now + 1000).parts
        #expect(parts.virtualKey("late")?.refusal == "has expired")
    }

    @Test("an integration's credentials and settings are its virtual keys', whose own settings go before; one that is off closes them")
    func integrations() throws {
        var integration = Integration()
        integration.head.organisationID = world.organisation
        integration.name = "Azure"
        integration.provider = "azure-openai"
        integration.configurations = #"{"azure_resource_name":"shared","azure_deployment_config":[{"azure_deployment_name":"d","azure_api_version":"2024-10-21"}]}"#
        integration = try world.store.create(integration, by: .system)
        var credential = ProviderCredential()
        credential.head.organisationID = world.organisation
        credential.integrationID = integration.id
        _ = try world.store.addCredential(credential, .secret(bytes("sk-shared")), by: .system)
        try world.virtualKey("provided", provider: "azure-openai", secrets: []) {
            $0.integrationID = integration.id
            $0.modelConfig = #"{"resourceName":"own"}"#
        }
        var key = try #require(try world.merged().parts.virtualKey("provided"))
        #expect(key.credential == Array("sk-shared".utf8) && key.refusal == nil)
        #expect(
            key.settings.map { String(decoding: $0.text, as: UTF8.self) }
                == #"{"api_key":"vault","api_version":"2024-10-21","deployment_id":"d","provider":"azure-openai","resource_name":"own"}"#)
        let scope = Scope(organisationID: world.organisation)
        _ = try world.store.update(Integration.self, integration.id, in: scope, at: nil, by: .system) { $0.status = .disabled }
        key = try #require(try world.merged().parts.virtualKey("provided"))
        #expect(key.refusal == "has an integration that is disabled")
    }

    // MARK: Configs

    @Test("configs are known by their slugs and name stored virtual keys; one that does not compile is refused by name, and the rest stands")
    func configs() throws {
        world.declared = try World.declaring(configs: ["pc-file"])
        try world.virtualKey("mine")
        let good = try world.config("pc-good", #"{"virtual_key":"mine","retry":{"attempts":2}}"#)
        let bad = try world.config("pc-bad", #"{"virtual_key":"nobody"}"#)
        _ = try world.config("pc-file", #"{"virtual_key":"mine"}"#)
        _ = try world.config("pc-off", #"{"virtual_key":"mine"}"#) { $0.status = .archived }
        let (one, two) = (try world.issue("one") { $0.defaultConfigID = good.id }, try world.issue("two") { $0.defaultConfigID = bad.id })
        let merge = try world.merged()
        let parts = merge.parts
        #expect(parts.catalog.configNames.names == ["pc-file", "pc-good", "pc-bad", "pc-off"] && parts.configs.count == 4)
        #expect(parts.config("pc-file") == nil && parts.config("pc-good").map { $0.refusal == nil && $0.version == 1 } == true)
        #expect(parts.config("pc-bad")?.refusal?.contains("nobody") == true && parts.config("pc-off")?.refusal == "it is archived")
        #expect(parts.keys.principal(presenting: one.secret)?.configurationIndex == 1 && parts.keys.principal(presenting: two.secret)?.configurationIndex == 2)
        #expect(merge.faults.count == 2)
    }

    @Test("a key without a config has its workspace's; a key of no workspace has none of those")
    func defaultConfigs() throws {
        let workspace = try #require(try world.store.list(Workspace.self, ListQuery(Scope(organisationID: world.organisation))).rows.first)
        _ = try world.config("pc-usual", #"{"retry":{"attempts":2}}"#) {
            $0.head.workspaceID = workspace.id
            $0.isDefault = true
        }
        let (inside, outside) = (try world.issue("in") { $0.head.workspaceID = workspace.id }, try world.issue("out"))
        let keys = try world.merged().parts.keys
        #expect(keys.principal(presenting: inside.secret)?.configurationIndex == 0 && keys.principal(presenting: inside.secret)?.workspace == 0)
        #expect(keys.principal(presenting: outside.secret)?.configurationIndex == nil && keys.principal(presenting: outside.secret)?.workspace == -1)
    }

    @Test("a key whose config cannot be read opens nothing: another in its place would send its requests elsewhere")
    func unreadableConfig() throws {
        let config = try world.config("pc-lost", #"{"retry":{"attempts":2}}"#)
        let issued = try world.issue("key") { $0.defaultConfigID = config.id }
        try world.store.writing { try $0.execute(sql: "UPDATE secrets SET sealed = zeroblob(64)") }
        let merge = try world.merged()
        #expect(merge.parts.keys.principal(presenting: issued.secret)?.standing == .restricted)
        #expect(merge.faults.count == 2)
    }

    @Test("a stored config may not ask with the identity of the gateway's machine, as one of the file may")
    func machineIdentity() throws {
        _ = try world.config("pc-self", #"{"provider":"azure-openai","resource_name":"r","azure_auth_mode":"managed"}"#)
        #expect(try world.merged().parts.config("pc-self")?.refusal?.contains("identity") == true)
    }

    // MARK: Limits

    /// Terms of nothing, for whoever is asked about.
    private func kept(_ holders: [LimitedHolder]) -> LimitedTerms {
        LimitedTerms(books: nil, terms: holders.map { holder in
            .success(SpendingTerms(holder.scope, of: holder.name, identity: holder.identity, budgets: [], rates: []))
        })
    }

    @Test("who is limited gets terms by its id, in its place behind the file's keys; limits that cannot be read or kept close their holder alone")
    func limits() throws {
        world.declared = try World.declaring(keys: [.init(name: "of the file", digest: bytes("s").withBytes { KeyDigest(of: $0) }, configurationIndex: nil)])
        let free = try world.issue("free")
        let limited = try world.issue("limited") { $0.usageLimits = #"{"credit_limit":1.5,"periodic_reset":"monthly"}"# }
        let odd = try world.issue("odd") { $0.rateLimits = #"[{"unit":"rpm"}]"# }
        try world.virtualKey("vault") { $0.rateLimits = #"[{"type":"tokens","unit":"rpm","value":7}]"# }
        var asked: [LimitedHolder] = []
        var programs = ProgramShelf()
        func merge(_ make: ([LimitedHolder]) -> LimitedTerms) throws -> SnapshotMerge {
            SnapshotMerge(world.declared, try world.stored(), pepper: world.store.pepper, now: 0, edition: 1, limits: make, &programs)
        }
        let kept = try merge { holders in
            asked += holders
            return self.kept(holders)
        }
        #expect(asked.map(\.name) == ["vault", "limited"] && asked[1].identity == limited.key.id)
        #expect(asked[0].limits.rates.map(\.count) == [7] && asked[1].limits.usage.map(\.limit) == [1_500_000_000])
        #expect(kept.parts.keyTerms.map { $0?.holder } == [nil, nil, "limited", nil] && kept.parts.virtualKey("vault")?.terms?.holder == "vault")
        let keys = kept.parts.keys
        #expect(keys.principal(presenting: limited.secret)?.keyIndex == 2 && keys.principal(presenting: free.secret)?.standing == .active)
        #expect(keys.principal(presenting: odd.secret)?.standing == .restricted && kept.faults.count == 1 && kept.faults[0].contains("value"))
        let unkept = try merge { holders in LimitedTerms(books: nil, terms: holders.map { _ in .failure(LimitFault("no disk")) }) }
        #expect(unkept.parts.keys.principal(presenting: limited.secret)?.standing == .restricted)
        #expect(unkept.parts.virtualKey("vault")?.refusal?.contains("limits") == true && unkept.parts.keys.principal(presenting: free.secret)?.standing == .active)
    }

    @Test("workspaces, and what they do with integrations, have limits by their ids; a workspace that is closed to an integration is, and a key of it is refused where its limits cannot be kept")
    func workspaces() throws {
        let (red, blue, green) = (try world.workspace("red") { $0.usageLimits = #"[{"type":"requests","credit_limit":5}]"# }, try world.workspace("blue"), try world.workspace("green"))
        let key = try world.issue("k") { $0.workspaceID = red.id }
        var integration = Integration()
        integration.head.organisationID = world.organisation
        integration.name = "account"
        integration.provider = "openai"
        integration.isForAllWorkspaces = false
        integration.workspaces = IntegrationShare.text([
            IntegrationShare(red.id, usageLimits: #"[{"credit_limit":2}]"#), IntegrationShare(blue.id, isEnabled: false), IntegrationShare("gone", usageLimits: "7"),
        ])
        let made = try world.store.create(integration, by: .system)
        try world.virtualKey("open", secrets: []) { $0.integrationID = made.id }
        try world.virtualKey("reds", secrets: []) { ($0.integrationID, $0.workspaceID) = (made.id, red.id) }
        var asked: [LimitedHolder] = []
        var programs = ProgramShelf()
        func merge(_ make: ([LimitedHolder]) -> LimitedTerms) throws -> SnapshotMerge {
            SnapshotMerge(world.declared, try world.stored(), pepper: world.store.pepper, now: 0, edition: 1, limits: make, &programs)
        }
        let kept = try merge { holders in
            asked = holders
            return self.kept(holders)
        }
        #expect(asked.map(\.scope) == [.workspace, .integration, .integration], "\(asked.map(\.name))")
        let pair = IntegrationShare.identity(of: made.id, in: red.id)
        #expect(asked.map(\.identity) == [red.id, pair, pair] && asked[1].limits.usage.map(\.limit) == [2_000_000_000])
        let numbers = Dictionary(uniqueKeysWithValues: try world.rows().workspaces.enumerated().map { ($1.id, Int32($0)) })
        let (redNumber, blueNumber, greenNumber) = (numbers[red.id] ?? -1, numbers[blue.id] ?? -1, numbers[green.id] ?? -1)
        #expect(kept.parts.workspaces[Int(redNumber)].terms?.holder == "red" && kept.parts.workspaces[Int(blueNumber)].terms == nil)
        let open = try #require(kept.parts.virtualKey("open"))
        #expect(open.integrationTerms[redNumber]?.identity == pair && !open.closedTo.contains(redNumber))
        #expect(open.closedTo.isSuperset(of: [blueNumber, greenNumber]))
        #expect(kept.parts.virtualKey("reds")?.integrationTerms.count == 1 && kept.parts.virtualKey("reds")?.closedTo == [])
        #expect(kept.parts.keys.principal(presenting: key.secret)?.standing == .active)
        let unkept = try merge { holders in LimitedTerms(books: nil, terms: holders.map { _ in .failure(LimitFault("no disk")) }) }
        #expect(unkept.parts.keys.principal(presenting: key.secret)?.standing == .restricted)
        #expect(unkept.parts.virtualKey("reds")?.closedTo == [redNumber])
    }

    @Test("policies that are in use are handed over as they are read; one that cannot be read refuses, what is off or limits nothing is not there")
    func policies() throws {
        let space = try world.workspace("red")
        func policy(_ name: String, _ subject: LimitPolicy.Subject, _ terms: String?, _ change: (inout LimitPolicy) -> Void = { _ in }) throws {
            var policy = LimitPolicy()
            policy.head.organisationID = world.organisation
            policy.name = name
            policy.subject = subject
            policy.conditions = #"[{"key":"metadata._user","value":["*"]}]"#
            policy.groups = #"[{"key":"metadata._user"}]"#
            policy.terms = terms
            change(&policy)
            _ = try world.store.create(policy, by: .system)
        }
        try policy("budget", .usage, #"{"type":"cost","credit_limit":1.5,"periodic_reset":"weekly"}"#)
        try policy("rate", .rate, #"{"type":"requests","unit":"rpm","value":7,"target":"llm"}"#) { $0.head.workspaceID = space.id }
        try policy("off", .usage, #"{"credit_limit":1}"#) { $0.status = .disabled }
        try policy("nothing", .rate, #"{"type":"requests","unit":"rpm","value":0}"#)
        try policy("odd terms", .usage, #"{"credit_limit":-1}"#)
        try policy("odd conditions", .usage, #"{"credit_limit":1}"#) { $0.conditions = #"[{"key":"weather","value":["x"]}]"# }
        var programs = ProgramShelf()
        var asked: [LimitedPolicy] = []
        let merge = SnapshotMerge(world.declared, try world.stored(), pepper: world.store.pepper, now: 0, edition: 1, policies: { policies in
            asked = policies
            return KeptPolicies.none(policies)
        }, &programs)
        #expect(asked.map(\.name) == ["budget", "rate", "odd terms", "odd conditions"])
        #expect(asked[0].limits.usage.map(\.limit) == [1_500_000_000] && asked[0].scope.groups == [.metadata("_user")] && asked[0].workspace == -1)
        #expect(asked[1].limits.rates.map(\.count) == [7] && asked[1].workspace >= 0 && asked.prefix(2).allSatisfy { $0.fault == nil })
        #expect(asked[2].fault != nil && asked[3].fault?.contains("weather") == true && asked[3].scope == PolicyScope())
        #expect(merge.parts.policies.count == 4 && merge.faults.filter { $0.contains("it refuses what it is for") }.count == 2)
    }

    @Test("a workspace's metadata goes before its keys', and those of the file before neither; a key without has none")
    func metadata() throws {
        let space = try world.workspace("red") { $0.defaults = #"{"metadata":{"team":"red","site":"oslo"}}"# }
        let none = try world.workspace("blue") { $0.defaults = #"{"config":"x"}"# }
        let keys = [
            try world.issue("both") {
                $0.head.workspaceID = space.id
                $0.defaultMetadata = #"{"team":"own","tier":"gold"}"#
            },
            try world.issue("of the workspace") { $0.head.workspaceID = space.id },
            try world.issue("own alone") { $0.defaultMetadata = #"{"tier":"gold"}"# },
            try world.issue("none") { $0.head.workspaceID = none.id },
            try world.issue("nowhere"),
        ]
        let secret = try GatewayKey.generate()
        world.declared = try World.declaring(keys: [.init(name: "of the file", digest: bytes(secret).withBytes { KeyDigest(of: $0) }, configurationIndex: nil)])
        world.declared.parts.keyMetadata = [KeyMetadata([#"{"from":"file"}"#])]
        let parts = try world.merged().parts
        let snapshot = Snapshot(parts, version: 1)
        let found = (keys.map(\.secret) + [secret]).map { parts.keys.principal(presenting: $0).flatMap { snapshot.keyMetadata(of: $0) }?.description }
        #expect(found == [#"{"tier":"gold","team":"red","site":"oslo"}"#, #"{"team":"red","site":"oslo"}"#, #"{"tier":"gold"}"#, nil, nil, #"{"from":"file"}"#])
    }

    @Test("a virtual key's pricing goes into its terms, with limits or without; one that cannot be read closes it")
    func pricing() throws {
        try world.virtualKey("halved") { $0.pricing = #"{"multiplier":0.5}"# }
        try world.virtualKey("limited") {
            $0.pricing = #"{"fixed":0.25}"#
            $0.usageLimits = #"[{"type":"requests","credit_limit":5}]"#
        }
        try world.virtualKey("usual") { $0.pricing = #"{"multiplier":1}"# }
        var integration = Integration()
        integration.head.organisationID = world.organisation
        integration.name = "account"
        integration.provider = "openai"
        integration.pricing = #"{"multiplier":0.8}"#
        integration = try world.store.create(integration, by: .system)
        // Its integration's, unless it says something of its own.
        try world.virtualKey("shared") { $0.integrationID = integration.id }
        try world.virtualKey("own") {
            $0.integrationID = integration.id
            $0.pricing = #"{"multiplier":0.25}"#
        }
        try world.virtualKey("plain")
        var rows = try world.rows()
        let odd = try #require(rows.virtualKeys.firstIndex { $0.key.slug == "plain" })
        var plain = rows.virtualKeys[odd].key
        plain.pricing = #"{"multiplier":-1}"#
        rows.virtualKeys[odd] = SnapshotRows.Slot(key: plain, credentials: rows.virtualKeys[odd].credentials)
        var programs = ProgramShelf()
        var asked: [LimitedHolder] = []
        let stored = StoredObjects(rows, OtherObjects(rows, WorkspaceNumbers().with(rows.workspaces)))
        let merge = SnapshotMerge(world.declared, stored, pepper: world.store.pepper, now: 0, edition: 1, limits: { holders in
            asked = holders
            return LimitedTerms(books: nil, terms: holders.map { holder in
                .success(SpendingTerms(holder.scope, of: holder.name, identity: holder.identity, budgets: [], rates: [], adjustment: holder.adjustment))
            })
        }, &programs)
        #expect(Dictionary(asked.map { ($0.name, $0.adjustment) }) { first, _ in first } == [
            "halved": PriceAdjustment(multiplierMillionths: 500_000), "limited": PriceAdjustment(fixed: Nanodollars(250_000_000)),
            "shared": PriceAdjustment(multiplierMillionths: 800_000), "own": PriceAdjustment(multiplierMillionths: 250_000),
        ].compactMapValues { $0 })
        #expect(merge.parts.virtualKey("halved")?.terms?.adjustment.multiplierMillionths == 500_000 && merge.parts.virtualKey("usual")?.terms == nil)
        #expect(merge.parts.virtualKey("plain")?.refusal == "has a pricing that cannot be read")
        #expect(merge.faults == ["virtual key \"plain\": pricing.multiplier must be a number from 0 to 1000 with at most six decimals; it is not used"])
    }
}
