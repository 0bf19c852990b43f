public import Bytes
import COpenSSL
import Glibc

/// One TLS session, a client's or a server's, over a connected, nonblocking socket, which it neither owns nor closes.
///
///     handshaking ──done──▶ open ──close_notify──▶ open, reads closed
///          │                 │
///          └─────failed──────┴──▶ over
///
/// The process must ignore SIGPIPE: OpenSSL writes with `write(2)`. Readiness is edge-triggered and
/// OpenSSL reads ahead, so read until `.wantsRead` (or remember that you did not): an edge that
/// has passed does not come again for bytes that lie in the session.
public struct TLSSession: ~Copyable {
    private enum Phase {
        case handshaking
        case open
        case over
    }

    /// Which end this is, and what it must hold for OpenSSL's callbacks.
    private enum Side {
        case client(TLSOrigin)
        case server(TLSServerContext, TLSAcceptor)
    }

    private let handle: OpaquePointer
    private let side: Side
    private var phase = Phase.handshaking
    /// Length of the write that must be repeated; 0 when none must.
    private var unfinishedByteCount = 0

    /// A client's session to `origin` over `descriptor`, which must stay open until the session ends.
    /// Resumes the last session with the origin when there is one.
    public init(to origin: TLSOrigin, over descriptor: CInt) throws(TLSError) {
        handle = try TLSSession.handle(for: origin, over: descriptor)
        side = .client(origin)
    }

    /// A server's session with whoever has connected to `descriptor`, which must stay open until the session ends.
    public init(accepting context: TLSServerContext, by acceptor: TLSAcceptor, over descriptor: CInt) throws(TLSError) {
        clearErrors()
        guard let handle = SSL_new(context.first) else { throw TLSError.fromQueue() }
        SSL_set_accept_state(handle)
        // Unretained: the session holds the acceptor for as long as the handle lives.
        guard SSL_set_fd(handle, descriptor) == 1, openssl_set_owner(handle, Unmanaged.passUnretained(acceptor).toOpaque()) == 1 else {
            defer { SSL_free(handle) }
            throw TLSError.fromQueue()
        }
        self.handle = handle
        side = .server(context, acceptor)
    }

    private static func handle(for origin: TLSOrigin, over descriptor: CInt) throws(TLSError) -> OpaquePointer {
        clearErrors()
        guard let handle = SSL_new(origin.context.handle) else { throw TLSError.fromQueue() }
        SSL_set_connect_state(handle)
        guard SSL_set_fd(handle, descriptor) == 1,
            // Unretained: the session holds the origin for as long as the handle lives.
            openssl_set_owner(handle, Unmanaged.passUnretained(origin).toOpaque()) == 1,
            demand(origin.name, of: handle)
        else {
            defer { SSL_free(handle) }
            throw TLSError.fromQueue()
        }
        if let session = origin.resumable { SSL_set_session(handle, session) }
        return handle
    }

    deinit {
        // SSL_free takes a session that saw no close_notify for a broken one and makes it unresumable;
        // pooled connections mostly end without. Truncation is the reader's to judge, and it was told.
        if phase == .open { SSL_set_shutdown(handle, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        SSL_free(handle)
    }

    /// Says whom the certificate must name, and names it to the server.
    private static func demand(_ name: TLSOrigin.Name, of handle: OpaquePointer) -> Bool {
        let expectation = SSL_get0_param(handle)
        switch name {
        case .host(let host):
            // DNS names only (RFC 9525 §6.3): no common name, no "f*.example".
            let flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
            X509_VERIFY_PARAM_set_hostflags(expectation, UInt32(flags))
            return X509_VERIFY_PARAM_set1_host(expectation, host, 0) == 1 && openssl_set_server_name(handle, host) == 1
        case .address(let address):
            return X509_VERIFY_PARAM_set1_ip_asc(expectation, address) == 1
        }
    }

    /// Takes the handshake as far as the socket lets it.
    public mutating func handshake() -> TLSHandshake {
        guard phase == .handshaking else {
            precondition(phase == .open, "a failed session can only be dropped")
            return .done
        }
        _ = takeFault()
        clearErrors()
        let result = SSL_do_handshake(handle)
        let systemCode = errno
        if result == 1 {
            phase = .open
            if case .server = side, openssl_limit_messages(handle, CInt(TLSLimits.messagesAfterHandshake)) != 1 {
                phase = .over
                return .failed(.library(reason: "no memory"))
            }
            return .done
        }
        switch SSL_get_error(handle, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case let code: return .failed(handshakeError(code, systemCode))
        }
    }

    private mutating func handshakeError(_ code: CInt, _ systemCode: CInt) -> TLSError {
        phase = .over
        if case .client(let origin) = side { origin.forget() }
        defer { ERR_clear_error() }
        if let fault = takeFault() { return .certificate(fault) }
        switch code {
        case SSL_ERROR_SYSCALL: return systemCode == 0 || systemCode == EPIPE ? .closedInHandshake : .system(systemCode)
        case SSL_ERROR_ZERO_RETURN: return .closedInHandshake
        default:
            let error = TLSError.fromQueue()
            // A record that is none, between others that are, has been answered with an alert.
            if case .server = side, error == .notTLS, SSL_get_state(handle) != TLS_ST_BEFORE { return .library(reason: "wrong version number") }
            return error
        }
    }

    private func takeFault() -> CertificateFault? {
        switch side {
        case .client(let origin): origin.takeFault()
        case .server(_, let acceptor): acceptor.takeFault()
        }
    }

    /// Reads decrypted bytes, at most a record's worth (16 KiB) a call. Only after the handshake is done.
    public mutating func read(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) -> TLSTransfer {
        precondition(phase != .handshaking, "nothing can be read before the handshake is done")
        // A failure is the peer's doing and may be met twice: by a write, and by the read that follows it.
        if phase == .over { return .closed(clean: false) }
        clearErrors()
        var count = 0
        let result = SSL_read_ex(handle, memory, capacity, &count)
        return result == 1 ? .moved(count) : outcome(result)
    }

    /// Encrypts and writes bytes, perhaps only the first of them.
    ///
    /// Only after the handshake is done: nothing can be sent to a server that is not verified. After
    /// `.wantsRead` or `.wantsWrite` the next write starts with the same bytes, wherever they lie
    /// now, and has at least as many: OpenSSL has already encrypted them.
    public mutating func write(_ bytes: ByteSlice) -> TLSTransfer {
        precondition(phase != .handshaking, "nothing can be written before the handshake is done")
        if phase == .over { return .closed(clean: false) }
        precondition(bytes.count > 0, "an empty write says nothing")
        precondition(bytes.count >= unfinishedByteCount, "a write is repeated with no fewer bytes")
        clearErrors()
        var count = 0
        let result = SSL_write_ex(handle, bytes.base, bytes.count, &count)
        if result == 1 {
            unfinishedByteCount = 0
            return .moved(count)
        }
        unfinishedByteCount = bytes.count
        return outcome(result)
    }

    /// What a read or a write that moved nothing has met.
    private mutating func outcome(_ result: CInt) -> TLSTransfer {
        let systemCode = errno
        switch SSL_get_error(handle, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .closed(clean: true)
        case SSL_ERROR_SYSCALL:
            phase = .over
            return systemCode == 0 ? .closed(clean: false) : .failed(.system(systemCode))
        default:
            phase = .over
            defer { ERR_clear_error() }
            let error = TLSError.fromQueue()
            return error == .closedInHandshake ? .closed(clean: false) : .failed(error)
        }
    }

    /// Bytes of the socket that it has written, its handshake's with them.
    public var wireByteCount: UInt64 { BIO_number_written(SSL_get_wbio(handle)) }

    /// Decrypted bytes that wait in the session: they can be read without the socket.
    public var pendingByteCount: Int { Int(SSL_pending(handle)) }

    /// Whether bytes of any kind wait in the session: decrypted, or read ahead and perhaps no whole
    /// record yet. Until a read says `.wantsRead`, this is what a list of ready sessions asks.
    public var holdsBytes: Bool { SSL_has_pending(handle) == 1 }

    /// Sends close_notify, without waiting for the peer's. Nothing can be written afterwards; a
    /// session that has failed, or was never open, has nothing to say.
    /// - Returns: `.wantsWrite` when the socket is full; the caller may call again or let it be.
    public mutating func shutdown() -> TLSHandshake {
        guard phase == .open else { return .done }
        clearErrors()
        let result = SSL_shutdown(handle)
        if result >= 0 { return .done }
        let systemCode = errno
        switch SSL_get_error(handle, result) {
        case SSL_ERROR_WANT_READ: return .done
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_SYSCALL:
            phase = .over
            return .failed(.system(systemCode))
        default:
            phase = .over
            defer { ERR_clear_error() }
            return .failed(TLSError.fromQueue())
        }
    }

    /// Whether the handshake took up an earlier session instead of beginning anew.
    public var isResumed: Bool { SSL_session_reused(handle) == 1 }

    /// The version spoken, once the handshake is done.
    public var negotiatedVersion: TLSVersion { SSL_version(handle) == TLS1_3_VERSION ? .tls13 : .tls12 }

    /// What the client's certificate says of it; nil for one that showed none. Only for a server whose handshake is done.
    public var clientCertificate: TLSClientCertificate? { SSL_get0_peer_certificate(handle).map { TLSClientCertificate($0) } }

    /// `TLSv1.2` or `TLSv1.3`, once the handshake is done.
    public var version: String { String(cString: SSL_get_version(handle)) }

    /// What is spoken: the client's and our own choice; HTTP/1.1 where the client did not ask.
    public var applicationProtocol: TLSProtocol { negotiatedProtocol == "h2" ? .http2 : .http1 }

    /// The protocol chosen by ALPN (RFC 7301); empty when the server chose none. Valid while the session is.
    public var negotiatedProtocol: ByteSlice {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(handle, &name, &length)
        return name.map { ByteSlice($0, count: Int(length)) } ?? ByteSlice("")
    }
}

/// Empties OpenSSL's error queue, which decides what the next result is taken for (SSL_get_error(3)).
/// Looking costs 14 ns and clearing 110, and there is hardly ever anything to clear.
private func clearErrors() {
    if ERR_peek_error() != 0 { ERR_clear_error() }
}
