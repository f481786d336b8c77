// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stddef.h>

// Checks of PEM text before it is given to a TLS library, whose own errors name neither a file nor a field.

/// The result of `copenssl_check_pair`.
typedef enum {
  COPENSSL_USABLE,
  COPENSSL_NO_CERTIFICATE,
  COPENSSL_NO_KEY,
  /// The key is encrypted, and no password can be given.
  COPENSSL_ENCRYPTED_KEY,
  COPENSSL_MISMATCH,
} copenssl_verdict;

/// A password callback that gives none, and records that it was called.
static inline int copenssl_refuse_password(char *text, int size, int writing, void *asked) {
  (void)text;
  (void)size;
  (void)writing;
  *(int *)asked = 1;
  return -1;
}

/// The number of certificates in a PEM text; -1 if one of them cannot be read.
static inline long copenssl_count_certificates(const void *bytes, size_t count) {
  int asked = 0;
  long found = 0;
  BIO *input = BIO_new_mem_buf(bytes, (int)count);
  if (!input) return -1;
  ERR_clear_error();
  for (X509 *each; (each = PEM_read_bio_X509(input, NULL, copenssl_refuse_password, &asked)); found++)
    X509_free(each);
  // At the end of the text, OpenSSL reports PEM_R_NO_START_LINE: no further certificate begins.
  unsigned long error = ERR_peek_last_error();
  if (error && ERR_GET_REASON(error) != PEM_R_NO_START_LINE) found = -1;
  ERR_clear_error();
  BIO_free(input);
  return found;
}

/// Whether a client certificate and a key, both PEM, are valid and belong together.
static inline copenssl_verdict copenssl_check_pair(const void *certificate, size_t certificate_count,
                                                   const void *key, size_t key_count) {
  int asked = 0;
  BIO *first = BIO_new_mem_buf(certificate, (int)certificate_count);
  BIO *second = BIO_new_mem_buf(key, (int)key_count);
  X509 *leaf = first ? PEM_read_bio_X509(first, NULL, copenssl_refuse_password, &asked) : NULL;
  EVP_PKEY *pair = second ? PEM_read_bio_PrivateKey(second, NULL, copenssl_refuse_password, &asked) : NULL;
  copenssl_verdict verdict = COPENSSL_USABLE;
  if (!leaf)
    verdict = COPENSSL_NO_CERTIFICATE;
  else if (!pair)
    verdict = asked ? COPENSSL_ENCRYPTED_KEY : COPENSSL_NO_KEY;
  else if (X509_check_private_key(leaf, pair) != 1)
    verdict = COPENSSL_MISMATCH;
  ERR_clear_error();
  X509_free(leaf);
  EVP_PKEY_free(pair);
  BIO_free(first);
  BIO_free(second);
  return verdict;
}
