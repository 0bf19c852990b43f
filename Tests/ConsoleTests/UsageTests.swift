import JSON
import Policy
import Synchronization
import Testing
@testable import Console
@testable import Store

/// Books that say what the test says.
final class CountedBooks: UsageBooks {
    private struct State {
        var spent: [String: Int64] = [:]
        var resets: [String] = []
        var uses: [String: Int64] = [:]
        var fails = false
        var accounts: [PolicyAccount] = []
    }

    private let state = Mutex(State())

    var resets: [String] { state.withLock { $0.resets } }
    var uses: [String: Int64] { state.withLock { $0.uses } }

    func spend(_ amount: Int64, of id: String) { state.withLock { $0.spent[id] = amount } }
    func set(_ accounts: [PolicyAccount]) { state.withLock { $0.accounts = accounts } }
    func fail() { state.withLock { $0.fails = true } }

    func readings(_ subject: UsageSubject, id: String, _ budgets: [SpendingLimits.Usage], now: Int64) -> [UsageReading] {
        let spent = state.withLock { $0.spent[id] ?? 0 }
        return budgets.map { UsageReading(spent: spent, isExhausted: spent >= $0.limit, resetsAt: $0.period == .once ? nil : 1_800_057_600) }
    }

    func reset(_ subject: UsageSubject, id: String, _ budgets: [SpendingLimits.Usage], now: Int64) throws(UsageFault) {
        if state.withLock({ $0.fails }) { throw UsageFault("the disk is full") }
        state.withLock { state in
            state.resets.append("\(subject.rawValue) \(id)")
            state.spent[id] = 0
        }
    }

    func accounts(ofPolicy id: String, _ scope: PolicyScope, _ limits: SpendingLimits, now: Int64) throws(UsageFault) -> [PolicyAccount] {
        if state.withLock({ $0.fails }) { throw UsageFault("the disk is full") }
        return state.withLock { $0.accounts }
    }

    func reset(account: String, ofPolicy id: String, _ scope: PolicyScope, _ limits: SpendingLimits, now: Int64) throws(UsageFault) -> Bool {
        state.withLock { $0.resets.append("\(account) of \(id)") }
        return true
    }

    func forget(policy id: String, _ scope: PolicyScope, _ limits: SpendingLimits) throws(UsageFault) {
        state.withLock { $0.resets.append("forgotten \(id)") }
    }

    func noteUse(key: String, at now: Int64) { state.withLock { $0.uses[key] = now } }
}

@Suite("Usage in the console")
struct UsageTests {
    private let books = CountedBooks()
    private let desk: Desk

    init() throws { desk = try Desk(usage: books) }

    private func key(_ limits: String = #"{"credit_limit":2,"periodic_reset":"daily"}"#) -> String {
        desk.ask("POST", "/v1/api-keys/organisation/service", #"{"name":"a","scopes":[],"usage_limits":\#(limits)}"#).text("id")
    }

    @Test("what is spent, when it begins anew, and whether it is exhausted stands with each budget, read and listed")
    func readings() {
        let id = key()
        books.spend(1_500_000_001, of: id)
        let read = desk.ask("GET", "/v1/api-keys/" + id)
        #expect(read["usage_limits"].jsonText
            == #"{"credit_limit":2,"periodic_reset":"daily","current_usage":1.500000001,"next_usage_reset_at":"2027-01-16T00:00:00.000Z"}"#)
        #expect(read.text("status") == "active")
        books.spend(2_000_000_000, of: id)
        let row = desk.ask("GET", "/v1/api-keys").rows.first { $0["id"]?.string == id }
        #expect(row?["status"]?.string == "exhausted" && row?["usage_limits"]?["current_usage"]?.jsonText == "2")
        #expect(desk.ask("PUT", "/v1/api-keys/" + id, #"{"status":"disabled"}"#).text("status") == "disabled", "what somebody decided goes first")
        let slug = desk.virtualKey("vk").text("slug")
        #expect(desk.ask("PUT", "/v1/virtual-keys/" + slug, #"{"usage_limits":{"type":"tokens","credit_limit":5}}"#).status == 200)
        books.spend(5, of: desk.ask("GET", "/v1/virtual-keys/" + slug).text("id"))
        for path in ["/v1/virtual-keys/", "/v1/providers/"] {
            let read = desk.ask("GET", path + slug)
            #expect(read.text("status") == "exhausted" && read["usage_limits"]["current_usage"]?.integer == 5, "\(path)")
        }
        let space = desk.ask("POST", "/v1/admin/workspaces", #"{"name":"w","usage_limits":[{"type":"requests","credit_limit":1}]}"#).text("id")
        books.spend(1, of: space)
        let workspace = desk.ask("GET", "/v1/admin/workspaces/" + space)
        #expect(workspace.text("status") == "exhausted" && workspace["usage_limits"].elements.first?["current_usage"]?.integer == 1)
    }

    @Test("limits may be sent back as they were answered, and nothing that was answered is stored")
    func sentBack() throws {
        let id = key()
        books.spend(7, of: id)
        let shown = desk.ask("GET", "/v1/api-keys/" + id)["usage_limits"].jsonText
        #expect(desk.ask("PUT", "/v1/api-keys/" + id, #"{"usage_limits":\#(shown)}"#).status == 200)
        let stored = try #require(try desk.rows().keys.first { $0.id == id }?.usageLimits)
        #expect(!stored.contains("current_usage") && desk.ask("GET", "/v1/api-keys/" + id)["usage_limits"].jsonText == shown)
    }

    @Test("a temporary credit has an amount and an end that lies ahead, and is shown until then", arguments: [
        (#"{"amount":1}"#, "usage_limits.temporary_credit.until is missing"), (#"{"until":"2028-01-01"}"#, "usage_limits.temporary_credit.amount is missing"),
        (#"{"amount":0,"until":"2028-01-01"}"#, "usage_limits.temporary_credit.amount must be more than 0, and with credit_limit at most 18014398"),
        (#"{"amount":18014398,"until":"2028-01-01"}"#, "usage_limits.temporary_credit.amount must be more than 0, and with credit_limit at most 18014398"),
        (#"{"amount":1,"until":"2020-01-01"}"#, "usage_limits.temporary_credit.until is past; it must be a time to come"),
        (#"{"amount":1,"until":5}"#, "usage_limits.temporary_credit.until must be a date"), (#"{"amount":1,"end":1}"#, "usage_limits.temporary_credit.end is unknown"), ("7", "must be an object"),
    ])
    func credits(credit: String, fault: String) {
        let limits = #"{"credit_limit":2,"temporary_credit":\#(credit)}"#
        for (method, path) in [("POST", "/v1/api-keys/organisation/service"), ("PUT", "/v1/api-keys/" + key())] {
            let reply = desk.ask(method, path, #"{"name":"a","scopes":[],"usage_limits":\#(limits)}"#)
            #expect(reply.status == 400 && reply.message.contains(fault), "\(reply.message)")
        }
        let id = key(#"{"credit_limit":2,"temporary_credit":{"amount":0.5,"until":"2027-06-01"}}"#)
        let shown = desk.ask("GET", "/v1/api-keys/" + id)["usage_limits"]["temporary_credit"]
        #expect(shown?.jsonText == #"{"amount":0.5,"until":"2027-06-01T00:00:00.000Z"}"#)
        desk.time.withLock { $0 = 1_812_000_000_000 }
        #expect(desk.ask("GET", "/v1/api-keys/" + id)["usage_limits"]["temporary_credit"] == nil)
    }

    @Test("a reset is in the audit log with what was spent; one that fails is answered so, and is in it as failed")
    func audited() throws {
        let id = key()
        books.spend(1_250_000_000, of: id)
        #expect(desk.ask("PUT", "/v1/api-keys/" + id, #"{"reset_usage":true}"#)["usage_limits"]["current_usage"]?.jsonText == "0")
        books.fail()
        let failed = desk.ask("PUT", "/v1/api-keys/" + id, #"{"reset_usage":true}"#)
        #expect(failed.status == 503 && failed.message == "what is used could not be set to nothing: the disk is full; ask again")
        var query = AuditQuery()
        query.resourceID = id
        let events = try desk.store.audit(query).rows.map(\.event).filter { $0.action == "reset_usage" }
        #expect(events.map(\.outcome).sorted { $0.rawValue < $1.rawValue } == [.done, .done, .failed])
        #expect(events.contains { $0.before == #"{"cost":1.25}"# && $0.after == #"{"cost":0}"# && $0.resource == "api_keys" })
    }

    @Test("whoever asks the console has used a key")
    func uses() {
        _ = desk.ask("GET", "/v1/api-keys")
        #expect(books.uses.values.map { $0 } == [Desk.start])
    }

    @Test("what the file declares is shown with its budgets, by its names")
    func declared() throws {
        var file = declaredObjects()
        var limits = SpendingLimits()
        limits.usage = SpendingLimits.read(usage: #"{"type":"requests","credit_limit":3,"periodic_reset":"weekly"}"#, rates: nil).limits.usage
        file.keys[0].limits = limits
        file.virtualKeyLimits["file-openai"] = limits
        let desk = try Desk(file: file, usage: books)
        books.spend(3, of: file.keys[0].name)
        let shown = #"{"type":"requests","credit_limit":3,"periodic_reset":"weekly","current_usage":3,"next_usage_reset_at":"2027-01-16T00:00:00.000Z"}"#
        let key = desk.ask("GET", "/v1/api-keys/" + file.keys[0].name)
        #expect(key["usage_limits"].jsonText == shown && key.text("status") == "exhausted")
        #expect(desk.ask("GET", "/v1/virtual-keys/file-openai")["usage_limits"]["current_usage"]?.integer == 0)
        #expect(desk.ask("GET", "/v1/virtual-keys/file-openai").text("status") == "active")
    }
}
