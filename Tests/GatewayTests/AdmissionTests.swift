import Bytes
import Reactor
import Synchronization
import Testing

@testable import Gateway

@Suite("Admission")
struct AdmissionTests {
    private let budget = ByteBudget(limitByteCount: 1 << 30)
    private func admission() -> AdmissionControl { AdmissionControl(budget: budget, seed: 1) }

    private func terms(_ places: Int, announcing bytes: Int64 = 0, pressure: Double = 0, draw: Double = 0.999) -> AdmissionControl.Terms {
        AdmissionControl.Terms(places: places, announcedByteCount: bytes, pressure: pressure, draw: draw)
    }

    /// Lets in as many as may come; the first refusal.
    private func fill(_ admission: AdmissionControl, _ caller: Int, _ places: Int) -> (count: Int, refused: AdmissionControl.Refused?) {
        for count in 0...places {
            if let refused = admission.enter(caller, terms(places)) { return (count, refused) }
        }
        return (places + 1, nil)
    }

    @Test("there are as many places as the limit says, and one that is left is another's", arguments: [1, 2, 8])
    func edge(places: Int) {
        let admission = admission()
        let found = fill(admission, 0, places)
        #expect(found.count == places && found.refused == .inFlight)
        admission.leave(0)
        #expect(admission.enter(1, terms(places)) == nil)
        #expect(admission.enter(2, terms(places)) == .inFlight)
        #expect(admission.inFlight == places)
    }

    @Test("a lower limit, adopted while more are under way, lets none in until they are fewer")
    func lowered() {
        let admission = admission()
        for caller in 0..<6 { #expect(admission.enter(caller, terms(8)) == nil) }
        #expect(admission.enter(6, terms(4)) == .inFlight)
        for caller in 0..<3 { admission.leave(caller) }
        #expect(admission.enter(6, terms(4)) == nil)
    }

    @Test("who floods leaves the last ninth to others, and two who do leave a seventeenth", arguments: [(1, 80), (2, 85)])
    func newcomers(flooders: Int, taken: Int) {
        let admission = admission()
        for _ in 0..<200 {
            for caller in 0..<flooders { _ = admission.enter(caller, terms(90)) }
        }
        #expect(abs(admission.inFlight - taken) <= 1)
        #expect(admission.enter(0, terms(90)) == .share)
        // Somebody else is let in, and with each that one of the flooders ends, so is the next.
        for _ in 0..<4 { #expect(admission.enter(7, terms(90)) == nil) }
    }

    @Test("beside three that flood, a newcomer that asks an eighth as often comes to three quarters of what they have, or more")
    func fairInTheEnd() {
        let admission = admission()
        var held = [Int](repeating: 0, count: 4)
        func ask(_ caller: Int) { if admission.enter(caller, terms(160)) == nil { held[caller] += 1 } }
        for _ in 0..<200 { for caller in 0..<3 { ask(caller) } }
        // Each end is followed by a crowd of tries, and the newcomer tries once among eight.
        for turn in 0..<2000 {
            let ending = turn % 3
            if held[ending] > 0 {
                admission.leave(ending)
                held[ending] -= 1
            }
            for _ in 0..<8 { for caller in 0..<3 { ask(caller) } }
            ask(3)
        }
        #expect(4 * held[3] >= 3 * (held[..<3].max() ?? 0), "\(held)")
    }

    @Test("past seven eighths of the buffers nobody is let in, and a body that cannot fit is not begun with")
    func buffers() {
        let admission = admission()
        #expect(admission.enter(0, terms(8, announcing: 1 << 30)) == nil)
        #expect(admission.enter(0, terms(8, announcing: (1 << 30) + 1)) == .buffers)
        let most = (1 << 30) / 8 * 7
        #expect(budget.charge(most - 1))
        #expect(admission.enter(1, terms(8)) == nil)
        #expect(admission.enter(1, terms(8, announcing: (1 << 27) + 2)) == .buffers)
        #expect(budget.charge(1))
        #expect(admission.enter(1, terms(8)) == .buffers)
        budget.refund(most)
        #expect(admission.enter(1, terms(8)) == nil)
    }

    @Test("who has most of what is under way is the first to be short of buffers")
    func fairInBytes() {
        let admission = admission()
        for _ in 0..<100 { #expect(admission.enter(0, terms(10_000)) == nil) }
        for _ in 0..<4 { #expect(admission.enter(1, terms(10_000)) == nil) }
        #expect(budget.charge((1 << 30) / 10 * 8))
        #expect(admission.enter(0, terms(10_000)) == .share)
        #expect(admission.enter(1, terms(10_000)) == nil)
        #expect(admission.enter(2, terms(10_000)) == nil)
    }

    @Test("a worker that is behind sheds of each caller what it has of the whole")
    func lag() {
        let admission = admission()
        for _ in 0..<90 { #expect(admission.enter(0, terms(1000)) == nil) }
        for _ in 0..<9 { #expect(admission.enter(1, terms(1000)) == nil) }
        #expect(admission.enter(0, terms(1000, pressure: 0.5, draw: 0.45)) == .lag)
        #expect(admission.enter(1, terms(1000, pressure: 0.5, draw: 0.45)) == nil)
        #expect(admission.enter(1, terms(1000, pressure: 0.5, draw: 0.04)) == .lag)
        #expect(admission.enter(2, terms(1000, pressure: 0.5, draw: 0.04)) == nil)
        #expect(admission.enter(2, terms(1000, pressure: 100, draw: 0.9)) == .lag)
    }

    @Test("no more are let in than there are places, however many ask at once, and none stays counted")
    func concurrent() throws {
        let admission = admission()
        // No Mutex: the thread sanitizer does not see what one does when it is contended.
        let most = Atomic<Int>(0)
        let letIn = Atomic<Int>(0)
        let threads = try (0..<4).map { caller in
            try Thread.start("caller") {
                for _ in 0..<20_000 {
                    guard admission.enter(caller, AdmissionControl.Terms(places: 3)) == nil else { continue }
                    letIn.add(1, ordering: .relaxed)
                    most.max(admission.inFlight, ordering: .relaxed)
                    admission.leave(caller)
                }
            }
        }
        for thread in threads { thread.join() }
        // A fourth may be between its addition and the subtraction.
        #expect(most.load(ordering: .relaxed) <= 3 + 3)
        #expect(letIn.load(ordering: .relaxed) > 0)
        #expect(admission.inFlight == 0)
        let found = fill(admission, 0, 3)
        #expect(found.count == 3 && found.refused == .inFlight)
    }

    @Test("a request that ends while another comes has nobody refused")
    func comingAndGoing() throws {
        let admission = admission()
        #expect(budget.charge(1000))
        defer { budget.refund(1000) }
        let refused = Atomic<Int>(0)
        let threads = try (0..<4).map { _ in
            try Thread.start("caller") {
                for _ in 0..<100_000 {
                    guard admission.enter(0, AdmissionControl.Terms(places: 1000)) == nil else {
                        refused.wrappingAdd(1, ordering: .relaxed)
                        continue
                    }
                    admission.leave(0)
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(refused.load(ordering: .relaxed) == 0)
    }

    @Test("callers are told apart, and the same by the same place")
    func places() {
        let admission = admission()
        let places = (0..<1000).map { number in Array("caller \(number)".utf8).withByteSlice { admission.place(of: $0) } }
        #expect(Set(places).count > 800)
        #expect(places.allSatisfy { $0 >= 0 && $0 < AdmissionLimits.callers })
        #expect(places == (0..<1000).map { number in Array("caller \(number)".utf8).withByteSlice { admission.place(of: $0) } })
    }

    @Test("clients have all descriptors but a quarter, and but 64", arguments: [(200, 136), (1024, 768), (20_000, 15_000), (32, 1)])
    func descriptors(limit: Int, clients: Int) {
        let admission = AdmissionControl(budget: budget, seed: 1, descriptorLimit: limit)
        for _ in 0..<clients {
            #expect(admission.takesClient)
            admission.clientCame()
        }
        #expect(!admission.takesClient)
        admission.clientLeft()
        #expect(admission.takesClient)
    }

    @Test("operators are told of a pause once a second, and how often they were not")
    func pauses() {
        let admission = admission()
        func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: 5_000_000_000 + milliseconds * 1_000_000) }
        #expect(admission.notesPause(now: at(0)) == 0)
        for milliseconds in stride(from: 100, to: 1000, by: 100) { #expect(admission.notesPause(now: at(UInt64(milliseconds))) == nil) }
        #expect(admission.notesPause(now: at(1000)) == 9)
        #expect(admission.notesPause(now: at(1100)) == nil)
    }
}

@Suite("Turn lag")
struct TurnLagTests {
    private static let millisecond: UInt64 = 1_000_000
    private let target = 50 * Self.millisecond

    /// Turns that take so long each, one after the other, for so long in all.
    private func turn(_ lag: inout TurnLag, _ now: inout UInt64, busy: UInt64, waited: UInt64 = 0, turnsLeft: Int = 0, for milliseconds: UInt64) {
        let end = now + milliseconds * Self.millisecond
        while now < end {
            now += (busy + waited) * Self.millisecond
            lag.begin(busy: busy * Self.millisecond, waited: waited * Self.millisecond, turnsLeft: turnsLeft, now: Instant(nanoseconds: now), target: target)
        }
    }

    @Test("one long turn, or a burst of them, sheds nothing")
    func bursts() {
        var lag = TurnLag(), now: UInt64 = 1_000_000_000
        turn(&lag, &now, busy: 1, for: 600)
        turn(&lag, &now, busy: 900, for: 900)
        #expect(lag.pressure == 0)
        turn(&lag, &now, busy: 60, for: 400)
        turn(&lag, &now, busy: 1, waited: 5, for: 600)
        #expect(lag.pressure == 0)
    }

    @Test("at its target a worker is not behind, and a millisecond over it is")
    func edge() {
        var lag = TurnLag(), now: UInt64 = 1_000_000_000
        turn(&lag, &now, busy: 50, for: 5000)
        #expect(lag.pressure == 0)
        turn(&lag, &now, busy: 51, for: 1200)
        #expect(lag.pressure >= AdmissionLimits.firstPressure)
    }

    @Test("pressure grows while a queue stands, up to its bound, and goes when the queue has gone")
    func standing() {
        var lag = TurnLag(), now: UInt64 = 1_000_000_000
        turn(&lag, &now, busy: 80, for: 1200)
        let first = lag.pressure
        turn(&lag, &now, busy: 80, for: 3000)
        #expect(first > 0 && lag.pressure > 3 * first)
        turn(&lag, &now, busy: 80, for: 100_000)
        #expect(lag.pressure == AdmissionLimits.mostPressure)
        turn(&lag, &now, busy: 1, for: 60_000)
        #expect(lag.pressure == 0)
    }

    @Test("turns that are full add up: who was left over waits for the next one, too")
    func leftOver() {
        var lag = TurnLag(), now: UInt64 = 1_000_000_000
        turn(&lag, &now, busy: 10, turnsLeft: 20, for: 90)
        #expect(lag.nanoseconds == 90 * Self.millisecond)
        turn(&lag, &now, busy: 10, for: 10)
        #expect(lag.nanoseconds == 10 * Self.millisecond)
        // A few hundred connections that always have something: each has its turn in the next or the one after.
        turn(&lag, &now, busy: 10, turnsLeft: 2, for: 5000)
        #expect(lag.nanoseconds == 30 * Self.millisecond && lag.pressure == 0)
        lag.begin(busy: 1, waited: 0, turnsLeft: .max, now: Instant(nanoseconds: now), target: target)
        lag.begin(busy: 1, waited: 0, turnsLeft: -1, now: Instant(nanoseconds: now), target: target)
        #expect(lag.nanoseconds == 1)
    }

    @Test("when the queue has gone, all are not refused any longer; when the worker has slept for an interval, none is")
    func recovers() {
        var lag = TurnLag(), now: UInt64 = 1_000_000_000
        turn(&lag, &now, busy: 80, for: 100_000)
        turn(&lag, &now, busy: 1, waited: 1, for: 600)
        #expect(lag.pressure > 0 && lag.pressure < 1)
        turn(&lag, &now, busy: 1, waited: 10_000, for: 10_000)
        turn(&lag, &now, busy: 1, waited: 1, for: 10)
        #expect(lag.pressure == 0)
    }

    @Test("three turns however long are no queue that stands, and four are")
    func fewTurns() {
        var lag = TurnLag(), now: UInt64 = 1_000_000_000
        turn(&lag, &now, busy: 400, for: 1200)
        #expect(lag.pressure == 0)
        turn(&lag, &now, busy: 400, for: 400)
        #expect(lag.pressure > 0)
    }

    @Test("a worker that sleeps has no queue, however long its turns")
    func sleeping() {
        var lag = TurnLag(), now: UInt64 = 1_000_000_000
        turn(&lag, &now, busy: 200, waited: 210, for: 5000)
        #expect(lag.pressure == 0 && lag.nanoseconds == 0)
    }

    @Test("switched off it sheds nothing, and switched on again it does")
    func switchedOff() {
        var lag = TurnLag(), now: UInt64 = 1_000_000_000
        turn(&lag, &now, busy: 80, for: 3000)
        #expect(lag.pressure > 0)
        for _ in 0..<4 { lag.begin(busy: .max, waited: 0, turnsLeft: 1, now: Instant(nanoseconds: .max), target: TurnLag.never) }
        #expect(lag.pressure == 0)
        turn(&lag, &now, busy: 80, for: 3000)
        #expect(lag.pressure > 0)
        lag.begin(busy: .max, waited: 0, turnsLeft: 1, now: Instant(nanoseconds: .max), target: target)
        #expect(lag.nanoseconds == .max)
    }
}
