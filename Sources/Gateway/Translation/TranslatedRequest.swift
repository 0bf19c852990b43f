import Bytes
import HTTP
import JSON
import Ledger
import Providers

extension Exchange {
    /// Writes the request to a target of another dialect: its body in that dialect, its path and its fields.
    func writeTranslated(_ plan: Plan, _ translation: Translation, to upstream: UpstreamCall, _ client: Client) throws(Rejection) {
        let message = client.unread
        try edit(message[body.range], plan)
        let content = try translatedBody(plan, translation, message)
        attempt.wantsStream = worker.translator.wantsStream && translation.subject == .chat
        attempt.wantsUsage = worker.translator.wantsUsage
        attempt.wantsBase64 = worker.translator.wantsBase64
        attempt.isLoose = request.fields.value(of: .portkeyStrictOpenAICompliance, in: message)?.equalsIgnoringCase("false") == true
        notes.removeAll()
        if !worker.translator.notes.isEmpty {
            notes = worker.translator.notes
            // What the provider is not asked for it does not serve.
            if notes.mayHaveDropped("service_tier") || notes.mayHaveDropped("speed") { attempt.tier = .standard }
            try refuseDropped(notes, message)
        }
        let path = ByteSlice(worker.pathScratch, count: attempt.pathByteCount)
        let key = plan.destination.keys[attempt.key]
        let signer = try signer(of: key, key.signer)
        let capacity = headByteCount + plan.destination.fixedFields.count + GatewayLimits.ownFieldsByteCount + path.count + (signer?.byteCount ?? 0)
        guard let block = worker.blocks.lease(atLeast: capacity) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        writer.append("POST ")
        // A translated request goes to the endpoint its dialect has for it.
        let isWritten = writePath(of: path, .chatCompletions, plan, isStream: attempt.wantsStream, to: &writer)
        guard isWritten else { throw Rejection(.notFound, "\(plan.destination.upstream.id) has no path for this request") }
        let target = writer.written.dropFirst(5)
        writer.append(" HTTP/1.1\r\n")
        writer.append(plan.destination.fixedFields)
        if translation.provider == .bedrock { writer.append("content-type: application/json\r\n") }
        if let signer {
            var time = AmazonTime(wallSeconds: worker.wallNanoseconds() / 1_000_000_000).text
            time.withBytesInPlace { time in
                signer.sign(
                    method: "POST", path: target, contentType: ByteSlice("application/json"), body: content.block.slice(0..<content.count), time: time,
                    to: &writer)
            }
        } else {
            try writeCredential(plan.destination, message, client, to: &writer)
        }
        plan.destination.writeFields(request, message, spoken: translation.provider, context: contextForUpstream(message), to: &writer)
        writer.append(field: "content-length", decimal: UInt64(content.count))
        writer.appendEndOfHead()
        guard !writer.overflowed else { throw Rejection(.internalFault) }
        worker.runs.append(writer.written)
        worker.runs.append(content.block.slice(0..<content.count))
        worker.runs.blocks.add(block)
        worker.runs.blocks.add(content.takeBlock())
    }

    /// What signs a request that carries `key`, by its way to one of the provider's hosts; nil where nothing does.
    func signer(of key: DestinationKey, _ signing: AmazonSigning?) throws(Rejection) -> AmazonSigner? {
        switch signing {
        case nil: return nil
        case .key(let signer): return signer
        case .role(let role):
            guard let source = key.tokenSource else { return nil }
            attempt.tokenGrant = worker.tokenGrant(of: source)
            guard let token = worker.heldToken(of: source), let signer = role.signer(of: token) else {
                throw Rejection(.tokenRefused, "the keys of the role ended while its request waited")
            }
            return signer
        }
    }

    /// A body in a block of its own.
    struct TranslatedBody: ~Copyable {
        let block: Block
        let count: Int

        consuming func takeBlock() -> Block { block }
    }

    /// The body in the provider's dialect; leaves the path that goes with it in the worker's scratch.
    private func translatedBody(_ plan: Plan, _ translation: Translation, _ message: ByteSlice) throws(Rejection) -> TranslatedBody {
        var options = RequestOptions()
        options.takesIncludeUsage = plan.destination.takesIncludeUsage
        options.takesTopK = plan.destination.upstream.row.takesTopK
        options.isVertex = plan.destination.vertex != nil
        guard worker.splice.isEmpty else {
            // Overrides belong to the client's dialect: they are laid over its body before that is translated.
            guard let merged = worker.blocks.lease(atLeast: worker.splice.byteCount) else { throw Rejection(.overloaded) }
            var writer = ByteWriter(merged.base, capacity: merged.capacity)
            worker.splice.write(into: &writer)
            return try translated(writer.written, translation, options)
        }
        return try translated(message[body.range], translation, options)
    }

    private func translated(_ source: ByteSlice, _ translation: Translation, _ options: RequestOptions) throws(Rejection) -> TranslatedBody {
        var wanted = 2 * source.count + GatewayLimits.translationSlackByteCount
        while true {
            guard wanted <= 4 * worker.limits.bodyByteCount + GatewayLimits.translationSlackByteCount, let block = worker.blocks.lease(atLeast: wanted) else {
                throw Rejection(.overloaded)
            }
            var writer = ByteWriter(block.base, capacity: block.capacity)
            var path = ByteWriter(worker.pathScratch, capacity: GatewayLimits.translatedPathByteCount)
            do throws(TranslationFault) {
                try worker.translator.writeRequest(source, translation, options, to: &writer, path: &path)
            } catch {
                // What was cut off for want of room is no fault of the client's.
                if !writer.overflowed { throw Rejection(error) }
            }
            if path.overflowed { throw Rejection(.invalidBody, "the model's name is too long", parameter: "model") }
            if !writer.overflowed {
                attempt.pathByteCount = path.count
                return TranslatedBody(block: block, count: writer.count)
            }
            wanted = 2 * block.capacity
        }
    }

    /// A caller that asked for strictness gets no request that says less than its own.
    func refuseDropped(_ notes: TranslationNotes, _ message: ByteSlice) throws(Rejection) {
        guard let index = request.fields.firstIndex(named: ByteSlice("x-sluice-strict-params"), in: message) else { return }
        let value = message[request.fields[index].valueRange]
        guard value == "1" || value.equalsIgnoringCase("true") else { return }
        var notes = notes
        var text = ByteWriter(worker.routingScratch, capacity: GatewayLimits.routingTextByteCount)
        notes.write(into: &text)
        throw Rejection(.droppedParameter, "the provider cannot honour all of the request: \(String(text.written))")
    }
}

extension Rejection {
    init(_ fault: TranslationFault) {
        // Anthropic's shape has no member for the place: it goes into the sentence.
        let sentence = fault.parameter.isEmpty || fault.message.contains(fault.parameter) ? fault.message : "\(fault.parameter): \(fault.message)"
        switch fault.kind {
        case .invalid: self.init(.invalidBody, sentence, parameter: fault.parameter)
        case .unsupported: self.init(.unsupportedContent, sentence, parameter: fault.parameter)
        case .unreadable: self.init(.upstreamUnreadable, fault.message)
        }
    }
}
