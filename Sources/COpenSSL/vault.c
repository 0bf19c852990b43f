#include "COpenSSL.h"

#include <limits.h>

enum { NONCE_BYTES = 12, TAG_BYTES = 16 };

int openssl_gcm_seal(
    const uint8_t *key, const uint8_t *nonce, const uint8_t *bound, size_t bound_count, const uint8_t *text, size_t count, uint8_t *out) {
    if (bound_count > INT_MAX || count > INT_MAX) return 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0, rest = 0;
    int ok = context && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_BYTES, NULL) == 1
        && EVP_EncryptInit_ex(context, NULL, NULL, key, nonce) == 1
        && (bound_count == 0 || EVP_EncryptUpdate(context, NULL, &rest, bound, (int)bound_count) == 1)
        && (count == 0 || EVP_EncryptUpdate(context, out, &written, text, (int)count) == 1)
        && EVP_EncryptFinal_ex(context, out + written, &rest) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + count) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!ok) ERR_clear_error();
    return ok;
}

int openssl_gcm_open(
    const uint8_t *key, const uint8_t *nonce, const uint8_t *bound, size_t bound_count, const uint8_t *sealed, size_t count, uint8_t *out) {
    if (bound_count > INT_MAX || count > INT_MAX || count < TAG_BYTES) return 0;
    size_t text_count = count - TAG_BYTES;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0, rest = 0;
    int ok = context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_BYTES, NULL) == 1
        && EVP_DecryptInit_ex(context, NULL, NULL, key, nonce) == 1
        && (bound_count == 0 || EVP_DecryptUpdate(context, NULL, &rest, bound, (int)bound_count) == 1)
        && (text_count == 0 || EVP_DecryptUpdate(context, out, &written, sealed, (int)text_count) == 1)
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, (void *)(sealed + text_count)) == 1
        && EVP_DecryptFinal_ex(context, out + written, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!ok) {
        // What was decrypted before the tag was found wrong is nobody's to see.
        OPENSSL_cleanse(out, text_count);
        ERR_clear_error();
    }
    return ok;
}
