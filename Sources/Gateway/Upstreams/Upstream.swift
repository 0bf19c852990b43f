import Bytes
public import Providers

/// A provider as this gateway reaches it: a row of the table, or one of the configuration's own.
public struct Upstream: Sendable {
    public var id: String
    public var isTLS: Bool
    /// Empty when only a custom host says where it is.
    public var host: String
    public var port: UInt16
    /// What replaces `/v1`, for a provider of the configuration; nil for a row, which knows itself.
    public var basePath: [UInt8]?
    /// The row whose wire it speaks.
    public var row: Provider
    public var auth: AuthStyle
    /// The operator's own credential for it, if any.
    public var credential: [UInt8]?
    /// The model of requests that name none, as JSON.
    public var defaultModel: [UInt8]?
    /// Whether HTTP/2 is spoken to it; as to all when nil.
    public var http2: HTTP2Use?
    /// PEM file to trust instead of the system's store.
    public var caFile: String?
    /// Whether the configuration says where it is: its hosts are not for everybody.
    public var isOperators = false
    /// Whether its name may lead to private addresses: the operator has named it.
    public var isTrusted = false

    /// Whether HTTP/2 is spoken to an upstream.
    public enum HTTP2Use: Sendable {
        case never
        /// Over TLS, where it does as well.
        case offered
        /// In plaintext, without asking; over TLS as `offered`.
        case priorKnowledge
    }

    /// A provider of the table.
    public init(row: Provider) {
        self.row = row
        id = row.id.description
        isTLS = row.scheme == .https
        host = row.host.description
        port = row.port
        auth = row.auth
        // Local rows say localhost, and mean it.
        isTrusted = row.scheme == .http
    }

    /// A provider of the configuration, which speaks the wire of `row` at its own base URL.
    public init(id: String, like row: Provider, isTLS: Bool, host: String, port: UInt16, basePath: [UInt8]) {
        self.init(row: row)
        self.id = id
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.basePath = basePath
        isTrusted = true
        isOperators = true
    }
}

extension Upstream {
    /// What is spoken to it, or to another host in its place.
    func wire(isTLS: Bool, _ limits: WorkerLimits) -> Origin.Wire {
        (http2 ?? limits.upstreamHTTP2).wire(isTLS: isTLS)
    }
}

extension Upstream.HTTP2Use {
    func wire(isTLS: Bool) -> Origin.Wire {
        switch self {
        case .never: .http1
        case .offered: isTLS ? .negotiated : .http1
        case .priorKnowledge: isTLS ? .negotiated : .http2
        }
    }
}
