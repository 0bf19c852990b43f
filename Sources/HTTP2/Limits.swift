/// The bounds of one HTTP/2 connection. A bound is the largest that is still accepted.
public struct HTTP2Limits: Sendable, Equatable {
    /// Streams open at once, as SETTINGS tell the client: what browsers and SDKs expect. More are refused with REFUSED_STREAM.
    public var concurrentStreams = 100

    /// Body bytes a stream may send before its exchange has taken them: what a stalled one costs. A body that is collected gets a
    /// wider one.
    public var streamWindowByteCount = 64 * 1024 - 1

    /// The same of a stream whose body is collected and says that it is as long.
    public var collectedWindowByteCount = 1024 * 1024

    /// Body bytes of all streams that may be on their way: a client far off fills a fast line.
    public var connectionWindowByteCount = 1024 * 1024

    /// Names and values of one header block, decoded, and 32 bytes each (RFC 9113 §6.5.2). Counted while it is decoded: past it the
    /// connection closes, since a small block may name a large field many times.
    public var headerListByteCount = 64 * 1024

    /// HPACK's dynamic table, each way: the protocol's own default.
    public var headerTableByteCount = 4 * 1024

    /// CONTINUATION frames of one header block; empty ones count, too.
    public var continuationFrames = 8

    /// Entries of one SETTINGS frame. The protocol has eight.
    public var settingsEntries = 32

    /// Acknowledgements of PING and SETTINGS that wait to be sent.
    public var acknowledgements = 1000

    /// Streams a client may reset, or make us reset, in a burst, and a second thereafter. A header block that is decoded for nothing
    /// counts by its size.
    public var resetBurst = 1000
    public var resetsPerSecond = 33

    /// Frames that carry nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown ones) in a burst, and a second
    /// thereafter. Past it the connection ends with ENHANCE_YOUR_CALM.
    public var controlBurst = 1000
    public var controlFramesPerSecond = 100

    /// Control frames that a DATA frame makes up for: clients answer each with up to two WINDOW_UPDATEs, and some with a PING.
    public var controlFramesPerDataFrame = 4

    /// Payload from which on a client's DATA frame makes up for any.
    public var usefulDataByteCount = 256

    /// A client's streams on a new connection until its server has said how many it takes. More wait, one round trip as a rule: a server
    /// refuses what it does not want, and refused streams have to be sent again.
    public var streamsBeforeSettings = 16

    public init() {}

    /// The bounds of a connection to an upstream: a client's, but for the windows.
    public static let towardsUpstreams: HTTP2Limits = {
        var limits = HTTP2Limits()
        limits.streamWindowByteCount = upstreamStreamWindowByteCount
        limits.connectionWindowByteCount = upstreamConnectionWindowByteCount
        return limits
    }()

    /// The windows towards an upstream. Answers are long and providers far off: on 100 ms of way they are 2.5 MB a second for each stream,
    /// and 40 for all. It is also what a client that takes nothing holds of its answer.
    static let upstreamStreamWindowByteCount = 256 * 1024
    static let upstreamConnectionWindowByteCount = 4 * 1024 * 1024

    /// Streams to an upstream that are given up in a burst, and a second thereafter, before it gets no more on that connection: clients that
    /// leave would else have it end the connection of all others. Servers take 500 (Envoy) to 2,500 (nginx).
    static let cancelBurst = 200
    static let cancelsPerSecond = 16

    /// Of a header block that is decoded for nothing, the bytes that count as one reset.
    static let blockBytesPerReset = 256

    /// Streams reset from our side that are remembered: frames for them may have been on their way.
    static let rememberedResets = 32

    /// Fields of a head that is sent: as many as a configuration may let a client have, and our own.
    static let headFields = 1100

    /// A header block that is sent: more than twice what a configuration may let a head have.
    static let sentBlockByteCount = 2560 * 1024

    /// A header block past `headerListByteCount` costs a client's session one stream; so many times that, and it ends the connection: a
    /// small block may name a large field many times, and each costs a look.
    static let blocksDecodedInVain = 4

    /// What a head is first written to: most fit, with a small body behind them.
    static let firstBlockByteCount = 4 * 1024
}
