import COpenSSL

/// A TLS server's settings, shared by the connections of one upstream.
final class ServerContext: @unchecked Sendable {
    // Unchecked: OpenSSL guards a context's own state; nothing here changes after `init`.
    let pointer: OpaquePointer

    init(_ certificate: Certificate) throws {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw Failure() }
        pointer = context
        try check(SSL_CTX_use_certificate(context, certificate.certificate))
        try check(SSL_CTX_use_PrivateKey(context, certificate.key))
        try check(SSL_CTX_set_session_id_context(context, "test", 4))
    }

    deinit { SSL_CTX_free(pointer) }
}
