// OpenSSL 3, with functions in place of the macros that Swift does not import.
#ifndef SLUICE_COPENSSL_H
#define SLUICE_COPENSSL_H

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdint.h>

static inline long openssl_context_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}

static inline int openssl_context_set_versions(SSL_CTX *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context, lowest) == 1 && SSL_CTX_set_max_proto_version(context, highest) == 1;
}

static inline void openssl_context_set_read_ahead(SSL_CTX *context, int on) {
    SSL_CTX_set_read_ahead(context, on);
}

static inline long openssl_context_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}

// No renegotiation (TLS 1.2) and no compression (CRIME).
static inline void openssl_context_harden(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

static inline int openssl_set_server_name(SSL *session, const char *name) {
    return (int)SSL_set_tlsext_host_name(session, name);
}

// What the session belongs to, for callbacks that are handed only the session.
static inline int openssl_set_owner(SSL *session, void *owner) { return SSL_set_app_data(session, owner); }
static inline void *openssl_owner(const SSL *session) { return SSL_get_app_data(session); }

// The same, from within certificate verification.
void *openssl_verification_owner(X509_STORE_CTX *verification);

// The names a certificate is for ("a.example, *.b.example, 192.0.2.1"), NUL-terminated and cut to
// `capacity`. Bytes that are not printable ASCII become '?': the certificate is a stranger's.
void openssl_certificate_names(const X509 *certificate, char *out, int capacity);

// The subject or the issuer on one line, printable, NUL-terminated and cut to `capacity`.
void openssl_certificate_subject(const X509 *certificate, char *out, int capacity);
void openssl_certificate_issuer(const X509 *certificate, char *out, int capacity);

// "2024-01-31", NUL-terminated; `out` holds 11 bytes. "unknown" when the time cannot be read.
void openssl_certificate_not_before(const X509 *certificate, char *out);
void openssl_certificate_not_after(const X509 *certificate, char *out);

// SHA-256 without an allocation; `out` holds 32 bytes.
void openssl_sha256(const uint8_t *bytes, size_t count, uint8_t *out);

// Signs `text` by RSA with SHA-256 (RS256, RFC 7518 §3.3). `pem` is a private RSA key of `least` to `most` bits, not encrypted.
// Returns the signature's bytes in `out`; 0 when the key is none of that kind, or the signature would be longer than `capacity`.
size_t openssl_sign_rs256(
    const uint8_t *pem, size_t pem_count, const uint8_t *text, size_t text_count, uint8_t *out, size_t capacity, int least, int most);
// The same of bytes that come in pieces. OpenSSL's own state fits into it; `end` wipes it.
typedef struct { uint64_t words[16]; } openssl_sha256_state;
void openssl_sha256_begin(openssl_sha256_state *state);
void openssl_sha256_add(openssl_sha256_state *state, const uint8_t *bytes, size_t count);
void openssl_sha256_end(openssl_sha256_state *state, uint8_t *out);

#endif
