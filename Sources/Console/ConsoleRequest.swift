/// A request to the console, as the gateway hands it over: collected, its credential taken out of its fields.
public struct ConsoleRequest: Sendable {
    public var method: String
    /// From `/v1/…` or `/v2/…`, without its query; `/sluice/openapi.json` as it stands.
    public var path: [UInt8]
    public var query: [UInt8]
    public var body: [UInt8]
    /// The gateway key as presented; empty for none.
    public var credential: [UInt8]
    /// Whose key of the configuration file it came with, or whose certificate; nil for what the store has to know.
    public var declaredKey: String?
    public var requestID: String
    /// The client's address as text.
    public var peer: String
    /// Whether `x-portkey-package-version` came with it: some answers are shaped as that SDK reads them.
    public var isPortkeySDK: Bool
    /// Wall-clock time, since 1970.
    public var nowMilliseconds: Int64

    public init(
        method: String, path: [UInt8], query: [UInt8] = [], body: [UInt8] = [], credential: [UInt8] = [], declaredKey: String? = nil, requestID: String = "",
        peer: String = "", isPortkeySDK: Bool = false, nowMilliseconds: Int64
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.credential = credential
        self.declaredKey = declaredKey
        self.requestID = requestID
        self.peer = peer
        self.isPortkeySDK = isPortkeySDK
        self.nowMilliseconds = nowMilliseconds
    }
}

/// What is at a path of the console's.
public struct ConsolePlace: Sendable {
    /// Whether it is for whoever asks models, and not for administrators alone.
    public let isForCallers: Bool
    /// How long a body may be there.
    public let bodyByteCount: Int
}

/// What the console answers: JSON, an object but for a few lists; never nothing.
public struct ConsoleAnswer: Sendable {
    public var status: Int
    public var body: [UInt8]
    /// The field `allow`, which a 405 has.
    public var allow: String?

    public init(status: Int, body: [UInt8], allow: String? = nil) {
        self.status = status
        self.body = body
        self.allow = allow
    }
}
