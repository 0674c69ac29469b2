/* SPDX-License-Identifier: MIT
 *
 * The world around a pool: OpenMP on both sides, a host that reaps every child or is interrupted
 * all the time, too few descriptors or processes, callers that end in odd ways, tasks with bad
 * manners, neighbours.
 */
#include "pool_harness.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#if !UNDER_TSAN
#include <omp.h>
#endif

enum { TASKS = 20, GONE_SECONDS = 5 };

/* ---- a map whose results are looked at ---- */

/* What a task can do besides its work.  A number, for a spawned worker has functions elsewhere. */
enum deed_name {
    NOTHING,
    KILL_ITSELF,
    WRITE_BEFORE,
    CLOSE_ALL,
    GO_ELSEWHERE,
    BLOCK_SIGNALS,
    MOVE_TO_ONE_CPU,
    LIMIT_ITSELF,
    LEAVE_A_THREAD,
    LEAVE_A_CHILD,
    DEEDS
};

static void do_deed(enum deed_name name, void *arg);

struct deed {
    enum deed_name name;
    void *arg;
    long bad; /* the task that does it */
    long ms;  /* that every task takes */
};

static int work(const void *arg, long i, struct pool_task *t)
{
    const struct deed *d = arg;
    if (d->ms)
        nap_ms(d->ms);
    if (i == d->bad)
        do_deed(d->name, d->arg);
    *(long *)pool_out(t, i) = 5 * *(const long *)pool_in(t, i);
    return 0;
}

static long in[TASKS], out[TASKS];
static struct pool_status status[TASKS];

static struct pool_call call_of(const struct deed *d)
{
    for (long i = 0; i < TASKS; i++) {
        in[i] = i + 1000;
        out[i] = -7;
    }
    return (struct pool_call){ .fn = work,
                               .arg = d,
                               .arg_size = sizeof *d,
                               .in = in,
                               .in_size = sizeof *in,
                               .out = out,
                               .out_size = sizeof *out,
                               .n = TASKS,
                               .chunk = 2,
                               .status = status };
}

/* Every task is done but D's; that one ended with OUTCOME. */
static void map_deed(struct pool *p, const struct deed *d, int outcome)
{
    const struct pool_call call = call_of(d);
    map_or_fail(p, &call, outcome != POOL_OK);
    for (long i = 0; i < TASKS; i++) {
        int wanted = i == d->bad ? outcome : POOL_OK;
        expect_equal(status[i].outcome, wanted);
        expect_equal(out[i], wanted == POOL_OK ? 5 * in[i] : -7);
    }
}

static void map_well(struct pool *p)
{
    map_deed(p, &(const struct deed){ .bad = -1 }, POOL_OK);
}

static const struct deed death = { .name = KILL_ITSELF, .bad = 5 };

/* ---- OpenMP (case 76) ---- */

#if !UNDER_TSAN

static long sum_with_openmp(int *team)
{
    long sum = 0;
    int threads = 0;
#pragma omp parallel reduction(+ : sum)
    {
#pragma omp atomic write
        threads = omp_get_num_threads();
#pragma omp for
        for (long i = 0; i < 10000; i++)
            sum += i;
    }
    *team = threads;
    return sum;
}

static int openmp_task(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    int team;
    long sum = sum_with_openmp(&team);
    *(long *)pool_out(t, i) = sum == 49995000 ? team : -1;
    return 0;
}

static void openmp_one(const struct kind *k)
{
    int cpu = sched_getcpu(), team;
    for (int bound = 0; bound < 2; bound++) {
        struct pool_options o = options_of(k);
        say_more(bound ? "bound" : "not bound");
        o.cpus = &cpu;
        o.cpu_count = bound;
        expect_equal(sum_with_openmp(&team), 49995000);
        struct pool *p = open_or_fail(&o);
        expect_equal(sum_with_openmp(&team), 49995000);
        const struct pool_call call = {
            .fn = openmp_task, .n = TASKS, .out = out, .out_size = sizeof *out
        };
        map_or_fail(p, &call, 0);
        for (int i = 0; i < TASKS; i++)
            expect(bound && is_process(k) ? out[i] == 1 : out[i] >= 1);
        if (is_process(k))
            map_deed(p, &death, POOL_KILLED); /* a replacement is born after our parallel region */
        map_or_fail(p, &call, 0);
        expect_equal(sum_with_openmp(&team), 49995000);
        pool_free(p);
    }
    expect_equal(sum_with_openmp(&team), 49995000);
}

static void openmp_on_both_sides(void **state)
{
    (void)state;
    for_each_start(openmp_one, 2);
    omp_pause_resource_all(omp_pause_hard); /* its threads are not the pool's to end */
}

#endif

/* ---- children (fault 16) ---- */

static void some_deaths(const struct kind *k)
{
    struct pool_options o = options_of(k);
    if (!is_process(k))
        return;
    for (int most = 0; most <= 3; most += 3) {
        o.max_tasks = most;
        say_more("max_tasks %d", most);
        struct pool *p = open_or_fail(&o);
        map_well(p);
        map_deed(p, &death, POOL_KILLED);
        map_well(p);
        map_deed(p, &death, POOL_KILLED);
        pool_free(p);
    }
}

static void ignored_children(void **state)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, usual = { .sa_handler = SIG_DFL };
    (void)state;
    sigaction(SIGCHLD, &ignore, NULL);
    for_each_start(some_deaths, 3);
    sigaction(SIGCHLD, &usual, NULL);
}

static void reap_all(int number)
{
    int error = errno;
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    errno = error;
}

/* By a handler of SIGCHLD, as servers do. */
static void reaped_children(void **state)
{
    struct sigaction reap = { .sa_handler = reap_all, .sa_flags = SA_RESTART };
    struct sigaction usual = { .sa_handler = SIG_DFL };
    (void)state;
    sigaction(SIGCHLD, &reap, NULL);
    for_each_start(some_deaths, 3);
    sigaction(SIGCHLD, &usual, NULL);
}

/* ---- memory guard (case 51) ---- */

static int leak(const void *arg, long i, struct pool_task *t)
{
    const size_t size = 3 << 20;
    char *lost = malloc(size);
    (void)arg;
    if (!lost)
        return ENOMEM;
    memset(lost, (int)i + 1, size);
    __asm__ volatile("" : : "r"(lost) : "memory");
    ((long *)pool_out(t, i))[0] = (long)getpid();
    return 0;
}

static void guard_one(const struct kind *k)
{
    struct pool_options o = options_of(k);
    int pids = 0;
    if (!is_process(k))
        return;
    o.max_rss_kib = 24 << 10;
    struct pool *p = open_or_fail(&o);
    long old[2] = { pool_pid(p, 0), pool_pid(p, 1) };
    map_or_fail(p,
                &(struct pool_call){
                    .fn = leak, .n = TASKS, .chunk = 1, .out = out, .out_size = sizeof *out },
                0);
    for (int i = 0; i < TASKS; i++) {
        int seen = 0;
        expect(out[i] > 0);
        for (int before_i = 0; before_i < i; before_i++)
            seen |= out[before_i] == out[i];
        pids += !seen;
    }
    expect(pids > 2); /* 60 MB do not fit into two */
    map_well(p);
    expect(pool_pid(p, 0) != old[0] || pool_pid(p, 1) != old[1]);
    pool_free(p);
}

static void memory_guard(void **state)
{
    (void)state;
    if (UNDER_SANITIZER)
        skip(); /* they take more memory than the limit, and keep what was freed */
    for_each_start(guard_one, 2);
}

/* ---- interrupted all the time (fault 10) ---- */

static _Atomic long interruptions;

static void on_tick(int number)
{
    (void)number;
    interruptions++;
}

enum { BIG = 100 << 10, BIG_TASKS = 12 };

struct big {
    unsigned char byte[BIG];
};

static int invert(const void *arg, long i, struct pool_task *t)
{
    const struct big *from = pool_in(t, i);
    struct big *to = pool_out(t, i);
    if (i == *(const long *)arg)
        raise(SIGKILL);
    for (int k = 0; k < BIG; k++)
        to->byte[k] = (unsigned char)~from->byte[k];
    return 0;
}

static struct big big_in[BIG_TASKS], big_out[BIG_TASKS];

static int next_big(void *arg, void *to)
{
    int *at = arg;
    if (*at == BIG_TASKS)
        return 0;
    memcpy(to, &big_in[(*at)++], sizeof(struct big));
    return 1;
}

static void expect_inverted(long i, const struct big *b)
{
    for (int k = 0; k < BIG; k++)
        if (b->byte[k] != (unsigned char)~big_in[i].byte[k])
            fail_msg("%s: task %ld: wrong at byte %d", where, i, k);
}

static void storm_one(const struct kind *k)
{
    static struct big result;
    struct pool *p = open_kind(k);
    struct pool_iterator *it;
    long bad = is_process(k) ? 3 : -1, none = -1;
    int at = 0;
    struct pool_call call = { .fn = invert,
                              .arg = &bad,
                              .arg_size = sizeof bad,
                              .in = big_in,
                              .in_size = sizeof *big_in,
                              .out = big_out,
                              .out_size = sizeof *big_out,
                              .n = BIG_TASKS };
    map_or_fail(p, &call, bad >= 0);
    call.arg = &none;
    map_or_fail(p, &call, 0);
    for (long i = 0; i < BIG_TASKS; i++)
        expect_inverted(i, &big_out[i]);
    expect_equal(pool_resize(p, k->workers + 1), 0);
    const struct pool_stream s = { .fn = invert,
                                   .arg = &none,
                                   .arg_size = sizeof none,
                                   .next = next_big,
                                   .next_arg = &at,
                                   .in_size = sizeof result,
                                   .out_size = sizeof result };
    expect_equal(pool_imap(p, &s, &it), 0);
    for (long i = 0; i < BIG_TASKS; i++) {
        expect_equal(pool_imap_next(it, &result, NULL), 1);
        expect_inverted(i, &result);
    }
    expect_equal(pool_imap_next(it, &result, NULL), 0);
    pool_imap_end(it);
    expect_equal(pool_close(p), 0);
    expect_equal(pool_join(p), 0);
    pool_free(p);
}

static void storm_of_signals(void **state)
{
    struct sigaction action = { .sa_handler = on_tick }, old; /* no SA_RESTART */
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
    const long ns = UNDER_SANITIZER ? 2000000 : 200000;
    const struct itimerspec often = { { 0, ns }, { 0, ns } };
    timer_t timer;
    (void)state;
    for (int i = 0; i < BIG_TASKS; i++)
        for (int k = 0; k < BIG; k++)
            big_in[i].byte[k] = (unsigned char)(i * 31 + k * 7 + k / 256);
    sigaction(SIGUSR2, &action, &old);
    expect_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    expect_equal(timer_settime(timer, 0, &often, NULL), 0);
    for_each_start(storm_one, 3);
    timer_delete(timer);
    sigaction(SIGUSR2, &old, NULL);
    expect(interruptions > 10);
}

/* ---- bad manners (faults 18, 19) ---- */

/* The page before the arena is nobody's: who writes below its first array hits that. */
static void wild_one(const struct kind *k)
{
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    struct deed wild = { .name = WRITE_BEFORE, .bad = 5 };
    wild.arg = alloc_or_fail(p, 64);
    map_deed(p, &wild, POOL_KILLED);
    map_well(p);
    pool_free(p);
}

static void wild_write(void **state)
{
    (void)state;
    for_each_start(wild_one, 2);
}

static void go_elsewhere(void)
{
    if (chdir("/"))
        abort();
    umask(0777);
    clearenv();
    setsid();
    setpriority(PRIO_PROCESS, 0, 19);
}

static void block_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_IGN);
}

static void move_to_one_cpu(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void limit_itself(void)
{
    const struct rlimit few = { 3, 3 }, none = { 0, 0 };
    setrlimit(RLIMIT_NOFILE, &few);
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_NPROC, &none);
    setrlimit(RLIMIT_STACK, &none);
}

static void *stay(void *arg)
{
    while (!arg)
        pause();
    return arg;
}

static void do_deed(enum deed_name name, void *arg)
{
    pthread_t thread;
    switch (name) {
    case KILL_ITSELF:
        raise(SIGKILL);
        break;
    case WRITE_BEFORE:
        *((volatile char *)arg - 1) = 1;
        break;
    case CLOSE_ALL:
        syscall(SYS_close_range, 3, UINT_MAX, 0);
        break;
    case GO_ELSEWHERE:
        go_elsewhere();
        break;
    case BLOCK_SIGNALS:
        block_signals();
        break;
    case MOVE_TO_ONE_CPU:
        move_to_one_cpu();
        break;
    case LIMIT_ITSELF:
        limit_itself();
        break;
    case LEAVE_A_THREAD:
        pthread_create(&thread, NULL, stay, NULL);
        break;
    case LEAVE_A_CHILD:
        if (fork() == 0)
            stay(NULL);
        break;
    default:
        break;
    }
}

static void manners_one(const struct kind *k)
{
    if (!is_process(k))
        return;
    for (int name = CLOSE_ALL; name < DEEDS; name++) {
        const struct deed deed = { .name = (enum deed_name)name, .bad = 5 };
        int no_pipes = k->transport == POOL_PIPE && name == CLOSE_ALL;
        say_more("deed %d", name);
        struct pool *p = open_kind(k);
        /* Who closes the pipes cannot give results: that is the task's failure, and no other's. */
        map_deed(p, &deed, no_pipes ? POOL_EXITED : POOL_OK);
        map_well(p);
        map_deed(p, &death, POOL_KILLED);
        map_deed(p, &deed, no_pipes ? POOL_EXITED : POOL_OK);
        pool_free(p);
    }
}

static void bad_manners(void **state)
{
    (void)state;
    orphans_allowed = 1;
    for_each_start(manners_one, 2);
}

/* ---- the caller's end (fault 7) ---- */

enum { BY_TERMINATE, BY_EXIT, BY_EXIT_AT_ONCE, BY_EXEC, BY_KILL, ENDS };

static void end_caller(const struct kind *k, int how)
{
    struct pool *p;
    struct pool_ticket *ticket;
    const struct deed slow = { .bad = -1, .ms = 30000 };
    const struct pool_options o = options_of(k);
    const struct pool_call call = call_of(&slow);
    alarm(0);
    if (pool_open(&p, &o, NULL, 0) || pool_map_async(p, &call, &ticket))
        _exit(1);
    nap_ms(5);
    switch (how) {
    case BY_EXIT:
        exit(0);
    case BY_EXIT_AT_ONCE:
        _exit(0);
    case BY_EXEC:
        execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
        _exit(1);
    case BY_KILL:
        raise(SIGKILL);
        break;
    default:
        _exit(pool_terminate(p) != 0);
    }
}

static void ends_one(const struct kind *k)
{
    for (int how = 0; how < ENDS; how++) {
        int state;
        if (how == BY_TERMINATE && !is_process(k))
            continue; /* it waits for what threads have in hand */
        say_more("end %d", how);
        fflush(NULL);
        pid_t caller = fork();
        if (caller == 0)
            end_caller(k, how);
        expect_equal(waitpid(caller, &state, 0), caller);
        if (!UNDER_SANITIZER) /* they look for leaks at exit(), and find the pool */
            expect_equal(state, how == BY_KILL ? SIGKILL : 0);
        expect_within(GONE_SECONDS, waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    }
}

static void ends_of_the_caller(void **state)
{
    (void)state;
    if (UNDER_TSAN)
        skip(); /* exit() in a forked child waits for its background thread */
    for_each_start(ends_one, 2);
}

/* Who opened the pool may end; the pool does not. */
struct opener {
    const struct kind *kind;
    struct pool *pool;
};

static void *open_elsewhere(void *arg)
{
    struct opener *o = arg;
    const struct pool_options options = options_of(o->kind);
    if (pool_open(&o->pool, &options, NULL, 0))
        o->pool = NULL;
    return NULL;
}

static void creator_one(const struct kind *k)
{
    struct opener o = { k, NULL };
    pthread_t thread;
    expect_equal(pthread_create(&thread, NULL, open_elsewhere, &o), 0);
    pthread_join(thread, NULL);
    expect(o.pool != NULL);
    int pid = pool_pid(o.pool, 0);
    nap_ms(20);
    map_well(o.pool);
    expect_equal(pool_pid(o.pool, 0), pid);
    pool_free(o.pool);
}

static void creator_thread_ends(void **state)
{
    (void)state;
    for_each_start(creator_one, 2);
}

/* ---- too few of something (faults 11, 12) ---- */

static void few_fds_one(const struct kind *k)
{
    struct rlimit old, few;
    struct belongings empty = look();
    int opened = 0, refused = 0, lowest = fcntl(STDOUT_FILENO, F_DUPFD, 0);
    close(lowest);
    getrlimit(RLIMIT_NOFILE, &old);
    few = old;
    for (int more = 0; more < 60 && opened < 3; more++) {
        struct pool *p = NULL;
        const struct pool_options o = options_of(k);
        char message[600] = "";
        few.rlim_cur = (rlim_t)(lowest + more);
        say_more("%d more descriptors", more);
        setrlimit(RLIMIT_NOFILE, &few);
        int error = pool_open(&p, &o, message, sizeof message);
        if (!error) { /* what was enough to begin is enough to go on, or fails with a sentence */
            const struct pool_call call = call_of(&death);
            long failed = pool_map(p, &call);
            if (failed < 0 || (failed != 1 && is_process(k)))
                fail_msg("%s: %ld: %s", where, failed, pool_message(p));
            pool_free(p);
        }
        setrlimit(RLIMIT_NOFILE, &old);
        opened += !error;
        refused += error != 0;
        expect(error <= 0 && !error == !message[0] && !error == (p != NULL));
        expect_equal(look().fds, empty.fds);
    }
    expect(opened == 3 && (refused > 0 || k->start == POOL_THREAD));
}

static void few_descriptors(void **state)
{
    (void)state;
    if (UNDER_SANITIZER)
        skip(); /* they need some for themselves */
    for (int t = POOL_SHM; t <= POOL_PIPE; t++)
        for (int s = POOL_FORK; s <= POOL_SPAWN; s++) {
            const struct kind k = { (enum pool_start)s, (enum pool_transport)t, 3 };
            say_where(&k);
            few_fds_one(&k);
        }
}

enum { NOBODY = 54321 };

/* In a process of its own, for the limit is a user's; root has none, so it becomes somebody. */
static int open_too_many(const struct kind *k, char *message, size_t size)
{
    const struct rlimit few = { 4, 4 };
    struct pool_options o = options_of(k);
    struct pool *p;
    if (geteuid() == 0 && (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY)))
        return 2;
    setrlimit(RLIMIT_NPROC, &few);
    int error = pool_open(&p, &o, message, size);
    if (error != -EAGAIN || p)
        return 3;
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        return 4; /* those that were born are reaped */
    return strstr(message, "worker") ? 0 : 5;
}

static void few_processes_one(const struct kind *k)
{
    int fds[2], state;
    char message[600] = "";
    expect_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        state = open_too_many(k, message, sizeof message);
        if (write(fds[1], message, sizeof message) < 0)
            state = 6;
        _exit(state);
    }
    expect_equal(waitpid(child, &state, 0), child);
    expect(read(fds[0], message, sizeof message) == (ssize_t)sizeof message);
    if (state)
        fail_msg("%s: ended with 0x%x: %s", where, state, message);
    close(fds[0]);
    close(fds[1]);
}

static void few_processes(void **state)
{
    (void)state;
    if (UNDER_SANITIZER)
        skip();
    for (int t = POOL_SHM; t <= POOL_PIPE; t++)
        for (int s = POOL_FORK; s <= POOL_THREAD; s += POOL_THREAD - POOL_FORK) {
            const struct kind k = { (enum pool_start)s, (enum pool_transport)t, 8 };
            say_where(&k);
            few_processes_one(&k);
        }
}

/* ---- descriptors of workers (case 70) ---- */

static int has_fd(const void *arg, long i, struct pool_task *t)
{
    *(long *)pool_out(t, i) = fcntl(*(const int *)arg, F_GETFD) >= 0;
    return 0;
}

static void fds_one(const struct kind *k)
{
    int zero = open("/dev/zero", O_RDONLY), fd = fcntl(zero, F_DUPFD, 50);
    struct pool *p = open_kind(k);
    struct pool_call call = {
        .fn = has_fd, .arg = &fd, .arg_size = sizeof fd, .n = 4, .out = out, .out_size = sizeof *out
    };
    expect(fd >= 50);
    map_or_fail(p, &call, 0);
    for (int i = 0; i < 4; i++)
        expect_equal(out[i], k->start != POOL_SPAWN);
    pool_free(p);
    close(fd);
    close(zero);
}

static void descriptors_of_workers(void **state)
{
    (void)state;
    for_each_start(fds_one, 2);
}

/* ---- pools in pools (cases 75, 83) ---- */

struct nest {
    int deep;
    enum pool_start start;
    _Atomic int *sleeping; /* in memory of the outermost pool */
};

static int nested(const void *arg, long i, struct pool_task *t)
{
    const struct nest *n = arg;
    struct nest inner = *n;
    struct pool *p;
    struct pool_options o = { .workers = 2, .start = n->start, .max_depth = 3 };
    (void)i;
    (void)t;
    if (!n->deep) {
        ++*n->sleeping;
        nap_ms(30000);
        return 0;
    }
    inner.deep--;
    if (pool_open(&p, &o, NULL, 0))
        return 1;
    long failed = pool_map(
        p, &(struct pool_call){ .fn = nested, .arg = &inner, .arg_size = sizeof inner, .n = 2 });
    pool_free(p);
    return failed != 0;
}

static void nested_kill(void **state)
{
    (void)state;
    orphans_allowed = 1;
    struct pool *p = open_or_fail(&(struct pool_options){ .workers = 2, .start = POOL_FORK });
    struct pool_ticket *ticket;
    _Atomic int *sleeping = alloc_or_fail(p, sizeof *sleeping);
    const struct nest n = { 2, POOL_FORK, sleeping };
    const struct pool_call call = { .fn = nested, .arg = &n, .arg_size = sizeof n, .n = 2 };
    snprintf(where, sizeof where, "two deep");
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect_within(20, *sleeping == 8);
    expect_equal(pool_terminate(p), 0);
    expect_equal(pool_finish(ticket), -ECANCELED);
    pool_free(p);
    expect_within(GONE_SECONDS, waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static int fail_inside(const void *arg, long i, struct pool_task *t)
{
    struct pool *p;
    (void)arg;
    if (t->in_size) /* a task of the inner pool */
        return i == 1 ? (raise(SIGKILL), 0) : pool_fail(t, 9, "not today");
    if (pool_open(&p, &(struct pool_options){ .workers = 2, .start = POOL_FORK, .max_depth = 1 },
                  NULL, 0))
        return 1;
    long failed =
        pool_map(p, &(struct pool_call){ .fn = fail_inside, .n = 3, .in = in, .in_size = 8 });
    pool_free(p);
    return failed == 3 ? 0 : 2;
}

/* Nobody writes to stderr because something failed. */
static void nested_failures_are_silent(void **state)
{
    char text[200] = "";
    int file = memfd_create("stderr", MFD_CLOEXEC), old = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    (void)state;
    dup2(file, STDERR_FILENO);
    struct pool *p = open_or_fail(&(struct pool_options){ .workers = 2, .start = POOL_FORK });
    long failed = pool_map(p, &(struct pool_call){ .fn = fail_inside, .n = 4 });
    pool_free(p);
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    expect(pread(file, text, sizeof text - 1, 0) >= 0);
    close(file);
    expect_equal(failed, 0);
    if (text[0])
        fail_msg("on stderr: %s", text);
}

/* ---- neighbours (case 82) ---- */

enum { POOLS = UNDER_EMULATOR ? 4 : 8 }; /* it has less address space */

static void neighbours_one(const struct kind *k)
{
    struct pool *pools[POOLS];
    struct pool_ticket *ticket[POOLS];
    static long results[POOLS][TASKS];
    const struct deed well = { .bad = -1, .ms = 1 };
    struct pool_call call = call_of(&well);
    for (int i = 0; i < POOLS; i++)
        pools[i] = open_kind(k);
    for (int i = 0; i < POOLS; i++) {
        call.arg = i % 2 && is_process(k) ? &death : &well;
        call.out = results[i];
        call.status = NULL;
        expect_equal(pool_map_async(pools[i], &call, &ticket[i]), 0);
    }
    pool_free(NULL);
    for (int i = POOLS - 1; i >= 0; i--) {
        int one_fails = i % 2 && is_process(k);
        expect_equal(pool_finish(ticket[i]), one_fails);
        for (int j = 0; j < TASKS; j++)
            if (!one_fails || j != death.bad)
                expect_equal(results[i][j], 5 * in[j]);
        pool_free(pools[i]); /* the others go on */
    }
}

static void eight_pools(void **state)
{
    (void)state;
    for_each_start(neighbours_one, 2);
}

static void two_processes(const struct kind *k)
{
    int state;
    pid_t other = fork();
    for (int round = 0; round < 3; round++) {
        struct pool_options o = options_of(k);
        struct pool *p;
        const struct deed d = { .bad = -1, .ms = 1 };
        const struct pool_call call = call_of(&d);
        if (pool_open(&p, &o, NULL, 0) || pool_map(p, &call) || out[7] != 5 * in[7])
            _exit(1);
        pool_free(p);
    }
    if (other == 0)
        _exit(0);
    expect_equal(waitpid(other, &state, 0), other);
    expect_equal(state, 0);
}

static void two_programs(void **state)
{
    (void)state;
    for_each_start(two_processes, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#if !UNDER_TSAN
        TEST(openmp_on_both_sides),
#endif
        TEST(ignored_children),
        TEST(reaped_children),
        TEST(memory_guard),
        TEST(storm_of_signals),
        TEST(wild_write),
        TEST(bad_manners),
        TEST(ends_of_the_caller),
        TEST(creator_thread_ends),
        TEST(few_descriptors),
        TEST(few_processes),
        TEST(descriptors_of_workers),
        TEST(nested_kill),
        TEST(nested_failures_are_silent),
        TEST(eight_pools),
        TEST(two_programs),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
