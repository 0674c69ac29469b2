/* SPDX-License-Identifier: MIT
 *
 * Every call of the C library that the pool makes fails: the first time in one run, the second time
 * in the next, until a run has seen no failure.  In each a pool is opened, does a map in which a
 * worker dies, is resized, does a stream, is freed.  Whatever fails: no hang, no crash, no task
 * lost or done wrong, a negative number with a sentence, and nothing left behind.
 *
 * A run is this program again, with fail_call.so loaded before it.  POOL_CALLS_FAIL=all: every call
 * at every place also for good (a minute).  POOL_CALLS_VERBOSE=1: print what each run says.
 */
#include "pool_harness.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#ifndef FAIL_CALL_LIBRARY
#error "FAIL_CALL_LIBRARY is the path of the library to preload"
#endif

/* ---- a run ---- */

enum { TASKS = 20, BAD = 5, ITEMS = 12, WORKERS = 3, RUN_SECONDS = 20, BIG = 3 << 20 };

static struct kind kind;
static int errors;                /* calls that said so */
static int most_errors = INT_MAX; /* ... may say so */
static int verbose;

static int initialize(const void *arg, long i, struct pool_task *t)
{
    (void)i;
    (void)t;
    return *(const int *)arg == 7 ? 0 : 1;
}

static int triple(const void *arg, long i, struct pool_task *t)
{
    long bad = *(const long *)arg;
    if (i == bad && kind.start == POOL_THREAD)
        return 7;
    if (i == bad)
        raise(SIGKILL);
    *(long *)pool_out(t, i) = 3 * *(const long *)pool_in(t, i);
    return 0;
}

/* GOT is what was WANTED, or an error with a sentence. */
static int went(const char *what, const char *message, long got, long wanted)
{
    say_more("%s", what);
    if (got == wanted)
        return 1;
    if (got >= 0)
        fail_msg("%s: %ld, not %ld: \"%s\"", where, got, wanted, message);
    if (!message[0])
        fail_msg("%s: %ld without a sentence", where, got);
    if (verbose)
        fprintf(stderr, "%s: %ld: %s\n", where, got, message);
    errors++;
    return 0;
}

static void map(struct pool *p, const char *what, long bad, enum pool_schedule schedule)
{
    long in[TASKS], out[TASKS];
    struct pool_status status[TASKS] = { 0 };
    struct pool_failure failure[1];
    for (long i = 0; i < TASKS; i++) {
        in[i] = i + 100;
        out[i] = -7;
    }
    const struct pool_call call = { .fn = triple,
                                    .arg = &bad,
                                    .arg_size = sizeof bad,
                                    .in = in,
                                    .in_size = sizeof *in,
                                    .out = out,
                                    .out_size = sizeof *out,
                                    .n = TASKS,
                                    .chunk = 3,
                                    .schedule = kind.transport ? POOL_DYNAMIC : schedule,
                                    .status = status,
                                    .failures = failure,
                                    .failure_room = 1 };
    say_more("%s", what);
    long got = pool_map(p, &call), failed = 0, refused = 0;
    for (long i = 0; i < TASKS; i++) {
        int lost = kind.start == POOL_THREAD ? POOL_FAILED : POOL_KILLED;
        failed += status[i].outcome > POOL_OK;
        if (status[i].outcome == POOL_OK)
            expect(i != bad && out[i] == 3 * in[i]);
        else
            expect_equal(out[i], -7);
        if (status[i].outcome == POOL_FAILED && status[i].code == ENOMEM)
            refused++;
        else if (status[i].outcome == POOL_NOT_RUN)
            expect(got < 0);
        else
            expect_equal(status[i].outcome, i == bad ? lost : POOL_OK);
    }
    if (got >= 0)
        expect_equal(got, failed);
    went(what, pool_message(p), refused ? -ENOMEM : got, bad >= 0);
}

static int next_item(void *arg, void *to)
{
    long *at = arg;
    *(long *)to = *at;
    return *at < ITEMS ? (++*at, 1) : 0;
}

static void stream(struct pool *p)
{
    long at = 0, none = -1, result, count = 0;
    const struct pool_stream s = { .fn = triple,
                                   .arg = &none,
                                   .arg_size = sizeof none,
                                   .next = next_item,
                                   .next_arg = &at,
                                   .in_size = sizeof at,
                                   .out_size = sizeof result,
                                   .chunk = 2 };
    struct pool_iterator *it;
    struct pool_failure f;
    say_more("imap");
    if (!went("imap", pool_message(p), pool_imap(p, &s, &it), 0))
        return;
    for (int got;; count++) {
        got = pool_imap_next(it, &result, &f);
        if (!got || !went("imap_next", pool_message(p), got, 1))
            break;
        if (!went("imap_next", f.text[0] ? f.text : pool_message(p),
                  f.status.outcome == POOL_OK ? 1 : -ECANCELED, 1))
            break;
        expect_equal(f.task, count);
        expect_equal(result, 3 * count);
    }
    if (!errors)
        expect_equal(count, ITEMS);
    pool_imap_end(it);
}

static void memory(struct pool *p)
{
    char *block = pool_alloc(p, BIG);
    if (!went("alloc", pool_message(p), block ? 0 : -ENOMEM, 0))
        return;
    for (int i = 0; i < BIG; i += 1024)
        expect_equal(block[i], 0);
    memset(block, 1, BIG);
    pool_give(p, block);
    if ((block = pool_alloc(p, BIG / 2)))
        expect_equal(block[1], 0);
}

/* What an error leaves is a pool that can be used. */
static void work_it(struct pool *p)
{
    map(p, "a map with a death", BAD, POOL_DYNAMIC);
    memory(p);
    went("resize", pool_message(p), pool_resize(p, WORKERS + 2), 0);
    stream(p);
    map(p, "a static map", -1, POOL_STATIC);
    went("resize back", pool_message(p), pool_resize(p, WORKERS - 1), 0);
    map(p, "another death", BAD, POOL_STEAL);
    map(p, "the last map", -1, POOL_STATIC);
}

static int allowed(int *cpus, int room)
{
    cpu_set_t set;
    int count = 0;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    for (int cpu = 0; cpu < CPU_SETSIZE && count < room; cpu++)
        if (CPU_ISSET(cpu, &set))
            cpus[count++] = cpu;
    return count;
}

/* What the test does for itself shall not fail. */
static void pause_failures(int yes)
{
    _Atomic int *paused = dlsym(RTLD_DEFAULT, "fail_call_paused");
    if (paused)
        *paused = yes;
}

static void one_run(void **state)
{
    static const char *const env[] = { "POOL_CALLS=1", NULL };
    const int seven = 7;
    char message[600] = "";
    int cpus[WORKERS];
    struct pool_options o = options_of(&kind);
    struct pool *p = NULL;
    (void)state;
    watchdog(RUN_SECONDS);
    verbose = getenv("POOL_CALLS_VERBOSE") != NULL;
    o.initializer = initialize;
    o.initializer_arg = &seven;
    o.initializer_arg_size = sizeof seven;
    o.env = env;
    o.cpus = cpus;
    o.cpu_count = allowed(cpus, WORKERS);
    say_where(&kind);
    say_more("open");
    pause_failures(0);
    int error = pool_open(&p, &o, message, sizeof message);
    if (went("open", message, error, 0))
        work_it(p);
    else
        expect(p == NULL);
    say_more("free");
    pool_free(p);
    pause_failures(1);
    if (errors > most_errors)
        fail_msg("%s: %d errors, and not %d at most", where, errors, most_errors);
}

/* ---- many runs ---- */

struct plan {
    const char *name;
    int error;
    const char *who;
    int most;  /* places that are tried; 0: all */
    int borne; /* the pool does without: no call returns an error */
};

/* How many calls there were, and how many of them failed. */
static struct count {
    _Atomic long calls, failed;
} * count;
static int count_fd, output_fd, everything;
static long runs;

static void become_a_run(const struct kind *k, const char *plan, const char *who, int most)
{
    char path[64], number[16];
    snprintf(number, sizeof number, "%d", most);
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getppid(), count_fd);
    setenv("LD_PRELOAD", FAIL_CALL_LIBRARY, 1);
    setenv("FAIL_CALL", plan, 1);
    setenv("FAIL_WHO", who, 1);
    setenv("FAIL_COUNT", path, 1);
    dup2(output_fd, STDOUT_FILENO);
    dup2(output_fd, STDERR_FILENO);
    execl("/proc/self/exe", "run", start_names[k->start], transport_names[k->transport], number,
          (char *)NULL);
    _exit(127);
}

/* In it at most MOST calls of the pool's say that they failed.  Returns how many of the C library's
 * did. */
static long run(const struct kind *k, const char *plan, const char *who, int most)
{
    char output[3000] = "";
    int state = 0;
    say_where(k);
    say_more("%s in %s", plan, who);
    count->calls = count->failed = 0;
    if (ftruncate(output_fd, 0) || lseek(output_fd, 0, SEEK_SET))
        fail_msg("no file for a run's output");
    pid_t pid = fork();
    if (pid == 0)
        become_a_run(k, plan, who, most);
    expect_equal(waitpid(pid, &state, 0), pid);
    runs++;
    if (state || getenv("POOL_CALLS_VERBOSE")) {
        ssize_t got = pread(output_fd, output, sizeof output - 1, 0);
        output[got > 0 ? got : 0] = 0;
        print_message("%s: ended with 0x%x: %s\n", where, state, output);
    }
    if (state)
        fail_msg("%s", where);
    return count->failed;
}

static void at_every_place(const struct kind *k, const struct plan *f, const char *mode)
{
    char plan[80];
    for (int place = 1; everything || !f->most || place <= f->most; place++) {
        snprintf(plan, sizeof plan, "%s:%d%s:%d", f->name, place, mode, f->error);
        if (!run(k, plan, f->who, f->borne ? 0 : *mode ? INT_MAX : 1))
            break;
    }
}

static const struct plan once[] = {
    { "malloc", ENOMEM, "caller", 0, 0 },
    { "calloc", ENOMEM, "caller", 0, 0 },
    { "realloc", ENOMEM, "caller", 0, 0 },
    { "strdup", ENOMEM, "caller", 0, 0 },
    { "__sched_cpualloc", ENOMEM, "caller", 0, 0 },
    { "mmap", ENOMEM, "caller", 0, 0 },
    { "mprotect", ENOMEM, "caller", 0, 1 },
    { "madvise", EINVAL, "caller", 0, 1 },
    { "memfd_create", EMFILE, "caller", 0, 0 },
    { "ftruncate", ENOSPC, "caller", 0, 0 },
    { "fallocate", ENOSPC, "caller", 0, 0 },
    { "pipe2", EMFILE, "caller", 0, 0 },
    { "epoll_create1", EMFILE, "caller", 0, 0 },
    { "epoll_ctl", ENOSPC, "caller", 0, 1 },
    { "open", EMFILE, "caller", 0, 0 },
    { "fopen", EMFILE, "caller", 0, 1 },
    { "fcntl", EINVAL, "caller", 0, 0 },
    { "fork", EAGAIN, "caller", 0, 0 },
    { "posix_spawn", EAGAIN, "caller", 0, 0 },
    { "posix_spawn_file_actions_addopen", ENOMEM, "caller", 0, 0 },
    { "posix_spawn_file_actions_adddup2", ENOMEM, "caller", 0, 0 },
    { "pthread_create", EAGAIN, "caller", 0, 0 },
    { "pidfd_open", EMFILE, "caller", 0, 1 },
    { "setpgid", EACCES, "caller", 0, 1 },
    { "sched_getaffinity", EINVAL, "caller", 0, 1 },
    { "getrandom", EINTR, "caller", 0, 1 },
    { "lseek", EINVAL, "caller", 0, 1 },
    { "fstat", EIO, "caller", 8, 1 },
    { "sched_setaffinity", EINVAL, "workers", 0, 0 },
    { "malloc", ENOMEM, "workers", 0, 0 },
    { "realloc", ENOMEM, "workers", 0, 0 },
    { "mmap", ENOMEM, "workers", 0, 0 },
    { "open", EMFILE, "workers", 0, 1 },
    { "fcntl", EINVAL, "workers", 10, 1 },
    { "prctl", EPERM, "workers", 0, 1 },
    { "setpgid", EACCES, "workers", 0, 1 },
    { "sigaltstack", ENOMEM, "workers", 0, 1 },
    { "sigaction", EINVAL, "workers", 6, 1 },
    { "dup2", EBADF, "workers", 0, 1 },
    { "dup3", EBUSY, "workers", 0, 0 },
    { "close_range", ENOSYS, "workers", 0, 1 },
    { "read", EIO, "workers", 20, 1 },
    { "write", EPIPE, "workers", 20, 1 },
};

/* From some place on they fail for good. */
static const struct plan for_ever[] = {
    { "fork", EAGAIN, "caller", 0, 0 },
    { "posix_spawn", EAGAIN, "caller", 0, 0 },
    { "pthread_create", EAGAIN, "caller", 0, 0 },
    { "pipe2", EMFILE, "caller", 0, 0 },
    { "pidfd_open", ENOSYS, "caller", 2, 1 },
    { "open", EMFILE, "caller", 2, 0 },
    { "ftruncate", ENOSPC, "caller", 0, 0 },
    { "malloc", ENOMEM, "caller", 0, 0 },
    { "calloc", ENOMEM, "caller", 0, 0 },
    { "realloc", ENOMEM, "caller", 0, 0 },
    { "sched_setaffinity", EINVAL, "workers", 8, 0 },
    { "realloc", ENOMEM, "workers", 4, 0 },
    { "mmap", ENOMEM, "workers", 4, 0 },
};

/* So often that everything is interrupted, and nothing notices. */
static const char *const interrupted[] = { "read",       "write",      "poll",
                                           "epoll_wait", "futex_wait", "nanosleep" };

static void fail_once(const struct kind *k)
{
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        at_every_place(k, &once[i], "");
}

static void fail_for_ever(const struct kind *k)
{
    for (size_t i = 0; i < sizeof for_ever / sizeof *for_ever; i++)
        at_every_place(k, &for_ever[i], "+");
    for (size_t i = 0; everything && i < sizeof once / sizeof *once; i++)
        if (strcmp(once[i].who, "caller") == 0)
            at_every_place(k, &once[i], "+");
}

static void interrupt_often(const struct kind *k)
{
    char plan[80];
    for (size_t i = 0; i < sizeof interrupted / sizeof *interrupted; i++) {
        snprintf(plan, sizeof plan, "%s:2%%:%d", interrupted[i], EINTR);
        run(k, plan, "anybody", 0);
    }
}

static void each(void (*fail)(const struct kind *))
{
    count_fd = memfd_create("count", MFD_CLOEXEC);
    output_fd = memfd_create("output", MFD_CLOEXEC);
    expect(count_fd >= 0 && output_fd >= 0 && !ftruncate(count_fd, sizeof *count));
    count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, count_fd, 0);
    expect(count != MAP_FAILED);
    everything = getenv("POOL_CALLS_FAIL") && !strcmp(getenv("POOL_CALLS_FAIL"), "all");
    watchdog(900);
    runs = 0;
    double start = seconds_now();
    for_each_start(fail, WORKERS);
    print_message("%ld runs in %.1f s\n", runs, seconds_now() - start);
    munmap(count, sizeof *count);
    close(count_fd);
    close(output_fd);
}

static void calls_that_fail_once(void **state)
{
    (void)state;
    each(fail_once);
}

static void calls_that_fail_for_ever(void **state)
{
    (void)state;
    each(fail_for_ever);
}

static void calls_that_are_interrupted(void **state)
{
    (void)state;
    each(interrupt_often);
}

static int find(const char *const *names, int count_of, const char *name)
{
    for (int i = 0; i < count_of; i++)
        if (!strcmp(names[i], name))
            return i;
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest one[] = { TEST(one_run) };
    const struct CMUnitTest tests[] = {
        TEST(calls_that_fail_once),
        TEST(calls_that_fail_for_ever),
        TEST(calls_that_are_interrupted),
    };
    if (argc == 4) {
        most_errors = atoi(argv[3]);
        pause_failures(1);
        kind = (struct kind){ (enum pool_start)find(start_names, 4, argv[1]),
                              (enum pool_transport)find(transport_names, 2, argv[2]), WORKERS };
        return cmocka_run_group_tests(one, NULL, NULL);
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
