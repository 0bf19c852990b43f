import Bytes
import HTTP
import Providers

extension Exchange {
    /// Answers what the gateway answers itself: whether it lives, and whether it wants traffic.
    func answerLocally(_ client: Client) throws(Rejection) -> Next {
        switch endpoint {
        case .operatorTargets, .operatorReload, .operatorCache, .metrics: return try answerOperator(client)
        case .admin: return try answerAdmin(client)
        case .health:
            answerLocally(200, "{\"status\":\"ok\"}", client)
        case .ready:
            if worker.isDraining {
                answerLocally(503, "{\"status\":\"draining\"}", client)
            } else if let standing = worker.operations?.current, !standing.faults.isEmpty {
                // Ready all the same: the configuration before it serves.
                let faults = isOperator(client) ? standing.faults.map { Operations.quoted($0) }.joined(separator: ",") : ""
                let detail = "{\"status\":\"ready\",\"configuration\":{\"version\":\(standing.version),\"stale\":true,\"faults\":[\(faults)]}}"
                send(200, "application/json", Array(detail.utf8), client)
            } else {
                answerLocally(200, "{\"status\":\"ready\"}", client)
            }
        default:
            let message = client.unread
            guard request.method == .get || request.method == .head, request.path(in: message) == "/" else {
                throw Rejection(.notFound, "there is nothing at \(String(request.path(in: message))); the API is below /v1")
            }
            answerLocally(200, "{\"name\":\"sluice\",\"api\":\"/v1\",\"health\":\"/health\",\"ready\":\"/ready\"}", client)
        }
        return .step(.settle)
    }

    private func answerLocally(_ status: Int, _ content: StaticString, _ client: Client) {
        answerLocally(status, "application/json", ByteSlice(content), client)
    }

    func send(_ status: Int, _ contentType: StaticString, _ content: [UInt8], _ client: Client, allow: String? = nil) {
        content.withByteSlice { answerLocally(status, contentType, $0, client, allow: allow) }
    }

    func answerLocally(_ status: Int, _ contentType: StaticString, _ content: ByteSlice, _ client: Client, allow: String? = nil) {
        guard let block = worker.blocks.lease(atLeast: GatewayLimits.ownFieldsByteCount + content.count) else { return client.abort() }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        writer.append(statusLine: status)
        writer.append("content-type: ")
        writer.append(contentType)
        writer.append("\r\n")
        writer.append(field: "content-length", decimal: UInt64(content.count))
        if let allow { Array(allow.utf8).withByteSlice { writer.append(field: "allow", $0) } }
        answerAlone(status, block, &writer, content, client)
    }

    /// Ends the head that `writer` has begun in `block`, and sends it with `content`.
    func answerAlone(_ status: Int, _ block: consuming Block, _ writer: inout ByteWriter, _ content: ByteSlice, _ client: Client) {
        if body.isWhole {
            // Collected: the next request begins behind it.
        } else if request.framing == .none || request.framing == .length(0) {
            body.consumedCount = headByteCount
            body.isWhole = true
        } else {
            // Nobody has a body to send here; whoever does is answered and let go.
            answer.clientReusable = false
            body.isConsumed = true
        }
        writeOwnFields(to: &writer)
        writeConnectionField(to: &writer)
        writer.appendEndOfHead()
        if request.method != .head { writer.append(content) }
        worker.runs.append(writer.written)
        worker.runs.blocks.add(block)
        record.figures.status = UInt16(status)
        record.figures.sentByteCount &+= UInt64(worker.runs.byteCount)
        answer.isCommitted = true
        answer.state = .done
        if case .failed = client.send(&worker.runs) { client.close() }
    }
}
