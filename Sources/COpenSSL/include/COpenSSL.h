// OpenSSL 3, with functions in place of the macros that Swift does not import.
#ifndef SLUICE_COPENSSL_H
#define SLUICE_COPENSSL_H

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
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

// What a TLS server shows: its certificate, the certificates that vouch for it, and its key. Zeroed, it holds nothing.
typedef struct {
    X509 *leaf;
    STACK_OF(X509) *chain;
    EVP_PKEY *key;
} openssl_identity;

// Reads the certificates of a PEM text, the server's own first. 1 when it has some; 0 when it has none; -1 when one of them
// cannot be read, and OpenSSL's error queue says why; -2 when there are more than `most` beside the first.
int openssl_identity_read_chain(openssl_identity *identity, const uint8_t *pem, size_t count, int most);
// Reads a private key. 1 when there is one; 0 when there is none; -1 when it cannot be read; -2 when it wants a passphrase.
int openssl_identity_read_key(openssl_identity *identity, const uint8_t *pem, size_t count);
// Whether the key is the certificate's.
int openssl_identity_is_pair(const openssl_identity *identity);
// Gives it to a context, beside identities of other kinds of key. 1 on success.
int openssl_identity_use(const openssl_identity *identity, SSL_CTX *context);
// RSA, EC and so on: identities of one kind cannot share a context.
int openssl_identity_kind(const openssl_identity *identity);
void openssl_identity_free(openssl_identity *identity);

// -1 before a certificate's dates, 1 after them, 0 between.
int openssl_certificate_age(const X509 *certificate);

// A certificate's alternative names, one a line: `DNS:a.example`, `URI:spiffe://a/b`, `email:c@a.example`. Those with bytes beyond
// printable ASCII are left out, and so is what does not fit. Returns the bytes written, without a NUL.
int openssl_certificate_lines(const X509 *certificate, char *out, int capacity);

// The subject as RFC 2253 writes it, which tells any two apart. Returns its bytes, without a NUL; 0 when it does not fit.
int openssl_certificate_distinguished_name(const X509 *certificate, char *out, int capacity);

// Names of the certificates in a PEM file, for a server to ask clients for; 1 when there is one.
int openssl_context_ask_for(SSL_CTX *context, const char *file);

typedef int (*openssl_server_name_callback)(SSL *session, int *alert, void *argument);
void openssl_context_choose_by_name(SSL_CTX *context, openssl_server_name_callback callback, void *argument);

// Sets up encryption or decryption of a ticket: AES-256-CBC and HMAC-SHA-256 (RFC 5077 §4). `key` has 32 bytes for each, in that order.
int openssl_ticket_protect(EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const uint8_t *key, const unsigned char *iv, int encrypts);

// From now on, counts what a client makes the session do beside moving bytes: key updates, and renegotiations, which are refused.
// Past `most` nothing more is read.
int openssl_limit_messages(SSL *session, int most);

// No renegotiation, no compression, no sessions kept here, no data ahead of the handshake. Suites in our order, but ChaCha20 for
// clients that have it first: they compute AES slowly.
static inline void openssl_context_harden_server(SSL_CTX *context, int gives_tickets) {
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(context, 0);
    if (!gives_tickets) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
    }
}

static inline int openssl_context_set_groups(SSL_CTX *context, const char *groups) { return (int)SSL_CTX_set1_groups_list(context, groups); }
static inline void openssl_context_set_largest_chain(SSL_CTX *context, long count) { SSL_CTX_set_max_cert_list(context, count); }

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

// AES-256-GCM (NIST SP 800-38D): a key of 32 bytes, a nonce of 12, a tag of 16 behind the text. `bound` is not encrypted, and has to be
// the same when it is opened. 1 on success. `seal` writes count + 16 bytes; `open` writes count − 16, or wipes them and returns 0.
int openssl_gcm_seal(
    const uint8_t *key, const uint8_t *nonce, const uint8_t *bound, size_t bound_count, const uint8_t *text, size_t count, uint8_t *out);
int openssl_gcm_open(
    const uint8_t *key, const uint8_t *nonce, const uint8_t *bound, size_t bound_count, const uint8_t *sealed, size_t count, uint8_t *out);

#endif
