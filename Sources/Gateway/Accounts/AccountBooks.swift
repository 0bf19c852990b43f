import Bytes
import Glibc
public import Ledger
import Reactor
import Synchronization
import Webhooks

/// The budgets and the rate limits of one data directory, and the thread that does for workers what may wait for the disk.
///
/// Workers reserve and settle at desks of their own and ask the thread only for what needs the file's lock: room for a budget that was not used before in its
/// window, or a larger grant.
public final class AccountBooks: Sendable {
    public let budgets: BudgetLedger
    public let rates: RateLimiter
    /// What the accounts of grouped policies are called.
    public let names: AccountNames

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
        let question: AccountQuestion
        let answer: @Sendable (AccountFault?) -> Void
    }

    private enum Message: Sendable {
        case asked(Asked)
        case alert(BudgetAlert)
        /// Look whether to stop.
        case wake
    }

    private let questions: Mailbox<Message>
    /// Who is told of alerts beside the log.
    let webhooks: WebhookSender
    private let identifiers: Mutex<IdentifierMaker>
    /// Accounts that one policy may have.
    private let accountsOfPolicy: Int
    private let report: @Sendable (String) -> Void
    private let isStopping = Atomic(false)
    private let hasEnded = Atomic(false)
    /// The thread was told of a budget that will soon need a larger grant, or pauses after a grant: it will look without being woken. Set by who wakes it, and
    /// taken by the thread before it looks once more: so what is wanted later is told anew.
    private let isWoken = Atomic(false)
    private let refused = Atomic<UInt64>(0)
    private let limited = Atomic<UInt64>(0)
    private let cut = Atomic<UInt64>(0)
    private let alerted = Atomic<UInt64>(0)
    private let overshot = Atomic<UInt64>(0)
    private let terms = Mutex(HeldTerms())
    private let policies = Mutex<[SpendingPolicy]>([])
    // Set once, with the first terms; read by the thread. Release and acquire: who sees it sees the terms.
    private let isPublished = Atomic(false)
    /// When the tables were last searched for what is over, because they were full; and what was told of the names' file.
    private let lastSearch = Mutex<UInt64>(0)
    private let toldOfNames = Mutex("")

    /// Opens the files in `directory`, which is made when it is not there, and starts the thread.
    /// - Parameters:
    ///   - slotCount: budgets, and limits, of new files; a power of two.
    ///   - openCount: requests under way, of new files.
    ///   - accountsOfPolicy: accounts that a grouped policy may have.
    ///   - report: told of what operators should know, a line each.
    public init(
        directory: String, slotCount: Int = BudgetLimits.defaultSlotCount, openCount: Int = BudgetLimits.defaultOpenCount,
        accountsOfPolicy: Int = AccountLimits.accountsOfPolicy,
        report: @escaping @Sendable (String) -> Void
    ) throws(StartError) {
        self.report = report
        self.accountsOfPolicy = accountsOfPolicy
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw StartError("\(directory): \(String(cString: strerror(errno))); budgets and rate limits are kept there: name another folder with data:")
        }
        do {
            budgets = try BudgetLedger(path: directory + "/budgets", slotCount: slotCount, openCount: openCount)
            rates = try RateLimiter(path: directory + "/rates", slotCount: slotCount, openCount: openCount)
            names = try AccountNames(path: directory + "/accounts")
        } catch {
            throw StartError("\(error)")
        }
        do {
            questions = try Mailbox()
            webhooks = try WebhookSender(folder: directory + "/alerts", report: report)
            identifiers = Mutex(try IdentifierMaker())
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
        questions.post(.wake)
        while !hasEnded.load(ordering: .acquiring) { usleep(1000) }
    }

    /// The same for a process that ends, once what is left to tell is told; false where a disk or a receiver is still waited for.
    public func end() -> Bool {
        isStopping.store(true, ordering: .releasing)
        questions.post(.wake)
        for _ in 0..<AccountLimits.endMilliseconds where !hasEnded.load(ordering: .acquiring) { usleep(1000) }
        let isToldAll = webhooks.stop()
        return hasEnded.load(ordering: .acquiring) && isToldAll
    }

    /// The terms and policies that are in force from now on, for metrics and for names in alerts, and who is told of those.
    func publish(_ terms: HeldTerms, _ policies: [SpendingPolicy], _ webhooks: [Webhook]) {
        self.terms.withLock { $0 = terms }
        self.policies.withLock { $0 = policies }
        self.webhooks.declare(webhooks)
        isPublished.store(true, ordering: .releasing)
    }

    /// Whether there is a snapshot yet.
    var hasPublished: Bool { isPublished.load(ordering: .acquiring) }

    /// Of whom metrics tell.
    var published: [SpendingTerms] { terms.withLock { $0 }.all }
    var publishedPolicies: [SpendingPolicy] { policies.withLock { $0 } }

    // MARK: Workers

    /// Makes room for what a request is charged to; `answer` is called on the thread, with what is in the way.
    /// - Returns: false when too many wait.
    func ask(_ question: AccountQuestion, answer: @escaping @Sendable (AccountFault?) -> Void) -> Bool {
        questions.send(.asked(Asked(question: question, answer: answer)))
    }

    /// A budget has passed a threshold: the thread tells of it. One that finds the mailbox full is counted and not told.
    func alert(_ alert: BudgetAlert) {
        count(.alerted)
        if !questions.send(.alert(alert)) { webhooks.noteLost() }
    }

    /// Budgets' readings have changed: where a grant will soon be too small, the thread is told.
    func noteUse() {
        guard budgets.needsGrant, !isWoken.exchange(true, ordering: .acquiringAndReleasing) else { return }
        questions.wake()
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
        var abandoned = AbandonedSpending()
        // After a grant: what is wanted meanwhile is granted together.
        var isPausing = false
        while !isStopping.load(ordering: .acquiring) {
            var waiting = pollfd(fd: questions.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&waiting, 1, isPausing ? AccountLimits.grantMilliseconds : Int32(AccountLimits.recoveryNanoseconds / 1_000_000))
            serve(questions.receiveAll())
            do throws(LedgerFileError) {
                let isWanted = budgets.needsGrant
                if isWanted { _ = try budgets.grant(wallNanoseconds: wallClockNanoseconds()) }
                isPausing = pauses(after: isWanted)
                let now = Instant.now()
                if now >= nextRecovery {
                    nextRecovery = now.adding(nanoseconds: AccountLimits.recoveryNanoseconds)
                    try recover(&abandoned)
                    for alert in abandoned.takeAlerts(of: self, wallNanoseconds: wallClockNanoseconds()) { announce(alert) }
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
                isPausing = false
                isWoken.store(false, ordering: .releasing)
                pauseAfterFault()
            }
        }
        // What came before it was stopped.
        serve(questions.receiveAll())
        hasEnded.store(true, ordering: .releasing)
    }

    /// Whether to look again after a pause: when something was granted, or is wanted by now. Else who wants a grant from here on wakes the thread.
    private func pauses(after isGranted: Bool) -> Bool {
        if !isGranted {
            _ = isWoken.exchange(false, ordering: .acquiringAndReleasing)
            guard budgets.needsGrant else { return false }
        }
        isWoken.store(true, ordering: .relaxed)
        return true
    }

    /// A disk that fails is not asked a thousand times a second.
    private func pauseAfterFault() { usleep(100_000) }

    /// Asks the disk once for all.
    private func serve(_ messages: [Message]) {
        var asked: [Asked] = []
        for message in messages {
            switch message {
            case .asked(let one) where !one.question.isEmpty: asked.append(one)
            case .alert(let alert): tell(alert)
            case .asked, .wake: break
            }
        }
        guard !asked.isEmpty else { return }
        let faults = admit(asked)
        var fault: AccountFault?
        do throws(LedgerFileError) {
            try place(asked.indices.filter { faults[$0] == nil }.map { asked[$0].question })
        } catch {
            fault = .unusable(error.description)
        }
        for (index, one) in asked.enumerated() { one.answer(faults[index] ?? fault) }
    }

    /// One that the thread has found itself.
    private func announce(_ alert: BudgetAlert) {
        count(.alerted)
        tell(alert)
    }

    private func tell(_ alert: BudgetAlert) {
        report(text(alert))
        guard webhooks.isWanted else { return }
        let id = identifiers.withLock { $0.next(wallNanoseconds: alert.wallNanoseconds) }
        webhooks.tell(WebhookMessage(id: id, body: body(of: alert, id: id)))
    }

    private func place(_ asked: [AccountQuestion]) throws(LedgerFileError) {
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

    private func recover(_ abandoned: inout AbandonedSpending) throws(LedgerFileError) {
        let recovery = try budgets.recover { _ in true }
        if recovery.count > 0 { report("a process has ended with \(recovery.count) requests under way: what they had reserved of budgets counts as spent") }
        // First: what is settled is not found again.
        abandoned.add(recovery)
        try rates.recover()
    }

    /// Forgets what accounts were called that the ledger has no more.
    public func forgetAccounts() throws(LedgerFileError) { try names.retain(isLive) }

    /// Frees what is over, and forgets what it was called.
    private func retire() throws(LedgerFileError) {
        try budgets.retireOver(wallNanoseconds: wallClockNanoseconds())
        try rates.retireIdle(nowNanoseconds: Instant.now().nanoseconds)
        try names.retain(isLive)
    }

    // MARK: Accounts of policies

    /// Whether the ledger has an account.
    private func isLive(_ account: AccountNames.Account) -> Bool { account.kind == .budget ? budgets.holds(account.key) : rates.holds(account.key) }

    /// Notes the accounts that are about to be made; by its place, what is in the way of a question.
    ///
    /// That none is made twice is the ledger's doing: slots are given under its lock, by key.
    private func admit(_ asked: [Asked]) -> [Int: AccountFault] {
        var faults: [Int: AccountFault] = [:]
        for kind in AccountNames.Kind.allCases {
            let wanted = asked.indices.flatMap { index in asked[index].question.names.filter { $0.account.kind == kind }.map { (index: index, name: $0) } }
            guard !wanted.isEmpty else { continue }
            let slotCount = kind == .budget ? budgets.slotCount : rates.slotCount
            let most = (ofOwner: accountsOfPolicy, ofAll: slotCount / AccountLimits.accountsShare.of * AccountLimits.accountsShare.part)
            do throws(LedgerFileError) {
                var result = try names.admit(wanted.map(\.name.account), most: most, isLive: isLive)
                if !result.refused.isEmpty, isRetirementDue() {
                    try retire()
                    result = try names.admit(wanted.map(\.name.account), most: most, isLive: isLive)
                }
                if let fault = result.fault { tellOfNames(fault) }
                for place in result.refused { faults[wanted[place].index] = fault(wanted[place].name, most) }
            } catch {
                // A name is for lists; the bound is not: without it nothing new is made.
                for (index, _) in wanted { faults[index] = .unusable(error.description) }
            }
        }
        return faults
    }

    private func fault(_ name: AccountQuestion.Name, _ most: (ofOwner: Int, ofAll: Int)) -> AccountFault {
        let bound = "there are as many accounts as there may be, \(most.ofOwner) of a policy and \(most.ofAll) of all, and none yet of \(name.title)"
        return name.account.kind == .budget
            ? .noBudget("\(bound); it gets one when windows of others are over") : .noLimit("\(bound); it gets one when others have not been used for a time")
    }

    /// A full table is not searched for every request.
    private func isRetirementDue() -> Bool {
        let now = Instant.now().nanoseconds
        return lastSearch.withLock { last in
            guard now >= last + AccountLimits.recoveryNanoseconds else { return false }
            last = now
            return true
        }
    }

    private func tellOfNames(_ fault: LedgerFileError) {
        let isNew = toldOfNames.withLock { told in
            defer { told = fault.description }
            return told != fault.description
        }
        if isNew { report("\(fault.description); accounts of policies are kept, but not all are listed") }
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
