// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nats/nats.h>
#include <openssl/evp.h>
#include <spawn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

/// The Ed25519 public key of a 32-byte seed; 1 when it worked. libnats signs with a seed but cannot name its public
/// key, which its own interface wants beside the seed.
static inline int cnats_ed25519_public_key(const unsigned char seed[32], unsigned char key[32]) {
  size_t length = 32;
  EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
  if (pair == NULL) return 0;
  int done = EVP_PKEY_get_raw_public_key(pair, key, &length);
  EVP_PKEY_free(pair);
  return done == 1 && length == 32;
}

/// Why the calling thread's last libnats call failed, or an empty text.
static inline const char *cnats_last_error(void) {
  natsStatus status = NATS_OK;
  const char *text = nats_GetLastError(&status);
  return text == NULL ? "" : text;
}

/// A descriptor that is readable after a thread has written to it (eventfd(2)), which Swift's Glibc leaves out.
static inline int cnats_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// In glibc since 2.34, but its declaration is behind a feature macro that Swift's importer does not set.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/// A handler gets descriptors 0, 1 and 2 and no others: libnats' sockets are not closed on exec.
static inline int cnats_spawn_closes_from(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}
