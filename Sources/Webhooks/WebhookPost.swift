import Bytes
import CCurl
import Ledger

/// One post of a message: its fields, signed for the moment at which it leaves.
///
/// - Source: Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`, which is `v1,` and the base64 of
///   HMAC-SHA-256(key, id "." timestamp "." body)
struct WebhookPost {
    let message: WebhookMessage
    let wallSeconds: UInt64

    /// `Name: value` one after the other, a NUL behind each and one more at the end.
    func fields(_ webhook: Webhook) -> Wiped {
        Wiped(capacity: WebhookLimits.ownFieldsByteCount + webhook.fields.reduce(1) { $0 + $1.name.utf8.count + $1.value.count + 3 }) { writer in
            func field(_ name: StaticString, _ body: (inout ByteWriter) -> Void) {
                writer.append(name)
                body(&writer)
                writer.append(0)
            }
            field("content-type: application/json") { _ in }
            field("user-agent: sluice") { _ in }
            // Nobody waits for an interim answer.
            field("expect:") { _ in }
            field("webhook-id: ") { message.id.write(into: &$0) }
            field("webhook-timestamp: ") { $0.append(decimal: wallSeconds) }
            if let key = webhook.key {
                let signature = SigningKey.signature("\(message.id)", wallSeconds, message.body, key)
                field("webhook-signature: v1,") { writer in signature.withByteSlice { writer.append(base64: $0) } }
            }
            for one in webhook.fields {
                writer.append(one.name)
                field(": ") { writer in one.value.withBytes { writer.append($0) } }
            }
            writer.append(0)
        }
    }
}

extension WebhookPost {
    /// Why libcurl cannot be used, where it cannot.
    private static let libraryFault: String? = {
        var error = [CChar](repeating: 0, count: 256)
        return curl_load(&error) == 0 ? nil : WebhookPost.text(error)
    }()

    /// Posts it and waits for the answer's head. Redirects are not followed: an operator named this host and no other.
    /// - Returns: why it was not taken; nil where it was. No secret.
    func send(to webhook: Webhook) -> String? {
        if let fault = WebhookPost.libraryFault { return fault }
        var status = 0
        var error = [CChar](repeating: 0, count: 256)
        let fields = fields(webhook)
        let code = message.body.withByteSlice { body in
            webhook.url.withBytes { url in
                fields.withBytes { fields in
                    curl_post_json(
                        WebhookPost.characters(url), WebhookPost.characters(body), body.count, WebhookPost.characters(fields), webhook.caFile,
                        WebhookLimits.timeoutMilliseconds, WebhookLimits.answerByteCount, &status, &error)
                }
            }
        }
        switch status {
        // What it says beside that is nobody's concern, nor whether it ends.
        case 200..<300: return nil
        case 300..<400: return "it answered \(status), and redirects are not followed"
        case 0 where code != 0: return WebhookPost.text(error)
        default: return "it answered \(status)"
        }
    }

    private static func characters(_ bytes: ByteSlice) -> UnsafePointer<CChar> { UnsafeRawPointer(bytes.base).assumingMemoryBound(to: CChar.self) }

    private static func text(_ error: [CChar]) -> String { String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}
