import Bytes
import HTTP
import Providers

/// Requests of web pages from elsewhere (CORS): who may read an answer is said in each; a preflight is answered here and asks nobody.
extension Exchange {
    /// Keeps what the answer says to the request's page, if it is one that may ask.
    func noteOrigin(_ rules: CrossOriginRules, _ message: ByteSlice) {
        guard let origin = request.fields.value(of: .origin, in: message), let answer = rules.answer(to: origin) else { return }
        allowedOrigin.set(answer)
    }

    /// Answers a browser that asks whether a page may ask; nil when this is no such question.
    func answerPreflight(_ client: Client) throws(Rejection) -> Next? {
        guard request.method == .options, request.fields.contains(.origin), let rules = worker.snapshot.crossOrigin else { return nil }
        let message = client.unread
        guard request.fields.firstIndex(named: ByteSlice("access-control-request-method"), in: message) != nil else { return nil }
        guard !allowedOrigin.isEmpty else {
            throw Rejection(.forbidden, "pages of this origin may not ask: cors.origins does not name it", parameter: "origin")
        }
        guard let block = worker.blocks.lease(atLeast: GatewayLimits.ownFieldsByteCount + GatewayLimits.requestedFieldsByteCount) else {
            throw Rejection(.overloaded)
        }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        writer.append(statusLine: 204)
        writer.append("access-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n")
        if let index = request.fields.firstIndex(named: ByteSlice("access-control-request-headers"), in: message) {
            let names = message[request.fields[index].valueRange]
            guard names.count <= GatewayLimits.requestedFieldsByteCount, Exchange.isListOfNames(names) else {
                throw Rejection(.invalidHeader, "this is no list of header names", parameter: "access-control-request-headers")
            }
            writer.append("access-control-allow-headers: ")
            writer.append(names)
            writer.append("\r\n")
        }
        writer.append(field: "access-control-max-age", decimal: rules.maxAgeSeconds)
        answerAlone(204, block, &writer, ByteSlice(""), client)
        return .step(.settle)
    }

    private static func isListOfNames(_ bytes: ByteSlice) -> Bool {
        for index in 0..<bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: " "), UInt8(ascii: "\t"):
                continue
            default: return false
            }
        }
        return true
    }

    /// Tells the browser that the page may read this answer, and which of its fields.
    func writeOriginFields(to writer: inout ByteWriter) {
        if allowedOrigin.isEmpty { return }
        writer.append("access-control-allow-origin: ")
        allowedOrigin.withBytesInPlace { writer.append($0) }
        writer.append(
            """
            \r\nvary: origin\r\naccess-control-expose-headers: x-portkey-trace-id, x-sluice-request-id, x-portkey-provider, x-portkey-cache-status, \
            x-portkey-last-used-option-index, x-portkey-retry-attempt-count, x-sluice-decision, x-sluice-warnings, x-request-id, request-id, \
            age, retry-after\r\n
            """)
    }
}
