import Bytes
import HTTP
import Reactor

/// One client's connection: requests in, one at a time, and answers out as scripted.
///
///     receiving → waiting (latency) ─┬→ sending ─────────┬→ receiving
///         │                          └→ streaming ⇄ gap ─┤→ lingering → closed
///         └→ hanging                                     └→ hanging, closed
///
/// The socket is registered edge-triggered and once: readiness is remembered here until a read or a
/// write uses it up, and every change of phase tries again what the last event could not use.
final class Connection {
    enum Phase {
        case receiving, waiting, streaming, sending, hanging, lingering, closed
    }

    let token: Token
    unowned(unsafe) let worker: Worker
    private var socket: Socket?
    private let timer: TimerWheel.Identifier
    var phase = Phase.receiving

    private var isReadable = false
    private var isWritable = false
    private var peerClosed = false
    private(set) var hungUp = false

    /// Bytes received and not used: `inbound[0..<filled]`, from the request's first one.
    private var inbound: Block?
    private var filled = 0
    private var assembly = Assembly()

    /// Bytes to be sent, of which those before `unsentStart` are gone.
    private var unsent = Output()
    private var unsentStart = 0
    /// Most bytes one write may take; 0: no limit.
    var writeByteCount = 0

    var delivery = Delivery()
    /// Where the bytes of a reply live that outlasts its request.
    var replyStore = Output()

    init(_ socket: consuming Socket, token: Token, worker: Worker) {
        self.socket = consume socket
        self.token = token
        self.worker = worker
        timer = worker.timers.make(token: token.rawValue)
    }

    // MARK: Events

    func note(_ readiness: Readiness) {
        if readiness.contains(.readable) { isReadable = true }
        if readiness.contains(.writable) { isWritable = true }
        if readiness.contains(.peerClosed) {
            peerClosed = true
            isReadable = true
        }
        if !readiness.isDisjoint(with: .hungUp) { hungUp = true }
    }

    /// Does what can be done now.
    func proceed() {
        if phase == .closed { return }
        if hungUp { return gone() }
        guard flush() else { return gone() }
        switch phase {
        // A client that says it will send no more while its answer is awaited is taken to have gone.
        case .waiting, .hanging: if peerClosed { gone() }
        case .streaming: if peerClosed { gone() } else { continueStream() }
        case .sending: if !hasUnsent { finishAnswer() }
        case .lingering: linger()
        case .receiving, .closed: break
        }
        // The next request may have come long before its turn: no event will tell of it again.
        if phase == .receiving { receive() }
    }

    func timerFired() {
        switch phase {
        case .waiting:
            phase = delivery.isStream ? .streaming : .sending
            proceed()
        case .streaming, .receiving: proceed()
        case .lingering: close()
        case .sending, .hanging, .closed: break
        }
    }

    /// Goes on in the next millisecond, after other connections.
    func yield() { setTimer(at: worker.now.adding(nanoseconds: 1_000_000)) }

    func setTimer(at deadline: Instant) { worker.timers.set(timer, at: deadline) }

    // MARK: Receiving

    /// Reads and answers until the socket is drained or an answer takes its time.
    func receive() {
        var taken = 0
        while phase == .receiving {
            if taken == MockLimits.requestsPerTurn { return yield() }
            if takeRequest() {
                taken += 1
                continue
            }
            guard phase == .receiving else { return }
            guard isReadable else { return rest() }
            guard makeRoom() else { return close() }
            guard let block = inbound.take() else { return }
            let transfer = socket?.read(into: block.base + filled, capacity: block.capacity - filled) ?? .closed
            let room = block.capacity - filled
            inbound = consume block
            switch transfer {
            case .moved(let count):
                filled += count
                worker.counters.receivedBytes.count(count)
                // A short read has drained the socket, which saves the call that would say so.
                if count < room, !peerClosed { isReadable = false }
            case .blocked: isReadable = false
            case .closed, .failed: return close()
            }
        }
    }

    /// Answers the request at the front, if it is whole.
    private func takeRequest() -> Bool {
        guard filled > 0, let block = inbound.take() else { return false }
        let step = assembly.advance(block.base, &filled, &worker.requestHead)
        var isTaken = false
        switch step {
        case .needMore: break
        case .wantsContinue: send(ByteSlice("HTTP/1.1 100 Continue\r\n\r\n"), ByteSlice(""))
        case .refused(let error):
            filled = 0
            refuse(status: error.status, error.message)
        case .tooLong:
            filled = 0
            refuse(status: 413, "the request is longer than \(MockLimits.requestByteCount) bytes")
        case .whole(let headCount, let bodyCount, let end):
            answer(block.slice(0..<headCount + bodyCount), headCount: headCount)
            filled -= end
            if filled > 0 { block.base.update(from: block.base + end, count: filled) }
            assembly = Assembly()
            isTaken = true
        }
        if filled > 0, phase != .closed { inbound = consume block }
        return isTaken
    }

    /// Room behind what has been received: twice of it, or the body's stated length.
    private func makeRoom() -> Bool {
        let wanted = max(assembly.wantedByteCount, filled + 1)
        guard let current = inbound.take() else {
            inbound = worker.blocks.lease(atLeast: max(wanted, BufferLimits.largestPooledBlockByteCount))
            return inbound != nil
        }
        if current.capacity >= wanted, filled < current.capacity {
            inbound = consume current
            return true
        }
        guard let larger = worker.blocks.lease(atLeast: max(wanted, current.capacity * 2)) else { return false }
        larger.copy(current.slice(0..<filled), to: 0)
        inbound = consume larger
        return true
    }

    /// Nothing to do until the peer sends.
    private func rest() {
        if filled == 0 { inbound = nil }
        if peerClosed { close() }
    }

    // MARK: Sending

    var hasUnsent: Bool { unsentStart < unsent.count }

    /// Sends two runs in one write, or keeps what the kernel does not take.
    func send(_ first: ByteSlice, _ second: ByteSlice) {
        if hasUnsent || !isWritable || writeByteCount > 0 {
            keep(first, second)
            if writeByteCount > 0, !flush() { hungUp = true }
            return
        }
        // Joined by a copy: writev has no way to be spared SIGPIPE, and a library leaves signals to its process.
        let bytes = first.isEmpty ? second : worker.joined(first, second)
        if bytes.isEmpty { return }
        switch socket?.write(bytes) ?? .closed {
        case .moved(let count):
            worker.counters.sentBytes.count(count)
            if count == bytes.count { return }
            isWritable = false
            keep(bytes.dropFirst(count), ByteSlice(""))
        case .blocked:
            isWritable = false
            keep(bytes, ByteSlice(""))
        case .closed, .failed:
            hungUp = true
        }
    }

    /// Keeps bytes for later, behind those that wait already.
    func keep(_ first: ByteSlice, _ second: ByteSlice) {
        unsent.append(first)
        unsent.append(second)
    }

    /// Sends what waits; false when the peer cannot be written to.
    func flush() -> Bool {
        guard phase != .waiting else { return true }
        while hasUnsent, isWritable {
            let left = unsent.bytes.dropFirst(unsentStart)
            let piece = writeByteCount > 0 ? left.prefix(min(writeByteCount, left.count)) : left
            switch socket?.write(piece) ?? .closed {
            case .moved(let count):
                unsentStart += count
                worker.counters.sentBytes.count(count)
                if count < piece.count { isWritable = false }
            case .blocked: isWritable = false
            case .closed, .failed: return false
            }
        }
        if !hasUnsent, !unsent.isEmpty {
            unsent.removeAll(keeping: 0)
            unsentStart = 0
        }
        return true
    }

    // MARK: Ending

    /// All of an answer is with the kernel: what comes next was settled with it.
    func finishAnswer() {
        if delivery.isStream, delivery.isComplete { worker.counters.completedStreams.count() }
        writeByteCount = 0
        replyStore.removeAll(keeping: 0)
        switch delivery.end {
        case .next: phase = .receiving
        case .hang: phase = .hanging
        case .drop: close()
        case .linger:
            phase = .lingering
            socket?.shutdownWriting()
            setTimer(at: worker.now.adding(nanoseconds: MockLimits.lingerMilliseconds * 1_000_000))
            linger()
        }
    }

    /// Reads what still comes, so that closing does not reset the answer away (RFC 9112 §9.6).
    private func linger() {
        inbound = nil
        guard let sink = worker.blocks.lease(atLeast: BufferLimits.largestPooledBlockByteCount) else { return close() }
        while isReadable {
            switch socket?.read(into: sink.base, capacity: sink.capacity) ?? .closed {
            case .moved: break
            case .blocked: isReadable = false
            case .closed, .failed: return close()
            }
        }
    }

    /// The peer went away; in the middle of an answer that is an abort.
    func gone() {
        if phase != .receiving, phase != .lingering { worker.counters.abortedByClient.count() }
        close()
    }

    func close() {
        if phase == .closed { return }
        phase = .closed
        socket = nil
        inbound = nil
        worker.timers.destroy(timer)
        worker.forget(self)
    }
}
