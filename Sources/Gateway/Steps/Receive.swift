import Bytes
import HTTP
import Ledger
import Providers
import Reactor

extension Exchange {
    /// Reads the request's head, within its limits and its time.
    func receive(_ client: Client) throws(Rejection) -> Next {
        while true {
            let buffer = client.unread
            if !buffer.isEmpty, let next = try parse(buffer, client) { return next }
            switch client.fill() {
            case .filled:
                continue
            case .blocked:
                return waitForHead(client)
            case .ended, .failed:
                // Between requests this is how clients leave; in the middle of a head nobody is left to answer.
                client.close()
                return .wait
            case .noMemory:
                throw Rejection(.overloaded)
            }
        }
    }

    /// Nil while the head is not whole.
    private func parse(_ buffer: ByteSlice, _ client: Client) throws(Rejection) -> Next? {
        do throws(HTTPError) {
            guard case .complete(let count) = try parser.parse(buffer, into: &request) else { return nil }
            headByteCount = count
            return begun(client)
        } catch {
            if error == .http2Preface, client.takesPreface() {
                // No request of HTTP/1.1: the connection goes on without this exchange.
                answer.clientReusable = true
                return .over
            }
            throw Rejection(malformed: error)
        }
    }

    private func waitForHead(_ client: Client) -> Next {
        if client.unread.isEmpty {
            // Nothing of a request has come: the connection rests without an exchange.
            answer.clientReusable = true
            return .over
        }
        client.shrinkInbound()
        client.setDeadline(startedAt.adding(nanoseconds: worker.limits.headerNanoseconds))
        return .wait
    }

    private func begun(_ client: Client) -> Next {
        client.clearDeadline()
        if let version = client.carriedVersion { request.cameOver(version) }
        let message = client.unread
        answer.clientReusable = request.keepAlive && client.requestCount < worker.limits.requestsPerConnection
        endpoint = Endpoint.classify(method: message[request.methodRange], target: request.path(in: message))
        if backOfficePlace(message) != nil { endpoint = .admin }
        name(message)
        record.peer = client.peer.name
        if let field = worker.snapshot.proxies.field { noteForwarded(by: client, field) }
        if let rules = worker.snapshot.crossOrigin { noteOrigin(rules, message) }
        record.figures.version = request.version
        if let security = client.clientSecurity {
            record.figures.tlsVersion = security.version.rawValue
            if let certificate = security.certificate { record.certificate.set(certificate.description) }
        }
        record.method.set(message[request.methodRange])
        record.path.set(request.path(in: message))
        return .step(.identify)
    }

    /// Gives the request its id, and its trace: the client's word for it, its `traceparent`, or the id.
    func name(_ message: ByteSlice) {
        record.figures.wallNanoseconds = worker.wallNanoseconds()
        requestID = worker.nextIdentifier(wallNanoseconds: record.figures.wallNanoseconds)
        requestID.write(into: &identifier)
        traceIdentifier.removeAll()
        if message.isEmpty {
            identifier.withBytesInPlace { traceIdentifier.append($0) }
            record.figures.hasOwnTrace = true
        } else if let given = request.fields.value(of: .portkeyTraceID, in: message), !given.isEmpty {
            traceIdentifier.append(given)
        } else if let parent = request.fields.value(of: .traceparent, in: message), TraceContext(parent) != nil {
            traceIdentifier.append(parent[3..<35])
        } else {
            identifier.withBytesInPlace { traceIdentifier.append($0) }
            record.figures.hasOwnTrace = true
        }
    }
}
