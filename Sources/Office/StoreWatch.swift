import Dispatch
public import Store
import Synchronization

/// Sees to it that the data plane serves by what the store has: after a change made here, and one that another process has made.
public final class StoreWatch: Sendable {
    private struct Reading {
        /// `Store.generation()` of the rows that serve, and the audit log's last row then.
        var generation: Int64
        var sequence: Int64
        /// Prompts that are compiled are not compiled again, and workspaces keep their numbers.
        var others: OtherObjects
        /// Whether it is told already that the store cannot be read.
        var isFailing = false
    }

    private let store: any Store
    private let desk: SnapshotDesk
    /// Held while the store is read, so that what was read later is adopted later.
    private let reading: Mutex<Reading>
    private let rules: SecretReferenceRules
    private let note: @Sendable (String) -> Void
    private let isOver = DispatchSemaphore(value: 0)
    private let hasEnded = DispatchSemaphore(value: 0)
    /// When keys were used, that is not written down yet: by id, in milliseconds since 1970.
    private let uses = Mutex<[String: Int64]>([:])

    /// - Parameter first: what the desk has of the store.
    public init(_ store: any Store, _ desk: SnapshotDesk, first: StoredObjects, rules: SecretReferenceRules, note: @escaping @Sendable (String) -> Void) {
        self.store = store
        self.desk = desk
        self.rules = rules
        self.note = note
        reading = Mutex(Reading(generation: first.generation, sequence: first.sequence, others: first.others))
    }

    /// Reads the store again where it has changed, or in any case: a reference may lead to another value.
    ///
    /// - Returns: the generation that serves.
    @discardableResult
    public func catchUp(always: Bool = false) throws(StoreError) -> Int64 {
        try reading.withLock { reading throws(StoreError) in
            if !always {
                guard try store.generation() != reading.generation else { return reading.generation }
                if let generation = try takeChanges(&reading) { return generation }
            }
            let objects = try StoredObjects.read(store, rules, before: reading.others.prompts)
            desk.take(objects)
            (reading.generation, reading.sequence, reading.others) = (objects.generation, objects.sequence, objects.others)
            return objects.generation
        }
    }

    /// Takes in what has changed since the last reading; nil where all has to be read for it.
    private func takeChanges(_ reading: inout Reading) throws(StoreError) -> Int64? {
        guard let changes = try store.changes(after: reading.sequence, rules) else { return nil }
        var others: OtherObjects?
        if let rows = changes.others { others = try OtherObjects(rows, store, reading.others.numbers, before: reading.others.prompts) }
        guard desk.take(changes, others) else { return nil }
        (reading.generation, reading.sequence) = (changes.generation, changes.sequence)
        if let others { reading.others = others }
        return changes.generation
    }

    /// Makes a change, and returns when the data plane serves by it: by what it did is decided from the next request on.
    ///
    /// - Parameter everyWorker: calls back once all of them have taken a turn.
    public func seeing<Result>(_ change: () -> Result, everyWorker: (@escaping @Sendable () -> Void) -> Void) -> Result {
        let before = reading.withLock { $0.generation }
        let result = change()
        // Where it cannot be read, the thread goes on trying, and tells of it.
        guard let after = try? catchUp(), after != before else { return result }
        let all = DispatchSemaphore(value: 0)
        everyWorker { all.signal() }
        _ = all.wait(timeout: .now() + .milliseconds(OfficeLimits.adoptionMilliseconds))
        return result
    }

    /// A key was used, off the data plane.
    public func noteUse(key: String, at milliseconds: Int64) { uses.withLock { $0[key] = max($0[key] ?? 0, milliseconds) } }

    /// Writes down when keys were last used.
    private func writeUses() {
        let noted = desk.takeUses()
        let all = uses.withLock { uses in
            uses.merge(noted) { max($0, $1) }
            return uses
        }
        // Where the store cannot be written to, the watch tells of it, and the next time these are written.
        guard !all.isEmpty, (try? store.noteUse(all)) != nil else { return }
        uses.withLock { uses in for (key, at) in all where uses[key] == at { uses[key] = nil } }
    }

    /// Reads the keyring again, and then the store.
    public func reload() throws(StoreError) {
        try store.reloadKeyring()
        try catchUp(always: true)
    }

    /// The thread's body, until `stop`.
    public func run() {
        var pause = OfficeLimits.pollMilliseconds
        var nextWrite = DispatchTime.now() + .milliseconds(OfficeLimits.useMilliseconds)
        var still = StillFiles()
        while isOver.wait(timeout: .now() + .milliseconds(pause)) == .timedOut {
            desk.lookAtTheClock()
            pause = isReadable(&still) ? OfficeLimits.pollMilliseconds : OfficeLimits.retryMilliseconds
            guard DispatchTime.now() >= nextWrite else { continue }
            nextWrite = .now() + .milliseconds(OfficeLimits.useMilliseconds)
            writeUses()
        }
        writeUses()
        hasEnded.signal()
    }

    /// Ends the thread; false when a disk keeps it.
    public func stop() -> Bool {
        isOver.signal()
        return hasEnded.wait(timeout: .now() + .milliseconds(OfficeLimits.endMilliseconds)) == .success
    }

    private func isReadable(_ still: inout StillFiles) -> Bool {
        let mark = store.mark()
        if still.skips(mark) { return true }
        do throws(StoreError) {
            try catchUp()
            still.haveBeenRead(mark)
            let wasFailing = reading.withLock { reading in exchange(&reading.isFailing, with: false) }
            if wasFailing { note("the store can be read again") }
            return true
        } catch {
            let wasFailing = reading.withLock { reading in exchange(&reading.isFailing, with: true) }
            if !wasFailing { note("the store cannot be read, and what was read before goes on serving: \(error)") }
            return false
        }
    }
}

/// Whether a store's files are as they were when it was last asked: then it is not asked again, but for once a second.
private struct StillFiles {
    /// Nil where it has to be asked.
    private var mark: StoreMark?
    private var skipsLeft = 0

    mutating func skips(_ now: StoreMark) -> Bool {
        guard skipsLeft > 0, mark == now else { return false }
        skipsLeft -= 1
        return true
    }

    /// - Parameter mark: of before it was asked.
    mutating func haveBeenRead(_ mark: StoreMark) {
        self.mark = mark.isSettled ? mark : nil
        skipsLeft = OfficeLimits.stillLooks
    }
}

private func exchange(_ flag: inout Bool, with value: Bool) -> Bool {
    defer { flag = value }
    return flag
}
