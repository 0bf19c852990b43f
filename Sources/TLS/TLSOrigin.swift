public import Bytes
import COpenSSL

/// A server's identity as its certificate must prove it, and the last session held with it.
///
/// One for each origin and context, kept by the origin's pool. A session is resumed only towards the
/// name it was verified for: resumption skips the certificate.
public final class TLSOrigin {
    enum Name {
        /// Sent as SNI and matched against the certificate's DNS names.
        case host(String)
        /// Matched against the certificate's IP addresses; SNI carries no addresses (RFC 6066 §3).
        case address(String)
    }

    let context: TLSContext
    let name: Name
    private var ticket: OpaquePointer?
    private var fault: CertificateFault?

    /// - Parameter host: a DNS name in ASCII, or an IPv4 or IPv6 address, the latter with or without brackets.
    /// - Throws: `.emptyName`, `.nameTooLong` or `.nameByte` for what can be no host.
    public init(_ host: ByteSlice, context: TLSContext) throws(TLSNameError) {
        self.context = context
        name = try TLSOrigin.parse(host)
    }

    deinit { SSL_SESSION_free(ticket) }

    private static func parse(_ host: ByteSlice) throws(TLSNameError) -> Name {
        var bare = host
        if bare.count > 2, bare[0] == UInt8(ascii: "["), bare[bare.count - 1] == UInt8(ascii: "]") {
            bare = bare[1..<(bare.count - 1)]
        }
        // A final dot marks a name as absolute; certificates and SNI leave it out.
        if bare.count > 1, bare[bare.count - 1] == UInt8(ascii: ".") { bare = bare.prefix(bare.count - 1) }
        guard !bare.isEmpty else { throw .emptyName }
        guard bare.count <= TLSLimits.hostNameByteCount else { throw .nameTooLong(byteCount: bare.count) }
        for offset in 0..<bare.count where bare[offset] <= 0x20 || bare[offset] >= 0x7F {
            throw .nameByte(bare[offset], offset: offset)
        }
        let text = String(bare)
        guard let address = a2i_IPADDRESS(text) else { return .host(text) }
        ASN1_OCTET_STRING_free(address)
        return .address(text)
    }

    /// The session to resume, if one is held and can be. Borrowed.
    var resumable: OpaquePointer? {
        guard let ticket, SSL_SESSION_is_resumable(ticket) == 1 else { return nil }
        return ticket
    }

    /// Keeps the newest session, taking over the caller's reference.
    func keep(_ newer: OpaquePointer) {
        SSL_SESSION_free(ticket)
        ticket = newer
    }

    /// Forgets the session: a handshake that offered it failed.
    func forget() {
        SSL_SESSION_free(ticket)
        ticket = nil
    }

    func note(_ fault: CertificateFault) { self.fault = self.fault ?? fault }

    /// The fault noted since the last call. Sessions of an origin share the place: a handshake's fault
    /// is taken before any other handshake can run.
    func takeFault() -> CertificateFault? {
        defer { fault = nil }
        return fault
    }
}

/// Why a text is no server's name.
public enum TLSNameError: Error, Equatable, CustomStringConvertible {
    case emptyName
    case nameTooLong(byteCount: Int)
    case nameByte(UInt8, offset: Int)

    public var description: String {
        switch self {
        case .emptyName: "the host name is empty"
        case .nameTooLong(let count): "the host name has \(count) bytes; at most \(TLSLimits.hostNameByteCount) are allowed"
        case .nameByte(let byte, let offset): "the host name holds byte \(byte) at offset \(offset)"
        }
    }
}

@available(*, unavailable, message: "an origin belongs to one worker")
extension TLSOrigin: Sendable {}
