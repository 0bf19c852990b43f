import Bytes

/// Error bodies, in the shape the real providers give them.
struct ErrorAnswer {
    let status: Int
    let dialect: Dialect
    let serial: UInt64

    func write(into output: inout Output, message: (inout Output) -> Void) {
        switch dialect {
        case .openAI:
            output.append("{\"error\":{\"message\":\"")
            message(&output)
            output.append("\",\"type\":\"")
            output.append(openAIType)
            output.append("\",\"param\":null,\"code\":")
            output.append(openAICode)
            output.append("}}")
        case .anthropic:
            output.append("{\"type\":\"error\",\"error\":{\"type\":\"")
            output.append(anthropicType)
            output.append("\",\"message\":\"")
            message(&output)
            output.append("\"},\"request_id\":\"req_mock")
            output.append(hexadecimal: serial)
            output.append("\"}")
        }
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
}
