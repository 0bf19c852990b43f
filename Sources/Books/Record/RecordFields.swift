/// The numbers of a record, in the order in which they are written. New ones go to the end: a reader takes as many as it knows.
enum RecordNumber: Int, CaseIterable {
    case wall, total, firstByte, firstToken, gateway
    case status, attempts, flags, blame, cache
    case received, sent
    /// One more than there is; 0 where nobody knows.
    case cost, saved, savedInput, savedOutput
    case input, cachedRead, cacheWrite5m, cacheWrite1h, audioInput, output, reasoning, audioOutput
    /// 0 for none.
    case promptVersion
    case lostInput, lostOutput
    /// One more than there is, as above.
    case lostCost
    case audioCached, imageInput, imageCached, imageOutput
    /// 0 for none.
    case configVersion
    /// Why its one attempt went where it did, where the record is all that says so.
    case reason
    case mode
    case queue, connect
    case webSearches

    static let count = 38
}

/// The texts of a record, by the byte before each. A reader passes over those it does not know.
enum RecordText: UInt8, CaseIterable {
    case trace = 1
    case span, parentSpan, spanName
    case organisation, workspace, key, keyName, certificate, virtualKey
    case metadata, user, config
    case endpoint, method, path
    case provider, model, served, target, attempts
    case priceBook, error, finishReason
    case peer, agent
    case prompt, promptID
    case kind
    case serviceTier, limits, guardrails
    case configDigest
    case gatewayVersion, sdk
}

/// What is true of a request or not.
public struct RecordFlags: OptionSet, BitwiseCopyable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let stream = RecordFlags(rawValue: 1)
    /// Its client left, or its answer broke off.
    public static let aborted = RecordFlags(rawValue: 2)
    public static let hedged = RecordFlags(rawValue: 4)
    /// The provider has told of no usage: the tokens are reckoned.
    public static let estimated = RecordFlags(rawValue: 8)
    /// Its tokens have no price.
    public static let unpriced = RecordFlags(rawValue: 16)
    /// The client gave no trace: the request's id is its trace.
    public static let ownTrace = RecordFlags(rawValue: 32)
    /// Its metadata was too long.
    public static let metadataLeftOut = RecordFlags(rawValue: 64)
    /// Its tokens are known, or reckoned.
    public static let counted = RecordFlags(rawValue: 128)
    /// It did not go through the gateway: somebody has told of it.
    public static let reported = RecordFlags(rawValue: 256)
    /// It is no request to a model: a span of somebody's trace, kept for the trace's sake and in no count.
    public static let observation = RecordFlags(rawValue: 512)
    /// What attempts took whose answers nobody got is reckoned, at least in part.
    public static let lostEstimated = RecordFlags(rawValue: 1024)
    /// It had one attempt, which began when the gateway was done, had this status, and ended as the request did.
    public static let triedOnce = RecordFlags(rawValue: 2048)
    /// Its provider has told of searches that have no price: it costs more than is known.
    public static let searchesUnpriced = RecordFlags(rawValue: 4096)
}

/// What a request had to do with the cache.
public enum RecordedCache: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case disabled, miss, semanticMiss, refresh, hit

    /// As `x-portkey-cache-status` has it.
    public var text: StaticString {
        switch self {
        case .disabled: "DISABLED"
        case .miss: "MISS"
        case .semanticMiss: "SEMANTIC MISS"
        case .refresh: "REFRESH"
        case .hit: "HIT"
        }
    }
}

/// How a config chooses among its targets.
public enum RecordedMode: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case single, fallback, loadbalance, conditional

    /// As configs have it.
    public var text: StaticString {
        switch self {
        case .single: "single"
        case .fallback: "fallback"
        case .loadbalance: "loadbalance"
        case .conditional: "conditional"
        }
    }
}

/// Why an attempt went where it did.
public enum RecordedReason: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case only, first, fallback, weighted, roundRobin, leastBusy, leastLatency, sticky, prefixAffinity, condition, otherwise, leastBad

    /// As tries have it.
    public var text: StaticString {
        switch self {
        case .only: "only"
        case .first: "first"
        case .fallback: "fallback"
        case .weighted: "weighted"
        case .roundRobin: "round_robin"
        case .leastBusy: "least_busy"
        case .leastLatency: "least_latency"
        case .sticky: "sticky"
        case .prefixAffinity: "prefix_affinity"
        case .condition: "condition"
        case .otherwise: "default"
        case .leastBad: "least_bad"
        }
    }
}

/// Whose fault a failure is.
public enum RecordedBlame: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case none, client, policy, upstream, gateway

    public var text: StaticString {
        switch self {
        case .none: ""
        case .client: "client"
        case .policy: "policy"
        case .upstream: "upstream"
        case .gateway: "gateway"
        }
    }
}
