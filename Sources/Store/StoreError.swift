/// Why the store does not do what it was asked, or is not there.
public enum StoreError: Error, Equatable, CustomStringConvertible {
    // What a caller asked for.
    case notFound(kind: String, id: String)
    /// Somebody else changed it since it was read.
    case conflict(kind: String, id: String, expected: Int64, found: Int64)
    /// Another has it already.
    case taken(kind: String, field: String)
    /// A field names something that is not there, or not in this organisation.
    case unknownReference(field: String, kind: String)
    case inUse(kind: String, by: String, count: Int)
    case invalid(field: String, reason: String)
    case full(kind: String, limit: Int)
    /// Its secret was changed lately, and the one before still opens.
    case inTransition(until: Int64)

    // What became of the file.
    case corrupt(path: String, detail: String)
    case foreign(path: String)
    case newer(path: String, found: Int64, known: Int64)
    case diskFull(path: String)
    case readOnly(path: String)
    case busy(path: String)
    case unreachable(path: String, detail: String)
    case exists(path: String)

    case vault(VaultError)
    case keyring(KeyringError)
    /// A fault of ours, and what SQLite said of it.
    case unexpected(String)

    public var description: String {
        switch self {
        case .notFound(let kind, let id): "there is no \(kind) \"\(id)\""
        case .conflict(let kind, let id, let expected, let found):
            "\(kind) \"\(id)\" was changed meanwhile: it is at revision \(found), not \(expected); read it again"
        case .taken(let kind, let field): "another \(kind) has this \(field)"
        case .unknownReference(let field, let kind): "\(field) names no \(kind) of this organisation"
        case .inUse(let kind, let by, let count): "this \(kind) is used by \(count) \(by)\(count == 1 ? "" : "s"); change or delete those first"
        case .invalid(let field, let reason): "\(field) \(reason)"
        case .full(let kind, let limit): "there are \(limit) of the kind \"\(kind)\", and no more are kept; delete some"
        case .inTransition(let until): "the secret before still opens until \(Wall.text(until)); rotate again then"
        case .corrupt(let path, let detail):
            """
            the store \(path) is damaged (\(detail)). Nothing was changed. To restore: stop Sluice, move \(path), \(path)-wal and \
            \(path)-shm away, and copy a file that `sluice backup` made to \(path)
            """
        case .foreign(let path): "\(path) is a database, but not one of Sluice's; move it away, or name another data directory"
        case .newer(let path, let found, let known):
            "the store \(path) was written by a later version (schema \(found); this one knows \(known)): start that version, or restore a backup made before"
        case .diskFull(let path): "the disk of \(path) is full; nothing was changed"
        case .readOnly(let path): "\(path) cannot be written; nothing was changed"
        case .busy(let path): "\(path) is held by another process for more than \(StoreLimits.busyMilliseconds) ms; nothing was changed"
        case .unreachable(let path, let detail): "\(path) cannot be opened: \(detail)"
        case .exists(let path): "\(path) is there already, and is not overwritten"
        case .vault(let error): error.description
        case .keyring(let error): error.description
        case .unexpected(let detail): "the store failed: \(detail)"
        }
    }
}
