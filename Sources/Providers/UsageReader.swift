public import Bytes

/// Reads in passing what an answer says of itself: its usage, the model that gave it, why it
/// ended. Pure, of fixed size, one an exchange; reset for each attempt.
///
/// Either an answer is fed in pieces of any size (`readAnswer`), or a stream event by event
/// (`readEvent`). Nothing a peer sends makes it fail: what cannot be read leaves `usage` nil, and
/// the ledger estimates.
public struct UsageReader: ~Copyable {
    /// The dialect of the endpoint that answers, not of the provider's row.
    public private(set) var dialect: Dialect
    /// Events that carry part of the answer, about one a token or a few; the base of an estimate
    /// when a stream is cut before its usage.
    public private(set) var deltaCount = 0
    /// Events scanned so far. The model stands in the first, but Azure's first has an empty one.
    private var scannedCount = 0
    /// Whether the stream's own last event was seen: `[DONE]`, `message_stop`, `response.completed`
    /// and its kin. An upstream that closes before it was cut; but some hosts send no `[DONE]`, so a
    /// clean end of the body after a finish reason is an end as well.
    public private(set) var isComplete = false

    /// Whether events are read, one text each. Those of Anthropic's complete each other's usage, Gemini's count up: it is merged then.
    private var isStream = false
    private var merged = ReportedUsage()
    private var scan: UsageScan

    public init(_ dialect: Dialect) {
        self.dialect = dialect
        scan = UsageScan(dialect)
    }

    public mutating func reset(_ dialect: Dialect) {
        self.dialect = dialect
        deltaCount = 0
        isComplete = false
        isStream = false
        merged.removeAll()
        scan.reset(dialect)
        scannedCount = 0
    }

    // What follows changes nothing. It is mutating because only then is the reader, of more than a thousand bytes, certain not to be copied first.

    /// The usage in normal form, or nil while the provider has reported none.
    public var usage: Usage? {
        mutating get {
            if isMerged { return merged.isMeaningful ? merged.normalised(dialect) : nil }
            return scan.usage.isMeaningful ? scan.usage.normalised(dialect) : nil
        }
    }

    /// What of it the advisor took; nil where none was asked.
    public var advice: Usage? {
        mutating get { isMerged ? merged.advice : scan.usage.advice }
    }

    /// One whole answer has one usage, and so has a stream of OpenAI's: the last, as for any reader of JSON.
    private var isMerged: Bool {
        mutating get { isStream && dialect != .openAI }
    }

    /// The model that served, as the answer names it; empty while unknown.
    public var model: ModelText {
        mutating get { scan.model }
    }

    /// The provider's own word, as `stop` or `end_turn`; empty while unknown.
    public var finishReason: WordText {
        mutating get { scan.finishReason }
    }

    /// Of Anthropic's: the model that the one which served was advised by; empty while unknown.
    public var advisor: ModelText {
        mutating get { scan.advisor }
    }

    /// The terms at which the answer was served, in the provider's own word; empty while unknown. Anthropic's `speed`, where that is not the usual one.
    public var serviceTier: WordText {
        mutating get {
            // Apart: an event that names one of the two says nothing of the other.
            if !scan.speed.isEmpty, scan.speed == "fast" { return WordText("fast") }
            return scan.serviceTier
        }
    }

    // MARK: Whole answers

    /// Reads the next bytes of an answer that is not a stream.
    public mutating func readAnswer(_ piece: ByteSlice) { scan.feed(piece) }

    // MARK: Streams

    /// What an event is to the relay.
    public enum Event: UInt8, Sendable {
        /// Content, or anything that needs no attention.
        case ordinary
        /// It carries usage beside something the client is owed.
        case usage
        /// The extra chunk of `include_usage`: no choices, only usage. Removed when the client had
        /// not asked for it.
        case usageOnly
        /// The stream's own last event.
        case end
        /// The provider's own error event.
        case error
    }

    /// Reads the data of one whole event.
    public mutating func readEvent(_ data: ByteSlice) -> Event {
        if let known = glance(data) { return known }
        beginEvent()
        continueEvent(data)
        return endEvent()
    }

    /// Starts an event whose data comes in pieces.
    public mutating func beginEvent() {
        scannedCount &+= 1
        isStream = true
        scan.reset()
        if isMerged { scan.usage.removeAll() }
    }

    public mutating func continueEvent(_ piece: ByteSlice) { scan.feed(piece) }

    /// Ends an event whose data came in pieces.
    public mutating func endEvent() -> Event {
        if isMerged, scan.hasUsage { merged.merge(&scan.usage) }
        if dialect == .gemini { return endGeminiChunk() }
        if dialect == .bedrock { return scan.hasUsage ? .usage : .ordinary }
        if scan.type.isEmpty { return endOpenAIChunk() }
        if scan.isDelta { deltaCount += 1 }
        if scan.type == "error" { return .error }
        if scan.type == "message_stop" || scan.type == "response.completed"
            || scan.type == "response.incomplete" || scan.type == "response.failed"
        {
            isComplete = true
            return .end
        }
        return scan.hasUsage ? .usage : .ordinary
    }

    private mutating func endOpenAIChunk() -> Event {
        guard scan.hasUsage else {
            if scan.choiceCount > 0 { deltaCount += 1 }
            return .ordinary
        }
        if scan.hasChoices, scan.choiceCount == 0 { return .usageOnly }
        if scan.choiceCount > 0 { deltaCount += 1 }
        return .usage
    }

    /// Every chunk has the usage so far, and none is the last by its own word.
    private mutating func endGeminiChunk() -> Event {
        if scan.choiceCount > 0 { deltaCount += 1 }
        return scan.hasUsage ? .usage : .ordinary
    }

    // MARK: The fast way

    /// Whether `bytes` are one whole event of a chat's, `data: {…}` and a blank line, of which nothing needs to be read; it is counted then.
    ///
    /// What nearly all reads of a stream bring. Where its events end and whether they say anything is found in one pass here, and in two
    /// otherwise.
    public mutating func passesDelta(_ bytes: ByteSlice) -> Bool {
        guard passesDeltas, UsageReader.isDelta(bytes) else { return false }
        deltaCount += 1
        return true
    }

    /// Whether what `isDelta` holds for is all the same to this reader, but for its count.
    public var passesDeltas: Bool {
        mutating get { dialect == .openAI && knowsModel }
    }

    /// Counts events for which `isDelta` holds, and which were not shown here.
    public mutating func countDeltas(_ count: Int) { deltaCount += count }

    /// Whether `bytes` are one whole event of a chat's of which nothing needs to be read by who knows the model.
    @inline(__always)
    public static func isDelta(_ bytes: ByteSlice) -> Bool {
        guard bytes.count >= 32, bytes.hasPrefix("data: {\""), bytes.dropFirst(bytes.count - 2).hasPrefix("\n\n") else { return false }
        let data = bytes[6..<bytes.count - 2]
        // Errors, and the events of Responses, are told by their first member.
        return !data.hasPrefix("{\"error\"") && !data.hasPrefix("{\"type\"") && endOfChat.isAbsent(fromLine: data)
    }

    /// Whether events need not be read for the model's name: it is known, or not to be found.
    private var knowsModel: Bool {
        mutating get { !scan.model.isEmpty || scannedCount >= Limits.modelSearchEventCount }
    }

    /// Tells the common events without scanning them; nil for those that need it.
    private mutating func glance(_ data: ByteSlice) -> Event? {
        if dialect == .anthropic {
            guard data.hasPrefix("{\"type\":\"content_block_delta\"") else { return nil }
            deltaCount += 1
            return .ordinary
        }
        if dialect == .gemini { return UsageReader.isErrorEvent(data.hasPrefix("[") ? data.dropFirst(1) : data) ? .error : nil }
        if dialect == .bedrock { return glanceAtConverse(data) }
        if data.count <= 8, data.trimmed == "[DONE]" {
            isComplete = true
            return .end
        }
        if UsageReader.isErrorEvent(data) { return .error }
        if !knowsModel { return nil }
        if UsageReader.endOfChat.isSaid(in: data) { return nil }
        if data.hasPrefix("{\"type\"") { return glanceAtResponses(data) }
        deltaCount += 1
        return .ordinary
    }

    private static var endOfChat: NamePair { NamePair(first: "\"usage\"", second: "\"finish_reason\"") }
    private static var endOfConverse: NamePair { NamePair(first: "\"usage\"", second: "\"stopReason\"") }

    /// The two events of Converse's that say something of the answer have no delta.
    private mutating func glanceAtConverse(_ data: ByteSlice) -> Event? {
        if UsageReader.endOfConverse.isSaid(in: data) { return nil }
        if data.says("\"delta\"") { deltaCount += 1 }
        return .ordinary
    }

    /// Whether the data starts with an `error` that is not null.
    private static func isErrorEvent(_ data: ByteSlice) -> Bool {
        guard data.hasPrefix("{\"error\"") else { return false }
        return !data.afterColon(from: 8).hasPrefix("null")
    }

    /// Responses events name their type first; those that end a stream must be seen.
    private mutating func glanceAtResponses(_ data: ByteSlice) -> Event? {
        guard data.hasPrefix("{\"type\":\"response.") else { return nil }
        let word = data.dropFirst(18).prefix(min(40, data.count - 18))
        if word.hasPrefix("completed") || word.hasPrefix("incomplete") || word.hasPrefix("failed") { return nil }
        if word.firstRange(of: ByteSlice(".delta\"")) != nil { deltaCount += 1 }
        return .ordinary
    }
}
