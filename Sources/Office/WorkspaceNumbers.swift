import Store

/// The numbers of a store's workspaces, by which all that is theirs is known. One keeps its number for as long as the store is not read whole again; that of
/// one that is gone is nobody's.
public struct WorkspaceNumbers: Sendable {
    private(set) var byID: [String: Int32] = [:]
    private(set) var count: Int32 = 0

    public init() {}

    /// Those after it has been seen which workspaces there are.
    func with(_ workspaces: [Workspace]) -> WorkspaceNumbers {
        var next = WorkspaceNumbers()
        next.count = count
        for workspace in workspaces {
            if let number = byID[workspace.id] {
                next.byID[workspace.id] = number
            } else {
                next.byID[workspace.id] = next.count
                next.count += 1
            }
        }
        return next
    }

    /// Negative for no workspace, and for one that is not there.
    func number(of id: String?) -> Int32 { id.flatMap { byID[$0] } ?? -1 }
}
