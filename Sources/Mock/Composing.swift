import Bytes
import JSON

/// From what a request asks and a script says to the parts of an answer.
extension Connection {
    /// - Parameter document: the request's body, when it has been parsed.
    func makeReply(_ request: Request, _ ask: Ask, _ script: Script, _ document: JSONValue?) throws(ScriptError) -> Reply {
        var reply = Reply()
        reply.form = request.endpoint.form ?? .chat
        reply.isFiltered = request.dialect == .azure
        reply.serial = worker.nextSerial()
        reply.createdSeconds = worker.wallSeconds
        reply.model = ask.model
        reply.promptTokens = ask.promptTokens
        reply.cachedTokens = script.cached
        reply.cacheWriteTokens = script.cacheWrite
        reply.includesUsage = ask.includesUsage
        reply.saysUsage = !script.noUsage
        let stops = document.flatMap { $0["stop_sequences"] ?? $0["inferenceConfig"]?["stopSequences"] }
        reply.stopSequence = stops?.elements.first { _ in true }?.string?.content
        worker.texts.removeAll()
        let calls = try calls(reply.form, ask, script, document)
        if script.refusal {
            reply.finish = .refusal
            // Gemini says no word of its own.
            if reply.form != .gemini { addRefusal(to: &reply, script) }
        } else {
            if script.thinking > 0 {
                add(.thinking, to: &reply, tokens: script.thinking) { $0.append(Reply.thinkingText) }
            }
            let speaksFirst = script.tools != nil && script.reply != nil
            if calls.isEmpty || speaksFirst { addAnswer(to: &reply, request, ask, script, document) }
            addCalls(calls, to: &reply, ask, script)
            reply.finish = calls.isEmpty ? .stop : .calls
        }
        if let limit = ask.tokenLimit, let wanted = script.tokens, script.size == nil, wanted > limit, reply.finish == .stop { reply.finish = .length }
        if let finish = script.finish { reply.finish = finish }
        reply.texts = worker.texts.bytes
        return reply
    }

    // MARK: Parts

    /// Adds a part whose text `write` appends.
    /// - Parameter tokens: its length; as many as the text has when nil.
    private func add(
        _ kind: Reply.Kind, to reply: inout Reply, pieceByteCount: Int = 0, tokens: Int? = nil, _ write: (inout Output) -> Void
    ) {
        let start = worker.texts.count
        write(&worker.texts)
        var part = Reply.Part(kind: kind)
        part.text = start..<worker.texts.count
        part.pieceByteCount = pieceByteCount
        let text = worker.texts.bytes[part.text]
        part.tokenCount = tokens.map { text.isEmpty ? 0 : $0 } ?? Reply.tokens(in: text, pieceByteCount: pieceByteCount)
        reply.parts.append(part)
    }

    private func addRefusal(to reply: inout Reply, _ script: Script) {
        // Of these forms only two have a place of their own for it.
        let kind: Reply.Kind = reply.form == .chat || reply.form == .responses ? .refusal : .text
        add(kind, to: &reply) { $0.append(script.reply ?? ByteSlice(Reply.refusalText)) }
    }

    private func addAnswer(to reply: inout Reply, _ request: Request, _ ask: Ask, _ script: Script, _ document: JSONValue?) {
        if script.echo {
            return add(.text, to: &reply) { worker.writeEcho(of: request, into: &$0) }
        }
        if let size = script.size {
            let tokens = script.tokens ?? 0
            let pieceByteCount = tokens > 0 ? max(1, (size + tokens - 1) / tokens) : 0
            // Pieces, once set, say how many tokens there are.
            return add(.text, to: &reply, pieceByteCount: pieceByteCount, tokens: tokens > 0 ? nil : script.tokens) {
                Connection.fill(size, &$0)
            }
        }
        if script.json {
            let schema = document.flatMap { RequestedSchema.find(in: $0, form: reply.form) }
            return add(.text, to: &reply, pieceByteCount: MockLimits.argumentPieceByteCount) { output in
                guard let schema else { return output.append("{\"mock\":true}") }
                SchemaSample(root: schema).write(schema, into: &output)
            }
        }
        let text = script.reply ?? ByteSlice(Reply.standardText)
        if let byteCount = script.audio, reply.form == .chat || reply.form == .gemini {
            return addSound(to: &reply, byteCount, transcript: text)
        }
        add(.text, to: &reply, tokens: script.tokens.map { min($0, ask.tokenLimit ?? $0) }) { $0.append(text) }
    }

    private func addSound(to reply: inout Reply, _ byteCount: Int, transcript: ByteSlice) {
        let name = worker.texts.count
        worker.texts.append(transcript)
        let end = worker.texts.count
        worker.text.removeAll()
        // A saw tooth of 16 bits: any sound will do that is always the same.
        for index in 0..<byteCount { worker.text.append(UInt8(truncatingIfNeeded: index &* 7)) }
        add(.sound, to: &reply, pieceByteCount: MockLimits.soundPieceByteCount) { $0.append(base64: worker.text.bytes) }
        reply.parts[reply.parts.count - 1].name = name..<end
    }

    /// The standard text, repeated and cut to `byteCount`.
    private static func fill(_ byteCount: Int, _ output: inout Output) {
        let standard = ByteSlice(Reply.standardText)
        let end = output.count + byteCount
        output.reserve(byteCount)
        while output.count < end {
            output.append(standard.prefix(min(standard.count, end - output.count)))
            if output.count < end { output.append(" ") }
        }
    }

    // MARK: Calls

    private enum Call {
        /// Its arguments are in the worker's text.
        case read(ByteSlice)
        case declared(DeclaredTool)
    }

    /// What to call: as often as the script says; without its word once, unless it asks for some text or the tools' results have come.
    private func calls(_ form: Form, _ ask: Ask, _ script: Script, _ document: JSONValue?) throws(ScriptError) -> [Call] {
        guard let wanted = script.tools else {
            if script.echo || script.size != nil || script.json || script.audio != nil { return [] }
            if let name = ask.toolName { return [.read(name)] }
            guard form == .gemini || form == .converse, let document else { return [] }
            return DeclaredTool.callable(in: document, form: form)?.prefix(1).map { .declared($0) } ?? []
        }
        guard wanted > 0, let document, let tools = DeclaredTool.callable(in: document, form: form) else { return [] }
        guard !tools.isEmpty else { throw .noTools }
        return (0..<wanted).map { .declared(tools[$0 % tools.count]) }
    }

    private func addCalls(_ calls: [Call], to reply: inout Reply, _ ask: Ask, _ script: Script) {
        for (number, call) in calls.enumerated() {
            let start = worker.texts.count
            switch call {
            case .read(let name):
                worker.texts.append(name)
                let end = worker.texts.count
                add(.call, to: &reply) { $0.append(worker.text.bytes) }
                reply.parts[reply.parts.count - 1].name = start..<end
            case .declared(let tool):
                worker.texts.append(tool.name)
                let end = worker.texts.count
                add(.call, to: &reply, pieceByteCount: MockLimits.argumentPieceByteCount) { tool.writeArguments(into: &$0) }
                reply.parts[reply.parts.count - 1].name = start..<end
            }
            reply.parts[reply.parts.count - 1].number = number
        }
    }
}
