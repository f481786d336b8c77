// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <malloc.h>
#include <nats/nats.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Prepares the process for libnats. Must come before anything else that uses OpenSSL.
static inline void cnats_prepare(void) {
  // Without OpenSSL's exit handler, which frees memory that another thread may still use to close a TLS
  // connection ("double free or corruption").
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
  // libnats allocates each message. By default, glibc returns more than 128 kB of free memory to the system,
  // and has to request it again. That took a sixth of the CPU time of `tail` with messages of 3 KB.
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
}

// The function with which libnats' own thread frees messages. It is not in nats.h, so a later libnats may
// hide it.
extern void natsMsg_free(void *message) __attribute__((weak));

/// Frees a message on the calling thread. natsMsg_Destroy passes it to a thread of libnats, and if that
/// thread gets no CPU time, the messages of a fast stream fill the memory.
static inline void cnats_free(natsMsg *message) {
  if (natsMsg_free)
    natsMsg_free(message);
  else
    natsMsg_Destroy(message);
}

/// The Ed25519 public key of a 32-byte seed. Returns 1 on success.
static inline int cnats_ed25519_public_key(const unsigned char seed[32], unsigned char key[32]) {
  size_t length = 32;
  EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
  if (pair == NULL) return 0;
  int done = EVP_PKEY_get_raw_public_key(pair, key, &length);
  EVP_PKEY_free(pair);
  return done == 1 && length == 32;
}

/// The Ed25519 signature of a message by the key of a 32-byte seed. Returns 1 on success.
static inline int cnats_ed25519_sign(const unsigned char seed[32], const unsigned char *message, size_t count,
                                     unsigned char signature[64]) {
  size_t length = 64;
  EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int done = pair != NULL && context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
             EVP_DigestSign(context, signature, &length, message, count) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(pair);
  return done && length == 64;
}

/// Why the calling thread's last libnats call failed, or an empty text.
static inline const char *cnats_last_error(void) {
  natsStatus status = NATS_OK;
  const char *text = nats_GetLastError(&status);
  return text == NULL ? "" : text;
}

/// An event descriptor (eventfd(2)), which is readable after `cnats_signal`. Swift's Glibc module does not
/// have it.
static inline int cnats_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void cnats_signal(int event) { eventfd_write(event, 1); }

/// The number of bytes that can be read from a socket without waiting.
static inline int cnats_readable_bytes(int socket) {
  int count = 0;
  return ioctl(socket, FIONREAD, &count) == 0 ? count : 0;
}

// Declared here because fcntl.h declares it only with a feature macro that Swift's importer does not set.
extern long syscall(long number, ...);

/// Reserves disk space for `length` bytes after the end of a file, without changing its size. Returns 0, or
/// -1 with `errno` set.
static inline int cnats_reserve_room(int descriptor, long length) {
  const int keep_size = 1;  // FALLOC_FL_KEEP_SIZE, defined only with that feature macro
  off_t end = lseek(descriptor, 0, SEEK_END);
  return end < 0 ? -1 : (int)syscall(SYS_fallocate, descriptor, keep_size, end, (off_t)length);
}
