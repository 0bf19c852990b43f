import Bytes

/// Error bodies, in the shape the real providers give them.
struct ErrorAnswer {
    let status: Int
    let dialect: Dialect
    let serial: UInt64
    /// The member that is at fault, as a path; OpenAI has a place for it.
    var parameter: String?
    /// Seconds, for Google's RetryInfo.
    var retryAfter: Int?

    func write(into output: inout Output, message: (inout Output) -> Void) {
        switch dialect {
        case .openAI: writeOpenAI(into: &output, message)
        // Azure's own front speaks in codes; what the model's service refuses has OpenAI's shape.
        case .azure where status == 400: writeOpenAI(into: &output, message)
        case .azure:
            output.append("{\"error\":{\"code\":\"")
            output.append(decimal: status)
            output.append("\",\"message\":\"")
            message(&output)
            output.append("\"}}")
        case .anthropic:
            output.append("{\"type\":\"error\",\"error\":{\"type\":\"")
            output.append(anthropicType)
            output.append("\",\"message\":\"")
            message(&output)
            output.append("\"},\"request_id\":\"req_mock")
            output.append(hexadecimal: serial)
            output.append("\"}")
        case .bedrock:
            output.append("{\"message\":\"")
            message(&output)
            output.append("\"}")
        case .gemini:
            output.append("{\"error\":{\"code\":")
            output.append(decimal: status)
            output.append(",\"message\":\"")
            message(&output)
            output.append("\",\"status\":\"")
            output.append(googleStatus)
            output.append("\"")
            if let retryAfter {
                output.append(",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"")
                output.append(decimal: retryAfter)
                output.append("s\"}]")
            }
            output.append("}}")
        }
    }

    /// The error as an event in the middle of a stream.
    func writeEvent(form: Form, index: Int, into output: inout Output, message: (inout Output) -> Void) {
        switch form {
        case .responses:
            output.append("event: error\ndata: {\"type\":\"error\",\"sequence_number\":")
            output.append(decimal: index)
            output.append(",\"code\":\"")
            output.append(openAIType)
            output.append("\",\"message\":\"")
            message(&output)
            output.append("\",\"param\":null}\n\n")
        case .messages:
            output.append("event: error\ndata: ")
            write(into: &output, message: message)
            output.append("\n\n")
        case .chat, .completion:
            output.append("data: ")
            writeOpenAI(into: &output, message)
            output.append("\n\n")
        case .gemini:
            output.append("data: ")
            write(into: &output, message: message)
            output.append("\r\n\r\n")
        case .converse:
            var data = Output()
            write(into: &data, message: message)
            output.append(message: .exception, type: ByteSlice(ErrorAnswer.streamExceptionName(status)), data.bytes)
        }
    }

    private func writeOpenAI(into output: inout Output, _ message: (inout Output) -> Void) {
        output.append("{\"error\":{\"message\":\"")
        message(&output)
        output.append("\",\"type\":\"")
        output.append(openAIType)
        output.append("\",\"param\":")
        if let parameter {
            output.append("\"")
            output.append(jsonContent: parameter)
            output.append("\"")
        } else {
            output.append("null")
        }
        output.append(",\"code\":")
        output.append(openAICode)
        output.append("}}")
    }

    private var openAIType: StaticString {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 429: "requests"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    private var openAICode: StaticString {
        switch status {
        case 401: "\"invalid_api_key\""
        case 404: "\"model_not_found\""
        case 429: "\"rate_limit_exceeded\""
        default: "null"
        }
    }

    private var anthropicType: StaticString {
        switch status {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 504: "timeout_error"
        case 529: "overloaded_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }

    /// - Source: google.rpc.Code and its HTTP mapping
    private var googleStatus: StaticString {
        switch status {
        case 401: "UNAUTHENTICATED"
        case 403: "PERMISSION_DENIED"
        case 404: "NOT_FOUND"
        case 409: "ABORTED"
        case 429: "RESOURCE_EXHAUSTED"
        case 499: "CANCELLED"
        case 501: "UNIMPLEMENTED"
        case 503: "UNAVAILABLE"
        case 504: "DEADLINE_EXCEEDED"
        case 500...: "INTERNAL"
        default: "INVALID_ARGUMENT"
        }
    }
}
