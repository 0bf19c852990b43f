import Books
import Reactor

/// What an exporter's thread does: reads what is new, makes batches of it, has the sink take them, and remembers how far it is. Clock and sink are its
/// caller's.
struct ExportRun {
    struct Clock {
        var now: () -> Instant
        /// Nanoseconds since 1970.
        var wall: () -> UInt64
        var random: () -> UInt64
    }

    private var exporter: Exporter
    private var sink: any Sink
    private let file: PositionFile
    private let clock: Clock
    private let report: (String) -> Void
    private var backlog: Backlog
    private var batch: ExportBatch
    /// Whether the sink has seen the batch: what is tried again is the same.
    private var isTried = false
    private var begunAt = Instant(nanoseconds: 0)
    /// Records of a batch, fewer than are wanted where the sink took no more; twice as many after each that it takes.
    private var mostRecords: Int
    private var hasMore = false
    private var breaker = ExportBreaker()
    private var nextLook = Instant(nanoseconds: 0)
    private var nextSave = Instant(nanoseconds: 0)
    private var isUnsaved = false
    private var nextRefusal = Instant(nanoseconds: 0)
    /// What was told last of the journal, and of the position; empty while each is well.
    private var journalFault = ""
    private var positionFault = ""
    private(set) var counts: ExporterCounts

    init(
        _ exporter: Exporter, sink: any Sink, _ file: PositionFile, _ backlog: Backlog, counts: ExporterCounts = ExporterCounts(), clock: Clock,
        report: @escaping (String) -> Void
    ) {
        self.exporter = exporter
        self.sink = sink
        self.file = file
        self.backlog = backlog
        self.counts = counts
        self.clock = clock
        self.report = report
        batch = ExportBatch(exporter.form)
        mostRecords = exporter.terms.batchCount
    }

    /// It leads elsewhere from now on, and goes on from where it is; one that is declared as it was keeps its sink, and the batch that it has.
    mutating func declare(_ exporter: Exporter, sink: any Sink) {
        guard !self.exporter.isSame(as: exporter) else { return }
        self.exporter = exporter
        self.sink = sink
        mostRecords = exporter.terms.batchCount
        breaker = ExportBreaker()
        startBatch()
        nextLook = clock.now()
    }

    // MARK: What it does

    /// When there is something to do.
    var dueAt: Instant {
        if hasMore, !isFull, !isTried { return Instant(nanoseconds: 0) }
        return batch.count > 0 ? min(nextLook, sendAt) : nextLook
    }

    private var isFull: Bool { batch.count >= mostRecords || batch.byteCount >= ExporterLimits.batchByteCount }

    private var sendAt: Instant {
        let ready = isFull || isTried ? begunAt : begunAt.adding(nanoseconds: exporter.terms.everyNanoseconds)
        return max(ready, breaker.dueAt)
    }

    mutating func step() {
        let now = clock.now()
        if now >= nextLook || hasMore && !isFull && !isTried { read(now) }
        if batch.count > 0, now >= sendAt { send(timeoutNanoseconds: exporter.terms.timeoutNanoseconds) }
        note()
    }

    /// Sends what is there, until it is all sent, something fails, or the time is over.
    mutating func finish(until end: Instant) {
        while clock.now() < end {
            read(clock.now())
            guard batch.count > 0 || hasMore else { break }
            let failures = counts.failures
            if batch.count > 0 { send(timeoutNanoseconds: min(exporter.terms.timeoutNanoseconds, max(1, end.nanoseconds(since: clock.now())))) }
            if counts.failures > failures { break }
        }
        save()
        note()
    }

    private mutating func note() {
        counts.backlogByteCount = backlog.byteCount
        counts.oldestNanoseconds = batch.count > 0 ? batch.oldestNanoseconds : nil
        counts.state = ExporterCounts.State(rawValue: breaker.state(now: clock.now()).rawValue) ?? .delivering
        if counts.state == .delivering, !journalFault.isEmpty { counts.state = .unable }
    }

    // MARK: Reading

    private mutating func read(_ now: Instant) {
        let usual = min(ExporterLimits.lookNanoseconds, exporter.terms.everyNanoseconds)
        nextLook = now.adding(nanoseconds: breaker.failures > 0 ? ExporterLimits.awayLookNanoseconds : usual)
        var fault: JournalError?
        var isRead = false
        do throws(JournalError) {
            let seen = try backlog.look(batch)
            if seen.isOther { isUnsaved = true }
            if seen.lost.segments > 0 { tell(of: seen.lost) }
            if !isTried, !isFull {
                fault = gather(now)
                isRead = true
            }
        } catch {
            hasMore = false
            fault = error
        }
        if let fault {
            if journalFault != fault.description { report("\(exporter.title): \(fault)") }
            journalFault = fault.description
        } else if isRead {
            if !journalFault.isEmpty { report("\(exporter.title): the journal can be read again") }
            journalFault = ""
        }
        if isUnsaved, now >= nextSave { save() }
    }

    /// - Returns: why a part of the journal cannot be read.
    private mutating func gather(_ now: Instant) -> JournalError? {
        let wasEmpty = batch.count == 0
        let terms = exporter.terms
        let fault: JournalError?
        (hasMore, fault) = backlog.gather(
            into: &batch, atMost: mostRecords, where: { ExportRun.isWanted($0, terms) }, tell: { report("\(exporter.title): \($0)") })
        if batch.damagedByteCount > 0 {
            report("\(exporter.title): \(batch.damagedByteCount) bytes of the journal are no records, the disk has changed them; those around them are exported")
            batch.damagedByteCount = 0
        }
        guard batch.count == 0 else {
            if wasEmpty { begunAt = now }
            return fault
        }
        if backlog.pass(batch) { isUnsaved = true }
        startBatch(hasMore: hasMore)
        return fault
    }

    private static func isWanted(_ record: RequestRecord, _ terms: Exporter.Terms) -> Bool {
        guard terms.workspaces.isEmpty || terms.workspaces.contains(record.workspace) else { return false }
        return terms.includesReported || record.figures.flags.isDisjoint(with: [.reported, .observation])
    }

    private mutating func tell(of lost: Backlog.Lost) {
        counts.lostSegments += UInt64(lost.segments)
        let bytes = lost.byteCount > 0 ? "at least \(lost.byteCount) bytes of them" : "what of them was not"
        report(
            "\(exporter.title): \(lost.segments) segments of the journal were removed before all of them was sent, and \(bytes) is lost to it; "
                + "raise keep and keep_size of books")
    }

    // MARK: Sending

    private mutating func send(timeoutNanoseconds: UInt64) {
        isTried = true
        switch sink.take(batch, timeoutNanoseconds: timeoutNanoseconds, wallNanoseconds: clock.wall()) {
        case .taken(let rejected, let said):
            let rejected = min(rejected, batch.count)
            counts.records += UInt64(batch.count - rejected)
            if rejected > 0 || !said.isEmpty { drop(rejected, "it took a part alone", said) }
            mostRecords = min(2 * mostRecords, exporter.terms.batchCount)
            pass()
        case .refused(let reason):
            drop(batch.count, reason)
            pass()
        case .tooLarge(let reason) where batch.count == 1:
            drop(1, reason + " to one record")
            pass()
        case .tooLarge:
            mostRecords = max(1, batch.count / 2)
            recover()
            startBatch(hasMore: true)
        case .failed(let reason, let pause): fail(reason, pause)
        }
    }

    /// The sink has the batch, or never will.
    private mutating func pass() {
        _ = backlog.pass(batch)
        startBatch(hasMore: true)
        save()
        recover()
    }

    private mutating func startBatch(hasMore: Bool = false) {
        batch = ExportBatch(exporter.form)
        isTried = false
        self.hasMore = hasMore
    }

    private mutating func recover() {
        guard let nanoseconds = breaker.succeed(now: clock.now()) else { return }
        report("\(exporter.title) goes on after \(nanoseconds / 1_000_000) ms")
    }

    private mutating func fail(_ reason: String, _ pause: UInt64?) {
        counts.failures += 1
        let isFirst = breaker.failures == 0
        let wait = breaker.fail(now: clock.now(), jitter: clock.random(), asked: pause)
        guard isFirst else { return }
        report("\(exporter.title): \(reason); tried again in \(wait / 1_000_000) ms, and then with longer waits; what is recorded stays in the journal until then")
    }

    /// Told once in a while: a sink may refuse all that it gets.
    private mutating func drop(_ count: Int, _ reason: String, _ said: String = "") {
        counts.dropped += UInt64(count)
        let now = clock.now()
        guard now >= nextRefusal else { return }
        nextRefusal = now.adding(nanoseconds: ExporterLimits.refusalNanoseconds)
        report("\(exporter.title): \(reason); \(count) records are dropped, and others after them are counted\(ExportRun.quoted(said))")
    }

    /// What somebody else says, in a line of the log.
    private static func quoted(_ said: String) -> String {
        guard !said.isEmpty else { return "" }
        let plain = said.unicodeScalars.prefix(ExporterLimits.saidCount).map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }
        return ": it says \"\(String(String.UnicodeScalarView(plain)))\""
    }

    private mutating func save() {
        nextSave = clock.now().adding(nanoseconds: ExporterLimits.saveNanoseconds)
        do throws(PositionFault) {
            try file.save(backlog.position)
            isUnsaved = false
            if !positionFault.isEmpty { report("\(exporter.title): its position is kept again") }
            positionFault = ""
        } catch {
            isUnsaved = true
            if positionFault != error.description { report("\(exporter.title): its position is not kept, and after a restart records are sent again: \(error)") }
            positionFault = error.description
        }
    }
}
