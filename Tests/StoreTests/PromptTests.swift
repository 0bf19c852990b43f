import Bytes
import Foundation
import GRDB
import JSON
import Testing
@testable import Store

@Suite("Prompts of the store")
struct PromptTests {
    private let world: World

    init() throws { world = try World() }

    private var store: SQLiteStore { world.store }

    @discardableResult
    private func make<Owner: Versioned>(_ kind: Owner.Type, _ slug: String, _ texts: [String], workspace: String? = nil) throws -> Owner {
        var owner = Owner()
        owner.head.organisationID = world.organisation
        owner.workspaceID = workspace
        owner.name = slug
        owner.slug = slug
        owner = try store.create(owner, by: .system)
        for (index, text) in texts.enumerated() {
            if index > 0 { owner = try store.update(Owner.self, owner.id, in: world.scope, at: nil, by: .system) { $0.latestVersion += 1 } }
            var version = owner.nextVersion()
            version.template = template(text).json
            _ = try store.create(version, by: .system)
        }
        return owner
    }

    private func template(_ text: String) -> PromptTemplate {
        var template = PromptTemplate()
        template.string = text
        return template
    }

    private func label(_ name: String, workspace: String? = nil) throws -> PromptLabel {
        var label = PromptLabel()
        label.head.organisationID = world.organisation
        label.workspaceID = workspace
        label.name = name
        return try store.create(label, by: .system)
    }

    @discardableResult
    private func put(_ label: String, on number: Int64, of prompt: Prompt) throws -> PromptLabelling {
        var labelling = PromptLabelling()
        labelling.head.organisationID = world.organisation
        labelling.workspaceID = prompt.workspaceID
        labelling.promptID = prompt.id
        labelling.labelID = label
        labelling.number = number
        return try store.create(labelling, by: .system)
    }

    private func text(_ reference: String, workspace: String? = nil) throws -> String {
        let scope = Scope(organisationID: world.organisation, workspaceID: workspace)
        return try store.prompt(Prompt.self, PromptReference(reference), in: scope).template.string
    }

    // MARK: References

    @Test("a reference says which version behind its first @", arguments: [
        ("pp-x", PromptReference("pp-x", .published)), ("pp-x@", PromptReference("pp-x", .published)), ("pp-x@default", PromptReference("pp-x", .published)),
        ("pp-x@latest", PromptReference("pp-x", .latest)), ("pp-x@12", PromptReference("pp-x", .number(12))),
        ("pp-x@99999999999999999999", PromptReference("pp-x", .number(.max))), ("pp-x@-1", PromptReference("pp-x", .label("-1"))),
        ("pp-x@staging", PromptReference("pp-x", .label("staging"))), ("pp-x@a@b", PromptReference("pp-x", .label("a@b"))),
        ("", PromptReference("", .published)), ("@", PromptReference("", .published)),
    ])
    func references(text: String, reference: PromptReference) {
        #expect(PromptReference(text) == reference)
    }

    @Test("a version is found by number, as the newest, as the published one and by label, by the prompt's slug and id")
    func versions() throws {
        let prompt = try make(Prompt.self, "pp-x", ["one", "two", "three"])
        try put("production", on: 1, of: prompt)
        let own = try label("canary")
        try put(own.id, on: 2, of: prompt)
        for name in ["pp-x", prompt.id] {
            let found = try ["", "@2", "@latest", "@production", "@canary"].map { try text(name + $0) }
            #expect(found == ["one", "two", "three", "one", "two"])
        }
        _ = try store.update(Prompt.self, prompt.id, in: world.scope, at: nil, by: .system) { $0.publishedVersion = 3 }
        #expect(try text("pp-x") == "three" && text("pp-x@default") == "three")
        for none in ["@4", "@0", "@staging", "@nothing", "@99999999999999999999"] {
            let wanted = StoreError.notFound(kind: "version", id: "pp-x" + (none.count > 9 && none.hasPrefix("@9") ? "@\(Int64.max)" : none))
            #expect(failure { _ = try text("pp-x" + none) } == wanted)
        }
        #expect(failure { _ = try text("pp-none@latest") } == .notFound(kind: "prompt", id: "pp-none"))
    }

    @Test("a prompt is for requests of its workspace, the organisation's for all; a prompt of the same id elsewhere is not there")
    func workspaces() throws {
        let (red, blue) = (try world.workspace("red").id, try world.workspace("blue").id)
        try make(Prompt.self, "pp-red", ["red"], workspace: red)
        try make(Prompt.self, "pp-all", ["all"])
        #expect(try text("pp-red", workspace: red) == "red" && text("pp-red") == "red")
        #expect(try text("pp-all", workspace: red) == "all" && text("pp-all", workspace: blue) == "all")
        #expect(failure { _ = try text("pp-red", workspace: blue) } == .notFound(kind: "prompt", id: "pp-red"))
        let elsewhere = Scope(organisationID: "another")
        #expect(failure { _ = try store.prompt(Prompt.self, PromptReference("pp-all"), in: elsewhere) } == .notFound(kind: "prompt", id: "pp-all"))
    }

    @Test("of a workspace's label and the organisation's of one name, a prompt's workspace goes first")
    func labelsOfOneName() throws {
        let red = try world.workspace("red").id
        let prompt = try make(Prompt.self, "pp-x", ["one", "two"], workspace: red)
        try put(try label("canary").id, on: 1, of: prompt)
        #expect(try text("pp-x@canary") == "one")
        try put(try label("canary", workspace: red).id, on: 2, of: prompt)
        #expect(try text("pp-x@canary") == "two")
    }

    @Test("a partial has versions and no labels, and is not used while it is archived")
    func partials() throws {
        let partial = try make(PromptPartial.self, "pp-tone", ["kind", "kinder"])
        // What a prompt has of the same slug is another thing.
        try make(Prompt.self, "pp-tone", ["prompt"])
        func text(_ reference: String) throws -> String { try store.prompt(PromptPartial.self, PromptReference(reference), in: world.scope).template.string }
        #expect(try text("pp-tone") == "kind" && text("pp-tone@latest") == "kinder" && text("pp-tone@2") == "kinder")
        #expect(failure { _ = try text("pp-tone@production") } == .notFound(kind: "version", id: "pp-tone@production"))
        _ = try store.update(PromptPartial.self, partial.id, in: world.scope, at: nil, by: .system) { $0.status = .archived }
        #expect(failure { _ = try text("pp-tone") } == .notFound(kind: "prompt partial", id: "pp-tone"))
        #expect(try store.promptVersion(.latest, of: partial).number == 2)
    }

    // MARK: Rules

    @Test("a label is on one version of a prompt at most")
    func oneVersion() throws {
        let prompt = try make(Prompt.self, "pp-x", ["one", "two"])
        let labelling = try put("production", on: 1, of: prompt)
        #expect(failure { try put("production", on: 2, of: prompt) } == .taken(kind: "label of a version", field: "label_id"))
        _ = try store.update(PromptLabelling.self, labelling.id, in: world.scope, at: nil, by: .system) { $0.number = 2 }
        #expect(try text("pp-x@production") == "two")
    }

    @Test("a version's number is there once, also when two write it")
    func oneNumber() throws {
        let prompt = try make(Prompt.self, "pp-x", ["one"])
        var again = prompt.nextVersion()
        again.template = template("two").json
        let twice = again
        #expect(failure { _ = try store.create(twice, by: .system) } == .taken(kind: "version", field: "number"))
    }

    @Test("a prompt has as many versions as it may have, and a label's name what a path can say")
    func bounds() throws {
        let prompt = try make(Prompt.self, "pp-x", ["one"])
        func grow(_ latest: Int64, _ published: Int64 = 1) -> StoreError? {
            failure {
                _ = try store.update(Prompt.self, prompt.id, in: world.scope, at: nil, by: .system) {
                    ($0.latestVersion, $0.publishedVersion) = (latest, published)
                }
            }
        }
        #expect(grow(StoreLimits.versionsOfPromptCount) == nil)
        #expect(grow(StoreLimits.versionsOfPromptCount + 1)?.description.contains("go on with another prompt") == true)
        #expect(grow(3, 4)?.description == "version is none that there is")
        #expect(throws: Never.self) { try label(String(repeating: "l", count: StoreLimits.labelByteCount)) }
        for name in ["", String(repeating: "l", count: StoreLimits.labelByteCount + 1), "latest", "default", "12", "production", "a b", "a@b", "a/b", "a\"", "a\n"] {
            guard case .invalid("name", _) = failure({ _ = try label(name) }) else {
                Issue.record("\(name) was taken")
                continue
            }
        }
        #expect(throws: Never.self) { try label("v1.2-é") }
        #expect(failure { _ = try label("v1.2-é") } == .taken(kind: "label", field: "name"))
        let red = try world.workspace("red").id
        #expect(throws: Never.self) { try label("v1.2-é", workspace: red) }
        #expect(failure { _ = try label("v1.2-é", workspace: red) } == .taken(kind: "label", field: "name"))
    }

    @Test("there are as many labels and versions in one store as there may be", arguments: ["labels", "prompt_versions"])
    func full(table: String) throws {
        let prompt = try make(Prompt.self, "pp-x", ["one"])
        let limit = table == "labels" ? StoreLimits.labelCount : StoreLimits.promptVersionCount
        func another() throws {
            if table == "labels" {
                _ = try label("l\(try store.generation())")
            } else {
                var version = try store.update(Prompt.self, prompt.id, in: world.scope, at: nil, by: .system) { $0.latestVersion += 1 }.nextVersion()
                version.template = template("more").json
                _ = try store.create(version, by: .system)
            }
        }
        try store.writing { try $0.execute(sql: "INSERT OR REPLACE INTO object_counts VALUES (?, ?)", arguments: [table, limit - 1]) }
        try another()
        #expect(failure { try another() } == .full(kind: table == "labels" ? "label" : "version", limit: limit))
    }

    @Test("a template comes back as it was, and a text of everything else is an empty one")
    func templates() throws {
        var template = PromptTemplate()
        template.string = "[{\"role\":\"user\",\"content\":\"a \\\"b\\\" {{c}}\\n\"}]"
        template.isRaw = true
        (template.virtualKey, template.model) = ("openai", "gpt-4o")
        template.parameters = DocumentParser.parse(#"{"temperature":0.70,"n":1e2}"#).document?.root
        template.tools = DocumentParser.parse(#"[{"type":"function"}]"#).document?.root
        template.toolChoice = DocumentNode(.string("auto"), at: .start)
        template.metadata = DocumentParser.parse(#"{"template_type":"chat"}"#).document?.root
        let again = PromptTemplate(json: template.json)
        #expect(again.json == template.json && again.string == template.string && again.isRaw && again.functions == nil)
        #expect(again.parameters.map { String(decoding: $0.json, as: UTF8.self) } == #"{"temperature":0.70,"n":1e2}"#)
        for text in ["", "[]", "7", "{", #"{"string":7,"model":[]}"#] { #expect(PromptTemplate(json: text).json == #"{"string":""}"#) }
    }

    // MARK: Upkeep

    @Test("what a prompt says is in the vault: sealed, rewrapped, in backups, left out of snapshots, and gone with it")
    func vault() throws {
        let prompt = try make(Prompt.self, "pp-x", ["the words of the prompt", "others"])
        let label = try label("canary")
        try put(label.id, on: 1, of: prompt)
        #expect(try world.secrets().map(\.name.id).filter { $0.hasSuffix("/template") }.count == 2)
        // Nor does the log have the words, which would stay in it.
        let told = try store.audit(AuditQuery()).rows.filter { $0.event.resource == "prompt_versions" }.compactMap(\.event.after)
        #expect(told.count == 2 && told.allSatisfy { $0.contains(#""template":{"bytes":"#) && $0.contains("digest") && !$0.contains("words") })
        _ = try store.rotateKeyring(by: .system)
        #expect(try store.rewrap(atMost: 100, by: .system).left == 0)
        let report = try store.examineVault(SecretReferenceRules())
        #expect(report.isHealthy && report.secretCount == 2)
        // One that does not open costs whoever asks for it, and no snapshot.
        try store.writing { try $0.execute(sql: "UPDATE secrets SET sealed = zeroblob(60)") }
        #expect(try store.snapshotRows(SecretReferenceRules()).faults.isEmpty)
        #expect(failure { _ = try text("pp-x") } != nil)
        #expect(try store.examineVault(SecretReferenceRules()).faults.count == 2)
        _ = try store.backup(to: world.folder.file("copy"), by: .system)
        try store.delete(Prompt.self, prompt.id, in: world.scope, at: nil, by: .system)
        #expect(try world.secrets().isEmpty)
        #expect(failure { _ = try text("pp-x") } == .notFound(kind: "prompt", id: "pp-x"))
        for (table, count) in [("prompts", 0), ("prompt_versions", 0), ("prompt_labels", 0), ("labels", 1)] {
            #expect(try store.reading { try Int.fetchOne($0, sql: "SELECT live FROM object_counts WHERE name = ?", arguments: [table]) } == count, "\(table)")
        }
        try store.delete(PromptLabel.self, label.id, in: world.scope, at: nil, by: .system)
        #expect(try store.verifyAudit().faults.isEmpty)
    }

    @Test("a label that is deleted leaves its versions")
    func deletedLabel() throws {
        let prompt = try make(Prompt.self, "pp-x", ["one"])
        let label = try label("canary")
        try put(label.id, on: 1, of: prompt)
        try store.delete(PromptLabel.self, label.id, in: world.scope, at: nil, by: .system)
        #expect(failure { _ = try text("pp-x@canary") } == .notFound(kind: "version", id: "pp-x@canary"))
        #expect(try text("pp-x") == "one")
        _ = try self.label("canary")
    }

    @Test("a collection with something in it, and a workspace with a collection, label, partial or prompt in it, stay")
    func inUse() throws {
        let space = try world.workspace("red").id
        var collection = PromptCollection()
        collection.head.organisationID = world.organisation
        collection.workspaceID = space
        collection.name = "folder"
        let folder = try store.create(collection, by: .system)
        collection.parentID = folder.id
        let inner = try store.create(collection, by: .system)
        let prompt = try make(Prompt.self, "pp-x", ["one"], workspace: space)
        _ = try store.update(Prompt.self, prompt.id, in: world.scope, at: nil, by: .system) { $0.collectionID = folder.id }
        let contents = try store.contents(of: folder)
        #expect((contents.collectionCount, contents.promptCount) == (1, 1) && contents.promptsChangedAt == world.clock.now)
        #expect(try store.contents(of: inner) == CollectionContents(collectionCount: 0, collectionsChangedAt: nil, promptCount: 0, promptsChangedAt: nil))
        func delete<Object: StoredObject>(_ kind: Object.Type, _ id: String) -> StoreError? {
            failure { try store.delete(kind, id, in: world.scope, at: nil, by: .system) }
        }
        #expect(delete(PromptCollection.self, folder.id) == .inUse(kind: "collection", by: "collection", count: 1))
        #expect(delete(PromptCollection.self, inner.id) == nil)
        #expect(delete(PromptCollection.self, folder.id) == .inUse(kind: "collection", by: "prompt", count: 1))
        #expect(delete(Workspace.self, space) == .inUse(kind: "workspace", by: "prompt", count: 1))
        #expect(delete(Prompt.self, prompt.id) == nil)
        #expect(delete(Workspace.self, space) == .inUse(kind: "workspace", by: "collection", count: 1))
        #expect(delete(PromptCollection.self, folder.id) == nil)
        let label = try label("canary", workspace: space)
        #expect(delete(Workspace.self, space) == .inUse(kind: "workspace", by: "label", count: 1))
        #expect(delete(PromptLabel.self, label.id) == nil)
        let partial = try make(PromptPartial.self, "pp-tone", ["kind"], workspace: space)
        #expect(delete(Workspace.self, space) == .inUse(kind: "workspace", by: "prompt partial", count: 1))
        #expect(delete(PromptPartial.self, partial.id) == nil)
        #expect(delete(Workspace.self, space) == nil)
    }

    @Test("lists of a workspace have what is the organisation's where that is asked for")
    func shared() throws {
        let (red, blue) = (try world.workspace("red").id, try world.workspace("blue").id)
        for (name, space) in [("red", red), ("blue", blue), ("all", nil)] { _ = try label(name, workspace: space) }
        var query = ListQuery(Scope(organisationID: world.organisation, workspaceID: red))
        #expect(try store.list(PromptLabel.self, query).rows.map(\.name) == ["red"])
        query.includesShared = true
        let page = try store.list(PromptLabel.self, query)
        #expect(page.rows.map(\.name) == ["all", "red"] && page.total == 2)
    }
}
