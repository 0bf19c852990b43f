import Bytes
import Foundation
import GRDB
import Ledger
import Synchronization
@testable import Store

/// A folder that is gone with the test.
final class Folder {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "sluice-store-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
        return file(name)
    }

    func mode(of name: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: file(name))[.posixPermissions] as? Int ?? 0
    }
}

/// A wall clock that the test moves.
final class WallClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_700_000_000_000)

    var now: Int64 { milliseconds.withLock { $0 } }

    func pass(_ more: Int64) { milliseconds.withLock { $0 += more } }
}

/// A store in a folder of its own.
final class World {
    let folder: Folder
    let clock = WallClock()
    private(set) var store: SQLiteStore
    let organisation: String

    init() throws {
        folder = Folder()
        let clock = clock
        store = try SQLiteStore.open(in: folder.path, keyring: .file(folder.file("keyring")), clock: { clock.now })
        organisation = try store.firstOrganisation().id
    }

    deinit { try? store.pool.close() }

    var scope: Scope { Scope(organisationID: organisation) }

    var path: String { store.path }

    func close() throws { try store.pool.close() }

    /// As a start after a stop, or a crash: what was not written is gone.
    func reopen(_ keyring: KeyringSource? = nil) throws {
        try? store.pool.close()
        let clock = clock
        store = try SQLiteStore.open(in: folder.path, keyring: keyring ?? .file(folder.file("keyring")), clock: { clock.now })
    }

    func reload(_ open: (String, KeyringSource) throws -> SQLiteStore) throws {
        try? store.pool.close()
        store = try open(folder.path, .file(folder.file("keyring")))
    }

    // MARK: Objects

    func virtualKey(_ name: String, _ secret: String = "sk-test-0123456789abcdefghij", workspace: String? = nil) throws -> (VirtualKey, ProviderCredential) {
        var key = VirtualKey()
        key.head.organisationID = organisation
        key.head.workspaceID = workspace
        key.name = name
        key.slug = name
        key.provider = "openai"
        key.modelConfig = #"{"deployment":"gpt","aws_secret_access_key":"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"}"#
        let made = try store.create(key, by: .system)
        return (made, try store.addCredential(credential(of: made), .secret(bytes(secret)), by: .system))
    }

    func credential(of key: VirtualKey, weight: Int64 = 1) -> ProviderCredential {
        var credential = ProviderCredential()
        credential.head.organisationID = organisation
        credential.virtualKeyID = key.id
        credential.weight = weight
        return credential
    }

    func key(_ name: String, workspace: String? = nil) -> APIKey {
        var key = APIKey()
        key.head.organisationID = organisation
        key.head.workspaceID = workspace
        key.name = name
        key.scopes = ["completions.write", "virtual_keys.list"]
        return key
    }

    func config(_ name: String, _ text: String = #"{"retry":{"attempts":2}}"#) -> Config {
        var config = Config()
        config.head.organisationID = organisation
        config.name = name
        config.text = text
        return config
    }

    func workspace(_ name: String) throws -> Workspace {
        var workspace = Workspace()
        workspace.head.organisationID = organisation
        workspace.name = name
        return try store.create(workspace, by: .system)
    }

    func secrets() throws -> [SecretRow] {
        try store.reading { try Row.fetchAll($0, sql: "SELECT \(SecretRow.columns) FROM secrets ORDER BY id").map { SecretRow($0) } }
    }
}

func bytes(_ text: String) -> SecretBytes { Array(text.utf8).withByteSlice { SecretBytes($0) } }

func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).map { (ASCII.hexValue(digits[$0]) ?? 0) << 4 | (ASCII.hexValue(digits[$0 + 1]) ?? 0) }
}

func secret(hex: String) -> SecretBytes { bytes(hex: hex).withByteSlice { SecretBytes($0) } }

extension SecretBytes {
    var text: String { withBytes { String($0) } }
}

/// The error that a call ends with; nil when it succeeds.
func failure(_ body: () throws -> Void) -> StoreError? {
    do {
        try body()
        return nil
    } catch {
        return error as? StoreError
    }
}

extension SecretBytes {
    var keyDigest: KeyDigest { withBytes { KeyDigest(of: $0) } }
}
