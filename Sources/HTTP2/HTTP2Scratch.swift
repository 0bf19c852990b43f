import Bytes
import CNghttp2
import HTTP

/// Where the fields of a head are laid out for nghttp2; one serves all sessions of a worker in turn.
public final class HTTP2Scratch {
    let fields: UnsafeMutablePointer<nghttp2_nv>

    public init() { fields = .allocate(capacity: HTTP2Limits.headFields) }

    deinit { fields.deallocate() }

    /// Lays out the fields of an HTTP/1.1 response's head, the status first; nil when they are too many or it is no such head.
    ///
    /// They point into `head`. Names are put into lower case by nghttp2, as it copies them.
    func read(_ head: ByteSlice) -> Int? {
        // `HTTP/1.1 200 `, written by us.
        guard head.count > 13, head.hasPrefix("HTTP/1.1 ") else { return nil }
        set(0, ByteSlice(":status"), head[9..<12])
        var count = 1
        guard let at = nextLine(head, after: 12), readFields(head, from: at, &count) != nil else { return nil }
        return count
    }

    /// Lays out the fields of an HTTP/1.1 request's head, its line first; nil when they are too many or it is no such head.
    ///
    func read(request head: ByteSlice, isTLS: Bool) -> Int? {
        guard let lineEnd = head.firstIndex(of: UInt8(ascii: "\r")), let methodEnd = head.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let version = ByteSlice(" HTTP/1.1")
        let pathEnd = lineEnd - version.count
        guard methodEnd > 0, methodEnd + 1 < pathEnd, head[pathEnd..<lineEnd] == version else { return nil }
        set(0, ByteSlice(":method"), head[0..<methodEnd])
        set(1, ByteSlice(":scheme"), isTLS ? ByteSlice("https") : ByteSlice("http"))
        set(2, ByteSlice(":path"), head[(methodEnd + 1)..<pathEnd])
        var count = 4
        guard let at = nextLine(head, after: lineEnd), let host = readFields(head, from: at, &count), !host.isEmpty else { return nil }
        set(3, ByteSlice(":authority"), host)
        return count
    }

    /// Lays out the field lines; the value of `host`, which is none of them, or empty. Nil when they are too many.
    ///
    /// Some are marked as never to be indexed (RFC 7541 §6.2.3). Credentials, since callers of different trust share the connection's table
    /// (§7.1.3); and what no two messages have alike, which would push all else out of the table, at the cost of two allocations each.
    private func readFields(_ head: ByteSlice, from start: Int, _ count: inout Int) -> ByteSlice? {
        var at = start
        var host = ByteSlice("")
        while let end = head.firstIndex(of: UInt8(ascii: "\r"), from: at), end > at {
            guard let colon = head.firstIndex(of: UInt8(ascii: ":"), from: at), colon < end, count < HTTP2Limits.headFields else { return nil }
            let name = head[at..<colon]
            let known = FieldName(token: name)
            switch known {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade: break
            case .host: host = head[(colon + 1)..<end].trimmed
            default:
                set(count, name, head[(colon + 1)..<end].trimmed, isIndexed: !HTTP2Scratch.isSecret(name, known) && !HTTP2Scratch.isUnique(name, known))
                count += 1
            }
            at = end + 2
        }
        return host
    }

    private static func isSecret(_ name: ByteSlice, _ known: FieldName) -> Bool {
        switch known {
        case .authorization, .xAPIKey, .apiKey, .cookie, .proxyAuthorization: true
        case .other: name.equalsIgnoringCase("x-goog-api-key") || name.equalsIgnoringCase("x-amz-security-token")
        default: false
        }
    }

    private static func isUnique(_ name: ByteSlice, _ known: FieldName) -> Bool {
        switch known {
        case .traceparent, .portkeyTraceID: true
        case .other:
            switch name.count {
            case 10: name.equalsIgnoringCase("request-id")
            case 12: name.equalsIgnoringCase("x-request-id")
            case 19: name.equalsIgnoringCase("x-sluice-request-id") || name.equalsIgnoringCase("x-client-request-id")
            default: false
            }
        default: false
        }
    }

    private func nextLine(_ head: ByteSlice, after at: Int) -> Int? {
        head.firstIndex(of: UInt8(ascii: "\n"), from: at).map { $0 + 1 }
    }

    private func set(_ index: Int, _ name: ByteSlice, _ value: ByteSlice, isIndexed: Bool = true) {
        fields.advanced(by: index).initialize(
            to: nghttp2_nv(
                name: UnsafeMutablePointer(mutating: name.base), value: UnsafeMutablePointer(mutating: value.base), namelen: name.count,
                valuelen: value.count, flags: UInt8((isIndexed ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX).rawValue)))
    }
}
