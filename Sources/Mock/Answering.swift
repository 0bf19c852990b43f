import Bytes
import HTTP
import JSON
import Reactor

/// From a whole request to its answer: read the ask, play the script, write.
extension Connection {
    /// Answers the request in `message`, whose head has been parsed into the worker's table.
    func answer(_ message: ByteSlice, headCount: Int) {
        let path = worker.requestHead.path(in: message)
        let method = worker.requestHead.method
        let isAnthropic = worker.requestHead.fields.contains(.anthropicVersion) || path.hasPrefix("/v1/messages")
        let request = Request(
            method: message[worker.requestHead.methodRange], target: message[worker.requestHead.targetRange],
            endpoint: Endpoint(path, isPost: method == .post), dialect: isAnthropic ? .anthropic : .openAI,
            body: message.dropFirst(headCount), message: message, isHead: method == .head)
        delivery = Delivery()
        delivery.end = worker.requestHead.keepAlive ? .next : .linger
        delivery.isChunked = worker.requestHead.version == .http11
        worker.body.removeAll()
        switch request.endpoint {
        case .statistics:
            worker.writeStatistics(into: &worker.body)
            return finish(request, AnswerHead(), Script())
        case .reset:
            worker.counters.reset()
            worker.body.append("{\"reset\":true}")
            return finish(request, AnswerHead(), Script())
        default: break
        }
        worker.counters.requests.count()
        play(request)
    }

    private func play(_ request: Request) {
        var ask = Ask()
        if readsJSON(request.endpoint) {
            do throws(JSONError) {
                ask = try worker.bodyReader.read(request.body, form: request.endpoint.form, arguments: &worker.text)
            } catch {
                return fail(request, 400, Script()) { output in
                    output.append("the body is no JSON object: ")
                    output.write(atMost: 256) { error.write(into: &$0) }
                }
            }
            guard worker.bodyReader.namesModel else {
                return fail(request, 400, Script()) { $0.append("you must provide a model parameter") }
            }
        }
        let script: Script
        do throws(ScriptError) {
            script = try readScript(request, ask)
        } catch {
            return fail(request, 400, Script()) { error.write(into: &$0) }
        }
        if script.hang {
            delivery.end = .hang
            return finishAnswer()
        }
        if script.cut == 0 { return close() }
        if script.malformed == 0 {
            delivery.end = .linger
            return hold(ByteSlice("HTTP/1.1 2OO OK\r\ncontent-length = many\r\n\r\nmalformed"), ByteSlice(""), script)
        }
        if let status = failure(request, ask, script) {
            return fail(request, status, script) { output in
                output.append("the mock provider was asked to answer ")
                output.append(decimal: status)
            }
        }
        respond(request, ask, script)
    }

    private func readsJSON(_ endpoint: Endpoint) -> Bool {
        switch endpoint {
        case .chat, .completions, .responses, .messages, .embeddings, .countTokens: true
        default: false
        }
    }

    // MARK: The script

    /// The script in the model's name: of the body or of a form's part, unless the field `x-mock-model` gives one.
    private func readScript(_ request: Request, _ ask: Ask) throws(ScriptError) -> Script {
        var name = ask.model
        if case .audioText = request.endpoint { name = modelPart(of: request) ?? name }
        if case .files = request.endpoint { name = modelPart(of: request) ?? name }
        if let index = worker.requestHead.fields.firstIndex(named: ByteSlice("x-mock-model"), in: request.message) {
            name = request.message[worker.requestHead.fields[index].valueRange]
        } else if readsJSON(request.endpoint), name.firstIndex(of: UInt8(ascii: "\\")) != nil {
            // Some encoders write an ampersand as \u0026.
            let escaped = JSONString(content: name, hasEscapes: true)
            worker.modelName.removeAll()
            worker.modelName.write(atMost: name.count) { escaped.decode(into: &$0) }
            name = worker.modelName.bytes
        }
        guard let mark = name.firstIndex(of: UInt8(ascii: "?")) else { return Script() }
        return try Script(name.dropFirst(mark + 1), decoded: &worker.replyText)
    }

    private func modelPart(of request: Request) -> ByteSlice? {
        var parts = worker.parts(of: request)
        while let part = parts.next() {
            if part.name == "model" { return part.content }
        }
        return nil
    }

    /// The status to fail with, if the script says so this time.
    private func failure(_ request: Request, _ ask: Ask, _ script: Script) -> Int? {
        if let limit = script.failures {
            let key = [UInt8](ask.user) + [0] + [UInt8](ask.model)
            return worker.counters.fails(key, first: limit) ? script.status ?? 500 : nil
        }
        return script.status.flatMap { $0 >= 300 ? $0 : nil }
    }

    // MARK: Answers

    private func respond(_ request: Request, _ ask: Ask, _ script: Script) {
        switch request.endpoint {
        case .chat, .completions, .responses, .messages:
            let reply = makeReply(request, ask, script)
            if ask.streams { return beginStream(reply, request, script) }
            reply.writeBody(into: &worker.body)
        case .embeddings:
            worker.writeEmbeddings(of: request, ask, saysUsage: !script.noUsage, into: &worker.body)
        case .countTokens:
            worker.body.append("{\"input_tokens\":")
            worker.body.append(decimal: ask.promptTokens)
            worker.body.append("}")
        case .models: worker.writeModels(nil, dialect: request.dialect, into: &worker.body)
        case .model(let name): worker.writeModels(name, dialect: request.dialect, into: &worker.body)
        case .audioText: worker.writeUpload(of: request, isFile: false, into: &worker.body)
        case .files: worker.writeUpload(of: request, isFile: true, into: &worker.body)
        default: worker.writeEcho(of: request, into: &worker.body)
        }
        var head = AnswerHead()
        head.status = script.successStatus
        finish(request, head, script)
    }

    private func makeReply(_ request: Request, _ ask: Ask, _ script: Script) -> Reply {
        var reply = Reply()
        reply.form = request.endpoint.form ?? .chat
        reply.serial = worker.nextSerial()
        reply.createdSeconds = worker.wallSeconds
        reply.model = ask.model
        reply.promptTokens = ask.promptTokens
        reply.includesUsage = ask.includesUsage
        reply.saysUsage = !script.noUsage
        if script.echo {
            worker.text.removeAll()
            worker.writeEcho(of: request, into: &worker.text)
            reply.text = worker.text.bytes
        } else if let size = script.size {
            reply.text = fillText(size)
            if let tokens = script.tokens, tokens > 0 { reply.pieceByteCount = max(1, (size + tokens - 1) / tokens) }
        } else if let tool = ask.toolName {
            reply.toolName = tool
            reply.text = worker.text.bytes
        } else if let text = script.reply {
            reply.text = text
        }
        if reply.pieceByteCount > 0 {
            reply.tokenCount = (reply.text.count + reply.pieceByteCount - 1) / reply.pieceByteCount
        } else if let tokens = script.tokens, reply.toolName == nil, !script.echo {
            reply.tokenCount = reply.text.isEmpty ? 0 : tokens
        } else {
            reply.tokenCount = Reply.tokens(in: reply.text)
        }
        return reply
    }

    /// The standard text, repeated and cut to `byteCount`.
    private func fillText(_ byteCount: Int) -> ByteSlice {
        let standard = ByteSlice(Reply.standardText)
        worker.text.removeAll()
        worker.text.reserve(byteCount)
        while worker.text.count < byteCount {
            worker.text.append(standard.prefix(min(standard.count, byteCount - worker.text.count)))
            if worker.text.count < byteCount { worker.text.append(" ") }
        }
        return worker.text.bytes
    }

    /// Answers with an error of the client's dialect.
    private func fail(_ request: Request, _ status: Int, _ script: Script, _ message: (inout Output) -> Void) {
        var head = AnswerHead()
        head.status = status
        head.dialect = request.dialect
        head.serial = worker.nextSerial()
        head.retryAfter = script.retryAfter
        switch status {
        case 301, 302, 303, 307, 308: head.location = "/v1/models"
        case 405: head.allow = "GET"
        default: break
        }
        ErrorAnswer(status: status, dialect: request.dialect, serial: head.serial).write(into: &worker.body, message: message)
        finish(request, head, script)
    }

    /// Answers what is not HTTP, and closes: the next byte could be anything.
    func refuse(status: Int, _ message: String) {
        delivery = Delivery()
        delivery.end = .linger
        var head = AnswerHead()
        head.status = status
        head.serial = worker.nextSerial()
        head.keepsAlive = false
        worker.body.removeAll()
        ErrorAnswer(status: status, dialect: .openAI, serial: head.serial).write(into: &worker.body) { $0.append(jsonContent: message) }
        head.framing = .length(worker.body.count)
        worker.writeHead(head)
        sendNow(worker.head.bytes, worker.body.bytes)
    }

    /// Sends the body in the worker's scratch behind `head`, with what the script does to it.
    private func finish(_ request: Request, _ head: AnswerHead, _ script: Script) {
        var head = head
        head.dialect = request.dialect
        if head.serial == 0 { head.serial = worker.nextSerial() }
        settleConnection(&head, script)
        let hasBody = head.status != 204 && head.status != 304
        if script.garbage != nil { worker.body.removeLast(worker.body.count / 2) }
        head.framing = hasBody ? .length(worker.body.count) : .none
        if hasBody, let chunk = script.chunk, delivery.isChunked {
            head.framing = .chunked
            writeByteCount = chunk
            frameBody(chunk)
        } else if hasBody, script.malformed != nil, delivery.isChunked {
            head.framing = .chunked
            frameBody(max(1, worker.body.count / 2))
        }
        var sentCount = hasBody && !request.isHead ? worker.body.count : 0
        if script.malformed != nil || script.cut != nil || script.hangAfter != nil {
            sentCount = script.hangAfter == 0 ? 0 : sentCount / 2
            delivery.end = script.hangAfter != nil ? .hang : .drop
        }
        if script.malformed != nil {
            worker.body.removeLast(worker.body.count - sentCount)
            worker.body.append("zz not a chunk\r\n")
            sentCount = worker.body.count
        }
        worker.writeHead(head)
        hold(worker.head.bytes, worker.body.bytes.prefix(sentCount), script)
    }

    /// What becomes of the connection after the answer, and what the head says of it.
    func settleConnection(_ head: inout AnswerHead, _ script: Script) {
        if script.close { delivery.end = .linger }
        head.keepsAlive = delivery.end == .next
        head.saysKeepAlive = !delivery.isChunked
        if script.stale, delivery.end == .next { delivery.end = .drop }
    }

    /// Puts the body into chunks of `byteCount`, the last one included.
    private func frameBody(_ byteCount: Int) {
        worker.event.removeAll()
        Framing.append(worker.body.bytes, chunkByteCount: byteCount, to: &worker.event)
        worker.event.write(atMost: 8) { $0.appendLastChunk() }
        swap(&worker.body, &worker.event)
    }

    /// Sends now, or after the script's latency.
    private func hold(_ head: ByteSlice, _ body: ByteSlice, _ script: Script) {
        if script.latency.isNone {
            return sendNow(head, body)
        }
        phase = .waiting
        keep(head, body)
        setTimer(at: worker.now.adding(nanoseconds: script.latency.sample(&worker.random)))
    }

    private func sendNow(_ head: ByteSlice, _ body: ByteSlice) {
        phase = .sending
        send(head, body)
        if hungUp { return gone() }
        if !hasUnsent { finishAnswer() }
    }
}

/// Chunked framing (RFC 9112 §7.1).
enum Framing {
    /// Appends `payload` as chunks of at most `chunkByteCount` bytes; 0: as one.
    static func append(_ payload: ByteSlice, chunkByteCount: Int, to output: inout Output) {
        var at = 0
        while at < payload.count {
            let end = chunkByteCount > 0 ? min(payload.count, at + chunkByteCount) : payload.count
            output.write(atMost: end - at + 20) { writer in
                writer.append(chunkSize: end - at)
                writer.append(payload[at..<end])
                writer.append("\r\n")
            }
            at = end
        }
    }
}
