import Bytes
import Foundation
import Synchronization
import Testing

@testable import Books

@Suite("Bookkeeper")
struct BookkeeperTests {
    /// Runs `body` beside the keeper's thread, which has ended when it returns.
    private func running(_ keeper: Bookkeeper, _ body: () throws -> Void) throws {
        let hasEnded = DispatchSemaphore(value: 0)
        let thread = Foundation.Thread {
            keeper.run()
            hasEnded.signal()
        }
        thread.start()
        defer {
            keeper.stop()
            #expect(hasEnded.wait(timeout: .now() + 30) == .success)
        }
        try body()
    }

    private func push(_ number: Int, to ring: RecordRing, _ duty: RecordDuty = .required) {
        let record = RequestRecord.sample(number)
        ring.push(duty) { record.write(to: &$0) }
    }

    private func until(_ condition: () throws -> Bool) -> Bool {
        for _ in 0..<1500 {
            // A segment may be sealed while it is looked for.
            if (try? condition()) == true { return true }
            usleep(20_000)
        }
        return false
    }

    private func metric(_ name: String, _ keeper: Bookkeeper) -> String? {
        keeper.metrics().split(separator: "\n").first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
    }

    @Test("who has waited for what was recorded finds it in the journal; without the thread it is waited for in vain, and not long")
    func awaited() throws {
        let state = StateFolder()
        let keeper = try Bookkeeper(dataDirectory: state.path, workers: 2, process: 1) { _ in }
        #expect(!keeper.awaitWritten(withinNanoseconds: 5_000_000))
        try running(keeper) {
            for number in 0..<20 {
                push(number, to: keeper.ring(worker: number % 2))
                #expect(keeper.awaitWritten(withinNanoseconds: 30_000_000_000))
                let count = try state.journal.allRecords().records.count
                #expect(count == number + 1)
            }
        }
    }

    @Test("records of all workers are in the journal soon, and once; the end seals it")
    func writes() throws {
        let state = StateFolder()
        let reports = Reports()
        let keeper = try Bookkeeper(dataDirectory: state.path, workers: 3, process: 1) { reports.add($0) }
        try running(keeper) {
            for number in 0..<300 { push(number, to: keeper.ring(worker: number % 3)) }
            #expect(until { try state.journal.allRecords().records.count == 300 })
            #expect(until { metric("sluice_books_records_total", keeper) == "300" })
            for number in 300..<310 { push(number, to: keeper.ring(worker: 0)) }
        }
        let numbers = try state.journal.allRecords().records.map(\.trace)
        #expect(Set(numbers) == Set((0..<310).map { "trace-\($0)" }))
        #expect(numbers.count == 310)
        #expect(state.files.count == 1 && state.files[0].hasSuffix(".journal"))
        #expect(reports.lines.isEmpty)
        #expect(metric("sluice_books_unrecorded_total", keeper) == "0")
        #expect(metric("sluice_books_waiting_bytes", keeper) == "0")
    }

    @Test("records that are no worker's are written as theirs are, also from several threads; a disk that is behind takes none")
    func appended() throws {
        let state = StateFolder()
        let keeper = try Bookkeeper(dataDirectory: state.path, workers: 2, process: 1) { _ in }
        try running(keeper) {
            push(0, to: keeper.ring(worker: 1))
            DispatchQueue.concurrentPerform(iterations: 4) { place in
                #expect(keeper.append((1...50).map { RequestRecord.sample(place * 50 + $0) }))
            }
            #expect(until { try state.journal.allRecords().records.count == 201 })
        }
        let found = try state.journal.allRecords().records.first { $0.identifier == RequestRecord.sample(7).identifier }
        #expect(found?.document.json == RequestRecord.sample(7).document.json)
        // Nobody drains now.
        let idle = try Bookkeeper(dataDirectory: state.path, workers: 1, process: 2, ringByteCount: 1 << 15) { _ in }
        var taken = 0
        while taken < 10_000, idle.append([.sample(taken)]) { taken += 1 }
        #expect((10..<10_000).contains(taken) && !idle.append([.sample(0)]))
    }

    @Test("while the disk fails records wait, which is told once and counted; then all are written and that is told")
    func faultsHeal() throws {
        let state = StateFolder()
        let reports = Reports()
        let keeper = try Bookkeeper(dataDirectory: state.path, workers: 1, process: 1) { reports.add($0) }
        try FileManager.default.removeItem(atPath: state.journal.path)
        try running(keeper) {
            for number in 0..<50 { push(number, to: keeper.ring(worker: 0)) }
            #expect(until { reports.lines.count == 1 })
            usleep(600_000)
            #expect(reports.lines.count == 1)
            try state.journal.make(in: state.path)
            #expect(until { try state.journal.allRecords().records.count == 50 })
            #expect(until { reports.lines.count == 2 })
        }
        #expect(reports.lines.last == "the journal is written again")
        #expect(try #require(metric("sluice_books_faults_total", keeper).flatMap { Int($0) }) >= 2)
    }

    @Test("an end while the disk fails comes all the same, and says what is lost")
    func endsWithoutDisk() throws {
        let state = StateFolder()
        let reports = Reports()
        let keeper = try Bookkeeper(dataDirectory: state.path, workers: 1, process: 1) { reports.add($0) }
        try FileManager.default.removeItem(atPath: state.journal.path)
        try running(keeper) { for number in 0..<5 { push(number, to: keeper.ring(worker: 0)) } }
        #expect(reports.lines.last == "journal: 5 records could not be written and are lost")
    }

    @Test("what is too old goes while nothing can be written, when the clock has settled and not before", arguments: [true, false])
    func retiresMeanwhile(isSettled: Bool) throws {
        let state = StateFolder()
        let writer = try Bookkeeper(dataDirectory: state.path, workers: 1, process: 9) { _ in }
        try running(writer) { push(1, to: writer.ring(worker: 0)) }
        let old = try #require(state.files.first)
        var settings = BooksSettings()
        settings.keepNanoseconds = 60_000_000_000
        let later = UInt64(Date().timeIntervalSince1970 * 1e9) + 3_600_000_000_000
        let keeper = try Bookkeeper(
            dataDirectory: state.path, settings, workers: 1, process: 1, settlingNanoseconds: isSettled ? 0 : 600_000_000_000, clock: { later }
        ) { _ in }
        // Its segments cannot be made: their names are others'.
        for sequence in 0..<300 {
            let draft = SegmentName(wallNanoseconds: later, process: 1, sequence: sequence).description + SegmentName.draftSuffix
            try FileManager.default.createDirectory(atPath: state.journal.path + "/" + draft, withIntermediateDirectories: false)
        }
        try running(keeper) {
            push(2, to: keeper.ring(worker: 0))
            #expect(until { metric("sluice_books_faults_total", keeper) != "0" })
            if isSettled {
                #expect(until { !state.files.contains(old) })
            } else {
                usleep(500_000)
                #expect(state.files.contains(old))
            }
        }
    }

    @Test("two processes write beside each other, each its own segments")
    func twoProcesses() throws {
        let state = StateFolder()
        let first = try Bookkeeper(dataDirectory: state.path, workers: 1, process: 1) { _ in }
        try running(first) {
            let second = try Bookkeeper(dataDirectory: state.path, workers: 1, process: 2) { _ in }
            try running(second) {
                for number in 0..<100 { push(number, to: (number % 2 == 0 ? first : second).ring(worker: 0)) }
                #expect(until { try state.journal.allRecords().records.count == 100 })
                #expect(state.files.count == 2 && state.files.allSatisfy { $0.hasSuffix(".open") })
            }
        }
        #expect(state.files.allSatisfy { $0.hasSuffix(".journal") })
        #expect(try state.journal.allRecords().records.count == 100)
    }

    @Test("a folder that is a file is refused with what to do")
    func notAFolder() throws {
        let state = StateFolder()
        try FileManager.default.createDirectory(atPath: state.path + "/books", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: state.path + "/books/journal"))
        #expect(throws: JournalError.notAFolder(path: state.path + "/books/journal")) { try Bookkeeper(dataDirectory: state.path, workers: 1, process: 1) { _ in } }
    }
}
