import Bytes
import Glibc
import Synchronization
import Testing

@testable import Cache

@Suite("Flights")
struct FlightTests {
    private let budget = ByteBudget(limitByteCount: 256 << 20)

    private func flight(_ low: UInt64 = 1, high: UInt64 = 1) -> Flight { Flight(CacheKey(low: low, high: high), leader: 0, budget: budget) }

    private static func fields() throws -> CacheBlob { try #require(CacheBlob(ByteSlice("content-type: text/plain\r\n"))) }

    /// Byte `position` of a log that can be checked.
    private static func byte(_ position: Int) -> UInt8 { UInt8(truncatingIfNeeded: position &* 31 &+ position >> 8) }

    private func append(_ count: Int, to log: FlightLog) -> Bool {
        let start = log.writtenByteCount
        return (start..<start + count).map { Self.byte($0) }.withByteSlice { log.append($0) }
    }

    private func isRight(_ log: FlightLog, from start: Int) -> Bool {
        var position = start
        while position < log.byteCount {
            let run = log.bytes(from: position)
            if run.isEmpty { return false }
            for index in 0..<run.count where run[index] != Self.byte(position + index) { return false }
            position += run.count
        }
        return true
    }

    // MARK: The log

    @Test("a log gives back what was appended, from any position, over the borders of its pieces", arguments: [1, 7, 1000, 8191, 8192, 8193, 100_000])
    func logged(step: Int) {
        let log = FlightLog(budget: budget)
        for _ in 0..<(300_000 / step) { #expect(append(step, to: log)) }
        #expect(log.byteCount == 0, "nothing is read before it is published")
        log.publish()
        #expect(log.byteCount == log.writtenByteCount)
        for start in [0, 1, 8191, 8192, 8193, 24_575, 24_576, 24_577, log.byteCount - 1, log.byteCount] where start <= log.byteCount {
            #expect(isRight(log, from: start), "from \(start)")
        }
    }

    @Test("what has been published stays where it is")
    func stays() {
        let log = FlightLog(budget: budget)
        _ = append(10, to: log)
        log.publish()
        let first = log.bytes(from: 0)
        for _ in 0..<50 { _ = append(10_000, to: log) }
        log.publish()
        #expect(first.base == log.bytes(from: 0).base)
        #expect(isRight(log, from: 0))
    }

    @Test("a log takes as much as its pieces hold, and no byte more")
    func full() {
        let log = FlightLog(budget: budget)
        let capacity = FlightLimits.firstPieceByteCount * ((1 << FlightLimits.pieces) - 1)
        let half = [UInt8](repeating: 1, count: capacity / 2)
        #expect(half.withByteSlice { log.append($0) } && half.withByteSlice { log.append($0) })
        for _ in 0..<(capacity - 2 * half.count) { #expect(log.append(ByteSlice("a"))) }
        #expect(!log.isFull)
        #expect(!log.append(ByteSlice("a")))
        #expect(log.isFull && !log.append(ByteSlice("")))
        log.publish()
        #expect(log.byteCount == capacity)
    }

    @Test("a log is charged to the budget, and refunds it all")
    func budgeted() {
        let small = ByteBudget(limitByteCount: 3 * FlightLimits.firstPieceByteCount)
        do {
            let log = FlightLog(budget: small)
            #expect(append(FlightLimits.firstPieceByteCount + 1, to: log))
            #expect(small.heldByteCount == 3 * FlightLimits.firstPieceByteCount)
            #expect(!append(2 * FlightLimits.firstPieceByteCount, to: log))
            #expect(log.isFull)
        }
        #expect(small.heldByteCount == 0)
    }

    @Test("readers on other threads see what was written, whole and in order, while it grows")
    func concurrentReaders() throws {
        let log = FlightLog(budget: budget)
        let isOver = SharedCount()
        let faults = SharedCount()
        onThreads(3) { number in
            guard number > 0 else {
                for step in 0..<4000 {
                    let start = log.writtenByteCount
                    _ = (start..<start + 1 + step % 400).map { Self.byte($0) }.withByteSlice { log.append($0) }
                    log.publish()
                }
                isOver.add()
                return
            }
            var position = 0
            while true {
                let wasOver = isOver.value > 0
                let run = log.bytes(from: position)
                for index in 0..<run.count where run[index] != Self.byte(position + index) { faults.add() }
                position += run.count
                if wasOver, run.isEmpty, position == log.byteCount { return }
            }
        }
        #expect(faults.value == 0)
    }

    // MARK: Stages

    @Test("a flight waits, begins, and is complete, or fails; its head and its tokens come with that")
    func stages() throws {
        let whole = flight()
        #expect(whole.stage == .waiting && whole.fields == nil)
        whole.begin(Flight.Head(status: 200, isStream: true), fields: try Self.fields())
        #expect(whole.stage == .begun && whole.head.status == 200 && whole.head.isStream)
        var cost = AnswerCost()
        cost.inputTokens = 3
        cost.nanodollars = 4
        whole.complete(cost)
        #expect(whole.stage == .complete && whole.cost == cost)
        let failed = flight()
        failed.fail(isMidEvent: true)
        #expect(failed.stage == .failed && failed.endsMidEvent)
    }

    @Test("each worker with a follower is told once until it looks, others never")
    func told() {
        let flight = flight()
        var told: [Int] = []
        flight.announce { told.append($0) }
        #expect(told.isEmpty && !flight.isFollowed)
        for worker in [0, 63, 64, 130, 255] { _ = flight.follow(on: worker) }
        flight.announce { told.append($0) }
        #expect(told == [0, 63, 64, 130, 255])
        flight.announce { told.append($0) }
        #expect(told.count == 5)
        flight.look(on: 64)
        flight.announce { told.append($0) }
        #expect(told.count == 6 && told.last == 64)
        for _ in 0..<4 { #expect(!flight.leave()) }
        #expect(flight.leave())
        #expect(!flight.isFollowed)
    }

    @Test("who joins and who publishes never miss each other: one of them sees the other")
    func noLostWakeUp() {
        for _ in 0..<2000 {
            let flight = Flight(CacheKey(low: 1, high: 1), leader: 0, budget: budget)
            let wasTold = SharedCount()
            let saw = SharedCount()
            onThreads(2) { number in
                if number == 0 {
                    _ = flight.log.append(ByteSlice("a"))
                    flight.log.publish()
                    flight.announce { _ in wasTold.add() }
                } else {
                    _ = flight.follow(on: 7)
                    flight.look(on: 7)
                    if flight.log.byteCount == 1 { saw.add() }
                }
            }
            #expect(wasTold.value + saw.value > 0)
        }
    }

    // MARK: The table

    @Test("the first leads, whoever asks the same follows it, until it has left")
    func table() {
        let table = FlightTable()
        let first = flight()
        guard case .leads = table.enter(first) else {
            Issue.record("the first leads")
            return
        }
        guard case .follows(let found) = table.enter(flight()) else {
            Issue.record("the second follows")
            return
        }
        #expect(found === first)
        table.remove(first)
        guard case .leads = table.enter(flight()) else {
            Issue.record("after it the next leads")
            return
        }
    }

    @Test("a place that another key's flight has is not shared, and is left alone by others' removal")
    func places() {
        let table = FlightTable()
        let one = flight(1)
        let other = flight(2, high: 0)
        guard case .leads = table.enter(one), case .alone = table.enter(other) else {
            Issue.record("the place is taken")
            return
        }
        table.remove(other)
        guard case .follows = table.enter(flight(1)) else {
            Issue.record("the first is still there")
            return
        }
    }

    @Test("two forms of one answer are fetched at the same time without being in each other's way")
    func forms() {
        let table = FlightTable()
        let key = CacheKey(low: 0x1234, high: 0x5678)
        let whole = Flight(key.inForm(0), leader: 0, budget: budget)
        let stream = Flight(key.inForm(1), leader: 0, budget: budget)
        guard case .leads = table.enter(whole), case .leads = table.enter(stream) else {
            Issue.record("both lead")
            return
        }
        guard case .follows(let found) = table.enter(Flight(key.inForm(1), leader: 1, budget: budget)) else {
            Issue.record("the next stream follows")
            return
        }
        #expect(found === stream)
        table.remove(whole)
        table.remove(stream)
    }

    @Test("a flight lives while it is in the table and no longer")
    func lives() {
        let table = FlightTable()
        weak var watched: Flight?
        do {
            let first = flight()
            watched = first
            _ = table.enter(first)
        }
        #expect(watched != nil)
        if let first = watched { table.remove(first) }
        #expect(watched == nil)
        do { _ = table.enter(flight(2)) }
    }

    @Test("under many threads each key has one leader at a time, and every flight is let go")
    func concurrentTable() {
        let table = FlightTable()
        let counts = LeaderCounts()
        let faults = SharedCount()
        onThreads(4) { number in
            for round in 0..<20_000 {
                let key = (round &* 7 &+ number) % 3
                let own = Flight(CacheKey(low: UInt64(key), high: UInt64(key)), leader: number, budget: budget)
                switch table.enter(own) {
                case .leads:
                    if counts.enter(key) != 1 { faults.add() }
                    counts.leave(key)
                    table.remove(own)
                case .follows(let found):
                    if found.key != own.key { faults.add() }
                case .alone: faults.add()
                }
            }
        }
        #expect(faults.value == 0)
        for key in 0..<3 {
            guard case .leads = table.enter(flight(UInt64(key), high: UInt64(key))) else {
            Issue.record("each place is free again")
            return
        }
        }
    }
}

/// A number that threads count up.
private final class SharedCount: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .acquiring) }
    func add() { count.add(1, ordering: .acquiringAndReleasing) }
}

/// How many threads lead each of three keys.
private final class LeaderCounts: Sendable {
    private let first = Atomic(0)
    private let second = Atomic(0)
    private let third = Atomic(0)

    func enter(_ key: Int) -> Int {
        switch key {
        case 0: first.add(1, ordering: .relaxed).newValue
        case 1: second.add(1, ordering: .relaxed).newValue
        default: third.add(1, ordering: .relaxed).newValue
        }
    }

    func leave(_ key: Int) {
        switch key {
        case 0: first.subtract(1, ordering: .relaxed)
        case 1: second.subtract(1, ordering: .relaxed)
        default: third.subtract(1, ordering: .relaxed)
        }
    }
}

/// Runs `body` with each number on a thread of its own, and waits for them.
private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Start: Sendable {
        let number: Int
        let body: @Sendable (Int) -> Void
        init(_ number: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.number = number
            self.body = body
        }
    }
    var threads: [pthread_t] = []
    for number in 0..<count {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(number, body))
        let code = pthread_create(&thread, nil, { argument in
            guard let argument else { return nil }
            let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            start.body(start.number)
            return nil
        }, start.toOpaque())
        precondition(code == 0, "a thread can be started")
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}
