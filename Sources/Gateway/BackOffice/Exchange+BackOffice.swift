import Bytes
import HTTP
import Ledger
import Providers

extension Exchange {
    /// What the request asks of the admin API; nil for one that is not its.
    func backOfficePlace(_ message: ByteSlice) -> BackOfficePlace? {
        guard endpoint == .other || endpoint == .unknown, let office = worker.backOffice else { return nil }
        return office.place(message[request.methodRange], request.path(in: message))
    }

    /// Answers a request of the admin API: collected, handed over once, and answered when its message comes.
    func answerAdmin(_ client: Client) throws(Rejection) -> Next {
        if longAnswer != nil { return try goOn(client) }
        if let answer = operatorAnswer.take() {
            isAskingOperations = false
            if let stream = answer.stream { return try begin(stream, answer.content, client) }
            send(answer.status, answer.contentType, answer.content, client, allow: answer.allow)
            return .step(.settle)
        }
        if isAskingOperations { return .wait }
        guard let office = worker.backOffice, office.isOpen else {
            throw Rejection(.notFound, "this gateway keeps no store: start it with --data FOLDER or SLUICE_DATA, or set \"data\" in its file")
        }
        let place = office.place(client.unread[request.methodRange], request.path(in: client.unread)) ?? BackOfficePlace()
        let presented = try place.isByLink ? opened(client, office) : presented(client, isForCallers: place.isForCallers)
        try takePlace(client)
        let isGzip = try isPacked(client, place)
        body.byteLimit = place.bodyByteCount
        guard try collectBody(client) else { return .wait }
        let message = client.unread
        var asked = BackOfficeRequest()
        asked.method = String(message[request.methodRange])
        let path = request.path(in: message)
        asked.path = [UInt8](path)
        asked.query = request.queryRange.map { [UInt8](message[$0]) } ?? []
        asked.body = [UInt8](message[body.range])
        asked.contentType = request.fields.value(of: .contentType, in: message).map { String($0) } ?? ""
        asked.isGzip = isGzip
        asked.credential = [UInt8](message[presented.secret])
        asked.declaredKey = presented.declared.map { String($0.name) }
        asked.requestID = identifier.withBytes { String($0) }
        asked.peer = record.peer.withBytesInPlace { String($0) }
        asked.isPortkeySDK = isPortkeySDK(message)
        asked.isFiguresAlone = wantsFiguresAlone(message)
        asked.isByLink = place.isByLink
        asked.origin = origin(client)
        asked.nowMilliseconds = wallMilliseconds
        let token = client.token
        let mailbox = worker.mailbox
        let number = identifier
        let isTaken = office.ask(asked, isCallers: place.isForCallers) { reply in
            let answer = Operations.Answer(
                status: reply.status, contentType: reply.contentType, content: reply.body, allow: reply.allow, stream: reply.stream)
            mailbox.post(.operatorAnswer(token, number, answer))
        }
        let most = place.isForCallers ? GatewayLimits.waitingCallerRequests : GatewayLimits.waitingAdminRequests
        guard isTaken else { throw Rejection(.overloaded, "\(most) requests of the admin API wait already; try again") }
        isAskingOperations = true
        client.setDeadline(worker.now.adding(nanoseconds: GatewayLimits.adminNanoseconds))
        return .wait
    }

    /// Where the request has its gateway key, and whose it is where a file declares it. One that is nobody's is refused here: guesses cost no disk anything.
    ///
    /// - Parameter isForCallers: whether callers have something to ask there. What a file declares of a key of theirs is kept then, as where they ask models.
    private func presented(_ client: Client, isForCallers: Bool) throws(Rejection) -> (secret: Range<Int>, declared: Principal?) {
        let message = client.unread
        for name in [.portkeyAPIKey, .authorization, .xAPIKey] as [FieldName] {
            guard let value = request.fields.value(of: name, in: message) else { continue }
            switch name == .authorization ? Ledger.Credential(authorization: value) : Ledger.Credential(value) {
            case .absent: continue
            case .gatewayKey(let secret), .foreign(let secret):
                guard let principal = worker.snapshot.keys.principal(presenting: secret) else { throw Rejection(.invalidKey) }
                record.key.set(principal.name)
                let start = secret.base - message.base
                guard isForCallers, principal.isDeclared else { return (start..<start + secret.count, nil) }
                try checkCertificate(of: principal, client)
                return (start..<start + secret.count, try usable(principal, client))
            }
        }
        if isForCallers, let certificate = client.clientSecurity?.certificate,
            let principal = worker.snapshot.keys.principal(showing: certificate.identities)
        {
            record.key.set(principal.name)
            return (0..<0, try usable(principal, client))
        }
        throw Rejection(.missingCredential, "the admin API needs a gateway key: send it as x-portkey-api-key")
    }

    /// Nothing is presented where a link opens; one that does not is refused here: guesses cost no disk anything.
    private func opened(_ client: Client, _ office: BackOffice) throws(Rejection) -> (secret: Range<Int>, declared: Principal?) {
        let message = client.unread
        guard office.opens(request.path(in: message), request.queryRange.map { message[$0] } ?? ByteSlice(""), wallMilliseconds) else {
            throw Rejection(.forbidden, "this link does not open, or no longer: ask for another where it came from")
        }
        return (0..<0, nil)
    }

    private var wallMilliseconds: Int64 { Int64(clamping: record.figures.wallNanoseconds / 1_000_000) }

    /// Where the gateway is for this client, by its own words, or a trusted proxy's for it.
    private func origin(_ client: Client) -> String {
        let message = client.unread
        var (isSecure, host) = (client.clientSecurity != nil, request.hostRange.map { message[$0] } ?? ByteSlice(""))
        if worker.snapshot.proxies.includes(client.peer.address) {
            if let scheme = request.fields.value(of: .xForwardedProto, in: message)?.trimmed { isSecure = scheme.equalsIgnoringCase("https") }
            if let named = request.fields.value(of: .xForwardedHost, in: message)?.trimmed, !named.isEmpty {
                // Of several proxies the first, which the client has asked.
                host = named.prefix(named.firstIndex(of: UInt8(ascii: ",")) ?? named.count).trimmed
            }
        }
        return (isSecure ? "https://" : "http://") + String(host)
    }

    private func usable(_ principal: Principal, _ client: Client) throws(Rejection) -> Principal {
        try checkExpiry(of: principal)
        if let restrictions = worker.snapshot.restrictions(of: principal) { try checkUse(of: principal, restrictions, client) }
        return principal
    }

    /// Whether the body is packed with gzip, where that is taken.
    private func isPacked(_ client: Client, _ place: BackOfficePlace) throws(Rejection) -> Bool {
        guard let coding = request.fields.value(of: .contentEncoding, in: client.unread), !coding.equalsIgnoringCase("identity") else { return false }
        guard place.takesGzip, coding.equalsIgnoringCase("gzip") else { throw Rejection(.unsupportedContentCoding) }
        return true
    }

    private func isPortkeySDK(_ message: ByteSlice) -> Bool {
        var isOne = false
        request.fields.eachPortkeyOption("x-portkey-package-", in: message) { rest, _ in isOne = isOne || rest.equalsIgnoringCase("version") }
        return isOne
    }
}
