/// Bounds of the gateway that no configuration changes.
public enum GatewayLimits {
    /// Runs handed to one `writev`. A head, a spliced body and the framing of a stream stay far below.
    static let runsPerWrite = 64

    /// Edits of one body: every override parameter, the model, renames and usage.
    static let splices = 256

    /// Runs a stream's filter leaves free for the framing around what it passes.
    static let runsKeptFree = 8

    /// Exchanges a worker keeps for later requests.
    static let idleExchanges = 4096

    /// Room for the fields we add to a request or an answer, beside those that were there.
    static let ownFieldsByteCount = 2048

    /// Fields of a target that no request changes; a credential may take most of it.
    static let fixedFieldsByteCount = 16 << 10

    /// The longest wait a provider's Retry-After may ask for (the wire reference §4).
    static let retryAfterMilliseconds: UInt64 = 60_000

    /// Runs of a flight's log, and their bytes, that one write to a follower takes.
    static let followedRuns = 8
    static let followedByteCount = 256 << 10

    /// Of a kept answer, what its head may take beside its body.
    static let storedHeadByteCount = 8 << 10

    /// Between two looks for cached answers that have expired.
    static let cacheSweepNanoseconds: UInt64 = 1_000_000_000

    /// What an operator asks may read a configuration and compile it.
    static let operatorNanoseconds: UInt64 = 30_000_000_000

    /// Requests of the admin API that wait for the store or are answered from it: each takes some milliseconds, and people make few.
    static let waitingAdminRequests = 64

    /// Those of them that are any caller's, as feedback is: the other places are kept for administrators.
    static let waitingCallerRequests = 48

    /// The body of one: the largest config, and a few members beside it.
    public static let adminBodyByteCount = 272 << 10

    /// For the answer to one: behind as many as may wait.
    static let adminNanoseconds: UInt64 = 60_000_000_000

    /// Exports and tails that are sent at once: each asks the store's thread for one part after the other.
    static let adminStreams = 16

    /// Until a tail is asked again that had nothing to say. Rows come four times a second.
    static let adminStreamPauseNanoseconds: UInt64 = 250_000_000

    /// A credential that was refused is tried again after so long: it may have been renewed.
    static let quarantineNanoseconds: UInt64 = 60_000_000_000

    /// One whose money is spent: people refill it, in minutes rather than seconds.
    static let spentNanoseconds: UInt64 = 300_000_000_000

    /// A 429 that does not say how long to wait.
    static let parkMilliseconds: UInt64 = 5_000

    /// The longest a 429 may ask for.
    static let longestParkMilliseconds: UInt64 = 3_600_000

    /// Of a config's model, what names a target to operators.
    static let describedModelByteCount = 64

    /// The beginning of a stream that is held until its first content, so that another target may still answer.
    static let openingByteCount = 64 << 10

    /// A refusal, head and body: half each. The faults of a config may fill it.
    static let refusalByteCount = 64 << 10

    /// At the end of each block an answer is read into: the size lines of the chunks it becomes.
    static let chunkLineByteCount = 32

    /// Steps of clients' TLS handshakes in one turn of a worker: one that signs takes up to a millisecond.
    static let handshakesPerTurn = 8

    /// Between two lines that tell operators of failed handshakes, or of PROXY headers that were refused; all are counted.
    static let noticeNanoseconds: UInt64 = 10_000_000_000

    /// A PROXY header of version 2: addresses take 52 bytes, what else proxies tell (TLS, names) some hundreds.
    static let proxyHeaderByteCount = 2048

    /// Where a web page comes from: a scheme, a host of 253 bytes (RFC 1035 §2.3.4), a port.
    static let originByteCount = 272

    /// The names of header fields that a browser asks for in one preflight.
    static let requestedFieldsByteCount = 4096

    /// Addresses of a request's `X-Forwarded-For` or `Forwarded` that are looked at, from the end: one a proxy on the way.
    static let forwardedAddresses = 16

    /// A head and a body that are no longer together are written in one piece: up to here a copy costs less than what the kernel does for the
    /// second (5.6 µs in place of 5.95 at 1.4 KB).
    static let gatheredByteCount = 4096

    /// Plaintext gathered into one TLS record (RFC 8446 §5.1).
    static let tlsRecordByteCount = 16_384

    /// Beyond twice a body's size, what its translation is first given: every message, tool and event has a frame of its own.
    static let translationSlackByteCount = 4096

    /// The first try at what a prompt is rendered to; each further one has room for four times as much, up to a request body's most.
    static let renderedByteCount = 64 << 10

    /// What names a prompt in a path, decoded: an id or a slug, and a version or a label.
    static let promptNameByteCount = 256

    /// What the head of a prompt's request may grow by: its virtual key's name, and fields of its body.
    static let promptHeadByteCount = 512

    /// The path of a translated request: a model's name stands in it.
    static let translatedPathByteCount = 2048

    /// A whole answer that is translated or checked has to be held, the provider's and the client's: the longest answers have
    /// pictures in them.
    static let collectedAnswerByteCount = 32 << 20
    static let translatedAnswerByteCount = 256 << 20

    /// An error of a provider's. A page of some proxy may be longer, and says no more.
    static let collectedErrorByteCount = 256 << 10

    /// Room for the events that one event of a provider's becomes; an event itself has at most 1 MiB.
    static let translatedEventByteCount = 64 << 20

    /// The head of a request about files or batches: a path with a key of 1 KiB in it, each byte encoded, and a credential.
    static let batchHeadByteCount = 64 << 10

    /// One row of a file of answers to a batch, which is held until it is whole: as long as a whole answer.
    static let batchRowByteCount = 32 << 20

    /// A text in the body of a new batch: an ARN is the longest of them.
    static let batchTextByteCount = 4096

    /// One read of an HTTP/2 connection: what lies in it is handed on before the next.
    static let readByteCount = 64 << 10

    /// Of an HTTP/2 write, the block for frames that are no DATA, and DATA frames' headers: an answer's head and its small body fit.
    static let frameBlockByteCount = 4 << 10

    /// A DATA frame's payload up to this size is copied behind its header, so that one run holds both.
    static let joinedDataByteCount = 1024

    /// Requests of one pipelining client served before others get their turn.
    static let requestsPerTurn = 16

    /// Bytes moved for one exchange before others get their turn.
    static let bytesPerTurn = 256 << 10

    /// Bytes read and dropped after a refusal, so that the answer is not lost to a reset.
    static let lingerByteCount = 1 << 20

    /// Head start of one address over the next (RFC 8305 §8, "Connection Attempt Delay").
    static let connectionAttemptDelayNanoseconds: UInt64 = 250_000_000

    /// Compiled routes a worker keeps for header configs, and the text they may have in all.
    static let cachedRoutes = 512
    static let cachedRouteTextByteCount = 4 << 20

    /// A header config up to this size, without patterns, is compiled by its worker at once: some 50 µs.
    static let quickConfigByteCount = 8 << 10

    /// Header configs of one worker that are being compiled elsewhere, or were and wait for their first use.
    static let compilingConfigs = 64

    /// For one that is: behind a few others that take the longest they may.
    static let compileNanoseconds: UInt64 = 10_000_000_000

    /// Routing headers of one request together. Longer configs belong in the file, by name.
    static let routingTextByteCount = 16 << 10

    /// Origins a worker keeps pools for; those that nobody uses make room.
    static let origins = 1024

    /// Head of an answer as we send it: the upstream's and our own fields.
    static let answerHeadByteCount = 96 << 10

    /// A time as the results of checks tell it: `2026-01-31T12:00:00.000Z`.
    static let timeByteCount = 32

    /// A client between two requests when another process takes over: busy ones ask again within it, and learn that the connection ends.
    static let handoverIdleNanoseconds: UInt64 = 5_000_000_000

    /// After running out of descriptors, until the next try to accept.
    static let acceptPauseNanoseconds: UInt64 = 100_000_000

    /// After finding no descriptor for a connection to a provider, until the next try.
    static let descriptorPauseNanoseconds: UInt64 = 100_000_000

    /// Connections that may turn out to have been dead all along before a request gives up on its origin.
    static let freshTries = 3

    /// From sending a request to the end of a reused HTTP/1.1 connection that was closed while idle: a round trip, and time for a machine that
    /// stands still. Later, only what may be done twice is asked again.
    static let staleNanoseconds: UInt64 = 3_000_000_000

    /// Lists of what waits that a worker keeps for HTTP/2 streams to come, instead of having one allocated for each: as many as streams begin and
    /// end in a turn. Longer ones are given up.
    static let spareRunLists = 256
    static let runsOfSpareList = 64

    /// An HTTP/2 connection that has said nothing for so long when an exchange gives up waiting for it may be dead: it is asked, and takes no
    /// more streams before it answers.
    static let suspectNanoseconds: UInt64 = 500_000_000

    /// An HTTP/2 connection that was heard of within so long is not stale: who has just met a stale one may have it.
    static let aliveNanoseconds: UInt64 = 1_000_000_000

    /// Room left before an answer that is read for its head: the fields we add fit.
    static let headRoomByteCount = 1024

    /// A request body up to this size is put behind its head, so that one run holds both: copying it
    /// costs less than a second run.
    static let joinedBodyByteCount = 4096

    /// Part of a stream event kept until the rest of it comes.
    static let heldEventByteCount = 1 << 20

    /// An access record waits in its worker's ring until the log thread takes it, every 20 ms while there are many: some 3,500
    /// records of 300 bytes, in memory that stays in the processor's cache.
    static let accessRingByteCount = 1 << 20
    static let accessLogIntervalMilliseconds: Int32 = 20

    /// Where fewer than these waited it looks after 200 ms, or when a ring has become half full: being woken costs it more than some lines do, and a
    /// reader of a log waits that long without seeing it.
    static let accessLogBusyCount = 64
    static let accessLogLongIntervalMilliseconds: Int32 = 200
    static let accessLineByteCount = 4096

    /// Providers, and models, that metrics tell apart; the rest are one. A scrape must end.
    static let metricNames = 128
    /// Sets of labels that requests are counted by; the rest are one. Some 20 KB of text each, where all is counted.
    public static let metricSeries = 256

    /// Of the value of a label that an operator has asked for, and of all that a worker has to note of one request.
    static let metricValueByteCount = 48
    static let metricLabelsByteCount = 192

    /// The attempts of one request as its record tells them: the first eight, in paths of eight levels, with their credentials, when and what they took.
    static let triesByteCount = 2560
}
