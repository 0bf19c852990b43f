import COpenSSL
import Glibc

/// Why a TLS session failed.
public enum TLSError: Error, Equatable, Sendable {
    case certificate(CertificateFault)
    /// The peers share no version: ours start at TLS 1.2.
    case protocolVersion
    /// The client has no suite, or no group, that a server of ours would use.
    case noSharedCipher
    /// ALPN names nothing that is spoken here.
    case noSharedProtocol
    /// The client was to show a certificate and has none.
    case certificateMissing
    /// What came first is no TLS record: plaintext, most often.
    case notTLS
    /// The peer refused with a fatal alert (RFC 8446 §6.2).
    case alert(code: Int, reason: String)
    /// The peer closed before the handshake was done.
    case closedInHandshake
    /// The socket failed with this `errno`.
    case system(CInt)
    /// Anything else, in OpenSSL's words.
    case library(reason: String)

    /// Reads what the call that has just failed left in OpenSSL's error queue.
    static func fromQueue() -> TLSError {
        let code = ERR_peek_error()
        let reason = ERR_GET_REASON(code)
        guard code != 0, ERR_GET_LIB(code) == ERR_LIB_SSL else { return .library(reason: words(code)) }
        switch reason {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_WRONG_SSL_VERSION,
            SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH:
            return .protocolVersion
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            return .notTLS
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
            return .noSharedCipher
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return .noSharedProtocol
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return .certificateMissing
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return .closedInHandshake
        // OpenSSL reports a received alert as a reason of its own, at a fixed distance.
        case SSL_AD_REASON_OFFSET..<(SSL_AD_REASON_OFFSET + 256):
            return .alert(code: Int(reason - SSL_AD_REASON_OFFSET), reason: words(code))
        default:
            return .library(reason: words(code))
        }
    }

    private static func words(_ code: UInt) -> String {
        ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

extension TLSError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .certificate(let fault): fault.description
        case .protocolVersion: "the server speaks no TLS version from 1.2 on"
        case .noSharedCipher: "no cipher suite in common"
        case .noSharedProtocol: "no application protocol in common"
        case .certificateMissing: "the client showed no certificate"
        case .notTLS: "the server does not speak TLS"
        case .alert(let code, let reason): "the server refused the handshake: \(reason) (alert \(code))"
        case .closedInHandshake: "the server closed the connection during the TLS handshake"
        case .system(let code): "connection failed: \(String(cString: strerror(code)).lowercased())"
        case .library(let reason): "TLS failed: \(reason)"
        }
    }
}

extension TLSError {
    /// What went wrong with a client's handshake, as a server tells it.
    public var ofClient: String {
        switch self {
        case .certificate(let fault): "its certificate was refused: \(fault.ofClient)"
        case .protocolVersion: "it speaks no TLS version that is served"
        case .noSharedCipher: "it has no cipher suite, group or signature that is served"
        case .noSharedProtocol: "it wants another application protocol (ALPN)"
        case .certificateMissing: "it showed no certificate"
        case .notTLS: "it does not speak TLS"
        case .alert(let code, let reason): "it refused: \(reason) (alert \(code))"
        case .closedInHandshake: "it closed the connection"
        case .system(let code): "the connection failed: \(String(cString: strerror(code)).lowercased())"
        case .library(let reason): reason
        }
    }
}
