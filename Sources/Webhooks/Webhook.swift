public import Bytes

/// Where an operator wants to be told of what happens, and what shows the receiver that it is the gateway who tells.
///
/// Known by its identity: a configuration that is read again makes new ones.
public final class Webhook: Sendable {
    /// A header field of the receiver's wanting; its value may be a secret.
    public struct Field: Sendable {
        public let name: String
        public let value: SecretBytes

        public init(name: String, value: SecretBytes) {
            self.name = name
            self.value = value
        }
    }

    public let name: String
    /// Which host it leads to: all of the URL that messages show, since its path may be a secret.
    public let host: String
    /// With a NUL at its end.
    let url: SecretBytes
    /// What messages are signed with; nil where they are not.
    let key: SecretBytes?
    let fields: [Field]
    /// PEM file of certificate authorities to trust instead of the system's.
    let caFile: String?

    /// - Parameters:
    ///   - name: letters, digits, `-`, `_` and `.`.
    ///   - url: `http` or `https`, without a NUL.
    ///   - secret: `whsec_` and base64, or any bytes.
    ///   - fields: names and values that a header field can carry.
    public init(name: String, host: String, url: SecretBytes, secret: SecretBytes? = nil, fields: [Field] = [], caFile: String? = nil) {
        self.name = name
        self.host = host
        self.url = Webhook.ended(url)
        key = secret.map { SigningKey.bytes(of: $0) ?? $0 }
        self.fields = fields
        self.caFile = caFile
    }

    private static func ended(_ text: SecretBytes) -> SecretBytes {
        let ended = SecretBytes(count: text.count + 1) { room in
            text.withBytes { bytes in
                for index in 0..<bytes.count { room[index] = bytes[index] }
            }
            room[text.count] = 0
            return true
        }
        guard let ended else { preconditionFailure("what is filled is there") }
        return ended
    }
}
