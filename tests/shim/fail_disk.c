/* SPDX-License-Identifier: MIT
 *
 * A library to preload: a disk that fails, and a death between two calls.
 *
 *     FAIL_DISK=N:errno   the N-th call that writes fails with this error
 *     FAIL_DISK=N+:errno  it, and every later one: a disk that stays full
 *     FAIL_DISK=N:short   it writes half of what it was given
 *     FAIL_DISK=N:kill    SIGKILL before the N-th call that changes anything, processes included
 *     FAIL_DISK=N:torn    SIGKILL after half of what the N-th call was to write
 *     FAIL_COUNT=file     calls that were seen, a long, and the name of the last
 *                         that failed, 24 bytes
 *
 * Only the first process counts; those that it starts run without.  Files of stdio are written
 * through a cookie, for the C library's own writes pass by a preloaded one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct count {
    long calls;
    char failed[24];
};

static struct count own_count, *count = &own_count;
static long which;
static char mode[8]; /* "+", "short", "kill", "torn" or "" */
static int error_to_give;
static pid_t caller;

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static int is_mode(const char *word)
{
    return !strcmp(mode, word);
}

static int is_due(const char *name)
{
    if (!which || getpid() != caller)
        return 0;
    long call = ++count->calls;
    if (is_mode("+") ? call < which : call != which)
        return 0;
    snprintf(count->failed, sizeof count->failed, "%s", name);
    return 1;
}

/* Before any call that changes something. */
static void perhaps_die(const char *name)
{
    if (is_mode("kill") && is_due(name))
        raise(SIGKILL);
}

/* Is a call that takes room on a disk, and writes nothing that could be halved, to fail? */
static int fails(const char *name)
{
    perhaps_die(name);
    if (is_mode("kill") || is_mode("short") || is_mode("torn") || !is_due(name))
        return 0;
    errno = error_to_give;
    return 1;
}

static ssize_t put(int fd, const char *from, size_t size)
{
    perhaps_die("write");
    if (is_mode("kill") || !is_due("write"))
        return REAL(write)(fd, from, size);
    if (!is_mode("short") && !is_mode("torn")) {
        errno = error_to_give;
        return -1;
    }
    ssize_t done = REAL(write)(fd, from, (size + 1) / 2);
    if (is_mode("torn"))
        raise(SIGKILL);
    return done;
}

ssize_t write(int fd, const void *from, size_t size)
{
    return put(fd, from, size);
}

/* ---- stdio ---- */

/* stdio itself would go on after a short write of a descriptor, but not of a cookie. */
static ssize_t cookie_write(void *cookie, const char *from, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t now = put((int)(long)cookie, from + done, size - done);
        if (now < 0)
            return (ssize_t)done;
        done += (size_t)now;
    }
    return (ssize_t)done;
}

static int cookie_close(void *cookie)
{
    int bad = fails("fclose");
    return close((int)(long)cookie) || bad ? -1 : 0;
}

static FILE *wrap(int fd, const char *how)
{
    cookie_io_functions_t calls = { .write = cookie_write, .close = cookie_close };
    return fd < 0 ? NULL : fopencookie((void *)(long)fd, how, calls);
}

FILE *fopen(const char *path, const char *how)
{
    if (*how == 'r' || getpid() != caller)
        return REAL(fopen)(path, how);
    if (fails("fopen"))
        return NULL;
    return wrap(
        REAL(open)(path, O_WRONLY | O_CREAT | O_CLOEXEC | (*how == 'w' ? O_TRUNC : O_APPEND), 0666),
        how);
}

FILE *fdopen(int fd, const char *how)
{
    return *how == 'r' ? REAL(fdopen)(fd, how) : wrap(fd, how);
}

__attribute__((constructor)) static void begin(void)
{
    const char *plan = getenv("FAIL_DISK"), *path = getenv("FAIL_COUNT");
    char *end;
    if (!plan)
        return;
    which = strtol(plan, &end, 10);
    snprintf(mode, sizeof mode, "%s", *end == '+' ? "+" : end + (*end == ':'));
    error_to_give = atoi(end + 1 + (*end == '+'));
    if (which < 1 || !*end) {
        fprintf(stderr, "fail_disk: not a plan: %s\n", plan);
        _exit(2);
    }
    int fd = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
    void *page =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED)
        count = page;
    close(fd);
    caller = getpid();
    unsetenv("FAIL_DISK");
    unsetenv("LD_PRELOAD");
    stdout = wrap(STDOUT_FILENO, "w");
}

/* ---- the other calls ---- */

/* TYPE NAME PARAMETERS, which gives -1 where IT_FAILS. */
#define CALL(it_fails, type, name, parameters, arguments)                                          \
    type name parameters                                                                           \
    {                                                                                              \
        if (it_fails(#name))                                                                       \
            return -1;                                                                             \
        return REAL(name) arguments;                                                               \
    }

/* Takes no room: there is only a death before it. */
static int never(const char *name)
{
    perhaps_die(name);
    return 0;
}

CALL(fails, int, rename, (const char *from, const char *to), (from, to))
CALL(fails, int, mkdir, (const char *path, mode_t rights), (path, rights))
CALL(fails, int, fsync, (int fd), (fd))
CALL(never, int, unlink, (const char *path), (path))
CALL(never, int, rmdir, (const char *path), (path))
CALL(never, int, ftruncate, (int fd, off_t size), (fd, size))
CALL(never, int, close, (int fd), (fd))
CALL(never, int, pipe2, (int fds[2], int flags), (fds, flags))
CALL(never, pid_t, fork, (void), ())
CALL(never, int, setpgid, (pid_t pid, pid_t group), (pid, group))
CALL(never, int, kill, (pid_t pid, int number), (pid, number))
CALL(never, int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))
CALL(never, ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
CALL(never, pid_t, waitpid, (pid_t pid, int *status, int how), (pid, status, how))

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int more = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE,
        rights = more ? va_arg(rest, int) : 0;
    va_end(rest);
    if ((flags & O_ACCMODE ? fails : never)("open"))
        return -1;
    return REAL(open)(path, flags, rights);
}
