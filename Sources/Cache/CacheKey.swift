/// What an answer is found by: 128 bits of a keyed hash, so uniform that equal keys mean equal requests.
public struct CacheKey: BitwiseCopyable, Hashable, Sendable {
    public let low: UInt64
    public let high: UInt64

    @inlinable
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}
