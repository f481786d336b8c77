// SPDX-License-Identifier: Apache-2.0
//
// The parts that Swift cannot do: between vfork(2) and execve(2), and after fork(2), only async-signal-safe
// functions may be called.
#pragma once
#include <sys/types.h>

/// A process to start. Strings and arrays belong to the caller.
struct cprocess_start {
  /// The program's path; PATH is not searched.
  const char *path;
  /// Arguments and environment, each ended by a null pointer.
  char *const *arguments;
  char *const *environment;
  /// The descriptors that become 0, 1 and 2. All others are closed in the child.
  int input, output, errors;
  /// Nonzero: the child leads a process group of its own.
  int leads_group;
  /// The pipe of the guard that kills the group if we cannot (see cprocess_start_guard); -1 for none.
  int guard;
  /// The soft limit of open files that the child gets (RLIMIT_NOFILE).
  unsigned long long descriptor_limit;
};

/// Starts a process: descriptors from 3 up closed, every signal with its default action and none blocked,
/// killed with SIGKILL when this process ends (PR_SET_PDEATHSIG). Any thread may call it; children are
/// started one after another.
///
/// Returns the process id, and in `descriptor` a pidfd that is close-on-exec; -1 with `errno` set when the
/// process could not be started, including the reason why execve(2) failed.
pid_t cprocess_start(const struct cprocess_start *start, int *descriptor);

/// Starts a guard: a process that outlives the caller by a moment. It reads process group ids from a pipe, a
/// positive one to remember and its negative to forget. When the pipe's last writer has ended, it kills each
/// remembered group with SIGKILL, which is how a group ends whose parent was killed, and all processes with
/// `mark` (see cprocess_signal_marked).
///
/// Returns the write end of the pipe, close-on-exec; -1 with `errno` set.
int cprocess_start_guard(const char *name, const char *mark);

/// Sends a signal to every process that was started with an environment entry that begins with `mark`: what a
/// command leaves behind, also in another group or session (setsid(2), timeout(1)). Reads all of /proc.
///
/// Returns the number of processes that were sent the signal.
int cprocess_signal_marked(const char *mark, int signal);

/// Waits until a process has ended, at most `milliseconds` (-1: without limit), and leaves it to be reaped.
/// Returns 1 when it has ended, 0 when the time has passed.
int cprocess_wait(int descriptor, int milliseconds);

/// Takes the status of a process that has ended: the exit status, or minus the number of the signal that
/// killed it.
int cprocess_reap(pid_t process);

/// Opens a pipe whose ends are close-on-exec from the start, as pipe2(2) does: no child that another thread
/// starts at that moment inherits them. Returns 0, or -1 with `errno` set.
int cprocess_pipe(int ends[2]);

/// Returns freed memory, which glibc keeps, to the system (malloc_trim(3)). Does nothing with other C
/// libraries.
void cprocess_trim_memory(void);

/// Opens a file with this content that exists in memory only, close-on-exec (memfd_create(2)). Returns its
/// descriptor, or -1 with `errno` set.
int cprocess_memory_file(const void *bytes, size_t count);

/// Lets `descriptor` stand for the file of `source`, in one step and close-on-exec (dup3(2)). Returns 0, or
/// -1 with `errno` set.
int cprocess_replace(int descriptor, int source);
