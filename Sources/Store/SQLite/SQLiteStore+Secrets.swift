import Bytes
import Foundation
import GRDB

extension SQLiteStore {
    /// Where a column that is kept in the vault is kept.
    private func secretID(_ owner: String, _ column: String) -> String { owner + "/" + column }

    /// Where an object's sealed columns are kept.
    func secretIDs<Object: StoredObject>(of object: Object) -> [String] {
        Object.layout.columns.filter(\.isSealed).map { secretID(object.id, $0.name) }
    }

    // MARK: Columns

    /// Puts the columns that are to be sealed into the vault, those that changed.
    func sealColumns<Object: StoredObject>(of object: Object, before: Object?, in database: Database) throws {
        for column in Object.layout.columns where column.isSealed {
            let value = column.get(object)
            guard before == nil || before.map({ column.get($0) }) != value else { continue }
            let id = secretID(object.id, column.name)
            if case .text(let text) = value {
                try keep(Array(text.utf8).withByteSlice { SecretBytes($0) }, id, owner: object.head, in: database)
            } else {
                try database.execute(sql: "DELETE FROM secrets WHERE id = ?", arguments: [id])
            }
        }
    }

    /// The object with its sealed columns opened.
    func opened<Object: StoredObject>(_ object: Object, in database: Database) throws -> Object {
        var object = object
        for column in Object.layout.columns where column.isSealed {
            guard let text = try secret(secretID(object.id, column.name), in: database) else { continue }
            column.set(&object, .text(text.string))
        }
        return object
    }

    // MARK: Versions of configs

    private func versionID(_ config: String, _ number: Int64) -> String { "\(config)/v\(number)" }

    /// Keeps a config's new text beside those it had.
    func keepVersion<Object: StoredObject>(of object: Object, before: Object?, in database: Database) throws {
        guard let config = object as? Config, let text = config.text, config.version != (before as? Config)?.version else { return }
        try database.execute(
            sql: "INSERT INTO config_versions VALUES (?, ?, ?, ?)",
            arguments: [config.id, config.version, config.head.updatedAt, config.head.createdBy])
        try keep(Array(text.utf8).withByteSlice { SecretBytes($0) }, versionID(config.id, config.version), owner: config.head, in: database)
        let oldest = config.version - Int64(StoreLimits.configVersionCount)
        guard oldest > 0 else { return }
        try database.execute(sql: "DELETE FROM config_versions WHERE config_id = ? AND number <= ?", arguments: [config.id, oldest])
        try database.execute(sql: "DELETE FROM secrets WHERE id = ?", arguments: [versionID(config.id, oldest)])
    }

    public func configVersions(_ idOrSlug: String, in scope: Scope) throws(StoreError) -> [ConfigVersion] {
        try reading { database in
            let config = try fetch(Config.self, idOrSlug, scope, database)
            let rows = try Row.fetchAll(
                database, sql: "SELECT number, created_at, created_by FROM config_versions WHERE config_id = ? ORDER BY number DESC", arguments: [config.id])
            return try rows.map { row in
                let text = try secret(versionID(config.id, row[0]), in: database)?.string ?? ""
                return ConfigVersion(number: row[0], text: text, createdAt: row[1], createdBy: row[2])
            }
        }
    }

    // MARK: Secrets

    /// Seals a secret and writes its row, or puts it in the place of the one before, a version further.
    func keep(_ text: SecretBytes, _ id: String, owner: ObjectHead, in database: Database) throws {
        let version = try Int64.fetchOne(database, sql: "SELECT version FROM secrets WHERE id = ?", arguments: [id]) ?? 0
        let name = SecretName(tenant: owner.organisationID, id: id, version: version + 1)
        let sealed = try text.withBytes { text throws(VaultError) in try vault.seal(text, as: name) }
        try database.execute(
            sql: "INSERT OR REPLACE INTO secrets (\(SecretRow.columns), owner_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                id, owner.organisationID, name.version, sealed.algorithm, sealed.keyID, sealed.wrappedKey.blob, sealed.sealed.blob, owner.id, clock(),
            ])
    }

    /// The secret with this id, opened; nil where there is none.
    func secret(_ id: String, in database: Database) throws -> SecretBytes? {
        guard let row = try Row.fetchOne(database, sql: "SELECT \(SecretRow.columns) FROM secrets WHERE id = ?", arguments: [id]) else { return nil }
        let found = SecretRow(row)
        return try vault.open(found.secret, as: found.name)
    }
}

/// A row of `secrets`.
struct SecretRow {
    static let columns = "id, organisation_id, version, algorithm, key_id, wrapped_key, sealed"

    let name: SecretName
    let secret: SealedSecret

    init(_ row: Row) {
        name = SecretName(tenant: row[1], id: row[0], version: row[2])
        secret = SealedSecret(algorithm: row[3], keyID: row[4], wrappedKey: [UInt8](row[5] as Data), sealed: [UInt8](row[6] as Data))
    }
}
