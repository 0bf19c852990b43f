@testable import Ledger
import Glibc
import Synchronization
import Testing

@Suite("Names of accounts")
struct AccountNamesTests {
    private let folder: Folder
    private var path: String { folder.file("accounts") }

    init() throws { folder = try Folder() }

    private func account(_ number: Int, of owner: String = "p", _ kind: AccountNames.Kind = .budget, _ values: [String?]? = nil) -> AccountNames.Account {
        AccountNames.Account(kind, of: owner, key: LedgerKey(low: UInt64(number) << 1, high: 7), values: values ?? ["user \(number)"])
    }

    private func admit(
        _ names: AccountNames, _ accounts: [AccountNames.Account], most: (ofOwner: Int, ofAll: Int) = (100, 100), live: Set<LedgerKey> = []
    ) throws -> Set<Int> {
        let result = try names.admit(accounts, most: most) { live.contains($0.key) }
        #expect(result.fault == nil)
        return result.refused
    }

    @Test("accounts are there again after the file was opened anew, by their owners and kinds, in the order of their values")
    func reopened() throws {
        let names = try AccountNames(path: path)
        let odd = account(9, of: "q", .rate, ["", nil, String(repeating: "ü", count: 200)])
        #expect(try admit(names, [account(2), account(1), account(1), odd]) == [])
        let again = try AccountNames(path: path)
        #expect(try again.accounts(of: "p", .budget).map(\.values) == [["user 1"], ["user 2"]])
        #expect(try again.accounts(of: "p", .rate) == [] && again.count(of: "q", .rate) == 1)
        let read = try #require(try again.account(odd.key, of: "q", .rate)?.values)
        #expect(read[0] == "" && read[1] == nil && read[2]?.utf8.count == BudgetLimits.accountValueByteCount)
    }

    @Test("an owner has as many as it may have, and all together; one that is known, or that the ledger has, is no new one")
    func bounds() throws {
        let names = try AccountNames(path: path)
        let three = (1...3).map { account($0) }
        #expect(try admit(names, three, most: (2, 100)) == [2])
        #expect(try admit(names, three, most: (2, 100), live: [three[2].key]) == [])
        #expect(try admit(names, three, most: (2, 100)) == [])
        #expect(try admit(names, [account(4, of: "q"), account(5, of: "r")], most: (2, 4)) == [1])
        #expect(try admit(names, [account(5, of: "r", .rate)], most: (2, 4)) == [], "limits have a file of their own")
    }

    @Test("what two have open is one: what either notes the other knows, and counts")
    func shared() throws {
        let (one, other) = (try AccountNames(path: path), try AccountNames(path: path))
        #expect(try admit(one, [account(1)]) == [])
        #expect(try admit(other, [account(1), account(2), account(3)], most: (2, 100)) == [2])
        #expect(try one.accounts(of: "p", .budget).count == 2)
        try one.retain { $0.key == account(2).key }
        #expect(try one.count(of: "p", .budget) == 1)
    }

    @Test("a file of many that are no more is written anew, and who had it open goes on with the new one")
    func rewritten() throws {
        let (one, other) = (try AccountNames(path: path), try AccountNames(path: path))
        let many = (0..<BudgetLimits.deadNames + 2).map { account($0) }
        #expect(try admit(one, many, most: (10_000, 10_000)) == [])
        #expect(try other.count(of: "p", .budget) == many.count)
        let before = try contents(of: path).count
        try one.retain { $0.key == many[0].key }
        #expect(try contents(of: path).count < before / 100)
        #expect(try admit(other, [account(9_999_999)]) == [])
        #expect(try one.accounts(of: "p", .budget).count == 2 && other.accounts(of: "p", .budget).count == 2)
        #expect(folder.names == ["accounts"])
    }

    @Test("what was cut off in the middle, or damaged, costs what is behind it, and nothing else", arguments: 0...60)
    func torn(cut: Int) throws {
        let names = try AccountNames(path: path)
        #expect(try admit(names, [account(1)]) == [])
        let whole = try contents(of: path)
        #expect(try admit(names, [account(2)]) == [])
        let both = try contents(of: path)
        let count = min(both.count, whole.count + cut)
        try write(Array(both[..<count]), to: path)
        let again = try AccountNames(path: path)
        #expect(try again.accounts(of: "p", .budget).count == (count == both.count ? 2 : 1))
        #expect(try admit(again, [account(3)]) == [])
        #expect(try AccountNames(path: path).account(account(3).key, of: "p", .budget) != nil)
        if count > whole.count {
            var damaged = both
            damaged[whole.count + cut % (both.count - whole.count)] ^= 0x20
            try write(damaged, to: path)
            #expect(try AccountNames(path: path).accounts(of: "p", .budget).count == 1)
        }
    }

    @Test("a file that is another's is not touched, and neither is a folder or a link")
    func foreign() throws {
        try write(Array("somebody's notes".utf8), to: path)
        #expect(throws: LedgerFileError.foreign(path: path)) { _ = try AccountNames(path: path) }
        #expect(try contents(of: path) == Array("somebody's notes".utf8))
        #expect(throws: LedgerFileError.self) { _ = try AccountNames(path: folder.path) }
    }

    @Test("threads that make the same accounts at once make each of them once")
    func threads() throws {
        let names = try AccountNames(path: path)
        let others = try AccountNames(path: path)
        let refused = Atomic(0)
        onThreads(8) { number in
            for step in 0..<200 {
                let key = LedgerKey(low: UInt64(step % 60) << 1, high: 7)
                let account = AccountNames.Account(.budget, of: "p", key: key, values: ["\(step % 60)"])
                let result = try? (number % 2 == 0 ? names : others).admit([account], most: (50, 50)) { _ in false }
                if result?.refused.isEmpty == false { refused.add(1, ordering: .relaxed) }
            }
        }
        #expect(try names.count(of: "p", .budget) == 50 && AccountNames(path: path).count(of: "p", .budget) == 50)
        #expect(refused.load(ordering: .relaxed) > 0)
    }
}
