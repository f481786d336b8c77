// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
  long limit = sysconf(_SC_OPEN_MAX);
  for (int descriptor = first; descriptor < limit; descriptor++) close(descriptor);
}

static void tell_guard(const struct cprocess_start *start, pid_t message) {
  // A write of a few bytes to a pipe is atomic (PIPE_BUF).
  if (start->leads_group && start->guard >= 0 && write(start->guard, &message, sizeof message) < 0) return;
}

// Runs in the child, which shares its memory with the waiting parent until execve.
static void become(const struct cprocess_start *start, pid_t parent, volatile int *failure) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  if (start->leads_group && setpgid(0, 0) != 0) goto failed;
  // The guard must know the group before the command runs, since this process may be killed at any time.
  tell_guard(start, getpid());

  // First to numbers above 2: one of the three may be the target of another.
  int ends[3] = {start->input, start->output, start->errors};
  for (int i = 0; i < 3; i++)
    if ((ends[i] = fcntl(ends[i], F_DUPFD, 3)) < 0) goto failed;
  for (int i = 0; i < 3; i++)
    if (dup2(ends[i], i) < 0) goto failed;
  close_from(3);

  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && start->descriptor_limit < limit.rlim_cur) {
    limit.rlim_cur = start->descriptor_limit;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(start->path, start->arguments, start->environment);
failed:
  *failure = errno;
  _exit(127);
}

static pid_t start_here(const struct cprocess_start *start, int *descriptor) {
  // A signal handler in the child would change the parent's memory.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  volatile int failure = 0;
  pid_t parent = getpid();
  pid_t child = vfork();
  if (child == 0) become(start, parent, &failure);
  int error = child < 0 ? errno : failure;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (child > 0 && error == 0) {
    *descriptor = (int)syscall(SYS_pidfd_open, child, 0);
    if (*descriptor >= 0) return child;
    error = errno;
    kill(child, SIGKILL);
  }
  if (child > 0) {
    tell_guard(start, -child);
    waitpid(child, NULL, 0);
  }
  errno = error;
  return -1;
}

// One thread starts all children: the kernel kills a child when the thread that started it ends.
struct job {
  const struct cprocess_start *start;
  int *descriptor;
  pid_t result;
  int error;
  int is_done;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct job *current;

static void *serve(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (current == NULL) pthread_cond_wait(&changed, &lock);
    current->result = start_here(current->start, current->descriptor);
    current->error = errno;
    current->is_done = 1;
    current = NULL;
    pthread_cond_broadcast(&changed);
  }
}

static int serve_error;
static void start_serving(void) {
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  serve_error = pthread_create(&thread, NULL, serve, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (serve_error == 0) pthread_detach(thread);
}

pid_t cprocess_start(const struct cprocess_start *start, int *descriptor) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start_serving);
  struct job job = {.start = start, .descriptor = descriptor, .result = -1, .error = serve_error};
  if (serve_error == 0) {
    pthread_mutex_lock(&lock);
    while (current != NULL) pthread_cond_wait(&changed, &lock);
    current = &job;
    pthread_cond_broadcast(&changed);
    while (!job.is_done) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
  }
  errno = job.error;
  return job.result;
}

// Whether a file of entries that end with NUL, as /proc/PID/environ is, has one that begins with `mark`.
static int has_entry(const char *path, const char *mark) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char block[4096];
  size_t matched = 0;
  int may_match = 1, has = 0;
  ssize_t size;
  while (!has && (size = read(file, block, sizeof block)) > 0)
    for (ssize_t i = 0; i < size && !has; i++) {
      if (block[i] == 0) {
        matched = 0;
        may_match = 1;
      } else if (may_match) {
        may_match = block[i] == mark[matched];
        has = may_match && mark[++matched] == 0;
      }
    }
  close(file);
  return has;
}

// As linux_dirent64 in getdents64(2).
struct entry {
  unsigned long long inode;
  long long offset;
  unsigned short size;
  unsigned char type;
  char name[];
};

// No opendir(3): the guard calls this after a fork, where malloc(3) may not be called.
int cprocess_signal_marked(const char *mark, int signal) {
  int folder = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return 0;
  int count = 0;
  _Alignas(struct entry) char block[8192];
  long size;
  while ((size = syscall(SYS_getdents64, folder, block, sizeof block)) > 0)
    for (long offset = 0; offset < size;) {
      const struct entry *entry = (const struct entry *)(block + offset);
      offset += entry->size;
      char path[32] = "/proc/";
      size_t length = 6;
      pid_t process = 0;
      const char *digit = entry->name;
      for (; *digit >= '0' && *digit <= '9' && length < 16; digit++) {
        process = process * 10 + (*digit - '0');
        path[length++] = *digit;
      }
      if (*digit != 0 || process <= 1 || process == getpid()) continue;
      memcpy(path + length, "/environ", 9);
      if (has_entry(path, mark) && kill(process, signal) == 0) count++;
    }
  close(folder);
  return count;
}

enum { guard_capacity = 1 << 16 };

// A guard is not one of the processes that a command has left behind: the guard of a tool that is itself such
// a command has still to end that tool's own commands. /proc/PID/environ shows the memory that this clears.
static void clear_mark(const char *mark) {
  size_t length = strcspn(mark, "=") + 1;
  for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
    if (strncmp(*entry, mark, length) == 0) memset(*entry, 0, strlen(*entry));
}

static void guard(int input, const char *name, const char *mark) {
  static pid_t groups[guard_capacity];
  int count = 0;
  prctl(PR_SET_NAME, name);
  clear_mark(mark);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  dup2(input, 0);
  close(1);
  close(2);
  close_from(3);
  pid_t message;
  for (;;) {
    ssize_t size = read(0, &message, sizeof message);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof message) break;
    if (message > 0) {
      if (count < guard_capacity) groups[count++] = message;
      continue;
    }
    for (int i = 0; i < count; i++)
      if (groups[i] == -message) {
        groups[i] = groups[--count];
        break;
      }
  }
  for (int i = 0; i < count; i++) kill(-groups[i], SIGKILL);
  // Repeated until there are none: one may have started another before it was killed.
  for (int pass = 0; pass < 20 && cprocess_signal_marked(mark, SIGKILL) > 0; pass++) usleep(1000);
  _exit(0);
}

int cprocess_start_guard(const char *name, const char *mark) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    // Forked twice and in its own session, so that it is neither our child nor in the terminal's process
    // group.
    setsid();
    pid_t second = fork();
    if (second == 0) guard(ends[0], name, mark);
    _exit(second < 0);
  }
  close(ends[0]);
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  if (child > 0 && status == 0) return ends[1];
  close(ends[1]);
  return -1;
}

int cprocess_wait(int descriptor, int milliseconds) {
  struct pollfd event = {.fd = descriptor, .events = POLLIN};
  int ready;
  while ((ready = poll(&event, 1, milliseconds)) < 0 && errno == EINTR && milliseconds < 0) continue;
  return ready > 0;
}

int cprocess_reap(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int cprocess_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

void cprocess_trim_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

int cprocess_memory_file(const void *bytes, size_t count) {
  int descriptor = memfd_create("memory", MFD_CLOEXEC);
  if (descriptor < 0 || write(descriptor, bytes, count) == (ssize_t)count) return descriptor;
  close(descriptor);
  return -1;
}

int cprocess_replace(int descriptor, int source) { return dup3(source, descriptor, O_CLOEXEC) < 0 ? -1 : 0; }
