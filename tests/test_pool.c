/* SPDX-License-Identifier: MIT
 *
 * The pool library alone: what pool.h promises, above all when workers die.  After every test no
 * process, descriptor, mapping or name may be left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../pool/pool.h"

enum { TEST_SECONDS = 40, DEATH_SECONDS = 2, MILLION = 1000000 };

static const char *const transport_names[] = { "shm", "pipe" };
static const char *const wait_names[] = { "passive", "active" };

/* What a failing assertion is about. */
static char where[200];

#define expect(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: not so: %s", where, #condition);                                         \
    } while (0)

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap_ms(long ms)
{
    const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

/* ---- what is left behind ---- */

struct belongings {
    int fds, names, shared_maps;
} before;

static int entries(const char *path)
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
static int shared_maps(void)
{
    char line[4400], rights[8];
    int count = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        count += sscanf(line, "%*s %7s", rights) == 1 && rights[3] == 's';
    fclose(f);
    return count;
}

static struct belongings look(void)
{
    return (struct belongings){ entries("/proc/self/fd"), entries("/dev/shm"), shared_maps() };
}

static int begin(void **state)
{
    (void)state;
    where[0] = 0;
    before = look();
    alarm(TEST_SECONDS);
    return 0;
}

/* A test that failed may leave workers; they shall not disturb the next one. */
static void kill_children(void)
{
    char path[64];
    int pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "r");
    while (f && fscanf(f, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    if (f)
        fclose(f);
    while (waitpid(-1, NULL, 0) > 0) {
    }
}

static int end(void **state)
{
    struct belongings after = look();
    (void)state;
    alarm(0);
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD) {
        kill_children();
        fail_msg("left behind: processes");
    }
    if (after.fds != before.fds)
        fail_msg("left behind: %d descriptors", after.fds - before.fds);
    if (after.shared_maps != before.shared_maps)
        fail_msg("left behind: %d mappings", after.shared_maps - before.shared_maps);
    if (after.names != before.names)
        fail_msg("left behind: %d names in /dev/shm", after.names - before.names);
    return 0;
}

/* ---- a job to play with ---- */

/* Shared with the workers. */
struct play {
    _Atomic int initialized[256];          /* how often, per worker */
    _Atomic int called[256], claimed[256]; /* the same: calls of `work`, ranges */
    _Atomic long tasks, ranges;
    _Atomic int victim; /* the worker that dies, once it knows */
    void (*die)(void);  /* how */
    long die_at, nap_us;
    long n;
    unsigned char done[]; /* per task */
};

static struct play *play_new(long n)
{
    struct play *p = mmap(NULL, sizeof *p + (size_t)n, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    p->n = n;
    p->die_at = -1;
    p->victim = -1;
    return p;
}

static void play_free(struct play *p)
{
    munmap(p, sizeof *p + (size_t)p->n);
}

static int initialize(void *arg, int worker)
{
    struct play *p = arg;
    atomic_fetch_add(&p->initialized[worker], 1);
    return 0;
}

static void range(void *arg, long first, long end_of_range, int worker)
{
    struct play *p = arg;
    atomic_fetch_add(&p->ranges, 1);
    atomic_fetch_add(&p->claimed[worker], 1);
    for (long i = first; i < end_of_range; i++) {
        if (i == p->die_at) {
            atomic_store(&p->victim, worker);
            p->die();
        }
        p->done[i]++;
        if (p->nap_us) {
            const struct timespec t = { 0, p->nap_us * 1000 };
            nanosleep(&t, NULL);
        }
    }
    atomic_fetch_add(&p->tasks, end_of_range - first);
}

static void work(void *arg, int worker, struct pool_claims *claims)
{
    struct play *p = arg;
    atomic_fetch_add(&p->called[worker], 1);
    for (;;) {
        struct pool_range r = pool_next(claims);
        if (r.first >= r.end)
            break;
        range(p, r.first, r.end, worker);
    }
    for (int again = 0; again < 3; again++) { /* the end is the end */
        struct pool_range r = pool_next(claims);
        expect(r.first == r.end);
    }
}

static struct pool_job job_of(struct play *p, long chunk, enum pool_schedule schedule)
{
    return (struct pool_job){
        .work = work, .arg = p, .tasks = p->n, .chunk = chunk, .schedule = schedule
    };
}

static void expect_done(struct play *p, int times)
{
    expect(p->tasks == p->n * times);
    for (long i = 0; i < p->n; i++)
        if (p->done[i] != times)
            fail_msg("%s: task %ld was done %d times, not %d", where, i, p->done[i], times);
}

static struct pool *open_or_fail(const struct pool_options *o)
{
    struct pool *pool;
    char message[200] = "";
    int error = pool_open(&pool, o, message, sizeof message);
    if (error)
        fail_msg("%s: cannot open: %d: %s", where, error, message);
    return pool;
}

static void run_or_fail(struct pool *pool, const struct pool_job *job)
{
    int error = pool_run(pool, job);
    if (error)
        fail_msg("%s: cannot run: %d: %s", where, error, pool_message(pool));
}

static struct pool_options options_of(int workers, enum pool_transport t, enum pool_wait w)
{
    snprintf(where, sizeof where, "%d workers, %s, %s", workers, transport_names[t], wait_names[w]);
    return (struct pool_options){ .workers = workers, .transport = t, .wait = w };
}

/* Do THIS for both transports and both ways to wait. */
static void for_each_kind(void (*this)(enum pool_transport, enum pool_wait))
{
    for (int t = POOL_SHM; t <= POOL_PIPE; t++)
        for (int w = POOL_PASSIVE; w <= POOL_ACTIVE; w++)
            this((enum pool_transport)t, (enum pool_wait)w);
}

/* ---- opening ---- */

static void refuse_options(const struct pool_options *o, int expected)
{
    struct pool *pool = (struct pool *)o;
    char message[200] = "";
    assert_int_equal(pool_open(&pool, o, message, sizeof message), expected);
    assert_null(pool);
    assert_true(message[0]);
    assert_int_equal(pool_open(&pool, o, NULL, 0), expected);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void bad_options(void **state)
{
    static const int nowhere = 1000000, negative = -1;
    (void)state;
    for (int t = POOL_SHM; t <= POOL_PIPE; t++) {
        struct pool_options o = { .workers = 0, .transport = (enum pool_transport)t };
        refuse_options(&o, -EINVAL);
        o.workers = -1;
        refuse_options(&o, -EINVAL);
        o.workers = INT_MIN;
        refuse_options(&o, -EINVAL);
        o.workers = 2;
        o.cpu_count = -1;
        refuse_options(&o, -EINVAL);
        o.cpu_count = 1;
        o.cpus = &nowhere;
        refuse_options(&o, -EINVAL);
        o.cpus = &negative;
        refuse_options(&o, -EINVAL);
    }
}

static void initialize_once(enum pool_transport t, enum pool_wait w)
{
    struct play *p = play_new(50);
    struct pool_options o = options_of(3, t, w);
    o.initializer = initialize;
    o.initializer_arg = p;
    struct pool *pool = open_or_fail(&o);
    const struct pool_job job = job_of(p, 1, POOL_DYNAMIC);
    for (int times = 1; times <= 3; times++) {
        for (int i = 0; i < 3; i++)
            expect(p->initialized[i] == 1);
        run_or_fail(pool, &job);
        expect_done(p, times);
    }
    expect(p->initialized[3] == 0);
    for (int i = 0; i < 3; i++)
        expect(p->initialized[i] == 1 && pool_pid(pool, i) > 0 && pool_pid(pool, i) != getpid());
    expect(pool_message(pool)[0] == 0);
    pool_close(pool);
    play_free(p);
}

static void initializer_runs_once(void **state)
{
    (void)state;
    for_each_kind(initialize_once);
}

static int last_refuses(void *arg, int worker)
{
    (void)arg;
    return worker == 2 ? -EPERM : 0;
}

/* The others are still at it when the first has failed. */
static int first_refuses(void *arg, int worker)
{
    (void)arg;
    if (worker == 0)
        return -EPERM;
    nap_ms(60);
    return 0;
}

static int first_exits(void *arg, int worker)
{
    (void)arg;
    if (worker == 0)
        _exit(7);
    return 0;
}

static void fail_to_initialize(enum pool_transport t, enum pool_wait w)
{
    struct pool *pool;
    char message[200] = "";
    struct pool_options o = options_of(3, t, w);
    o.initializer = last_refuses;
    expect(pool_open(&pool, &o, message, sizeof message) == -EPERM);
    expect(strstr(message, strerror(EPERM)));
    expect(!pool);
    o.initializer = first_refuses;
    expect(pool_open(&pool, &o, message, sizeof message) == -EPERM);
    o.initializer = first_exits;
    expect(pool_open(&pool, &o, message, sizeof message) == -EOWNERDEAD);
    expect(strstr(message, "code 7"));
}

static void initializer_fails(void **state)
{
    (void)state;
    for_each_kind(fail_to_initialize);
}

/* ---- jobs ---- */

static const struct kind {
    enum pool_transport transport;
    enum pool_schedule schedule;
} kinds[] = { { POOL_SHM, POOL_STATIC }, { POOL_SHM, POOL_DYNAMIC },  { POOL_SHM, POOL_GUIDED },
              { POOL_SHM, POOL_STEAL },  { POOL_PIPE, POOL_DYNAMIC }, { POOL_PIPE, POOL_GUIDED } };
enum { KINDS = sizeof kinds / sizeof *kinds };

static void many_tasks(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct play *p = play_new(MILLION);
        const struct pool_options o = options_of(3, kinds[k].transport, POOL_PASSIVE);
        struct pool *pool = open_or_fail(&o);
        const struct pool_job job = job_of(p, o.transport == POOL_PIPE ? 50 : 1, kinds[k].schedule);
        run_or_fail(pool, &job);
        expect_done(p, 1);
        pool_close(pool);
        play_free(p);
    }
}

/* One pool does jobs of all sizes and chunks: none, fewer tasks than workers, chunks larger than
 * the job, and as large as they may be. */
static void odd_sizes(void **state)
{
    static const long sizes[] = { 0, 1, 2, 3, 5, 64, 97 };
    static const long chunks[] = { 0, 1, 2, 7, 96, 97, 98, INT_MAX };
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct play *p = play_new(97);
        const struct pool_options o = options_of(4, kinds[k].transport, POOL_PASSIVE);
        struct pool *pool = open_or_fail(&o);
        for (int s = 0; s < 7; s++)
            for (int c = kinds[k].schedule == POOL_STATIC ? 0 : 1; c < 8; c++) {
                struct pool_job job = job_of(p, chunks[c], kinds[k].schedule);
                snprintf(where, sizeof where, "%s, schedule %d, %ld tasks, chunk %ld",
                         transport_names[o.transport], (int)job.schedule, sizes[s], chunks[c]);
                memset(p->done, 0, 97);
                p->tasks = 0;
                job.tasks = sizes[s];
                run_or_fail(pool, &job);
                expect(p->tasks == sizes[s]);
                for (long i = 0; i < 97; i++)
                    expect(p->done[i] == (i < sizes[s]));
            }
        pool_close(pool);
        play_free(p);
    }
}

/* `work` is called once a job in each worker; through pipes, once a chunk. */
static void calls(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct play *p = play_new(40);
        const struct pool_options o = options_of(3, kinds[k].transport, POOL_PASSIVE);
        struct pool *pool = open_or_fail(&o);
        struct pool_job job = job_of(p, 2, kinds[k].schedule);
        for (int times = 1; times <= 3; times++) {
            run_or_fail(pool, &job);
            expect_done(p, times);
            for (int i = 0; i < 3; i++) {
                expect(p->called[i] == (o.transport == POOL_PIPE ? p->claimed[i] : 1));
                p->called[i] = p->claimed[i] = 0;
            }
        }
        pool_close(pool);
        play_free(p);
    }
}

/* Every range is one chunk; guided ones are what is left over the workers, rounded up, or `chunk`.
 */
static void chunks_are_ranges(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct play *p = play_new(1000);
        const struct pool_options o = options_of(2, kinds[k].transport, POOL_PASSIVE);
        struct pool *pool = open_or_fail(&o);
        struct pool_job job = job_of(p, 7, kinds[k].schedule);
        run_or_fail(pool, &job);
        if (job.schedule == POOL_GUIDED)
            expect(p->ranges == 8); /* 500 250 125 63 31 16 8 7 */
        else
            expect(p->ranges == 143);
        p->ranges = 0;
        if (job.schedule == POOL_STATIC) {
            job.chunk = 0;
            run_or_fail(pool, &job);
            expect(p->ranges == 2);
        }
        pool_close(pool);
        play_free(p);
    }
}

static void refuse_job(struct pool *pool, struct pool_job job)
{
    int error = pool_run(pool, &job);
    if (error != -EINVAL || !pool_message(pool)[0])
        fail_msg("%s: %ld tasks, chunk %ld, schedule %d: %d, not -EINVAL", where, job.tasks,
                 job.chunk, (int)job.schedule, error);
}

/* A bad job is refused, and the pool goes on. */
static void bad_jobs(void **state)
{
    (void)state;
    for (int t = POOL_SHM; t <= POOL_PIPE; t++) {
        struct play *p = play_new(10);
        const struct pool_options o = options_of(2, (enum pool_transport)t, POOL_PASSIVE);
        struct pool *pool = open_or_fail(&o);
        const struct pool_job good = job_of(p, 1, POOL_DYNAMIC);
        struct pool_job bad = good;
        bad.tasks = -1;
        refuse_job(pool, bad);
        bad.tasks = (long)INT_MAX + 1;
        refuse_job(pool, bad);
        bad = good;
        bad.chunk = -1;
        refuse_job(pool, bad);
        bad.chunk = (long)INT_MAX + 1;
        refuse_job(pool, bad);
        bad.chunk = 0;
        refuse_job(pool, bad);
        bad.schedule = POOL_GUIDED;
        refuse_job(pool, bad);
        bad = good;
        bad.schedule = POOL_STATIC;
        if (t == POOL_PIPE)
            refuse_job(pool, bad);
        bad.schedule = POOL_STEAL;
        if (t == POOL_PIPE)
            refuse_job(pool, bad);
        bad.chunk = 0;
        refuse_job(pool, bad);
        run_or_fail(pool, &good);
        expect_done(p, 1);
        pool_close(pool);
        play_free(p);
    }
}

/* Pools don't know each other: each works, and each closes at once, in any order. */
static void eight_pools(enum pool_transport t)
{
    struct pool *pools[8];
    struct play *plays[8];
    const struct pool_options o = options_of(2, t, POOL_PASSIVE);
    for (int i = 0; i < 8; i++) {
        plays[i] = play_new(100);
        pools[i] = open_or_fail(&o);
    }
    for (int times = 1; times <= 2; times++)
        for (int i = 0; i < 8; i++) {
            const struct pool_job job = job_of(plays[i], 3, POOL_DYNAMIC);
            run_or_fail(pools[i], &job);
            expect_done(plays[i], times);
        }
    double start = seconds_now();
    for (int i = 0; i < 8; i++) {
        pool_close(pools[(i * 3) % 8]);
        play_free(plays[(i * 3) % 8]);
    }
    expect(seconds_now() - start < 4); /* not a deadline of a second each */
}

static void eight_pools_in_shared_memory(void **state)
{
    (void)state;
    eight_pools(POOL_SHM);
}

static void eight_pools_through_pipes(void **state)
{
    (void)state;
    eight_pools(POOL_PIPE);
}

static void two_hundred_workers(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct play *p = play_new(2000);
        struct pool_options o = options_of(200, kinds[k].transport, POOL_PASSIVE);
        struct pool *pool;
        char message[200] = "";
        o.initializer = initialize;
        o.initializer_arg = p;
        int error = pool_open(&pool, &o, message, sizeof message);
        if (error == -EAGAIN) { /* this machine does not have room for them */
            play_free(p);
            skip();
        }
        if (error)
            fail_msg("%s: cannot open: %d: %s", where, error, message);
        const struct pool_job job = job_of(p, 3, kinds[k].schedule);
        run_or_fail(pool, &job);
        run_or_fail(pool, &job);
        expect_done(p, 2);
        for (int i = 0; i < 200; i++)
            expect(p->initialized[i] == 1);
        pool_close(pool);
        play_free(p);
    }
}

static void pool_of_nothing(void **state)
{
    (void)state;
    pool_close(NULL);
    for (int t = POOL_SHM; t <= POOL_PIPE; t++)
        for (int w = POOL_PASSIVE; w <= POOL_ACTIVE; w++) {
            const struct pool_options o = options_of(2, (enum pool_transport)t, (enum pool_wait)w);
            pool_close(open_or_fail(&o)); /* never had a job */
        }
}

/* ---- deaths ---- */

static void die_by_kill(void)
{
    kill(getpid(), SIGKILL);
}

static void die_by_segv(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would turn it into an exit */
    raise(SIGSEGV);
}

static void die_by_exit(void)
{
    _exit(3);
}

static const struct death {
    void (*die)(void);
    const char *words;
} deaths[] = { { die_by_kill, "killed by SIGKILL" },
               { die_by_segv, "killed by SIGSEGV" },
               { die_by_exit, "exited with code 3" } };

static void expect_later_runs_fail(struct pool *pool, const struct pool_job *job)
{
    double start = seconds_now();
    char message[200];
    snprintf(message, sizeof message, "%s", pool_message(pool));
    for (int i = 0; i < 10; i++)
        expect(pool_run(pool, job) == -EOWNERDEAD);
    expect(seconds_now() - start < DEATH_SECONDS);
    expect(!strcmp(message, pool_message(pool)));
    start = seconds_now();
    pool_close(pool);
    expect(seconds_now() - start < 5);
}

static void die_in_task(const struct kind *kind, enum pool_wait w, const struct death *death,
                        int workers)
{
    char name[32];
    struct play *p = play_new(200);
    const struct pool_options o = options_of(workers, kind->transport, w);
    snprintf(where + strlen(where), 60, ", schedule %d, %s", (int)kind->schedule, death->words);
    struct pool *pool = open_or_fail(&o);
    p->die_at = 37;
    p->die = death->die;
    const struct pool_job job = job_of(p, 5, kind->schedule);
    double start = seconds_now();
    expect(pool_run(pool, &job) == -EOWNERDEAD);
    expect(seconds_now() - start < DEATH_SECONDS);
    snprintf(name, sizeof name, "worker %d ", (int)p->victim);
    if (!strstr(pool_message(pool), name) || !strstr(pool_message(pool), death->words))
        fail_msg("%s: '%s' does not name worker %d", where, pool_message(pool), (int)p->victim);
    if (kind->schedule != POOL_GUIDED && !strstr(pool_message(pool), "task 35"))
        fail_msg("%s: '%s' does not name the chunk from task 35", where, pool_message(pool));
    if (!strstr(pool_message(pool), "chunk"))
        fail_msg("%s: '%s' does not name the chunk", where, pool_message(pool));
    expect(p->done[37] == 0);
    expect_later_runs_fail(pool, &job);
    play_free(p);
}

static void death_in_a_task(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++)
        for (int w = POOL_PASSIVE; w <= POOL_ACTIVE; w++)
            for (int d = 0; d < 3; d++)
                for (int workers = 1; workers <= 3; workers++)
                    die_in_task(&kinds[k], (enum pool_wait)w, &deaths[d], workers);
}

/* The others have work for long: nobody waits until they are done. */
static void die_early(enum pool_transport t, enum pool_wait w)
{
    struct play *p = play_new(20000);
    const struct pool_options o = options_of(3, t, w);
    struct pool *pool = open_or_fail(&o);
    p->die_at = 0;
    p->die = die_by_kill;
    p->nap_us = 1000;
    const struct pool_job job = job_of(p, 1, POOL_DYNAMIC);
    double start = seconds_now();
    expect(pool_run(pool, &job) == -EOWNERDEAD);
    expect(seconds_now() - start < DEATH_SECONDS);
    expect_later_runs_fail(pool, &job);
    play_free(p);
}

static void death_in_a_long_job(void **state)
{
    (void)state;
    for_each_kind(die_early);
}

/* A job done by fewer workers than asked for is no result. */
static void die_idle(enum pool_transport t, enum pool_wait w)
{
    struct play *p = play_new(2000);
    const struct pool_options o = options_of(3, t, w);
    struct pool *pool = open_or_fail(&o);
    const struct pool_job job = job_of(p, 1, POOL_DYNAMIC);
    run_or_fail(pool, &job);
    kill(pool_pid(pool, 1), SIGTERM);
    nap_ms(30);
    double start = seconds_now();
    expect(pool_run(pool, &job) == -EOWNERDEAD);
    expect(seconds_now() - start < DEATH_SECONDS);
    expect(strstr(pool_message(pool), "worker 1 "));
    expect(strstr(pool_message(pool), "SIGTERM"));
    expect(!strstr(pool_message(pool), "chunk"));
    expect_later_runs_fail(pool, &job);
    play_free(p);
}

static void death_while_idle_in_shared_memory(void **state)
{
    (void)state;
    die_idle(POOL_SHM, POOL_PASSIVE);
    die_idle(POOL_SHM, POOL_ACTIVE);
}

static void death_while_idle_through_pipes(void **state)
{
    (void)state;
    die_idle(POOL_PIPE, POOL_PASSIVE);
    die_idle(POOL_PIPE, POOL_ACTIVE);
}

static void kill_all_idle(enum pool_transport t, enum pool_wait w)
{
    struct play *p = play_new(2000);
    const struct pool_options o = options_of(3, t, w);
    struct pool *pool = open_or_fail(&o);
    const struct pool_job job = job_of(p, 1, POOL_DYNAMIC);
    for (int i = 0; i < 3; i++)
        kill(pool_pid(pool, i), SIGKILL);
    double start = seconds_now();
    expect(pool_run(pool, &job) == -EOWNERDEAD);
    expect(seconds_now() - start < DEATH_SECONDS);
    expect_later_runs_fail(pool, &job);
    play_free(p);
}

static void death_of_all(void **state)
{
    (void)state;
    for_each_kind(kill_all_idle);
}

/* A worker that does not hear is killed in the end. */
static void stop_one(enum pool_transport t, enum pool_wait w)
{
    const struct pool_options o = options_of(3, t, w);
    struct pool *pool = open_or_fail(&o);
    kill(pool_pid(pool, 1), SIGSTOP);
    nap_ms(5);
    double start = seconds_now();
    pool_close(pool);
    expect(seconds_now() - start < 5);
}

static void stopped_worker(void **state)
{
    (void)state;
    for_each_kind(stop_one);
}

/* Somebody else's waitpid took the worker's status: still no hang. */
static void reaped_by_others(void **state)
{
    (void)state;
    for (int t = POOL_SHM; t <= POOL_PIPE; t++) {
        struct play *p = play_new(100);
        const struct pool_options o = options_of(2, (enum pool_transport)t, POOL_PASSIVE);
        struct pool *pool = open_or_fail(&o);
        const struct pool_job job = job_of(p, 5, POOL_DYNAMIC);
        for (int i = 0; i < 2; i++) {
            int pid = pool_pid(pool, i);
            kill(pid, SIGKILL);
            expect(waitpid(pid, NULL, 0) == pid);
        }
        double start = seconds_now();
        expect(pool_run(pool, &job) == -EOWNERDEAD);
        expect(seconds_now() - start < DEATH_SECONDS);
        expect(strstr(pool_message(pool), "worker "));
        expect_later_runs_fail(pool, &job);
        play_free(p);
    }
}

/* ---- the caller's end ---- */

struct family {
    _Atomic int pids[3], busy;
};

static void stay_busy(void *arg, int worker, struct pool_claims *claims)
{
    struct family *f = arg;
    (void)worker, (void)claims;
    atomic_store(&f->busy, 1);
    for (;;)
        pause();
}

/* Runs in: a child that is about to be killed. */
_Noreturn static void own_a_pool(struct family *f, enum pool_transport t, enum pool_wait w,
                                 int with_job)
{
    const struct pool_options o = { .workers = 3, .transport = t, .wait = w };
    const struct pool_job job = {
        .work = stay_busy, .arg = f, .tasks = 3, .chunk = 1, .schedule = POOL_DYNAMIC
    };
    struct pool *pool;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (pool_open(&pool, &o, NULL, 0))
        _exit(1);
    for (int i = 0; i < 3; i++)
        atomic_store(&f->pids[i], pool_pid(pool, i));
    if (with_job)
        pool_run(pool, &job);
    for (;;)
        pause();
}

static void expect_gone(int pid)
{
    double until = seconds_now() + 1;
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (seconds_now() > until) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            fail_msg("%s: a worker outlived its owner by a second", where);
        }
        nap_ms(2);
    }
}

static void kill_the_owner(enum pool_transport t, enum pool_wait w)
{
    for (int with_job = 0; with_job < 2; with_job++) {
        struct family *f =
            mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(f != MAP_FAILED);
        snprintf(where, sizeof where, "%s, %s, %s", transport_names[t], wait_names[w],
                 with_job ? "busy" : "idle");
        fflush(NULL);
        pid_t owner = fork();
        if (owner == 0)
            own_a_pool(f, t, w, with_job);
        while (!atomic_load(&f->pids[2]) || (with_job && !atomic_load(&f->busy)))
            nap_ms(1);
        kill(owner, SIGKILL);
        expect(waitpid(owner, NULL, 0) == owner);
        for (int i = 0; i < 3; i++)
            expect_gone(f->pids[i]); /* we are the subreaper: they are our children now */
        munmap(f, sizeof *f);
    }
}

static void death_of_the_owner(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for_each_kind(kill_the_owner);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* What the caller had buffered is printed once, by the caller. */
static void buffers_are_flushed_once(void **state)
{
    char text[100];
    int fds[2];
    (void)state;
    assert_int_equal(pipe(fds), 0);
    FILE *f = fdopen(fds[1], "w");
    assert_non_null(f);
    fputs("once", f);
    const struct pool_options o = options_of(3, POOL_SHM, POOL_PASSIVE);
    pool_close(open_or_fail(&o));
    fclose(f);
    assert_int_equal(read(fds[0], text, sizeof text), 4);
    assert_int_equal(read(fds[0], text, sizeof text), 0);
    close(fds[0]);
}

/* Binding: worker k sits on cpus[k % cpu_count]; the caller stays where it was. */
static void allowed_list(char *text, int room)
{
    FILE *f = fopen("/proc/self/status", "r");
    text[0] = 0;
    while (f && fgets(text, room, f))
        if (!strncmp(text, "Cpus_allowed_list:", 18))
            break;
    if (f)
        fclose(f);
}

struct seats {
    char list[3][200];
};

static int sit(void *arg, int worker)
{
    struct seats *s = arg;
    allowed_list(s->list[worker], sizeof s->list[worker]);
    return 0;
}

static void workers_are_bound(void **state)
{
    char mine[200], after[200], wanted[64];
    int cpu = 0;
    (void)state;
    allowed_list(mine, sizeof mine);
    assert_int_equal(sscanf(mine, "Cpus_allowed_list: %d", &cpu), 1);
    struct seats *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s != MAP_FAILED);
    struct pool_options o = options_of(3, POOL_SHM, POOL_PASSIVE);
    o.cpus = &cpu;
    o.cpu_count = 1;
    o.initializer = sit;
    o.initializer_arg = s;
    pool_close(open_or_fail(&o));
    snprintf(wanted, sizeof wanted, "Cpus_allowed_list:\t%d\n", cpu);
    for (int i = 0; i < 3; i++)
        assert_string_equal(s->list[i], wanted);
    o.cpu_count = 0;
    pool_close(open_or_fail(&o));
    for (int i = 0; i < 3; i++)
        assert_string_equal(s->list[i], mine);
    allowed_list(after, sizeof after);
    assert_string_equal(mine, after);
    munmap(s, sizeof *s);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bad_options),
        TEST(initializer_runs_once),
        TEST(initializer_fails),
        TEST(workers_are_bound),
        TEST(buffers_are_flushed_once),
        TEST(pool_of_nothing),
        TEST(many_tasks),
        TEST(odd_sizes),
        TEST(calls),
        TEST(chunks_are_ranges),
        TEST(bad_jobs),
        TEST(eight_pools_in_shared_memory),
        TEST(eight_pools_through_pipes),
        TEST(two_hundred_workers),
        TEST(death_in_a_task),
        TEST(death_in_a_long_job),
        TEST(death_while_idle_in_shared_memory),
        TEST(death_while_idle_through_pipes),
        TEST(death_of_all),
        TEST(stopped_worker),
        TEST(reaped_by_others),
        TEST(death_of_the_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
