import Bytes
import JSON
import Policy

/// A row of `alert_webhooks:`: who is told of budgets' alerts.
public struct WebhookDeclaration: Sendable {
    public let name: String
    /// It may be a secret by itself: many receivers know their callers by the path.
    let url: Secret
    /// What messages are signed with; nil where they are not.
    let secret: Secret?
    let headers: [(name: String, value: Secret)]
    /// PEM file of certificate authorities to trust instead of the system's.
    let caFile: String?
}

/// `https://host[:port]/path?query`.
enum WebhookURL {
    /// Why a text is none; nil when it is one.
    static func fault(of text: ByteSlice) -> String? {
        do throws(HostFault) {
            _ = try HostURL(withoutQuery(text))
            return text.firstIndex(of: UInt8(ascii: "#")) == nil ? nil : HostFault.queryOrFragment.reason
        } catch {
            return error.reason
        }
    }

    /// The host, and the port where it is not the scheme's own; empty of what is no URL.
    static func host(of text: ByteSlice) -> String {
        guard let url = try? HostURL(withoutQuery(text)) else { return "" }
        let host = url.isIPv6Literal ? "[\(String(url.host))]" : String(url.host)
        return url.port == (url.isSecure ? 443 : 80) ? host : "\(host):\(url.port)"
    }

    /// Whether what is sent there can be read on its way through others' networks.
    static func isExposed(_ text: ByteSlice) -> Bool {
        guard let url = try? HostURL(withoutQuery(text)) else { return false }
        return !url.isSecure && HostRules.verdict(of: url, text: text, trusted: TrustedHosts([])) == .ordinary
    }

    private static func withoutQuery(_ text: ByteSlice) -> ByteSlice { text.firstIndex(of: UInt8(ascii: "?")).map { text.prefix($0) } ?? text }
}

extension ConfigurationReader {
    /// Names → where alerts are posted.
    mutating func alertWebhooks(_ field: Field) -> [WebhookDeclaration] {
        let entries = schema.entries(of: field)
        guard entries.count <= ConfigurationLimits.webhookCount else {
            schema.report("\(quoted(field.name)) has \(entries.count) entries; up to \(ConfigurationLimits.webhookCount) are possible", at: field)
            return []
        }
        return entries.compactMap { name, entry in self.name(name, of: "webhook", entry) ? webhook(name, entry) : nil }
    }

    private mutating func webhook(_ name: String, _ field: Field) -> WebhookDeclaration? {
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.webhook) else { return nil }
        let url = fields["url"].flatMap { webhookURL($0) }
        if fields["url"] == nil { schema.missing("url", in: field) }
        let secret = fields["secret"].flatMap { secret in
            self.secret(secret, .signingKey, hint: "write env:NAME, file:/path, or the secret itself: any text, or whsec_ and base64")
        }
        let headers = fields["headers"].map { webhookHeaders($0) } ?? []
        if let found = fields["url"], let url, !headers.isEmpty { warnIfExposed(url, found) }
        let caFile = fields["ca_file"].flatMap { path($0) }
        guard let url else { return nil }
        return WebhookDeclaration(name: name, url: url, secret: secret, headers: headers, caFile: caFile)
    }

    /// What fields of a post carry is a secret.
    mutating func warnIfExposed(_ url: Secret, _ field: Field) {
        guard case .literal(let bytes) = url.source, bytes.withBytes({ WebhookURL.isExposed($0) }) else { return }
        let message = "\"headers\" will cross the network unencrypted"
        schema.report(message, hint: "write https://", kind: .meaning, severity: .warning, at: field)
    }

    /// The text is not repeated: it may be a secret.
    mutating func webhookURL(_ field: Field, example: String = "https://hooks.example.com/path") -> Secret? {
        guard let text = schema.string(field) else { return nil }
        if let url = Secret(text, field: field, form: .webhookURL) { return url }
        let isReference = text.hasPrefix("env:") || text.hasPrefix("file:")
        let fault = isReference ? nil : Array(text.utf8).withByteSlice { SecretForm.webhookURL.fault(of: $0) }
        let hint = "write \(example), or env:NAME or file:/path where it is"
        schema.report("\(quoted(field.name)) \(fault ?? "is no address")", hint: hint, at: field)
        return nil
    }

    mutating func webhookHeaders(_ field: Field) -> [(name: String, value: Secret)] {
        let entries = schema.entries(of: field)
        guard entries.count <= ConfigurationLimits.webhookHeaderCount else {
            schema.report("\(quoted(field.name)) has \(entries.count) entries; up to \(ConfigurationLimits.webhookHeaderCount) are possible", at: field)
            return []
        }
        return entries.compactMap { name, entry in
            let lower = name.lowercased()
            guard HeaderName.isOne(name) else {
                schema.report(Diagnostic("\(quoted(name)) is no header name", hint: nil, at: entry.keyPosition, path: entry.path))
                return nil
            }
            if HeaderName.ofFraming.contains(lower) || lower == "content-type" || lower.hasPrefix("webhook-") {
                schema.report(Diagnostic("header \(quoted(name)) is the gateway's own", hint: nil, at: entry.keyPosition, path: entry.path))
                return nil
            }
            return secret(entry, .fieldValue, hint: "write env:NAME, file:/path, or the value itself, which a header field can carry").map { (name, $0) }
        }
    }
}
