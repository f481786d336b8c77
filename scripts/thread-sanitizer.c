// SPDX-License-Identifier: Apache-2.0
//
// Tells the thread sanitizer about the slow paths of the Synchronization module's Mutex (x86-64). That module
// is built without the sanitizer, which therefore sees a Mutex only while no thread waits for it, and
// reported values that threads share through one. These functions replace the module's: each calls the
// original, and says that the lock is taken or released.
//
// By Swift's calling convention, the address of the lock is in r13, and the id of the thread in rdi.
#define _GNU_SOURCE
#include <dlfcn.h>

// The names of _lockSlow(_: UInt32), _tryLockSlow() -> Bool and _unlockSlow() of _MutexHandle.
#define HANDLE "$s15Synchronization12_MutexHandleV"
#define LOCK HANDLE "9_lockSlowyys6UInt32VF"
#define TRY_LOCK HANDLE "12_tryLockSlowSbyF"
#define UNLOCK HANDLE "11_unlockSlowyyF"

#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN void *original_lock(void) { return dlsym(RTLD_NEXT, LOCK); }
HIDDEN void *original_try_lock(void) { return dlsym(RTLD_NEXT, TRY_LOCK); }
HIDDEN void *original_unlock(void) { return dlsym(RTLD_NEXT, UNLOCK); }

// With two registers saved, the stack is aligned for calls. C functions leave r13 as it is.
#define FUNCTION(name, body)                                              \
  ".globl \"" name "\"\n.type \"" name                                    \
  "\", @function\n"                                                       \
  "\"" name "\":\npush %rbp\nmov %rsp, %rbp\npush %r13\npush %rdi\n" body \
  "1: pop %rdi\npop %r13\npop %rbp\nret\n"

__asm__(FUNCTION(LOCK,
                 "call original_lock\n"
                 "mov (%rsp), %rdi\n"
                 "call *%rax\n"
                 "mov 8(%rsp), %rdi\n"
                 "call __tsan_acquire@plt\n"));

__asm__(FUNCTION(TRY_LOCK,
                 "call original_try_lock\n"
                 "call *%rax\n"
                 "test $1, %al\n"
                 "jz 1f\n"
                 "mov 8(%rsp), %rdi\n"
                 "call __tsan_acquire@plt\n"
                 "mov $1, %eax\n"));

__asm__(FUNCTION(UNLOCK,
                 "mov %r13, %rdi\n"
                 "call __tsan_release@plt\n"
                 "call original_unlock\n"
                 "call *%rax\n"));
