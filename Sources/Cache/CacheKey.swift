/// What an answer is found by: 128 bits of a keyed hash, so uniform that equal keys mean equal requests.
public struct CacheKey: BitwiseCopyable, Hashable, Sendable {
    public let low: UInt64
    public let high: UInt64

    @inlinable
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The key of the same request's answer in the form numbered `form`, at most 3: the lowest two bits say it, and the rest is the same for all.
    public func inForm(_ form: UInt8) -> CacheKey {
        precondition(form < 4, "a form has two bits")
        return CacheKey(low: low & ~3 | UInt64(form), high: high)
    }
}
