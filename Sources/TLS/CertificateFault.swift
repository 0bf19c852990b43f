import COpenSSL

/// Why a certificate was refused, a server's or a client's. Dates are `YYYY-MM-DD`; texts quoted from the certificate
/// are printable ASCII, at most `TLSLimits.quotedCertificateByteCount` bytes.
public enum CertificateFault: Error, Equatable, Sendable {
    case expired(notAfter: String)
    case notYetValid(notBefore: String)
    /// `names` is every name and address of the certificate, separated by commas; empty when it has none.
    case nameMismatch(names: String)
    /// The certificate is its own only voucher.
    case selfSigned(subject: String)
    /// The chain ends in a root that is not trusted here.
    case untrustedRoot(subject: String)
    /// The certificate that signed this one is neither sent nor trusted here.
    case unknownIssuer(issuer: String)
    /// Not made for its use, as its extended key usage says; or a CA that may not be one.
    case wrongPurpose
    case revoked
    /// The key or the signature's hash is too weak for the security level in force.
    case tooWeak
    /// Anything else, in OpenSSL's words.
    case other(code: Int32, reason: String)

    /// Reads the fault from a verification that has just failed.
    init(_ verification: OpaquePointer) {
        let code = X509_STORE_CTX_get_error(verification)
        let certificate = X509_STORE_CTX_get_current_cert(verification)
        self = certificate.flatMap { CertificateFault(code, $0) } ?? .other(code: code, reason: CertificateFault.reason(code))
    }

    private init?(_ code: Int32, _ certificate: OpaquePointer) {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            self = .expired(notAfter: quoted(certificate, openssl_certificate_not_after))
        case X509_V_ERR_CERT_NOT_YET_VALID:
            self = .notYetValid(notBefore: quoted(certificate, openssl_certificate_not_before))
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            self = .nameMismatch(names: quoted(certificate, openssl_certificate_names))
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            self = .selfSigned(subject: quoted(certificate, openssl_certificate_subject))
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            self = .untrustedRoot(subject: quoted(certificate, openssl_certificate_subject))
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            self = .unknownIssuer(issuer: quoted(certificate, openssl_certificate_issuer))
        case X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_INVALID_CA, X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
            self = .wrongPurpose
        case X509_V_ERR_CERT_REVOKED:
            self = .revoked
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            self = .tooWeak
        default:
            return nil
        }
    }

    private static func reason(_ code: Int32) -> String {
        X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "unknown reason"
    }
}

extension CertificateFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .expired(let notAfter): "certificate has expired (notAfter \(notAfter))"
        case .notYetValid(let notBefore): "certificate is not yet valid (notBefore \(notBefore))"
        case .nameMismatch(let names) where names.isEmpty: "hostname mismatch: certificate names no host"
        case .nameMismatch(let names): "hostname mismatch: certificate is for \(names)"
        case .selfSigned(let subject): "self-signed certificate (\(subject)); to trust it, name it in ca_file"
        case .untrustedRoot(let subject): "the chain's root is not trusted (\(subject)); to trust it, name it in ca_file"
        case .unknownIssuer(let issuer): "unable to get local issuer certificate (issuer \(issuer))"
        case .wrongPurpose: "certificate is not made for servers (unsuitable certificate purpose)"
        case .revoked: "certificate has been revoked"
        case .tooWeak: "certificate's key or signature is too weak"
        case .other(_, let reason): "certificate refused: \(reason)"
        }
    }
}

extension CertificateFault {
    /// The same of a client's certificate, which `client_ca` is to vouch for.
    public var ofClient: String {
        switch self {
        case .selfSigned(let subject), .untrustedRoot(let subject): "no authority of client_ca signed it (\(subject))"
        case .unknownIssuer(let issuer): "its issuer is not in client_ca (\(issuer))"
        case .wrongPurpose: "it is not made for clients"
        case .expired, .notYetValid, .nameMismatch, .revoked, .tooWeak, .other: description
        }
    }
}

/// What `write` says of a certificate into a bounded, NUL-terminated text.
private func quoted(
    _ certificate: OpaquePointer, _ write: (OpaquePointer?, UnsafeMutablePointer<CChar>?, CInt) -> Void
) -> String {
    let capacity = TLSLimits.quotedCertificateByteCount
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { text in
        guard let start = text.baseAddress else { return "" }
        write(certificate, start, CInt(capacity))
        return String(cString: start)
    }
}

/// The same for dates, which have a fixed length.
private func quoted(
    _ certificate: OpaquePointer, _ write: (OpaquePointer?, UnsafeMutablePointer<CChar>?) -> Void
) -> String {
    quoted(certificate) { certificate, out, _ in write(certificate, out) }
}
