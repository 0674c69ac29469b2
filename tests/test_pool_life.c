/* SPDX-License-Identifier: MIT
 *
 * Workers' lives: birth, death in all its forms, replacement, recycling, nesting, and the end of
 * the caller.
 */
#include "pool_harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>

enum { TASKS = 20 };

/* In pool_alloc memory. */
struct board {
    _Atomic int births[16];
    _Atomic int runs[TASKS];
    _Atomic int pid[TASKS];
    _Atomic int started;
};

struct order {
    struct board *board;
    int bad, how;
    long ms;
};

static void sleep_ms(long ms)
{
    const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

enum {
    BY_SEGV,
    BY_BUS,
    BY_ABORT,
    BY_FPE,
    BY_KILL,
    BY_TERM,
    BY_OVERFLOW,
    BY_EXIT,
    BY_EXIT_42,
    BY_UEXIT,
    BY_EXEC,
    WAYS
};

static volatile int deeper = 1; /* for ever, but the compiler cannot know */

static __attribute__((noinline)) int overflow(volatile char *outer)
{
    volatile char inner[4096];
    inner[0] = outer ? outer[0] : 1;
    return (deeper ? overflow(inner) : 0) + inner[0];
}

static void die(int how)
{
    switch (how) {
    case BY_SEGV: {
        int *volatile nowhere = (int *)8;
        *nowhere = 1;
        break;
    }
    case BY_OVERFLOW:
        overflow(NULL);
        break;
    case BY_EXIT:
        exit(0);
    case BY_EXIT_42:
        exit(42);
    case BY_UEXIT:
        _exit(3);
    case BY_EXEC:
        execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
        break;
    default:
        raise(how == BY_BUS     ? SIGBUS
              : how == BY_ABORT ? SIGABRT
              : how == BY_FPE   ? SIGFPE
              : how == BY_KILL  ? SIGKILL
                                : SIGTERM);
    }
}

static int work(const void *arg, long i, struct pool_task *t)
{
    const struct order *o = arg;
    o->board->runs[i]++;
    o->board->pid[i] = (int)getpid();
    o->board->started++;
    if (o->ms)
        sleep_ms(o->ms);
    if (i == o->bad)
        die(o->how);
    *(long *)pool_out(t, i) = i * i;
    return 0;
}

static int wait_only(const void *arg, long i, struct pool_task *t)
{
    (void)i;
    (void)t;
    sleep_ms(((const struct order *)arg)->ms);
    return 0;
}

static long out[TASKS];
static struct pool_status status[TASKS];

static struct pool_call call_of(const struct order *o)
{
    for (int i = 0; i < TASKS; i++)
        out[i] = -7;
    return (struct pool_call){ .fn = work,
                               .arg = o,
                               .arg_size = sizeof *o,
                               .n = TASKS,
                               .out = out,
                               .out_size = sizeof *out,
                               .status = status };
}

static void expect_but(long bad)
{
    for (long i = 0; i < TASKS; i++)
        if (i != bad && (out[i] != i * i || status[i].outcome != POOL_OK))
            fail_msg("%s: task %ld: outcome %d, result %ld", where, i, status[i].outcome, out[i]);
}

/* ---- deaths ---- */

static void *nothing(void *arg)
{
    return arg;
}

/* With a second thread the allocator takes its lock, and has it when it finds its heap broken. */
static int break_heap(const void *arg, long i, struct pool_task *t)
{
    pthread_t other;
    (void)arg;
    (void)i;
    (void)t;
    if (pthread_create(&other, NULL, nothing, NULL))
        return 1;
    size_t *volatile last = malloc(100000);
    memset(last, 0, 100000);
    last[malloc_usable_size(last) / sizeof *last] = 8; /* the size of what lies behind */
    return malloc(120000) == NULL;
}

static void die_in_the_allocator(const struct kind *k)
{
    struct pool_status s;
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    struct pool_call call = { .fn = break_heap, .n = 1, .status = &s };
    map_or_fail(p, &call, 1);
    expect_equal(s.outcome, POOL_KILLED);
    expect_equal(s.code, SIGABRT);
    expect_part(pool_message(p), ", in "); /* it could say where */
    pool_free(p);
}

static void deaths_in_the_allocator(void **state)
{
    (void)state;
    if (UNDER_SANITIZER) /* theirs is another */
        skip();
    for_each_start(die_in_the_allocator, 1);
}

static void die_in_task(const struct kind *k)
{
    static const struct {
        int outcome, code;
    } wanted[WAYS] = { [BY_SEGV] = { POOL_KILLED, SIGSEGV },
                       [BY_BUS] = { POOL_KILLED, SIGBUS },
                       [BY_ABORT] = { POOL_KILLED, SIGABRT },
                       [BY_FPE] = { POOL_KILLED, SIGFPE },
                       [BY_KILL] = { POOL_KILLED, SIGKILL },
                       [BY_TERM] = { POOL_KILLED, SIGTERM },
                       [BY_OVERFLOW] = { POOL_KILLED, SIGSEGV },
                       [BY_EXIT] = { POOL_EXITED, 0 },
                       [BY_EXIT_42] = { POOL_EXITED, 42 },
                       [BY_UEXIT] = { POOL_EXITED, 3 },
                       [BY_EXEC] = { POOL_EXITED, 5 } };
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    struct board *board = alloc_or_fail(p, sizeof *board);
    for (int how = 0; how < WAYS; how++) {
        const struct order o = { .board = board, .bad = 5, .how = how };
        struct pool_failure f[2];
        struct pool_call call = call_of(&o);
        call.chunk = how % 2 ? 1 : 7;
        call.failures = f;
        call.failure_room = 2;
        say_more("way %d", how);
        map_or_fail(p, &call, 1);
        expect_but(5);
        expect_equal(f[0].task, 5);
        expect_equal(f[1].task, -1);
        expect_equal(status[5].outcome, wanted[how].outcome);
        expect_equal(status[5].code, wanted[how].code);
        expect(f[0].text[0]);
        if (how == BY_SEGV)
            expect_part(f[0].text, "SIGSEGV (11) at address 0x8, in ");
    }
    pool_free(p);
}

static void death_in_a_task(void **state)
{
    (void)state;
    for_each_kind(die_in_task);
}

static void kill_idle(const struct kind *k)
{
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order o = { .board = board, .bad = -1 };
    for (int round = 0; round < 5; round++) {
        struct pool_call call = call_of(&o);
        for (int w = 0; w < (round % 2 ? 1 : k->workers); w++)
            kill(pool_pid(p, w), SIGKILL);
        map_or_fail(p, &call, 0);
        expect_but(-1);
    }
    struct pool_statistics s;
    expect_equal(pool_statistics(p, &s), 0);
    expect(s.restarts >= 1);
    pool_free(p);
}

static void death_while_idle(void **state)
{
    (void)state;
    for_each_kind(kill_idle);
}

static void retried(const struct kind *k)
{
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order o = { .board = board, .bad = 5, .how = BY_KILL };
    struct pool_call call = call_of(&o);
    call.retries = 3; /* it dies every time */
    map_or_fail(p, &call, 1);
    expect_but(5);
    expect_equal(status[5].tries, 4);
    expect_equal(board->runs[5], 4);
    pool_free(p);
}

static void poison_is_given_up(void **state)
{
    (void)state;
    for_each_start(retried, 2);
}

/* ---- a successor in the job in which its predecessor died ---- */

enum { LONG = 600, EVERY = 97 };

/* In pool_alloc memory: who did which task of a long job, and how often it was begun. */
struct log {
    _Atomic int pid[LONG];
    _Atomic int runs[LONG];
    _Atomic int first, other; /* who did the first task that was done; somebody else who did one */
};

struct long_job {
    struct log *log;
    int first_bad, next_bad; /* tasks FIRST_BAD, FIRST_BAD + NEXT_BAD, ... kill their workers */
    int ms;                  /* how long `first` waits for `other`; 0: not at all */
};

/* In the first task that is done: until somebody else has done one, too. */
static void wait_for_another(const struct long_job *j, int pid)
{
    int nobody = 0;
    if (atomic_compare_exchange_strong(&j->log->first, &nobody, pid))
        for (int ms = 0; ms < j->ms && !j->log->other; ms++)
            sleep_ms(1);
    else if (j->log->first != pid)
        j->log->other = pid;
}

static int write_down(const void *arg, long i, struct pool_task *t)
{
    const struct long_job *j = arg;
    (void)t;
    j->log->runs[i]++;
    if (i % j->next_bad == j->first_bad)
        raise(SIGKILL);
    j->log->pid[i] = (int)getpid();
    wait_for_another(j, (int)getpid());
    return 0;
}

static void do_long_job(struct pool *p, const struct long_job *j, enum pool_schedule schedule,
                        long chunk)
{
    const long bad = (LONG - 1 - j->first_bad) / j->next_bad + 1;
    const struct pool_call call = { .fn = write_down,
                                    .arg = j,
                                    .arg_size = sizeof *j,
                                    .n = LONG,
                                    .chunk = chunk,
                                    .schedule = schedule };
    memset(j->log, 0, sizeof *j->log);
    say_more("schedule %d, chunk %ld", (int)schedule, chunk);
    map_or_fail(p, &call, bad);
    for (long i = 0; i < LONG; i++) {
        expect_equal(j->log->runs[i], 1);
        expect_equal(j->log->pid[i] == 0, i % j->next_bad == j->first_bad);
    }
}

static int has_schedule(const struct kind *k, int schedule)
{
    return k->transport == POOL_SHM || (schedule != POOL_STATIC && schedule != POOL_STEAL);
}

/* The first task takes its worker along, and the other worker's first lasts until a successor has
 * done one. */
static void succeed(const struct kind *k)
{
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    const struct long_job j = { alloc_or_fail(p, sizeof *j.log), 0, LONG, 20000 };
    for (int schedule = POOL_DYNAMIC; schedule <= POOL_STEAL; schedule++) {
        if (!has_schedule(k, schedule) || schedule == POOL_STATIC) /* there it may not join */
            continue;
        do_long_job(p, &j, (enum pool_schedule)schedule, 1);
        expect(j.log->other != 0);
    }
    pool_free(p);
}

static void successor_joins_the_job(void **state)
{
    (void)state;
    for_each_start(succeed, 2);
}

/* However many die in one job, what they had done is not done again. */
static void die_in_one_job(const struct kind *k)
{
    if (!is_process(k) || k->transport == POOL_PIPE) /* there results die with their worker */
        return;
    struct pool *p = open_kind(k);
    const struct long_job j = { alloc_or_fail(p, sizeof *j.log), EVERY / 2, EVERY, 0 };
    for (int schedule = POOL_DYNAMIC; schedule <= POOL_STEAL; schedule++)
        for (long chunk = 0; chunk <= 7; chunk += chunk ? 6 : 1)
            do_long_job(p, &j, (enum pool_schedule)schedule, chunk);
    pool_free(p);
}

static void deaths_in_one_job(void **state)
{
    (void)state;
    for_each_kind(die_in_one_job);
}

/* ---- workers that die again and again ---- */

struct habit {
    int how;
    _Atomic long *killed; /* in pool_alloc memory */
    long good_from;       /* tasks from here on are done */
};

static int die_at_first(const void *arg, long i, struct pool_task *t)
{
    const struct habit *h = arg;
    (void)t;
    if (i >= h->good_from)
        return 0;
    ++*h->killed;
    die(h->how);
    return 0;
}

/* Every task takes its worker along: the call ends after `max_deaths` of them, or by default after
 * so many that each task could have been tried a hundred times; the pool can be used again. */
static void die_for_ever(const struct kind *k)
{
    if (!is_process(k))
        return;
    for (int limit = 0; limit <= 7; limit += 7) {
        struct pool_options o = options_of(k);
        o.max_deaths = limit;
        struct pool *p = open_or_fail(&o);
        struct habit h = { BY_KILL, alloc_or_fail(p, sizeof *h.killed), LONG };
        struct pool_status end[LONG];
        struct pool_call call = { .fn = die_at_first,
                                  .arg = &h,
                                  .arg_size = sizeof h,
                                  .n = LONG,
                                  .chunk = 1,
                                  .status = end };
        const long most = limit ? limit : 128L * k->workers;
        long killed = 0;
        say_more("at most %ld deaths", most);
        expect_equal(pool_map(p, &call), -EOWNERDEAD);
        expect_part(pool_message(p), " workers died one after the other, and no task was done");
        expect_part(pool_message(p), "killed by SIGKILL");
        for (long i = 0; i < LONG; i++) {
            expect(end[i].outcome == POOL_KILLED || end[i].outcome == POOL_NOT_RUN);
            killed += end[i].outcome == POOL_KILLED;
        }
        expect_equal(killed, *h.killed);
        expect(killed >= most && killed < most + k->workers);
        h.good_from = 0;
        map_or_fail(p, &call, 0);
        pool_free(p);
    }
}

/* A limit is for deaths in a row: here a task is done now and then; and it can be switched off.
 * (Where both workers die at once, each of the repair round's eight chunks may begin with a bad
 * task.) */
static void die_now_and_then(const struct kind *k)
{
    if (!is_process(k))
        return;
    struct pool_options o = options_of(k);
    o.max_deaths = 40;
    struct pool *p = open_or_fail(&o);
    const struct long_job j = { alloc_or_fail(p, sizeof *j.log), 0, 5, 0 };
    do_long_job(p, &j, POOL_DYNAMIC, 1);
    pool_free(p);
    o.max_deaths = -1;
    p = open_or_fail(&o);
    const struct habit h = { BY_EXIT_42, alloc_or_fail(p, sizeof *h.killed), 300 };
    const struct pool_call call = {
        .fn = die_at_first, .arg = &h, .arg_size = sizeof h, .n = 300, .chunk = 1
    };
    say_more("no limit");
    map_or_fail(p, &call, 300);
    pool_free(p);
}

/* In pool_alloc memory: a worker that waits for its end. */
struct victim {
    _Atomic int pid, enough;
};

static int await_the_end(const void *arg, long i, struct pool_task *t)
{
    struct victim *const *v = arg;
    (void)i;
    (void)t;
    (*v)->pid = (int)getpid();
    sleep_ms(60000);
    return 0;
}

static void *kill_again_and_again(void *arg)
{
    struct victim *v = arg;
    while (!v->enough) {
        int pid = atomic_exchange(&v->pid, 0);
        if (pid)
            kill(pid, SIGKILL);
        sleep_ms(1);
    }
    return NULL;
}

/* Somebody kills every worker before it gets anything done. */
static void killed_from_outside(const struct kind *k)
{
    pthread_t killer;
    if (!is_process(k))
        return;
    struct pool_options o = options_of(k);
    o.max_deaths = 20;
    struct pool *p = open_or_fail(&o);
    struct victim *v = alloc_or_fail(p, sizeof *v);
    const struct pool_call call = {
        .fn = await_the_end, .arg = &v, .arg_size = sizeof v, .n = LONG, .chunk = 1
    };
    expect_equal(pthread_create(&killer, NULL, kill_again_and_again, v), 0);
    long result = pool_map(p, &call);
    v->enough = 1;
    pthread_join(killer, NULL);
    expect_equal(result, -EOWNERDEAD);
    expect_part(pool_message(p), "20 workers died one after the other");
    pool_free(p);
}

static void deaths_have_a_limit(void **state)
{
    (void)state;
    for_each_start(die_for_ever, 1);
    for_each_start(die_for_ever, 2);
    for_each_start(die_now_and_then, 2);
    for_each_start(killed_from_outside, 1);
}

static void time_out(const struct kind *k)
{
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order o = { .board = board, .bad = -1, .ms = 400 };
    struct pool_call call = call_of(&o);
    call.n = 1;
    call.timeout_ms = 50;
    map_or_fail(p, &call, 1);
    expect_equal(status[0].outcome, POOL_TIMED_OUT);
    call.timeout_ms = 5000;
    map_or_fail(p, &call, 0);
    pool_free(p);
}

/* A call that is ended by force takes no other's task along. */
static void end_by_force(const struct kind *k)
{
    struct pool_ticket *ticket;
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order slow = { .board = board, .bad = -1, .ms = 200 };
    const struct order slower = { .board = board, .bad = -1, .ms = 20000 };
    struct pool_call call = call_of(&slow), other = call_of(&slower);
    call.n = other.n = 2;
    call.chunk = other.chunk = 1;
    other.deadline_ms = 50;
    other.out = NULL;
    other.out_size = 0;
    other.status = NULL;
    other.fn = wait_only;
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect_within(10, board->started == 2);
    expect_equal(pool_map(p, &other), -ETIMEDOUT);
    expect_equal(pool_finish(ticket), 0);
    pool_free(p);
}

static void force_hits_one_call(void **state)
{
    (void)state;
    for_each_start(end_by_force, 4);
}

static void time_limit(void **state)
{
    (void)state;
    for_each_start(time_out, 2);
}

/* ---- births ---- */

static int count_birth(const void *arg, long i, struct pool_task *t)
{
    struct board *const *board = arg;
    (void)t;
    (*board)->births[i]++;
    return 0;
}

static int refuse(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    return i == 1 ? pool_fail(t, -EACCES, "worker %ld will not", i) : 0;
}

static void born(const struct kind *k)
{
    int fd = memfd_create("board", MFD_CLOEXEC);
    expect(fd >= 0 && ftruncate(fd, 4096) == 0);
    struct board *board =
        mmap((void *)0x200000000000, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const struct pool_region region = { fd, board, 4096 };
    struct pool_options o = options_of(k);
    o.initializer = count_birth;
    o.initializer_arg = &board;
    o.initializer_arg_size = sizeof board;
    o.regions = &region;
    o.region_count = 1;
    o.max_tasks = 3;
    struct pool *p = open_or_fail(&o);
    for (int w = 0; w < k->workers; w++) {
        expect_equal(board->births[w], 1);
        expect(pool_pid(p, w) > 0);
        for (int v = 0; v < w; v++)
            expect(pool_pid(p, w) != pool_pid(p, v));
    }
    const struct order order = { .board = board, .bad = -1 };
    struct pool_call call = call_of(&order);
    call.chunk = 1;
    map_or_fail(p, &call, 0);
    expect_but(-1);
    int births = 0;
    for (int w = 0; w < k->workers; w++)
        births += board->births[w];
    expect(births >= TASKS / 3); /* recycled after 3 tasks each */
    pool_free(p);
    munmap(board, 4096);
    close(fd);
}

static void initializer_and_recycling(void **state)
{
    (void)state;
    for_each_start(born, 2);
}

static void not_born(const struct kind *k)
{
    struct pool_options o = options_of(k);
    struct pool *p;
    char text[300];
    o.initializer = refuse;
    expect_equal(pool_open(&p, &o, text, sizeof text), -EACCES);
    expect(p == NULL);
    expect_part(text, "worker 1 will not");
}

static void initializer_fails(void **state)
{
    (void)state;
    for_each_start(not_born, 3);
}

static void come_and_go(const struct kind *k)
{
    static const int sizes[] = { 12, 1, 2, 5, 1, 3 };
    struct pool *p = open_kind(k);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order o = { .board = board, .bad = -1, .ms = 1 };
    for (int i = 0; i < 6; i++) {
        struct pool_ticket *ticket;
        struct pool_statistics s;
        struct pool_call call = call_of(&o);
        expect_equal(pool_map_async(p, &call, &ticket), 0);
        expect_equal(pool_resize(p, sizes[i]), 0);
        expect_equal(pool_finish(ticket), 0);
        expect_but(-1);
        expect_within(
            5, (map_or_fail(p, &call, 0), pool_statistics(p, &s) == 0 && s.workers == sizes[i]));
    }
    expect_equal(pool_resize(p, 0), -EINVAL);
    pool_free(p);
}

static void resize(void **state)
{
    (void)state;
    for_each_start(come_and_go, 2);
}

static void sleep_away(const struct kind *k)
{
    struct pool_options options = options_of(k);
    options.idle_timeout_ms = 10;
    struct pool *p = open_or_fail(&options);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order o = { .board = board, .bad = -1 };
    for (int i = 0; i < 8; i++) {
        struct pool_call call = call_of(&o);
        map_or_fail(p, &call, 0);
        expect_but(-1);
        nap_ms(i < 4 ? 40 : 9 + i % 3); /* gone for sure; just about to go */
    }
    pool_free(p);
}

static void idle_workers_go(void **state)
{
    (void)state;
    for_each_start(sleep_away, 3);
}

/* Those who have gone are nobody to wait for. */
static void resize_idle(const struct kind *k)
{
    struct pool_options options = options_of(k);
    options.idle_timeout_ms = 5;
    struct pool *p = open_or_fail(&options);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order o = { .board = board, .bad = -1 };
    for (int size = 4; size > 0; size--) {
        struct pool_call call = call_of(&o);
        nap_ms(30);
        expect_equal(pool_resize(p, size), 0);
        map_or_fail(p, &call, 0);
        expect_but(-1);
    }
    pool_free(p);
}

static int die_at_first_birth(const void *arg, long i, struct pool_task *t)
{
    struct board *const *board = arg;
    (void)t;
    if ((*board)->births[i]++ == 0 && i == 1)
        raise(SIGKILL);
    return 0;
}

/* One that dies before it is ready is waited for, and so its successor is needed. */
static void born_twice(const struct kind *k)
{
    int fd = memfd_create("board", MFD_CLOEXEC);
    expect(fd >= 0 && ftruncate(fd, 4096) == 0);
    struct board *board =
        mmap((void *)0x200000000000, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const struct pool_region region = { fd, board, 4096 };
    struct pool_options o = options_of(k);
    o.initializer = die_at_first_birth;
    o.initializer_arg = &board;
    o.initializer_arg_size = sizeof board;
    o.regions = &region;
    o.region_count = 1;
    o.idle_timeout_ms = 5;
    if (is_process(k)) {
        pool_free(open_or_fail(&o));
        expect_equal(board->births[1], 2);
    }
    munmap(board, 4096);
    close(fd);
}

static void idle_workers_are_not_waited_for(void **state)
{
    (void)state;
    for_each_start(resize_idle, 3);
    for_each_start(born_twice, 3);
}

/* ---- surroundings ---- */

static int look_around(const void *arg, long i, struct pool_task *t)
{
    char byte;
    cpu_set_t set;
    long *seen = pool_out(t, i);
    (void)arg;
    const char *value = getenv("POOL_LIFE_TEST");
    sched_getaffinity(0, sizeof set, &set);
    *seen = (read(STDIN_FILENO, &byte, 1) == 0) | (value && !strcmp(value, "seen")) << 1 |
            (CPU_COUNT(&set) == 1) << 2 | (getpgrp() == getpid()) << 3;
    return 0;
}

static void surroundings(const struct kind *k)
{
    static const char *const env[] = { "POOL_LIFE_TEST=seen", NULL };
    cpu_set_t set;
    int cpu = 0;
    if (!is_process(k))
        return;
    sched_getaffinity(0, sizeof set, &set);
    while (!CPU_ISSET(cpu, &set))
        cpu++;
    struct pool_options o = options_of(k);
    o.env = env;
    o.cpus = &cpu;
    o.cpu_count = 1;
    struct pool *p = open_or_fail(&o);
    const struct pool_call call = {
        .fn = look_around, .n = 4, .out = out, .out_size = sizeof *out
    };
    map_or_fail(p, &call, 0);
    for (int i = 0; i < 4; i++)
        expect_equal(out[i], 15);
    expect(getenv("POOL_LIFE_TEST") == NULL);
    pool_free(p);
}

static void surroundings_of_a_worker(void **state)
{
    (void)state;
    for_each_start(surroundings, 2);
}

static int nested(const void *arg, long i, struct pool_task *t)
{
    const int *depth = arg;
    int rest = *depth - 1;
    long inner[3] = { 0 };
    struct pool *p;
    struct pool_options o = { .workers = 2, .start = POOL_FORK, .max_depth = *depth < 0 ? 0 : 2 };
    if (*depth == 0) {
        *(long *)pool_out(t, i) = 1;
        return 0;
    }
    int error = pool_open(&p, &o, NULL, 0);
    if (error)
        return error;
    if (*depth < 0)
        rest = 0;
    long failed = pool_map(p, &(struct pool_call){ .fn = nested,
                                                   .arg = &rest,
                                                   .arg_size = sizeof rest,
                                                   .n = 3,
                                                   .out = inner,
                                                   .out_size = sizeof *inner });
    pool_free(p);
    *(long *)pool_out(t, i) = inner[0] + inner[1] + inner[2];
    return failed != 0 ? -ELOOP : 0;
}

static void pools_in_pools(void **state)
{
    (void)state;
    for (int depth = -1; depth <= 3; depth++) {
        struct pool *p = open_or_fail(&(struct pool_options){ .workers = 2, .start = POOL_FORK });
        struct pool_call call = { .fn = nested,
                                  .arg = &depth,
                                  .arg_size = sizeof depth,
                                  .n = 2,
                                  .out = out,
                                  .out_size = sizeof *out };
        snprintf(where, sizeof where, "depth %d", depth);
        map_or_fail(p, &call, depth == 3 ? 2 : 0); /* deeper than max_depth */
        if (depth < 3)
            expect_equal(out[0], depth < 0 ? 3 : depth == 0 ? 1 : depth == 1 ? 3 : 9);
        pool_free(p);
    }
}

/* Ends of pipes that this process holds. */
static int pipe_ends(void)
{
    int count = 0;
    struct stat s;
    for (int fd = 0; fd < 1024; fd++)
        count += fstat(fd, &s) == 0 && S_ISFIFO(s.st_mode);
    return count;
}

static void fork_of_the_host(const struct kind *k)
{
    int state, ends = pipe_ends();
    struct pool *p = open_kind(k);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order o = { .board = board, .bad = -1 };
    struct pool_call call = call_of(&o);
    pid_t pid = fork();
    if (pid == 0) {
        int refused = pool_map(p, &call) == -EPERM && pool_close(p) == -EPERM;
        int held = pipe_ends() - ends; /* workers would not see them closed */
        pool_free(p);
        _exit(!refused ? 1 : held > 0 ? 2 : 0);
    }
    expect_equal(waitpid(pid, &state, 0), pid);
    expect_equal(state, 0);
    map_or_fail(p, &call, 0);
    expect_but(-1);
    pool_free(p);
}

static void children_leave_the_pool_alone(void **state)
{
    (void)state;
    for_each_start(fork_of_the_host, 2);
}

static struct pool *interrupted;

static void on_alarm(int number)
{
    (void)number;
    pool_interrupt(interrupted);
}

static void interrupt_map(const struct kind *k)
{
    struct pool *p = interrupted = open_kind(k);
    struct board *board = alloc_or_fail(p, sizeof *board);
    const struct order o = { .board = board, .bad = -1, .ms = 60 };
    struct pool_call call = call_of(&o);
    struct sigaction action = { .sa_handler = on_alarm }, usual;
    struct itimerval soon = { .it_value = { 0, 50000 } }, off = { { 0, 0 }, { 0, 0 } };
    call.chunk = 1;
    sigaction(SIGALRM, &action, &usual);
    setitimer(ITIMER_REAL, &soon, NULL);
    expect_equal(pool_map(p, &call), -EINTR);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &usual, NULL);
    watchdog(TEST_SECONDS);
    expect(board->started < TASKS);
    map_or_fail(
        p, &(struct pool_call){ .fn = look_around, .n = 4, .out = out, .out_size = sizeof *out },
        0);
    pool_free(p);
}

static void interrupt(void **state)
{
    (void)state;
    for_each_start(interrupt_map, 2);
}

/* ---- the caller's end ---- */

static void kill_the_caller(const struct kind *k)
{
    int ready[2];
    char byte;
    if (!is_process(k))
        return;
    expect_equal(pipe(ready), 0);
    for (int busy = 0; busy < 2; busy++) {
        pid_t caller = fork();
        if (caller == 0) {
            struct pool *p;
            const struct pool_options o = options_of(k);
            struct pool_ticket *ticket;
            if (pool_open(&p, &o, NULL, 0))
                _exit(1);
            struct board *board = pool_alloc(p, sizeof *board);
            const struct order order = { .board = board, .bad = -1, .ms = 30000 };
            const struct pool_call call = call_of(&order);
            if (busy && (pool_map_async(p, &call, &ticket) || write(ready[1], "x", 1) != 1))
                _exit(1);
            if (!busy && write(ready[1], "x", 1) != 1)
                _exit(1);
            pause();
        }
        expect_equal(read(ready[0], &byte, 1), 1);
        nap_ms(20);
        kill(caller, SIGKILL);
        expect_equal(waitpid(caller, NULL, 0), caller);
        expect_within(2,
                      waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD); /* orphans come to us */
    }
    close(ready[0]);
    close(ready[1]);
}

static void death_of_the_caller(void **state)
{
    (void)state;
    for_each_start(kill_the_caller, 3);
}

static void printed_once(void **state)
{
    char text[100] = "";
    int fds[2], before_fd = dup(STDOUT_FILENO);
    (void)state;
    fflush(stdout);
    expect_equal(pipe(fds), 0);
    dup2(fds[1], STDOUT_FILENO);
    printf("once ");
    struct pool *p = open_or_fail(&(struct pool_options){ .workers = 3, .start = POOL_FORK });
    pool_free(p);
    fflush(stdout);
    dup2(before_fd, STDOUT_FILENO);
    close(fds[1]);
    close(before_fd);
    expect(read(fds[0], text, sizeof text - 1) > 0);
    close(fds[0]);
    expect(!strcmp(text, "once "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(death_in_a_task),
        TEST(deaths_in_the_allocator),
        TEST(death_while_idle),
        TEST(poison_is_given_up),
        TEST(successor_joins_the_job),
        TEST(deaths_in_one_job),
        TEST(deaths_have_a_limit),
        TEST(time_limit),
        TEST(force_hits_one_call),
        TEST(initializer_and_recycling),
        TEST(initializer_fails),
        TEST(resize),
        TEST(idle_workers_go),
        TEST(idle_workers_are_not_waited_for),
        TEST(surroundings_of_a_worker),
        TEST(pools_in_pools),
        TEST(children_leave_the_pool_alone),
        TEST(interrupt),
        TEST(death_of_the_caller),
        TEST(printed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
