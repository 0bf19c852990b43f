import Bytes
import HTTP
import Reactor

/// What a long answer of the admin API comes from. No more of it is in memory than one part for each client.
public struct BackOfficeStream: Sendable {
    let contentType: StaticString
    /// What a client that keeps it is to call it.
    let fileName: String?
    /// Whether it is of events, and goes on until its client leaves or the gateway drains.
    let isEvents: Bool
    let next: @Sendable () -> BackOfficePart

    /// - Parameter next: the next part, asked for when the client has taken the one before. Called on the thread that answers; it may wait for a disk.
    public init(contentType: StaticString, fileName: String? = nil, isEvents: Bool = false, next: @escaping @Sendable () -> BackOfficePart) {
        self.contentType = contentType
        self.fileName = fileName
        self.isEvents = isEvents
        self.next = next
    }
}

public enum BackOfficePart: Sendable {
    case bytes([UInt8])
    /// There is nothing to say yet: it is asked again in a while.
    case nothing
    case end
    /// What was sent is not whole, and the client is to see that.
    case failed
}

/// A long answer on its way.
struct LongAnswer {
    let stream: BackOfficeStream
    /// What has come and was not sent.
    var part: BackOfficePart?
    /// The next part is not asked for before.
    var askAt = Instant(nanoseconds: 0)
}

extension Exchange {
    /// Sends the head of a long answer with its first part, in one write.
    func begin(_ stream: BackOfficeStream, _ first: [UInt8], _ client: Client) throws(Rejection) -> Next {
        guard let office = worker.backOffice, office.enterStream() else {
            throw Rejection(.overloaded, "\(GatewayLimits.adminStreams) exports and tails are being sent already; try again when one has ended")
        }
        longAnswer = LongAnswer(stream: stream)
        let name = stream.fileName ?? ""
        let room = GatewayLimits.ownFieldsByteCount + name.utf8.count + GatewayLimits.chunkLineByteCount + first.count
        guard let block = worker.blocks.lease(atLeast: room) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        answer.beginReplay(isStream: stream.isEvents, Answer.openFraming(request.version))
        writer.append(statusLine: answer.status)
        writer.append("content-type: ")
        writer.append(stream.contentType)
        writer.append("\r\n")
        if !name.isEmpty { Array("attachment; filename=\"\(name)\"".utf8).withByteSlice { writer.append(field: "content-disposition", $0) } }
        writer.append(stream.isEvents ? "x-accel-buffering: no\r\ncache-control: no-store, no-transform\r\n" : "cache-control: no-store\r\n")
        if answer.framing == .chunked { writer.append("transfer-encoding: chunked\r\n") }
        writeOwnFields(to: &writer)
        writeConnectionField(to: &writer)
        writer.appendEndOfHead()
        append(first, to: &writer)
        worker.runs.append(writer.written)
        worker.runs.blocks.add(block)
        record.figures.status = UInt16(answer.status)
        record.figures.isStream = stream.isEvents
        record.figures.firstByteNanoseconds = max(1, worker.now.nanoseconds(since: startedAt))
        giveUpRequest(client)
        sendAnswer(client)
        return self.client == nil ? .wait : try goOn(client)
    }

    /// Sends what has come, and asks for what follows when the client has taken it.
    func goOn(_ client: Client) throws(Rejection) -> Next {
        if client.peerClosed {
            client.close()
            return .wait
        }
        if client.hasUnsent { return .wait }
        switch longAnswer?.part.take() {
        case nil: break
        case .bytes(let bytes): try send(bytes, client)
        case .nothing: longAnswer?.askAt = worker.now.adding(nanoseconds: GatewayLimits.adminStreamPauseNanoseconds)
        case .end: return try endLongAnswer(client)
        case .failed: throw Rejection(.streamInterrupted)
        }
        guard self.client != nil, !client.hasUnsent, !isAskingOperations, let long = longAnswer else { return .wait }
        if long.stream.isEvents, worker.isDraining { return try endLongAnswer(client) }
        if worker.now < long.askAt {
            client.setDeadline(long.askAt)
            return .wait
        }
        let (token, number, mailbox) = (client.token, identifier, worker.mailbox)
        guard worker.backOffice?.ask(long.stream, answer: { mailbox.post(.longAnswer(token, number, $0)) }) == true else {
            longAnswer?.part = .nothing
            return try goOn(client)
        }
        isAskingOperations = true
        client.setDeadline(worker.now.adding(nanoseconds: GatewayLimits.adminNanoseconds))
        return .wait
    }

    /// The next part of what this request is answered, if it still is this one's.
    func partCame(_ number: InlineText<36>, _ part: BackOfficePart) {
        guard longAnswer != nil, isAskingOperations, isNamed(number) else { return }
        isAskingOperations = false
        longAnswer?.part = part
        advance()
    }

    /// Nobody is given a long answer here any more.
    func leaveLongAnswer() {
        guard longAnswer.take() != nil else { return }
        worker.backOffice?.leaveStream()
    }

    private func endLongAnswer(_ client: Client) throws(Rejection) -> Next {
        answer.state = .done
        if answer.framing == .chunked { worker.runs.append("0\r\n\r\n") }
        sendAnswer(client)
        return self.client == nil ? .wait : .step(.settle)
    }

    private func send(_ part: [UInt8], _ client: Client) throws(Rejection) {
        if part.isEmpty { return }
        guard let block = worker.blocks.lease(atLeast: GatewayLimits.chunkLineByteCount + part.count) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        append(part, to: &writer)
        worker.runs.append(writer.written)
        worker.runs.blocks.add(block)
        sendAnswer(client)
    }

    /// A part as the answer's framing has it. An empty one is none: as a chunk it would be the last.
    private func append(_ part: [UInt8], to writer: inout ByteWriter) {
        if part.isEmpty { return }
        if answer.framing == .chunked { writer.append(chunkSize: part.count) }
        part.withByteSlice { writer.append($0) }
        if answer.framing == .chunked { writer.append("\r\n") }
    }
}
