/* SPDX-License-Identifier: MIT
 *
 * What the tests of the pool share: every kind of pool in turn, a watchdog, and the check that a
 * test has left nothing behind: no process, thread, descriptor, name, shared mapping or memory.
 * Assertions are for the parent only; tasks report through shared memory.
 */
#ifndef TESTS_POOL_HARNESS_H
#define TESTS_POOL_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../pool/pool.h"

#if defined __has_feature
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__
#define UNDER_ASAN 1
#endif
#if defined __SANITIZE_THREAD__
#define UNDER_TSAN 1
#endif
#if !defined UNDER_ASAN
#define UNDER_ASAN 0
#endif
#if !defined UNDER_TSAN
#define UNDER_TSAN 0
#endif
#define UNDER_SANITIZER (UNDER_ASAN || UNDER_TSAN)
#define UNDER_EMULATOR  (SLOWER > 1)

enum { TEST_SECONDS = 60, MOST_RSS_KIB = 8192 };

/* What a failing assertion, or the watchdog, is about. */
static char where[240];

/* The test that runs leaves children of tasks to us, the subreaper: they may be dead but not
 * reaped. Cleared before every test. */
static int orphans_allowed;

#define expect(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: not so: %s", where, #condition);                                         \
    } while (0)

/* The same for numbers, with both in the message. */
#define expect_equal(value, wanted)                                                                \
    do {                                                                                           \
        long long value_ = (value), wanted_ = (wanted);                                            \
        if (value_ != wanted_)                                                                     \
            fail_msg("%s: %s is %lld, not %lld", where, #value, value_, wanted_);                  \
    } while (0)

/* TEXT has PART in it. */
static inline void expect_part(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s: not in \"%s\": \"%s\"", where, text, part);
}

/* ---- time ---- */

static inline double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void nap_ms(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    while (nanosleep(&t, &t) && errno == EINTR) {
    }
}

/* Wait until CONDITION, at most SECONDS; then it must hold. */
#define expect_within(seconds, condition)                                                          \
    do {                                                                                           \
        double until_ = seconds_now() + (seconds);                                                 \
        while (!(condition) && seconds_now() < until_)                                             \
            nap_ms(1);                                                                             \
        expect(condition);                                                                         \
    } while (0)

/* ---- what is left behind ---- */

/* There is no name to be left behind: shared memory is a memfd (tests/laws.sh: the pool opens none
 * by name). */
struct belongings {
    int fds, shared_maps, threads;
    long rss_kib;
};

static struct belongings before;

static inline int entries(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* Mappings that other processes can share; an allocator makes none. */
static inline int shared_maps(void)
{
    char line[4400], rights[8];
    int count = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    while (f && fgets(line, sizeof line, f))
        count += sscanf(line, "%*s %7s", rights) == 1 && rights[3] == 's';
    if (f)
        fclose(f);
    return count;
}

static inline long rss_kib(void)
{
    long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%ld %ld", &all, &resident) != 2)
            resident = 0;
        fclose(f);
    }
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static inline struct belongings look(void)
{
    malloc_trim(0);
    return (struct belongings){ .fds = entries("/proc/self/fd"),
                                .shared_maps = shared_maps(),
                                .threads = entries("/proc/self/task"),
                                .rss_kib = rss_kib() };
}

/* A test that failed may leave workers; they shall not disturb the next one. */
static inline void kill_children(void)
{
    char path[64];
    int pid;
    for (int again = 0; again < 100; again++) {
        snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
        FILE *f = fopen(path, "r");
        while (f && fscanf(f, "%d", &pid) == 1)
            kill(pid, SIGKILL);
        if (f)
            fclose(f);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        if (waitpid(-1, NULL, WNOHANG) < 0)
            break;
        nap_ms(10);
    }
}

/* Is there a child, dead or alive?  ORPHANS: the dead do not count if they go within 2 s. */
static inline int has_children(int orphans)
{
    double until = seconds_now() + 2;
    for (;;) {
        int pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0 && errno == ECHILD)
            return 0;
        if (!orphans || seconds_now() > until)
            return 1;
        if (pid == 0)
            nap_ms(5);
    }
}

static void bark(int signal)
{
    static const char text[] = "watchdog: the test hangs: ";
    ssize_t ignored = write(2, text, sizeof text - 1);
    ignored = write(2, where, strlen(where));
    ignored = write(2, "\n", 1);
    (void)ignored;
    (void)signal;
    _exit(124);
}

static inline void watchdog(int seconds)
{
    struct sigaction action = { .sa_handler = bark };
    sigaction(SIGALRM, &action, NULL);
    alarm((unsigned)seconds * (UNDER_SANITIZER ? 5 : SLOWER));
}

static inline void *no_work(void *arg)
{
    return arg;
}

/* The thread sanitizer starts a thread of its own with the first of ours; it stays. */
static inline void settle_sanitizer(void)
{
    pthread_t thread;
    if (UNDER_TSAN && !pthread_create(&thread, NULL, no_work, NULL))
        pthread_join(thread, NULL);
}

static inline int begin(void **state)
{
    (void)state;
    where[0] = 0;
    orphans_allowed = 0;
    prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
    settle_sanitizer();
    before = look();
    watchdog(TEST_SECONDS);
    return 0;
}

static inline int end(void **state)
{
    struct belongings after = look();
    (void)state;
    alarm(0);
    for (int again = 0; !UNDER_TSAN && again < 200 && after.threads > before.threads; again++) {
        nap_ms(5); /* a thread that was joined is seen a moment longer */
        after = look();
    }
    if (has_children(orphans_allowed)) {
        kill_children();
        fail_msg("%s: left behind: processes", where);
    }
    if (after.fds != before.fds)
        fail_msg("%s: left behind: %d descriptors", where, after.fds - before.fds);
    if (after.shared_maps != before.shared_maps)
        fail_msg("%s: left behind: %d mappings", where, after.shared_maps - before.shared_maps);
    if (!UNDER_TSAN && after.threads > before.threads) /* it starts one of its own */
        fail_msg("%s: left behind: %d threads", where, after.threads - before.threads);
    /* An emulator has memory of its own, for programs and threads that are long gone, too. */
    if (!UNDER_SANITIZER && !UNDER_EMULATOR && after.rss_kib > before.rss_kib + MOST_RSS_KIB)
        fail_msg("%s: left behind: %ld KiB", where, after.rss_kib - before.rss_kib);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

/* ---- kinds of pools ---- */

struct kind {
    enum pool_start start;
    enum pool_transport transport;
    int workers;
};

static const char *const start_names[] = { "auto", "fork", "spawn", "thread" };
static const char *const transport_names[] = { "shm", "pipe" };

static inline void say_where(const struct kind *k)
{
    snprintf(where, sizeof where, "%s, %s, %d workers", start_names[k->start],
             transport_names[k->transport], k->workers);
}

/* More of where we are. */
static inline void say_more(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void say_more(const char *format, ...)
{
    char *end_of_kind = strstr(where, " workers");
    size_t at = end_of_kind ? (size_t)(end_of_kind - where) + strlen(" workers") : 0;
    va_list rest;
    if (at && at + 2 < sizeof where) {
        memcpy(where + at, ", ", 2);
        at += 2;
    }
    va_start(rest, format);
    vsnprintf(where + at, sizeof where - at, format, rest);
    va_end(rest);
}

/* Do THIS for every way to start and to talk, with so many workers. */
static inline void for_each_start(void (*this)(const struct kind *), int workers)
{
    for (int s = POOL_FORK; s <= POOL_THREAD; s++)
        for (int t = POOL_SHM; t <= POOL_PIPE; t++) {
            const struct kind k = { (enum pool_start)s, (enum pool_transport)t, workers };
            say_where(&k);
            this(&k);
        }
}

/* ... and with 1, 2, 4, 13 workers; the last two are the same programs, emulated for minutes. */
static inline void for_each_kind(void (*this)(const struct kind *))
{
    static const int workers[] = { 1, 2, 4, 13 };
    for (int i = 0; i < (UNDER_EMULATOR ? 2 : 4); i++)
        for_each_start(this, workers[i]);
}

static inline int is_process(const struct kind *k)
{
    return k->start != POOL_THREAD;
}

static inline struct pool_options options_of(const struct kind *k)
{
    return (
        struct pool_options){ .workers = k->workers, .start = k->start, .transport = k->transport };
}

static inline struct pool *open_or_fail(const struct pool_options *o)
{
    struct pool *pool = NULL;
    char message[600] = "";
    int error = pool_open(&pool, o, message, sizeof message);
    if (error)
        fail_msg("%s: cannot open: %d: %s", where, error, message);
    expect(pool != NULL);
    return pool;
}

static inline struct pool *open_kind(const struct kind *k)
{
    const struct pool_options o = options_of(k);
    return open_or_fail(&o);
}

/* The call is done and WANTED tasks failed. */
static inline void map_or_fail(struct pool *p, const struct pool_call *call, long wanted)
{
    long got = pool_map(p, call);
    if (got != wanted)
        fail_msg("%s: pool_map returned %ld, not %ld: %s", where, got, wanted, pool_message(p));
}

static inline void *alloc_or_fail(struct pool *p, size_t size)
{
    void *memory = pool_alloc(p, size);
    if (!memory)
        fail_msg("%s: no memory: %s", where, pool_message(p));
    return memory;
}

#endif
