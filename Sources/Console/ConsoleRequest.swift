/// A request to the console, as the gateway hands it over: collected, its credential taken out of its fields.
public struct ConsoleRequest: Sendable {
    public var method: String
    /// From `/v1/…` or `/v2/…`, without its query; `/sluice/openapi.json` as it stands.
    public var path: [UInt8]
    public var query: [UInt8]
    public var body: [UInt8]
    /// The field `content-type`, as it was sent.
    public var contentType: String
    /// Whether the body is packed with gzip; only where that is taken.
    public var isGzip: Bool
    /// The gateway key as presented; empty for none.
    public var credential: [UInt8]
    /// Whose key of the configuration file it came with, or whose certificate; nil for what the store has to know.
    public var declaredKey: String?
    public var requestID: String
    /// The client's address as text.
    public var peer: String
    /// Whether `x-portkey-package-version` came with it: some answers are shaped as that SDK reads them.
    public var isPortkeySDK: Bool
    /// Whether of what it tells figures alone are kept, and no bodies.
    public var isFiguresAlone: Bool
    /// Whether it came by a signed link, which has been looked at: it has no credential then.
    public var isByLink: Bool
    /// Where the gateway is for this client, `https://gateway.example:8787`: links begin with it.
    public var origin: String
    /// Wall-clock time, since 1970.
    public var nowMilliseconds: Int64

    public init(
        method: String, path: [UInt8], query: [UInt8] = [], body: [UInt8] = [], contentType: String = "", isGzip: Bool = false, credential: [UInt8] = [],
        declaredKey: String? = nil, requestID: String = "", peer: String = "", isPortkeySDK: Bool = false, isFiguresAlone: Bool = false, isByLink: Bool = false,
        origin: String = "", nowMilliseconds: Int64
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType
        self.isGzip = isGzip
        self.credential = credential
        self.declaredKey = declaredKey
        self.requestID = requestID
        self.peer = peer
        self.isPortkeySDK = isPortkeySDK
        self.isFiguresAlone = isFiguresAlone
        self.isByLink = isByLink
        self.origin = origin
        self.nowMilliseconds = nowMilliseconds
    }
}

/// What is at a path of the console's.
public struct ConsolePlace: Sendable {
    /// Whether it is for whoever asks models, and not for administrators alone.
    public let isForCallers: Bool
    /// Whether a signed link opens it, and nothing else.
    public let isByLink: Bool
    /// Whether a body may be packed.
    public let takesGzip: Bool
    /// How long a body may be there.
    public let bodyByteCount: Int
}

/// What the console answers: JSON, an object but for a few lists; or protobuf; or a stream.
public struct ConsoleAnswer: Sendable {
    public enum ContentType: Sendable {
        case json, protobuf
    }

    public var status: Int
    public var contentType: ContentType
    public var body: [UInt8]
    /// The field `allow`, which a 405 has.
    public var allow: String?
    /// Where what follows `body` comes from; nil where that is all.
    public var stream: ConsoleStream?

    public init(status: Int, contentType: ContentType = .json, body: [UInt8], allow: String? = nil, stream: ConsoleStream? = nil) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.allow = allow
        self.stream = stream
    }
}
