// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/ssl.h>

// The verification of a server's certificate, for a client whose TLS library is OpenSSL.

/// Called for each certificate of the chain; returns whether to trust it.
typedef int (*ctls_verify)(int trusted, X509_STORE_CTX *store);

static inline void ctls_set_verify(void *context, ctls_verify verify) {
  SSL_CTX_set_verify((SSL_CTX *)context, SSL_VERIFY_PEER, verify);
}

/// Writes an X.509 name as in RFC 2253, and returns its length.
static inline int ctls_name(const X509_NAME *name, char *text, int size) {
  BIO *output = name ? BIO_new(BIO_s_mem()) : NULL;
  if (!output) return 0;
  X509_NAME_print_ex(output, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  int count = BIO_read(output, text, size);
  BIO_free(output);
  return count < 0 ? 0 : count;
}

/// The issuer of the certificate that is being verified.
static inline int ctls_issuer(X509_STORE_CTX *store, char *text, int size) {
  X509 *certificate = X509_STORE_CTX_get_current_cert(store);
  return certificate ? ctls_name(X509_get_issuer_name(certificate), text, size) : 0;
}

/// The subject of the certificate that is being verified.
static inline int ctls_subject(X509_STORE_CTX *store, char *text, int size) {
  X509 *certificate = X509_STORE_CTX_get_current_cert(store);
  return certificate ? ctls_name(X509_get_subject_name(certificate), text, size) : 0;
}
