import Bytes
import Glibc
import Reactor
import TLS

/// One socket of a worker: what it is ready for, what it could not send yet, and its deadline.
///
/// Sockets are registered edge-triggered and once, so readiness is remembered here until a
/// read or a write uses it up. Output that did not fit the kernel's buffer waits as runs over
/// blocks this connection holds; nothing is copied to make it wait.
class Connection {
    let token: Token
    final let worker: Worker
    private final var socket: Socket?
    /// It has no socket of its own.
    final let isStream: Bool
    /// Over `socket`, once the handshake has begun.
    private final var session: TLSSession?

    /// Not yet closed.
    private final var isOpen = true

    /// A read may find something.
    final var isReadable = false
    /// A write may be taken.
    final var isWritable = false
    /// The peer has closed its sending side; what it sent before may still wait.
    final var peerClosed = false
    /// The socket is dead in both directions.
    final var hungUp = false

    /// A TLS peer went away without saying so: what came may be cut short.
    final private(set) var inputTruncated = false

    /// What a read has to send first (RFC 8446 §4.6.3) did not fit.
    private final var readsWhenWritable = false

    /// Bytes of the bare socket that the kernel has taken.
    private final var takenByteCount: UInt64 = 0
    /// Bytes that had to wait here and have left.
    final private(set) var flushedByteCount = 0

    private final var unsent: ContiguousArray<ByteSlice> = []
    private final var firstUnsent = 0
    private final var held = BlockList()

    private final let timer: TimerWheel.Identifier
    private final var deadline = Instant.distantFuture
    private final var timerAt = Instant.distantFuture

    /// - Parameter socket: none for a stream, whose bytes go through the socket of another.
    init(_ socket: consuming Socket?, token: Token, worker: Worker) {
        isStream = socket == nil
        self.socket = consume socket
        self.token = token
        self.worker = worker
        if isStream { unsent = worker.http2.takeRuns() }
        timer = worker.timers.make(token: token.rawValue)
    }

    // MARK: Readiness

    final func note(_ readiness: Readiness) {
        if readiness.contains(.readable) { isReadable = true }
        if readiness.contains(.writable) {
            isWritable = true
            if readsWhenWritable {
                readsWhenWritable = false
                isReadable = true
            }
        }
        if readiness.contains(.peerClosed) {
            peerClosed = true
            isReadable = true
        }
        if !readiness.isDisjoint(with: .hungUp) {
            hungUp = true
            isReadable = true
            isWritable = true
        }
    }

    // MARK: Reading

    /// Reads once. A short read means the socket is drained, which saves the call that would say so.
    func read(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) -> Transfer {
        let transfer: Transfer
        if let outcome = session?.read(into: memory, capacity: capacity) {
            if case .closed(clean: false) = outcome { inputTruncated = true }
            if case .wantsWrite = outcome { readsWhenWritable = true }
            transfer = Connection.transfer(outcome)
        } else {
            transfer = socket?.read(into: memory, capacity: capacity) ?? .closed
        }
        switch transfer {
        case .moved(let count):
            if count < capacity, !peerClosed, !buffersInput { isReadable = false }
        case .blocked:
            isReadable = false
        case .closed, .failed:
            break
        }
        return transfer
    }

    /// Looks at what has come over the bare socket, before anything has been read from it.
    final func peek(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) -> Transfer {
        let transfer = socket?.peek(into: memory, capacity: capacity) ?? .closed
        if case .blocked = transfer { isReadable = false }
        return transfer
    }

    /// Whether a TLS session may hold input that epoll knows nothing of.
    private final var buffersInput: Bool { session != nil }

    private static func transfer(_ outcome: TLSTransfer) -> Transfer {
        switch outcome {
        case .moved(let count): .moved(count)
        case .wantsRead, .wantsWrite: .blocked
        case .closed: .closed
        case .failed: .failed(EPROTO)
        }
    }

    // MARK: Writing

    enum Sent {
        /// All of it is with the kernel.
        case all
        /// The rest waits here, with the blocks it lies in.
        case part
        /// The connection cannot be written to.
        case failed
    }

    final var hasUnsent: Bool { firstUnsent < unsent.count }

    /// Sends the runs, or what the kernel takes of them, and empties the list.
    func send(_ runs: inout RunList) -> Sent {
        defer { runs.removeAll() }
        if hasUnsent {
            keep(&runs)
            return .part
        }
        while !runs.isEmpty, isWritable {
            switch writeOnce(runs.runs, count: runs.count) {
            case .moved(let count):
                worker.turnByteCount &+= count
                if count < runs.byteCount { isWritable = writesAgain }
                runs.dropFirst(count)
            case .blocked:
                isWritable = false
            case .closed, .failed:
                return .failed
            }
        }
        if runs.isEmpty { return .all }
        keep(&runs)
        return .part
    }

    /// Sends what is taken of a run now, nothing waiting before it: so many bytes; nil where the connection cannot be written to.
    final func sendNow(_ run: ByteSlice) -> Int? {
        var sent = 0
        while isWritable, sent < run.count {
            switch writeOne(run.dropFirst(sent)) {
            case .moved(let count):
                sent &+= count
                if sent < run.count { isWritable = writesAgain }
            case .blocked: isWritable = false
            case .closed, .failed: return nil
            }
        }
        worker.turnByteCount &+= sent
        return sent
    }

    /// Lets a run wait here, with the block it lies in.
    final func keep(_ run: ByteSlice, in block: consuming Block) {
        unsent.append(run)
        held.add(block)
    }

    private final func writeOne(_ run: ByteSlice) -> Transfer {
        if let outcome = session?.write(run) { return Connection.transfer(outcome) }
        let transfer = socket?.write(run) ?? .closed
        if case .moved(let count) = transfer { takenByteCount &+= UInt64(count) }
        return transfer
    }

    /// Sends what waits, if anything.
    func flush() -> Sent {
        while hasUnsent, isWritable {
            let transfer = unsent.withUnsafeBufferPointer { runs in
                // Non-empty, since something waits.
                runs.baseAddress.map { writeOnce($0 + firstUnsent, count: min(runs.count - firstUnsent, GatewayLimits.runsPerWrite)) } ?? .blocked
            }
            switch transfer {
            case .moved(let count):
                worker.turnByteCount &+= count
                flushedByteCount &+= count
                dropUnsent(count)
            case .blocked:
                isWritable = false
            case .closed, .failed:
                return .failed
            }
        }
        guard !hasUnsent else { return .part }
        held.removeAll()
        return .all
    }

    private final func writeOnce(_ runs: UnsafePointer<ByteSlice>, count: Int) -> Transfer {
        let isOne = session != nil || count == 1 || count == 2 && runs[0].count + runs[1].count <= GatewayLimits.gatheredByteCount
        if isOne { return writeOne(gathered(runs, count: count)) }
        let transfer = socket?.write(runs, count: count) ?? .closed
        if case .moved(let count) = transfer { takenByteCount &+= UInt64(count) }
        return transfer
    }

    /// One record's worth of the runs in one piece: OpenSSL makes a record of each write, and the kernel takes one piece for less than two.
    private final func gathered(_ runs: UnsafePointer<ByteSlice>, count: Int) -> ByteSlice {
        if count == 1 || runs[0].count >= GatewayLimits.tlsRecordByteCount { return runs[0] }
        var writer = ByteWriter(worker.recordScratch, capacity: GatewayLimits.tlsRecordByteCount)
        for index in 0..<count {
            let room = GatewayLimits.tlsRecordByteCount - writer.count
            if room == 0 { break }
            writer.append(runs[index].prefix(min(room, runs[index].count)))
        }
        return writer.written
    }

    /// After a short write a TLS session may still take more: its records are smaller than the kernel's buffer.
    private final var writesAgain: Bool { buffersInput }

    /// Lets the runs wait here.
    final func keep(_ runs: inout RunList) {
        for index in 0..<runs.count { unsent.append(runs.runs[index]) }
        runs.giveBlocks(to: &held)
    }

    /// Lets a run wait here; what it lies in is kept apart.
    final func keep(_ run: ByteSlice) { unsent.append(run) }

    /// Keeps the blocks in which runs that wait lie.
    final func keepBlocks(of runs: inout RunList) { runs.giveBlocks(to: &held) }

    /// Copies what waits into a block of this connection's own, for where it lies may go before it leaves. False when there is no memory.
    final func ownUnsent() -> Bool {
        let count = unsentByteCount(upTo: .max, runs: .max).count
        guard count > 0 else { return true }
        guard let own = worker.blocks.lease(atLeast: count) else { return false }
        copyUnsent(count, to: own.base)
        held.removeAll()
        unsent.append(own.slice(0..<count))
        held.add(own)
        return true
    }

    final func dropUnsent(_ sent: Int) {
        var left = sent
        while left > 0, firstUnsent < unsent.count {
            let run = unsent[firstUnsent]
            if left < run.count {
                unsent[firstUnsent] = run.dropFirst(left)
                return
            }
            left -= run.count
            firstUnsent += 1
        }
        if firstUnsent == unsent.count {
            unsent.removeAll(keepingCapacity: true)
            firstUnsent = 0
        }
    }

    /// Bytes that the kernel has taken, as they are on the wire.
    final var wireByteCount: UInt64 { session?.wireByteCount ?? takenByteCount }

    /// How many of those the peer's host has acknowledged. One that cannot be asked is said to have done so with all.
    final var acknowledgedByteCount: UInt64 {
        let taken = wireByteCount
        guard let unacknowledged = socket?.unacknowledgedByteCount() else { return taken }
        return taken - min(taken, UInt64(unacknowledged))
    }

    // MARK: What waits, in pieces

    /// The first run that waits.
    final var nextUnsent: ByteSlice? { hasUnsent ? unsent[firstUnsent] : nil }

    /// Bytes that wait, up to `most` and in no more than `runs` runs; and whether that is all.
    final func unsentByteCount(upTo most: Int, runs: Int) -> (count: Int, isAll: Bool) {
        var count = 0
        for index in firstUnsent..<unsent.count {
            guard index - firstUnsent < runs, count < most else { return (count, false) }
            let next = unsent[index].count
            guard next <= most - count else { return (most, false) }
            count += next
        }
        return (count, true)
    }

    /// Moves the first `count` bytes that wait to `list`; the blocks they lie in stay here.
    final func moveUnsent(_ count: Int, to list: inout RunList) {
        var left = count
        for index in firstUnsent..<unsent.count where left > 0 {
            list.append(unsent[index].prefix(min(left, unsent[index].count)))
            left -= min(left, unsent[index].count)
        }
        dropUnsent(count)
    }

    /// Moves the first `count` bytes that wait to `place`.
    final func copyUnsent(_ count: Int, to place: UnsafeMutablePointer<UInt8>) {
        var copied = 0
        for index in firstUnsent..<unsent.count where copied < count {
            let run = unsent[index].prefix(min(count - copied, unsent[index].count))
            (place + copied).update(from: run.base, count: run.count)
            copied += run.count
        }
        dropUnsent(count)
    }

    /// Hands over the blocks that what waited lies in.
    final func giveHeld(to list: inout BlockList) { list.takeAll(from: &held) }

    /// Hands them to another connection as long as that has bytes to send, which may lie in them.
    final func giveHeld(toUnsentOf other: Connection) {
        if other.hasUnsent { other.held.takeAll(from: &held) }
    }

    /// Lets go of them.
    final func dropHeld() { held.removeAll() }

    // MARK: Deadline

    /// Sets when `timedOut` is called; the distant future means never.
    ///
    /// The wheel is touched only when the deadline comes nearer: moving it away, as each byte of a
    /// stream does, costs a store, and a timer that fires too soon is set again.
    final func setDeadline(_ instant: Instant) {
        // A closed connection has given its timer back.
        guard isOpen else { return }
        deadline = instant
        if instant < timerAt {
            timerAt = instant
            worker.timers.set(timer, at: instant)
        }
    }

    /// Sets `other`'s deadline, if it is still to come, else `fallback`.
    final func takeDeadline(of other: Connection, else fallback: Instant) {
        setDeadline(other.deadline > worker.now ? min(other.deadline, fallback) : fallback)
    }

    final func clearDeadline() { deadline = .distantFuture }

    /// The wheel's timer has fired; true when the deadline has really come.
    final func timerFired(now: Instant) -> Bool {
        timerAt = .distantFuture
        if deadline <= now { return true }
        if deadline != .distantFuture { setDeadline(deadline) }
        return false
    }

    // MARK: Ending

    /// Makes the close an abort that the peer cannot take for a clean end.
    final func resetOnClose() {
        socket?.resetOnClose()
    }

    /// Tells the peer that no more will be sent, and goes on reading.
    /// - Returns: false while the socket takes no close_notify: to be called again once it is writable.
    final func shutdownWriting() -> Bool {
        if case .wantsWrite? = session?.shutdown() {
            isWritable = false
            return false
        }
        socket?.shutdownWriting()
        return true
    }

    /// Says over TLS that this is the end, if the socket takes it, before a close that is no fault of the peer's.
    final func sayGoodbye() { _ = session?.shutdown() }

    // MARK: TLS

    /// What the handshake has come to be spoken; nil in plaintext.
    final var applicationProtocol: TLSProtocol? { session?.applicationProtocol }

    /// Begins a handshake over the connected socket.
    final func startTLS(to origin: TLSOrigin) throws(TLSError) {
        guard let descriptor = socket?.descriptor else { return }
        session = try TLSSession(to: origin, over: descriptor)
    }

    /// Begins one as a server, with whoever has connected.
    final func acceptTLS(_ context: TLSServerContext) throws(TLSError) {
        guard let descriptor = socket?.descriptor else { return }
        session = try TLSSession(accepting: context, by: worker.acceptor, over: descriptor)
    }

    /// Goes on in plaintext: the peer has spoken nothing else.
    final func dropTLS() { session = nil }

    /// What the handshake came to, once it is done.
    final var security: ConnectionSecurity? {
        guard let version = session?.negotiatedVersion, let spoken = session?.applicationProtocol, let isResumed = session?.isResumed else { return nil }
        return ConnectionSecurity(
            version: version, applicationProtocol: spoken, isResumed: isResumed,
            certificate: session?.clientCertificate.map { ClientCertificate($0) })
    }

    /// Takes the handshake as far as the socket lets it; nil when there is none to take.
    final func continueHandshake() -> TLSHandshake? {
        guard let state = session?.handshake() else { return nil }
        switch state {
        case .wantsRead: isReadable = false
        case .wantsWrite: isWritable = false
        case .done:
            // The peer's first bytes may have come with its last flight.
            isReadable = true
            isWritable = true
        case .failed: break
        }
        return state
    }

    /// Why connecting failed; nil when it did not.
    final func connectError() -> SystemError? { socket?.connectError() }

    /// Closes the socket and gives up the timer and what is held.
    final func closeTransport() {
        guard isOpen else { return }
        isOpen = false
        session = nil
        socket = nil
        isReadable = false
        isWritable = false
        worker.timers.destroy(timer)
        held.removeAll()
        let runs = unsent
        unsent = []
        firstUnsent = 0
        if isStream { worker.http2.giveBack(runs) }
    }
}
