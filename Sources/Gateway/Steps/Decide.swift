import Bytes
import HTTP
import JSON
import Policy
import Providers

extension Exchange {
    /// Collects the body where it must be read, finds the route the request names, and runs its
    /// program once.
    func decide(_ client: Client) throws(Rejection) -> Next {
        if endpoint.namesPrompt { return try renderPrompt(client) }
        try chooseBodyMode(client)
        if body.mode == .collected, try !collectBody(client) { return .wait }
        guard snapshotVersion == worker.snapshot.version else {
            // Adopted while the body came: who asks is looked up where the answer will be decided.
            caller.reset()
            return .step(.identify)
        }
        let message = client.unread
        var headers = RoutingHeaders()
        try read(message, into: &headers)
        var model: JSONString?
        if readsBody {
            try scanBody(message[body.range])
            model = worker.scan.string("model")
            if let model { record.model.set(model.content) }
            noteUser(message)
            if let model, !model.hasEscapes, let named = VirtualKeyName(model: model.content) { headers.modelKey = named.slug }
        }
        guard let route = try route(&headers, client) else {
            client.setDeadline(worker.now.adding(nanoseconds: GatewayLimits.compileNanoseconds))
            return .wait
        }
        isAwaitingCompile = false
        if noteBatch(route, message) { return .step(.decide) }
        let asked = asked(model, &headers, route)
        try forbidTargets(route, asked, client)
        var plan = try plan(route, client)
        if readsBody { read(model, asked, into: &plan) }
        try check(plan, client)
        explains = wantsExplanation(client)
        attempt.totalDeadline = startedAt.adding(nanoseconds: min(worker.limits.totalNanoseconds, plan.destination.totalNanoseconds ?? .max))
        self.plan = consume plan
        return .step(.screen)
    }

    // MARK: The body

    /// Whether the body is one that names a model.
    var readsBody: Bool { endpoint.body == .collected && !body.isMultipart }

    func chooseBodyMode(_ client: Client) throws(Rejection) {
        guard body.mode == .none else { return }
        let message = client.unread
        let type = request.fields.value(of: .contentType, in: message) ?? ByteSlice("")
        body.isMultipart = type.hasPrefix(ignoringCase: "multipart/")
        if endpoint.body == .collected, !body.isMultipart {
            if let coding = request.fields.value(of: .contentEncoding, in: message), !coding.equalsIgnoringCase("identity") {
                throw Rejection(.unsupportedContentCoding)
            }
            body.mode = .collected
            return
        }
        switch request.framing {
        case .none, .untilClose:
            body.mode = .collected
        case .length(let length):
            // A body that is here already can be sent again like any other.
            body.mode = length <= Int64(client.unread.count - headByteCount) ? .collected : .streamed
            body.remaining = length
        case .chunked:
            body.mode = .streamed
            body.decoder = ChunkedDecoder(limits: worker.limits.http)
        }
        if body.mode == .streamed { body.startedAt = worker.now }
    }

    /// Scans the collected body into the worker's scan.
    func scanBody(_ bytes: ByteSlice) throws(Rejection) {
        worker.scanOwner = nil
        do throws(JSONError) {
            try worker.scan.scan(bytes)
        } catch {
            throw Rejection(.invalidJSON, "the request body is not a JSON object: \(error)")
        }
        if let twice = worker.scan.firstDuplicate() {
            let name = String(bytes[twice.key])
            throw Rejection(.duplicateMember, "the request body has \"\(name)\" twice, again at byte \(twice.key.lowerBound)", parameter: name)
        }
        worker.scanOwner = ObjectIdentifier(self)
    }

    /// Has the worker's scan hold this exchange's body where it lies now: another may have scanned its own since, or ours may have moved.
    func scanAgain(_ bytes: ByteSlice) throws(Rejection) {
        if worker.scanOwner != ObjectIdentifier(self) || worker.scan.text.base != bytes.base { try scanBody(bytes) }
    }

    private func asked(_ model: JSONString?, _ headers: inout RoutingHeaders, _ route: Route) -> AskedModel {
        var asked = AskedModel()
        guard readsBody else { return asked }
        guard let model else {
            asked.isAbsent = worker.scan.member("model") == nil
            return asked
        }
        asked.isAbsent = !model.hasEscapes && model.content == "portkey-default"
        // `@slug/` is taken off when the slug has said where the request goes.
        if !headers.modelKey.isEmpty, headers.provider.isEmpty, headers.virtualKey.isEmpty,
            route.program.needsRequestProvider || (headers.config.isEmpty && headers.keyConfig < 0)
        {
            asked.prefixCount = headers.modelKey.count + 2
        }
        return asked
    }

    private func read(_ model: JSONString?, _ asked: AskedModel, into plan: inout Plan) {
        plan.wantsStream = worker.scan.bool("stream") == true
        if worker.snapshot.prices != nil { plan.askedTier = askedTier() }
        plan.hasNoModel = asked.isAbsent
        plan.modelPrefixCount = asked.prefixCount
        guard let model else { return }
        if plan.route.readsModels, !plan.hasNoModel { plan.vertexModel = VertexModel(named: model.content.dropFirst(plan.modelPrefixCount)) }
    }

    // MARK: The route

    private func read(_ message: ByteSlice, into headers: inout RoutingHeaders) throws(Rejection) {
        headers.config = try single(.portkeyConfig, "x-portkey-config", message)
        headers.provider = try single(.portkeyProvider, "x-portkey-provider", message)
        headers.virtualKey = try single(.portkeyVirtualKey, "x-portkey-virtual-key", message)
        headers.customHost = try single(.portkeyCustomHost, "x-portkey-custom-host", message)
        headers.forwardHeaders = try single(.portkeyForwardHeaders, "x-portkey-forward-headers", message)
        headers.requestTimeout = try single(.portkeyRequestTimeout, "x-portkey-request-timeout", message)
        if request.fields.contains(.otherPortkey) {
            headers.azure = AzureHeaders(request.fields, in: message)
            headers.vertex = VertexHeaders(request.fields, in: message)
            headers.amazon = AmazonHeaders(request.fields, in: message)
            headers.inputGuardrails = try guardrails("x-portkey-default-input-guardrails", message)
            headers.outputGuardrails = try guardrails("x-portkey-default-output-guardrails", message)
        }
        headers.isKeyed = caller.principal != nil
        if !headers.config.isEmpty || !headers.requestTimeout.isEmpty, let principal = caller.principal { headers.principal = principal.identity }
        headers.workspace = caller.principal?.workspace ?? -1
        if headers.config.isEmpty, !headers.namesProvider, let index = caller.principal?.configurationIndex { headers.keyConfig = index }
    }

    /// Guardrails that the request asks for beside its config; empty where it asks for none.
    private func guardrails(_ name: StaticString, _ message: ByteSlice) throws(Rejection) -> ByteSlice {
        var found = ByteSlice("")
        for index in 0..<request.fields.count where message[request.fields[index].nameRange].equalsIgnoringCase(name) {
            guard found.isEmpty else { throw Rejection(.invalidHeader, "\(name.description) is given twice", parameter: name.description) }
            found = message[request.fields[index].valueRange].trimmed
        }
        return found == "[]" ? ByteSlice("") : found
    }

    /// A routing header's value. Given twice it could mean one thing here and another elsewhere.
    private func single(_ name: FieldName, _ spelling: StaticString, _ message: ByteSlice) throws(Rejection) -> ByteSlice {
        guard let index = request.fields.firstIndex(of: name) else { return ByteSlice("") }
        guard request.fields.nextIndex(of: name, after: index) == nil else {
            throw Rejection(.invalidHeader, "\(spelling) is given twice", parameter: spelling.description)
        }
        return message[request.fields[index].valueRange]
    }

    /// Nil while the config is compiled elsewhere.
    private func route(_ headers: inout RoutingHeaders, _ client: Client) throws(Rejection) -> Route? {
        if headers.isEmpty, let standing = worker.standingRoute { return standing }
        var writer = ByteWriter(worker.routingScratch, capacity: GatewayLimits.routingTextByteCount)
        headers.write(to: &writer)
        guard !writer.overflowed else {
            throw Rejection(
                .invalidHeader, "the x-portkey-* headers that route the request are longer than \(GatewayLimits.routingTextByteCount) bytes together")
        }
        if let known = worker.routes.value(for: writer.written) { return known }
        var compiled: Result<CompiledHeaders, ConfigRefusal>?
        if HeaderTexts.areCostly(headers) {
            switch worker.program(of: headers, text: writer.written, for: client.token) {
            case .compiled(let result): compiled = result
            case .refused: throw Rejection(.overloaded, "too many configs are being compiled")
            case .waits:
                isAwaitingCompile = true
                return nil
            }
        }
        let built = try RouteBuilder(worker).build(headers, text: writer.written, compiled)
        worker.routes.insert(built, for: built.text)
        if headers.isEmpty { worker.standingRoute = built }
        return built
    }

    private func plan(_ route: Route, _ client: Client) throws(Rejection) -> Plan {
        do throws(RoutingFault) {
            return try Plan(route, self, client)
        } catch {
            throw Rejection(.unroutable)
        }
    }

    /// What targets there are is the operator's to tell: to holders of keys, and where there are none to this machine.
    private func wantsExplanation(_ client: Client) -> Bool {
        guard request.fields.contains(.sluice), caller.principal != nil || !worker.snapshot.hasKeys && isLocal(client) else { return false }
        let message = client.unread
        return request.fields.firstIndex(named: ByteSlice("x-sluice-explain"), in: message).map { message[request.fields[$0].valueRange] == "1" } ?? false
    }

    // MARK: Checks

    /// What the decision's first target cannot do is refused before anything is sent.
    private func check(_ plan: Plan, _ client: Client) throws(Rejection) {
        let spoken = endpoint.clientDialect(sentAnthropicVersion: request.fields.contains(.anthropicVersion))
        for destination in plan.route.destinations {
            if destination.batches != nil, endpoint == .files || endpoint == .batches {
                try checkBatch(at: destination)
                try checkRight(to: destination, client)
                continue
            }
            let model = vertexModel(plan, at: destination)
            if destination.vertex != nil, readsBody, model == nil {
                throw Rejection(.invalidBody, "\(destination.upstream.id) needs the name of a model", parameter: "model")
            }
            let passage = destination.passage(of: endpoint, spoken: spoken, model)
            if passage == .impossible {
                throw Rejection(.unsupportedTranslation, "\(destination.upstream.id) speaks another dialect, which has nothing like this endpoint")
            }
            guard passage != .direct || destination.serves(endpoint) else {
                throw Rejection(.unsupportedEndpoint, "\(destination.upstream.id) has no such endpoint")
            }
            try checkRight(to: destination, client)
        }
    }

    /// What is the operator's, credentials and hosts, is for holders of gateway keys; without keys
    /// declared, for programs on this machine.
    private func checkRight(to destination: Destination, _ client: Client) throws(Rejection) {
        guard caller.principal == nil else { return }
        let name = destination.upstream.id
        if destination.usesOperatorCredential(forWhoBrings: caller.bringsCredential), !mayUseOperatorCredential(client) {
            throw Rejection(.missingCredential, "\(name) is reached with the gateway's own credential: send a gateway key as x-portkey-api-key")
        }
        // A loopback host that the operator has not named is what a program of this machine could reach by itself.
        if destination.pool.origin.mayBeLoopback, !destination.pool.origin.mayBePrivate, !isLocal(client) || isPage {
            throw Rejection(.invalidCustomHost, "Invalid custom host", parameter: "x-portkey-custom-host")
        }
        if destination.isOperatorHost, worker.snapshot.hasKeys || !worker.snapshot.isLoopbackOnly || !isLocal(client) || isPage {
            throw Rejection(.missingCredential, "\(name) is a host of the gateway's own: send a gateway key as x-portkey-api-key")
        }
    }

    /// Without keys declared, the operator's credentials serve this machine's own programs and nobody
    /// else: not other machines, and no web page, whose requests carry another Host or content type.
    private func mayUseOperatorCredential(_ client: Client) -> Bool {
        guard !worker.snapshot.hasKeys, worker.snapshot.isLoopbackOnly, isLocal(client), !isPage else { return false }
        let message = client.unread
        guard let host = request.hostRange, LoopbackHost.names(message[host]) else { return false }
        if request.framing == .none, request.method == .get || request.method == .head { return true }
        guard let type = request.fields.value(of: .contentType, in: message) else { return false }
        return type.hasPrefix(ignoringCase: "application/json")
    }
}

/// Names of this machine in a Host field.
enum LoopbackHost {
    static func names(_ host: ByteSlice) -> Bool {
        for name in ["localhost", "127.0.0.1", "[::1]"] as [StaticString] {
            let bytes = ByteSlice(name)
            guard host.count >= bytes.count, host.prefix(bytes.count).equalsIgnoringCase(bytes) else { continue }
            if host.count == bytes.count || host[bytes.count] == UInt8(ascii: ":") { return true }
        }
        return false
    }
}
