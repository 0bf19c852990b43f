import Bytes
import COpenSSL
import Glibc

/// What a client trusts and offers, shared by its sessions: an `SSL_CTX`.
///
/// One for each pair of CA file and verification, on each worker: a context, its origins and their
/// sessions belong to one thread, as everything of a worker does, and take no locks.
public final class TLSContext {
    /// Whether servers must prove who they are.
    public enum Verification: Sendable {
        /// Chain, dates, purpose and name are checked.
        case required
        /// Nothing is checked: whoever answers is believed. For tests and closed networks.
        case off
    }

    let handle: OpaquePointer

    /// A context for connections to upstreams: TLS 1.2 or newer, AEAD suites, ALPN for what is `offered`, what we like best first.
    ///
    /// Trusts the certificates of `caFile` (PEM) and nothing else, or the system's store when it is nil
    /// (which the environment's SSL_CERT_FILE and SSL_CERT_DIR may name).
    public init(trusting caFile: String? = nil, verification: Verification = .required, offering offered: [TLSProtocol] = [.http1]) throws(TLSContextError) {
        ERR_clear_error()
        guard let handle = SSL_CTX_new(TLS_client_method()) else { throw .library(reason: TLSContext.reason()) }
        self.handle = handle
        try offer(offered)
        try trust(caFile, verification)
        keepSessions()
    }

    deinit { SSL_CTX_free(handle) }

    private func offer(_ protocols: [TLSProtocol]) throws(TLSContextError) {
        openssl_context_harden(handle)
        // ECDHE first; RSA key exchange only for servers that know nothing better; no CBC.
        let suites = "ECDHE+AESGCM:ECDHE+CHACHA20:RSA+AESGCM:!aNULL:!eNULL"
        let names = protocols.flatMap { [UInt8($0.name.utf8CodeUnitCount)] + [UInt8](ByteSlice($0.name)) }
        guard openssl_context_set_versions(handle, TLS1_2_VERSION, TLS1_3_VERSION) == 1,
            SSL_CTX_set_cipher_list(handle, suites) == 1,
            // Zero is success here, alone among its kind.
            SSL_CTX_set_alpn_protos(handle, names, UInt32(names.count)) == 0
        else { throw .library(reason: TLSContext.reason()) }
        // Moving buffer: after `.wantsWrite` the same bytes may come from another address.
        // Release buffers: an idle session keeps no 34 KB of record buffers.
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        _ = openssl_context_set_mode(handle, Int(modes))
        // Header and body of a record in one read instead of two.
        openssl_context_set_read_ahead(handle, 1)
    }

    private func trust(_ caFile: String?, _ verification: Verification) throws(TLSContextError) {
        if let caFile {
            guard SSL_CTX_load_verify_file(handle, caFile) == 1 else {
                throw .caFile(path: caFile, reason: TLSContext.reason())
            }
            // A certificate the operator named is trusted even when it is not a root.
            X509_STORE_set_flags(SSL_CTX_get_cert_store(handle), UInt(X509_V_FLAG_PARTIAL_CHAIN))
        } else if SSL_CTX_set_default_verify_paths(handle) != 1 {
            throw .systemStore(reason: TLSContext.reason())
        }
        switch verification {
        case .required: SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, noteVerification)
        case .off: SSL_CTX_set_verify(handle, SSL_VERIFY_NONE, nil)
        }
    }

    private func keepSessions() {
        // OpenSSL's own store is for servers; an origin keeps its session itself.
        let mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
        _ = openssl_context_set_session_cache_mode(handle, Int(mode))
        SSL_CTX_sess_set_new_cb(handle, keepSession)
    }

    /// The first words of OpenSSL's error queue, or the system's when the cause lies there.
    static func reason() -> String {
        let code = ERR_peek_error()
        defer { ERR_clear_error() }
        if ERR_GET_LIB(code) == ERR_LIB_SYS { return String(cString: strerror(ERR_GET_REASON(code))).lowercased() }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given"
    }
}

/// Why a context could not be made: a fault of the configuration.
public enum TLSContextError: Error, Equatable, CustomStringConvertible {
    case caFile(path: String, reason: String)
    case systemStore(reason: String)
    case clientCA(path: String, reason: String)
    /// Of those of a server.
    case certificate(index: Int, reason: String)
    case library(reason: String)

    public var description: String {
        switch self {
        case .caFile(let path, let reason): "ca_file \"\(path)\" holds no usable certificate: \(reason)"
        case .systemStore(let reason): "the system's certificate store cannot be read: \(reason)"
        case .clientCA(let path, let reason): "client_ca \"\(path)\" holds no usable certificate: \(reason)"
        case .certificate(_, let reason): "the certificate cannot be used: \(reason)"
        case .library(let reason): "TLS cannot be set up: \(reason)"
        }
    }
}

@available(*, unavailable, message: "a context belongs to one worker")
extension TLSContext: Sendable {}

/// OpenSSL's verification callback: notes the first fault and lets its verdict stand.
private func noteVerification(_ passed: CInt, _ verification: OpaquePointer?) -> CInt {
    guard passed == 0, let verification, let owner = openssl_verification_owner(verification) else { return passed }
    let origin = Unmanaged<TLSOrigin>.fromOpaque(owner).takeUnretainedValue()
    origin.note(CertificateFault(verification))
    return 0
}

/// OpenSSL's new-session callback: hands the session to its origin. 1 says we keep the reference.
private func keepSession(_ session: OpaquePointer?, _ ticket: OpaquePointer?) -> CInt {
    guard let session, let ticket, let owner = openssl_owner(session) else { return 0 }
    Unmanaged<TLSOrigin>.fromOpaque(owner).takeUnretainedValue().keep(ticket)
    return 1
}
