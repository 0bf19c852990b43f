/// Bounds of the mock provider.
enum MockLimits {
    /// A request with its head and body, bytes: three times the gateway's own limit for JSON, so that what the gateway lets
    /// through (uploads included, to this size) is answered. Longer is 413.
    static let requestByteCount = 64 << 20

    /// Bytes of a scripted answer (`size`): enough to pass every buffer on the way, and one process can hold some.
    static let answerByteCount = 64 << 20

    /// Tokens of a scripted answer: an hour of a stream at one a millisecond.
    static let tokens = 4_000_000

    /// Milliseconds of a scripted latency or gap: one hour.
    static let milliseconds = 3_600_000

    /// Calls of tools in one answer (`tools`): more than any model makes at once.
    static let calls = 64

    /// Bytes of sound in one answer (`audio`): twenty seconds of 16 bits at 24 kHz.
    static let soundByteCount = 1 << 20

    /// Bytes of one streamed piece of a call's arguments and of sound: small, so that arguments come in many pieces.
    static let argumentPieceByteCount = 12
    static let soundPieceByteCount = 1 << 10

    /// Levels of a schema that is filled with values: deeper ones get empty objects and lists, which ends recursive schemas.
    static let schemaDepth = 8

    /// Bytes written for a stream before the socket is asked to take them: one pooled block.
    static let writeByteCount = 64 << 10

    /// Requests of one connection answered in a row, and batches of one stream written in a row, before others
    /// have their turn: a pipelining client or a fast reader would keep the loop to itself.
    static let requestsPerTurn = 256
    static let batchesPerTurn = 16

    /// Bytes of one streamed token: a long word; what has no spaces is cut into pieces of this size.
    static let tokenByteCount = 64

    /// Points of a latency distribution, both ends included: four percentiles describe any tail worth a test.
    static let latencyPoints = 6

    /// `user` fields whose failures are counted: more than a test run has; then all are forgotten.
    static let countedUsers = 10_000

    /// Levels of messages, parts and results that are searched for text: the providers' APIs nest three.
    static let textDepth = 6

    /// Values of an embedding when the request does not say (`dimensions`), and the most it can ask for.
    static let embeddingDimensions = 16
    static let largestEmbedding = 4096

    /// Parts of a multipart body that are described in the answer.
    static let parts = 32

    /// Milliseconds a connection that is closed after its answer waits for the peer to close first.
    static let lingerMilliseconds: UInt64 = 1000

    /// Bytes of a transcript that is played (`--play`), and of the fields of one of its answers.
    static let transcriptByteCount = 64 << 20
    static let transcriptFieldsByteCount = 16 << 10

    /// Objects of all buckets together, their bytes, and jobs: more than a test run has.
    static let storedObjects = 4096
    static let storedByteCount = 256 << 20
    static let storedJobs = 1024

    /// Scratch memory kept between requests, bytes; what a big answer took beyond is given back.
    static let keptScratchByteCount = 1 << 20
}
