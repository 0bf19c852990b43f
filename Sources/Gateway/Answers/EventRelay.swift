import Bytes
import HTTP
import Providers
import Reactor

/// What it takes to pass on a stream's ordinary events, all in one place.
///
/// Between two tokens a core sleeps, and most of what an event costs is fetching what it touches anew. So while a stream brings nothing but
/// whole chunks of events that say nothing of themselves, no step is taken: a read, a look at the bytes, a write. Whatever else comes closes
/// this, is told what has passed, and goes the way of all answers.
struct EventRelay {
    /// Whether the answer stands between two chunks and two events, with nothing under way that would have to know of more than their number.
    fileprivate(set) var isOpen = false
    fileprivate var gapNanoseconds: UInt64 = 0
    fileprivate var totalDeadline = Instant.distantFuture
    fileprivate var eventCount = 0
    fileprivate var byteCount = 0

    /// How many events `bytes` are, if they are whole chunks of one ordinary event each, and nothing else.
    @inline(__always)
    static func eventCount(_ bytes: ByteSlice) -> Int? {
        var at = 0
        var count = 0
        while at < bytes.count {
            guard let payload = ChunkedDecoder.wholeChunk(in: bytes, from: at), UsageReader.isDelta(bytes[payload]) else { return nil }
            count &+= 1
            at = payload.upperBound &+ 2
        }
        return count
    }
}

extension Exchange {
    /// Passes on what its upstream, whose events pass, has for it; false when the steps are to see to it. Nobody needs to hold the exchange
    /// meanwhile but its client.
    func takeEvents(_ upstream: UpstreamCall) -> Bool {
        guard events.isOpen, self.upstream === upstream, let client else { return false }
        while upstream.isReadable {
            guard let block = worker.leaseEventBlock() else { return false }
            switch upstream.read(into: block.base, capacity: block.capacity - GatewayLimits.chunkLineByteCount) {
            case .moved(let count):
                worker.turnByteCount &+= count
                guard let eventCount = EventRelay.eventCount(block.slice(0..<count)) else {
                    takeUp(block, count, upstream, client)
                    return true
                }
                events.eventCount &+= eventCount
                events.byteCount &+= count
                upstream.setDeadline(min(worker.now.adding(nanoseconds: events.gapNanoseconds), events.totalDeadline))
                let sent = client.sendNow(block.slice(0..<count))
                guard sent == count else {
                    keepRest(of: block, from: sent, to: count, client)
                    return true
                }
                worker.eventBlock = consume block
            case .blocked:
                worker.eventBlock = consume block
            case .closed, .failed:
                worker.eventBlock = consume block
                return false
            }
            if worker.turnByteCount > GatewayLimits.bytesPerTurn {
                worker.resume(upstream.token)
                return true
            }
        }
        return true
    }

    /// Lets the client have the rest when it takes it. Nil is sent to one that takes no more.
    @inline(never)
    private func keepRest(of block: consuming Block, from sent: Int?, to count: Int, _ client: Client) {
        guard let sent else {
            // Which may be all that holds the exchange.
            let own = Unmanaged.passRetained(self)
            defer { own.release() }
            return client.close()
        }
        closeEvents()
        client.keep(block.slice(sent..<count), in: block)
        client.setDeadline(min(client.readingDeadline(), attempt.totalDeadline))
    }

    /// What comes next may pass so, if it is nothing but events.
    func openEvents(_ upstream: UpstreamCall, _ client: Client) {
        guard answer.passesEvents, record.figures.firstTokenNanoseconds > 0, body.isWhole, body.isConsumed, !upstream.hasUnsent,
            rival == nil, caching.flight == nil, !keepsBodies, !client.isStream, !upstream.isStream, !client.hasUnsent, self.client === client,
            self.upstream === upstream
        else { return }
        let gap = plan?.destination.gapNanoseconds ?? worker.limits.gapNanoseconds
        events = EventRelay(isOpen: true, gapNanoseconds: gap, totalDeadline: attempt.totalDeadline)
        upstream.eventTaker = .passUnretained(self)
    }

    /// Tells the answer and the record what has passed.
    func closeEvents() {
        guard events.isOpen else { return }
        events.isOpen = false
        upstream?.eventTaker = nil
        answer.notePassed(events: events.eventCount, byteCount: events.byteCount)
        record.figures.sentByteCount &+= UInt64(events.byteCount)
        worker.load[.passedEvents] &+= UInt64(events.eventCount)
    }
}

extension Worker {
    /// Memory to read events to, that of the last one if nothing of it waits; nil where there is none.
    fileprivate func leaseEventBlock() -> Block? { eventBlock.take() ?? blocks.lease(atLeast: BufferLimits.largestPooledBlockByteCount) }
}
