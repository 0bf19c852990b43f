import Bytes
import COpenSSL
import Glibc
import TLS

/// A client's end: OpenSSL used directly, pumped by hand, over a descriptor or from memory to memory.
final class Client {
    struct Settings: Sendable {
        var highestVersion = TLS1_3_VERSION
        var lowestVersion = TLS1_2_VERSION
        var suites: String?
        var groups: String?
        /// Whom it wants, as SNI says it.
        var name: String? = "a.example"
        /// In wire form.
        var protocols: [UInt8] = []
        var certificate: Certificate?
        /// Plaintext of one record at most.
        var fragmentByteCount: Int?
    }

    private let context: OpaquePointer
    private(set) var session: OpaquePointer
    private(set) var received: [UInt8] = []
    private(set) var isOpen = false
    /// Why its handshake failed, in OpenSSL's words.
    private(set) var failure: String?
    /// The server's alert, when it sent one.
    private(set) var alert: CInt?
    /// The newest session it was given, to offer it again.
    private(set) var ticket: OpaquePointer?

    init(_ settings: Settings = Settings(), resuming ticket: OpaquePointer? = nil) throws {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Failure() }
        self.context = context
        // As weak as the table wants: what is refused, the server refuses.
        SSL_CTX_set_security_level(context, 0)
        try check(openssl_context_set_versions(context, settings.lowestVersion, settings.highestVersion))
        if let suites = settings.suites { try check(SSL_CTX_set_cipher_list(context, suites)) }
        if let groups = settings.groups { try check(openssl_context_set_groups(context, groups)) }
        if let certificate = settings.certificate {
            try check(SSL_CTX_use_certificate(context, certificate.certificate))
            try check(SSL_CTX_use_PrivateKey(context, certificate.key))
        }
        _ = openssl_context_set_session_cache_mode(context, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
        guard let session = SSL_new(context) else { throw Failure() }
        self.session = session
        SSL_set_connect_state(session)
        if let name = settings.name { try check(openssl_set_server_name(session, name)) }
        if !settings.protocols.isEmpty { try check(SSL_set_alpn_protos(session, settings.protocols, UInt32(settings.protocols.count)) + 1) }
        if let ticket { try check(SSL_set_session(session, ticket)) }
        if let count = settings.fragmentByteCount { try check(CInt(SSL_ctrl(session, SSL_CTRL_SET_MAX_SEND_FRAGMENT, count, nil))) }
    }

    deinit {
        SSL_SESSION_free(ticket)
        // Or a session that ended without a close_notify would not be resumable.
        SSL_set_shutdown(session, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(session)
        SSL_CTX_free(context)
    }

    func connect(_ link: Link) throws { try check(SSL_set_fd(session, link.client)) }

    /// Takes the handshake, and then reading, as far as they go.
    func step() {
        ERR_clear_error()
        if !isOpen {
            let result = SSL_do_handshake(session)
            guard result == 1 else { return note(result) }
            isOpen = true
        }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var count = 0
        while true {
            ERR_clear_error()
            let result = SSL_read_ex(session, &buffer, buffer.count, &count)
            guard result == 1 else { return note(result) }
            received += buffer.prefix(count)
        }
    }

    private func note(_ result: CInt) {
        guard SSL_get_error(session, result) == SSL_ERROR_SSL else { return }
        let reason = ERR_GET_REASON(ERR_peek_error())
        if (SSL_AD_REASON_OFFSET..<SSL_AD_REASON_OFFSET + 256).contains(reason) { alert = reason - SSL_AD_REASON_OFFSET }
        failure = Failure().reason
    }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Int {
        ERR_clear_error()
        var count = 0
        return SSL_write_ex(session, bytes, bytes.count, &count) == 1 ? count : 0
    }

    /// Sends bytes ahead of the handshake, whatever the session it offers says of that.
    func writeEarly(_ bytes: [UInt8]) {
        ERR_clear_error()
        SSL_SESSION_set_max_early_data(SSL_get_session(session), .max)
        var count = 0
        var at = 0
        while at < bytes.count, SSL_write_early_data(session, Array(bytes[at...]), min(bytes.count - at, 16_384), &count) == 1 { at += count }
    }

    /// Keeps the session it has now, and returns it for another connection.
    func takeTicket() -> OpaquePointer? {
        SSL_SESSION_free(ticket)
        ticket = SSL_get1_session(session)
        return ticket
    }

    var isResumed: Bool { SSL_session_reused(session) == 1 }
    var chosenProtocol: String {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(session, &name, &length)
        return name.map { String(ByteSlice($0, count: Int(length))) } ?? ""
    }
    var chosenSuite: String { SSL_CIPHER_get_name(SSL_get_current_cipher(session)).map { String(cString: $0) } ?? "" }
    /// Names on the certificate it was shown.
    var shownNames: String {
        var text = [CChar](repeating: 0, count: 200)
        openssl_certificate_names(SSL_get0_peer_certificate(session), &text, 200)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    /// `RSA` or `EC`.
    var shownKey: CInt { EVP_PKEY_get_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(session))) }
    var hasSeenCloseNotify: Bool { SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN != 0 }

    func sendCloseNotify() { SSL_shutdown(session) }
    func updateKeys() { SSL_key_update(session, SSL_KEY_UPDATE_NOT_REQUESTED) }

    /// Asks for a renegotiation (TLS 1.2).
    func renegotiate() {
        ERR_clear_error()
        SSL_renegotiate(session)
        SSL_do_handshake(session)
    }
}

/// A server of ours, and what its sessions need.
struct Listener {
    let context: TLSServerContext
    let acceptor: TLSAcceptor

    init(
        _ certificates: [TLSCertificate], protocols: [TLSProtocol] = [.http1], clients: TLSServerContext.Clients = .anonymous,
        from lowestVersion: TLSVersion = .tls12, secret: TLSTicketSecret? = nil
    ) throws {
        context = try TLSServerContext(certificates: certificates, protocols: protocols, clients: clients, from: lowestVersion)
        acceptor = TLSAcceptor(try secret ?? TLSTicketSecret(start: 0))
    }

    func accept(_ link: Link) throws -> TLSSession { try TLSSession(accepting: context, by: acceptor, over: link.server) }

    /// How a handshake with `client` ends for us; nil when it succeeds.
    func greet(_ client: Client, then: (borrowing TLSSession) -> Void = { _ in }) throws -> TLSError? {
        let link = Link()
        defer { link.close() }
        try client.connect(link)
        var session = try accept(link)
        let error = shakeHands(&session, client)
        if error == nil { then(session) }
        return error
    }
}

extension Certificate {
    /// As a server of ours takes it.
    func forServer() throws -> TLSCertificate { try tlsCertificate(chain: pem(), key: keyPEM()) }
}

func tlsCertificate(chain: [UInt8], key: [UInt8]) throws(TLSCertificateError) -> TLSCertificate {
    try chain.withByteSlice { chain throws(TLSCertificateError) in
        try key.withByteSlice { key throws(TLSCertificateError) in try TLSCertificate(chain: chain, key: key) }
    }
}

/// Pumps both ends until our handshake ends; nil when it succeeds.
func shakeHands(_ server: inout TLSSession, _ client: Client) -> TLSError? {
    for _ in 0..<100 {
        client.step()
        switch server.handshake() {
        case .done:
            client.step()
            return nil
        case .failed(let error):
            client.step()
            return error
        case .wantsRead, .wantsWrite: break
        }
    }
    return .library(reason: "the handshake did not end in 100 turns")
}
