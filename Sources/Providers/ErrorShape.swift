public import Bytes
import JSON

/// How a refusal is written: as a body, or as an event in a stream that has begun.
///
/// The OpenAI shape satisfies three readers at once: OpenAI's SDKs and Portkey's (`error.message`),
/// and Portkey's older clients (`status`, `message`, `errors`).
public struct ErrorShape {
    public let refusal: Refusal
    /// What to say; empty for the row's own sentence. Any bytes, escaped and made valid UTF-8 here.
    public var message: ByteSlice
    /// The member or header at fault; nil for null.
    public var parameter: ByteSlice?
    /// The id the client can quote; empty for none.
    public var requestID: ByteSlice
    /// The results of a denied request's checks, as JSON; empty for none.
    public var hookResults = ByteSlice("")

    public init(
        _ refusal: Refusal, message: ByteSlice = ByteSlice(""), parameter: ByteSlice? = nil,
        requestID: ByteSlice = ByteSlice("")
    ) {
        self.refusal = refusal
        self.message = message
        self.parameter = parameter
        self.requestID = requestID
    }

    /// Writes the body of an error response. `faults` are the single faults of a config, in
    /// Portkey's form `path: a,b, message: …`; only the OpenAI shape has a place for them.
    ///   - places: where each fault is, as a JSON pointer (RFC 6901).
    public func write(in dialect: Dialect, faults: [String] = [], places: [String] = [], into writer: inout ByteWriter) {
        if dialect == .anthropic { return writeAnthropic(into: &writer) }
        // Portkey's timeout body has these members and no others, and retry code matches on it.
        if refusal == .requestTimeout { return writeBareOpenAI(code: false, into: &writer) }
        if refusal == .guardrailDenied { return writeDenied(into: &writer) }
        writer.append("{\"status\":\"failure\",\"message\":")
        writeMessage(into: &writer)
        if !faults.isEmpty { ErrorShape.write("errors", faults, into: &writer) }
        if !places.isEmpty { ErrorShape.write("pointers", places, into: &writer) }
        writer.append(",\"error\":")
        writeOpenAIError(code: true, into: &writer)
        writeRequestID(into: &writer)
        writer.append("}")
    }

    /// Writes the event that ends a broken stream, framed for the stream's dialect.
    ///
    /// `midLine` says that the bytes already sent stop inside an event: it is ended first, so that
    /// ours is read as an event of its own.
    public func writeEvent(in dialect: Dialect, midLine: Bool, into writer: inout ByteWriter) {
        if midLine { writer.append("\n\n") }
        switch dialect {
        case .openAI, .gemini, .bedrock:
            writer.append("data: ")
            writeBareOpenAI(code: true, into: &writer)
        case .anthropic:
            writer.append("event: error\ndata: ")
            writeAnthropic(into: &writer)
        }
        writer.append("\n\n")
    }

    /// Writes the sentence of `.requestTimeout`, which names the time asked for.
    public static func writeTimeoutMessage(milliseconds: UInt64, into writer: inout ByteWriter) {
        writer.append(ByteSlice(Refusal.requestTimeout.row.sentence))
        writer.append(": ")
        writer.append(decimal: milliseconds)
        writer.append("ms")
    }

    // MARK: OpenAI

    private func writeBareOpenAI(code: Bool, into writer: inout ByteWriter) {
        writer.append("{\"error\":")
        writeOpenAIError(code: code, into: &writer)
        writer.append("}")
    }

    /// As Portkey's, to the member.
    private func writeDenied(into writer: inout ByteWriter) {
        writer.append("{\"error\":")
        writeOpenAIError(code: false, into: &writer)
        writeHookResults(into: &writer)
        writer.append("}")
    }

    private func writeHookResults(into writer: inout ByteWriter) {
        guard !hookResults.isEmpty else { return }
        writer.append(",\"hook_results\":")
        writer.append(hookResults)
    }

    private func writeOpenAIError(code: Bool, into writer: inout ByteWriter) {
        let row = refusal.row
        writer.append("{\"message\":")
        writeMessage(into: &writer)
        writer.append(",\"type\":\"")
        writer.append(row.type)
        writer.append("\",\"param\":")
        if let parameter { writer.append(jsonString: parameter) } else { writer.append("null") }
        if code {
            writer.append(",\"code\":\"")
            writer.append(row.code)
            writer.append("\"}")
        } else {
            writer.append(",\"code\":null}")
        }
    }

    private static func write(_ name: StaticString, _ texts: [String], into writer: inout ByteWriter) {
        writer.append(",\"")
        writer.append(name)
        writer.append("\":[")
        for (index, text) in texts.enumerated() {
            if index > 0 { writer.append(",") }
            Array(text.utf8).withByteSlice { writer.append(jsonString: $0) }
        }
        writer.append("]")
    }

    // MARK: Anthropic

    private func writeAnthropic(into writer: inout ByteWriter) {
        writer.append("{\"type\":\"error\",\"error\":{\"type\":\"")
        writer.append(ErrorShape.anthropicType(status: refusal.status))
        writer.append("\",\"message\":")
        writeMessage(into: &writer)
        writer.append("}")
        writeHookResults(into: &writer)
        writeRequestID(into: &writer)
        writer.append("}")
    }

    /// Anthropic's name for errors of `status`.
    /// - Source: Anthropic API reference, "Errors"
    public static func anthropicType(status: Int) -> StaticString {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 408, 504: "timeout_error"
        case 503, 529: "overloaded_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }

    // MARK: Parts

    private func writeMessage(into writer: inout ByteWriter) {
        writer.append(jsonString: message.isEmpty ? ByteSlice(refusal.row.sentence) : message)
    }

    private func writeRequestID(into writer: inout ByteWriter) {
        guard !requestID.isEmpty else { return }
        writer.append(",\"request_id\":")
        writer.append(jsonString: requestID)
    }
}
