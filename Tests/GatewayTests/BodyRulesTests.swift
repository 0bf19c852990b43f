import Ledger
import Policy
import Testing

@testable import Gateway

@Suite("Whose bodies are kept")
struct BodyRulesTests {
    @Test("by its id a workspace's are as its rule says, those of none as all are, and those of one that is not known are not kept", arguments: [true, false])
    func identifiers(areKept: Bool) throws {
        var parts = Snapshot.Parts(upstreams: [], catalog: Catalog(providers: [], virtualKeys: [], configNames: []), keys: try KeyTable([]))
        parts.workspaces = [Snapshot.Workspace(id: "id-1", slug: "red"), Snapshot.Workspace(id: "id-2", slug: "blue")]
        parts.bodies.areKept = areKept
        parts.bodies.exceptions = ["blue"]
        let snapshot = Snapshot(parts, version: 1)
        #expect(snapshot.keepsBodies(ofWorkspace: "id-1") == areKept && snapshot.keepsBodies(ofWorkspace: "id-2") != areKept)
        #expect(snapshot.keepsBodies(ofWorkspace: "") == areKept && !snapshot.keepsBodies(ofWorkspace: "id-3") && !snapshot.keepsBodies(ofWorkspace: "red"))
    }
}
