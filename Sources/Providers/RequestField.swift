public import Bytes

/// What becomes of one field of a client's request on the way to the provider.
public enum RequestField: Equatable {
    /// Sent as it came.
    case forwarded
    /// Sent under another name, and in place of a client field of that name.
    case renamed(StaticString)
    /// Sent only when `x-portkey-forward-headers` names it.
    case onlyIfNamed
    /// A credential: sent as it came in a pass-through without one of ours, else not sent.
    case credential
    /// Written by the gateway itself, so the client's is not sent.
    case ours
    /// Never sent, not even when named: about this hop, or about the gateway.
    case never

    /// What becomes of the field `name`, when the request goes out in `dialect`.
    ///
    /// Fields named by `Connection` are the HTTP layer's to remove (RFC 9110 §7.6.1).
    public static func fate(of name: ByteSlice, towards dialect: Dialect) -> RequestField {
        guard !name.isEmpty else { return .never }
        switch ASCII.lowercased(name[0]) {
        case UInt8(ascii: "x"):
            if startsIgnoringCase(name, "x-portkey-") { return portkey(name.dropFirst(10), dialect) }
            if startsIgnoringCase(name, "x-sluice-") { return .never }
            if startsIgnoringCase(name, "x-forwarded-") { return .onlyIfNamed }
            // Parts of the signature.
            if dialect == .bedrock, startsIgnoringCase(name, "x-amz-") { return .ours }
        case UInt8(ascii: "a"):
            if startsIgnoringCase(name, "anthropic-") { return dialect == .anthropic ? .forwarded : .onlyIfNamed }
        case UInt8(ascii: "o"):
            if startsIgnoringCase(name, "openai-") { return dialect == .openAI ? .forwarded : .onlyIfNamed }
        case UInt8(ascii: "s"):
            if startsIgnoringCase(name, "sec-") { return .onlyIfNamed }
        default: break
        }
        return fixed(name) ?? .forwarded
    }

    /// Portkey's spelling of the providers' own fields; `name` is what follows the prefix.
    private static func portkey(_ name: ByteSlice, _ dialect: Dialect) -> RequestField {
        if dialect == .bedrock { return .never }
        if dialect == .openAI {
            if name.equalsIgnoringCase("openai-organization") { return .renamed("openai-organization") }
            if name.equalsIgnoringCase("openai-project") { return .renamed("openai-project") }
            if name.equalsIgnoringCase("openai-beta") { return .renamed("openai-beta") }
        } else {
            if name.equalsIgnoringCase("anthropic-version") { return .renamed("anthropic-version") }
            if name.equalsIgnoringCase("anthropic-beta") { return .renamed("anthropic-beta") }
        }
        return .never
    }

    /// The fields with a fate of their own.
    private static func fixed(_ name: ByteSlice) -> RequestField? {
        switch name.count {
        case 2: if name.equalsIgnoringCase("te") { return .never }
        case 3: if name.equalsIgnoringCase("via") { return .onlyIfNamed }
        case 4: if name.equalsIgnoringCase("host") { return .never }
        case 6:
            if name.equalsIgnoringCase("expect") { return .never }
            if name.equalsIgnoringCase("cookie") || name.equalsIgnoringCase("origin") { return .onlyIfNamed }
        case 7:
            if name.equalsIgnoringCase("trailer") || name.equalsIgnoringCase("upgrade") { return .never }
            if name.equalsIgnoringCase("api-key") { return .credential }
            if name.equalsIgnoringCase("referer") { return .onlyIfNamed }
        case 9:
            if name.equalsIgnoringCase("x-api-key") { return .credential }
            if name.equalsIgnoringCase("forwarded") || name.equalsIgnoringCase("x-real-ip") { return .onlyIfNamed }
        case 10:
            if name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive") { return .never }
        case 13: if name.equalsIgnoringCase("authorization") { return .credential }
        case 14:
            if name.equalsIgnoringCase("content-length") { return .never }
            if name.equalsIgnoringCase("http2-settings") { return .never }
            if name.equalsIgnoringCase("x-goog-api-key") { return .credential }
        case 15: if name.equalsIgnoringCase("accept-encoding") { return .ours }
        case 16: if name.equalsIgnoringCase("proxy-connection") { return .never }
        case 17: if name.equalsIgnoringCase("transfer-encoding") { return .never }
        case 18: if name.equalsIgnoringCase("proxy-authenticate") { return .never }
        case 19: if name.equalsIgnoringCase("proxy-authorization") { return .never }
        default: break
        }
        return nil
    }

    private static func startsIgnoringCase(_ name: ByteSlice, _ prefix: StaticString) -> Bool {
        name.count >= prefix.utf8CodeUnitCount
            && name.prefix(prefix.utf8CodeUnitCount).equalsIgnoringCase(prefix)
    }

    /// Writes the fields every request to a provider carries.
    ///
    /// The answer is read in passing, so it is asked for uncoded. Anthropic refuses a request
    /// without a version; `sentAnthropicVersion` says that one of the client's is on its way.
    public static func writeDefaults(
        towards dialect: Dialect, sentAnthropicVersion: Bool, into writer: inout ByteWriter
    ) {
        writer.append("accept-encoding: identity\r\n")
        if dialect == .anthropic, !sentAnthropicVersion { writer.append("anthropic-version: 2023-06-01\r\n") }
    }

    public static func == (left: RequestField, right: RequestField) -> Bool {
        switch (left, right) {
        case (.renamed(let one), .renamed(let other)): ByteSlice(one) == other
        case (.forwarded, .forwarded), (.onlyIfNamed, .onlyIfNamed), (.credential, .credential),
            (.ours, .ours), (.never, .never):
            true
        default: false
        }
    }
}
