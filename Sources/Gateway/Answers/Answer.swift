import Bytes
import Cache
import HTTP
import Providers

/// The answer on its way from the upstream to the client.
struct Answer: ~Copyable {
    enum State {
        case head, body, done
    }

    /// How the body is framed for the client.
    enum Framing {
        /// No body, or as many bytes as the head says.
        case length
        case chunked
        /// An HTTP/1.0 client: the body ends with the connection.
        case close
        /// The connection's own frames say where it ends.
        case frames
    }

    var state = State.head
    private(set) var upstreamFraming = BodyFraming.none
    private(set) var framing = Framing.length
    var clientReusable = false
    var upstreamReusable = false
    /// What the client got stops before its end.
    private(set) var isBroken = false
    /// Bytes of an answer have gone to the client: no other can be given.
    var isCommitted = false

    private(set) var isStream = false
    /// The body's length is no longer what the upstream's head says.
    private(set) var isReframed = false
    private(set) var readsUsage = false
    /// There was no memory to pass a read's bytes on.
    private(set) var isShort = false
    /// This read's bytes go on with the framing they came with.
    private var isRaw = false
    /// Another request's answer, which is this one's as well, has ended inside an event.
    var stopsMidEvent = false
    /// A 429 says that money is spent, not that requests came too fast.
    var isQuotaSpent = false
    /// What a 429 asks to wait.
    var retryAfterMilliseconds: UInt64?
    var status = 0
    private var remaining: Int64 = 0
    var translated = TranslatedAnswer()
    private var decoder = ChunkedDecoder()
    private var watch = StreamWatch()
    var usage = UsageReader(.openAI)

    mutating func reset() {
        state = .head
        status = 0
        retryAfterMilliseconds = nil
        isQuotaSpent = false
        clientReusable = false
        upstreamReusable = false
        isBroken = false
        isCommitted = false
        isStream = false
        isShort = false
        stopsMidEvent = false
        readsUsage = false
        translated.reset()
        watch.reset()
    }

    /// What it has told of usage is another attempt's than the one that goes on.
    mutating func forgetUsage() { readsUsage = false }

    /// Whether the bytes sent so far stop inside an event.
    var isMidEvent: Bool { watch.isMidEvent || stopsMidEvent }

    // MARK: Beginning

    struct Request {
        var version: HTTPVersion
        var dialect: Dialect
        var reportsUsage: Bool
        var addedUsage: Bool
        /// Whether an event of ours stands before its own: its length is then not the upstream's.
        var addsEvent = false
        /// How the answer is said again, if it is not passed on.
        var mode = TranslatedAnswer.Mode.none
    }

    /// Takes the upstream's head for the answer's.
    mutating func begin(_ head: borrowing ResponseHead, in bytes: ByteSlice, for request: Request, limits: HTTPLimits) {
        status = head.status
        upstreamFraming = head.framing
        upstreamReusable = head.keepAlive
        state = .body
        switch head.framing {
        case .none:
            framing = .length
        case .length(let length):
            framing = .length
            remaining = length
        case .chunked:
            framing = Answer.openFraming(request.version)
            decoder = ChunkedDecoder(limits: limits)
        case .untilClose:
            framing = Answer.openFraming(request.version)
            upstreamReusable = false
        }
        switch request.mode {
        case .none: break
        case .whole, .error, .held, .stored: framing = .length
        case .stream, .rows: framing = Answer.openFraming(request.version)
        }
        isReframed = request.addsEvent && framing == .length
        // What has no body has no chunks.
        if case .none = head.framing { isReframed = false }
        if isReframed { framing = Answer.openFraming(request.version) }
        if framing == .close { clientReusable = false }
        // Whatever a file calls itself, it is no stream of events.
        isStream = request.mode == .stream || request.mode != .rows && request.mode != .stored && head.fields.sayEventStream(in: bytes)
        readsUsage = request.reportsUsage && status == 200
        if readsUsage { usage.reset(request.dialect) }
        if isStream { watch.begin(removingUsage: request.addedUsage && readsUsage && framing != .length) }
    }

    /// How a body is framed whose length nobody knows yet.
    static func openFraming(_ version: HTTPVersion) -> Framing {
        switch version {
        case .http10: .close
        case .http11: .chunked
        case .http2: .frames
        }
    }

    /// Makes it an answer that no upstream is asked for: one of the cache, or another request's.
    mutating func beginReplay(isStream: Bool, _ framing: Framing) {
        status = 200
        upstreamFraming = .none
        self.framing = framing
        self.isStream = isStream
        state = .body
        isCommitted = true
        if framing == .close { clientReusable = false }
    }

    // MARK: Payload

    /// The next of a read's payload.
    enum Payload {
        case run(Range<Int>)
        /// The rest has to come first.
        case needMore
        /// The answer is over.
        case end
        /// The bytes are not what the head announced.
        case broken
    }

    /// The payload that stands next in `bytes` from `at` on, which is moved past it. For who reads an answer and does not pass it on.
    mutating func nextPayload(_ bytes: ByteSlice, from at: inout Int) -> Payload {
        switch upstreamFraming {
        case .none:
            return endPayload(at, bytes)
        case .length:
            if remaining == 0 { return endPayload(at, bytes) }
            let taken = Int(min(remaining, Int64(bytes.count - at)))
            guard taken > 0 else { return .needMore }
            remaining -= Int64(taken)
            at += taken
            return .run(at - taken..<at)
        case .chunked:
            do throws(HTTPError) {
                switch try decoder.next(bytes, from: at) {
                case .payload(let run):
                    at = run.upperBound
                    return .run(run)
                case .needMore: return .needMore
                case .end(let end): return endPayload(end, bytes)
                }
            } catch {
                return .broken
            }
        case .untilClose:
            guard at < bytes.count else { return .needMore }
            defer { at = bytes.count }
            return .run(at..<bytes.count)
        }
    }

    private mutating func endPayload(_ end: Int, _ bytes: ByteSlice) -> Payload {
        state = .done
        // Bytes behind the answer are nobody's.
        if end < bytes.count { upstreamReusable = false }
        return .end
    }

    /// Nothing more comes, and not because the answer is whole.
    mutating func endBroken() {
        state = .done
        isBroken = true
        clientReusable = false
        upstreamReusable = false
    }

    /// Gives a part of a stream to its translation; see `TranslatedAnswer.feed`.
    mutating func feedTranslation(_ payload: ByteSlice, into chunk: inout ChunkBuilder, _ worker: Worker) -> TranslatedAnswer.Fed {
        translated.feed(payload, &usage, into: &chunk, worker)
    }

    /// Whether chunks of ordinary events may pass as they came, by `EventRelay`: no more of the answer than that is under way.
    ///
    /// Changes nothing; it is mutating because only then is the answer, of more than four thousand bytes, not copied to be asked.
    var passesEvents: Bool {
        mutating get {
            state == .body && isStream && readsUsage && upstreamFraming == .chunked && framing == .chunked && translated.mode == .none
                && decoder.isBetweenChunks && watch.isBetweenEvents && usage.passesDeltas
        }
    }

    /// So many have passed.
    mutating func notePassed(events: Int, byteCount: Int) {
        usage.countDeltas(events)
        decoder.skip(byteCount)
    }

    /// Reads usage from a part of a whole answer.
    mutating func readUsage(_ payload: ByteSlice) {
        if readsUsage { usage.readAnswer(payload) }
    }

    // MARK: Passing

    /// What framing a read's bytes came to.
    enum Framed {
        case fine
        /// The bytes are not what the head announced; what came before them has been passed.
        case broken
    }

    /// Appends to `runs` what the client gets for bytes `range` of `block`, framed so that every
    /// write ends between two chunks: whatever happens next, something more can be said.
    ///
    /// Whole chunks go on as they came. Parts of one are framed anew; their size line is written
    /// into the block's last bytes.
    ///
    /// - Parameter log: gets a copy of the client's payload, without its framing.
    mutating func frame(_ block: borrowing Block, _ range: Range<Int>, _ worker: Worker, copyingTo log: FlightLog? = nil) -> Framed {
        let bytes = block.slice(range)
        let sizePlace = framing == .chunked ? worker.runs.reserve() : 0
        if log != nil { worker.runs.seal() }
        let first = worker.runs.count
        let before = worker.runs.byteCount
        var result = Framed.fine
        switch upstreamFraming {
        case .none:
            state = .done
            if !bytes.isEmpty { upstreamReusable = false }
        case .length:
            let taken = Int(min(remaining, Int64(bytes.count)))
            passPayload(bytes.prefix(taken), from: first, worker)
            remaining -= Int64(taken)
            if taken < bytes.count { upstreamReusable = false }
            if remaining == 0 { state = .done }
        case .chunked:
            result = frameChunked(bytes, first, sizePlace, worker, log)
        case .untilClose:
            passPayload(bytes, from: first, worker)
        }
        if let log, upstreamFraming != .chunked { Answer.copy(worker, from: first, to: log) }
        if state == .done {
            if log != nil { worker.runs.seal() }
            let end = worker.runs.count
            if let held = watch.finish(&worker.runs) { worker.runs.blocks.add(held) }
            if let log { Answer.copy(worker, from: end, to: log) }
        }
        if framing == .chunked {
            let payloadCount = worker.runs.byteCount - before
            if payloadCount > 0, !isRaw {
                var line = ByteWriter(block.base + (block.capacity - GatewayLimits.chunkLineByteCount), capacity: GatewayLimits.chunkLineByteCount)
                line.append(chunkSize: payloadCount)
                worker.runs.fill(sizePlace, with: line.written)
                worker.runs.append("\r\n")
            } else if !isRaw {
                worker.runs.cancel(sizePlace)
            }
            if state == .done, !isShort { worker.runs.append("0\r\n\r\n") }
        }
        isRaw = false
        return isShort ? .broken : result
    }

    private static func copy(_ worker: Worker, from first: Int, to log: FlightLog) {
        for index in first..<max(first, worker.runs.count) where !log.append(worker.runs.runs[index]) { return }
    }

    private mutating func frameChunked(_ bytes: ByteSlice, _ first: Int, _ sizePlace: Int, _ worker: Worker, _ log: FlightLog?) -> Framed {
        let startsBetween = decoder.isBetweenChunks && watch.holdsNothing
        let before = worker.runs.byteCount
        var at = 0
        var payloadEnd = 0
        var payloadCount = 0
        do throws(HTTPError) {
            loop: while true {
                switch try decoder.next(bytes, from: at) {
                case .payload(let run):
                    passPayload(bytes[run], from: first, worker)
                    at = run.upperBound
                    payloadEnd = at
                    payloadCount += run.count
                case .needMore:
                    break loop
                case .end(let end):
                    state = .done
                    if end < bytes.count { upstreamReusable = false }
                    break loop
                }
            }
        } catch {
            if let log { Answer.copy(worker, from: first, to: log) }
            return .broken
        }
        if let log { Answer.copy(worker, from: first, to: log) }
        // All chunks whole, nothing held and nothing taken out: as they came. A chunk's payload is followed by CRLF.
        let endsBetween = (decoder.isBetweenChunks || state == .done) && watch.holdsNothing
        let isUnchanged = worker.runs.byteCount - before == payloadCount
        if framing == .chunked, startsBetween, endsBetween, payloadEnd > 0, isUnchanged, !isShort {
            worker.runs.removeLast(from: sizePlace)
            worker.runs.append(bytes.prefix(state == .done ? payloadEnd + 2 : bytes.count))
            isRaw = true
        }
        return .fine
    }

    private mutating func passPayload(_ payload: ByteSlice, from first: Int, _ worker: Worker) {
        if worker.runs.lacksRoom(for: GatewayLimits.runsKeptFree), !worker.coalesceRuns(from: first) {
            isShort = true
            return
        }
        guard readsUsage else {
            worker.runs.append(payload)
            return
        }
        if !isStream {
            usage.readAnswer(payload)
            worker.runs.append(payload)
        } else if watch.passesAll {
            watch.observe(payload, &usage)
            worker.runs.append(payload)
        } else if let released = watch.filter(payload, &usage, &worker.runs, worker.blocks) {
            worker.runs.blocks.add(released)
        }
    }

    // MARK: Ending

    /// The upstream has closed where that ends its answer.
    /// - Returns: false where there is no memory for what is held of it: it is then not whole.
    mutating func finish(_ worker: Worker) -> Bool {
        guard framing == .chunked else {
            if let held = watch.finish(&worker.runs) { worker.runs.blocks.add(held) }
            state = .done
            return true
        }
        if !watch.holdsNothing {
            guard let line = worker.blocks.lease(atLeast: GatewayLimits.chunkLineByteCount) else { return false }
            let sizePlace = worker.runs.reserve()
            if let held = watch.finish(&worker.runs) {
                var writer = ByteWriter(line.base, capacity: line.capacity)
                writer.append(chunkSize: worker.runs.byteCount)
                worker.runs.fill(sizePlace, with: writer.written)
                worker.runs.append("\r\n")
                worker.runs.blocks.add(held)
            }
            worker.runs.blocks.add(line)
        }
        worker.runs.append("0\r\n\r\n")
        state = .done
        return true
    }
}
