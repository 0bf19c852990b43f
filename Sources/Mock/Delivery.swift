import Reactor

/// What is left to do of one answer.
struct Delivery {
    /// What happens to the connection when all has been sent.
    enum End {
        case next, linger, drop, hang
    }

    var end = End.next
    var isStream = false
    /// Whether the stream came to its own end, not a scripted one.
    var isComplete = false
    /// Whether the stream is sent in chunks; an HTTP/1.0 client's ends with the connection.
    var isChunked = true
    var chunkByteCount = 0

    var reply = Reply()
    var cursor = Reply.Cursor()
    /// The events of a transcript, which then are sent instead of the reply's.
    var played: MockTranscript.Answer?
    var eventCount = 0
    var nextEvent = 0
    var nextTokenAt = Instant(nanoseconds: 0)
    var gapNanoseconds: UInt64 = 0
    /// Whether the reply's bytes are this connection's own.
    var isKept = false

    /// The events before which something goes wrong; `Int.max` when nothing does.
    var cutAt = Int.max
    var hangAt = Int.max
    var malformedAt = Int.max
    var garbageAt = Int.max
    /// The message whose checksum is wrong.
    var checksumAt = Int.max
    /// The event before which the dialect's error comes, and its status.
    var errorAt = Int.max
    var errorStatus = 500
    var errorDialect = Dialect.openAI

    /// Whether event `index` waits for the gap.
    func isToken(_ index: Int) -> Bool { played != nil || reply.isToken(index) }
}
