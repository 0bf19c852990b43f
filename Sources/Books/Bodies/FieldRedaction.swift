/// Which header fields are kept with their values.
///
/// Those that are known to hold no secret, and those that the operator names: whatever a client or a provider calls its credentials, they are not among them.
/// Of other fields the name is kept, and that there was a value.
public struct FieldRedaction: Sendable {
    public static let hidden = "[redacted]"

    private let names: Set<String>

    /// - Parameter named: further fields whose values are kept.
    public init(keeping named: [String] = []) {
        names = FieldRedaction.known.union(named.map { $0.lowercased() })
    }

    private static let known: Set<String> = [
        // RFC 9110, RFC 9111, RFC 9112, and what goes with them.
        "accept", "accept-encoding", "accept-language", "age", "allow", "cache-control", "connection", "content-encoding", "content-language",
        "content-length", "content-type", "date", "etag", "expect", "expires", "host", "keep-alive", "last-modified", "retry-after", "server", "te", "trailer", "transfer-encoding",
        "user-agent", "vary", "via", "x-accel-buffering", "traceparent", "x-request-id", "request-id", "server-timing",
        // Providers'.
        "anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access", "openai-beta", "openai-version", "openai-processing-ms",
        "openai-model", "azureml-model-session", "apim-request-id", "x-ms-region", "x-amzn-requestid", "x-goog-api-client",
        // Portkey's own, but the key, inline configs and the fields of clouds' credentials.
        "x-portkey-provider", "x-portkey-virtual-key", "x-portkey-trace-id", "x-portkey-span-id", "x-portkey-parent-span-id", "x-portkey-span-name",
        "x-portkey-metadata", "x-portkey-cache", "x-portkey-cache-status", "x-portkey-cache-namespace", "x-portkey-cache-force-refresh",
        "x-portkey-retry-count",
        "x-portkey-retry-attempt-count", "x-portkey-request-timeout", "x-portkey-debug", "x-portkey-strict-open-ai-compliance", "x-portkey-package-version",
        "x-portkey-runtime", "x-portkey-runtime-version", "x-portkey-last-used-option-index", "x-portkey-last-used-option-params",
    ]

    private static let families = ["x-stainless-", "x-sluice-", "x-ratelimit-", "anthropic-ratelimit-"]

    /// The value as it is kept.
    public func value(_ value: String, of name: String) -> String {
        let name = name.lowercased()
        // The name of a config is none of its secrets; one that stands there in full may hold them.
        if name == "x-portkey-config" {
            return value.utf8.contains(UInt8(ascii: "{")) || value.utf8.count > BooksLimits.textByteCount ? FieldRedaction.hidden : value
        }
        return names.contains(name) || FieldRedaction.families.contains { name.hasPrefix($0) } ? value : FieldRedaction.hidden
    }

    /// Parameters of a target that are known to hold no secret. Google's `key`, signed links' `sig` and whatever others call theirs are not among them.
    private static let parameters: Set<String> = [
        "api-version", "alt", "limit", "after", "before", "order", "purpose", "page", "page_size", "pagesize", "pagetoken", "stream", "beta", "model",
        "include", "include[]", "timeout", "after_id", "before_id", "metadata", "status",
    ]

    /// A message's first line: a request's target may bring credentials, an answer's line has none.
    public func line(_ line: String) -> String { line.utf8.starts(with: "HTTP/".utf8) ? line : requestLine(line) }

    /// The same of what is a request's, whatever its method is called.
    func requestLine(_ line: String) -> String {
        let words = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Substring($0) }
        return words.count == 3 ? "\(words[0]) \(target(words[1])) \(words[2])" : line
    }

    /// A request target, without the values of other parameters. By its bytes: a mark behind a `?`, a `&` or a `=` makes one character of both.
    public func target(_ target: Substring) -> String {
        let bytes = target.utf8
        guard let question = bytes.firstIndex(of: UInt8(ascii: "?")) else { return String(target) }
        let pairs = bytes[bytes.index(after: question)...].split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).map { pair -> String in
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), !FieldRedaction.parameters.contains(Substring(pair[..<equals]).lowercased()) else {
                return String(Substring(pair))
            }
            return Substring(pair[...equals]) + FieldRedaction.hidden
        }
        return Substring(bytes[...question]) + pairs.joined(separator: "&")
    }
}
