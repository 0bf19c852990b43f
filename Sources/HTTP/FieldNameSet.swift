/// A set of field names, one bit a name; `FieldName` has fewer than 64.
@frozen
public struct FieldNameSet: Sendable, Equatable {
    @usableFromInline var bits: UInt64 = 0

    public init() {}

    /// Not for the hot path: sets are made once and kept.
    public init(_ names: FieldName...) {
        for name in names { insert(name) }
    }

    @inlinable
    public mutating func insert(_ name: FieldName) { bits |= 1 &<< UInt64(name.rawValue) }

    @inlinable
    public mutating func remove(_ name: FieldName) { bits &= ~(1 &<< UInt64(name.rawValue)) }

    @inlinable
    public func union(_ other: FieldNameSet) -> FieldNameSet {
        var names = self
        names.bits |= other.bits
        return names
    }

    @inlinable @inline(__always)
    public func contains(_ name: FieldName) -> Bool { bits &>> UInt64(name.rawValue) & 1 != 0 }

    /// Whether the two have a name in common.
    @inlinable @inline(__always)
    public func intersects(_ other: FieldNameSet) -> Bool { bits & other.bits != 0 }
}

extension FieldNameSet {
    /// Fields of one connection, never passed on (RFC 9110 §7.6.1; RFC 7540 §3.2.1 for HTTP2-Settings).
    ///
    /// `Transfer-Encoding` and `Trailer` are among them: whoever writes the next head states its framing.
    public static let hopByHop = FieldNameSet(
        .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization,
        .te, .trailer, .transferEncoding, .upgrade, .http2Settings)

    /// Fields by which a proxy says that it asks for somebody else.
    public static let proxies = FieldNameSet(.forwarded, .via, .xForwardedFor, .xForwardedHost, .xForwardedProto, .xRealIP)

    /// Fields a trailer section may not hold: framing, routing, credentials and what is read before a
    /// body is (RFC 9110 §6.5.1). One that arrives there is an attempt to be merged late.
    public static let forbiddenInTrailers = hopByHop.union(FieldNameSet(
        .host, .contentLength, .expect, .contentEncoding, .authorization, .xAPIKey, .apiKey, .cookie,
        .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedProto, .xRealIP,
        .portkeyAPIKey, .portkeyConfig, .portkeyProvider, .portkeyVirtualKey, .portkeyCustomHost,
        .portkeyForwardHeaders, .portkeyRequestTimeout, .portkeyMetadata, .portkeyTraceID,
        .portkeyStrictOpenAICompliance, .portkeyCacheForceRefresh, .portkeyCacheNamespace,
        .portkeyDebug, .otherPortkey, .sluice))
}
