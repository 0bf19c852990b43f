// For memmem(3).
#define _GNU_SOURCE

#include "COpenSSL.h"

#include <openssl/core_names.h>
#include <openssl/pemerr.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

static BIO *memory(const uint8_t *bytes, size_t count) {
    return count > 0 && count <= INT32_MAX ? BIO_new_mem_buf(bytes, (int)count) : NULL;
}

static int is_end_of_pem(void) {
    unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

int openssl_identity_read_chain(openssl_identity *identity, const uint8_t *pem, size_t count, int most) {
    ERR_clear_error();
    BIO *source = memory(pem, count);
    if (!source) return 0;
    int result = 1;
    identity->leaf = PEM_read_bio_X509_AUX(source, NULL, NULL, NULL);
    identity->chain = sk_X509_new_null();
    if (!identity->leaf || !identity->chain) {
        result = is_end_of_pem() ? 0 : -1;
    } else {
        X509 *link;
        while (result == 1 && (link = PEM_read_bio_X509(source, NULL, NULL, NULL))) {
            if (sk_X509_num(identity->chain) >= most) result = -2;
            if (result != 1 || !sk_X509_push(identity->chain, link)) X509_free(link);
        }
        if (result == 1 && !is_end_of_pem()) result = -1;
    }
    BIO_free(source);
    if (result != -1) ERR_clear_error();
    return result;
}

// Without one of its own, OpenSSL would ask the terminal.
static int refuse_passphrase(char *out, int capacity, int encrypts, void *was_asked) {
    (void)out, (void)capacity, (void)encrypts;
    *(int *)was_asked = 1;
    return -1;
}

int openssl_identity_read_key(openssl_identity *identity, const uint8_t *pem, size_t count) {
    ERR_clear_error();
    BIO *source = memory(pem, count);
    if (!source) return 0;
    int was_asked = 0;
    identity->key = PEM_read_bio_PrivateKey(source, NULL, refuse_passphrase, &was_asked);
    BIO_free(source);
    if (identity->key) {
        ERR_clear_error();
        return 1;
    }
    if (was_asked) return -2;
    // What is no private key at all is an unsupported one to OpenSSL's decoders.
    static const char mark[] = "PRIVATE KEY-----";
    return memmem(pem, count, mark, sizeof mark - 1) ? -1 : 0;
}

int openssl_identity_is_pair(const openssl_identity *identity) {
    int is_pair = X509_check_private_key(identity->leaf, identity->key) == 1;
    ERR_clear_error();
    return is_pair;
}

int openssl_identity_use(const openssl_identity *identity, SSL_CTX *context) {
    ERR_clear_error();
    // Not SSL_CTX_use_cert_and_key: certificate by certificate, so that the error says which is too weak.
    if (SSL_CTX_use_certificate(context, identity->leaf) != 1 || SSL_CTX_use_PrivateKey(context, identity->key) != 1) return 0;
    for (int index = 0; index < sk_X509_num(identity->chain); index++)
        if (SSL_CTX_add1_chain_cert(context, sk_X509_value(identity->chain, index)) != 1) return 0;
    return 1;
}

int openssl_identity_kind(const openssl_identity *identity) { return EVP_PKEY_get_base_id(identity->key); }

void openssl_identity_free(openssl_identity *identity) {
    X509_free(identity->leaf);
    sk_X509_pop_free(identity->chain, X509_free);
    EVP_PKEY_free(identity->key);
    *identity = (openssl_identity){0};
}

int openssl_certificate_age(const X509 *certificate) {
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) return 1;
    return X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 ? -1 : 0;
}

static int is_printable(const unsigned char *bytes, int count) {
    for (int index = 0; index < count; index++)
        if (bytes[index] < 0x21 || bytes[index] > 0x7e) return 0;
    return count > 0;
}

int openssl_certificate_lines(const X509 *certificate, char *out, int capacity) {
    int length = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        const char *kind = name->type == GEN_DNS ? "DNS:" : name->type == GEN_URI ? "URI:" : name->type == GEN_EMAIL ? "email:" : NULL;
        if (!kind) continue;
        const unsigned char *bytes = ASN1_STRING_get0_data(name->d.ia5);
        int count = ASN1_STRING_length(name->d.ia5);
        int kind_count = (int)strlen(kind);
        if (!is_printable(bytes, count) || count > capacity - length - kind_count - 1) continue;
        memcpy(out + length, kind, (size_t)kind_count);
        memcpy(out + length + kind_count, bytes, (size_t)count);
        length += kind_count + count;
        out[length++] = '\n';
    }
    GENERAL_NAMES_free(names);
    return length;
}

int openssl_certificate_distinguished_name(const X509 *certificate, char *out, int capacity) {
    BIO *text = BIO_new(BIO_s_mem());
    if (!text) return 0;
    char *bytes = NULL;
    long count = 0;
    if (X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) count = BIO_get_mem_data(text, &bytes);
    if (count < 0 || count > capacity) count = 0;
    if (count > 0) memcpy(out, bytes, (size_t)count);
    BIO_free(text);
    return (int)count;
}

int openssl_context_ask_for(SSL_CTX *context, const char *file) {
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
    if (!names) return 0;
    SSL_CTX_set_client_CA_list(context, names);
    return 1;
}

void openssl_context_choose_by_name(SSL_CTX *context, openssl_server_name_callback callback, void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

int openssl_ticket_protect(EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const uint8_t *key, const unsigned char *iv, int encrypts) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(key + 32), 32),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key, iv, encrypts) == 1 && EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// A session's count, and what it may come to, in two slots of its own.
static int count_slot = -1, most_slot = -1;
static pthread_once_t slots_once = PTHREAD_ONCE_INIT;

static void make_slots(void) {
    count_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    most_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static void count_message(int is_written, int version, int type, const void *bytes, size_t count, SSL *session, void *argument) {
    (void)version, (void)bytes, (void)count, (void)argument;
    // A renegotiation is known by its refusal: it is not read as a message.
    if (is_written ? type != SSL3_RT_ALERT : type != SSL3_RT_HANDSHAKE) return;
    intptr_t messages = (intptr_t)SSL_get_ex_data(session, count_slot) + 1;
    SSL_set_ex_data(session, count_slot, (void *)messages);
    // Within SSL_read, which would go on for as long as the client does: it looks at this after each record.
    if (messages > (intptr_t)SSL_get_ex_data(session, most_slot)) SSL_set_shutdown(session, SSL_get_shutdown(session) | SSL_RECEIVED_SHUTDOWN);
}

int openssl_limit_messages(SSL *session, int most) {
    if (pthread_once(&slots_once, make_slots) != 0 || count_slot < 0 || most_slot < 0) return 0;
    if (SSL_set_ex_data(session, most_slot, (void *)(intptr_t)most) != 1) return 0;
    SSL_set_msg_callback(session, count_message);
    return 1;
}
