import Bytes
import Foundation
import Gateway
import Ledger
import Policy
import Providers
import Synchronization
@testable import Office
@testable import Store

/// A store in a folder that is gone with the test, and what a file declares.
final class World {
    let folder: String
    let store: SQLiteStore
    let organisation: String
    var declared: DeclaredParts

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sluice-office-\(UUID().uuidString)").path
        store = try SQLiteStore.open(in: folder, keyring: .file(folder + "/keyring"))
        organisation = try store.firstOrganisation().id
        declared = try World.declaring()
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What a file with these virtual keys (of OpenAI's), configs and keys comes to.
    static func declaring(virtualKeys: [String] = [], configs: [String] = [], keys: [KeyTable.Declaration] = []) throws -> DeclaredParts {
        let table = ProviderTable()
        let rows = (0..<table.count).map { table[$0] }
        let providers = rows.map { Catalog.Provider(id: $0.id.description, needsCredential: $0.needsCredential) }
        let openAI = NameTable(providers.map(\.id)).index(of: "openai") ?? 0
        let catalog = Catalog(providers: providers, virtualKeys: virtualKeys.map { .init(slug: $0, provider: openAI) }, configNames: configs)
        var parts = Snapshot.Parts(upstreams: rows.map { Upstream(row: $0) }, catalog: catalog, keys: try KeyTable(keys))
        parts.virtualKeys = virtualKeys.map { Snapshot.VirtualKey(slug: $0, upstream: openAI, credential: Array("sk-file".utf8)) }
        parts.configs = configs.map { _ in .single(provider: openAI, credential: .caller) }
        return DeclaredParts(parts, keys: keys)
    }

    // MARK: Objects

    func issue(_ name: String, _ change: (inout APIKey) -> Void = { _ in }) throws -> IssuedKey {
        var key = APIKey()
        key.head.organisationID = organisation
        key.name = name
        key.scopes = ["completions.write"]
        change(&key)
        return try store.issue(key, secret: nil, by: .system)
    }

    @discardableResult
    func virtualKey(
        _ slug: String, provider: String = "openai", secrets: [String] = ["sk-stored"], _ change: (inout VirtualKey) -> Void = { _ in }
    ) throws -> VirtualKey {
        var key = VirtualKey()
        key.head.organisationID = organisation
        key.name = slug
        key.slug = slug
        key.provider = provider
        change(&key)
        let made = try store.create(key, by: .system)
        for secret in secrets { _ = try credential(of: made, secret) }
        return made
    }

    func credential(of key: VirtualKey, _ secret: String, _ change: (inout ProviderCredential) -> Void = { _ in }) throws -> ProviderCredential {
        var credential = ProviderCredential()
        credential.head.organisationID = organisation
        credential.virtualKeyID = key.id
        change(&credential)
        return try store.addCredential(credential, .secret(bytes(secret)), by: .system)
    }

    func config(_ slug: String, _ text: String, _ change: (inout Config) -> Void = { _ in }) throws -> Config {
        var config = Config()
        config.head.organisationID = organisation
        config.name = slug
        config.slug = slug
        config.text = text
        change(&config)
        return try store.create(config, by: .system)
    }

    func workspace(_ name: String, _ change: (inout Workspace) -> Void = { _ in }) throws -> Workspace {
        var workspace = Workspace()
        workspace.head.organisationID = organisation
        workspace.name = name
        change(&workspace)
        return try store.create(workspace, by: .system)
    }

    // MARK: Merging

    func rows() throws -> SnapshotRows { try store.snapshotRows(SecretReferenceRules()) }

    func stored() throws -> StoredObjects { try StoredObjects.read(store, SecretReferenceRules()) }

    func merged(now: Int64 = SnapshotDesk.now()) throws -> SnapshotMerge {
        var programs = ProgramShelf()
        return SnapshotMerge(declared, try stored(), pepper: store.pepper, now: now, edition: 1, &programs)
    }
}

extension SnapshotMerge {
    /// One that shares nothing with another.
    init(
        _ declared: DeclaredParts, _ stored: StoredObjects, pepper: KeyPepper, now: Int64, edition: UInt64,
        limits: ([LimitedHolder]) -> LimitedTerms = { _ in LimitedTerms(books: nil, terms: []) },
        policies: ([LimitedPolicy]) -> KeptPolicies = { KeptPolicies.none($0) }, _ programs: inout ProgramShelf
    ) {
        var virtualKeys = VirtualKeyShelf()
        self.init(
            declared, stored, pepper: pepper, now: now, edition: edition, sharing: nil, limits: limits, policies: policies, &programs, &virtualKeys)
    }
}

func bytes(_ text: String) -> SecretBytes { Array(text.utf8).withByteSlice { SecretBytes($0) } }

extension KeyTable {
    func principal(presenting text: String) -> Principal? { Array(text.utf8).withByteSlice { principal(presenting: $0) } }
}

extension Snapshot.Parts {
    func virtualKey(_ slug: String) -> Snapshot.VirtualKey? { catalog.virtualKeyNames.index(of: slug).map { virtualKeys[$0] } }

    func config(_ name: String) -> Snapshot.StoredConfig? { catalog.configNames.index(of: name).flatMap { storedConfigs[$0] } }
}

/// What an operator was told.
final class Told: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func note(_ line: String) { lines.withLock { $0.append(line) } }
}
