import Bytes

/// A path's segments, decoded.
enum ConsolePath {
    /// What paths of the console begin with, behind their version.
    private static let owned: [StaticString] = [
        "/api-keys", "/virtual-keys", "/providers", "/integrations", "/configs", "/guardrails", "/prompts", "/labels", "/collections",
        "/admin/workspaces", "/admin/users", "/policies/usage-limits", "/policies/rate-limits", "/audit-logs", "/logs", "/traces", "/analytics", "/feedback",
        "/otel/v1/traces", "/otel/v1/logs", description,
    ]

    /// What is for whoever asks models, with a key of the configuration file as well; and what of it is a POST alone.
    private static let ofCallers: [StaticString] = ["/feedback"]
    private static let givenByCallers: StaticString = "/logs"
    private static let telemetry: [StaticString] = ["/otel/v1/traces", "/otel/v1/logs", "/logs/otel"]

    private static let exports: StaticString = "/logs/exports"
    private static let exportFile: StaticString = "/file"

    /// The one path that needs no version.
    static let description: StaticString = "/sluice/openapi.json"

    /// Whether a path is the console's. Copies nothing: it is asked on the data plane.
    static func isOwned(_ path: ByteSlice) -> Bool { path == description || isBelow(path, owned) }

    /// Whether what is at a path is for callers. Copies nothing, either.
    static func isForCallers(_ method: ByteSlice, _ path: ByteSlice) -> Bool {
        isBelow(path, ofCallers) || isReport(method, path) || isTelemetry(method, path)
    }

    /// Whether requests are told of that did not go through the gateway.
    static func isReport(_ method: ByteSlice, _ path: ByteSlice) -> Bool { method == "POST" && isAt(path, givenByCallers) }

    /// Whether they are told of as spans or log records, which may be packed.
    static func isTelemetry(_ method: ByteSlice, _ path: ByteSlice) -> Bool { method == "POST" && telemetry.contains { isAt(path, $0) } }

    private static func isAt(_ path: ByteSlice, _ whole: StaticString) -> Bool {
        guard isBelow(path, [whole]) else { return false }
        let rest = path.dropFirst(3 + whole.utf8CodeUnitCount)
        return rest.isEmpty || rest == "/"
    }

    /// Whether a signed link opens what is at a path: `/logs/exports/{id}/file`.
    static func isByLink(_ path: ByteSlice) -> Bool {
        guard isBelow(path, [exports]) else { return false }
        let rest = path.dropFirst(3 + exports.utf8CodeUnitCount)
        return rest.count > exportFile.utf8CodeUnitCount && rest.dropFirst(rest.count - exportFile.utf8CodeUnitCount) == exportFile
    }

    private static func isBelow(_ path: ByteSlice, _ starts: [StaticString]) -> Bool {
        guard path.hasPrefix("/v1/") || path.hasPrefix("/v2/") else { return false }
        let rest = path.dropFirst(3)
        return starts.contains { start in
            let count = start.utf8CodeUnitCount
            return rest.hasPrefix(start) && (rest.count == count || rest[count] == UInt8(ascii: "/"))
        }
    }

    /// The segments below the version; nil for a path that is none, or is not UTF-8.
    static func segments(_ path: [UInt8]) -> [String]? {
        guard path.count <= ConsoleLimits.pathByteCount else { return nil }
        return path.withByteSlice { path in
            guard isOwned(path) else { return nil }
            var below = path == description ? path : path.dropFirst(3)
            if below[below.count - 1] == UInt8(ascii: "/") { below = below.prefix(below.count - 1) }
            var segments: [String] = []
            for part in [UInt8](below.dropFirst(1)).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
                guard let text = String(validating: Array(part).withByteSlice { PercentText.decoded($0) }, as: UTF8.self), !text.isEmpty else { return nil }
                segments.append(text)
            }
            return segments
        }
    }
}
