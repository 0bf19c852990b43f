import Bytes
import HTTP
import Reactor

/// How a request's body is taken, and how far that has come.
///
/// Offsets count from the request's first byte in the client's inbound block.
struct RequestBody: ~Copyable {
    enum Mode {
        case none
        /// Read to its end before the request is decided.
        case collected
        /// Passed on as it comes.
        case streamed
    }

    var mode = Mode.none
    var isWhole = false
    var isMultipart = false
    /// What may be collected, where that is less than a provider's request may have.
    var byteLimit = Int.max
    /// Where the collected body stands, once it is whole.
    var range = 0..<0
    /// All bytes of the request on the wire that were collected: head, and body with its framing.
    var consumedCount = 0

    /// Of a chunked body: the decoder, the end of the payload decoded in place, and where undecoded bytes start.
    var decoder = ChunkedDecoder()
    var decodedEnd = 0
    var undecodedStart = 0

    /// Of a streamed body with a length: what is still to come.
    var remaining: Int64 = 0

    var startedAt = Instant(nanoseconds: 0)
    /// Body bytes received, for the rate they must keep.
    var receivedCount: Int64 = 0
    /// Of these, what came before `startedAt`.
    var uncountedCount: Int64 = 0
    var hasSentContinue = false
    /// Whether any of a streamed body has been sent upstream: it cannot be sent again.
    var hasLeft = false
    /// Whether the request's bytes, or its head's if its body is streamed, have been given up.
    var isConsumed = false

    mutating func reset() { self = RequestBody() }
}

extension Exchange {
    /// Reads the body to its end; false when more has to come first.
    func collectBody(_ client: Client) throws(Rejection) -> Bool {
        if body.isWhole { return true }
        if body.startedAt.nanoseconds == 0 { body.startedAt = worker.now }
        switch request.framing {
        case .none, .untilClose:
            body.range = headByteCount..<headByteCount
            body.consumedCount = headByteCount
            body.isWhole = true
            return true
        case .length(let length): return try collect(length, client)
        case .chunked: return try collectChunked(client)
        }
    }

    private func collect(_ length: Int64, _ client: Client) throws(Rejection) -> Bool {
        guard length <= Int64(bodyByteLimit) else { throw bodyTooLarge }
        let needed = headByteCount + Int(length)
        while client.unread.count < needed {
            // What has come, doubled: a length alone must not hold memory that its bytes do not fill.
            try readBody(client, capacity: min(needed, max(2 * client.unread.count, BufferLimits.largestPooledBlockByteCount)))
            if client.unread.count < needed, !client.isReadable { return false }
        }
        body.range = headByteCount..<needed
        body.consumedCount = needed
        body.isWhole = true
        client.clearDeadline()
        return true
    }

    /// Decodes in place: payload moves down over its framing, so that the body lies in one piece.
    private func collectChunked(_ client: Client) throws(Rejection) -> Bool {
        if body.decodedEnd == 0 {
            body.decoder = ChunkedDecoder(limits: worker.limits.http)
            body.decodedEnd = headByteCount
            body.undecodedStart = headByteCount
        }
        while true {
            if body.undecodedStart < client.unread.count {
                if try decodeChunks(client) {
                    body.range = headByteCount..<body.decodedEnd
                    body.consumedCount = body.undecodedStart
                    body.isWhole = true
                    client.clearDeadline()
                    return true
                }
            }
            guard client.isReadable else {
                try readBody(client, capacity: 0)
                return false
            }
            try readBody(client, capacity: client.unread.count + BufferLimits.smallestBlockByteCount)
        }
    }

    /// Decodes what is there; true at the body's end.
    private func decodeChunks(_ client: Client) throws(Rejection) -> Bool {
        let base = body.undecodedStart
        let slice = client.unread.dropFirst(base)
        var at = 0
        do throws(HTTPError) {
            while true {
                switch try body.decoder.next(slice, from: at) {
                case .payload(let run):
                    guard body.decodedEnd - headByteCount + run.count <= bodyByteLimit else { throw .headTooLong(limit: 0) }
                    client.compact(base + run.lowerBound..<base + run.upperBound, to: body.decodedEnd)
                    body.decodedEnd += run.count
                    at = run.upperBound
                case .needMore:
                    // Framing that has been read must not pile up: chunks of one byte would cost six.
                    client.truncate(to: body.decodedEnd)
                    body.undecodedStart = body.decodedEnd
                    return false
                case .end(let end):
                    body.undecodedStart = base + end
                    return true
                }
            }
        } catch {
            if case .headTooLong = error { throw bodyTooLarge }
            throw Rejection(malformed: error)
        }
    }

    /// Reads once, or says why not; sets the deadline by which more must have come.
    private func readBody(_ client: Client, capacity: Int) throws(Rejection) {
        sendContinue(client)
        switch client.fill(capacity: max(capacity, BufferLimits.smallestBlockByteCount)) {
        case .filled:
            body.receivedCount += Int64(client.foundCount)
            client.setDeadline(bodyDeadline)
        case .blocked:
            client.setDeadline(bodyDeadline)
        case .ended, .failed:
            // Half a request is no request: there is nobody to answer.
            client.close()
            throw .clientGone
        case .noMemory:
            throw Rejection(.overloaded)
        }
    }

    /// When the rate would have fallen below the least allowed.
    var bodyDeadline: Instant {
        // Seconds first: a long upload times a thousand million would not fit. A sender ahead of the rate
        // earns no more than another grace from now, or a fast start would buy hours of silence.
        let rate = UInt64(max(1, worker.limits.bodyBytesPerSecond))
        let earnedSeconds = min(UInt64(clamping: body.receivedCount - body.uncountedCount) / rate, 1 << 30)
        let byRate = body.startedAt.adding(nanoseconds: worker.limits.bodyGraceNanoseconds).adding(nanoseconds: earnedSeconds * 1_000_000_000)
        return min(byRate, worker.now.adding(nanoseconds: worker.limits.bodyGraceNanoseconds))
    }

    /// Tells a client that waits for it to send its body (RFC 9110 §10.1.1).
    func sendContinue(_ client: Client) {
        guard request.expectsContinue, !body.hasSentContinue else { return }
        body.hasSentContinue = true
        guard client.unread.count == headByteCount else { return }
        worker.runs.append("HTTP/1.1 100 Continue\r\n\r\n")
        _ = client.send(&worker.runs)
    }

    private var bodyByteLimit: Int { min(body.byteLimit, worker.limits.bodyByteCount) }

    private var bodyTooLarge: Rejection {
        var rejection = Rejection(.bodyTooLarge, "the request body is larger than \(bodyByteLimit) bytes")
        rejection.closesConnection = true
        return rejection
    }
}
