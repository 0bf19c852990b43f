import CLinux
import Glibc
@testable import Ledger
import Testing

/// A `LedgerVictim` under way.
private struct Victim {
    let pid: CInt

    /// - Parameter bills: what it writes its bills to.
    init(_ path: String, seed: UInt64, budgets: Int, cap: Int64, milliseconds: Int, bills: CInt, before: String = "") throws {
        let program = try Victim.program()
        let line = before + "exec \"$0\" \"$@\""
        let arguments = ["sh", "-c", line, program, path, String(seed), String(budgets), String(cap), String(milliseconds)]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        pid = words.withUnsafeMutableBufferPointer { linux_spawn("/bin/sh", -1, $0.baseAddress, linux_environment(), bills) }
        try #require(pid > 0)
    }

    /// Built beside the tests.
    private static func program() throws -> String {
        var text = [CChar](repeating: 0, count: 4096)
        try #require(readlink("/proc/self/exe", &text, text.count - 1) > 0)
        let own = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = try #require(own.lastIndex(of: "/").map { String(own[..<$0]) })
        let program = folder + "/LedgerVictim"
        try #require(access(program, X_OK) == 0, "no \(program): build all of the package")
        return program
    }

    /// Its exit status, or minus the signal that ended it.
    func wait() -> CInt {
        var status: CInt = 0
        waitpid(pid, &status, 0)
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }
}

@Suite("Budgets, of processes that are killed")
struct BudgetKillTests {
    private static let budgetCount = 3
    /// As the victims have it.
    private static let wall: UInt64 = 1_764_158_400_000_000_000

    private struct Bill {
        let request: Identifier
        let budget: Int
        let amount: Int64
    }

    private func bills(in path: String) throws -> [Bill] {
        let bytes = try contents(of: path)
        // Each is written in one piece.
        #expect(bytes.count % 32 == 0)
        return bytes.withUnsafeBytes { raw in
            (0..<bytes.count / 32).map { index in
                let word = { (number: Int) in raw.loadUnaligned(fromByteOffset: index * 32 + number * 8, as: UInt64.self) }
                return Bill(request: Identifier(high: word(0), low: word(1)), budget: Int(word(2)), amount: Int64(word(3)))
            }
        }
    }

    /// Under the thread sanitizer: it has a lock of the process's own in place of each atomic of 128 bits, which keeps no other process away.
    private static let isLockedByProcess = dlsym(nil, "__tsan_init") != nil

    @Test(
        "whenever processes are killed while others go on, what was billed is within the caps, and all that is left can be spent",
        .disabled(if: isLockedByProcess, "the thread sanitizer's atomics are not atomic between processes"))
    func killed() throws {
        var numbers = SeededNumbers("budgets of killed processes")
        var (kills, exhausted, abandonedCount, unlistedCount) = (0, 0, 0, 0)
        for _ in 0..<(isLong ? 100 : 20) {
            let folder = try Folder()
            let path = folder.file("budgets")
            // From soon exhausted to never.
            let cap = [20_000, 2_000_000, 200_000_000][numbers.below(3)] as Int64
            let billsPath = folder.file("bills")
            let descriptor = open(billsPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            func start(milliseconds: Int) throws -> Victim {
                try Victim(path, seed: numbers.next() >> 1, budgets: Self.budgetCount, cap: cap, milliseconds: milliseconds, bills: descriptor)
            }
            // One of three is killed, another takes its place, until four are dead; the last end as they should.
            var victims = [try start(milliseconds: 30_000), try start(milliseconds: 30_000)]
            var watcher: Watcher? = try Watcher(path)
            // Not before they are at work.
            for _ in 0..<30_000 where lseek(descriptor, 0, SEEK_END) == 0 { usleep(1000) }
            for _ in 0..<4 {
                victims.append(try start(milliseconds: 30_000))
                usleep(UInt32(20_000 + numbers.below(40_000)))
                let victim = victims.remove(at: numbers.below(victims.count))
                kill(victim.pid, SIGKILL)
                #expect(victim.wait() == -SIGKILL)
                kills += 1
                try watcher?.look(cap)
            }
            for victim in victims {
                kill(victim.pid, SIGKILL)
                #expect(victim.wait() == -SIGKILL)
                kills += 1
            }
            let last = try start(milliseconds: 300)
            #expect(last.wait() == 0)
            try watcher?.look(cap)
            let (keys, abandoned) = (watcher?.keys ?? [], watcher?.abandoned ?? [:])
            watcher = nil
            let outcome = try settle(path, cap, try bills(in: billsPath), keys, abandoned)
            abandonedCount += outcome.abandoned
            unlistedCount += outcome.unlisted
            exhausted += outcome.exhausted
        }
        print("\(kills) kills, \(abandonedCount) reservations abandoned, \(unlistedCount) unlisted, \(exhausted) budgets exhausted")
        #expect(abandonedCount > 0)
    }

    /// Looks on from a process of its own, as the new one of an upgrade does.
    private final class Watcher {
        let ledger: BudgetLedger
        let keys: [LedgerKey]
        private(set) var abandoned: [Identifier: [BudgetRecovery.Charge]] = [:]

        init(_ path: String) throws {
            ledger = try BudgetLedger(path: path)
            var maker = ledger.keyMaker()
            keys = (0..<BudgetKillTests.budgetCount).map { number in
                maker.add(Identifier(high: 0, low: UInt64(number)))
                return maker.finish()
            }
        }

        func look(_ cap: Int64) throws {
            let rule = try BudgetRule(unit: .cost, cap: cap, period: .weekly(startingOn: .monday))
            _ = try ledger.recover { one in
                if one.cause != .crash || abandoned.updateValue(one.charges, forKey: one.request) != nil { Issue.record("reported twice: \(one)") }
                return true
            }
            for key in keys {
                guard let usage = ledger.usage(of: key, rule, wallNanoseconds: BudgetKillTests.wall) else { continue }
                if usage.spent + usage.reserved > cap { Issue.record("\(usage) of \(cap)") }
            }
        }
    }

    /// Nobody is there any more: all is settled, and must add up.
    private func settle(
        _ path: String, _ cap: Int64, _ bills: [Bill], _ keys: [LedgerKey], _ abandoned: [Identifier: [BudgetRecovery.Charge]]
    ) throws -> (abandoned: Int, unlisted: Int, exhausted: Int) {
        let ledger = try BudgetLedger(path: path)
        let rule = try BudgetRule(unit: .cost, cap: cap, period: .weekly(startingOn: .monday))
        let desk = ledger.desk()
        #expect(ledger.openCount == 0)
        var exhausted = 0
        for (number, key) in keys.enumerated() {
            let usage = try #require(ledger.usage(of: key, rule, wallNanoseconds: Self.wall))
            let billed = bills.filter { $0.budget == number }.reduce(0) { $0 + $1.amount }
            let held = abandoned.values.joined().filter { $0.key == key }.reduce(0) { $0 + $1.amount }
            let unlisted = ledger.unlisted.filter { $0.key == key }.reduce(0) { $0 + $1.amount }
            #expect(billed <= usage.spent && usage.spent <= cap)
            #expect(usage.spent <= billed + held + unlisted, "only estimates may differ from what was billed")
            #expect(usage.reserved == 0 && usage.overshoot == 0)
            // No refusal while it fits.
            let left = cap - usage.spent
            if left < 1000 { exhausted += 1 }
            #expect(try desk.spend(left + 1, key, rule, ledger, at: Self.wall).refusal?.left == left)
            #expect(try desk.spend(left, key, rule, ledger, at: Self.wall) == .reserved)
        }
        return (abandoned.count, ledger.unlisted.count, exhausted)
    }

    @Test("where there is no room for a ledger none is made, and nothing is left")
    func noRoom() throws {
        let folder = try Folder()
        let descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        // As on a full disk: no file may grow beyond 64 KiB.
        let victim = try Victim(
            folder.file("budgets"), seed: 1, budgets: 1, cap: 1, milliseconds: 100, bills: descriptor, before: "trap '' XFSZ; ulimit -f 64; ")
        #expect(victim.wait() == 1)
        #expect(folder.names == [])
    }
}
