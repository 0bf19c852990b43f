import Gateway
import JSON
import Ledger

/// What a key of the store is beside the file's keys and the configs there are.
struct KeyMerge: Sendable {
    struct Merged {
        var declaration: KeyTable.Declaration
        /// Nil for one that nothing limits.
        let holder: LimitedHolder?
    }

    /// Names of the file's keys, by what the table knows them by.
    let declared: [KeyDigest: String]
    /// Places of stored configs, by their ids.
    let configs: [String: Int]
    /// The configs of keys that name none, by the workspace's id.
    let defaultConfigs: [String: String]
    /// Workspaces whose limits cannot be kept: their keys open nothing.
    let closedWorkspaces: Set<Int32>
    /// Wall-clock seconds since 1970.
    let now: Int64

    /// A key whose limits cannot be kept opens nothing.
    static func close(_ declaration: inout KeyTable.Declaration, _ fault: String, _ faults: inout [StoredObjects.Fault]) {
        faults.append(StoredObjects.Fault(declaration.identity, "\(title(declaration)): \(fault); it opens nothing"))
        if declaration.standing == .active { declaration.standing = .restricted }
    }

    /// The config of a key's requests, unless they say otherwise.
    func configID(of key: StoredObjects.Key) -> String? { key.configID ?? defaultConfigs[key.workspaceID ?? ""] }

    static func title(_ declaration: KeyTable.Declaration) -> String { "API key \(quoted(declaration.name)) (\(declaration.identity))" }

    /// Nil for a key that is left out.
    func merged(_ key: StoredObjects.Key, _ faults: inout [StoredObjects.Fault]) -> Merged? {
        var declaration = key.declaration
        func note(_ fault: String) { faults.append(StoredObjects.Fault(key.id, "\(KeyMerge.title(key.declaration)): \(fault)")) }
        if let twin = declaration.digest.flatMap({ declared[$0] }) {
            note("key \(quoted(twin)) of the file has its secret; it is not used")
            return nil
        }
        if let previous = declaration.previous {
            if previous.expiresAt <= now {
                // One that opens no more is nobody's.
                declaration.previous = nil
            } else if let twin = declared[previous.digest] {
                declaration.previous = nil
                note("key \(quoted(twin)) of the file has the secret that it had before; that opens as the file's")
            }
        }
        func close() { if declaration.standing == .active { declaration.standing = .restricted } }
        if let id = configID(of: key) {
            declaration.configurationIndex = configs[id]
            if configs[id] == nil, declaration.standing == .active {
                // Another config in its place would send its requests elsewhere.
                close()
                note("its config cannot be read, so the key opens nothing")
            }
        }
        if let fault = key.limits?.fault { KeyMerge.close(&declaration, fault, &faults) }
        if closedWorkspaces.contains(declaration.workspace) { close() }
        let limits = key.limits.flatMap { $0.fault == nil && !$0.limits.isEmpty ? $0.limits : nil }
        let holder = limits.map { LimitedHolder(scope: .key, name: declaration.name, identity: declaration.identity, limits: $0, adjustment: .none) }
        return Merged(declaration: declaration, holder: holder)
    }
}
