import Bytes
import JSON

/// The keys that say how a target behaves: status lists, retry, timeout, host, headers, overrides.
extension ConfigReader {
    mutating func statuses(_ field: Field) -> StatusSet? {
        guard let elements = schema.elements(of: field) else { return nil }
        var set = StatusSet()
        for element in elements where !schema.isFull {
            guard case .number(let number) = element.node.value else {
                schema.mismatch(element, wanted: "number", article: "a number")
                continue
            }
            guard let status = number.integer, let small = Int(exactly: status), StatusSet.statuses.contains(small) else {
                schema.report("a status is 100 to 599, not \(number.text.prefix(32))", at: element)
                continue
            }
            set.insert(small)
        }
        return set
    }

    mutating func misplacedStatuses(_ field: Field) {
        _ = statuses(field)
        guard origin == .file else { return }
        let hint = "write it inside \"strategy\" or \"retry\""
        schema.report("\"on_status_codes\" has no effect here", hint: hint, kind: .meaning, severity: .warning, at: field)
    }

    mutating func retry(_ field: Field) -> RetryPolicy? {
        guard let fields = schema.fields(of: field, schema: ConfigSchema.retry) else { return nil }
        let listed = fields["on_status_codes"].flatMap { statuses($0) }
        let usesRetryAfter = fields["use_retry_after_header"].flatMap { schema.boolean($0) } ?? false
        guard let found = fields["attempts"] else {
            schema.missing("attempts", in: field)
            return nil
        }
        guard let attempts = schema.integer(found, in: 0...Int64(PolicyLimits.retryAttemptCount)) else { return nil }
        var policy = RetryPolicy(attempts: UInt8(attempts), statuses: listed ?? RetryPolicy.defaultStatuses, usesRetryAfter: usesRetryAfter)
        if let found = fields["budget"] { policy.hasBudget = schema.boolean(found) ?? true }
        if let found = fields["max_wait"], let milliseconds = schema.integer(found, in: 1...PolicyLimits.requestTimeoutMilliseconds) {
            policy.maxWaitMilliseconds = UInt32(milliseconds)
        }
        return policy
    }

    /// Milliseconds; 0 for the parent's.
    mutating func timeout(_ field: Field) -> UInt32 {
        UInt32(schema.integer(field, in: 0...PolicyLimits.requestTimeoutMilliseconds) ?? 0)
    }

    mutating func customHost(_ field: Field, into config: inout Config) {
        guard let text = schema.string(field), !text.isEmpty else { return }
        config.hostField = field
        Array(text.utf8).withByteSlice { bytes in
            do throws(HostFault) {
                let url = try HostURL(bytes)
                let verdict = HostRules.verdict(of: url, text: bytes, trusted: catalog.trustedHosts)
                if case .refused(let fault) = verdict { throw fault }
                config.host = Config.Host(
                    isSecure: url.isSecure, name: String(url.host).lowercased(), isIPv6Literal: url.isIPv6Literal, port: url.port,
                    pathPrefix: String(url.path), verdict: verdict)
            } catch {
                let hint = error.canBeTrusted && origin == .file ? "list it under trusted_hosts to allow it" : nil
                schema.report(
                    Diagnostic(
                        "custom_host \(error.reason)", hint: hint, wireText: "Invalid custom host", wirePath: config.field.path,
                        at: field.node.position, path: field.path))
            }
        }
    }

    mutating func forwardHeaders(_ field: Field) -> [String]? {
        guard let elements = schema.elements(of: field) else { return nil }
        guard elements.count <= PolicyLimits.forwardHeaderCount else {
            schema.report("more than \(PolicyLimits.forwardHeaderCount) forward_headers", at: field)
            return nil
        }
        var names: [String] = []
        for element in elements {
            guard let written = schema.string(element) else { continue }
            let name = ConfigReader.normalised(header: written)
            guard HeaderName.isOne(name) else {
                schema.report("\(quoted(written)) is no header name", at: element)
                continue
            }
            // A copy of the client's would break the upstream's.
            if HeaderName.ofFraming.contains(name) || name == "x-portkey-forward-headers" {
                schema.report("header \(quoted(name)) is the gateway's own and cannot be forwarded", kind: .meaning, at: element)
                continue
            }
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Lower case, with "-" for "_": as the reference compares names.
    static func normalised(header name: String) -> String {
        String(decoding: name.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : ASCII.lowercased($0) }, as: UTF8.self)
    }

    mutating func overrides(_ field: Field) -> [Config.Parameter] {
        guard case .object(let members) = field.node.value else {
            schema.mismatch(field, wanted: "object", article: "a mapping")
            return []
        }
        if members.count > PolicyLimits.overrideCount {
            schema.report("more than \(PolicyLimits.overrideCount) override_params", at: field)
            return []
        }
        for member in members where member.name == "model" {
            _ = schema.string(Field(node: member.value, path: field.path.member("model"), keyPosition: member.position))
        }
        return members.map { Config.Parameter(name: $0.name, value: $0.value) }
    }
}
