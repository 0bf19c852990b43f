/// A set of field names, one bit a name; `FieldName` has fewer than 64.
@frozen
public struct FieldNameSet: Sendable, Equatable {
    @usableFromInline var bits: UInt64 = 0

    public init() {}

    public init(_ names: FieldName...) {
        for name in names { insert(name) }
    }

    @inlinable
    public mutating func insert(_ name: FieldName) { bits |= 1 << UInt64(name.rawValue) }

    @inlinable
    public mutating func remove(_ name: FieldName) { bits &= ~(1 << UInt64(name.rawValue)) }

    @inlinable
    public mutating func formUnion(_ other: FieldNameSet) { bits |= other.bits }

    @inlinable @inline(__always)
    public func contains(_ name: FieldName) -> Bool { bits >> UInt64(name.rawValue) & 1 != 0 }
}

extension FieldNameSet {
    /// Fields of one connection, never passed on (RFC 9110 §7.6.1; RFC 7540 §3.2.1 for HTTP2-Settings).
    ///
    /// `Transfer-Encoding` and `Trailer` are among them: whoever writes the next head states its framing.
    public static var hopByHop: FieldNameSet {
        FieldNameSet(
            .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization,
            .te, .trailer, .transferEncoding, .upgrade, .http2Settings)
    }

    /// Fields a trailer section may not hold: framing, routing, credentials and what is read before a
    /// body is (RFC 9110 §6.5.1). One that arrives there is an attempt to be merged late.
    public static var forbiddenInTrailers: FieldNameSet {
        var names = hopByHop
        names.formUnion(FieldNameSet(
            .host, .contentLength, .expect, .contentEncoding, .authorization, .xAPIKey, .apiKey, .cookie,
            .forwarded, .xForwardedFor, .sluice))
        names.formUnion(FieldNameSet(
            .portkeyAPIKey, .portkeyConfig, .portkeyProvider, .portkeyVirtualKey, .portkeyCustomHost,
            .portkeyForwardHeaders, .portkeyRequestTimeout, .portkeyMetadata, .portkeyTraceID,
            .portkeyStrictOpenAICompliance, .portkeyCacheForceRefresh, .portkeyCacheNamespace,
            .portkeyDebug, .otherPortkey))
        return names
    }
}
