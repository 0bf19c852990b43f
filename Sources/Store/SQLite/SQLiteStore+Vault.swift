import Bytes
import Foundation
import GRDB

/// How far rewrapping came.
public struct RewrapProgress: Sendable, Equatable {
    public let rewrapped: Int
    /// Secrets that are wrapped by another key than the newest.
    public let left: Int
    /// Those among them that do not open.
    public let failed: [String]
    public let newestKey: String
}

/// What `sluice vault doctor` finds.
public struct VaultReport: Sendable, Equatable {
    public var secretCount = 0
    /// By each key of the keyring, the oldest first; the last one wraps.
    public var secretsOfKey: [(key: String, count: Int)] = []
    /// Secrets that do not open, and why.
    public var faults: [SnapshotFault] = []
    /// Secrets that nothing names.
    public var orphans: [String] = []
    /// References that lead to nothing here; where the gateway runs they may.
    public var unresolved: [SnapshotFault] = []

    public var isHealthy: Bool { faults.isEmpty && orphans.isEmpty }

    public static func == (left: VaultReport, right: VaultReport) -> Bool {
        left.secretCount == right.secretCount && left.secretsOfKey.elementsEqual(right.secretsOfKey, by: ==) && left.faults == right.faults
            && left.orphans == right.orphans && left.unresolved == right.unresolved
    }
}

extension SQLiteStore {
    // MARK: Rotation

    /// Adds a key to the keyring, which wraps from now on; its name.
    public func rotateKeyring(by actor: AuditActor) throws(StoreError) -> String {
        let id: String
        do {
            id = try vault.source.rotate(madeOn: Date(timeIntervalSince1970: Double(clock()) / 1000))
        } catch {
            throw .keyring(error)
        }
        try reloadKeyring()
        var event = AuditEvent(actor, "rotate", "keyring", id: id)
        event.after = String(decoding: DocumentText.object([("newest", id)]), as: UTF8.self)
        try record(event)
        return id
    }

    public func rewrap(atMost most: Int, by actor: AuditActor) throws(StoreError) -> RewrapProgress {
        try reloadKeyring()
        var walk = RewrapWalk(newest: vault.keyIDs.last ?? "")
        while walk.rewrapped < most, try rewrapBatch(min(StoreLimits.rewrapBatch, most - walk.rewrapped), &walk) {}
        let newest = walk.newest
        let left = try reading { try Int.fetchOne($0, sql: "SELECT count(*) FROM secrets WHERE key_id <> ?", arguments: [newest]) ?? 0 }
        if walk.rewrapped > 0 {
            var event = AuditEvent(actor, "rewrap", "keyring", id: newest)
            event.after = String(decoding: DocumentText.counts([("rewrapped", walk.rewrapped), ("left", left)]), as: UTF8.self)
            try record(event)
        }
        return RewrapProgress(rewrapped: walk.rewrapped, left: left, failed: walk.failed, newestKey: newest)
    }

    private struct RewrapWalk {
        let newest: String
        var rewrapped = 0
        var failed: [String] = []
        /// The last secret that was looked at.
        var place = ""
    }

    /// One transaction; false when there is nothing left behind the walk's place. What is rewrapped says so itself: whatever stops
    /// this, the next run finds what is left.
    private func rewrapBatch(_ most: Int, _ walk: inout RewrapWalk) throws(StoreError) -> Bool {
        var next = walk
        let found = try writing { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT \(SecretRow.columns) FROM secrets WHERE key_id <> ? AND id > ? ORDER BY id LIMIT ?",
                arguments: [next.newest, next.place, most])
            for row in rows {
                let old = SecretRow(row)
                next.place = old.name.id
                let new: SealedSecret?
                do throws(VaultError) {
                    new = try vault.rewrap(old.secret, as: old.name)
                } catch .refused, .unknownKey, .unknownAlgorithm {
                    // One that is damaged does not keep the others from it.
                    next.failed.append(old.name.id)
                    continue
                }
                guard let new else { continue }
                try Self.write(new, old.name, database)
                next.rewrapped += 1
            }
            return rows.count
        }
        walk = next
        return found > 0
    }

    private static func write(_ secret: SealedSecret, _ name: SecretName, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE secrets SET key_id = ?, wrapped_key = ? WHERE id = ? AND version = ?",
            arguments: [secret.keyID, secret.wrappedKey.blob, name.id, name.version])
    }

    // MARK: Examination

    public func examineVault(_ rules: SecretReferenceRules) throws(StoreError) -> VaultReport {
        try reading { database in
            var report = VaultReport()
            var counts: [String: Int] = [:]
            let secrets = try Row.fetchCursor(database, sql: "SELECT \(SecretRow.columns) FROM secrets ORDER BY id")
            while let row = try secrets.next() {
                let secret = SecretRow(row)
                report.secretCount += 1
                counts[secret.secret.keyID, default: 0] += 1
                do throws(VaultError) {
                    _ = try vault.open(secret.secret, as: secret.name)
                } catch {
                    report.note(SnapshotFault(kind: "secret", id: secret.name.id, name: secret.name.id, reason: error.description), in: \.faults)
                }
            }
            report.secretsOfKey = vault.keyIDs.map { ($0, counts[$0] ?? 0) }
            report.orphans = try String.fetchAll(database, sql: Self.orphansSQL)
            try examineCredentials(&report, rules, database)
            return report
        }
    }

    /// Secrets whose owner is deleted or was never there.
    private static var orphansSQL: String {
        let tables = ["credentials", "virtual_keys", "integrations", "configs", "guardrails", "prompt_versions"]
        let owners = tables.map { "SELECT id FROM \($0) WHERE deleted_at IS NULL" }
        return "SELECT id FROM secrets WHERE owner_id NOT IN (\(owners.joined(separator: " UNION ALL "))) ORDER BY id LIMIT \(StoreLimits.entryCount)"
    }

    /// Credentials that have no secret, and references that lead nowhere.
    private func examineCredentials(_ report: inout VaultReport, _ rules: SecretReferenceRules, _ database: Database) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT c.id, c.name, c.reference, s.id FROM credentials c LEFT JOIN secrets s ON s.id = c.id || '/secret'
                WHERE c.deleted_at IS NULL AND (c.reference IS NOT NULL OR s.id IS NULL) ORDER BY c.id
                """)
        while let row = try rows.next() {
            let (id, name): (String, String) = (row[0], row[1])
            guard let reference = row[2] as String? else {
                report.note(SnapshotFault(kind: "credential", id: id, name: name, reason: VaultError.absent(secret: id).description), in: \.faults)
                continue
            }
            do throws(SecretReferenceError) {
                _ = try SecretReference(reference).resolve(rules)
            } catch {
                report.note(SnapshotFault(kind: "credential", id: id, name: name, reason: error.description), in: \.unresolved)
            }
        }
    }
}

extension VaultReport {
    fileprivate mutating func note(_ fault: SnapshotFault, in list: WritableKeyPath<VaultReport, [SnapshotFault]>) {
        if self[keyPath: list].count < StoreLimits.entryCount { self[keyPath: list].append(fault) }
    }
}
