import Bytes
import HTTP
import JSON
import Prompts
import Providers

/// A request for a stored prompt takes the form of the request that the prompt is rendered to: from there on it is one like any other, to policies, budgets,
/// guardrails, the cache and the books.
///
/// Both lie in the client's block, one after the other: the new head has the old one's fields but those of its body, and the virtual key that the prompt
/// was saved with. What is named in `x-sluice-…` and `x-portkey-…` counts as it would there.
extension Exchange {
    /// Renders the prompt that the request names, and answers with that, or goes on with it.
    func renderPrompt(_ client: Client) throws(Rejection) -> Next {
        if worker.snapshot.prompts.isEmpty, worker.backOffice?.isOpen != true {
            throw Rejection(.notFound, "this gateway keeps no store: start it with --data FOLDER or SLUICE_DATA, or set \"data\" in its file")
        }
        guard let principal = caller.principal else {
            throw Rejection(.missingCredential, "prompts are for holders of gateway keys: send one as x-portkey-api-key")
        }
        try chooseBodyMode(client)
        guard body.mode == .collected, !body.isMultipart else { throw Rejection(.unsupportedContentType) }
        guard try collectBody(client) else { return .wait }
        guard snapshotVersion == worker.snapshot.version else {
            caller.reset()
            return .step(.identify)
        }
        let found = try prompt(client.unread, in: principal.workspace)
        if worker.recorder != nil { noteForBooks(found) }
        let prompt = found.version
        let most = worker.limits.bodyByteCount
        var capacity = min(most, max(GatewayLimits.renderedByteCount, body.range.count + 2 * prompt.byteCount))
        while true {
            if let next = try render(prompt, in: principal.workspace, capacity: capacity, client) { return next }
            guard capacity < most else { throw Rejection(.bodyTooLarge, "the rendered prompt is larger than \(most) bytes") }
            capacity = capacity > most / 4 ? most : capacity * 4
        }
    }

    private func prompt(_ message: ByteSlice, in workspace: Int32) throws(Rejection) -> PromptTable.Found {
        var name = ByteWriter(worker.pathScratch, capacity: GatewayLimits.promptNameByteCount)
        if let reference = Endpoint.promptReference(target: request.path(in: message)) { PercentText.decode(reference) { name.append($0) } }
        guard !name.overflowed else { throw Rejection(.unknownPrompt) }
        do throws(PromptFault) {
            return try worker.snapshot.prompts.prompt(name.written, in: workspace)
        } catch {
            throw Rejection(error)
        }
    }

    /// Nil where it takes more than `capacity` bytes.
    private func render(_ prompt: CompiledPrompt, in workspace: Int32, capacity: Int, _ client: Client) throws(Rejection) -> Next? {
        let message = client.unread
        // What of the next request has come.
        let rest = message.dropFirst(body.consumedCount)
        let room = headByteCount + GatewayLimits.promptHeadByteCount
        guard let block = worker.blocks.lease(atLeast: room + capacity + rest.count) else { throw Rejection(.overloaded) }
        var content = ByteWriter(block.base + room, capacity: capacity)
        let isShown = endpoint == .promptRender
        if isShown { content.append("{\"success\":true,\"data\":") }
        let start = content.count
        do throws(PromptFault) {
            try worker.prompts.write(prompt, message[body.range], partials: worker.snapshot.prompts, in: workspace, into: &content)
        } catch {
            if error == .tooLong { return nil }
            throw Rejection(error)
        }
        if isShown {
            content.append("}")
            if content.overflowed { return nil }
            answerLocally(200, "application/json", content.written, client)
            return .step(.settle)
        }
        let rendered = content.written.dropFirst(start)
        var head = ByteWriter(block.base, capacity: room)
        writeHead(of: prompt, message, rendered, to: &head)
        guard !head.overflowed else { throw Rejection(.headTooLarge) }
        // As it came: from here on it is another.
        if keepsBodies { keepRequest(client) }
        block.copy(block.slice(0..<head.count), to: room - head.count)
        block.copy(rest, to: room + content.count)
        try goOn(as: prompt, bodyCount: rendered.count, block, room - head.count..<room + content.count + rest.count, client)
        return .step(.identify)
    }

    private func writeHead(of prompt: CompiledPrompt, _ message: ByteSlice, _ rendered: ByteSlice, to head: inout ByteWriter) {
        // A model that names a virtual key, saved or given, goes before the one that was saved beside it.
        let model = JSONView(objectIn: rendered)?.child(ByteSlice("model"))?.string
        let namesKey = model.map { $0.content.hasPrefix("@") } ?? false
        let key = namesKey ? nil : prompt.virtualKey
        head.append(prompt.isChat ? "POST /v1/chat/completions " : "POST /v1/completions ")
        head.append(request.version == .http10 ? "HTTP/1.0\r\n" : "HTTP/1.1\r\n")
        for index in 0..<request.fields.count {
            let line = request.fields[index]
            switch line.name {
            case .contentType, .contentLength, .transferEncoding, .contentEncoding, .expect, .trailer: continue
            case .portkeyVirtualKey, .portkeyProvider: if key != nil { continue }
            default: break
            }
            head.append(message[line.range])
        }
        if let key { key.withByteSlice { head.append(field: "x-portkey-virtual-key", $0) } }
        head.append("content-type: application/json\r\n")
        head.append(field: "content-length", decimal: UInt64(rendered.count))
        head.appendEndOfHead()
    }

    /// Puts the request that lies in `range` of `block`, and what comes behind it, in the place of the client's.
    private func goOn(as prompt: CompiledPrompt, bodyCount: Int, _ block: consuming Block, _ range: Range<Int>, _ client: Client) throws(Rejection) {
        client.adopt(block, range)
        parser = RequestParser(limits: worker.limits.http)
        do throws(HTTPError) {
            guard case .complete(let count) = try parser.parse(client.unread, into: &request) else { throw .headTooLong(limit: 0) }
            headByteCount = count
        } catch {
            throw Rejection(malformed: error)
        }
        if let version = client.carriedVersion { request.cameOver(version) }
        body.range = headByteCount..<headByteCount + bodyCount
        body.consumedCount = headByteCount + bodyCount
        endpoint = prompt.isChat ? .chatCompletions : .completions
        isRendered = true
        // Its credential lies elsewhere now.
        caller.reset()
    }
}

extension Rejection {
    fileprivate init(_ fault: PromptFault) {
        switch fault {
        case .unknownPrompt, .unknownVersion, .versionNotKept: self.init(.unknownPrompt, fault.description)
        case .notJSON, .notAnObject: self.init(.invalidJSON, fault.description)
        case .variablesAreNoObject: self.init(.invalidBody, fault.description, parameter: "variables")
        case .tooManyMembers: self.init(.invalidBody, fault.description)
        case .unusable, .rendering, .missingPartials, .missingVariables, .result, .noMessages: self.init(.invalidPrompt, fault.description)
        case .tooLong: self.init(.bodyTooLarge, fault.description)
        }
    }
}
