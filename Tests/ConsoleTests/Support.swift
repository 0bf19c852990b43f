import Analytics
import Bytes
import Foundation
import JSON
import Ledger
import Policy
import Synchronization
@testable import Books
@testable import Console
@testable import Store

/// A console over a store in a folder that is gone with the test.
final class Desk {
    static let start: Int64 = 1_800_000_000_000

    let folder: String
    let store: SQLiteStore
    let console: Console
    let books: DayBooks?
    let organisation: String
    /// A key that may do everything.
    let admin: String
    let time = Mutex<Int64>(Desk.start)

    init(file: FileObjects = FileObjects(), usage: (any UsageBooks)? = nil, hasBooks: Bool = false, reports: (any ReportedRecords)? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sluice-console-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        store = try SQLiteStore.open(in: folder, keyring: .file(folder + "/keyring"), clock: { Desk.start })
        organisation = try store.firstOrganisation().id
        books = try hasBooks ? DayBooks(dataDirectory: folder, keepDays: 30, clock: { UInt64(Desk.start) * 1_000_000 }) { _ in } : nil
        console = Console(store: store, file: file, usage: usage, books: books, reports: reports)
        admin = try Desk.issue(store, organisation, ["admin"])
    }

    deinit {
        store.close()
        books?.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func issue(
        _ store: SQLiteStore, _ organisation: String, _ scopes: [String], workspace: String? = nil, _ change: (inout APIKey) -> Void = { _ in }
    ) throws -> String {
        var key = APIKey()
        key.head.organisationID = organisation
        key.workspaceID = workspace
        key.name = "a key"
        key.scopes = scopes
        change(&key)
        return try store.issue(key, secret: nil, by: .system).secret
    }

    /// A key with these scopes; its secret.
    func key(_ scopes: [String], workspace: String? = nil, _ change: (inout APIKey) -> Void = { _ in }) throws -> String {
        try Desk.issue(store, organisation, scopes, workspace: workspace, change)
    }

    /// What is answered to a request.
    struct Reply {
        let status: Int
        let json: DocumentNode
        let allow: String?
        let isStream: Bool

        var message: String { json["message"]?.string ?? "" }
        var code: String { json["error"]?["code"]?.string ?? "" }
        var rows: [DocumentNode] { (json["data"] ?? json["records"] ?? .null).elements }
        var total: Int64? { json["total"]?.integer }

        subscript(_ name: String) -> DocumentNode { json[name] ?? .null }
        func text(_ name: String) -> String { json[name]?.string ?? "" }
    }

    @discardableResult
    func ask(
        _ method: String, _ path: String, _ body: String = "", key: String? = nil, peer: String = "127.0.0.1", isSDK: Bool = false, isByLink: Bool = false
    ) -> Reply {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return ask(
            ConsoleRequest(
                method: method, path: Array(parts[0].utf8), query: parts.count > 1 ? Array(parts[1].utf8) : [], body: Array(body.utf8),
                credential: isByLink ? [] : Array((key ?? admin).utf8), requestID: "request-1", peer: peer, isPortkeySDK: isSDK, isByLink: isByLink,
                nowMilliseconds: time.withLock { $0 }))
    }

    /// - Parameter other: who is asked; nil for the desk's console.
    func ask(_ request: ConsoleRequest, of other: Console? = nil) -> Reply {
        let answer = (other ?? console).answer(request)
        let (document, diagnostics) = answer.body.withByteSlice { DocumentParser.parse($0, textByteCount: 64 << 20, nodeCount: 1 << 22) }
        return Reply(status: answer.status, json: diagnostics.isEmpty ? document?.root ?? .null : .null, allow: answer.allow, isStream: answer.stream != nil)
    }

    // MARK: Objects

    func workspace(_ name: String) -> String { ask("POST", "/v1/admin/workspaces", #"{"name":"\#(name)"}"#).text("id") }

    func user(_ email: String) -> String {
        ask("POST", "/v1/admin/users/invites", #"{"email":"\#(email)","role":"member","first_name":"Ada","last_name":"Byron"}"#).text("id")
    }

    func virtualKey(_ slug: String, secret: String = "sk-test-0123456789abcdefghij") -> Reply {
        ask("POST", "/v1/virtual-keys", #"{"name":"\#(slug)","slug":"\#(slug)","provider":"openai","key":"\#(secret)"}"#)
    }

    func integration(_ slug: String, secret: String = "sk-test-0123456789abcdefghij") -> Reply {
        ask("POST", "/v1/integrations", #"{"name":"\#(slug)","slug":"\#(slug)","ai_provider_id":"openai","key":"\#(secret)"}"#)
    }

    /// Adds records to the journal and gives them rows.
    func write(_ records: [RequestRecord], process: UInt32 = 1) throws {
        let keeper = try Bookkeeper(dataDirectory: folder, workers: 1, process: process, clock: { UInt64(Desk.start) * 1_000_000 }) { _ in }
        for record in records { keeper.ring(worker: 0).push(.required) { record.write(to: &$0) } }
        keeper.stop()
        keeper.run()
        try books?.catchUp()
    }

    /// The rows of the audit log, the latest first.
    func audit(_ outcome: AuditEvent.Outcome? = nil) throws -> [AuditRow] {
        var query = AuditQuery()
        query.outcome = outcome
        query.pageSize = 1000
        return try store.audit(query).rows
    }

    /// What the data plane would be given.
    func rows() throws -> SnapshotRows { try store.snapshotRows(SecretReferenceRules(environment: { $0 == "KEY_OF_TEST" ? "sk-from-environment" : nil })) }
}

extension DocumentNode {
    var integer: Int64? { if case .number(let number) = value { number.integer } else { nil } }
    var boolean: Bool? { if case .boolean(let flag) = value { flag } else { nil } }
    var texts: [String] { elements.compactMap(\.string) }
}

/// A file with a key, a virtual key and a config.
func declaredObjects() -> FileObjects {
    let catalog = Catalog(
        providers: [.init(id: "openai"), .init(id: "anthropic")], virtualKeys: [.init(slug: "file-openai", provider: 0)], configNames: ["file-config"])
    return FileObjects(keys: [.init(name: "ci", expiresAt: nil), .init(name: "old", expiresAt: Desk.start - 1)], catalog: catalog)
}

/// Numbers that a seed tells.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func roll(_ count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[roll(elements.count)] }
}
