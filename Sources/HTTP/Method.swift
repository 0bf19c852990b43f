public import Bytes

/// A request method this gateway passes on. Others are refused with 501 (RFC 9110 §9.1).
public enum Method: UInt8, Sendable, CaseIterable {
    case get, head, post, put, delete, options, patch, trace, connect
    // Of WebDAV and others; nothing here depends on their meaning.
    case query, search, copy, move, lock, unlock, link, unlink, bind, rebind, unbind, acl, mkcol, merge
    case report, notify, purge, source, subscribe, unsubscribe, propfind, proppatch, checkout
    case mkactivity, mkcalendar, msearch

    /// The method spelled by `bytes`; methods are case-sensitive.
    public init?(_ bytes: ByteSlice) {
        switch bytes.count {
        case 3: if bytes == "GET" { self = .get; return }
        case 4:
            if bytes == "POST" { self = .post; return }
            if bytes == "HEAD" { self = .head; return }
        default: break
        }
        // `allCases` would be an array made for each request.
        var index: UInt8 = 0
        while let method = Method(rawValue: index) {
            if bytes == method.spelling {
                self = method
                return
            }
            index += 1
        }
        return nil
    }

    public var spelling: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .patch: "PATCH"
        case .trace: "TRACE"
        case .connect: "CONNECT"
        case .query: "QUERY"
        case .search: "SEARCH"
        case .copy: "COPY"
        case .move: "MOVE"
        case .lock: "LOCK"
        case .unlock: "UNLOCK"
        case .link: "LINK"
        case .unlink: "UNLINK"
        case .bind: "BIND"
        case .rebind: "REBIND"
        case .unbind: "UNBIND"
        case .acl: "ACL"
        case .mkcol: "MKCOL"
        case .merge: "MERGE"
        case .report: "REPORT"
        case .notify: "NOTIFY"
        case .purge: "PURGE"
        case .source: "SOURCE"
        case .subscribe: "SUBSCRIBE"
        case .unsubscribe: "UNSUBSCRIBE"
        case .propfind: "PROPFIND"
        case .proppatch: "PROPPATCH"
        case .checkout: "CHECKOUT"
        case .mkactivity: "MKACTIVITY"
        case .mkcalendar: "MKCALENDAR"
        case .msearch: "M-SEARCH"
        }
    }

    /// Whether repeating the request has the effect of sending it once (RFC 9110 §9.2.2).
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace, .query, .search, .propfind, .report: true
        default: false
        }
    }
}
