public import Bytes
import Ledger

/// The key that a webhook's secret is, and what it signs.
/// - Source: Standard Webhooks 1.0.0, "Symmetric": base64 behind `whsec_`
public enum SigningKey {
    /// What the base64 stands for; nil where there is none, and the secret is the key as it is.
    public static func bytes(of secret: SecretBytes) -> SecretBytes? {
        secret.withBytes { text in
            guard text.hasPrefix("whsec_") else { return nil }
            let digits = text.dropFirst(6)
            var count = digits.count
            while count > 0, digits[count - 1] == UInt8(ascii: "=") { count -= 1 }
            let byteCount = count * 3 / 4
            guard byteCount > 0 else { return nil }
            return SecretBytes(count: byteCount) { room in
                var writer = ByteWriter(room, capacity: byteCount)
                return writer.append(decodingBase64: digits) && writer.count == byteCount
            }
        }
    }

    /// The HMAC of a post: 32 bytes, which `webhook-signature` has in base64 behind `v1,`.
    public static func signature(_ id: String, _ wallSeconds: UInt64, _ body: [UInt8], _ key: SecretBytes) -> [UInt8] {
        Array("\(id).\(wallSeconds).".utf8).withByteSlice { begin in
            body.withByteSlice { body in key.withBytes { MessageCode.sha256(key: $0, of: [begin, body]) } }
        }
    }
}
