/// What a client may send that carries nothing, before its connection ends.
///
/// Two buckets. Frames that cost a look are made up for by payload: who is served well sends many WINDOW_UPDATEs. Streams that were
/// begun for nothing, reset by the client or by us because of what it sent, are not: each has cost a request.
struct GlitchBudget {
    private var control: TokenBucket
    private var resets: TokenBucket
    private let limits: HTTP2Limits

    init(_ limits: HTTP2Limits, now: UInt64) {
        self.limits = limits
        control = TokenBucket(burst: limits.controlBurst, perSecond: limits.controlFramesPerSecond, now: now)
        resets = TokenBucket(burst: limits.resetBurst, perSecond: limits.resetsPerSecond, now: now)
    }

    /// False when the client has had its share.
    mutating func takeControlFrame(now: UInt64) -> Bool { control.take(1, now: now) }

    mutating func takeReset(now: UInt64) -> Bool { resets.take(1, now: now) }

    /// A header block of so many bytes was decoded and led to no request.
    /// - Parameter isPaid: whether its stream's reset has been counted.
    mutating func takeWastedBlock(_ byteCount: Int, isPaid: Bool, now: UInt64) -> Bool {
        resets.take(byteCount / HTTP2Limits.blockBytesPerReset + (isPaid ? 0 : 1), now: now)
    }

    /// A DATA frame with payload, of either side's.
    mutating func noteData(_ byteCount: Int, isOurs: Bool) {
        if isOurs ? byteCount > 0 : byteCount >= limits.usefulDataByteCount { control.give(limits.controlFramesPerDataFrame) }
    }
}
