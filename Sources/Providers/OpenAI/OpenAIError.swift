public import Bytes
public import JSON

/// Errors as OpenAI and the hosts compatible with it word them.
/// - Source: platform.openai.com/docs/guides/error-codes; FastAPI's `detail`; Cloudflare's `errors`; Google's array around an error
public enum OpenAIError {
    /// The error `body` tells of; nil when it is none.
    public static func read(_ body: JSONValue) -> UpstreamFault? {
        // Google's OpenAI-compatible API puts the object into an array.
        if body.isArray { return body.elements.first { $0.isObject }.flatMap { readObject($0) } }
        return body.isObject ? readObject(body) : nil
    }

    private static func readObject(_ body: JSONValue) -> UpstreamFault? {
        let error = body["error"]
        if let error, error.isObject {
            return fault(error, message: error["message"] ?? error["detail"] ?? error["error"] ?? body["message"], around: body)
        }
        if let error, error.isString { return fault(body, message: error, around: body) }
        if let first = body["errors"]?.elements.first(where: { _ in true }) {
            return first.isString ? fault(body, message: first, around: body) : fault(first, message: first["message"], around: body)
        }
        if let detail = body["detail"] { return readDetail(detail, body) }
        // The members an answer has say that it is none.
        if let message = body["message"], message.isString, body["choices"] == nil { return fault(body, message: message, around: body) }
        return nil
    }

    /// FastAPI's own errors: a text, or what is wrong with each member.
    private static func readDetail(_ detail: JSONValue, _ body: JSONValue) -> UpstreamFault? {
        if detail.isString { return fault(body, message: detail, around: body) }
        if detail.isObject { return fault(detail, message: detail["message"] ?? detail["msg"], around: body) }
        guard let first = detail.elements.first(where: { _ in true }) else { return nil }
        var found = fault(first, message: first["msg"] ?? first["message"], around: body)
        found.parameter = first["loc"]
        return found
    }

    private static func fault(_ error: JSONValue, message: JSONValue?, around body: JSONValue) -> UpstreamFault {
        let silent = JSONString(content: ByteSlice("the provider gave no message"), hasEscapes: false)
        let id = error["request_id"]?.string ?? body["request_id"]?.string
        return UpstreamFault(
            message: message?.string ?? silent, type: error["type"]?.string, code: error["code"], parameter: error["param"], requestID: id)
    }

    // MARK: Writing

    /// Writes the body of an error answer. A fault that names no type gets OpenAI's for `status`.
    public static func write(_ fault: UpstreamFault, status: Int, provider: ByteSlice, to writer: inout ByteWriter) {
        writer.append("{\"error\":")
        writeError(fault, status: status, to: &writer)
        if !provider.isEmpty {
            writer.append(",\"provider\":")
            writer.append(jsonString: provider)
        }
        writeRequestID(fault, to: &writer)
        writer.append("}")
    }

    /// Writes the fault as the last event of a stream.
    public static func writeEvent(_ fault: UpstreamFault, to writer: inout ByteWriter) {
        writer.append("data: {\"error\":")
        writeError(fault, status: fault.status ?? 500, to: &writer)
        writeRequestID(fault, to: &writer)
        writer.append("}\n\n")
    }

    private static func writeError(_ fault: UpstreamFault, status: Int, to writer: inout ByteWriter) {
        writer.append("{\"message\":")
        writer.append(quoted: fault.message)
        writer.append(",\"type\":")
        if let type = fault.type { writer.append(quoted: type) } else { writer.append(jsonString: ByteSlice(type(status: status))) }
        writer.append(",\"param\":")
        if let parameter = fault.parameter { writer.append(oneLine: parameter) } else { writer.append("null") }
        writer.append(",\"code\":")
        if let code = fault.code { writer.append(oneLine: code) } else { writer.append("null") }
        writer.append("}")
    }

    private static func writeRequestID(_ fault: UpstreamFault, to writer: inout ByteWriter) {
        guard let id = fault.requestID else { return }
        writer.append(",\"request_id\":")
        writer.append(quoted: id)
    }

    /// OpenAI's `error.type` for errors of `status`.
    public static func type(status: Int) -> StaticString {
        switch status {
        case 401: "authentication_error"
        case 402: "insufficient_quota"
        case 403: "permission_error"
        case 408, 504: "timeout_error"
        case 429: "rate_limit_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }
}
