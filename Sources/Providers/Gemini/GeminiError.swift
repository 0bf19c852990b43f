import Bytes
public import JSON

/// Errors as Google's APIs word them: `{"error":{"code":429,"message":"…","status":"RESOURCE_EXHAUSTED","details":[…]}}`.
///
/// - Source: ai.google.dev/gemini-api/docs/troubleshooting; google.rpc.Status in cloud.google.com/apis/design/errors
public enum GeminiError {
    /// The error in `body`, alone or in an array, as streams without `alt=sse` and some load balancers wrap it; nil when it is none.
    public static func read(_ body: JSONValue) -> UpstreamFault? {
        if body.isArray {
            for element in body.elements { return read(object: element) }
            return nil
        }
        return read(object: body)
    }

    private static func read(object: JSONValue) -> UpstreamFault? {
        guard let error = object["error"] else { return nil }
        // OAuth's endpoints, and some proxies before Google's, put a bare word there.
        if let word = error.string { return UpstreamFault(message: object["error_description"]?.string ?? word, type: word) }
        guard error.isObject else { return nil }
        let status = error["status"]?.string
        guard let message = error["message"]?.string ?? status else { return nil }
        return UpstreamFault(message: message, type: status, code: error["code"])
    }
}
