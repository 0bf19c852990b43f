import Bytes
import Foundation
import GRDB
public import Ledger
import Synchronization

/// The store in one SQLite file of the data directory, in WAL mode: one writes, several read, and processes share it.
public final class SQLiteStore: Store {
    public static let fileName = "store.sqlite"

    let path: String
    let pool: DatabasePool
    let vault: Vault
    /// Wall-clock milliseconds since 1970.
    let clock: @Sendable () -> Int64
    private let identifiers: Identifiers
    /// The transaction that this store is within; nil for one of its own for each call. Used on the thread that is in the transaction,
    /// which waits for `together`'s body.
    private nonisolated(unsafe) let transaction: Database?

    public var pepper: KeyPepper { vault.pepper }
    public var links: LinkSigner { vault.links }

    init(path: String, pool: DatabasePool, vault: Vault, clock: @escaping @Sendable () -> Int64) throws(StoreError) {
        self.path = path
        self.pool = pool
        self.vault = vault
        self.clock = clock
        transaction = nil
        do {
            identifiers = try Identifiers()
        } catch {
            throw .unexpected("\(error)")
        }
    }

    /// `store` within a transaction of its.
    private init(_ store: SQLiteStore, within transaction: Database) {
        path = store.path
        pool = store.pool
        vault = store.vault
        clock = store.clock
        identifiers = store.identifiers
        self.transaction = transaction
    }

    func newID() -> String { identifiers.next(wallNanoseconds: UInt64(max(clock(), 0)) &* 1_000_000) }

    /// Lets go of the file. Nothing can be asked of the store afterwards.
    public func close() { try? pool.close() }

    // MARK: Transactions

    /// Reads from one moment's state.
    func reading<Result>(_ body: (Database) throws -> Result) throws(StoreError) -> Result {
        do {
            if let transaction { return try body(transaction) }
            return try pool.read(body)
        } catch {
            throw StoreError(error, path)
        }
    }

    /// One transaction: whole, or not at all when `body` throws.
    func writing<Result>(_ body: (Database) throws -> Result) throws(StoreError) -> Result {
        do {
            guard let transaction else { return try pool.write(body) }
            var results: [Result] = []
            try transaction.inSavepoint {
                results.append(try body(transaction))
                return .commit
            }
            return results[0]
        } catch {
            throw StoreError(error, path)
        }
    }

    public func together<Result>(_ body: (any Store) throws(StoreError) -> Result) throws(StoreError) -> Result {
        try writing { try body(SQLiteStore(self, within: $0)) }
    }

    /// One transaction that changes objects: its audit row with it, and the generation up.
    func changing<Result>(_ body: (Database) throws -> (Result, AuditEvent)) throws(StoreError) -> Result {
        try writing { database in
            let (result, event) = try body(database)
            try append(event, to: database)
            try database.execute(sql: "UPDATE meta SET value = value + 1 WHERE name = 'generation'")
            return result
        }
    }

    public func mark() -> StoreMark { StoreMark(of: path) }

    public func generation() throws(StoreError) -> Int64 {
        try reading { try Self.generation(in: $0) }
    }
}

/// Ids of objects, each later than the one before.
private final class Identifiers: Sendable {
    private let maker: Mutex<IdentifierMaker>

    init() throws(RandomSourceError) { maker = Mutex(try IdentifierMaker()) }

    func next(wallNanoseconds now: UInt64) -> String { maker.withLock { $0.next(wallNanoseconds: now).description } }
}

extension StoreError {
    /// What an error thrown within a transaction is to the store's caller.
    init(_ error: any Error, _ path: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as VaultError: self = .vault(error)
        case let error as KeyringError: self = .keyring(error)
        case let error as DatabaseError: self = StoreError.of(error, path)
        default: self = .unexpected("\(error)")
        }
    }

    private static func of(_ error: DatabaseError, _ path: String) -> StoreError {
        let detail = error.message ?? "code \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: return .diskFull(path: path)
        case .SQLITE_READONLY: return .readOnly(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: return .busy(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .corrupt(path: path, detail: detail)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: return .unreachable(path: path, detail: detail)
        // A write that the disk has no room for may come as an error of input and output.
        case .SQLITE_IOERR: return .unreachable(path: path, detail: detail)
        default: return .unexpected(detail)
        }
    }
}

extension ColumnValue {
    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .text("\(number)")
        case .string(let text): self = .text(text)
        case .blob(let data): self = .bytes([UInt8](data))
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .bytes(let bytes): bytes.blob
        }
    }
}

extension [UInt8] {
    /// As SQLite takes bytes.
    var blob: DatabaseValue { Data(self).databaseValue }
}
