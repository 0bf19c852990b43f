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
        let isGoogle = worker.requestHead.fields.firstIndex(named: ByteSlice("x-goog-api-key"), in: message) != nil
        let address = Address(
            path, isPost: method == .post, isAnthropic: worker.requestHead.fields.contains(.anthropicVersion), isGoogle: isGoogle)
        let request = Request(
            method: message[worker.requestHead.methodRange], target: message[worker.requestHead.targetRange],
            endpoint: address.endpoint, dialect: address.dialect, isVertex: address.isVertex,
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
        switch request.endpoint {
        case .object(let scheme, let path): return answerObject(request, scheme: scheme, path: path)
        case .jobs(let isVertex, let path):
            if worker.options.isStrict, let fault = credentialFault(request) { return failJob(request, fault.status, fault.sentence) }
            return answerJob(request, isVertex: isVertex, path: path)
        default: break
        }
        if let transcript = worker.options.transcript { return play(transcript, request) }
        refuseOrPlay(request, address)
    }

    /// What the provider's front refuses before it looks at the body; then the script.
    private func refuseOrPlay(_ request: Request, _ address: Address) {
        if case .notFound = request.endpoint {
            return fail(request, 404, Script()) { $0.append("Resource not found") }
        }
        if address.wantsVersion, request.query("api-version").map({ $0.isEmpty }) ?? true {
            return fail(request, 404, Script()) { $0.append("Resource not found") }
        }
        if request.dialect == .gemini {
            if request.query("key") != nil {
                return fail(request, 400, Script()) {
                    $0.append("the key stands in the URL, where logs keep it; the mock wants it in the field x-goog-api-key")
                }
            }
            if case .stream = request.endpoint, request.query("alt").map({ !($0 == "sse") }) ?? true {
                return fail(request, 400, Script()) { $0.append("the mock streams server-sent events only: ask for them with ?alt=sse") }
            }
        }
        play(request, address)
    }

    private func play(_ request: Request, _ address: Address) {
        var ask = Ask()
        var document: JSONValue?
        if request.endpoint.readsJSON {
            do throws(JSONError) {
                if request.dialect == .gemini || request.dialect == .bedrock {
                    document = try worker.tape.parse(request.body)
                } else {
                    ask = try worker.bodyReader.read(request.body, form: request.endpoint.form, arguments: &worker.text)
                }
            } catch {
                return fail(request, 400, Script()) { output in
                    output.append("the body is no JSON object: ")
                    output.write(atMost: 256) { error.write(into: &$0) }
                }
            }
            if let document {
                ask = request.dialect == .bedrock
                    ? Ask(converse: document, endpoint: request.endpoint) : Ask(gemini: document, endpoint: request.endpoint)
            }
            if !address.model.isEmpty {
                ask.model = worker.pathModel(address.model)
            } else if !worker.bodyReader.namesModel {
                return fail(request, 400, Script()) { $0.append("you must provide a model parameter") }
            }
        } else if !address.model.isEmpty {
            ask.model = worker.pathModel(address.model)
        }
        if let index = worker.requestHead.fields.firstIndex(named: ByteSlice("x-mock-user"), in: request.message) {
            ask.user = request.message[worker.requestHead.fields[index].valueRange]
        }
        let script: Script
        do throws(ScriptError) {
            script = try readScript(request, ask)
        } catch {
            return fail(request, 400, Script()) { error.write(into: &$0) }
        }
        let isStrict = script.strict || worker.options.isStrict
        if request.endpoint.readsJSON, document == nil, isStrict || script.looksIntoTheRequest {
            // What the scan has found valid fails only by its number of values.
            document = try? worker.tape.parse(request.body)
        }
        if isStrict, let fault = fault(in: request, document) {
            return fail(request, fault.status, Script(), parameter: fault.path) { $0.append(jsonContent: fault.sentence) }
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
            return fail(request, status, script) { Connection.writeAskedFor(status, into: &$0) }
        }
        respond(request, ask, script, document)
    }

    static func writeAskedFor(_ status: Int, into output: inout Output) {
        output.append("the mock provider was asked to answer ")
        output.append(decimal: status)
    }

    // MARK: The script

    /// The script in the model's name: of the body or of a form's part, unless the field `x-mock-model` gives one.
    private func readScript(_ request: Request, _ ask: Ask) throws(ScriptError) -> Script {
        var name = ask.model
        if case .audioText = request.endpoint { name = modelPart(of: request) ?? name }
        if case .files = request.endpoint { name = modelPart(of: request) ?? name }
        if let index = worker.requestHead.fields.firstIndex(named: ByteSlice("x-mock-model"), in: request.message) {
            name = request.message[worker.requestHead.fields[index].valueRange]
        } else if request.endpoint.readsJSON, name.firstIndex(of: UInt8(ascii: "\\")) != nil {
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
        if script.errorAfter != nil { return ask.streams ? nil : script.status ?? 500 }
        return script.status.flatMap { $0 >= 300 ? $0 : nil }
    }

    // MARK: Answers

    private func respond(_ request: Request, _ ask: Ask, _ script: Script, _ document: JSONValue?) {
        switch request.endpoint {
        case .chat, .completions, .responses, .messages, .generate, .stream, .converse, .converseStream:
            let reply: Reply
            do throws(ScriptError) {
                reply = try makeReply(request, ask, script, document)
            } catch {
                return fail(request, 400, Script()) { error.write(into: &$0) }
            }
            if ask.streams { return beginStream(reply, request, script) }
            reply.writeBody(into: &worker.body)
            worker.counters.billedInputTokens.count(reply.inputTokens)
            worker.counters.billedOutputTokens.count(reply.outputTokens)
        case .embeddings:
            worker.writeEmbeddings(of: request, ask, saysUsage: !script.noUsage, into: &worker.body)
            worker.counters.billedInputTokens.count(ask.promptTokens)
        case .countTokens:
            worker.body.append("{\"input_tokens\":")
            worker.body.append(decimal: ask.promptTokens)
            worker.body.append("}")
        case .converseTokens:
            worker.body.append("{\"inputTokens\":")
            worker.body.append(decimal: ask.promptTokens)
            worker.body.append("}")
        case .geminiTokens: GeminiAnswers.writeTokens(ask.promptTokens, into: &worker.body)
        case .embed: GeminiAnswers.writeEmbedding(of: document, into: &worker.body)
        case .embedBatch: GeminiAnswers.writeEmbeddings(of: document, into: &worker.body)
        case .predict: GeminiAnswers.writePredictions(of: document, into: &worker.body)
        case .models where request.dialect == .gemini: GeminiAnswers.writeModels(into: &worker.body)
        case .model(let name) where request.dialect == .gemini:
            GeminiAnswers.writeModel(worker.pathModel(name), into: &worker.body)
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

    /// Answers with an error of the client's dialect.
    private func fail(
        _ request: Request, _ status: Int, _ script: Script, parameter: String? = nil, _ message: (inout Output) -> Void
    ) {
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
        ErrorAnswer(status: status, dialect: request.dialect, serial: head.serial, parameter: parameter, retryAfter: script.retryAfter)
            .write(into: &worker.body, message: message)
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
    /// - Parameter wait: nanoseconds to hold it back, beside the script's latency.
    func finish(_ request: Request, _ head: AnswerHead, _ script: Script, wait: UInt64 = 0) {
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
        hold(worker.head.bytes, worker.body.bytes.prefix(sentCount), script, wait: wait)
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
    private func hold(_ head: ByteSlice, _ body: ByteSlice, _ script: Script, wait: UInt64 = 0) {
        if script.latency.isNone, wait == 0 {
            return sendNow(head, body)
        }
        phase = .waiting
        keep(head, body)
        setTimer(at: worker.now.adding(nanoseconds: wait + script.latency.sample(&worker.random)))
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
