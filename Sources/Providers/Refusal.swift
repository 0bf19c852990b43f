/// Everything the gateway says no to: one row each, told to the client in the dialect it spoke.
///
/// Codes are stable; a message may say more than the row's sentence, never less.
public enum Refusal: UInt8, Error, Sendable, CaseIterable {
    // The request itself
    case malformedRequest
    case plaintextOnTLS
    case invalidJSON
    case duplicateMember
    case modelRequired
    case unsupportedContentType
    case unsupportedContentCoding
    case unsupportedUpgrade
    case expectationFailed
    case requestTooSlow
    case bodyTooLarge
    case targetTooLong
    case headTooLarge
    case notFound
    case methodNotAllowed
    // Where to
    case missingProvider
    case configWithoutProvider
    case invalidConfigJSON
    case invalidConfig
    case unknownConfig
    case unsupportedConfig
    case unroutable
    case invalidProvider
    case unsupportedProvider
    case unsupportedEndpoint
    case unsupportedTranslation
    case invalidBody
    case unsupportedContent
    case droppedParameter
    case unknownPrompt
    case invalidPrompt
    case unknownVirtualKey
    case virtualKeyUnusable
    case invalidCustomHost
    case invalidHeader
    // Who
    case missingCredential
    case invalidKey
    case expiredKey
    case disabledKey
    case forbidden
    // Policy
    case budgetExceeded
    case rateLimited
    case modelNotAllowed
    case modelUnpriced
    case guardrailDenied
    case unguardedRequest
    // The provider
    case requestTimeout
    case upstreamTimeout
    case upstreamUnresolved
    case upstreamUnreachable
    case upstreamUntrusted
    case tokenRefused
    case upstreamClosed
    case upstreamMalformed
    case upstreamUnreadable
    case upstreamBusy
    case streamInterrupted
    // The gateway
    case overloaded
    case unrecordable
    case draining
    case notReady
    case internalFault
}

/// Whose fault a refusal is; it chooses the log level and the metric.
public enum Blame: UInt8, Sendable {
    case client
    case policy
    case upstream
    case gateway
}

/// One row of the table.
public struct RefusalRow: Sendable {
    /// The stable code, as in `error.code`.
    public let code: StaticString
    /// The HTTP status.
    public let status: UInt16
    /// OpenAI's `error.type`.
    public let type: StaticString
    public let blame: Blame
    /// The sentence said when the refusing step has none of its own.
    public let sentence: StaticString
}

extension Refusal {
    public var status: Int { Int(row.status) }
    public var code: StaticString { row.code }
    public var blame: Blame { row.blame }

    /// The row. Where Portkey has a text for the case, it is Portkey's.
    public var row: RefusalRow {
        switch self {
        case .malformedRequest:
            client("malformed_request", 400, "the request is not valid HTTP/1.1")
        case .plaintextOnTLS:
            client("plaintext_on_tls_port", 400, "a plain HTTP request was sent to a port that speaks TLS: use https://")
        case .invalidJSON:
            client("invalid_json", 400, "the request body is not valid JSON")
        case .duplicateMember:
            client("duplicate_member", 400, "a member of the request body that routes the request is given twice")
        case .modelRequired:
            client("model_required", 400, "the request names no model, and its config sets none")
        case .unsupportedContentType:
            client("invalid_content_type", 400, "Invalid content type passed")
        case .unsupportedContentCoding:
            client("unsupported_content_encoding", 415, "send the request body without content-encoding")
        case .unsupportedUpgrade:
            client("upgrade_not_supported", 501, "connection upgrades are not supported yet")
        case .expectationFailed:
            client("expectation_failed", 417, "the only expectation known is 100-continue")
        case .requestTooSlow:
            client("request_too_slow", 408, "the request did not arrive in time")
        case .bodyTooLarge:
            client("request_too_large", 413, "the request body is larger than this gateway accepts")
        case .targetTooLong:
            client("target_too_long", 414, "the request line is longer than this gateway accepts")
        case .headTooLarge:
            client("headers_too_large", 431, "the request's header fields are larger than this gateway accepts")
        case .notFound:
            client("not_found", 404, "there is nothing at this path")
        case .methodNotAllowed:
            client("method_not_allowed", 405, "this path does not take this method")
        case .missingProvider:
            client("missing_provider", 400, "Either x-portkey-config or x-portkey-provider header is required")
        case .configWithoutProvider:
            client("config_without_provider", 400, "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should have a valid config with provider details in it.")
        case .invalidConfigJSON:
            client("invalid_config_json", 400, "Invalid config passed. You need to pass a valid json")
        case .invalidConfig:
            client("invalid_config", 400, "Invalid config passed")
        case .unknownConfig:
            client("unknown_config", 400, "no config of this name is declared")
        case .unsupportedConfig:
            client("unsupported_config", 400, "the config uses a feature that is not supported yet")
        case .unroutable:
            client("no_condition_holds", 400, "Query router did not resolve to any valid target")
        case .invalidProvider:
            client("invalid_provider", 400, "Invalid provider passed")
        case .unsupportedProvider:
            client("unsupported_provider", 400, "this provider is not supported yet")
        case .unsupportedEndpoint:
            client("unsupported_endpoint", 400, "the provider has no such endpoint")
        case .unsupportedTranslation:
            client("unsupported_translation", 400, "the provider speaks another dialect, which has nothing like this endpoint")
        case .invalidBody:
            client("invalid_body", 400, "the request body is not what this endpoint takes")
        case .unsupportedContent:
            client("unsupported_content", 400, "the provider's dialect has no place for something in the request")
        case .droppedParameter:
            client("dropped_parameter", 400, "the provider cannot honour all of the request, and x-sluice-strict-params forbids leaving anything out")
        case .unknownPrompt:
            client("unknown_prompt", 404, "Invalid prompt id")
        case .invalidPrompt:
            client("invalid_prompt", 400, "the prompt cannot be rendered")
        case .unknownVirtualKey:
            client("unknown_virtual_key", 400, "no virtual key of this name is declared")
        case .virtualKeyUnusable:
            row("virtual_key_unusable", 403, "permission_error", .client, "this virtual key cannot be used")
        case .invalidCustomHost:
            client("invalid_custom_host", 400, "Invalid custom host")
        case .invalidHeader:
            client("invalid_header", 400, "a header of this request cannot be read")
        case .missingCredential:
            row("missing_credential", 401, "authentication_error", .client, "the request carries no credential for the provider")
        case .invalidKey:
            row("invalid_api_key", 401, "authentication_error", .client, "Invalid API Key")
        case .expiredKey:
            row("expired_api_key", 401, "authentication_error", .client, "this API key has expired")
        case .disabledKey:
            row("disabled_api_key", 401, "authentication_error", .client, "this API key is disabled")
        case .forbidden:
            row("forbidden", 403, "permission_error", .client, "this API key may not do this")
        case .budgetExceeded:
            row("budget_exceeded", 412, "budget_exceeded_error", .policy, "the budget of this API key is used up")
        case .rateLimited:
            row("rate_limit_exceeded", 429, "rate_limit_error", .policy, "the rate limit of this API key is reached")
        case .modelNotAllowed:
            row("model_not_allowed", 412, "model_not_allowed_error", .policy, "this API key may not use this model")
        case .modelUnpriced:
            row("model_unpriced", 412, "budget_exceeded_error", .policy, "the model has no price, and a budget of money is to be kept")
        case .guardrailDenied:
            row("guardrail_denied", 446, "hooks_failed", .policy, "The guardrail checks defined in the config failed. You can find more information in the `hook_results` object.")
        case .unguardedRequest:
            client("unguarded_request", 400, "the config's guardrails cannot be checked for this request")
        case .requestTimeout:
            row("request_timeout", 408, "timeout_error", .upstream, "Request exceeded the timeout sent in the request")
        case .upstreamTimeout:
            upstream("upstream_timeout", 504, "the provider did not answer in time")
        case .upstreamUnresolved:
            upstream("upstream_unresolved", 502, "the provider's host name has no address")
        case .upstreamUnreachable:
            upstream("upstream_unreachable", 502, "the provider could not be reached")
        case .upstreamUntrusted:
            upstream("upstream_untrusted", 502, "the provider's certificate was not accepted")
        case .tokenRefused:
            upstream("token_refused", 502, "no access token for the provider could be had")
        case .upstreamClosed:
            upstream("upstream_closed", 502, "the provider closed the connection before it answered")
        case .upstreamMalformed:
            upstream("upstream_malformed", 502, "the provider's answer is not valid HTTP/1.1")
        case .upstreamUnreadable:
            upstream("upstream_unreadable", 502, "the provider's answer is not of its dialect")
        case .upstreamBusy:
            upstream("upstream_busy", 503, "no connection to the provider came free in time")
        case .streamInterrupted:
            upstream("stream_interrupted", 502, "the provider's stream ended before it was complete")
        case .overloaded:
            gateway("overloaded", 503, "the gateway is at its limit; try again")
        case .unrecordable:
            gateway("unrecordable", 503, "the gateway's records wait for its disk, and this request is one that must be recorded; try again")
        case .draining:
            gateway("draining", 503, "the gateway is shutting down; try again")
        case .notReady:
            gateway("not_ready", 503, "the gateway is not ready yet; try again")
        case .internalFault:
            gateway("internal_error", 500, "Something went wrong")
        }
    }

    private func client(_ code: StaticString, _ status: UInt16, _ sentence: StaticString) -> RefusalRow {
        row(code, status, "invalid_request_error", .client, sentence)
    }

    private func upstream(_ code: StaticString, _ status: UInt16, _ sentence: StaticString) -> RefusalRow {
        row(code, status, "upstream_error", .upstream, sentence)
    }

    private func gateway(_ code: StaticString, _ status: UInt16, _ sentence: StaticString) -> RefusalRow {
        row(code, status, "api_error", .gateway, sentence)
    }

    private func row(
        _ code: StaticString, _ status: UInt16, _ type: StaticString, _ blame: Blame, _ sentence: StaticString
    ) -> RefusalRow {
        RefusalRow(code: code, status: status, type: type, blame: blame, sentence: sentence)
    }
}
