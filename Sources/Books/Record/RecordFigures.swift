public import Ledger
public import Providers

/// All of a record that is no text, as a worker knows it.
public struct RecordFigures: BitwiseCopyable, Sendable {
    public var identifier = Identifier(high: 0, low: 0)
    /// When the request's head was whole, in nanoseconds since 1970.
    public var wallNanoseconds: UInt64 = 0
    /// From the request's first byte; 0 where there was none.
    public var totalNanoseconds: UInt64 = 0
    public var firstByteNanoseconds: UInt64 = 0
    public var firstTokenNanoseconds: UInt64 = 0
    /// Of that, until the request that was answered had left, but for its wait for a connection.
    public var gatewayNanoseconds: UInt64 = 0
    /// Waits for connections, all attempts together; and of that, while those that came of it were being made.
    public var queueNanoseconds: UInt64 = 0
    public var connectNanoseconds: UInt64 = 0
    public var status: UInt16 = 0
    public var attempts: UInt8 = 0
    public var flags: RecordFlags = []
    public var blame = RecordedBlame.none
    public var cache = RecordedCache.disabled
    public var receivedByteCount: UInt64 = 0
    public var sentByteCount: UInt64 = 0
    /// Nano-dollars; −1 where they are not known.
    public var cost: Int64 = -1
    /// What it would have cost, and taken, had the answer not been kept.
    public var saved: Int64 = -1
    public var savedInputTokens: Int64 = -1
    public var savedOutputTokens: Int64 = -1
    public var usage = Usage()
    /// The number of the stored prompt's version; 0 for a request without one.
    public var promptVersion: UInt32 = 0
    /// The same of the stored config.
    public var configVersion: UInt32 = 0
    /// How the config chose, where a target was chosen.
    public var mode = RecordedMode.single
    /// Of the one attempt of a request that was tried once.
    public var reason = RecordedReason.only

    /// Of attempts whose answers nobody got, and for which their providers charge all the same: tokens, and nano-dollars, −1 where those are not known.
    public var lostInputTokens: Int64 = 0
    public var lostOutputTokens: Int64 = 0
    public var lostCost: Int64 = -1
    /// Whether there were such that took anything: what costs by the request alone has no tokens.
    public var hasLost: Bool { lostInputTokens > 0 || lostOutputTokens > 0 || lostCost > 0 }

    public init() {}

    func number(_ number: RecordNumber) -> UInt64 {
        switch number {
        case .wall: wallNanoseconds
        case .total: totalNanoseconds
        case .firstByte: firstByteNanoseconds
        case .firstToken: firstTokenNanoseconds
        case .gateway: gatewayNanoseconds
        case .status: UInt64(status)
        case .attempts: UInt64(attempts)
        case .flags: flags.rawValue
        case .blame: UInt64(blame.rawValue)
        case .cache: UInt64(cache.rawValue)
        case .received: receivedByteCount
        case .sent: sentByteCount
        case .cost: RecordFigures.known(cost)
        case .saved: RecordFigures.known(saved)
        case .savedInput: RecordFigures.known(savedInputTokens, most: Providers.Limits.tokenCount)
        case .savedOutput: RecordFigures.known(savedOutputTokens, most: Providers.Limits.tokenCount)
        case .input: UInt64(RecordFigures.tokens(usage.input))
        case .cachedRead: UInt64(RecordFigures.tokens(usage.cachedRead))
        case .cacheWrite5m: UInt64(RecordFigures.tokens(usage.cacheWrite5m))
        case .cacheWrite1h: UInt64(RecordFigures.tokens(usage.cacheWrite1h))
        case .audioInput: UInt64(RecordFigures.tokens(usage.audioInput))
        case .output: UInt64(RecordFigures.tokens(usage.output))
        case .reasoning: UInt64(RecordFigures.tokens(usage.reasoning))
        case .audioOutput: UInt64(RecordFigures.tokens(usage.audioOutput))
        case .promptVersion: UInt64(promptVersion)
        case .lostInput: UInt64(RecordFigures.tokens(lostInputTokens))
        case .lostOutput: UInt64(RecordFigures.tokens(lostOutputTokens))
        case .lostCost: RecordFigures.known(lostCost)
        case .audioCached: UInt64(RecordFigures.tokens(usage.audioCached))
        case .imageInput: UInt64(RecordFigures.tokens(usage.imageInput))
        case .imageCached: UInt64(RecordFigures.tokens(usage.imageCached))
        case .imageOutput: UInt64(RecordFigures.tokens(usage.imageOutput))
        case .configVersion: UInt64(configVersion)
        case .reason: UInt64(reason.rawValue)
        case .mode: UInt64(mode.rawValue)
        case .queue: queueNanoseconds
        case .connect: connectNanoseconds
        case .webSearches: UInt64(RecordFigures.tokens(usage.webSearches))
        }
    }

    mutating func set(_ number: RecordNumber, to value: UInt64) {
        switch number {
        case .wall: wallNanoseconds = value
        case .total: totalNanoseconds = value
        case .firstByte: firstByteNanoseconds = value
        case .firstToken: firstTokenNanoseconds = value
        case .gateway: gatewayNanoseconds = value
        case .status: status = UInt16(clamping: value)
        case .attempts: attempts = UInt8(clamping: value)
        case .flags: flags = RecordFlags(rawValue: value)
        case .blame: blame = RecordedBlame(rawValue: UInt8(clamping: value)) ?? .none
        case .cache: cache = RecordedCache(rawValue: UInt8(clamping: value)) ?? .disabled
        case .received: receivedByteCount = value
        case .sent: sentByteCount = value
        case .cost: cost = RecordFigures.amount(value)
        case .saved: saved = RecordFigures.amount(value)
        case .savedInput: savedInputTokens = RecordFigures.amount(value, most: Providers.Limits.tokenCount)
        case .savedOutput: savedOutputTokens = RecordFigures.amount(value, most: Providers.Limits.tokenCount)
        case .input: usage.input = RecordFigures.tokens(Int64(clamping: value))
        case .cachedRead: usage.cachedRead = RecordFigures.tokens(Int64(clamping: value))
        case .cacheWrite5m: usage.cacheWrite5m = RecordFigures.tokens(Int64(clamping: value))
        case .cacheWrite1h: usage.cacheWrite1h = RecordFigures.tokens(Int64(clamping: value))
        case .audioInput: usage.audioInput = RecordFigures.tokens(Int64(clamping: value))
        case .output: usage.output = RecordFigures.tokens(Int64(clamping: value))
        case .reasoning: usage.reasoning = RecordFigures.tokens(Int64(clamping: value))
        case .audioOutput: usage.audioOutput = RecordFigures.tokens(Int64(clamping: value))
        case .promptVersion: promptVersion = UInt32(clamping: value)
        case .lostInput: lostInputTokens = RecordFigures.tokens(Int64(clamping: value))
        case .lostOutput: lostOutputTokens = RecordFigures.tokens(Int64(clamping: value))
        case .lostCost: lostCost = RecordFigures.amount(value)
        case .audioCached: usage.audioCached = RecordFigures.tokens(Int64(clamping: value))
        case .imageInput: usage.imageInput = RecordFigures.tokens(Int64(clamping: value))
        case .imageCached: usage.imageCached = RecordFigures.tokens(Int64(clamping: value))
        case .imageOutput: usage.imageOutput = RecordFigures.tokens(Int64(clamping: value))
        case .configVersion: configVersion = UInt32(clamping: value)
        case .reason: reason = RecordedReason(rawValue: UInt8(clamping: value)) ?? .only
        case .mode: mode = RecordedMode(rawValue: UInt8(clamping: value)) ?? .single
        case .queue: queueNanoseconds = value
        case .connect: connectNanoseconds = value
        case .webSearches: usage.webSearches = RecordFigures.tokens(Int64(clamping: value))
        }
    }

    // What is written is bounded, and what is read, too: a record may be another program's, or changed by a disk.
    private static func known(_ amount: Int64, most: Int64 = BooksLimits.cost) -> UInt64 { amount < 0 ? 0 : UInt64(min(amount, most)) + 1 }
    private static func amount(_ written: UInt64, most: Int64 = BooksLimits.cost) -> Int64 { written == 0 ? -1 : min(most, Int64(clamping: written - 1)) }
    private static func tokens(_ count: Int64) -> Int64 { min(max(0, count), Providers.Limits.tokenCount) }
}
