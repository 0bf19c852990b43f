/// One upstream's row: where it is and in what its wire differs from OpenAI's.
public struct Provider: Sendable {
    /// The name clients and configurations use, as in `x-portkey-provider`.
    public let id: StaticString
    public let scheme: Scheme
    /// The host name; empty when only the user knows it (`standing` is `.needsCustomHost`).
    public let host: StaticString
    public let port: UInt16
    /// What replaces the `/v1` of a client's path: empty, or with a slash before and none after.
    public let pathPrefix: StaticString
    /// The end of `pathPrefix` that a custom host does not replace.
    ///
    /// Portkey's base URL for these hosts stops before `/v1`, so existing configurations name
    /// custom hosts without it. For the others a custom host replaces the whole prefix.
    public let keptUnderCustomHost: StaticString
    public let auth: AuthStyle
    /// Whether the host refuses requests without a credential. Local servers do not.
    public let needsCredential: Bool
    public let dialect: Dialect
    public let streamUsage: StreamUsage
    /// The endpoints a request may be sent to; `.other` admits everything else under `/v1`.
    public let endpoints: EndpointSet
    /// Members of a request body the host knows by another name.
    public let renames: FieldRenames
    public let standing: Standing
    public var paths = PathStyle.below
    /// Whether it has `/v1/fim/completions`, which takes a prompt and a suffix.
    public var fillsInTheMiddle = false
    /// Whether its chat completions take `top_k`, as Anthropic's messages do.
    public var takesTopK = false
    /// Whether its chat completions are limited by `max_completion_tokens`: OpenAI's newest models refuse the older `max_tokens`.
    public var limitsCompletions = false

    /// Whether `stream_options.include_usage` may be added to a streamed chat or completion.
    public var takesIncludeUsage: Bool { streamUsage == .onRequest }

    /// Whether a request to `endpoint` may be sent to this host.
    public func serves(_ endpoint: Endpoint) -> Bool { endpoints.contains(EndpointSet(endpoint)) }
}

/// How a host comes to report usage in a streamed chat or completion.
public enum StreamUsage: UInt8, Sendable {
    /// Only when `stream_options.include_usage` is set, which the host is known to take.
    case onRequest
    /// Always, in the last content chunk or on each; nothing needs adding.
    case always
    /// Not known. Nothing is added, since several hosts answer 422 to the unknown member.
    case unknown
}

/// How a host's paths are made from the client's.
public enum PathStyle: UInt8, Sendable {
    /// What follows `/v1` stands below the row's prefix.
    case below
    /// A deployment stands before it, and a version behind it; see `AzurePath`.
    case azure
    /// A project, a region and a model's maker stand in it; see `VertexPath`.
    case vertex
}

/// Whether requests can be sent to a provider.
public enum Standing: Sendable {
    case served
    /// Served once the configuration names a custom host; there is no common one.
    case needsCustomHost
    /// Known, but not served; the text says why and what works instead.
    case unsupported(StaticString)
}

/// A member of a request body under the name the host knows.
///
/// It is applied only where the body has `from` and has no `to`: both present is the caller's word.
public struct FieldRename: Sendable {
    public let from: StaticString
    public let to: StaticString

    public init(_ from: StaticString, to: StaticString) {
        self.from = from
        self.to = to
    }
}

/// The renames of one row, in place, so that reading a row touches no reference count.
public struct FieldRenames: Sendable {
    public private(set) var count = 0
    private var entries = RenameEntries(repeating: FieldRename("", to: ""))

    public static let none = FieldRenames()

    public init(_ renames: FieldRename...) {
        precondition(renames.count <= entries.count, "a row has no more renames than there is room for")
        for rename in renames {
            entries[count] = rename
            count += 1
        }
    }

    public subscript(_ index: Int) -> FieldRename {
        precondition(index < count, "a rename is one of the row's")
        return entries[index]
    }
}
