/* SPDX-License-Identifier: MIT
 *
 * What core/job.h, backend.h and workload.h promise, held against every backend and every workload
 * that was built: a new file is covered unasked.  Workloads check their own results; a job that
 * writes down who did what shows how the tasks were dealt.  Each team has a process of its own, as
 * in the cell program: not every OpenMP runtime survives a second team, or a fork after the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../core/arena.h"
#include "../core/backend.h"
#include "../core/workload.h"

enum { MOST_WORKERS = 8, TEST_SECONDS = 380, TEAM_SECONDS = 30, ARENA_BYTES = 1 << 30 };
enum { FORMS = 64 };

static const long sizes[] = { 1, 2, 97 };
enum { SIZES = sizeof sizes / sizeof *sizes };

/* One form of one workload, and its checksum at each size: the same whoever does it. */
struct form {
    const struct workload *workload;
    char variant[32];
    uint64_t checksum[SIZES];
    int known[SIZES];
};

/* The processes of the teams share it with the test. */
struct shared {
    char where[300]; /* what is being tried */
    char failure[700];
    struct form forms[FORMS];
    int form_count, teams;
};
static struct shared *shared;

/* Runs in: a team's process. */
_Noreturn static void broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn static void broken(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(shared->failure, sizeof shared->failure, format, ap);
    va_end(ap);
    _exit(1);
}

#define expect(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            broken("line %d: not so: %s", __LINE__, #condition);                                   \
    } while (0)

/* Do BODY(ARG) in a process of its own, and fail the test if that failed. */
static void apart(void (*body)(const void *arg), const void *arg)
{
    int status;
    shared->failure[0] = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(TEAM_SECONDS * SLOWER);
        body(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status)
        fail_msg("%s: %s (status %x)", shared->where, shared->failure, (unsigned)status);
}

static const char *const schedule_names[SCHEDULES] = { "static", "dynamic", "guided", "steal" };
static const char *const wait_names[WAITS] = { "active", "passive", "default" };

static int start_alarm(void **state)
{
    (void)state;
    memset(shared, 0, sizeof *shared);
    alarm(TEST_SECONDS * SLOWER);
    return 0;
}

static int stop_alarm(void **state)
{
    (void)state;
    alarm(0);
    return 0;
}

/* One that a launcher starts lives in another program; tests/mpi.sh has it. */
static int is_here(const struct backend *b)
{
    return !b->unavailable && b->open;
}

static int has_schedule(const struct backend *b, enum schedule s)
{
    return is_here(b) && (b->schedules & 1u << s);
}

/* A team opened by B, all of whose workers have run their `enter`. */
struct crew {
    const struct backend *backend;
    struct team *team;
    struct arena arena;
    struct stint *stints;
    _Atomic int *entered; /* how often, per worker */
    const struct workload *workload;
    void *work;
    int workers;
};

static int enter(void *arg, int worker)
{
    struct crew *c = arg;
    if (worker < 0 || worker >= c->workers)
        return -ERANGE;
    atomic_fetch_add(&c->entered[worker], 1);
    return c->workload && c->workload->enter ? c->workload->enter(c->work, worker) : 0;
}

static void begin_crew(struct crew *c, const struct backend *b, int workers)
{
    *c = (struct crew){ .backend = b, .workers = workers };
    expect(arena_open(&c->arena, ARENA_BYTES) == 0);
    c->stints = arena_take(&c->arena, workers, sizeof *c->stints);
    c->entered = arena_take(&c->arena, workers, sizeof *c->entered);
    expect(c->stints && c->entered);
}

/* Returns 0 where the backend is the caller alone and cannot have that many workers. */
static int open_crew(struct crew *c, enum wait_policy wait)
{
    struct why w = { "" };
    struct team_spec spec = {
        .workers = c->workers, .wait = wait, .arena = &c->arena, .enter = enter, .enter_arg = c
    };
    int error = c->backend->open(&c->team, &spec, &w);
    if (error && c->workers > 1 && !strcmp(c->backend->start, "none")) {
        expect(w.text[0]);
        expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
        arena_close(&c->arena);
        return 0;
    }
    if (error)
        broken("cannot open: %d: %s", error, w.text);
    for (int i = 0; i < c->workers; i++)
        expect(c->entered[i] == 1);
    return 1;
}

static void close_crew(struct crew *c)
{
    c->backend->close(c->team);
    expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    arena_close(&c->arena);
}

/* Let the crew do N tasks of FN; the stints of the workers that took part are within the call. */
static void do_job(struct crew *c, task_fn *fn, void *arg, long n, long chunk, enum schedule s)
{
    struct why w = { "" };
    struct job job = { fn, arg, n, chunk, s, c->stints, { 0 } };
    if (c->workload && c->workload->data)
        c->workload->data(c->work, &job.data);
    memset(c->stints, 0, (size_t)c->workers * sizeof *c->stints);
    int64_t before = clock_ns();
    int error = c->backend->run(c->team, &job, &w);
    int64_t after = clock_ns();
    if (error)
        broken("cannot run: %d: %s", error, w.text);
    int took_part = 0;
    for (int i = 0; i < c->workers; i++) {
        const struct stint *stint = &c->stints[i];
        if (!stint->enter_ns)
            continue;
        took_part++;
        expect(stint->enter_ns >= before);
        expect(stint->leave_ns >= stint->enter_ns);
        expect(stint->leave_ns <= after);
    }
    expect(took_part > 0);
}

/* ---- every backend, every workload ---- */

static void collect_forms(void)
{
    for (int i = 0; workloads[i]; i++) {
        const char *at = workloads[i]->variants ? workloads[i]->variants : "";
        if (workloads[i]->unavailable)
            continue;
        do {
            size_t length = strcspn(at, " ");
            assert_in_range(shared->form_count, 0, FORMS - 1);
            struct form *f = &shared->forms[shared->form_count++];
            f->workload = workloads[i];
            snprintf(f->variant, sizeof f->variant, "%.*s", (int)length, at);
            at += length;
            at += strspn(at, " ");
        } while (*at);
    }
}

static void do_and_check(struct crew *c, struct form *f, int size, long chunk, enum schedule s)
{
    int end = (int)strlen(shared->where);
    snprintf(shared->where + end, sizeof shared->where - (size_t)end, " schedule=%s chunk=%ld",
             schedule_names[s], chunk);
    for (int times = 0; times < 2; times++) {
        struct outcome outcome = { 0 };
        struct why w = { "" };
        do_job(c, f->workload->task, c->work, sizes[size], chunk, s);
        if (f->workload->check(c->work, &outcome, &w))
            broken("run %d: %s", times + 1, w.text);
        if (!f->known[size])
            f->checksum[size] = outcome.checksum;
        f->known[size] = 1;
        expect(outcome.checksum == f->checksum[size]);
    }
    shared->where[end] = 0;
}

struct trial {
    const struct backend *backend;
    struct form *form;
    int size, workers;
    enum wait_policy wait;
};

static void prepare(struct crew *c, const struct trial *t)
{
    struct why w = { "" };
    const struct work_spec spec = {
        .variant = t->form->variant,
        .task_ns = !strcmp(t->form->workload->name, "sleep") ? 10000 : 100,
        .payload_bytes = 100,
        .tasks = sizes[t->size],
        .workers = t->workers,
        .steps_per_ns = 0.5,
    };
    c->workload = t->form->workload;
    int error = c->workload->prepare(&c->work, &c->arena, &spec, &w);
    if (error)
        broken("cannot prepare: %d: %s", error, w.text);
}

/* One team does jobs of every schedule and chunk, one after the other. */
static void try_form(const void *arg)
{
    const struct trial *t = arg;
    struct crew c;
    long n = sizes[t->size];
    const long chunks[] = { 0, 1, 7, n, n + 1 };
    begin_crew(&c, t->backend, t->workers);
    prepare(&c, t);
    if (!open_crew(&c, t->wait))
        return;
    for (int s = 0; s < SCHEDULES; s++)
        for (int k = s == SCHEDULE_STATIC ? 0 : 1; k < 5; k++)
            if (has_schedule(t->backend, (enum schedule)s))
                do_and_check(&c, t->form, t->size, chunks[k], (enum schedule)s);
    close_crew(&c);
}

/* With every number of tasks, workers, and both ways to wait.  Emulated: two workers, for the rest
 * takes an hour. */
static void try_sizes(const struct backend *b, struct form *f)
{
    const int least = SLOWER > 1 ? 2 : 1, most = SLOWER > 1 ? 2 : 3;
    for (int size = 0; size < SIZES; size++)
        for (int workers = least; workers <= most; workers++)
            for (int wait = 0; wait < WAIT_DEFAULT; wait++) { /* that is one of the two */
                const struct trial t = { b, f, size, workers, (enum wait_policy)wait };
                snprintf(shared->where, sizeof shared->where,
                         "backend=%s workload=%s variant=%s tasks=%ld workers=%d wait=%s", b->name,
                         f->workload->name, f->variant, sizes[size], workers, wait_names[wait]);
                apart(try_form, &t);
            }
}

static void every_workload_on_every_backend(void **state)
{
    (void)state;
    collect_forms();
    assert_true(shared->form_count > 0);
    for (int b = 0; backends[b]; b++)
        for (int f = 0; f < shared->form_count && is_here(backends[b]); f++)
            try_sizes(backends[b], &shared->forms[f]);
}

/* ---- who did what ---- */

enum { MOST_TASKS = 1000 };

/* Shared with the workers. */
struct log {
    _Atomic long turn, started, waited_in_vain;
    _Atomic long farthest[MOST_WORKERS]; /* the last task that each worker has started; -1: none */
    long n, wait_below;                  /* tasks from here on wait for nobody */
    struct {
        _Atomic int times;
        int worker;
        long turn; /* how many tasks had been started before */
    } task[MOST_TASKS];
};

static struct log *begin_log(struct crew *c, long n)
{
    struct log *log = arena_take(&c->arena, 1, sizeof *log);
    expect(log && n <= MOST_TASKS);
    log->n = n;
    return log;
}

static void clear_log(struct log *log)
{
    long n = log->n, wait_below = log->wait_below;
    memset(log, 0, sizeof *log);
    for (int i = 0; i < MOST_WORKERS; i++)
        log->farthest[i] = -1;
    log->n = n;
    log->wait_below = wait_below;
}

static void write_down(void *arg, long i, struct worker *self)
{
    struct log *log = arg;
    atomic_fetch_add(&log->task[i].times, 1);
    log->task[i].worker = self->index;
    log->task[i].turn = atomic_fetch_add(&log->turn, 1);
    atomic_store(&log->farthest[self->index], i);
    atomic_fetch_add(&log->started, 1);
}

/* Wait until READY or too long. */
static void wait_for(struct log *log, struct worker *self, int (*ready)(struct log *, long, int),
                     long i)
{
    const struct timespec nap = { 0, 20000 };
    int64_t until = clock_ns() + 5000000000;
    self->block(self);
    while (!ready(log, i, self->index)) {
        if (clock_ns() > until) {
            atomic_fetch_add(&log->waited_in_vain, 1);
            break;
        }
        nanosleep(&nap, NULL);
    }
    self->unblock(self);
}

static int another_is_beyond(struct log *log, long i, int self)
{
    for (int k = 0; k < MOST_WORKERS; k++)
        if (k != self && atomic_load(&log->farthest[k]) > i)
            return 1;
    return 0;
}

/* Each task waits until another worker has started a later one: two workers take chunks in turn, so
 * that the places where the worker changes are the chunks' borders. */
static void take_turns(void *arg, long i, struct worker *self)
{
    struct log *log = arg;
    write_down(log, i, self);
    if (i < log->wait_below)
        wait_for(log, self, another_is_beyond, i);
}

static int all_started(struct log *log, long i, int self)
{
    (void)i, (void)self;
    return atomic_load(&log->started) == log->n;
}

/* The first task ends last. */
static void hold_first(void *arg, long i, struct worker *self)
{
    struct log *log = arg;
    write_down(log, i, self);
    if (i == 0)
        wait_for(log, self, all_started, i);
}

static void expect_each_once(const struct log *log)
{
    for (long i = 0; i < log->n; i++)
        if (log->task[i].times != 1)
            broken("task %ld was done %d times", i, (int)log->task[i].times);
}

static void name_place(const struct backend *b, enum schedule s, int workers, long n, long chunk)
{
    snprintf(shared->where, sizeof shared->where,
             "backend=%s schedule=%s workers=%d tasks=%ld chunk=%ld", b->name, schedule_names[s],
             workers, n, chunk);
}

/* Who deals what, and who judges it. */
struct deal {
    const struct backend *backend;
    enum schedule schedule;
    int workers;
    long n, chunk, wait_below;
    task_fn *fn;
    void (*judge)(const struct log *, int workers, long chunk);
};

static void one_of_each(const void *arg)
{
    static const long chunks[] = { 0, 1, 7, 50, 51 };
    const struct deal *d = arg;
    struct crew c;
    begin_crew(&c, d->backend, d->workers);
    struct log *log = begin_log(&c, d->n);
    if (!open_crew(&c, WAIT_PASSIVE))
        return;
    for (int s = 0; s < SCHEDULES; s++)
        for (int k = s == SCHEDULE_STATIC ? 0 : 1; k < 5; k++) {
            if (!has_schedule(d->backend, (enum schedule)s))
                continue;
            name_place(d->backend, (enum schedule)s, d->workers, d->n, chunks[k]);
            clear_log(log);
            do_job(&c, write_down, log, d->n, chunks[k], (enum schedule)s);
            expect_each_once(log);
            expect(log->turn == d->n);
            for (long i = 0; i < d->n; i++) /* who took part has a stint */
                expect(c.stints[log->task[i].worker].enter_ns > 0);
        }
    close_crew(&c);
}

static void exactly_once(void **state)
{
    (void)state;
    for (int b = 0; backends[b]; b++)
        for (int workers = 1; workers <= 3 && is_here(backends[b]); workers++) {
            const struct deal d = { .backend = backends[b], .workers = workers, .n = 50 };
            name_place(backends[b], SCHEDULE_STATIC, workers, d.n, 0);
            apart(one_of_each, &d);
        }
}

static void deal_thrice(const void *arg)
{
    const struct deal *d = arg;
    struct crew c;
    begin_crew(&c, d->backend, d->workers);
    struct log *log = begin_log(&c, d->n);
    log->wait_below = d->wait_below;
    if (!open_crew(&c, WAIT_PASSIVE))
        return;
    for (int times = 0; times < 3; times++) {
        clear_log(log);
        do_job(&c, d->fn, log, d->n, d->chunk, d->schedule);
        expect_each_once(log);
        expect(log->waited_in_vain == 0);
        d->judge(log, d->workers, d->chunk);
    }
    close_crew(&c);
    shared->teams++;
}

/* Have every backend that has the schedule and can have the workers deal, and judge it. */
static void on_every_backend(enum schedule schedule, int workers, long n, long chunk,
                             long wait_below, task_fn *fn,
                             void (*judge)(const struct log *, int workers, long chunk))
{
    struct deal d = { NULL, schedule, workers, n, chunk, wait_below, fn, judge };
    shared->teams = 0;
    for (int b = 0; backends[b]; b++) {
        if (!has_schedule(backends[b], schedule))
            continue;
        d.backend = backends[b];
        name_place(d.backend, schedule, workers, n, chunk);
        apart(deal_thrice, &d);
    }
    assert_true(shared->teams > 0);
}

static void expect_blocks(const struct log *log, int workers, long chunk)
{
    long i = 0;
    (void)chunk;
    for (int k = 0; k < workers; k++)
        for (long left = log->n / workers + (k < log->n % workers); left > 0; left--, i++)
            expect(log->task[i].worker == k);
}

static void expect_dealt_in_turn(const struct log *log, int workers, long chunk)
{
    for (long i = 0; i < log->n; i++)
        expect(log->task[i].worker == (int)(i / chunk % workers));
}

/* 10 tasks for 4 workers are 3 3 2 2, as OpenMP deals them. */
static void static_deals_blocks(void **state)
{
    (void)state;
    on_every_backend(SCHEDULE_STATIC, 4, 10, 0, 0, write_down, expect_blocks);
    on_every_backend(SCHEDULE_STATIC, 4, 3, 0, 0, write_down, expect_blocks);
    on_every_backend(SCHEDULE_STATIC, 3, 97, 0, 0, write_down, expect_blocks);
}

static void static_deals_chunks_in_turn(void **state)
{
    (void)state;
    on_every_backend(SCHEDULE_STATIC, 4, 10, 1, 0, write_down, expect_dealt_in_turn);
    on_every_backend(SCHEDULE_STATIC, 3, 97, 7, 0, write_down, expect_dealt_in_turn);
    on_every_backend(SCHEDULE_STATIC, 3, 10, 11, 0, write_down, expect_dealt_in_turn);
}

/* How many tasks from I on were done by one worker in order. */
static long run_from(const struct log *log, long i)
{
    long first = i;
    while (i < log->n && log->task[i].worker == log->task[first].worker)
        i++;
    return i - first;
}

static void expect_whole_chunks(const struct log *log, int workers, long chunk)
{
    (void)workers;
    for (long i = 0; i < log->n; i += chunk)
        expect(run_from(log, i) == (log->n - i < chunk ? log->n - i : chunk));
}

static void dynamic_hands_out_chunks(void **state)
{
    (void)state;
    on_every_backend(SCHEDULE_DYNAMIC, 2, 23, 5, 20, take_turns, expect_whole_chunks);
    on_every_backend(SCHEDULE_DYNAMIC, 2, 20, 1, 19, take_turns, expect_whole_chunks);
}

/* libgomp hands out (what is left) / workers, libomp half of that; both never less than `chunk`. */
static void expect_shrinking(const struct log *log, int workers, long chunk)
{
    long before = log->n, first = run_from(log, 0);
    expect(first >= log->n / (2 * workers));
    expect(first <= (log->n + workers - 1) / workers);
    for (long i = 0, size; i < log->n; i += size) {
        size = run_from(log, i);
        expect(size <= before);
        expect(size >= chunk || i + size == log->n);
        before = size;
    }
    expect(before < first);
}

static void guided_chunks_shrink(void **state)
{
    (void)state;
    on_every_backend(SCHEDULE_GUIDED, 2, 64, 1, 63, take_turns, expect_shrinking);
    on_every_backend(SCHEDULE_GUIDED, 2, 64, 4, 60, take_turns, expect_shrinking);
}

/* The worker that is held up by the first task does nothing else meanwhile. */
static void expect_taken_over(const struct log *log, int workers, long chunk)
{
    (void)workers;
    for (long i = 1; i < log->n; i++)
        expect(i < chunk || log->task[i].worker != log->task[0].worker ||
               log->task[i].turn < log->task[0].turn);
}

static void steal_leaves_nothing(void **state)
{
    (void)state;
    on_every_backend(SCHEDULE_STEAL, 2, 64, 1, 0, hold_first, expect_taken_over);
    on_every_backend(SCHEDULE_STEAL, 3, 97, 1, 0, hold_first, expect_taken_over);
    on_every_backend(SCHEDULE_STEAL, 4, 3, 1, 0, hold_first, expect_taken_over);
}

/* ---- the tables ---- */

static void look_at_tables(const void *arg)
{
    (void)arg;
    for (int i = 0; backends[i]; i++) {
        const struct backend *b = backends[i];
        expect(b->name);
        snprintf(shared->where, sizeof shared->where, "backend %s", b->name);
        expect(b->summary && b->start);
        expect(b->schedules && b->schedules < 1u << SCHEDULES);
        expect(b->schedules & 1u << b->schedule);
        expect(b->chunk && (b->program || (b->open && b->run && b->close)));
        for (int s = 0; s < SCHEDULES; s++)
            for (long tasks = 1; tasks < 100 && has_schedule(b, (enum schedule)s); tasks += 32) {
                long chunk = b->chunk(tasks, 3, (enum schedule)s);
                expect(chunk >= (s == SCHEDULE_STATIC ? 0 : 1));
                expect(chunk <= tasks);
            }
        for (int k = 0; k < i; k++)
            expect(strcmp(b->name, backends[k]->name) != 0);
    }
    for (int i = 0; workloads[i]; i++) {
        const struct workload *load = workloads[i];
        expect(load->name);
        snprintf(shared->where, sizeof shared->where, "workload %s", load->name);
        expect(load->summary && load->version > 0);
        expect(load->prepare && load->task && load->check);
        for (int k = 0; k < i; k++)
            expect(strcmp(load->name, workloads[k]->name) != 0);
    }
}

static void tables_are_complete(void **state)
{
    (void)state;
    apart(look_at_tables, NULL);
}

/* A worker that cannot start is an error of `open`, and nothing stays. */
static int refuse_to_start(void *arg, int worker)
{
    (void)arg;
    return worker == 0 ? -EPERM : 0;
}

static void open_in_vain(const void *arg)
{
    const struct deal *d = arg;
    struct team *team = NULL;
    struct why w = { "" };
    struct arena arena;
    expect(arena_open(&arena, 1 << 20) == 0);
    const struct team_spec spec = {
        .workers = d->workers, .arena = &arena, .wait = WAIT_PASSIVE, .enter = refuse_to_start
    };
    int error = d->backend->open(&team, &spec, &w);
    if (d->workers == 1 || strcmp(d->backend->start, "none") != 0)
        expect(error == -EPERM);
    expect(error < 0);
    expect(w.text[0]);
    expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void open_fails_with_its_worker(void **state)
{
    (void)state;
    for (int b = 0; backends[b]; b++)
        for (int workers = 1; workers <= 2 && is_here(backends[b]); workers++) {
            const struct deal d = { .backend = backends[b], .workers = workers };
            name_place(backends[b], SCHEDULE_STATIC, workers, 0, 0);
            apart(open_in_vain, &d);
        }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_alarm, stop_alarm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tables_are_complete),
        TEST(exactly_once),
        TEST(static_deals_blocks),
        TEST(static_deals_chunks_in_turn),
        TEST(dynamic_hands_out_chunks),
        TEST(guided_chunks_shrink),
        TEST(steal_leaves_nothing),
        TEST(open_fails_with_its_worker),
        TEST(every_workload_on_every_backend),
    };
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
