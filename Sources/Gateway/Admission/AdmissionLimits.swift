/// Bounds of who is let in while the gateway is at its limits. `limits.in_flight`, `limits.lag` and `limits.buffers` are the configuration's.
enum AdmissionLimits {
    /// Callers that are told apart, 8 bytes each, a power of two. Among a thousand callers at once one in five shares a count with another.
    static let callers = 4096

    /// A caller may have so many times the places that are still free: alone eight in nine of them, beside another eight in seventeen.
    static let alpha = 8

    /// Intervals a worker's lag is watched for, in targets of `limits.lag`: it is behind when it was at no time in one less than its target behind.
    /// CoDel's own ratio (RFC 8289 §4.3: 100 ms to 5 % to 10 % of it).
    static let targetsPerInterval: UInt64 = 10

    /// Turns of an interval, at the least: one with fewer goes on. Two that are long are what a machine does that is stopped for a moment.
    static let turnsPerInterval = 4

    /// What the pressure begins with: of a caller that is alone, one request in 16.
    static let firstPressure = 1.0 / 16

    /// What it grows by each interval that the worker is behind, and falls by each that it is not: from the first to all in 4 s, and back in 5 s.
    static let pressureGrowth = 1.5
    static let pressureDecay = 0.75

    /// The most: enough to shed half of the requests of so many callers with one each.
    static let mostPressure = 65_536.0

    /// Of the process's descriptors, clients may have all but a quarter, and all but so many: the rest is for providers, files and the loop's own.
    static let leastOtherDescriptors = 64

    /// After a connection to a provider found no descriptor, for which none is kept idle: ten times it is tried again meanwhile.
    static let shortageNanoseconds: UInt64 = 1_000_000_000

    /// Between two lines that tell operators that no connections are accepted.
    static let pauseNoticeNanoseconds: UInt64 = 1_000_000_000
}
