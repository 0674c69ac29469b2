/* SPDX-License-Identifier: MIT
 *
 * A library to preload: it makes a call of the C library fail, once, for ever, or every so often.
 *
 *     FAIL_CALL=name:N:errno    the N-th call of `name` fails with this error
 *     FAIL_CALL=name:N+:errno   it, and every later one
 *     FAIL_CALL=name:N%:errno   every N-th
 *     FAIL_WHO=caller           only in the first process; =workers: only in the others
 *     FAIL_COUNT=file           two longs, shared by all: calls that were seen, calls that failed
 *
 * Only calls from the program's own code count, not those that libraries make among themselves: the
 * pool is linked statically, so its calls do.  They are counted over all processes together, so
 * that one call fails, wherever it is.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NAME = 48 };

struct count {
    _Atomic long calls, failed;
};

_Atomic int fail_call_paused; /* for the program: 1: none of this process's calls counts */
static char name_to_fail[NAME];
static long which;
static char mode; /* 0, '+', '%' */
static int error_to_give;
static enum { ANYBODY, CALLER, WORKERS } who;
static pid_t caller;
static struct count own_count, *count = &own_count;
static uintptr_t code_from, code_end; /* of the program */

static void find_code(void)
{
    const ElfW(Phdr) *head = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    unsigned long heads = getauxval(AT_PHNUM);
    uintptr_t base = 0;
    for (unsigned long i = 0; i < heads; i++)
        if (head[i].p_type == PT_PHDR)
            base = (uintptr_t)head - head[i].p_vaddr;
    for (unsigned long i = 0; i < heads; i++)
        if (head[i].p_type == PT_LOAD && head[i].p_flags & PF_X) {
            code_from = base + head[i].p_vaddr;
            code_end = code_from + head[i].p_memsz;
        }
}

/* Children inherit who was first, in the environment. */
static void find_who(void)
{
    const char *text = getenv("FAIL_WHO"), *first = getenv("FAIL_CALLER");
    char number[24];
    who = text && !strcmp(text, "caller")    ? CALLER
          : text && !strcmp(text, "workers") ? WORKERS
                                             : ANYBODY;
    caller = first ? (pid_t)atol(first) : getpid();
    if (first)
        return;
    snprintf(number, sizeof number, "%ld", (long)caller);
    setenv("FAIL_CALLER", number, 1);
}

static void find_count(void)
{
    const char *path = getenv("FAIL_COUNT");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED)
        count = page;
    close(fd);
}

__attribute__((constructor)) static void begin(void)
{
    const char *plan = getenv("FAIL_CALL");
    char name[NAME], more[2] = "";
    int end = 0;
    if (!plan)
        return;
    if (sscanf(plan, "%47[^:]:%ld%n%1[+%]%n", name, &which, &end, more, &end) < 2 ||
        sscanf(plan + end, ":%d", &error_to_give) != 1 || which < 1) {
        fprintf(stderr, "fail_call: not a plan: %s\n", plan);
        _exit(2);
    }
    mode = more[0];
    find_code();
    find_who();
    find_count();
    memcpy(name_to_fail, name, sizeof name_to_fail); /* last: from now on it counts */
}

/* Is this call of NAME, from code at FROM, to fail?  Then errno is set. */
static int due(const char *name, const void *from)
{
    if (!name_to_fail[0] || fail_call_paused || (uintptr_t)from < code_from ||
        (uintptr_t)from >= code_end || strcmp(name, name_to_fail) != 0)
        return 0;
    if (who != ANYBODY && (getpid() == caller) != (who == CALLER))
        return 0;
    long call = atomic_fetch_add(&count->calls, 1) + 1;
    if (mode == '+' ? call < which : mode == '%' ? call % which != 0 : call != which)
        return 0;
    atomic_fetch_add(&count->failed, 1);
    errno = error_to_give;
    return 1;
}

/* TYPE NAME PARAMETERS, which gives BAD when it fails. */
#define FAILS(type, bad, name, parameters, arguments)                                              \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*real) parameters;                                                             \
        if (due(#name, __builtin_return_address(0)))                                               \
            return bad;                                                                            \
        if (!real)                                                                                 \
            real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                    \
        return real arguments;                                                                     \
    }

/* ---- memory ---- */

void *__libc_malloc(size_t size); /* dlsym takes memory itself */
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    return due("malloc", __builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return due("calloc", __builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return due("realloc", __builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

FAILS(char *, NULL, strdup, (const char *s), (s))
FAILS(cpu_set_t *, NULL, __sched_cpualloc, (size_t cpus), (cpus))
FAILS(void *, MAP_FAILED, mmap, (void *at, size_t size, int prot, int flags, int fd, off_t from),
      (at, size, prot, flags, fd, from))
FAILS(int, -1, mprotect, (void *at, size_t size, int prot), (at, size, prot))
FAILS(int, -1, madvise, (void *at, size_t size, int advice), (at, size, advice))
FAILS(int, -1, memfd_create, (const char *name, unsigned flags), (name, flags))
FAILS(int, -1, ftruncate, (int fd, off_t size), (fd, size))
FAILS(int, -1, fallocate, (int fd, int how, off_t from, off_t size), (fd, how, from, size))

/* ---- files ---- */

FAILS(int, -1, pipe2, (int fds[2], int flags), (fds, flags))
FAILS(int, -1, dup2, (int from, int to), (from, to))
FAILS(int, -1, dup3, (int from, int to, int flags), (from, to, flags))
FAILS(int, -1, fstat, (int fd, struct stat *s), (fd, s))
FAILS(int, -1, epoll_create1, (int flags), (flags))
FAILS(int, -1, epoll_ctl, (int epoll, int what, int fd, struct epoll_event *e),
      (epoll, what, fd, e))
FAILS(int, -1, epoll_wait, (int epoll, struct epoll_event *e, int most, int ms),
      (epoll, e, most, ms))
FAILS(int, -1, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))
FAILS(ssize_t, -1, read, (int fd, void *to, size_t size), (fd, to, size))
FAILS(ssize_t, -1, write, (int fd, const void *from, size_t size), (fd, from, size))
FAILS(ssize_t, -1, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
FAILS(off_t, -1, lseek, (int fd, off_t at, int from), (fd, at, from))
FAILS(FILE *, NULL, fopen, (const char *path, const char *how), (path, how))

int open(const char *path, int flags, ...)
{
    static int (*real)(const char *path, int flags, ...);
    va_list rest;
    va_start(rest, flags);
    int rights = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
    va_end(rest);
    if (due("open", __builtin_return_address(0)))
        return -1;
    if (!real)
        real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    return real(path, flags, rights);
}

int fcntl(int fd, int what, ...)
{
    static int (*real)(int fd, int what, ...);
    va_list rest;
    va_start(rest, what);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (due("fcntl", __builtin_return_address(0)))
        return -1;
    if (!real)
        real = (int (*)(int, int, ...))dlsym(RTLD_NEXT, "fcntl");
    return real(fd, what, argument);
}

/* ---- processes, threads, time ---- */

FAILS(pid_t, -1, fork, (void), ())
FAILS(int, errno, posix_spawn,
      (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
       const posix_spawnattr_t *attributes, char *const argv[], char *const env[]),
      (pid, path, actions, attributes, argv, env))
FAILS(int, errno, posix_spawn_file_actions_addopen,
      (posix_spawn_file_actions_t * actions, int fd, const char *path, int flags, mode_t rights),
      (actions, fd, path, flags, rights))
FAILS(int, errno, posix_spawn_file_actions_adddup2,
      (posix_spawn_file_actions_t * actions, int from, int to), (actions, from, to))
FAILS(int, errno, pthread_create,
      (pthread_t * thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg),
      (thread, attributes, start, arg))
FAILS(int, -1, waitid, (idtype_t what, id_t id, siginfo_t *info, int how), (what, id, info, how))
FAILS(pid_t, -1, waitpid, (pid_t pid, int *status, int how), (pid, status, how))
FAILS(int, -1, setpgid, (pid_t pid, pid_t group), (pid, group))
FAILS(int, -1, sched_setaffinity, (pid_t pid, size_t size, const cpu_set_t *set), (pid, size, set))
FAILS(int, -1, sched_getaffinity, (pid_t pid, size_t size, cpu_set_t *set), (pid, size, set))
FAILS(int, -1, sigaltstack, (const stack_t *now, stack_t *before), (now, before))
FAILS(int, -1, sigaction, (int number, const struct sigaction *now, struct sigaction *before),
      (number, now, before))
FAILS(int, -1, nanosleep, (const struct timespec *t, struct timespec *left), (t, left))
FAILS(ssize_t, -1, getrandom, (void *to, size_t size, unsigned flags), (to, size, flags))

int prctl(int what, ...)
{
    static int (*real)(int what, ...);
    unsigned long argument[4];
    va_list rest;
    va_start(rest, what);
    for (int i = 0; i < 4; i++)
        argument[i] = va_arg(rest, unsigned long);
    va_end(rest);
    if (due("prctl", __builtin_return_address(0)))
        return -1;
    if (!real)
        real = (int (*)(int, ...))dlsym(RTLD_NEXT, "prctl");
    return real(what, argument[0], argument[1], argument[2], argument[3]);
}

long syscall(long number, ...)
{
    static long (*real)(long number, ...);
    long argument[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(rest, long);
    va_end(rest);
    const char *name = number == SYS_pidfd_open                           ? "pidfd_open"
                       : number == SYS_close_range                        ? "close_range"
                       : number == SYS_futex && argument[1] == FUTEX_WAIT ? "futex_wait"
                                                                          : "syscall";
    if (due(name, __builtin_return_address(0)))
        return -1;
    if (!real)
        real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                argument[5]);
}
