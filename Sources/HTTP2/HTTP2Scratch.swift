import Bytes
import CNghttp2
import HTTP

/// Where the fields of an answer's head are laid out for nghttp2; one serves all sessions of a worker in turn.
public final class HTTP2Scratch {
    let fields: UnsafeMutablePointer<nghttp2_nv>

    public init() { fields = .allocate(capacity: HTTP2Limits.answerFields) }

    deinit { fields.deallocate() }

    /// Lays out the fields of an HTTP/1.1 response's head, the status first; nil when they are too many or it is no such head.
    ///
    /// They point into `head`. Names are put into lower case by nghttp2, as it copies them.
    func read(_ head: ByteSlice) -> Int? {
        // `HTTP/1.1 200 `, written by us.
        guard head.count > 13, head.hasPrefix("HTTP/1.1 ") else { return nil }
        set(0, ByteSlice(":status"), head[9..<12])
        var count = 1
        guard var at = nextLine(head, after: 12) else { return nil }
        while let end = head.firstIndex(of: UInt8(ascii: "\r"), from: at), end > at {
            guard let colon = head.firstIndex(of: UInt8(ascii: ":"), from: at), colon < end, count < HTTP2Limits.answerFields else { return nil }
            let name = head[at..<colon]
            switch FieldName(token: name) {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade: break
            default:
                set(count, name, head[(colon + 1)..<end].trimmed)
                count += 1
            }
            at = end + 2
        }
        return count
    }

    private func nextLine(_ head: ByteSlice, after at: Int) -> Int? {
        head.firstIndex(of: UInt8(ascii: "\n"), from: at).map { $0 + 1 }
    }

    private func set(_ index: Int, _ name: ByteSlice, _ value: ByteSlice) {
        fields.advanced(by: index).initialize(
            to: nghttp2_nv(
                name: UnsafeMutablePointer(mutating: name.base), value: UnsafeMutablePointer(mutating: value.base), namelen: name.count,
                valuelen: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
    }
}
