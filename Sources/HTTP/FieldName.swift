public import Bytes

/// A field name this gateway does something about; every other name is `.other`.
///
/// The raw value is an index: tables and sets by name are arrays and bit masks.
@frozen
public enum FieldName: UInt8, CaseIterable, Sendable, BitwiseCopyable {
    case other
    // Framing and routing.
    case host, contentLength, transferEncoding, connection, expect, upgrade
    // Hop by hop (RFC 9110 §7.6.1) and proxies' own.
    case keepAlive, proxyConnection, proxyAuthenticate, proxyAuthorization, te, trailer, http2Settings
    // Content.
    case contentType, contentEncoding, acceptEncoding, accept, cacheControl, xAccelBuffering
    // Credentials and the providers' own.
    case authorization, xAPIKey, apiKey, cookie, anthropicVersion, anthropicBeta
    case openAIOrganization, openAIProject, openAIBeta
    // The rest of HTTP.
    case traceparent, baggage, userAgent, date, server, retryAfter, location, origin, secFetchSite
    // What proxies say of themselves.
    case forwarded, via, xForwardedFor, xForwardedHost, xForwardedProto, xRealIP
    /// Any name that starts with `access-control-` (the Fetch Standard's CORS protocol).
    case accessControl
    // x-portkey-*: routing by the client.
    case portkeyAPIKey, portkeyConfig, portkeyProvider, portkeyVirtualKey, portkeyCustomHost
    case portkeyForwardHeaders, portkeyRequestTimeout, portkeyMetadata, portkeyTraceID
    case portkeyStrictOpenAICompliance, portkeyCacheForceRefresh, portkeyCacheNamespace, portkeyDebug
    /// Any other name that starts with `x-portkey-`.
    case otherPortkey
    /// Any name that starts with `x-sluice-`.
    case sluice
    /// Any name that starts with `x-stainless-`: what the providers' SDKs say of themselves, eight fields a request.
    case stainless

    /// How many names there are; all raw values are below it.
    public static let count = Int(FieldName.stainless.rawValue) + 1
}

extension FieldName {
    /// The name spelled by `bytes`, in any case.
    ///
    /// `bytes` must be a token (RFC 9110 §5.6.2): then setting bit 5 folds capitals and turns no other
    /// byte into a letter, a digit or a hyphen, so that eight bytes are compared at a time.
    public init(token bytes: ByteSlice) {
        self = FieldName.classify(bytes.base, bytes.count)
    }

    @inline(__always)
    static func classify(_ name: UnsafePointer<UInt8>, _ count: Int) -> FieldName {
        switch count {
        case 2: if spells(name, "te") { return .te }
        case 3: if spells(name, "via") { return .via }
        case 4:
            if spells(name, "host") { return .host }
            if spells(name, "date") { return .date }
        case 6:
            if spells(name, "accept") { return .accept }
            if spells(name, "cookie") { return .cookie }
            if spells(name, "server") { return .server }
            if spells(name, "expect") { return .expect }
            if spells(name, "origin") { return .origin }
        case 7:
            if spells(name, "api-key") { return .apiKey }
            if spells(name, "baggage") { return .baggage }
            if spells(name, "upgrade") { return .upgrade }
            if spells(name, "trailer") { return .trailer }
        case 8: if spells(name, "location") { return .location }
        case 9:
            if spells(name, "x-api-key") { return .xAPIKey }
            if spells(name, "forwarded") { return .forwarded }
            if spells(name, "x-real-ip") { return .xRealIP }
        case 10:
            if spells(name, "connection") { return .connection }
            if spells(name, "user-agent") { return .userAgent }
            if spells(name, "keep-alive") { return .keepAlive }
        case 11:
            if spells(name, "traceparent") { return .traceparent }
            if spells(name, "openai-beta") { return .openAIBeta }
            if spells(name, "retry-after") { return .retryAfter }
        case 12: if spells(name, "content-type") { return .contentType }
        case 13:
            if spells(name, "authorization") { return .authorization }
            if spells(name, "cache-control") { return .cacheControl }
        case 14:
            if spells(name, "content-length") { return .contentLength }
            if spells(name, "anthropic-beta") { return .anthropicBeta }
            if spells(name, "openai-project") { return .openAIProject }
            if spells(name, "http2-settings") { return .http2Settings }
            if spells(name, "sec-fetch-site") { return .secFetchSite }
        case 15:
            if spells(name, "accept-encoding") { return .acceptEncoding }
            if spells(name, "x-forwarded-for") { return .xForwardedFor }
        case 16:
            if spells(name, "content-encoding") { return .contentEncoding }
            if spells(name, "proxy-connection") { return .proxyConnection }
            if spells(name, "x-forwarded-host") { return .xForwardedHost }
        case 17:
            if spells(name, "transfer-encoding") { return .transferEncoding }
            if spells(name, "anthropic-version") { return .anthropicVersion }
            if spells(name, "x-accel-buffering") { return .xAccelBuffering }
            if spells(name, "x-forwarded-proto") { return .xForwardedProto }
        case 18: if spells(name, "proxy-authenticate") { return .proxyAuthenticate }
        case 19:
            if spells(name, "proxy-authorization") { return .proxyAuthorization }
            if spells(name, "openai-organization") { return .openAIOrganization }
        default: break
        }
        if count > 15, spells(name, "access-control-") { return .accessControl }
        guard count > 9, name[0] | 0x20 == UInt8(ascii: "x"), name[1] == UInt8(ascii: "-") else { return .other }
        return classifyOwn(name, count)
    }

    /// Names that start with `x-portkey-`, `x-sluice-` or `x-stainless-`.
    private static func classifyOwn(_ name: UnsafePointer<UInt8>, _ count: Int) -> FieldName {
        if spells(name, "x-sluice-") { return .sluice }
        guard count > 10, spells(name, "x-portkey-") else { return count > 12 && spells(name, "x-stainless-") ? .stainless : .other }
        let rest = name + 10
        switch count - 10 {
        case 5: if spells(rest, "debug") { return .portkeyDebug }
        case 6: if spells(rest, "config") { return .portkeyConfig }
        case 7: if spells(rest, "api-key") { return .portkeyAPIKey }
        case 8:
            if spells(rest, "provider") { return .portkeyProvider }
            if spells(rest, "metadata") { return .portkeyMetadata }
            if spells(rest, "trace-id") { return .portkeyTraceID }
        case 11:
            if spells(rest, "virtual-key") { return .portkeyVirtualKey }
            if spells(rest, "custom-host") { return .portkeyCustomHost }
        case 15:
            if spells(rest, "forward-headers") { return .portkeyForwardHeaders }
            if spells(rest, "request-timeout") { return .portkeyRequestTimeout }
            if spells(rest, "cache-namespace") { return .portkeyCacheNamespace }
        case 19: if spells(rest, "cache-force-refresh") { return .portkeyCacheForceRefresh }
        case 25: if spells(rest, "strict-open-ai-compliance") { return .portkeyStrictOpenAICompliance }
        default: break
        }
        return .otherPortkey
    }

    /// Whether `literal`, of lower-case letters, digits and hyphens, stands at `name` in any case.
    /// The caller has checked that `name` has at least the literal's length.
    @inline(__always)
    private static func spells(_ name: UnsafePointer<UInt8>, _ literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        let wanted = literal.utf8Start
        if count >= 8 {
            var at = 0
            while at + 8 <= count {
                if word(name + at) | 0x2020_2020_2020_2020 != word(wanted + at) { return false }
                at += 8
            }
            return word(name + (count - 8)) | 0x2020_2020_2020_2020 == word(wanted + (count - 8))
        }
        if count >= 4 {
            return half(name) | 0x2020_2020 == half(wanted)
                && half(name + (count - 4)) | 0x2020_2020 == half(wanted + (count - 4))
        }
        for at in 0..<count where name[at] | 0x20 != wanted[at] { return false }
        return true
    }

    @inline(__always)
    private static func word(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
        UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self)
    }

    @inline(__always)
    private static func half(_ bytes: UnsafePointer<UInt8>) -> UInt32 {
        UnsafeRawPointer(bytes).loadUnaligned(as: UInt32.self)
    }
}
