import Bytes
import Cache
public import HTTP
public import HTTP2

/// The bounds a configuration may change. `docs/limits.md` gives each its reason.
public struct WorkerLimits: Sendable {
    public var http = HTTPLimits()
    public var http2 = HTTP2Limits()
    /// Whether clients may speak HTTP/2.
    public var offersHTTP2 = true
    public var http2Upstream = HTTP2Limits.towardsUpstreams
    /// Whether HTTP/2 is spoken to upstreams that say nothing of it themselves.
    public var upstreamHTTP2 = Upstream.HTTP2Use.offered
    /// An upstream's answer: a longer head is a fault of the upstream's.
    public var answerHead = HTTPLimits()
    /// Client connections of the process; each worker takes its share.
    public var clients = 65_536
    /// Requests of the process that are under way at once.
    public var inFlight = 16_384
    /// What a worker may be behind with its turns before it sheds.
    public var lagNanoseconds: UInt64 = 50_000_000
    /// Requests before a client's connection is closed, so that load spreads again.
    public var requestsPerConnection = 100_000
    /// A collected body: what policy reads and retries send again.
    public var bodyByteCount = 20 << 20
    /// From a request's first byte to the end of its head.
    public var headerNanoseconds: UInt64 = 10_000_000_000
    /// A client's TLS handshake.
    public var clientHandshakeNanoseconds: UInt64 = 10_000_000_000
    /// A body must keep up this rate, after a grace.
    public var bodyBytesPerSecond = 1024
    public var bodyGraceNanoseconds: UInt64 = 10_000_000_000
    /// A connection without a request.
    public var idleNanoseconds: UInt64 = 75_000_000_000
    /// A client that takes nothing of its answer.
    public var writeStallNanoseconds: UInt64 = 60_000_000_000
    /// After a refusal, for the client to read its answer.
    public var lingerNanoseconds: UInt64 = 2_000_000_000
    /// An answer that waits must be taken at this rate, after a grace; 0 for any.
    public var answerBytesPerSecond = 1024
    public var answerGraceNanoseconds: UInt64 = 60_000_000_000
    /// For an HTTP/2 client to say that it has read that its connection ends; what it begins later is refused.
    public var goodbyeNanoseconds: UInt64 = 1_000_000_000
    /// From the signal to stop to the end of what is in flight.
    public var drainNanoseconds: UInt64 = 30_000_000_000
    /// The same when another process has taken over.
    public var handoverNanoseconds: UInt64 = 600_000_000_000

    public var connectNanoseconds: UInt64 = 5_000_000_000
    public var tlsHandshakeNanoseconds: UInt64 = 5_000_000_000
    /// From the request's last byte to the answer's head.
    public var firstByteNanoseconds: UInt64 = 600_000_000_000
    /// Between two reads of an answer.
    public var gapNanoseconds: UInt64 = 120_000_000_000
    /// From the request's first byte to the answer's last; models may think for long.
    public var totalNanoseconds: UInt64 = 3_600_000_000_000

    /// Connections of one worker to one origin.
    public var connectionsPerOrigin = 4096
    public var idleConnectionsPerOrigin = 128
    public var upstreamIdleNanoseconds: UInt64 = 30_000_000_000
    /// A connection to an upstream, so that changed addresses are noticed.
    public var upstreamAgeNanoseconds: UInt64 = 600_000_000_000
    /// An upstream's HTTP/2 connection that was silent for so long is asked for a sign of life when it is used again, and given so long for it.
    public var pingIdleNanoseconds: UInt64 = 10_000_000_000
    public var pingNanoseconds: UInt64 = 5_000_000_000
    /// Requests that wait for a connection to one origin, and for how long.
    public var queueLength = 1024
    public var queueNanoseconds: UInt64 = 5_000_000_000

    /// Answers that are kept, of all workers together; 0 for none.
    public var cacheByteCount = CacheLimits.defaultByteCapacity

    /// All workers' buffers together.
    public var memoryByteCount = BufferLimits.defaultBudgetByteCount

    public init() {}
}
