import COpenSSL
import Glibc

/// A certificate and its key, made for one test.
final class Certificate: @unchecked Sendable {
    // Unchecked: nothing is written after `init`.

    /// What a certificate says, apart from its key and issuer.
    struct Request {
        var subject = "server"
        /// `subjectAltName` in OpenSSL's notation ("DNS:a.example, IP:127.0.0.1"); none when empty.
        var names = ""
        var isAuthority = false
        var extendedKeyUsage = "serverAuth"
        /// Validity in days from now.
        var days = -1...1
        /// Bits of an RSA key; without, the key is one of P-256.
        var rsaBits: CInt?
    }

    let certificate: OpaquePointer
    let key: OpaquePointer

    /// Signed by `issuer`, or by itself.
    init(_ request: Request, issuer: Certificate? = nil) throws {
        guard let certificate = X509_new() else { throw Failure() }
        self.certificate = certificate
        key = try Certificate.newKey(rsaBits: request.rsaBits)
        try check(X509_set_version(certificate, 2))
        try check(ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), Int64.random(in: 1...(.max))))
        _ = X509_gmtime_adj(X509_getm_notBefore(certificate), request.days.lowerBound * 86_400)
        _ = X509_gmtime_adj(X509_getm_notAfter(certificate), request.days.upperBound * 86_400)
        try check(X509_set_pubkey(certificate, key))
        try check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, request.subject, -1, -1, 0))
        try check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer?.certificate ?? certificate)))
        try extend(NID_basic_constraints, request.isAuthority ? "critical,CA:TRUE" : "CA:FALSE", issuer)
        if !request.names.isEmpty { try extend(NID_subject_alt_name, request.names, issuer) }
        if !request.isAuthority { try extend(NID_ext_key_usage, request.extendedKeyUsage, issuer) }
        guard X509_sign(certificate, issuer?.key ?? key, EVP_sha256()) > 0 else { throw Failure() }
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    private func extend(_ identifier: CInt, _ value: String, _ issuer: Certificate?) throws {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer?.certificate ?? certificate, certificate, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, identifier, value) else { throw Failure() }
        defer { X509_EXTENSION_free(made) }
        try check(X509_add_ext(certificate, made, -1))
    }

    private static func newKey(rsaBits: CInt?) throws -> OpaquePointer {
        let generator = EVP_PKEY_CTX_new_id(rsaBits == nil ? EVP_PKEY_EC : EVP_PKEY_RSA, nil)
        defer { EVP_PKEY_CTX_free(generator) }
        var key: OpaquePointer?
        try check(EVP_PKEY_keygen_init(generator))
        if let rsaBits {
            try check(EVP_PKEY_CTX_set_rsa_keygen_bits(generator, rsaBits))
        } else {
            try check(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(generator, NID_X9_62_prime256v1))
        }
        try check(EVP_PKEY_keygen(generator, &key))
        guard let key else { throw Failure() }
        return key
    }

    /// The certificate as PEM.
    func pem() throws -> [UInt8] { try Certificate.text { PEM_write_bio_X509($0, certificate) } }

    /// The key as PEM; wrapped in `passphrase` when there is one.
    func keyPEM(passphrase: String? = nil) throws -> [UInt8] {
        var characters = (passphrase ?? "").utf8CString
        return try characters.withUnsafeMutableBufferPointer { text in
            let cipher = passphrase == nil ? nil : EVP_aes_128_cbc()
            return try Certificate.text { PEM_write_bio_PKCS8PrivateKey($0, key, cipher, text.baseAddress, CInt(text.count - 1), nil, nil) }
        }
    }

    private static func text(_ write: (OpaquePointer?) -> CInt) throws -> [UInt8] {
        let memory = BIO_new(BIO_s_mem())
        defer { BIO_free(memory) }
        try check(write(memory))
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = BIO_read(memory, &bytes, CInt(bytes.count))
        return Array(bytes.prefix(Int(max(0, count))))
    }

    /// Writes the certificate as PEM to a file of its own and returns the path; the caller removes it.
    func writePEM() throws -> String {
        var path = Array("/tmp/sluice-tls-XXXXXX\0".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0, let file = fdopen(descriptor, "w") else { throw Failure() }
        defer { fclose(file) }
        try check(PEM_write_X509(file, certificate))
        return path.withUnsafeBufferPointer { characters in
            String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}

/// OpenSSL refused what a test asked of it.
struct Failure: Error {
    let reason: String

    init() {
        reason = ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) } ?? "unknown"
        ERR_clear_error()
    }
}

func check(_ result: CInt) throws {
    if result != 1 { throw Failure() }
}
