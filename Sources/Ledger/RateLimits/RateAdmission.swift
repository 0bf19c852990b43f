/// What a request that was admitted uses of its limits, until it is finished at the desk that gave it.
public struct RateAdmission: BitwiseCopyable, Sendable {
    /// What one limit has counted.
    struct Holding: BitwiseCopyable {
        var slot: UInt32 = 0
        /// Milliseconds; 0 of a limit of concurrency.
        var period: UInt64 = 0
        /// When the stretch began that it was counted in; of a limit of concurrency the slot's generation.
        var start: UInt64 = 0
        var amount: UInt64 = 0
    }

    static let noEntry = -1

    var holdings = InlineArray<16, Holding>(repeating: Holding())
    var count = 0
    var entry = RateAdmission.noEntry

    /// Nothing admitted.
    public init() {}

    public var isOpen: Bool { count > 0 }
}
