import Bytes
import Glibc
public import Ledger
import Reactor
import Synchronization

/// The budgets and the rate limits of one data directory, and the thread that does for workers what may wait for the disk.
///
/// Workers reserve and settle at desks of their own and ask the thread only for what needs the file's lock: room for a budget that was not used before in its
/// window, or a larger grant.
public final class AccountBooks: Sendable {
    public let budgets: BudgetLedger
    public let rates: RateLimiter

    /// What is counted for operators.
    enum Event: Int, CaseIterable {
        /// A request was refused by a budget, or by a limit.
        case refused, limited
        /// An answer was cut to what is left.
        case cut
        /// A budget has passed a threshold; a request cost more than was reserved.
        case alerted, overshot
    }

    private struct Asked: Sendable {
        let budgets: [BudgetCharge]
        let rates: [RateCharge]
        let wallNanoseconds: UInt64
        let answer: @Sendable (String?) -> Void
    }

    private let questions: Mailbox<Asked>
    private let report: @Sendable (String) -> Void
    private let isStopping = Atomic(false)
    private let hasEnded = Atomic(false)
    /// Something was reserved or settled since the thread last looked.
    private let isUsed = Atomic(false)
    private let refused = Atomic<UInt64>(0)
    private let limited = Atomic<UInt64>(0)
    private let cut = Atomic<UInt64>(0)
    private let alerted = Atomic<UInt64>(0)
    private let overshot = Atomic<UInt64>(0)
    private let terms = Mutex<[SpendingTerms]>([])

    /// Opens the files in `directory`, which is made when it is not there, and starts the thread.
    /// - Parameters:
    ///   - slotCount: budgets, and limits, of new files; a power of two.
    ///   - openCount: requests under way, of new files.
    ///   - report: told of what operators should know, a line each.
    public init(
        directory: String, slotCount: Int = BudgetLimits.defaultSlotCount, openCount: Int = BudgetLimits.defaultOpenCount,
        report: @escaping @Sendable (String) -> Void
    ) throws(StartError) {
        self.report = report
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw StartError("\(directory): \(String(cString: strerror(errno))); budgets and rate limits are kept there: name another folder with data:")
        }
        do {
            budgets = try BudgetLedger(path: directory + "/budgets", slotCount: slotCount, openCount: openCount)
            rates = try RateLimiter(path: directory + "/rates", slotCount: slotCount, openCount: openCount)
        } catch {
            throw StartError("\(error)")
        }
        do {
            questions = try Mailbox()
        } catch {
            throw StartError("\(error)")
        }
        for lost in budgets.unlisted { report("a process was killed while it reserved \(lost.amount) of a budget: it counts as spent") }
        BoundWords.prepare()
        do {
            try Thread.start("accounts") { self.run() }.detach()
        } catch {
            throw StartError("\(error)")
        }
    }

    /// Ends the thread; returns when it no longer touches the files.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
        questions.post(Asked(budgets: [], rates: [], wallNanoseconds: 0) { _ in })
        while !hasEnded.load(ordering: .acquiring) { usleep(1000) }
    }

    /// The terms that are in force from now on, for metrics.
    public func publish(_ terms: [SpendingTerms]) { self.terms.withLock { $0 = terms } }

    /// Of whom metrics tell.
    var published: [SpendingTerms] { terms.withLock { $0 } }

    // MARK: Workers

    /// Makes room for what a request is charged to; `answer` is called on the thread, with what is in the way.
    /// - Returns: false when too many wait.
    func ask(_ budgets: [BudgetCharge], _ rates: [RateCharge], wallNanoseconds: UInt64, answer: @escaping @Sendable (String?) -> Void) -> Bool {
        questions.send(Asked(budgets: budgets, rates: rates, wallNanoseconds: wallNanoseconds, answer: answer))
    }

    /// A budget's reading has changed: the thread looks whether its grant is still large enough.
    func noteUse() {
        // Written once in some milliseconds only: others' caches keep the line.
        if !isUsed.load(ordering: .relaxed) { isUsed.store(true, ordering: .relaxed) }
    }

    func count(_ event: Event) { counter(event) { $0.wrappingAdd(1, ordering: .relaxed) } }

    func total(_ event: Event) -> UInt64 {
        var total: UInt64 = 0
        counter(event) { total = $0.load(ordering: .relaxed) }
        return total
    }

    private func counter(_ event: Event, _ body: (borrowing Atomic<UInt64>) -> Void) {
        switch event {
        case .refused: body(refused)
        case .limited: body(limited)
        case .cut: body(cut)
        case .alerted: body(alerted)
        case .overshot: body(overshot)
        }
    }

    // MARK: The thread

    private func run() {
        var nextRecovery = Instant.now()
        var nextRetirement = nextRecovery.adding(nanoseconds: AccountLimits.retirementNanoseconds)
        var fault = ""
        while !isStopping.load(ordering: .acquiring) {
            var waiting = pollfd(fd: questions.descriptor, events: Int16(POLLIN), revents: 0)
            let wasUsed = isUsed.exchange(false, ordering: .relaxed)
            poll(&waiting, 1, wasUsed ? AccountLimits.grantMilliseconds : Int32(AccountLimits.recoveryNanoseconds / 1_000_000))
            serve(questions.receiveAll())
            do throws(LedgerFileError) {
                if budgets.needsGrant { _ = try budgets.grant(wallNanoseconds: wallClockNanoseconds()) }
                let now = Instant.now()
                if now >= nextRecovery {
                    nextRecovery = now.adding(nanoseconds: AccountLimits.recoveryNanoseconds)
                    try recover()
                }
                if now >= nextRetirement {
                    nextRetirement = now.adding(nanoseconds: AccountLimits.retirementNanoseconds)
                    try retire()
                }
                fault = ""
            } catch {
                // Each second anew, and told once.
                if fault != error.description { report(error.description) }
                fault = error.description
                nextRecovery = Instant.now().adding(nanoseconds: AccountLimits.recoveryNanoseconds)
                pauseAfterFault()
            }
        }
        hasEnded.store(true, ordering: .releasing)
    }

    /// A disk that fails is not asked a thousand times a second.
    private func pauseAfterFault() { usleep(100_000) }

    /// Asks the disk once for all.
    private func serve(_ asked: [Asked]) {
        let asked = asked.filter { !$0.budgets.isEmpty || !$0.rates.isEmpty }
        guard !asked.isEmpty else { return }
        var fault: String?
        do throws(LedgerFileError) {
            try place(asked)
        } catch {
            fault = error.description
        }
        for one in asked { one.answer(fault) }
    }

    private func place(_ asked: [Asked]) throws(LedgerFileError) {
        let charges = asked.flatMap(\.budgets)
        if !charges.isEmpty {
            let wall = asked.map(\.wallNanoseconds).max() ?? wallClockNanoseconds()
            if try !budgets.grant(charges, wallNanoseconds: wall).isEmpty {
                try budgets.retireOver(wallNanoseconds: wall)
                let unplaced = try budgets.grant(charges, wallNanoseconds: wall)
                if !unplaced.isEmpty { report("\(unplaced.count) budgets have no room in the ledger: their requests are refused") }
            }
        }
        let limits = asked.flatMap(\.rates)
        if !limits.isEmpty, try !rates.prepare(limits).isEmpty {
            try rates.retireIdle(nowNanoseconds: Instant.now().nanoseconds)
            let unplaced = try rates.prepare(limits)
            if !unplaced.isEmpty { report("\(unplaced.count) rate limits have no room in their file: their requests are refused") }
        }
    }

    private func recover() throws(LedgerFileError) {
        let recovery = try budgets.recover { _ in true }
        if recovery.count > 0 { report("a process has ended with \(recovery.count) requests under way: what they had reserved of budgets counts as spent") }
        try rates.recover()
    }

    private func retire() throws(LedgerFileError) {
        try budgets.retireOver(wallNanoseconds: wallClockNanoseconds())
        try rates.retireIdle(nowNanoseconds: Instant.now().nanoseconds)
    }
}

/// One worker's places at the books.
final class Desks {
    let books: AccountBooks
    let budgets: BudgetDesk
    let rates: RateDesk

    init(_ books: AccountBooks) {
        self.books = books
        budgets = books.budgets.desk()
        rates = books.rates.desk()
    }
}
