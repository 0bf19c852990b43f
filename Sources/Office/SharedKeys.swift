import Gateway
import Ledger

/// A snapshot's gateway keys, for one in which they are the same: what was made of them, and what that turned on.
struct SharedKeys: Sendable {
    /// Of the snapshot.
    var parts: Snapshot.Parts
    let merge: KeyMerge
    /// Ids of configs that keys name, whether there are such or not.
    var named: Set<String>
    /// Ids of keys whose limits could not be kept: the next time they may be.
    var unkept: Set<String>
    /// What is wrong with keys.
    var faults: [StoredObjects.Fault]

    /// Those of all keys that may be others beside what there is now: of a workspace that has closed, opened or got another default config, and with a config
    /// that has come, gone or moved. Nil where they are too many, or any may.
    func affected(by merge: KeyMerge, _ keys: [StoredObjects.Key]) -> [StoredObjects.Key]? {
        guard merge.declared == self.merge.declared else { return nil }
        let (before, now) = (self.merge.defaultConfigs, merge.defaultConfigs)
        let workspaces = Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }
        let doors = merge.closedWorkspaces.symmetricDifference(self.merge.closedWorkspaces)
        let moved = named.filter { merge.configs[$0] != self.merge.configs[$0] }
        guard !workspaces.isEmpty || !doors.isEmpty || !moved.isEmpty || !unkept.isEmpty else { return [] }
        var found: [StoredObjects.Key] = []
        for key in keys {
            let config = merge.configID(of: key)
            let isMoved = config.map { moved.contains($0) } ?? false
            let isHoused = workspaces.contains(key.workspaceID ?? "") || doors.contains(key.declaration.workspace)
            guard isMoved || isHoused || unkept.contains(key.id) else { continue }
            guard found.count < OfficeLimits.affectedKeys else { return nil }
            found.append(key)
        }
        return found
    }

    func put(into parts: inout Snapshot.Parts) {
        parts.keys = self.parts.keys
        parts.changedKeys = self.parts.changedKeys
        parts.keyUses = self.parts.keyUses
        parts.keyTerms = self.parts.keyTerms
        parts.keyRestrictions = self.parts.keyRestrictions
        parts.keyMetadata = self.parts.keyMetadata
        parts.books = parts.books ?? self.parts.books
    }
}
