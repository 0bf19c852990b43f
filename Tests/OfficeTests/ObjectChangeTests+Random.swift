import Ledger
import Testing

@testable import Gateway
@testable import Office
@testable import Store

extension ObjectChangeTests {
    @Test("whatever becomes of keys, virtual keys and configs, requests are served as by a snapshot that is made of all of them anew")
    func sameAsAnew() throws {
        var state = UInt64.random(in: 1...UInt64.max)
        print("changes of keys: seed \(state)")
        func roll(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
        let ofFile = KeyTable.Declaration(name: "of the file", digest: bytes("file-secret-0123456789").withBytes { KeyDigest(of: $0) })
        world.declared = try World.declaring(configs: ["of-file"], keys: [ofFile])
        let workspaces = [nil, try world.workspace("one").id, try world.workspace("two") { $0.defaults = #"{"metadata":{"from":"two"}}"# }.id]
        let configs = [nil, try world.config("pc-a", #"{"provider":"openai"}"#).id, try world.config("pc-b", #"{"provider":"nobody"}"#).id]
        for number in 0..<20 { _ = try world.issue("old \(number)") }
        var (secrets, ids): ([String], [String]) = (["file-secret-0123456789", "nobody's"], [])
        let watch = try serve()
        let scope = Scope(organisationID: world.organisation)
        var spaces: [String] = []
        func space() -> String? { spaces.isEmpty || roll(2) == 0 ? workspaces[roll(3)] : spaces[roll(spaces.count)] }
        func vary(_ key: inout APIKey) {
            key.head.workspaceID = space()
            key.defaultConfigID = configs[roll(3)]
            key.allowedModels = roll(2) == 0 ? ["gpt-\(roll(9))*"] : []
            key.usageLimits = roll(2) == 0 ? #"[{"type":"requests","credit_limit":\#(10 + roll(9))}]"# : nil
            key.defaultMetadata = roll(2) == 0 ? #"{"team":"\#(roll(9))"}"# : nil
            key.scopes = roll(4) == 0 ? ["logs.list"] : ["completions.write"]
        }
        var integration = Integration()
        integration.head.organisationID = world.organisation
        (integration.name, integration.provider) = ("shared", "openai")
        integration = try world.store.create(integration, by: .system)
        func changeIntegration() throws {
            var credential = ProviderCredential()
            (credential.head.organisationID, credential.integrationID) = (world.organisation, integration.id)
            if roll(3) == 0 { _ = try world.store.addCredential(credential, .secret(bytes("sk-shared-\(roll(1_000_000))")), by: .system) }
            let shares = spaces.prefix(2).map { #"{"id":"\#($0)","enabled":\#(roll(2) == 0)}"# }.joined(separator: ",")
            _ = try world.store.update(Integration.self, integration.id, in: scope, at: nil, by: .system) { integration in
                integration.isForAllWorkspaces = roll(2) == 0
                integration.workspaces = "[\(shares)]"
                integration.head.status = roll(5) == 0 ? .disabled : .active
            }
        }
        /// By their slugs; ids of configs.
        var (targets, texts): ([String], [String]) = ([], [])
        func vary(_ key: inout VirtualKey) {
            key.head.workspaceID = key.head.revision == 0 ? workspaces[roll(3)] : key.head.workspaceID
            key.allowedModels = roll(2) == 0 ? ["gpt-\(roll(9))*"] : []
            key.usageLimits = roll(2) == 0 ? #"[{"type":"requests","credit_limit":\#(10 + roll(9))}]"# : nil
            key.head.status = roll(4) == 0 ? .disabled : .active
        }
        func text() -> String { #"{"virtual_key":"\#(targets.isEmpty || roll(4) == 0 ? "nobody" : targets[roll(targets.count)])"}"# }
        func changeTarget() throws {
            let slug = targets.isEmpty ? "" : targets[roll(targets.count)]
            switch (roll(5), slug) {
            case (0, _), (_, ""):
                targets.append("\(roll(6) == 0 ? "unkept" : "target")-\(roll(1_000_000))")
                let isShared = roll(3) == 0
                try world.virtualKey(targets[targets.count - 1], provider: roll(8) == 0 ? "no-such" : "openai", secrets: isShared ? [] : ["sk-stored"]) { key in
                    vary(&key)
                    if isShared { key.integrationID = integration.id }
                }
            case (1, _): _ = try world.store.update(VirtualKey.self, slug, in: scope, at: nil, by: .system) { vary(&$0) }
            case (2, _):
                let key = try world.store.find(VirtualKey.self, slug, in: scope)
                _ = try world.credential(of: key, "sk-\(roll(1_000_000))")
            case (3, _):
                try world.store.delete(VirtualKey.self, slug, in: scope, at: nil, by: .system)
                targets.removeAll { $0 == slug }
            case (_, _):
                let key = try world.store.find(VirtualKey.self, slug, in: scope)
                let own = try world.store.list(ProviderCredential.self, ListQuery(scope)).rows.first { $0.virtualKeyID == key.id }
                if let own { _ = try world.store.replaceCredential(own.id, in: scope, with: .secret(bytes("sk-\(roll(1_000_000))")), by: .system) }
            }
        }
        func changeConfig() throws {
            let id = texts.isEmpty ? "" : texts[roll(texts.count)]
            switch (roll(5), id) {
            case (0, _), (_, ""):
                let made = try world.config("pc-\(roll(1_000_000))", text()) { $0.head.workspaceID = space() }
                texts.append(made.id)
            case (1, _): _ = try world.store.update(Config.self, id, in: scope, at: nil, by: .system) { $0.text = text() }
            case (2, _): _ = try world.store.update(Config.self, id, in: scope, at: nil, by: .system) { $0.isDefault = roll(2) == 0 }
            case (3, _): _ = try world.store.update(Config.self, id, in: scope, at: nil, by: .system) { $0.head.status = roll(2) == 0 ? .disabled : .active }
            case (_, _):
                // One that a key names stays.
                if (try? world.store.delete(Config.self, id, in: scope, at: nil, by: .system)) != nil { texts.removeAll { $0 == id } }
            }
        }
        func changeSpace() throws {
            let id = spaces.isEmpty ? "" : spaces[roll(spaces.count)]
            switch (roll(4), id) {
            case (0, _), (_, ""): spaces.append(try world.workspace("\(roll(4) == 0 ? "unkept" : "space") \(roll(1_000_000))").id)
            case (1, _):
                // One that has keys stays.
                if (try? world.store.delete(Workspace.self, id, in: scope, at: nil, by: .system)) != nil { spaces.removeAll { $0 == id } }
            case (2, _):
                let limits = roll(3) > 0 ? #"{"credit_limit":\#(1 + roll(9))}"# : nil
                _ = try world.store.update(Workspace.self, roll(3) > 0 ? id : workspaces[1] ?? id, in: scope, at: nil, by: .system) { $0.usageLimits = limits }
            case (_, _):
                let defaults = roll(2) == 0 ? #"{"metadata":{"from":"\#(roll(9))"}}"# : nil
                _ = try world.store.update(Workspace.self, workspaces[2] ?? id, in: scope, at: nil, by: .system) { $0.defaults = defaults }
            }
        }
        var (wasShared, wasSharedBeside) = (false, false)
        for _ in 0..<150 {
            let some = ids.isEmpty ? nil : ids[roll(ids.count)]
            switch (roll(14), some) {
            case (8...9, _): try changeTarget()
            case (10...11, _): try changeConfig()
            case (0...2, _), (_, nil):
                let issued = try world.issue(roll(6) == 0 ? "unkept \(ids.count)" : "key \(ids.count)") { vary(&$0) }
                secrets.append(issued.secret)
                ids.append(issued.key.id)
            case (3, let id?): _ = try world.store.update(APIKey.self, id, in: scope, at: nil, by: .system) { vary(&$0) }
            case (4, let id?): _ = try world.store.update(APIKey.self, id, in: scope, at: nil, by: .system) { $0.status = roll(2) == 0 ? .disabled : .active }
            case (5, let id?):
                // One that is in transition already may be refused.
                let issued = try? world.store.rotate(id, in: scope, transition: roll(2) == 0 ? 0 : 3_600_000, by: .system)
                if let issued { secrets.append(issued.secret) }
            case (6, let id?):
                try world.store.delete(APIKey.self, id, in: scope, at: nil, by: .system)
                ids.removeAll { $0 == id }
            case (12, _): try changeIntegration()
            case (_, _): try changeSpace()
            }
            // One by one, or several at once.
            if roll(3) == 0 { continue }
            let before = adopted.snapshot
            try watch.catchUp()
            let served = try #require(adopted.snapshot)
            if served.keys.changeCount > 0 { wasShared = true }
            // A table that is made anew has no changes.
            if let before, before.keys.changeCount > 0, before.keys.changeCount <= served.keys.changeCount,
                picture(of: served) != picture(of: before)
            {
                wasSharedBeside = true
            }
            let anew = try desk().first()
            #expect(picture(served, secrets) == picture(anew, secrets))
            #expect(picture(of: served) == picture(of: anew))
            #expect(served.keys.count == anew.keys.count)
        }
        #expect(wasShared && wasSharedBeside)
    }
}
