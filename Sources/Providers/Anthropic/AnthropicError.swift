public import Bytes
public import JSON

/// Anthropic's errors: `{"type":"error","error":{"type":…,"message":…},"request_id":…}`.
/// - Source: Claude Platform docs "Errors"; `anthropic.types.ErrorResponse`
public enum AnthropicError {
    /// Reads the body of an error answer or a stream's `error` event; nil when it is neither.
    public static func read(_ body: JSONValue) -> UpstreamFault? {
        guard let error = body["error"], error.isObject, let message = error["message"]?.string else { return nil }
        return UpstreamFault(message: message, type: error["type"]?.string, requestID: body["request_id"]?.string)
    }

    /// Writes the body of an error answer; the dialect has no place for the provider.
    public static func write(_ fault: UpstreamFault, status: Int, provider: ByteSlice, to writer: inout ByteWriter) {
        writer.append("{\"type\":\"error\",\"error\":{\"type\":\"")
        if let type = fault.type, isOwn(type) { writer.append(type.content) } else { writer.append(ErrorShape.anthropicType(status: status)) }
        writer.append("\",\"message\":")
        writer.append(asIs: fault.message)
        writer.append("}")
        if let requestID = fault.requestID {
            writer.append(",\"request_id\":")
            writer.append(asIs: requestID)
        }
        writer.append("}")
    }

    /// Writes the event that ends a stream whose provider failed.
    public static func writeEvent(_ fault: UpstreamFault, to writer: inout ByteWriter) {
        writer.append("event: error\ndata: ")
        write(fault, status: fault.status ?? 500, provider: ByteSlice(""), to: &writer)
        writer.append("\n\n")
    }

    /// Whether the upstream's type is one of Anthropic's. `invalid_request_error` is OpenAI's word too, for nearly everything: there
    /// the status says more.
    private static func isOwn(_ type: JSONString) -> Bool {
        type == "authentication_error" || type == "billing_error" || type == "permission_error" || type == "not_found_error"
            || type == "request_too_large" || type == "rate_limit_error" || type == "timeout_error" || type == "api_error"
            || type == "overloaded_error"
    }
}
