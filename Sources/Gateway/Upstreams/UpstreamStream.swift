import Bytes
import Glibc
import HTTP
import HTTP2
import Reactor

/// One stream of an upstream's HTTP/2 connection, as an exchange's upstream.
///
/// It is written to and read from in HTTP/1.1's words. What is sent waits here until the connection takes it for HEADERS and DATA,
/// from where it lies. What comes waits here until the exchange reads it, and only then does the window open again: a client that
/// takes nothing costs its stream's window and nothing else.
final class UpstreamStream: UpstreamCall, HTTP2Member {
    private let connection: HTTP2Upstream
    private var exchange: Exchange?
    /// Zero until the request has been submitted.
    private(set) var identifier: Int32 = 0
    var position = 0
    var isStirred = false
    var isWriting = false
    /// It counts among the connection's open streams.
    var isCounted = true
    // The request.
    private enum RequestFraming {
        case length(Int64)
        case chunked(ChunkedDecoder)
    }
    private var requestFraming: RequestFraming?
    private var isRequestWhole = false
    private var isHead = false
    private var isIdempotent = false
    private var hasHeadLeft = false
    /// Bytes of the connection that had been written before the head was.
    private var headOffset: UInt64 = 0

    // The answer.
    private var head: Block?
    private var headCount = 0
    private var headTaken = 0
    private var framing: ResponseHeadBuilder.Framing?
    private var payload = ByteQueue()
    /// The answer is whole.
    private var isEnded = false
    /// Its last chunk has been handed over.
    private var isEndSaid = false
    /// Nothing more comes.
    private var isFailed = false
    private var hasBrokenRules = false
    private var isShort = false

    /// The stream is closed at both ends.
    private(set) var isClosed = false
    private var isOver = false

    init(of connection: HTTP2Upstream, for exchange: Exchange, token: Token) {
        self.connection = connection
        self.exchange = exchange
        super.init(nil, pool: connection.transport.pool, token: token)
    }

    override var version: HTTPVersion { .http2 }
    override func makingNanoseconds(since begin: Instant) -> UInt64 { connection.transport.makingNanoseconds(since: begin) }
    override var isMalformed: Bool { hasBrokenRules }

    // MARK: Events

    func proceed() { exchange?.advance() }

    func deadlinePassed() { exchange?.upstreamDeadlinePassed(self) }

    // MARK: The request

    /// Keeps the runs for the connection's next write. The first begins with the whole head.
    override func send(_ runs: inout RunList) -> Sent {
        defer { runs.removeAll() }
        guard !isOver, !isFailed else { return .failed }
        var first = 0
        if requestFraming == nil {
            guard !runs.isEmpty, let headEnd = runs.runs[0].firstRange(of: ByteSlice("\r\n\r\n"))?.upperBound else { return .failed }
            readFraming(runs.runs[0].prefix(headEnd))
            keep(runs.runs[0].prefix(headEnd))
            if headEnd < runs.runs[0].count { keep(payload: runs.runs[0].dropFirst(headEnd)) }
            first = 1
        }
        for index in first..<max(first, runs.count) { keep(payload: runs.runs[index]) }
        keepBlocks(of: &runs)
        connection.note(self)
        return .part
    }

    private func readFraming(_ head: ByteSlice) {
        let method = head.firstIndex(of: UInt8(ascii: " ")).flatMap { HTTP.Method(head.prefix($0)) }
        isHead = method == .head
        isIdempotent = method?.isIdempotent == true
        requestFraming = .length(0)
        var at = head.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? head.count
        while let end = head.firstIndex(of: UInt8(ascii: "\r"), from: at), end > at {
            if let colon = head.firstIndex(of: UInt8(ascii: ":"), from: at), colon < end {
                switch FieldName(token: head[at..<colon]) {
                case .contentLength: requestFraming = .length(head[(colon + 1)..<end].trimmed.decimal ?? 0)
                case .transferEncoding: requestFraming = .chunked(ChunkedDecoder(limits: worker.limits.http))
                default: break
                }
            }
            at = end + 2
        }
        if case .length(0) = requestFraming { isRequestWhole = true }
    }

    /// Keeps what of a run is payload: frames say what chunks say in HTTP/1.1.
    private func keep(payload run: ByteSlice) {
        switch requestFraming {
        case .length(let remaining)?:
            keep(run)
            requestFraming = .length(remaining - Int64(run.count))
            isRequestWhole = remaining <= Int64(run.count)
        case .chunked(var decoder)?:
            var at = 0
            // They are chunks of ours.
            while let step = try? decoder.next(run, from: at) {
                if case .payload(let range) = step {
                    keep(run[range])
                    at = range.upperBound
                    continue
                }
                if case .end = step { isRequestWhole = true }
                break
            }
            requestFraming = .chunked(decoder)
        case nil: break
        }
    }

    /// What waits leaves with the connection's writes.
    override func flush() -> Sent {
        if isOver || isFailed { return .failed }
        return hasUnsent ? .part : .all
    }

    /// Begins the stream, if it has a head to begin with, or says that there is more of its body.
    func submit(to session: HTTP2ClientSession, isTLS: Bool) {
        guard !isOver, !isFailed, !isClosed else { return }
        if identifier > 0 { return session.resume(identifier) }
        guard let head = nextUnsent else { return }
        dropUnsent(head.count)
        guard let begun = session.request(head: head, isTLS: isTLS, hasBody: hasUnsent || !isRequestWhole, tag: token.rawValue) else {
            fail()
            return stir()
        }
        identifier = begun
    }

    /// What waits, as far as it fits into `runs` runs.
    func waiting(upTo most: Int, runs: Int) -> HTTP2Waiting {
        guard !isOver else { return HTTP2Waiting(byteCount: 0, after: .reset(.cancel)) }
        let unsent = unsentByteCount(upTo: most, runs: runs)
        return HTTP2Waiting(byteCount: unsent.count, after: unsent.isAll && isRequestWhole ? .end : .more)
    }

    /// Moves the next bytes into the connection's write: a few are copied behind their frame's header, so that one run holds both.
    func give(_ byteCount: Int, to frames: inout FrameList) {
        if byteCount <= GatewayLimits.joinedDataByteCount, let place = frames.claim(byteCount) {
            copyUnsent(byteCount, to: place)
        } else {
            moveUnsent(byteCount, to: &frames.runs)
        }
    }

    /// The head is in the write that is being made.
    func headLeft() {
        hasHeadLeft = true
        headOffset = connection.transport.wireByteCount
    }

    func wrote() {
        guard !isOver, !isFailed, !hasUnsent else { return }
        // They are with the socket, or copied.
        dropHeld()
        exchange?.upstreamTook(self)
    }

    // MARK: The answer

    /// What a header block of the stream is.
    var awaited: HTTP2ClientSession.Awaited {
        if framing != nil { return .trailers }
        return isHead ? .headAlone : .head
    }

    func take(_ head: consuming ResponseHeadBuilder.Head, isEnded: Bool) {
        guard !isOver else { return }
        framing = head.framing
        headCount = head.count
        self.head = head.takeBlock()
        self.isEnded = isEnded
        stir()
    }

    func take(_ bytes: ByteSlice) {
        guard !isOver, !isFailed else { return }
        guard payload.append(bytes, worker.blocks) else {
            isShort = true
            fail()
            return stir()
        }
        stir()
    }

    func takeEnd() {
        isEnded = true
        stir()
    }

    private func stir() {
        isReadable = true
        connection.stir(self)
    }

    /// The next of the answer as HTTP/1.1 would have sent it.
    override func read(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) -> Transfer {
        var writer = ByteWriter(memory, capacity: capacity)
        takeHead(into: &writer, capacity)
        if headTaken == headCount { takePayload(into: &writer, capacity) }
        isReadable = headTaken < headCount || !payload.isEmpty || isEnded || isFailed
        if writer.count > 0 { return .moved(writer.count) }
        if isFailed { return .failed(ECONNRESET) }
        if isEnded { return .closed }
        isReadable = false
        return .blocked
    }

    private func takeHead(into writer: inout ByteWriter, _ capacity: Int) {
        guard let block = head.take() else { return }
        let count = min(headCount - headTaken, capacity)
        writer.append(block.slice(headTaken..<headTaken + count))
        headTaken += count
        if headTaken < headCount { head = consume block }
    }

    private func takePayload(into writer: inout ByteWriter, _ capacity: Int) {
        guard let framing else { return }
        let isOpen = framing == .open
        let room = capacity - writer.count - (isOpen ? GatewayLimits.chunkLineByteCount : 0)
        let count = min(payload.count, max(0, room))
        if count > 0 {
            switch framing {
            case .none: break
            case .length: writer.append(payload.prefix(count))
            case .open:
                writer.append(chunkSize: count)
                writer.append(payload.prefix(count))
                writer.append("\r\n")
            }
            payload.dropFirst(count)
            if !isEnded { connection.open(identifier, for: count) }
        }
        if isOpen, isEnded, payload.isEmpty, !isEndSaid, capacity - writer.count >= 5 {
            writer.append("0\r\n\r\n")
            isEndSaid = true
        }
    }

    // MARK: Ending

    /// The peer has broken the protocol in what it says on this stream.
    func noteMalformed() { hasBrokenRules = true }

    /// The stream has been closed by whichever side.
    func noteClosed(_ code: HTTP2ErrorCode) {
        isClosed = true
        guard !isOver, !isEnded else { return }
        if code == .refusedStream {
            // It was not and will not be looked at (RFC 9113 §8.7), whatever came of others.
            isFailed = true
            isReused = true
            return stir()
        }
        fail()
        stir()
    }

    /// Fails what has not left yet: its connection takes no more.
    func failUnsent() {
        guard identifier == 0 else { return }
        fail()
        worker.resume(token)
    }

    /// The connection is no more; of what was written to it the peer's host has acknowledged so many bytes.
    ///
    /// What it has not acknowledged nobody has read, and what may be done twice is no matter. Anything else may be under way there,
    /// or done (RFC 9113 §8.7).
    func lose(acknowledged: UInt64) { fail(mayRepeat: acknowledged <= headOffset || isIdempotent) }

    /// Nothing more comes. What never left may be asked again.
    func fail() { fail(mayRepeat: false) }

    private func fail(mayRepeat: Bool) {
        guard !isFailed, !isEnded else { return }
        isFailed = true
        isReused = !hasHeadLeft && !isShort || isReused && framing == nil && mayRepeat
        isReadable = true
    }

    override func release() { finish(inVain: false) }
    override func discard() { finish(inVain: hasHeadLeft && !isEnded && !isFailed) }

    /// Lets go of everything: nothing more is heard or said.
    private func finish(inVain: Bool) {
        guard !isOver else { return }
        isOver = true
        exchange = nil
        dropInbound()
        head = nil
        payload.removeAll()
        closeTransport()
        connection.finish(self, inVain: inVain)
    }
}

/// Bytes that were received and not yet taken.
struct ByteQueue: ~Copyable {
    private var block: Block?
    private var taken = 0
    private var filled = 0

    var count: Int { filled - taken }
    var isEmpty: Bool { count == 0 }

    /// False when there is no memory.
    mutating func append(_ bytes: ByteSlice, _ blocks: BlockPool) -> Bool {
        guard let current = block.take() else {
            guard let first = blocks.lease(atLeast: bytes.count) else { return false }
            first.copy(bytes, to: 0)
            block = consume first
            taken = 0
            filled = bytes.count
            return true
        }
        if current.capacity - filled >= bytes.count {
            current.copy(bytes, to: filled)
            filled += bytes.count
            block = consume current
            return true
        }
        let held = count
        guard let larger = blocks.lease(atLeast: max(held + bytes.count, 2 * held)) else {
            block = consume current
            return false
        }
        larger.copy(current.slice(taken..<filled), to: 0)
        larger.copy(bytes, to: held)
        block = consume larger
        taken = 0
        filled = held + bytes.count
        return true
    }

    /// The first `byteCount` bytes, valid until the queue changes.
    func prefix(_ byteCount: Int) -> ByteSlice {
        switch block {
        case .some(let block): block.slice(taken..<taken + byteCount)
        case nil: ByteSlice("")
        }
    }

    mutating func dropFirst(_ byteCount: Int) {
        taken += byteCount
        if taken == filled { removeAll() }
    }

    mutating func removeAll() {
        block = nil
        taken = 0
        filled = 0
    }
}
