import Reactor

/// How far a worker is behind with its turns, and how hard it sheds for that.
///
/// What becomes ready while a turn is taken waits for its end, and what did not fit into a full turn for the next one's, too. That wait is the lag.
/// Bursts pass: only when the least lag of a whole interval is over the target is there a queue that stands, and then the pressure grows until it is gone.
/// - Source: RFC 8289 (CoDel) §3.1, §4.2: the minimum over an interval tells a standing queue from a burst
struct TurnLag {
    /// What those have waited, at most, that this turn handles first.
    private(set) var nanoseconds: UInt64 = 0

    /// The chance of a request to be shed, were its caller the only one; above 1 it is meant for callers with a small part of what is under way.
    private(set) var pressure = 0.0

    /// A target that no lag passes.
    static let never = UInt64(Int64.max)

    private var least = UInt64.max
    private var turnCount = 0
    /// The longest sleep of the interval.
    private var slept: UInt64 = 0
    private var intervalEndsAt = Instant(nanoseconds: 0)

    /// A turn begins.
    /// - Parameters:
    ///   - busy: nanoseconds that the turn before took.
    ///   - waited: nanoseconds slept since.
    ///   - turnsLeft: when that turn left some that were ready, in how many more all there are have theirs; else 0.
    ///   - target: the lag that is no matter.
    mutating func begin(busy: UInt64, waited: UInt64, turnsLeft: Int, now: Instant, target: UInt64) {
        // Who slept had nothing to do.
        let fresh = busy > waited ? busy - waited : 0
        let (sum, sumOverflowed) = nanoseconds.addingReportingOverflow(fresh)
        // epoll serves in turn: nobody waits for longer than all others take.
        let (most, mostOverflowed) = fresh.multipliedReportingOverflow(by: UInt64(max(0, turnsLeft)) &+ 1)
        nanoseconds = min(sumOverflowed ? .max : sum, mostOverflowed ? .max : most)
        guard target < TurnLag.never else {
            // Switched off, perhaps until the configuration is read again.
            pressure = 0
            least = .max
            turnCount = 0
            intervalEndsAt = Instant(nanoseconds: 0)
            return
        }
        let interval = target.multipliedReportingOverflow(by: AdmissionLimits.targetsPerInterval).partialValue
        least = min(least, nanoseconds)
        turnCount += 1
        slept = max(slept, waited)
        // A few long turns are a burst, or a machine that stood still.
        guard now >= intervalEndsAt, turnCount >= AdmissionLimits.turnsPerInterval else { return }
        if least > target {
            pressure = min(max(pressure * AdmissionLimits.pressureGrowth, AdmissionLimits.firstPressure), AdmissionLimits.mostPressure)
        } else if pressure > 0 {
            // Pressure above 1 was for a queue that has gone: it would shed all of those who come now.
            pressure = min(pressure, 1) * AdmissionLimits.pressureDecay
            if pressure < AdmissionLimits.firstPressure / 2 || slept >= interval { pressure = 0 }
        }
        intervalEndsAt = now.adding(nanoseconds: interval)
        least = .max
        turnCount = 0
        slept = 0
    }
}
