@testable import Ledger
import Synchronization
import Testing

@Suite("Budgets, after processes have ended")
struct BudgetRecoveryTests {
    private static let now = day(20_783, seconds: 43_200)
    private let folder: Folder
    private let rule: BudgetRule

    init() throws {
        folder = try Folder()
        rule = try BudgetRule(unit: .cost, cap: 1000, period: .monthly, thresholds: [100])
    }

    private func reserve(_ amount: Int64, _ ledger: BudgetLedger, _ desk: BudgetDesk, request: UInt64) throws {
        var reservation = BudgetReservation()
        let charge = BudgetCharge(key: ledger.key("a"), rule: rule, amount: amount)
        #expect(try desk.reserve([charge], ledger, at: Self.now, request: request, into: &reservation) == .reserved)
    }

    private func usage(_ ledger: BudgetLedger) -> BudgetUsage? { ledger.usage(of: ledger.key("a"), rule, wallNanoseconds: Self.now) }

    /// A process that ends with reservations open.
    private func abandon(_ amounts: [Int64]) throws {
        let ledger = try BudgetLedger(folder)
        let desk = ledger.desk()
        for (index, amount) in amounts.enumerated() { try reserve(amount, ledger, desk, request: UInt64(index)) }
    }

    @Test("what an ended process had reserved stays counted, is reported with its request, and settled in full once", arguments: [false, true])
    func settledInFull(isAlone: Bool) throws {
        let other = isAlone ? nil : try BudgetLedger(folder)
        try abandon([60, 50])
        let ledger = try other ?? BudgetLedger(folder)
        #expect(ledger.unlisted == [])
        #expect(usage(ledger)?.reserved == 110 && ledger.openCount == 2)
        var reported: [BudgetRecovery.Abandoned] = []
        let recovery = try ledger.recover { reported.append($0); return true }
        #expect(recovery.count == 2 && reported.map(\.request.low) == [0, 1] && reported.allSatisfy { $0.cause == .crash && $0.openedAt == Self.now })
        #expect(reported.map(\.charges) == [60, 50].map { [BudgetRecovery.Charge(key: ledger.key("a"), amount: $0)] })
        #expect(usage(ledger)?.reserved == 0 && usage(ledger)?.spent == 110 && ledger.openCount == 0)
        // A threshold that is passed so is seen.
        #expect(recovery.movements.flatMap { rule.thresholds(passedBy: $0.movement) } == [100])
        #expect(try ledger.recover { _ in Issue.record("reported twice"); return true } == BudgetRecovery())
    }

    @Test("what could not be recorded is reported again")
    func reportedAgain() throws {
        try abandon([1, 2, 3])
        let ledger = try BudgetLedger(folder)
        #expect(try ledger.recover { $0.request.low == 1 }.count == 1)
        #expect(usage(ledger)?.spent == 2 && usage(ledger)?.reserved == 4 && ledger.openCount == 2)
        var again: [UInt64] = []
        #expect(try ledger.recover { again.append($0.request.low); return true }.count == 2)
        #expect(again == [0, 2] && usage(ledger)?.spent == 6 && usage(ledger)?.reserved == 0)
    }

    @Test("a living process's reservations are nobody's to settle")
    func livingIsLeft() throws {
        let (old, new) = (try BudgetLedger(folder), try BudgetLedger(folder))
        let desk = old.desk()
        try reserve(10, old, desk, request: 1)
        #expect(try new.recover { _ in true }.count == 0)
        #expect(usage(new)?.reserved == 10 && new.openCount == 1)
    }

    @Test("what was counted and not listed when its process was killed is spent once another opens the ledger alone")
    func unlistedIsSpent() throws {
        try abandon([30])
        do {
            let other = try BudgetLedger(folder)
            // As if killed between the two steps of a reservation.
            let window = rule.period.window(onDay: BudgetWindow.day(wallNanoseconds: Self.now))
            _ = other.book.reserve(BudgetCharge(key: other.key("a"), rule: rule, amount: 7), in: window, wallNanoseconds: Self.now)
            #expect(usage(other)?.reserved == 37)
            // It may be about to list it.
            #expect(try BudgetLedger(folder).unlisted == [])
            #expect(usage(other)?.reserved == 37)
        }
        let ledger = try BudgetLedger(folder)
        #expect(ledger.unlisted == [BudgetRecovery.Unlisted(key: ledger.key("a"), amount: 7)])
        #expect(usage(ledger)?.spent == 7 && usage(ledger)?.reserved == 30)
        #expect(try ledger.recover { _ in true }.count == 1)
        #expect(usage(ledger)?.spent == 37 && usage(ledger)?.reserved == 0)
    }

    @Test("a process that was killed while it took a slot away leaves it to the next")
    func retirementIsFinished() throws {
        let ledger = try BudgetLedger(folder)
        #expect(try ledger.desk().spend(5, ledger.key("a"), rule, ledger, at: Self.now) == .reserved)
        let slot = try #require(ledger.file.table.slot(of: ledger.key("a")))
        ledger.book.update(slot) { $0.retired }
        #expect(usage(ledger) == nil)
        var reservation = BudgetReservation()
        let charges = [BudgetCharge(key: ledger.key("a"), rule: rule, amount: 1)]
        #expect(ledger.desk().reserve(charges.span, for: Identifier(high: 0, low: 0), wallNanoseconds: Self.now, into: &reservation) == .awaitsGrant)
        #expect(try ledger.retireOver(wallNanoseconds: Self.now) == 1)
        #expect(try ledger.desk().spend(5, ledger.key("a"), rule, ledger, at: Self.now) == .reserved)
    }
}

@Suite("Budgets, after the power has gone")
struct PowerLossTests {
    private static let now = day(20_783, seconds: 43_200)
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test("nothing is spent that is not on the disk as granted, and after another boot it all counts")
    func grantsCount() throws {
        let rule = try BudgetRule(unit: .cost, cap: 6400, period: .monthly)
        var disk: [UInt8] = []
        do {
            let ledger = try BudgetLedger(folder)
            let desk = ledger.desk()
            #expect(try desk.spend(10, ledger.key("a"), rule, ledger, at: Self.now) == .reserved)
            disk = try contents(of: folder.file("budgets"))
            // Within the grant: the disk does not hear of it.
            var reservation = BudgetReservation()
            let charge = BudgetCharge(key: ledger.key("a"), rule: rule, amount: 20)
            while desk.reserve([charge].span, for: Identifier(high: 0, low: 0), wallNanoseconds: Self.now, into: &reservation) == .reserved {
                desk.settle(&reservation, actual: BudgetAmounts(repeating: 20))
            }
            #expect(ledger.needsGrant)
            #expect(ledger.usage(of: ledger.key("a"), rule, wallNanoseconds: Self.now)?.spent == 110)
        }
        try write(disk, to: folder.file("budgets"))
        let after = try BudgetLedger(folder, boot: 2)
        // 10 asked, and a 64th of the cap.
        #expect(after.usage(of: after.key("a"), rule, wallNanoseconds: Self.now)?.spent == 110)
        #expect(after.usage(of: after.key("a"), rule, wallNanoseconds: Self.now)?.reserved == 0)
        #expect(try after.desk().spend(6400 - 110, after.key("a"), rule, after, at: Self.now) == .reserved)
    }

    @Test("the next boot does not count twice, and the same boot changes nothing")
    func countedOnce() throws {
        let rule = try BudgetRule(unit: .cost, cap: 6400, period: .monthly)
        for (boot, spent) in [(1, 10), (1, 10), (2, 110), (2, 110), (3, 110)] as [(UInt64, Int64)] {
            let ledger = try BudgetLedger(folder, boot: boot)
            if boot == 1, ledger.budgetCount == 0 { #expect(try ledger.desk().spend(10, ledger.key("a"), rule, ledger, at: Self.now) == .reserved) }
            #expect(ledger.usage(of: ledger.key("a"), rule, wallNanoseconds: Self.now)?.spent == spent)
        }
    }

    @Test("a reservation of which the disk still tells is reported as perhaps settled, and changes no budget")
    func listedIsReported() throws {
        let rule = try BudgetRule(unit: .cost, cap: 100, period: .monthly)
        do {
            let ledger = try BudgetLedger(folder)
            let desk = ledger.desk()
            var reservation = BudgetReservation()
            let charges = [BudgetCharge(key: ledger.key("a"), rule: rule, amount: 40)]
            #expect(try desk.reserve(charges, ledger, at: Self.now, request: 9, into: &reservation) == .reserved)
        }
        let ledger = try BudgetLedger(folder, boot: 2)
        var reported: [BudgetRecovery.Abandoned] = []
        #expect(try ledger.recover { reported.append($0); return true }.count == 0)
        #expect(reported.map(\.request.low) == [9] && reported.first?.cause == .powerLoss)
        #expect(ledger.usage(of: ledger.key("a"), rule, wallNanoseconds: Self.now)?.reserved == 0)
        #expect(ledger.openCount == 0)
    }

    @Test("a window that the disk knows only by its grant is counted")
    func rolledWindow() throws {
        let rule = try BudgetRule(unit: .cost, cap: 640, period: .daily)
        let ledger = try BudgetLedger(folder)
        #expect(try ledger.desk().spend(100, ledger.key("a"), rule, ledger, at: Self.now) == .reserved)
        // Asked for, synced, and the power gone before anything was reserved.
        let charge = BudgetCharge(key: ledger.key("a"), rule: rule, amount: 5)
        #expect(try ledger.grant([charge], wallNanoseconds: Self.now + day(1)) == [])
        let disk = try contents(of: folder.file("budgets"))
        try write(disk, to: folder.file("budgets"))
        let after = try BudgetLedger(folder, boot: 2)
        #expect(after.usage(of: after.key("a"), rule, wallNanoseconds: Self.now + day(1))?.spent == 25)
    }

    @Test("a reset lowers what the disk would count")
    func resetIsSynced() throws {
        let rule = try BudgetRule(unit: .cost, cap: 640, period: .once)
        let ledger = try BudgetLedger(folder)
        #expect(try ledger.desk().spend(640, ledger.key("a"), rule, ledger, at: Self.now) == .reserved)
        #expect(try ledger.reset(ledger.key("a"), rule, wallNanoseconds: Self.now))
        let disk = try contents(of: folder.file("budgets"))
        try write(disk, to: folder.file("budgets"))
        let after = try BudgetLedger(folder, boot: 2)
        // No more than a cap's worth: the last request was as large as that.
        let spent = try #require(after.usage(of: after.key("a"), rule, wallNanoseconds: Self.now)?.spent)
        #expect(spent <= 640)
        #expect(try after.reset(after.key("a"), rule, wallNanoseconds: Self.now))
    }

    @Test("whenever the power goes, what was spent is counted, and at most a block more", arguments: 0..<8)
    func anyMoment(round: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(round) &* 77 &+ 5)
        let (path, period) = (folder.file("budgets"), [BudgetPeriod.daily, .weekly(startingOn: .monday), .once][round % 3])
        var wall = Self.now
        // What the disk surely has: the file as it was after the last sync. It may have anything later as well.
        var disk: [UInt8] = []
        var spent: [Int: Int64] = [:]
        var ledger = try BudgetLedger(folder, slots: 128, open: 64)
        var desk = ledger.desk()
        let caps: [Int64] = [100, 6400, 1_000_000]
        var windows: [Int: BudgetWindow] = [:]
        var boot: UInt64 = 1
        var losses = 0
        for _ in 0..<3000 {
            let which = numbers.below(caps.count)
            let rule = try BudgetRule(unit: .cost, cap: caps[which], period: period)
            let key = ledger.key("\(which)")
            let window = period.window(onDay: BudgetWindow.day(wallNanoseconds: wall))
            if windows[which] != window { (windows[which], spent[which]) = (window, 0) }
            let amount = Int64(1 + numbers.below(Int(caps[which]) / 20))
            var reservation = BudgetReservation()
            let charges = [BudgetCharge(key: key, rule: rule, amount: amount)]
            switch desk.reserve(charges.span, for: Identifier(high: 0, low: 0), wallNanoseconds: wall, into: &reservation) {
            case .reserved:
                let actual = Int64(numbers.below(Int(amount) + 1))
                desk.settle(&reservation, actual: BudgetAmounts(repeating: actual))
                spent[which, default: 0] += actual
            case .awaitsGrant:
                _ = try ledger.grant(charges, wallNanoseconds: wall)
                disk = try contents(of: path)
            case .refused: wall += day(1)
            case let other: Issue.record("\(other)")
            }
            if ledger.needsGrant, numbers.below(3) == 0 {
                _ = try ledger.grant(wallNanoseconds: wall)
                disk = try contents(of: path)
            }
            // The kernel writes when it likes.
            if numbers.below(40) == 0 { disk = try contents(of: path) }
            guard numbers.below(60) == 0, !disk.isEmpty else { continue }
            losses += 1
            let before = caps.indices.map { usage($0, caps[$0], period, ledger, wall)?.spent ?? 0 }
            (ledger, desk) = try restart(&boot, disk, path)
            for which in caps.indices {
                let counted = usage(which, caps[which], period, ledger, wall)?.spent ?? 0
                let block = max(caps[which] / 64, 4 * caps[which] / 20) + caps[which] / 20
                if counted < before[which] || counted > before[which] + block || counted > caps[which] {
                    Issue.record("round \(round), budget \(which): \(counted) counted, \(before[which]) spent")
                }
                if let real = spent[which], windows[which] == period.window(onDay: BudgetWindow.day(wallNanoseconds: wall)), counted < real {
                    Issue.record("round \(round), budget \(which): \(counted) counted, \(real) billed")
                }
            }
        }
        #expect(losses > 10)
    }

    private func usage(_ which: Int, _ cap: Int64, _ period: BudgetPeriod, _ ledger: BudgetLedger, _ wall: UInt64) -> BudgetUsage? {
        guard let rule = try? BudgetRule(unit: .cost, cap: cap, period: period) else { return nil }
        return ledger.usage(of: ledger.key("\(which)"), rule, wallNanoseconds: wall)
    }

    /// The machine with what its disk has.
    private func restart(_ boot: inout UInt64, _ disk: [UInt8], _ path: String) throws -> (BudgetLedger, BudgetDesk) {
        boot += 1
        try write(disk, to: path)
        let ledger = try BudgetLedger(folder, slots: 128, open: 64, boot: boot)
        // Entries of before are nobody's until somebody has looked at them.
        _ = try ledger.recover { _ in true }
        return (ledger, ledger.desk())
    }
}
