public import Bytes

/// What a client put where a credential goes. Borrowed from the request.
public enum Credential {
    /// Nothing, or what an SDK sends when it was given nothing.
    case absent
    /// Starts as our keys do: ours to judge, and never to be forwarded.
    case gatewayKey(ByteSlice)
    /// Somebody else's: a provider's key or token.
    case foreign(ByteSlice)

    /// Reads a bare credential, as in `x-portkey-api-key` and `x-api-key`.
    public init(_ value: ByteSlice) {
        let bare = value.trimmed
        if Credential.isPlaceholder(bare) {
            self = .absent
        } else if bare.hasPrefix(GatewayKey.prefix) {
            self = .gatewayKey(bare)
        } else {
            self = .foreign(bare)
        }
    }

    /// Reads an `Authorization` field: the token after `Bearer` (RFC 6750 §2.1), the scheme in any case.
    ///
    /// Another scheme is foreign, value and all: it is passed on as it stands.
    public init(authorization value: ByteSlice) {
        let field = value.trimmed
        guard field.count >= 6, field.prefix(6).equalsIgnoringCase("bearer") else {
            // Our key without its scheme is still our key, and must not be forwarded.
            self.init(field)
            return
        }
        guard field.count > 6 else {
            self = .absent
            return
        }
        self = ASCII.isBlank(field[6]) ? Credential(field.dropFirst(6)) : .foreign(field)
    }

    /// What Portkey's SDKs send when they were given no key: the Python one `OPENAI_API_KEY`, the
    /// Node one `DUMMY-KEY`.
    private static func isPlaceholder(_ bare: ByteSlice) -> Bool {
        bare.isEmpty || bare == "OPENAI_API_KEY" || bare == "DUMMY-KEY"
    }

    /// The credential for a log line: its prefix when it is ours, and its last four bytes when that
    /// leaves at least twelve unsaid: `sk-sluice-…9f2c`, `…9f2c`, `…`.
    public static func writeMasked(_ secret: ByteSlice, into writer: inout ByteWriter) {
        var hidden = secret.count
        if secret.hasPrefix(GatewayKey.prefix) {
            writer.append(GatewayKey.prefix)
            hidden -= GatewayKey.prefix.utf8CodeUnitCount
        }
        writer.append("…")
        guard hidden >= 16 else { return }
        let tail = secret.dropFirst(secret.count - 4)
        // A credential may hold any byte; a log line may not.
        for index in 0..<4 { writer.append(tail[index] > 0x20 && tail[index] < 0x7F ? tail[index] : UInt8(ascii: "?")) }
    }
}
