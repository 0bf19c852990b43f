import Glibc
@testable import Ledger
import Testing

@Suite("Files of shared memory")
struct LedgerFileTests {
    private let folder: Folder
    private let path: String

    init() throws {
        folder = try Folder()
        path = folder.file("budgets")
    }

    private func open(boot: UInt64 = 1) throws(LedgerFileError) -> BudgetLedger { try BudgetLedger(folder, slots: 128, open: 64, boot: boot) }

    private func error(_ body: () throws -> Void) -> LedgerFileError? {
        do { try body() } catch { return error as? LedgerFileError }
        return nil
    }

    /// Writes a file that cannot be opened, and expects that it is left as it was.
    private func refusal(of bytes: [UInt8]) throws -> LedgerFileError? {
        try write(bytes, to: path)
        let found = error { _ = try open() }
        #expect(try contents(of: path) == bytes)
        return found
    }

    private func goodBytes() throws -> [UInt8] {
        unlink(path)
        _ = try open()
        return try contents(of: path)
    }

    @Test("a new file is for its owner alone, has its size from the start, and leaves nothing beside it")
    func isMade() throws {
        let ledger = try open()
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(Int(status.st_size) == ledger.file.layout.byteCount && Int(status.st_blocks) * 512 >= ledger.file.layout.byteCount)
        #expect(folder.names == ["budgets"])
    }

    @Test("a file keeps its size and its keys, whatever the next process asks for")
    func isOpenedAgain() throws {
        let key = try open().key("a")
        let ledger = try BudgetLedger(folder, slots: 1024, open: 128)
        #expect(ledger.file.layout.slotCount == 128 && ledger.file.layout.entryCount == 64 && ledger.key("a") == key)
    }

    @Test("a file that is no ledger is refused and left as it is")
    func foreignFiles() throws {
        #expect(try refusal(of: []) == .foreign(path: path))
        #expect(try refusal(of: [1, 2, 3]) == .foreign(path: path))
        #expect(try refusal(of: Array("SLUICE".utf8)) == .foreign(path: path))
        #expect(try refusal(of: [UInt8](repeating: 0, count: 50_000)) == .foreign(path: path))
        var other = try goodBytes()
        other[0] ^= 1
        #expect(try refusal(of: other) == .foreign(path: path))
    }

    @Test("another version is named, and what is known")
    func otherVersion() throws {
        var bytes = try goodBytes()
        bytes[8] = 2
        let found = try refusal(of: bytes)
        #expect(found == .otherVersion(path: path, found: 2, known: 1))
        #expect(found?.description.contains("version 2") == true)
    }

    @Test("each changed byte of the header's constant part is noticed", arguments: 12..<48)
    func damagedHeader(offset: Int) throws {
        var bytes = try goodBytes()
        bytes[offset] ^= 0x10
        #expect(try refusal(of: bytes) == .damaged(path: path))
    }

    @Test("a file that was cut, or lengthened, is refused before it is mapped: touching what is not there would end the process")
    func wrongSize() throws {
        let bytes = try goodBytes()
        for count in [48, 100, 4096, bytes.count - 1] {
            #expect(try refusal(of: Array(bytes.prefix(count))) == .wrongSize(path: path, byteCount: count, expected: bytes.count))
        }
        #expect(try refusal(of: bytes + [0]) == .wrongSize(path: path, byteCount: bytes.count + 1, expected: bytes.count))
    }

    @Test("what is not a regular file is refused: a folder, a link, a pipe, a device")
    func otherThings() throws {
        #expect(error { _ = try BudgetLedger(path: folder.path) } == .notAFile(path: folder.path))
        #expect(symlink("/dev/null", path) == 0)
        #expect(error { _ = try open() } == .notAFile(path: path))
        unlink(path)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(error { _ = try open() } == .notAFile(path: path))
        #expect(error { _ = try BudgetLedger(path: "/dev/null") } == .notAFile(path: "/dev/null"))
    }

    @Test("a folder that is not there is said, and so is one that may not be written to")
    func inaccessible() throws {
        let missing = folder.file("no/budgets")
        #expect(error { _ = try BudgetLedger(path: missing) } == .inaccessible(path: missing + ".new", call: "open", code: ENOENT))
        // Root may write anywhere but to what the kernel makes up.
        let forbidden = geteuid() == 0 ? "/proc/budgets" : "/budgets"
        guard case .inaccessible = error({ _ = try BudgetLedger(path: forbidden) }) else {
            Issue.record("\(forbidden) was opened")
            return
        }
    }

    @Test("sizes have bounds", arguments: [0, 1, 64, 100, 127, BudgetLimits.largestSlotCount + 1, BudgetLimits.largestSlotCount * 2])
    func slotCounts(count: Int) throws {
        #expect(throws: LedgerFileError.invalidSize(what: "slots", count: count, largest: BudgetLimits.largestSlotCount)) {
            try BudgetLedger(folder, slots: count)
        }
    }

    @Test("entries have bounds", arguments: [0, 63, 100, BudgetLimits.largestOpenCount * 2])
    func entryCounts(count: Int) throws {
        #expect(throws: LedgerFileError.invalidSize(what: "open reservations", count: count, largest: BudgetLimits.largestOpenCount)) {
            try BudgetLedger(folder, open: count)
        }
    }

    @Test("budgets and rate limits do not open each other's files")
    func kinds() throws {
        _ = try open()
        #expect(throws: LedgerFileError.otherKind(path: path)) { try RateLimiter(path: path) }
    }

    @Test("what a process left that was killed while it made the file is in nobody's way")
    func draftIsLeft() throws {
        try write([9, 9, 9], to: path + ".new")
        _ = try open()
        #expect(folder.names == ["budgets"])
        try write([9, 9, 9], to: path + ".new")
        _ = try open()
    }

    @Test("of many that make it at once all have the same one")
    func madeByMany() throws {
        let (folder, key) = (folder, Keys())
        onThreads(8) { number in
            do { key.append(try BudgetLedger(folder, slots: 128, open: 64).key("a")) } catch { Issue.record("\(number): \(error)") }
        }
        #expect(key.all.count == 8 && Set(key.all).count == 1)
        #expect(folder.names == ["budgets"])
    }

    @Test("64 processes have it open, and the next is told; when one ends there is a place")
    func manyProcesses() throws {
        var ledgers = try (0..<BudgetLimits.processCount).map { _ in try open() }
        #expect(Set(ledgers.map(\.file.process)).count == BudgetLimits.processCount)
        #expect(throws: LedgerFileError.tooManyProcesses(path: path)) { try open() }
        ledgers.remove(at: 17)
        // A process that another test starts has what is open here until it becomes its program.
        var next = try? open()
        for _ in 0..<3000 where next == nil {
            usleep(10_000)
            next = try? open()
        }
        #expect(next?.file.process == 17)
    }

    @Test("whatever bytes a damaged file has, no operation traps", arguments: 0..<40)
    func randomBytes(round: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(round))
        var bytes = try goodBytes()
        let isSparse = round % 2 == 0
        for index in LedgerFileLayout.bootOffset..<bytes.count where !isSparse || numbers.below(50) == 0 {
            bytes[index] = numbers.below(3) == 0 ? 0xFF : UInt8(numbers.below(256))
        }
        try write(bytes, to: path)
        let ledger = try open(boot: round % 3 == 0 ? 1 : 2)
        let desk = ledger.desk()
        let rule = try BudgetRule(unit: .cost, cap: BudgetLimits.largestAmount, period: .daily, thresholds: [1])
        for number in 0..<50 {
            let wall = day(numbers.below(70_000))
            let key = ledger.file.table.key(numbers.below(128)) ?? ledger.key("\(number)")
            let charge = BudgetCharge(key: key, rule: rule, amount: Int64(numbers.below(1 << 55)))
            var reservation = BudgetReservation()
            _ = desk.reserve([charge].span, for: Identifier(high: 0, low: 0), wallNanoseconds: wall, into: &reservation)
            desk.settle(&reservation, actual: BudgetAmounts(repeating: .max))
            _ = try ledger.grant([charge], wallNanoseconds: wall)
            _ = try ledger.reset(key, rule, wallNanoseconds: wall)
            _ = try ledger.retireOver(wallNanoseconds: wall)
            _ = ledger.usage(of: key, rule, wallNanoseconds: wall)
        }
        _ = try ledger.recover { _ in numbers.below(2) == 0 }
        _ = try ledger.recover { _ in true }
        #expect(ledger.openCount >= 0)
    }

    private final class Keys: @unchecked Sendable {
        private var lock = pthread_mutex_t()
        private var found: [LedgerKey] = []

        init() { pthread_mutex_init(&lock, nil) }

        func append(_ key: LedgerKey) {
            pthread_mutex_lock(&lock)
            found.append(key)
            pthread_mutex_unlock(&lock)
        }

        var all: [LedgerKey] { found }
    }
}
