// The low-level SHA-256 is marked deprecated in OpenSSL 3, but its replacements (EVP_Digest, and
// SHA256(), which calls EVP_Q_digest) allocate on every call, and this one runs on the data plane.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "COpenSSL.h"

#include <arpa/inet.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void *openssl_verification_owner(X509_STORE_CTX *verification) {
    SSL *session = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
    return session ? SSL_get_app_data(session) : NULL;
}

typedef struct {
    char *out;
    int capacity;
    int length;
} text;

static void append(text *into, const char *bytes, int count) {
    for (int index = 0; index < count && into->length < into->capacity - 1; index++) {
        char byte = bytes[index];
        into->out[into->length++] = byte >= 0x20 && byte < 0x7f ? byte : '?';
    }
    into->out[into->length] = 0;
}

static void append_address(text *into, const ASN1_OCTET_STRING *address) {
    char numeric[INET6_ADDRSTRLEN];
    int length = ASN1_STRING_length(address);
    int family = length == 4 ? AF_INET : AF_INET6;
    if (length != 4 && length != 16) return;
    if (inet_ntop(family, ASN1_STRING_get0_data(address), numeric, sizeof numeric))
        append(into, numeric, (int)strlen(numeric));
}

void openssl_certificate_names(const X509 *certificate, char *out, int capacity) {
    text into = {out, capacity, 0};
    out[0] = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
        if (into.length > 0) append(&into, ", ", 2);
        if (name->type == GEN_DNS) {
            append(&into, (const char *)ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName));
        } else {
            append_address(&into, name->d.iPAddress);
        }
    }
    GENERAL_NAMES_free(names);
}

static void name_text(const X509_NAME *name, char *out, int capacity) {
    text into = {out, capacity, 0};
    out[0] = 0;
    BIO *memory = BIO_new(BIO_s_mem());
    if (!memory) return;
    if (X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253) >= 0) {
        char *bytes = NULL;
        long count = BIO_get_mem_data(memory, &bytes);
        append(&into, bytes, count > capacity ? capacity : (int)count);
    }
    BIO_free(memory);
}

void openssl_certificate_subject(const X509 *certificate, char *out, int capacity) {
    name_text(X509_get_subject_name(certificate), out, capacity);
}

void openssl_certificate_issuer(const X509 *certificate, char *out, int capacity) {
    name_text(X509_get_issuer_name(certificate), out, capacity);
}

static void date_text(const ASN1_TIME *time, char *out) {
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1 || strftime(out, 11, "%Y-%m-%d", &parts) == 0)
        snprintf(out, 11, "unknown");
}

void openssl_certificate_not_before(const X509 *certificate, char *out) {
    date_text(X509_get0_notBefore(certificate), out);
}

void openssl_certificate_not_after(const X509 *certificate, char *out) {
    date_text(X509_get0_notAfter(certificate), out);
}

void openssl_sha256(const uint8_t *bytes, size_t count, uint8_t *out) {
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, bytes, count);
    SHA256_Final(out, &state);
    // The state holds the tail of what was hashed, which may be a secret.
    OPENSSL_cleanse(&state, sizeof state);
}

size_t openssl_sign_rs256(
    const uint8_t *pem, size_t pem_count, const uint8_t *text, size_t text_count, uint8_t *out, size_t capacity, int least, int most) {
    if (pem_count == 0 || pem_count > 1 << 20) return 0;
    size_t count = 0;
    BIO *source = BIO_new_mem_buf(pem, (int)pem_count);
    // Without a passphrase of its own, if an empty one, OpenSSL would ask the terminal for one.
    EVP_PKEY *key = source ? PEM_read_bio_PrivateKey(source, NULL, NULL, (void *)"") : NULL;
    EVP_MD_CTX *context = key ? EVP_MD_CTX_new() : NULL;
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    if (context && EVP_PKEY_is_a(key, "RSA") && bits >= least && bits <= most
        && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1) {
        count = capacity;
        if (EVP_DigestSign(context, out, &count, text, text_count) != 1) count = 0;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(source);
    ERR_clear_error();
    return count;
}

_Static_assert(sizeof(SHA256_CTX) <= sizeof(openssl_sha256_state), "the state has room for OpenSSL's");

void openssl_sha256_begin(openssl_sha256_state *state) { SHA256_Init((SHA256_CTX *)state); }

void openssl_sha256_add(openssl_sha256_state *state, const uint8_t *bytes, size_t count) {
    SHA256_Update((SHA256_CTX *)state, bytes, count);
}

void openssl_sha256_end(openssl_sha256_state *state, uint8_t *out) {
    SHA256_Final(out, (SHA256_CTX *)state);
    OPENSSL_cleanse(state, sizeof *state);
}
