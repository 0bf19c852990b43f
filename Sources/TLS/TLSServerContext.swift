import COpenSSL

/// What a listener shows its clients and asks of them, shared by the sessions of all workers.
///
/// An `SSL_CTX` for each set of names; the first is that of clients who name another server, or none. Made off the workers and
/// never changed: certificates that are renewed make another.
public final class TLSServerContext: @unchecked Sendable {
    // Unchecked: nothing is written after `init`, and OpenSSL counts references to its contexts atomically.

    /// What clients are asked to show.
    public enum Clients: Sendable, Equatable {
        case anonymous
        /// A certificate that an authority of `caFile` (PEM) has signed, or none.
        case optional(caFile: String)
        case required(caFile: String)
    }

    private var contexts: [OpaquePointer] = []
    /// Index in `contexts` by host name, or by `*.` and what follows a name's first label.
    private var byName: [String: Int] = [:]
    /// In the form ALPN has on the wire (RFC 7301 §3.1), best first.
    private let protocols: UnsafeMutableBufferPointer<UInt8>

    /// - Parameter certificates: at least one, the default first. Of several for one name the first is shown, unless they have the
    ///   same names and keys of different kinds: then the client's taste decides.
    public init(
        certificates: [TLSCertificate], protocols: [TLSProtocol] = [.http1], clients: Clients = .anonymous, from lowestVersion: TLSVersion = .tls12
    ) throws(TLSContextError) {
        precondition(!certificates.isEmpty && certificates.count <= TLSLimits.certificateCount, "a server has certificates, within the bound")
        let wire = protocols.flatMap { [UInt8($0.name.utf8CodeUnitCount)] + Array($0.name.description.utf8) }
        self.protocols = .allocate(capacity: wire.count)
        _ = self.protocols.initialize(from: wire)
        var groups: [[TLSCertificate]] = []
        for (index, certificate) in certificates.enumerated() {
            let place = groups.firstIndex { $0.allSatisfy { certificate.differsInKindOnly(from: $0) } } ?? groups.count
            if place == groups.count {
                groups.append([])
                contexts.append(try TLSServerContext.context(clients, lowestVersion))
                for name in certificate.names where byName[name] == nil { byName[name] = place }
            }
            groups[place].append(certificate)
            guard certificate.use(in: contexts[place]) else { throw .certificate(index: index, reason: TLSContext.reason()) }
        }
        answerNames()
    }

    deinit {
        for context in contexts { SSL_CTX_free(context) }
        protocols.deallocate()
    }

    // MARK: One context

    private static func context(_ clients: Clients, _ lowestVersion: TLSVersion) throws(TLSContextError) -> OpaquePointer {
        ERR_clear_error()
        guard let handle = SSL_CTX_new(TLS_server_method()) else { throw .library(reason: TLSContext.reason()) }
        do throws(TLSContextError) {
            try offer(handle, lowestVersion)
            try ask(handle, clients)
        } catch {
            SSL_CTX_free(handle)
            throw error
        }
        return handle
    }

    /// As Mozilla's "intermediate" has it, without the exchanges of finite fields: forward secrecy and AEAD throughout.
    private static func offer(_ handle: OpaquePointer, _ lowestVersion: TLSVersion) throws(TLSContextError) {
        let suites = """
            ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
            ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
            """
        // 112 bits: RSA from 2048 on, no SHA-1.
        SSL_CTX_set_security_level(handle, 2)
        guard openssl_context_set_versions(handle, lowestVersion.number, TLS1_3_VERSION) == 1,
            SSL_CTX_set_cipher_list(handle, suites) == 1,
            SSL_CTX_set_ciphersuites(handle, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1,
            openssl_context_set_groups(handle, "X25519:P-256:P-384") == 1
        else { throw .library(reason: TLSContext.reason()) }
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        _ = openssl_context_set_mode(handle, Int(modes))
        openssl_context_set_read_ahead(handle, 1)
        // Nothing ahead of a handshake is taken, but who tries is not sent away for it (RFC 8446 §4.2.10).
        SSL_CTX_set_recv_max_early_data(handle, UInt32(TLSLimits.skippedEarlyByteCount))
    }

    private static func ask(_ handle: OpaquePointer, _ clients: Clients) throws(TLSContextError) {
        switch clients {
        case .anonymous:
            openssl_context_harden_server(handle, 1)
            // A ticket is good for as long as its key is read.
            SSL_CTX_set_timeout(handle, Int(TLSLimits.ticketKeyNanoseconds / 1_000_000_000))
            guard SSL_CTX_set_session_id_context(handle, "sluice", 6) == 1, SSL_CTX_set_tlsext_ticket_key_evp_cb(handle, protectTicket) == 1
            else { throw .library(reason: TLSContext.reason()) }
        case .optional(let caFile):
            try require(handle, caFile, SSL_VERIFY_PEER)
        case .required(let caFile):
            try require(handle, caFile, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
        }
    }

    private static func require(_ handle: OpaquePointer, _ caFile: String, _ mode: CInt) throws(TLSContextError) {
        // A session that is resumed is not verified again, and may be of another listener: who shows certificates shows them each time.
        openssl_context_harden_server(handle, 0)
        openssl_context_set_largest_chain(handle, TLSLimits.clientChainByteCount)
        guard SSL_CTX_set_session_id_context(handle, "sluice clients", 14) == 1 else { throw .library(reason: TLSContext.reason()) }
        guard SSL_CTX_load_verify_file(handle, caFile) == 1, openssl_context_ask_for(handle, caFile) == 1 else {
            throw .clientCA(path: caFile, reason: TLSContext.reason())
        }
        X509_STORE_set_flags(SSL_CTX_get_cert_store(handle), UInt(X509_V_FLAG_PARTIAL_CHAIN))
        SSL_CTX_set_verify(handle, mode, noteClientVerification)
    }

    // MARK: Choosing

    private func answerNames() {
        let owner = Unmanaged.passUnretained(self).toOpaque()
        for context in contexts {
            SSL_CTX_set_alpn_select_cb(context, selectProtocol, owner)
            openssl_context_choose_by_name(context, selectContext, owner)
        }
    }

    /// The context of new sessions, until their clients have said whom they want.
    var first: OpaquePointer { contexts[0] }

    /// The context for the server called `name`; nil when it is the first's, or nobody's.
    fileprivate func context(named name: UnsafePointer<CChar>) -> OpaquePointer? {
        let name = String(cString: name).lowercased()
        guard name.utf8.count <= TLSLimits.hostNameByteCount else { return nil }
        if let index = byName[name] { return index == 0 ? nil : contexts[index] }
        guard let dot = name.firstIndex(of: "."), let index = byName["*" + name[dot...]], index > 0 else { return nil }
        return contexts[index]
    }

    fileprivate func chooseProtocol(
        _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>, _ length: UnsafeMutablePointer<UInt8>, _ offered: UnsafePointer<UInt8>, _ count: UInt32
    ) -> CInt {
        var chosen: UnsafeMutablePointer<UInt8>?
        let result = SSL_select_next_proto(&chosen, length, protocols.baseAddress, UInt32(protocols.count), offered, count)
        // No protocol in common is no way to go on (RFC 7301 §3.2).
        guard result == OPENSSL_NPN_NEGOTIATED, let chosen else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        out.pointee = UnsafePointer(chosen)
        return SSL_TLSEXT_ERR_OK
    }
}

private func selectProtocol(
    _ session: OpaquePointer?, _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ length: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?, _ count: UInt32, _ owner: UnsafeMutableRawPointer?
) -> CInt {
    guard let out, let length, let offered, let owner else { return SSL_TLSEXT_ERR_NOACK }
    // A session holds its server's context.
    return Unmanaged<TLSServerContext>.fromOpaque(owner).takeUnretainedValue().chooseProtocol(out, length, offered, count)
}

private func selectContext(_ session: OpaquePointer?, _ alert: UnsafeMutablePointer<CInt>?, _ owner: UnsafeMutableRawPointer?) -> CInt {
    guard let session, let owner, let name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name) else { return SSL_TLSEXT_ERR_NOACK }
    if let context = Unmanaged<TLSServerContext>.fromOpaque(owner).takeUnretainedValue().context(named: name) { SSL_set_SSL_CTX(session, context) }
    return SSL_TLSEXT_ERR_OK
}

/// OpenSSL's verification callback: notes the first fault and lets its verdict stand.
private func noteClientVerification(_ passed: CInt, _ verification: OpaquePointer?) -> CInt {
    guard passed == 0, let verification, let owner = openssl_verification_owner(verification) else { return passed }
    Unmanaged<TLSAcceptor>.fromOpaque(owner).takeUnretainedValue().note(CertificateFault(verification))
    return 0
}
