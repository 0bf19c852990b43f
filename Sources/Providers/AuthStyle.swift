public import Bytes

/// The request field a host reads its credential from.
public enum AuthStyle: UInt8, Sendable {
    /// `Authorization: Bearer …` (RFC 6750 §2.1)
    case bearer
    /// `x-api-key: …`, as Anthropic has it
    case xAPIKey
    /// `api-key: …`, as Azure and Qdrant have it
    case apiKey
    /// `x-goog-api-key: …`, as Google has it; in the URL it would stand in every log
    case googAPIKey
    /// The host takes no credential; none is sent, whatever is configured.
    case none

    /// Writes the whole field line of `credential`; nothing for `.none`.
    /// - Throws: when the bytes could end the line or be read as another credential.
    public func writeField(
        credential: ByteSlice, into writer: inout ByteWriter
    ) throws(CredentialError) {
        if self == .none { return }
        try AuthStyle.check(credential)
        switch self {
        case .bearer: writer.append("authorization: Bearer ")
        case .xAPIKey: writer.append("x-api-key: ")
        case .apiKey: writer.append("api-key: ")
        case .googAPIKey: writer.append("x-goog-api-key: ")
        case .none: return
        }
        writer.append(credential)
        writer.append("\r\n")
    }

    /// Accepts a credential of visible bytes with blanks inside at most.
    ///
    /// Line ends and NUL would let it add fields of its own (RFC 9110 §5.5); a blank at either end
    /// is trimmed by the receiver, so what we were given is not what would be compared.
    public static func check(_ credential: ByteSlice) throws(CredentialError) {
        guard !credential.isEmpty else { throw .empty }
        guard credential.count <= Limits.credentialByteCount else {
            throw .tooLong(byteCount: credential.count)
        }
        for index in 0..<credential.count where credential[index] < 0x20 || credential[index] == 0x7F {
            throw .controlByte(offset: index)
        }
        if credential[0] == 0x20 { throw .blankAtEnd(offset: 0) }
        if credential[credential.count - 1] == 0x20 { throw .blankAtEnd(offset: credential.count - 1) }
    }
}

/// Why a credential cannot be sent. It never carries the credential's bytes.
public enum CredentialError: Error, Equatable {
    case empty
    case tooLong(byteCount: Int)
    case controlByte(offset: Int)
    case blankAtEnd(offset: Int)
}
