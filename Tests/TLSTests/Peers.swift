import Bytes
import COpenSSL
import Glibc
import TLS

/// Two connected, nonblocking sockets. Whoever makes one closes it.
final class Link {
    let client: CInt
    private(set) var server: CInt

    init() {
        // OpenSSL writes with write(2), which raises SIGPIPE when the other end is gone.
        signal(SIGPIPE, SIG_IGN)
        var pair: (CInt, CInt) = (-1, -1)
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let result = withUnsafeMutableBytes(of: &pair) { bytes in
            socketpair(AF_UNIX, type, 0, bytes.bindMemory(to: CInt.self).baseAddress)
        }
        precondition(result == 0, "a test machine has two descriptors left")
        (client, server) = pair
    }

    /// By hand, not in `deinit`: a link may end at its last use, while a session still uses the descriptor.
    func close() {
        Glibc.close(client)
        closeServer()
    }

    func closeServer() {
        guard server >= 0 else { return }
        // Closing alone is not enough for a moment: an exit test's process, forked a moment ago, has it too.
        shutdown(server, CInt(SHUT_RDWR))
        Glibc.close(server)
        server = -1
    }
}

/// The other end: OpenSSL used directly, pumped by hand on the test's own thread.
final class Server {
    struct Settings {
        var highestVersion = TLS1_3_VERSION
        var lowestVersion = TLS1_VERSION
        var suites: String?
        /// In wire form; empty: the server does not answer ALPN.
        var protocols: [UInt8] = []
    }

    let context: OpaquePointer
    private var session: OpaquePointer?
    private(set) var received: [UInt8] = []
    private(set) var requestedName: String?
    private(set) var isOpen = false

    init(_ certificate: Certificate, chain: [Certificate] = [], _ settings: Settings = Settings()) throws {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw Failure() }
        self.context = context
        SSL_CTX_set_security_level(context, 0)
        try check(openssl_context_set_versions(context, settings.lowestVersion, settings.highestVersion))
        if let suites = settings.suites { try check(SSL_CTX_set_cipher_list(context, suites)) }
        try check(SSL_CTX_use_certificate(context, certificate.certificate))
        try check(SSL_CTX_use_PrivateKey(context, certificate.key))
        for link in chain {
            try check(CInt(SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(link.certificate))))
        }
        try check(SSL_CTX_set_session_id_context(context, "test", 4))
        if !settings.protocols.isEmpty { SSL_CTX_set_alpn_select_cb(context, selectHTTP1, nil) }
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    /// Begins a new connection over `link`.
    func accept(_ link: Link) throws {
        SSL_free(session)
        session = SSL_new(context)
        SSL_set_accept_state(session)
        received = []
        isOpen = false
        try check(SSL_set_fd(session, link.server))
    }

    /// Takes the handshake, and then reading, as far as they go.
    func step() {
        ERR_clear_error()
        if !isOpen {
            guard SSL_do_handshake(session) == 1 else { return }
            isOpen = true
            requestedName = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
        }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var count = 0
        while SSL_read_ex(session, &buffer, buffer.count, &count) == 1 { received += buffer.prefix(count) }
    }

    /// Writes what fits; the number of bytes that did.
    func write(_ bytes: ArraySlice<UInt8>) -> Int {
        ERR_clear_error()
        var count = 0
        let written = bytes.withUnsafeBytes { SSL_write_ex(session, $0.baseAddress, $0.count, &count) }
        return written == 1 ? count : 0
    }

    var hasSeenCloseNotify: Bool { SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN != 0 }

    func sendCloseNotify() { SSL_shutdown(session) }

    /// Asks for new keys on both sides (TLS 1.3).
    func updateKeys() { SSL_key_update(session, SSL_KEY_UPDATE_REQUESTED) }
}

/// Chooses `http/1.1` as a server that speaks it would.
private func selectHTTP1(
    _ session: OpaquePointer?, _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ length: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32, _ argument: UnsafeMutableRawPointer?
) -> CInt {
    guard let offered, offeredCount == 9, offered[0] == 8 else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    out?.pointee = offered + 1
    length?.pointee = 8
    return SSL_TLSEXT_ERR_OK
}

/// A client context that trusts `authority` and nothing else.
func context(trusting authority: Certificate, _ verification: TLSContext.Verification = .required) throws -> TLSContext {
    let path = try authority.writePEM()
    defer { unlink(path) }
    return try TLSContext(trusting: path, verification: verification)
}

/// Pumps both ends until the client's handshake ends; nil when it succeeds.
func shakeHands(_ client: inout TLSSession, _ server: Server) -> TLSError? {
    for _ in 0..<100 {
        switch client.handshake() {
        case .done:
            server.step()
            return nil
        case .failed(let error):
            server.step()
            return error
        case .wantsRead, .wantsWrite: server.step()
        }
    }
    return .library(reason: "the handshake did not end in 100 turns")
}

/// Connects a client to `server` and says how the handshake ended.
func greet(_ server: Server, host: String, _ context: TLSContext) throws -> TLSError? {
    let link = Link()
    defer { link.close() }
    try server.accept(link)
    let origin = try Array(host.utf8).withByteSlice { name throws(TLSNameError) in try TLSOrigin(name, context: context) }
    var client = try TLSSession(to: origin, over: link.client)
    return shakeHands(&client, server)
}
