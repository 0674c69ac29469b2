/* SPDX-License-Identifier: MIT
 *
 * Calls of a pool: results and their order, errors, time limits, closing, arguments, statistics,
 * and every field out of range.  Each test runs with every way to start workers and to talk to
 * them. The numbers are those of the list of acceptance cases.
 */
#include "pool_harness.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { MOST = 1000, MILLION = 1000000 };

static const enum pool_schedule schedules[] = { POOL_DYNAMIC, POOL_STATIC, POOL_GUIDED,
                                                POOL_STEAL };
static const char *const schedule_names[] = { "dynamic", "static", "guided", "steal" };
enum { SCHEDULES = sizeof schedules / sizeof *schedules };

/* Shares are fixed, or taken from others, only in shared memory. */
static int can(const struct kind *k, enum pool_schedule s)
{
    return k->transport == POOL_SHM || s == POOL_DYNAMIC || s == POOL_GUIDED;
}

/* ---- what tasks work on ---- */

/* The caller's own memory: inputs, outputs and fates. */
static struct numbers {
    long in[MOST], out[MOST];
    struct pool_status status[MOST];
    struct pool_failure failure[8];
} numbers;

/* In memory of pool_alloc: where tasks leave a trace. */
struct board {
    _Atomic long started, ended;
    _Atomic int worker[MOST]; /* + 1: who did it */
    _Atomic int runs[MOST];
};

/* What tasks are given. */
struct plan {
    struct board *board;
    long nap_ms; /* of every task but ... */
    long slow;   /* ... this one: */
    long slow_ms;
    long fails;     /* this one fails, */
    long fails_too; /* and this one; */
    int code;       /* with this */
};

static const struct plan nothing_special = { .slow = -1, .fails = -1, .fails_too = -1 };

static void fresh(void)
{
    for (long i = 0; i < MOST; i++) {
        numbers.in[i] = i + 3;
        numbers.out[i] = -7;
        memset(&numbers.status[i], 0x55, sizeof numbers.status[i]);
    }
    memset(numbers.failure, 0x55, sizeof numbers.failure);
}

static struct board *board_of(struct pool *p)
{
    return alloc_or_fail(p, sizeof(struct board));
}

static int square(const void *arg, long i, struct pool_task *t)
{
    const long *x = pool_in(t, i);
    long *y = pool_out(t, i);
    (void)arg;
    *y = *x * *x;
    return 0;
}

/* As square, but tasks end in another order than they begin. */
static int scrambled(const void *arg, long i, struct pool_task *t)
{
    const struct timespec nap = { 0, 500000 };
    if (i * 37 % 5 == 0)
        nanosleep(&nap, NULL);
    return square(arg, i, t);
}

/* As square, with all that a plan says. */
static int planned(const void *arg, long i, struct pool_task *t)
{
    const struct plan *plan = arg;
    struct board *b = plan->board;
    atomic_fetch_add(&b->started, 1);
    atomic_fetch_add(&b->runs[i], 1);
    atomic_store(&b->worker[i], t->worker + 1);
    nap_ms(i == plan->slow ? plan->slow_ms : plan->nap_ms);
    if (t->in)
        square(arg, i, t);
    atomic_fetch_add(&b->ended, 1);
    if (i == plan->fails || i == plan->fails_too)
        return pool_fail(t, plan->code, "no such row: %ld", i);
    return 0;
}

/* A call of FN over the first N numbers. */
static struct pool_call call_of(pool_fn *fn, long n)
{
    return (struct pool_call){ .fn = fn,
                               .n = n,
                               .in = numbers.in,
                               .in_size = sizeof *numbers.in,
                               .out = numbers.out,
                               .out_size = sizeof *numbers.out };
}

static struct pool_call planned_call(const struct plan *plan, long n)
{
    struct pool_call call = call_of(planned, n);
    call.arg = plan;
    call.arg_size = sizeof *plan;
    call.status = numbers.status;
    return call;
}

static int is_square(long i)
{
    return numbers.out[i] == (i + 3) * (i + 3);
}

/* The first N are done, the next is untouched. */
static void expect_squares(long n)
{
    for (long i = 0; i < n; i++)
        if (!is_square(i))
            fail_msg("%s: result %ld is %ld", where, i, numbers.out[i]);
    if (n < MOST)
        expect_equal(numbers.out[n], -7);
}

/* The pool still works. */
static void expect_usable(struct pool *p)
{
    const struct pool_call call = call_of(square, 30);
    fresh();
    map_or_fail(p, &call, 0);
    expect_squares(30);
}

static long count_outcomes(long n, enum pool_outcome outcome)
{
    long count = 0;
    for (long i = 0; i < n; i++)
        count += numbers.status[i].outcome == outcome;
    return count;
}

static struct pool_statistics statistics_of(struct pool *p)
{
    struct pool_statistics s = { 0 };
    expect_equal(pool_statistics(p, &s), 0);
    return s;
}

/* Everybody is alive and has a process, or thread, of its own. */
static void pids_of(struct pool *p, int workers, int *pids)
{
    for (int w = 0; w < workers; w++) {
        pids[w] = pool_pid(p, w);
        expect(pids[w] > 0);
        for (int v = 0; v < w; v++)
            expect(pids[v] != pids[w]);
    }
}

/* A call that is refused: with a sentence, and nothing runs. */
static void expect_refused(struct pool *p, const struct pool_call *call, long error)
{
    long tasks = statistics_of(p).tasks, got = pool_map(p, call);
    if (got != error)
        fail_msg("%s: pool_map returned %ld, not %ld: %s", where, got, error, pool_message(p));
    expect(pool_message(p)[0]);
    struct pool_ticket *ticket = NULL;
    got = pool_map_async(p, call, &ticket);
    if (got != error)
        fail_msg("%s: pool_map_async returned %ld, not %ld", where, got, error);
    expect(pool_message(p)[0]);
    expect(ticket == NULL);
    expect_equal(statistics_of(p).tasks, tasks);
}

/* ---- results and order ---- */

struct baggage {
    char name[40];
    double weight[500];
    long tail;
};

static int weigh(const void *arg, long i, struct pool_task *t)
{
    const struct baggage *b = arg;
    double *sum = pool_out(t, i);
    *sum = (double)(b->tail + i);
    for (int k = 0; k < 500; k++)
        *sum += b->weight[k];
    return strcmp(b->name, "a suitcase with a long name") != 0;
}

/* 1 */
static void apply_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct baggage b = { .name = "a suitcase with a long name", .tail = 1000000 };
    for (int i = 0; i < 500; i++)
        b.weight[i] = i;
    for (long n = 0; n < 100; n += 33) { /* ignored */
        double sum = 0;
        struct pool_call call = { .fn = weigh,
                                  .arg = &b,
                                  .arg_size = sizeof b,
                                  .n = n,
                                  .out = &sum,
                                  .out_size = sizeof sum };
        expect_equal(pool_apply(p, &call), 0);
        expect_equal((long)sum, 1000000 + 499 * 250);
    }
    fresh();
    struct pool_call call = call_of(square, 5);
    expect_equal(pool_apply(p, &call), 0);
    expect_squares(1);
    b.name[0] = 'A';
    call = (struct pool_call){
        .fn = weigh, .arg = &b, .arg_size = sizeof b, .out = numbers.out, .out_size = sizeof(double)
    };
    expect_equal(pool_apply(p, &call), 1);
    expect(pool_message(p)[0]);
    pool_free(p);
}

static void apply(void **state)
{
    (void)state;
    for_each_kind(apply_one);
}

/* 2 */
static void map_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    for (int s = 0; s < SCHEDULES; s++) {
        struct pool_call call = call_of(scrambled, 10);
        say_more("%s", schedule_names[s]);
        call.schedule = schedules[s];
        if (!can(k, call.schedule)) {
            expect_refused(p, &call, -EINVAL);
            continue;
        }
        fresh();
        map_or_fail(p, &call, 0);
        expect_squares(10);
        call.n = 100;
        call.chunk = 20;
        fresh();
        map_or_fail(p, &call, 0);
        expect_squares(100);
        expect(pool_message(p)[0] == 0);
    }
    pool_free(p);
}

static void map_in_order(void **state)
{
    (void)state;
    for_each_kind(map_one);
}

struct pair {
    int a;
    double b;
};

static int multiply(const void *arg, long i, struct pool_task *t)
{
    const struct pair *pair = pool_in(t, i);
    double *product = pool_out(t, i);
    (void)arg;
    *product = pair->a * pair->b;
    return 0;
}

/* 3 */
static void two_arguments_one(const struct kind *k)
{
    enum { N = 123 };
    struct pool *p = open_kind(k);
    struct pair pairs[N];
    double products[N];
    for (int chunk = 1; chunk <= 20; chunk += 19) {
        for (int i = 0; i < N; i++) {
            pairs[i] = (struct pair){ i - 50, i / 4.0 };
            products[i] = -1;
        }
        struct pool_call call = { .fn = multiply,
                                  .in = pairs,
                                  .in_size = sizeof *pairs,
                                  .out = products,
                                  .out_size = sizeof *products,
                                  .n = N,
                                  .chunk = chunk };
        map_or_fail(p, &call, 0);
        for (int i = 0; i < N; i++)
            expect(products[i] == (i - 50) * (i / 4.0));
    }
    pool_free(p);
}

static void two_arguments(void **state)
{
    (void)state;
    for_each_kind(two_arguments_one);
}

/* 4 */
static void async_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct pool_ticket *ticket = NULL;
    struct pool_call call = call_of(scrambled, 200);
    fresh();
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect(ticket != NULL);
    expect_equal(pool_wait(ticket, -1), 0);
    expect_squares(200);
    expect_equal(pool_wait(ticket, -1), 0); /* again */
    expect_equal(pool_wait(ticket, 0), 0);
    expect_equal(pool_finish(ticket), 0);
    fresh();
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect_equal(pool_finish(ticket), 0); /* at once */
    expect_squares(200);
    expect_equal(pool_finish(NULL), 0);
    pool_free(p);
    pool_free(NULL);
}

static void async_map(void **state)
{
    (void)state;
    for_each_kind(async_one);
}

/* More calls than can run at once, 48. */
static void many_calls_one(const struct kind *k)
{
    enum { CALLS = 150, EACH = 6 };
    struct pool *p = open_kind(k);
    struct pool_ticket *tickets[CALLS];
    fresh();
    for (int c = 0; c < CALLS; c++) {
        struct pool_call call = call_of(square, EACH);
        call.in = numbers.in + c * EACH;
        call.out = numbers.out + c * EACH;
        call.chunk = 1 + c % 3;
        expect_equal(pool_map_async(p, &call, &tickets[c]), 0);
    }
    for (int c = CALLS; c-- > 0;)
        expect_equal(pool_finish(tickets[c]), 0);
    expect_squares(CALLS * EACH);
    pool_free(p);
}

static void many_calls(void **state)
{
    (void)state;
    for_each_kind(many_calls_one);
}

/* 5, and how POOL_STATIC deals */
static void chunks_one(const struct kind *k)
{
    static const long chunks[] = { 0, 1, 6, 40, 50, LONG_MAX };
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    for (int s = 0; s < SCHEDULES; s++)
        for (int c = 0; c < 6; c++) {
            struct pool_call call = planned_call(&plan, 40);
            say_more("%s, chunk %ld", schedule_names[s], chunks[c]);
            call.schedule = schedules[s];
            call.chunk = chunks[c];
            if (!can(k, call.schedule))
                continue;
            fresh();
            memset(plan.board, 0, sizeof *plan.board);
            map_or_fail(p, &call, 0);
            expect_squares(40);
            expect_equal(count_outcomes(40, POOL_OK), 40);
            for (long i = 0; i < 40; i++) {
                int worker = plan.board->worker[i] - 1;
                expect(worker >= 0 && worker < k->workers);
                expect_equal(plan.board->runs[i], 1);
                expect_equal(numbers.status[i].tries, 1);
                if (schedules[s] == POOL_STATIC && chunks[c])
                    expect_equal(worker, i / chunks[c] % k->workers);
                if (schedules[s] == POOL_STATIC && !chunks[c] && i) {
                    int one_before = plan.board->worker[i - 1] - 1;
                    expect(worker == one_before || worker == one_before + 1);
                }
            }
        }
    pool_free(p);
}

static void chunks_change_nothing(void **state)
{
    (void)state;
    for_each_kind(chunks_one);
}

/* 6 */
static void bad_chunk_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct pool_call call = call_of(square, 10);
    fresh();
    call.chunk = -1;
    expect_refused(p, &call, -EINVAL);
    call.chunk = LONG_MIN;
    expect_refused(p, &call, -EINVAL);
    expect_equal(numbers.out[0], -7);
    expect_usable(p);
    pool_free(p);
}

static void bad_chunk(void **state)
{
    (void)state;
    for_each_start(bad_chunk_one, 2);
}

/* 7 */
static void default_chunk_one(const struct kind *k)
{
    static const long sizes[] = { 0, 1, 3, 8, 100, 401, 997 };
    struct pool *p = open_kind(k);
    for (int i = 0; i < 7; i++) {
        long n = sizes[i], parts = 4L * k->workers, chunk = (n + parts - 1) / parts;
        long wanted = n ? (n + chunk - 1) / chunk : 0;
        struct pool_statistics once = statistics_of(p);
        struct pool_call call = call_of(square, n);
        say_more("%ld tasks", n);
        fresh();
        map_or_fail(p, &call, 0);
        expect_squares(n);
        struct pool_statistics now = statistics_of(p);
        expect_equal(now.chunks - once.chunks, wanted);
        expect_equal(now.tasks - once.tasks, n);
    }
    pool_free(p);
}

static void default_chunk(void **state)
{
    (void)state;
    for_each_kind(default_chunk_one);
}

/* How often, and with what, `done` was called. */
struct bell {
    int rings, answer;
    long result;
};

static int ring(void *arg, long result)
{
    struct bell *b = arg;
    b->rings++;
    b->result = result;
    return b->answer;
}

/* What imap is fed with. */
struct source {
    long at, end;
    long error_at; /* -1: none */
    int error;
    long asked_after_end;
    int ended;
};

static int next_number(void *arg, void *to)
{
    struct source *s = arg;
    s->asked_after_end += s->ended;
    if (s->at == s->error_at)
        return s->error;
    if (s->at == s->end) {
        s->ended = 1;
        return 0;
    }
    *(long *)to = 3 + s->at++;
    return 1;
}

static struct pool_stream stream_of(struct source *s, pool_fn *fn)
{
    return (struct pool_stream){ .fn = fn,
                                 .next = next_number,
                                 .next_arg = s,
                                 .in_size = sizeof(long),
                                 .out_size = sizeof(long) };
}

static struct pool_iterator *imap_or_fail(struct pool *p, const struct pool_stream *stream)
{
    struct pool_iterator *it = NULL;
    int error = pool_imap(p, stream, &it);
    if (error)
        fail_msg("%s: pool_imap: %d: %s", where, error, pool_message(p));
    return it;
}

/* 8 */
static void nothing_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct pool_statistics once = statistics_of(p);
    for (int s = 0; s < SCHEDULES; s++)
        for (long chunk = 0; chunk <= 5; chunk += 5) {
            struct bell bell = { 0 };
            struct pool_ticket *ticket;
            struct pool_call call = { .fn = square, .chunk = chunk, .schedule = schedules[s] };
            call.done = ring;
            call.done_arg = &bell;
            if (!can(k, schedules[s]))
                continue;
            say_more("%s, chunk %ld", schedule_names[s], chunk);
            map_or_fail(p, &call, 0);
            expect(bell.rings == 1 && bell.result == 0);
            expect_equal(pool_map_async(p, &call, &ticket), 0);
            expect_equal(pool_wait(ticket, 0), 0);
            expect_equal(pool_finish(ticket), 0);
            expect(bell.rings == 2 && bell.result == 0);
        }
    for (int unordered = 0; unordered <= 1; unordered++)
        for (int chunk = 0; chunk <= 5; chunk += 5) {
            long out = -7;
            struct source source = { .error_at = -1 };
            struct pool_stream stream = stream_of(&source, square);
            stream.chunk = chunk;
            stream.unordered = unordered;
            struct pool_iterator *it = imap_or_fail(p, &stream);
            expect_equal(pool_imap_next(it, &out, NULL), 0);
            expect_equal(pool_imap_next(it, &out, NULL), 0);
            expect_equal(out, -7);
            pool_imap_end(it);
        }
    pool_imap_end(NULL);
    struct pool_statistics now = statistics_of(p);
    expect_equal(now.tasks, once.tasks);
    expect_equal(now.chunks, once.chunks);
    expect_usable(p);
    pool_free(p);
}

static void nothing_to_do(void **state)
{
    (void)state;
    for_each_kind(nothing_one);
}

/* 9 */
static void one_item_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    for (int times = 1; times <= 20; times++) {
        struct pool_call call = planned_call(&plan, 1);
        fresh();
        map_or_fail(p, &call, 0);
        expect_squares(1);
        expect_equal(plan.board->started, times);
        expect_equal(plan.board->runs[0], times);
    }
    expect_equal(statistics_of(p).tasks, 20);
    expect_equal(statistics_of(p).restarts, 0);
    pool_free(p);
}

static void one_item_many_workers(void **state)
{
    (void)state;
    for_each_start(one_item_one, 13);
}

/* ---- iterators ---- */

/* 10 */
static void imap_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    for (int big = 0; big <= 1; big++) {
        struct source source = { .end = big ? 1000 : 10, .error_at = -1 };
        struct pool_stream stream = stream_of(&source, scrambled);
        stream.chunk = big ? 100 : 0;
        struct pool_iterator *it = imap_or_fail(p, &stream);
        for (long i = 0; i < source.end; i++) {
            long out = -7;
            struct pool_failure f = { .task = -1 };
            expect_equal(pool_imap_next(it, &out, i % 2 ? &f : NULL), 1);
            expect_equal(out, (i + 3) * (i + 3));
            if (i % 2)
                expect(f.task == i && f.status.outcome == POOL_OK);
        }
        for (int again = 0; again < 3; again++) {
            long out = -7;
            expect_equal(pool_imap_next(it, &out, NULL), 0);
            expect_equal(out, -7);
        }
        expect_equal(source.asked_after_end, 0);
        pool_imap_end(it);
    }
    pool_free(p);
}

static void imap_in_order(void **state)
{
    (void)state;
    for_each_kind(imap_one);
}

/* The first one takes long. */
static int late_first(const void *arg, long i, struct pool_task *t)
{
    if (i == 0)
        nap_ms(80);
    return square(arg, i, t);
}

/* 11: the same multiset; a slow item holds up nobody */
static void unordered_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    for (int big = 0; big <= 1; big++) {
        static int seen[1000];
        struct source source = { .end = big ? 1000 : 10, .error_at = -1 };
        struct pool_stream stream = stream_of(&source, big ? scrambled : late_first);
        stream.chunk = big ? 100 : 0;
        stream.unordered = 1;
        memset(seen, 0, sizeof seen);
        struct pool_iterator *it = imap_or_fail(p, &stream);
        for (long i = 0; i < source.end; i++) {
            long out = -7;
            struct pool_failure f = { .task = -1 };
            expect_equal(pool_imap_next(it, &out, &f), 1);
            expect(f.task >= 0 && f.task < source.end && f.status.outcome == POOL_OK);
            expect_equal(out, (f.task + 3) * (f.task + 3));
            expect_equal(++seen[f.task], 1);
            if (!big && i == 0 && k->workers > 1)
                expect(f.task != 0);
        }
        expect_equal(pool_imap_next(it, numbers.out, NULL), 0);
        expect_equal(pool_imap_next(it, numbers.out, NULL), 0);
        pool_imap_end(it);
    }
    pool_free(p);
}

static void imap_unordered(void **state)
{
    (void)state;
    for_each_kind(unordered_one);
}

/* 12 */
static void lazy_one(const struct kind *k)
{
    static const int windows[] = { 1, 3, 10, 0 };
    struct pool *p = open_kind(k);
    for (int w = 0; w < 4; w++)
        for (int unordered = 0; unordered <= 1; unordered++) {
            struct source source = { .end = LONG_MAX, .error_at = -1 };
            struct pool_stream stream = stream_of(&source, square);
            long most = windows[w] ? windows[w] : 4L * k->workers;
            say_more("window %d", windows[w]);
            stream.window = windows[w];
            stream.unordered = unordered;
            struct pool_iterator *it = imap_or_fail(p, &stream);
            expect(source.at <= most);
            for (long i = 0; i < 100; i++) {
                long out;
                expect_equal(pool_imap_next(it, &out, NULL), 1);
                expect(source.at >= i + 1 && source.at <= i + 1 + most);
            }
            pool_imap_end(it);
        }
    expect_usable(p);
    pool_free(p);
}

static void imap_is_lazy(void **state)
{
    (void)state;
    for_each_start(lazy_one, 1);
    for_each_start(lazy_one, 4);
}

/* 13: at once, at item 3, inside a chunk */
static void producer_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    for (int unordered = 0; unordered <= 1; unordered++)
        for (long at = 0; at <= 25; at = at == 0 ? 3 : at == 3 ? 25 : 26)
            for (int chunk = 1; chunk <= 10; chunk += 9) {
                struct source source = { .end = 100, .error_at = at, .error = -EIO };
                struct pool_stream stream = stream_of(&source, scrambled);
                struct pool_iterator *it = NULL;
                stream.chunk = chunk;
                stream.unordered = unordered;
                say_more("fails at %ld, chunk %d", at, chunk);
                it = imap_or_fail(p, &stream);
                long sum = 0, out;
                for (long i = 0; i < at; i++) {
                    expect_equal(pool_imap_next(it, &out, NULL), 1);
                    sum += out;
                }
                for (long i = 0; i < at; i++)
                    sum -= (i + 3) * (i + 3);
                expect_equal(sum, 0);
                for (int again = 0; again < 3; again++)
                    expect_equal(pool_imap_next(it, &out, NULL), -EIO);
                pool_imap_end(it);
            }
    expect_usable(p);
    pool_free(p);
}

static void producer_fails(void **state)
{
    (void)state;
    for_each_kind(producer_one);
}

/* A task of an iterator fails: that is its result; the others come. */
static void imap_failure_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.fails = 5;
    plan.code = 9;
    for (int chunk = 1; chunk <= 10; chunk += 9) {
        struct source source = { .end = 20, .error_at = -1 };
        struct pool_stream stream = stream_of(&source, planned);
        stream.arg = &plan;
        stream.arg_size = sizeof plan;
        stream.chunk = chunk;
        struct pool_iterator *it = imap_or_fail(p, &stream);
        for (long i = 0; i < 20; i++) {
            long out = -7;
            struct pool_failure f;
            memset(&f, 0x55, sizeof f);
            expect_equal(pool_imap_next(it, &out, &f), 1);
            expect_equal(f.task, i);
            if (i != 5) {
                expect_equal(f.status.outcome, POOL_OK);
                expect_equal(out, (i + 3) * (i + 3));
                continue;
            }
            expect_equal(f.status.outcome, POOL_FAILED);
            expect_equal(f.status.code, 9);
            expect_part(f.text, "no such row: 5");
        }
        expect_equal(pool_imap_next(it, numbers.out, NULL), 0);
        pool_imap_end(it);
    }
    pool_free(p);
}

static void imap_task_fails(void **state)
{
    (void)state;
    for_each_kind(imap_failure_one);
}

/* Left in the middle. */
static void imap_ended_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.nap_ms = 20;
    for (int taken = 0; taken <= 2; taken++) {
        struct source source = { .end = LONG_MAX, .error_at = -1 };
        struct pool_stream stream = stream_of(&source, planned);
        stream.arg = &plan;
        stream.arg_size = sizeof plan;
        stream.window = 8;
        struct pool_iterator *it = imap_or_fail(p, &stream);
        for (int i = 0; i < taken; i++)
            expect_equal(pool_imap_next(it, numbers.out, NULL), 1);
        pool_imap_end(it);
        expect_usable(p);
    }
    pool_free(p);
}

static void imap_left_early(void **state)
{
    (void)state;
    for_each_start(imap_ended_one, 2);
}

/* ---- size ---- */

/* 14 */
static void large_pool_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct pool_call call = call_of(square, 1000);
    long sum = 0;
    for (int again = 0; again < 3; again++) {
        fresh();
        map_or_fail(p, &call, 0);
        expect_squares(1000);
    }
    for (int w = 0; w < k->workers; w++)
        sum += pool_worker_tasks(p, w);
    expect_equal(sum, 3000);
    expect_equal(statistics_of(p).workers, k->workers);
    pool_free(p);
}

static void large_pool(void **state)
{
    (void)state;
    for_each_start(large_pool_one, UNDER_SANITIZER || UNDER_EMULATOR ? 40 : 200);
}

static long available_kib(void)
{
    char line[200];
    long kib = 0;
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib;
}

/* The ends and the middle of a large cell. */
static int touch(const void *arg, long i, struct pool_task *t)
{
    unsigned char *cell = pool_out(t, i);
    (void)arg;
    cell[0] = (unsigned char)(i + 1);
    cell[t->out_size / 2] = (unsigned char)(i + 2);
    cell[t->out_size - 1] = (unsigned char)(i + 3);
    return 0;
}

/* It arrives whole, or the call says that it is too much. */
static void large_results(struct pool *p, long n, size_t size)
{
    unsigned char *out = alloc_or_fail(p, (size_t)n * size);
    struct pool_call call = { .fn = touch, .n = n, .out = out, .out_size = size, .chunk = 1 };
    long got = pool_map(p, &call);
    say_more("%ld x %zu bytes", n, size);
    if (got == -E2BIG) {
        expect(pool_message(p)[0]);
    } else {
        expect_equal(got, 0);
        for (long i = 0; i < n; i++) {
            const unsigned char *cell = out + (size_t)i * size;
            expect_equal(cell[0], i + 1);
            expect_equal(cell[size / 2], i + 2);
            expect_equal(cell[size - 1], i + 3);
        }
    }
    pool_give(p, out);
}

static void large_data_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    if (k->transport == POOL_SHM)
        large_results(p, 22, 100000000);
    large_results(p, 1, (size_t)INT32_MAX + 2);
    pool_free(p);
}

/* 15 */
static void large_data(void **state)
{
    (void)state;
    if (!getenv("POOL_TEST_LARGE") || UNDER_SANITIZER || sizeof(size_t) < 8 ||
        available_kib() < 8 << 20) {
        print_message("it moves 2.2 GB several times: set POOL_TEST_LARGE, with 8 GiB free\n");
        skip();
    }
    for (int t = POOL_SHM; t <= POOL_PIPE; t++) {
        const struct kind k = { POOL_FORK, (enum pool_transport)t, 2 };
        say_where(&k);
        large_data_one(&k);
    }
}

static int count_up(const void *arg, long i, struct pool_task *t)
{
    _Atomic int *const *cells = arg;
    (void)t;
    atomic_fetch_add_explicit(&(*cells)[i], 1, memory_order_relaxed);
    return 0;
}

/* 16 */
static void once_one(const struct kind *k)
{
    const int pipe = k->transport == POOL_PIPE;
    struct pool *p = open_kind(k);
    _Atomic int *cells = alloc_or_fail(p, MILLION * sizeof *cells);
    for (int s = 0; s < SCHEDULES; s++)
        for (int fine = 0; fine <= 1; fine++) {
            /* A chunk through a pipe takes microseconds. */
            long n = pipe && fine ? 2000 : MILLION, chunk = fine ? 1 : pipe ? 5000 : 7;
            struct pool_call call = { .fn = count_up, .arg = &cells, .arg_size = sizeof cells };
            if (!can(k, schedules[s]))
                continue;
            say_more("%s, chunk %ld", schedule_names[s], chunk);
            call.n = n;
            call.chunk = chunk;
            call.schedule = schedules[s];
            memset((void *)cells, 0, MILLION * sizeof *cells);
            map_or_fail(p, &call, 0);
            for (long i = 0; i < n; i++)
                if (cells[i] != 1)
                    fail_msg("%s: task %ld was done %d times", where, i, cells[i]);
        }
    pool_free(p);
}

static void exactly_once(void **state)
{
    (void)state;
    for_each_start(once_one, 1);
    for_each_start(once_one, 2);
    for_each_start(once_one, 4);
}

/* ---- several callers, callbacks ---- */

struct caller {
    pthread_t thread;
    struct pool *pool;
    int number;
    const char *wrong; /* NULL: all well */
    long cancelled;
};

enum { ROUNDS = 6, EACH = 150 };

static void *call_repeatedly(void *arg)
{
    struct caller *c = arg;
    long in[EACH], out[EACH];
    struct pool_status status[EACH];
    for (int round = 0; round < ROUNDS && !c->wrong; round++) {
        struct pool_ticket *ticket;
        struct pool_call call = { .fn = scrambled,
                                  .in = in,
                                  .in_size = sizeof *in,
                                  .out = out,
                                  .out_size = sizeof *out,
                                  .n = EACH,
                                  .chunk = 5,
                                  .status = status };
        for (long i = 0; i < EACH; i++) {
            in[i] = i * 10 + c->number;
            out[i] = -7;
        }
        int cancel = round % 2 && c->number % 2;
        long got;
        if (round % 2) {
            if (pool_map_async(c->pool, &call, &ticket))
                c->wrong = "cannot submit";
            if (c->wrong)
                break;
            if (cancel && pool_cancel(ticket))
                c->wrong = "cannot cancel";
            got = pool_finish(ticket);
        } else {
            got = pool_map(c->pool, &call);
        }
        if (got != 0 && !(cancel && got == -ECANCELED))
            c->wrong = "the call failed";
        c->cancelled += got == -ECANCELED;
        for (long i = 0; i < EACH; i++) {
            int done = status[i].outcome == POOL_OK;
            if (!done && status[i].outcome != POOL_NOT_RUN)
                c->wrong = "an outcome is wrong";
            if (!done && !cancel)
                c->wrong = "a task was not done";
            if (out[i] != (done ? in[i] * in[i] : -7))
                c->wrong = "a result is wrong";
        }
    }
    return NULL;
}

/* 17 */
static void callers_one(const struct kind *k)
{
    struct caller callers[10] = { 0 };
    struct pool *p = open_kind(k);
    long cancelled = 0;
    for (int i = 0; i < 10; i++) {
        callers[i].pool = p;
        callers[i].number = i;
        expect_equal(pthread_create(&callers[i].thread, NULL, call_repeatedly, &callers[i]), 0);
    }
    for (int i = 0; i < 10; i++)
        pthread_join(callers[i].thread, NULL);
    for (int i = 0; i < 10; i++) {
        if (callers[i].wrong)
            fail_msg("%s: caller %d: %s", where, i, callers[i].wrong);
        cancelled += callers[i].cancelled;
    }
    expect(cancelled > 0);
    expect_usable(p);
    pool_free(p);
}

static void concurrent_callers(void **state)
{
    (void)state;
    for_each_start(callers_one, 4);
}

/* Cancelled before its turn, and twice. */
static void cancel_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    struct pool_ticket *ticket;
    plan.board = board_of(p);
    plan.nap_ms = 30;
    struct pool_call call = planned_call(&plan, 500);
    call.chunk = 1;
    fresh();
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect_within(10, plan.board->started > 0);
    expect_equal(pool_cancel(ticket), 0);
    expect_equal(pool_cancel(ticket), 0);
    expect_equal(pool_wait(ticket, -1), -ECANCELED);
    expect_equal(pool_finish(ticket), -ECANCELED);
    long done = count_outcomes(500, POOL_OK);
    expect(done > 0 && done < 500);
    expect_equal(done, plan.board->ended); /* those that ran end */
    expect_equal(done, plan.board->started);
    expect_equal(count_outcomes(500, POOL_NOT_RUN), 500 - done);
    for (long i = 0; i < 500; i++)
        expect(numbers.status[i].outcome == POOL_OK ? is_square(i) : numbers.out[i] == -7);
    expect_usable(p);
    pool_free(p);
}

static void cancelled_calls(void **state)
{
    (void)state;
    for_each_kind(cancel_one);
}

/* A call whose end submits the next. */
struct chain {
    struct pool *pool;
    int length, at, wrong;
    struct pool_ticket *tickets[100];
    long in[100], out[100];
};

static int next_link(void *arg, long result);

static void submit_link(struct chain *c)
{
    struct pool_call call = { .fn = square,
                              .in = &c->in[c->at],
                              .in_size = sizeof *c->in,
                              .out = &c->out[c->at],
                              .out_size = sizeof *c->out,
                              .n = 1,
                              .done = next_link,
                              .done_arg = c };
    c->in[c->at] = c->at + 3;
    if (pool_map_async(c->pool, &call, &c->tickets[c->at]))
        c->wrong++;
}

static int next_link(void *arg, long result)
{
    struct chain *c = arg;
    c->wrong += result != 0 || c->out[c->at] != c->in[c->at] * c->in[c->at];
    if (++c->at < c->length)
        submit_link(c);
    return 0;
}

/* 18 */
static void chain_one(const struct kind *k)
{
    static struct chain chains[3];
    static const int lengths[] = { 100, 50, 60 };
    struct pool *p = open_kind(k);
    for (int c = 0; c < 3; c++) {
        chains[c] = (struct chain){ .pool = p, .length = lengths[c] };
        submit_link(&chains[c]);
    }
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < lengths[c]; i++) {
            expect(chains[c].tickets[i] != NULL);
            expect_equal(pool_finish(chains[c].tickets[i]), 0);
            expect(chains[c].at >= i + 1);
        }
    for (int c = 0; c < 3; c++) {
        expect_equal(chains[c].at, lengths[c]);
        expect_equal(chains[c].wrong, 0);
    }
    expect_equal(statistics_of(p).tasks, 210);
    pool_free(p);
}

static void submit_from_callback(void **state)
{
    (void)state;
    for_each_kind(chain_one);
}

/* 19, 20 */
static void callbacks_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.fails = 3;
    plan.code = 1;
    for (int failing = 0; failing <= 1; failing++)
        for (int answer = 0; answer <= 5; answer += 5) {
            struct bell bell = { .answer = answer };
            struct pool_ticket *ticket;
            struct pool_call call = planned_call(&plan, failing ? 10 : 3);
            long failures = statistics_of(p).callbacks_failed;
            call.done = ring;
            call.done_arg = &bell;
            fresh();
            map_or_fail(p, &call, failing);
            expect_equal(bell.rings, 1);
            expect_equal(bell.result, failing);
            expect_equal(pool_map_async(p, &call, &ticket), 0);
            expect_equal(pool_wait(ticket, -1), failing);
            expect_equal(bell.rings, 2);
            expect_equal(bell.result, failing);
            expect_equal(pool_wait(ticket, -1), failing);
            expect_equal(pool_finish(ticket), failing);
            expect_equal(bell.rings, 2);
            expect_equal(statistics_of(p).callbacks_failed - failures, answer ? 2 : 0);
            expect_usable(p);
        }
    struct bell bell = { 0 };
    struct pool_ticket *ticket;
    struct pool_call call = planned_call(&plan, 10);
    call.done = ring;
    call.done_arg = &bell;
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect_equal(pool_close(p), 0);
    expect_equal(pool_join(p), 0); /* finds out, too */
    expect_equal(bell.rings, 1);
    expect_equal(bell.result, 1);
    expect_equal(pool_finish(ticket), 1);
    expect_equal(bell.rings, 1);
    pool_free(p);
}

static void callbacks(void **state)
{
    (void)state;
    for_each_kind(callbacks_one);
}

static int sum_arg(const void *arg, long i, struct pool_task *t)
{
    const char *from = pool_in(t, i), *whole = arg;
    char *to = pool_out(t, i);
    to[0] = (char)(from[0] + whole[0]);
    to[t->out_size - 1] = (char)(from[t->in_size - 1] + whole[9]);
    return 0;
}

/* 21: nothing of a call is used after it, and its room in the arena is free again */
static void held_back_one(const struct kind *k)
{
    enum { N = 8, SIZE = 1 << 20 };
    struct pool_options o = options_of(k);
    o.arena = 64L << 20; /* for three calls, not for twelve */
    struct pool *p = open_or_fail(&o);
    for (int again = 0; again < 12; again++) {
        char *memory =
            mmap(NULL, 2 * N * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char *arg = malloc(10);
        assert_true(memory != MAP_FAILED);
        memset(arg, 1 + again, 10);
        for (long i = 0; i < N; i++)
            memory[i * SIZE] = memory[(i + 1) * SIZE - 1] = (char)i;
        struct pool_call call = { .fn = sum_arg,
                                  .arg = arg,
                                  .arg_size = 10,
                                  .in = memory,
                                  .in_size = SIZE,
                                  .out = memory + N * SIZE,
                                  .out_size = SIZE,
                                  .n = N };
        map_or_fail(p, &call, 0);
        free(arg);
        for (long i = 0; i < N; i++) {
            expect_equal(memory[(N + i) * SIZE], 1 + again + i);
            expect_equal(memory[(N + i + 1) * SIZE - 1], 1 + again + i);
        }
        munmap(memory, 2 * N * SIZE);
    }
    pool_free(p);
}

static void nothing_held_back(void **state)
{
    (void)state;
    for_each_start(held_back_one, 2);
}

/* Memory of the pool: zeroed, aligned, apart, given back; too much is refused. */
static void alloc_one(const struct kind *k)
{
    struct pool_options o = options_of(k);
    o.arena = 64L << 20;
    struct pool *p = open_or_fail(&o);
    for (int again = 0; again < 12; again++) {
        enum { BLOCKS = 5, SIZE = (4 << 20) + 1 };
        unsigned char *blocks[BLOCKS];
        for (int b = 0; b < BLOCKS; b++) {
            blocks[b] = alloc_or_fail(p, SIZE);
            expect_equal((uintptr_t)blocks[b] % 128, 0);
            for (long i = 0; i < SIZE; i += 4096)
                expect_equal(blocks[b][i], 0);
            memset(blocks[b], b + 1, SIZE);
        }
        for (int b = 0; b < BLOCKS; b++) {
            expect(blocks[b][0] == b + 1 && blocks[b][SIZE - 1] == b + 1);
            pool_give(p, blocks[b]);
        }
    }
    expect(pool_alloc(p, 128L << 20) == NULL);
    expect(pool_alloc(p, SIZE_MAX) == NULL);
    expect(pool_alloc(p, SIZE_MAX - 100) == NULL);
    pool_give(p, NULL);
    expect_usable(p);
    pool_free(p);
}

static void shared_memory(void **state)
{
    (void)state;
    for_each_start(alloc_one, 2);
}

/* ---- errors ---- */

/* 22, 23 */
static void task_error_one(const struct kind *k)
{
    static const int codes[] = { 7, -EIO, 256, INT_MIN };
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.fails = 5;
    for (int c = 0; c < 4; c++)
        for (int s = 0; s < SCHEDULES; s++)
            for (long chunk = 0; chunk <= 10; chunk += 10) {
                struct pool_call call = planned_call(&plan, 20);
                const struct pool_failure *f = numbers.failure;
                plan.code = codes[c];
                say_more("%s, chunk %ld, code %d", schedule_names[s], chunk, codes[c]);
                call.schedule = schedules[s];
                call.chunk = chunk;
                call.failures = numbers.failure;
                call.failure_room = 3;
                if (!can(k, schedules[s]))
                    continue;
                fresh();
                memset(plan.board, 0, sizeof *plan.board);
                map_or_fail(p, &call, 1);
                expect_part(pool_message(p), "1 of 20");
                expect_part(pool_message(p), "task 5");
                expect_part(pool_message(p), "no such row: 5");
                expect_equal(f->task, 5);
                expect_equal(f->status.outcome, POOL_FAILED);
                expect_equal(f->status.code, codes[c]);
                expect_equal(f->status.tries, 1);
                expect_equal(f->status.worker, plan.board->worker[5] - 1);
                expect_part(f->text, "no such row: 5");
                expect_equal(f[1].task, -1); /* no more */
                if (is_process(k))
                    expect_equal(f->pid, pool_pid(p, f->status.worker));
                for (long i = 0; i < 20; i++) {
                    expect_equal(plan.board->runs[i], 1);
                    expect_equal(numbers.status[i].outcome, i == 5 ? POOL_FAILED : POOL_OK);
                    if (i != 5)
                        expect(is_square(i));
                }
                if (is_process(k)) /* a thread writes into it directly */
                    expect_equal(numbers.out[5], -7);
            }
    expect_equal(statistics_of(p).restarts, 0);
    pool_free(p);
}

static void task_error(void **state)
{
    (void)state;
    for_each_kind(task_error_one);
}

static int odd_ones_fail(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    if (t->in)
        square(arg, i, t);
    return i % 2 ? (int)i : 0;
}

/* Many failures, without words: each has its code; the list has the first ones in order. */
static void many_errors_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct pool_call call = call_of(odd_ones_fail, 1000);
    call.status = numbers.status;
    call.failures = numbers.failure;
    call.failure_room = 8;
    fresh();
    map_or_fail(p, &call, 500);
    expect_part(pool_message(p), "500 of 1000");
    expect_part(pool_message(p), "task 1:");
    for (long i = 0; i < 1000; i++) {
        expect_equal(numbers.status[i].outcome, i % 2 ? POOL_FAILED : POOL_OK);
        expect_equal(numbers.status[i].code, i % 2 ? i : 0);
        if (i % 2 == 0)
            expect(is_square(i));
    }
    for (int i = 0; i < 8; i++) {
        expect_equal(numbers.failure[i].task, 2 * i + 1);
        expect_equal(numbers.failure[i].status.code, 2 * i + 1);
    }
    expect_equal(statistics_of(p).failed, 500);
    call.status = NULL; /* and nobody wants to know */
    call.failures = NULL;
    call.failure_room = 0;
    map_or_fail(p, &call, 500);
    expect_usable(p);
    expect(pool_message(p)[0] == 0);
    pool_free(p);
}

static void many_errors(void **state)
{
    (void)state;
    for_each_kind(many_errors_one);
}

/* 24: the first by index is the last by time */
static void no_fail_fast_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.code = 4;
    plan.fails = plan.slow = 1;
    plan.fails_too = 15;
    plan.slow_ms = 80;
    struct pool_call call = planned_call(&plan, 20);
    call.chunk = 1;
    call.failures = numbers.failure;
    call.failure_room = 1;
    fresh();
    map_or_fail(p, &call, 2);
    expect_equal(plan.board->ended, 20);
    expect_equal(numbers.failure[0].task, 1);
    expect_part(pool_message(p), "2 of 20");
    expect_part(pool_message(p), "task 1:");
    expect_equal(count_outcomes(20, POOL_OK), 18);
    pool_free(p);
}

static void no_fail_fast(void **state)
{
    (void)state;
    for_each_kind(no_fail_fast_one);
}

/* 25, now: what runs is ended (threads: it ends) */
static void halt_now_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.fails = plan.slow = 0;
    plan.code = 4;
    plan.slow_ms = 100;
    plan.nap_ms = is_process(k) ? 30000 : 300;
    struct pool_call call = planned_call(&plan, 100);
    double start = seconds_now();
    call.chunk = 1;
    call.halt = "now,fail=1";
    fresh();
    expect_equal(pool_map(p, &call), -ECANCELED);
    expect(seconds_now() - start < 10);
    expect(pool_message(p)[0]);
    expect_equal(numbers.status[0].outcome, POOL_FAILED);
    expect_equal(numbers.status[0].code, 4);
    expect(plan.board->started < 100);
    if (is_process(k))
        expect_equal(plan.board->ended, 1);
    for (long i = 1; i < 100; i++) {
        int outcome = numbers.status[i].outcome;
        if (!plan.board->runs[i])
            expect_equal(outcome, POOL_NOT_RUN);
        if (is_process(k))
            expect(outcome == POOL_NOT_RUN || outcome == POOL_KILLED);
        if (outcome != POOL_OK)
            expect_equal(numbers.out[i], -7);
    }
    expect_usable(p);
    pool_free(p);
}

static int every_tenth_fails(const void *arg, long i, struct pool_task *t)
{
    int error = planned(arg, i, t);
    return i % 10 == 0 ? 6 : error;
}

/* 25, soon: what runs ends, no more is started */
static void halt_soon_one(const struct kind *k)
{
    static const char *const orders[] = { "soon,fail=3%", "soon,fail=3" };
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.nap_ms = 1;
    for (int o = 0; o < 2; o++) {
        struct pool_call call = planned_call(&plan, 100);
        say_more("%s", orders[o]);
        memset(plan.board, 0, sizeof *plan.board);
        call.fn = every_tenth_fails;
        call.chunk = 1;
        call.halt = orders[o];
        fresh();
        expect_equal(pool_map(p, &call), -ECANCELED);
        long ok = count_outcomes(100, POOL_OK), failed = count_outcomes(100, POOL_FAILED);
        expect(failed >= 3 && failed < 10);
        /* Task 20 is the third to fail.  Through pipes a worker has one waiting, not begun. */
        expect(ok >= 18 - (k->transport == POOL_PIPE ? k->workers : 0));
        expect_equal(plan.board->started, plan.board->ended);
        expect_equal(plan.board->ended, ok + failed);
        expect_equal(count_outcomes(100, POOL_NOT_RUN), 100 - ok - failed);
        for (long i = 0; i < 100; i++)
            expect(numbers.status[i].outcome == POOL_OK ? is_square(i)
                                                        : !is_process(k) || numbers.out[i] == -7);
        /* Not so many failures: everything is done. */
        call.halt = "soon,fail=11";
        fresh();
        map_or_fail(p, &call, 10);
        expect_equal(count_outcomes(100, POOL_OK), 90);
        call.halt = "soon,fail=11%";
        map_or_fail(p, &call, 10);
    }
    expect_equal(statistics_of(p).restarts, 0);
    pool_free(p);
}

static void halt(void **state)
{
    (void)state;
    for_each_kind(halt_now_one);
    for_each_start(halt_soon_one, 1);
    for_each_start(halt_soon_one, 2);
}

static volatile int depth;
static volatile int *volatile near_null = (volatile int *)8; /* the compiler cannot know */

static __attribute__((noinline)) void third_call(volatile int *place)
{
    *place = 1;
    depth = 3;
}

static __attribute__((noinline)) void second_call(volatile int *place)
{
    third_call(place);
    depth = 2;
}

static __attribute__((noinline)) void first_call(volatile int *place)
{
    second_call(place);
    depth = 1;
}

static int crash_deep(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    if (i == 7)
        first_call(near_null);
    return square(arg, i, t);
}

static int places(const char *text)
{
    int count = 0;
    for (const char *at = strstr(text, "+0x"); at; at = strstr(at + 1, "+0x"))
        count++;
    return count;
}

/* Who called whom is known where the C library walks the stack. */
#if __has_include(<execinfo.h>)
enum { LEAST_PLACES = 3 };
#else
enum { LEAST_PLACES = 1 };
#endif

/* 26 */
static void trace_one(const struct kind *k)
{
    if (!is_process(k))
        return; /* a crash is a crash of the program */
    struct pool *p = open_kind(k);
    int pids[13];
    struct pool_call call = call_of(crash_deep, 20);
    const struct pool_failure *f = numbers.failure;
    call.failures = numbers.failure;
    call.failure_room = 2;
    call.status = numbers.status;
    pids_of(p, k->workers, pids);
    fresh();
    map_or_fail(p, &call, 1);
    expect_equal(f->task, 7);
    expect(f->status.worker >= 0 && f->status.worker < k->workers);
    expect_equal(f->pid, pids[f->status.worker]);
    expect_equal(f->status.outcome, POOL_KILLED);
    expect_equal(f->status.code, SIGSEGV);
    expect_part(f->text, "SIGSEGV");
    expect_part(f->text, "0x8");
    if (places(f->text) < LEAST_PLACES)
        fail_msg("%s: no trace in \"%s\"", where, f->text);
    expect_part(pool_message(p), "task 7");
    for (long i = 0; i < 20; i++)
        expect(i == 7 ? numbers.out[i] == -7 : is_square(i));
    expect_usable(p);
    pool_free(p);
}

static void remote_trace(void **state)
{
    (void)state;
    for_each_start(trace_one, 1);
    for_each_start(trace_one, 2);
}

static int long_excuse(const void *arg, long i, struct pool_task *t)
{
    static char excuse[(1 << 20) + 1];
    (void)arg;
    memset(excuse, 'a' + (int)i, sizeof excuse - 1);
    return pool_fail(t, 2, "%s", excuse);
}

/* 27 */
static void long_text_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct pool_call call = { .fn = long_excuse, .n = 5, .failures = numbers.failure };
    call.failure_room = 5;
    if (!is_process(k))
        call.chunk = 5; /* `excuse` is one for all threads */
    fresh();
    map_or_fail(p, &call, 5);
    for (int i = 0; i < 5; i++) {
        const struct pool_failure *f = &numbers.failure[i];
        size_t length = strlen(f->text);
        expect_equal(f->task, i);
        expect(length > 400 && length < sizeof f->text);
        expect(f->text[0] == 'a' + i && f->text[400] == 'a' + i);
        expect(!strcmp(f->text + length - 3, "..."));
    }
    expect_usable(p);
    pool_free(p);
}

static void long_text(void **state)
{
    (void)state;
    for_each_start(long_text_one, 2);
}

/* 28 */
static void unsendable_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    int pids[13], later[13];
    struct pool_call call = call_of(NULL, 10);
    pids_of(p, k->workers, pids);
    fresh();
    for (int i = 0; i < 50; i++) {
        expect_refused(p, &call, -ENOTSUP);
        if (!is_process(k))
            continue;
        struct pool_call data = call_of((pool_fn *)(uintptr_t)&numbers, 10);
        expect_refused(p, &data, -ENOTSUP);
    }
    expect_equal(numbers.out[0], -7);
    for (int i = 0; i < 100; i++)
        expect_usable(p);
    pids_of(p, k->workers, later);
    expect(memcmp(pids, later, sizeof *pids * (size_t)k->workers) == 0);
    expect_equal(statistics_of(p).restarts, 0);
    pool_free(p);
}

static void unsendable(void **state)
{
    (void)state;
    for_each_kind(unsendable_one);
}

static int error_as_value(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    struct pool_status *s = pool_out(t, i);
    *s = (struct pool_status){ .outcome = POOL_FAILED, .code = -EIO };
    return 0;
}

/* 29 */
static void value_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct pool_status values[10] = { 0 };
    struct pool_call call = { .fn = error_as_value, .n = 10, .out = values };
    call.out_size = sizeof *values;
    call.status = numbers.status;
    map_or_fail(p, &call, 0);
    expect_equal(count_outcomes(10, POOL_OK), 10);
    for (int i = 0; i < 10; i++)
        expect(values[i].outcome == POOL_FAILED && values[i].code == -EIO);
    expect_equal(statistics_of(p).failed, 0);
    pool_free(p);
}

static void error_is_a_value(void **state)
{
    (void)state;
    for_each_start(value_one, 2);
}

/* ---- retries (46, 47 for failing tasks) ---- */

static int third_time_lucky(const void *arg, long i, struct pool_task *t)
{
    const struct plan *plan = arg;
    int times = atomic_fetch_add(&plan->board->runs[i], 1) + 1;
    square(arg, i, t);
    return i % 4 == 1 && times < 3 ? 5 : i == 8 ? 6 : 0;
}

static void retries_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    struct pool_call call = planned_call(&plan, 20);
    call.fn = third_time_lucky;
    call.retries = 2;
    call.failures = numbers.failure;
    call.failure_room = 2;
    fresh();
    map_or_fail(p, &call, 1);
    expect_equal(numbers.failure[0].task, 8);
    expect_equal(numbers.failure[0].status.tries, 3);
    expect_equal(numbers.failure[0].status.code, 6);
    for (long i = 0; i < 20; i++) {
        int tries = i % 4 == 1 || i == 8 ? 3 : 1;
        expect_equal(plan.board->runs[i], tries);
        expect_equal(numbers.status[i].tries, tries);
        expect_equal(numbers.status[i].outcome, i == 8 ? POOL_FAILED : POOL_OK);
        if (i != 8)
            expect(is_square(i));
    }
    pool_free(p);
}

static void retries(void **state)
{
    (void)state;
    for_each_kind(retries_one);
}

/* ---- time ---- */

/* 30, 31 */
static void wait_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    struct pool_ticket *ticket;
    plan.board = board_of(p);
    plan.nap_ms = 800;
    struct pool_call call = planned_call(&plan, 1);
    fresh();
    double start = seconds_now();
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    for (int i = 0; i < 20; i++)
        expect_equal(pool_wait(ticket, 0), -ETIMEDOUT);
    expect(seconds_now() - start < 0.4); /* who looks does not wait */
    start = seconds_now();
    expect_equal(pool_wait(ticket, 100), -ETIMEDOUT);
    double waited = seconds_now() - start;
    expect(waited > 0.09 && waited < 0.4);
    if (!UNDER_TSAN) /* a thread may be writing it */
        expect_equal(numbers.out[0], -7);
    expect_equal(pool_wait(ticket, 20000), 0);
    expect_squares(1);
    expect_equal(plan.board->ended, 1);
    expect_equal(pool_wait(ticket, 0), 0);
    expect_equal(pool_finish(ticket), 0);
    plan.nap_ms = 30; /* who only looks gets it, too */
    fresh();
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect_within(20, pool_wait(ticket, 0) == 0);
    expect_squares(1);
    expect_equal(pool_finish(ticket), 0);
    pool_free(p);
}

static void wait_with_timeout(void **state)
{
    (void)state;
    for_each_start(wait_one, 2);
}

/* Threads cannot be ended from outside. */
static void expect_no_limit(struct pool *p, const struct pool_call *call)
{
    long tasks = statistics_of(p).tasks, got = pool_map(p, call);
    expect(got == -EINVAL || got == -ENOTSUP);
    expect(pool_message(p)[0]);
    expect_equal(statistics_of(p).tasks, tasks);
}

/* 32 */
static void limit_one(const struct kind *k)
{
    static const long chunks[] = { 1, 20, 0 };
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.slow = 5;
    plan.slow_ms = 100000;
    for (int c = 0; c < 3; c++) {
        struct pool_call call = planned_call(&plan, 20);
        const struct pool_failure *f = numbers.failure;
        double start = seconds_now();
        say_more("chunk %ld", chunks[c]);
        memset(plan.board, 0, sizeof *plan.board);
        call.chunk = chunks[c];
        call.timeout_ms = 200;
        call.failures = numbers.failure;
        call.failure_room = 2;
        fresh();
        if (!is_process(k)) {
            expect_no_limit(p, &call);
            continue;
        }
        map_or_fail(p, &call, 1);
        double took = seconds_now() - start;
        expect(took > 0.19 && took < 8);
        expect_equal(f->task, 5);
        expect_equal(f->status.outcome, POOL_TIMED_OUT);
        expect(f->text[0]);
        expect_part(pool_message(p), "task 5");
        expect_equal(plan.board->runs[5], 1);
        for (long i = 0; i < 20; i++) {
            expect_equal(numbers.status[i].outcome, i == 5 ? POOL_TIMED_OUT : POOL_OK);
            expect(i == 5 ? numbers.out[i] == -7 : is_square(i));
            if (k->transport == POOL_SHM)
                expect_equal(plan.board->runs[i], 1);
        }
        expect_within(5, statistics_of(p).workers == k->workers);
        expect_usable(p);
    }
    expect_equal(statistics_of(p).restarts, is_process(k) ? 3 : 0);
    pool_free(p);
}

static void limit_per_task(void **state)
{
    (void)state;
    for_each_start(limit_one, 1);
    for_each_start(limit_one, 4);
}

/* 33: all together take longer than the limit, none does */
static void limit_from_start_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.nap_ms = 120;
    struct pool_call call = planned_call(&plan, 5);
    call.timeout_ms = 500;
    fresh();
    if (!is_process(k)) {
        expect_no_limit(p, &call);
    } else {
        for (long chunk = 1; chunk <= 5; chunk += 4) {
            call.chunk = chunk;
            map_or_fail(p, &call, 0);
            expect_squares(5);
        }
        expect_equal(statistics_of(p).restarts, 0);
    }
    pool_free(p);
}

static void limit_counts_from_start(void **state)
{
    (void)state;
    for_each_start(limit_from_start_one, 1);
}

static int stubborn(const void *arg, long i, struct pool_task *t)
{
    if (i == 2) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        for (;;)
            nap_ms(1000);
    }
    return square(arg, i, t);
}

/* 34 */
static void stubborn_one(const struct kind *k)
{
    if (!is_process(k))
        return;
    struct pool *p = open_kind(k);
    struct pool_call call = call_of(stubborn, 6);
    call.chunk = 3;
    call.timeout_ms = 100;
    call.status = numbers.status;
    double start = seconds_now();
    fresh();
    map_or_fail(p, &call, 1);
    expect(seconds_now() - start < 8);
    for (long i = 0; i < 6; i++) {
        expect_equal(numbers.status[i].outcome, i == 2 ? POOL_TIMED_OUT : POOL_OK);
        expect(i == 2 ? numbers.out[i] == -7 : is_square(i));
    }
    expect_usable(p);
    pool_free(p);
}

static void limit_ignoring_term(void **state)
{
    (void)state;
    for_each_start(stubborn_one, 1);
    for_each_start(stubborn_one, 2);
}

/* 35 */
static void deadline_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    plan.board = board_of(p);
    plan.slow = 2;
    plan.slow_ms = is_process(k) ? 30000 : 700;
    struct pool_call call = planned_call(&plan, 3);
    call.chunk = 1;
    call.deadline_ms = 300;
    fresh();
    double start = seconds_now();
    expect_equal(pool_map(p, &call), -ETIMEDOUT);
    double took = seconds_now() - start;
    expect(took > 0.29 && took < 8);
    expect(pool_message(p)[0]);
    expect(is_square(0) && is_square(1));
    expect_equal(numbers.status[0].outcome, POOL_OK);
    expect_equal(numbers.status[1].outcome, POOL_OK);
    if (is_process(k)) {
        expect(numbers.status[2].outcome != POOL_OK);
        expect_equal(numbers.out[2], -7);
    }
    call.deadline_ms = 20000; /* enough */
    plan.slow = -1;
    fresh();
    map_or_fail(p, &call, 0);
    expect_squares(3);
    pool_free(p);
}

static void deadline(void **state)
{
    (void)state;
    for_each_start(deadline_one, 1);
    for_each_start(deadline_one, 13);
}

/* ---- closing ---- */

static void some_work(void *arg, int worker, struct pool_claims *claims)
{
    _Atomic long *sum = arg;
    struct pool_range r;
    (void)worker;
    do {
        r = pool_next(claims);
        for (long i = r.first; i < r.end; i++)
            atomic_fetch_add(sum, i);
    } while (r.first < r.end);
}

static int is_over(long error, int terminated)
{
    return error == -ESHUTDOWN || (terminated && error == -ECANCELED);
}

/* 56 */
static void use_after_one(const struct kind *k)
{
    for (int how = 0; how < 3; how++) { /* closed, terminated, joined */
        struct pool *p = open_kind(k);
        struct pool_call call = call_of(square, 10);
        struct pool_ticket *ticket = NULL;
        struct pool_iterator *it = NULL;
        struct source source = { .end = 5, .error_at = -1 };
        struct pool_stream stream = stream_of(&source, square);
        struct pool_job job = { .work = some_work, .arg = NULL, .tasks = 10 };
        say_more("%s", how == 0 ? "closed" : how == 1 ? "terminated" : "joined");
        fresh();
        expect_equal(how == 1 ? pool_terminate(p) : pool_close(p), 0);
        if (how == 2)
            expect_equal(pool_join(p), 0);
        for (int again = 0; again < 2; again++) {
            expect(is_over(pool_map(p, &call), how == 1));
            expect(pool_message(p)[0]);
            expect(is_over(pool_apply(p, &call), how == 1));
            expect(pool_message(p)[0]);
            expect(is_over(pool_map_async(p, &call, &ticket), how == 1));
            expect(pool_message(p)[0]);
            expect(is_over(pool_run(p, &job), how == 1));
            expect(pool_message(p)[0]);
            int error = pool_imap(p, &stream, &it);
            if (!error) {
                error = pool_imap_next(it, numbers.out, NULL);
                pool_imap_end(it);
            }
            expect(is_over(error, how == 1));
            expect(is_over(pool_resize(p, 2), how == 1));
        }
        expect(ticket == NULL);
        expect_equal(numbers.out[0], -7);
        expect_equal(statistics_of(p).tasks, 0);
        pool_free(p);
    }
}

static void use_after_close(void **state)
{
    (void)state;
    for_each_start(use_after_one, 1);
    for_each_start(use_after_one, 4);
}

/* 57 */
static void close_waits_one(const struct kind *k)
{
    for (int how = 0; how < 2; how++) { /* closed and joined; closed after a look */
        struct pool *p = open_kind(k);
        struct plan plan = nothing_special;
        struct pool_ticket *ticket;
        plan.board = board_of(p);
        plan.nap_ms = 4;
        struct pool_call call = planned_call(&plan, 25);
        call.chunk = how;
        fresh();
        expect_equal(pool_map_async(p, &call, &ticket), 0);
        if (how)
            expect_equal(pool_wait(ticket, 0), -ETIMEDOUT);
        expect_equal(pool_close(p), 0);
        if (how) {
            expect_equal(pool_finish(ticket), 0);
            expect_squares(25);
        }
        expect_equal(pool_join(p), 0);
        expect_squares(25);
        expect_equal(plan.board->ended, 25);
        expect_equal(count_outcomes(25, POOL_OK), 25);
        expect_equal(statistics_of(p).workers, 0);
        for (int w = 0; w < k->workers; w++)
            expect_equal(pool_pid(p, w), 0);
        expect_equal(has_children(0), 0);
        if (!how)
            expect_equal(pool_finish(ticket), 0);
        pool_free(p);
    }
}

static void close_waits(void **state)
{
    (void)state;
    for_each_kind(close_waits_one);
}

/* 58 */
static void terminate_one(const struct kind *k)
{
    enum { N = 1000 };
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    struct pool_ticket *ticket;
    struct bell bell = { 0 };
    plan.board = board_of(p);
    plan.nap_ms = is_process(k) ? 30000 : 200;
    struct pool_call call = planned_call(&plan, N);
    call.done = ring;
    call.done_arg = &bell;
    fresh();
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect_within(10, plan.board->started > 0);
    double start = seconds_now();
    expect_equal(pool_terminate(p), 0);
    expect(seconds_now() - start < 5);
    expect_equal(pool_wait(ticket, -1), -ECANCELED);
    expect_equal(pool_finish(ticket), -ECANCELED);
    expect_equal(bell.rings, 1);
    expect_equal(bell.result, -ECANCELED);
    expect_equal(pool_join(p), 0);
    expect(seconds_now() - start < 10);
    for (long i = 0; i < N; i++) {
        int outcome = numbers.status[i].outcome;
        if (is_process(k))
            expect(outcome == POOL_NOT_RUN || outcome == POOL_KILLED);
        else
            expect(outcome == POOL_NOT_RUN || (outcome == POOL_OK && is_square(i)));
        if (outcome != POOL_OK)
            expect_equal(numbers.out[i], -7);
    }
    expect(count_outcomes(N, POOL_NOT_RUN) > N / 2);
    expect_equal(has_children(0), 0);
    pool_free(p);
}

static void terminate(void **state)
{
    (void)state;
    for_each_kind(terminate_one);
}

/* 59 */
static void join_early_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    expect_equal(pool_join(p), -EINVAL);
    expect(pool_message(p)[0]);
    expect_usable(p);
    expect_equal(pool_join(p), -EINVAL);
    expect_equal(pool_close(p), 0);
    expect_equal(pool_join(p), 0);
    pool_free(p);
}

static void join_before_close(void **state)
{
    (void)state;
    for_each_start(join_early_one, 2);
}

static int close_it(void *arg, long result)
{
    struct pool *p = arg;
    (void)result;
    return pool_close(p);
}

/* 59a */
static void idempotent_one(const struct kind *k)
{
    static const char *const orders[] = { "cc",    "cjcj",   "ct", "tt",    "tc",
                                          "tjtjc", "cjttcj", "",   "ctcjtj" };
    for (int o = 0; o < 9; o++) {
        struct pool *p = open_kind(k);
        say_more("order \"%s\"", orders[o]);
        for (const char *c = orders[o]; *c; c++)
            expect_equal(*c == 'c'   ? pool_close(p)
                         : *c == 't' ? pool_terminate(p)
                                     : pool_join(p),
                         0);
        pool_free(p);
    }
    struct pool *p = open_kind(k);
    struct pool_call call = call_of(square, 10);
    say_more("closed in a callback");
    call.done = close_it;
    call.done_arg = p;
    fresh();
    map_or_fail(p, &call, 0);
    expect_squares(10);
    expect_equal(pool_map(p, &call), -ESHUTDOWN);
    expect_equal(statistics_of(p).callbacks_failed, 0);
    expect_equal(pool_close(p), 0);
    expect_equal(pool_join(p), 0);
    pool_free(p);
}

static void closing_twice(void **state)
{
    (void)state;
    for_each_start(idempotent_one, 2);
}

/* Freed while it works: the work is done. */
static void free_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct plan plan = nothing_special;
    struct pool_ticket *ticket;
    struct bell bell = { 0 };
    plan.board = board_of(p);
    plan.nap_ms = 3;
    struct pool_call call = planned_call(&plan, 20);
    call.done = ring;
    call.done_arg = &bell;
    fresh();
    expect_equal(pool_map_async(p, &call, &ticket), 0);
    expect_equal(pool_close(p), 0);
    expect_equal(pool_finish(ticket), 0);
    expect_squares(20);
    expect_equal(bell.rings, 1);
    pool_free(p);
}

static void free_without_join(void **state)
{
    (void)state;
    for_each_kind(free_one);
}

/* ---- arguments ---- */

static long hash_of(const unsigned char *bytes, size_t size)
{
    unsigned long hash = 5381;
    for (size_t i = 0; i < size; i++)
        hash = hash * 33 + bytes[i];
    return (long)(hash >> 1);
}

/* After a while: what the caller does to its copy in between must not be seen. */
static int hash_arg(const void *arg, long i, struct pool_task *t)
{
    const size_t *size = pool_in(t, i);
    long *out = pool_out(t, i);
    nap_ms(15);
    *out = *size ? hash_of(arg, *size) : arg != NULL;
    return 0;
}

/* 67 */
static void captured_one(const struct kind *k)
{
    static const size_t sizes[] = { 0, 1, 8, 4096, 1000000 };
    static unsigned char bytes[1000000];
    struct pool *p = open_kind(k);
    for (int s = 0; s < 5; s++) {
        enum { N = 6 };
        size_t size = sizes[s], in[N];
        long out[N];
        struct pool_ticket *ticket;
        struct pool_call call = { .fn = hash_arg,
                                  .arg = size ? bytes : NULL,
                                  .arg_size = size,
                                  .in = in,
                                  .in_size = sizeof *in,
                                  .out = out,
                                  .out_size = sizeof *out,
                                  .n = N,
                                  .chunk = 1 };
        say_more("%zu bytes", size);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (unsigned char)(i * 7 + i / 256 + size);
        for (int i = 0; i < N; i++) {
            in[i] = size;
            out[i] = -7;
        }
        long wanted = size ? hash_of(bytes, size) : 0;
        expect_equal(pool_map_async(p, &call, &ticket), 0);
        memset(bytes, 0xee, sizeof bytes);
        expect_equal(pool_finish(ticket), 0);
        for (int i = 0; i < N; i++)
            expect_equal(out[i], wanted);
        map_or_fail(p, &call, 0); /* now they are seen */
        wanted = size ? hash_of(bytes, size) : 0;
        for (int i = 0; i < N; i++)
            expect_equal(out[i], wanted);
    }
    pool_free(p);
}

static void captured_by_value(void **state)
{
    (void)state;
    for_each_start(captured_one, 2);
    for_each_start(captured_one, 4);
}

static int read_first(const void *arg, long i, struct pool_task *t)
{
    long *out = pool_out(t, i);
    const _Atomic long *first = arg;
    *out = *first;
    return 0;
}

/* A pointer is handed on as it stands. */
static void handed_on_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    _Atomic long *shared = alloc_or_fail(p, 4096);
    for (long value = 1; value <= 3; value++) {
        struct pool_call call = call_of(read_first, 20);
        fresh();
        call.arg = (const void *)shared;
        *shared = value;
        map_or_fail(p, &call, 0);
        for (long i = 0; i < 20; i++)
            expect_equal(numbers.out[i], value);
    }
    /* In, out in memory of the pool. */
    long *in = alloc_or_fail(p, 100 * sizeof *in), *out = alloc_or_fail(p, 100 * sizeof *out);
    struct pool_call call = call_of(square, 100);
    call.in = in;
    call.out = out;
    for (long i = 0; i < 100; i++)
        in[i] = i;
    map_or_fail(p, &call, 0);
    for (long i = 0; i < 100; i++)
        expect_equal(out[i], i * i);
    pool_free(p);
}

static void handed_on(void **state)
{
    (void)state;
    for_each_kind(handed_on_one);
}

struct suspicious {
    long before[125];
    const void *pointer;
    long after[3];
};

static int ignore(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    (void)i;
    (void)t;
    return 0;
}

/* 68 */
static void strict_one(const struct kind *k)
{
    if (!is_process(k))
        return; /* threads may follow such a pointer */
    for (int strict = 0; strict <= 1; strict++) {
        struct pool_options o = options_of(k);
        o.strict = strict;
        struct pool *p = open_or_fail(&o);
        struct suspicious s = { .before = { 1, 2, 3 } };
        struct pool_call call = { .fn = ignore, .arg = &s, .arg_size = sizeof s, .n = 3 };
        void *heap = malloc(100);
        say_more("strict %d", strict);
        map_or_fail(p, &call, 0);
        expect(pool_message(p)[0] == 0);
        s.pointer = alloc_or_fail(p, 100); /* everybody sees that */
        map_or_fail(p, &call, 0);
        expect(pool_message(p)[0] == 0);
        s.pointer = heap;
        map_or_fail(p, &call, 0); /* a warning only */
        if (strict) {
            const char *text = pool_message(p);
            expect(text[0]);
            if (!strstr(text, "1000") && !strstr(text, "0x3e8"))
                fail_msg("%s: no offset 1000 in \"%s\"", where, text);
        } else {
            expect(pool_message(p)[0] == 0);
        }
        s.pointer = &s; /* on the stack */
        map_or_fail(p, &call, 0);
        expect(!strict == !pool_message(p)[0]);
        s.pointer = NULL;
        map_or_fail(p, &call, 0); /* that was another call */
        expect(pool_message(p)[0] == 0);
        free(heap);
        pool_free(p);
    }
}

static void strict_mode(void **state)
{
    (void)state;
    for_each_start(strict_one, 2);
}

static void *message_elsewhere(void *arg)
{
    return (void *)(uintptr_t)(pool_message(arg)[0] != 0);
}

/* What a call said is for the thread that made it. */
static void message_is_per_thread(void **state)
{
    const struct kind k = { POOL_FORK, POOL_SHM, 1 };
    pthread_t thread;
    void *got = NULL;
    (void)state;
    say_where(&k);
    struct pool *p = open_kind(&k);
    expect(pool_message(p)[0] == 0);
    struct pool_call call = call_of(square, -1);
    expect_equal(pool_map(p, &call), -EINVAL);
    expect(pool_message(p)[0]);
    expect_equal(pthread_create(&thread, NULL, message_elsewhere, p), 0);
    pthread_join(thread, &got);
    expect(got == NULL);
    expect(pool_message(p)[0]);
    pool_free(p);
}

/* ---- statistics ---- */

/* 84 */
static void statistics_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct pool_statistics s = statistics_of(p);
    struct pool_call call = call_of(odd_ones_fail, 100);
    long sum = 0;
    expect(s.tasks == 0 && s.failed == 0 && s.chunks == 0 && s.steals == 0);
    expect(s.restarts == 0 && s.callbacks_failed == 0);
    expect_equal(s.workers, k->workers);
    expect_equal(pool_started(p), k->start);
    fresh();
    call.chunk = 7;
    map_or_fail(p, &call, 50);
    s = statistics_of(p);
    expect_equal(s.tasks, 100);
    expect_equal(s.failed, 50);
    expect_equal(s.chunks, 15);
    expect_equal(s.steals, 0);
    call.chunk = k->transport == POOL_SHM ? 0 : 50;
    call.schedule = k->transport == POOL_SHM ? POOL_STATIC : POOL_DYNAMIC;
    map_or_fail(p, &call, 50);
    s = statistics_of(p);
    expect_equal(s.tasks, 200);
    expect_equal(s.failed, 100);
    expect_equal(s.chunks, 15 + (k->transport == POOL_SHM ? k->workers : 2));
    for (int w = 0; w < k->workers; w++) {
        if (k->transport == POOL_SHM) /* its static share, at least */
            expect(pool_worker_tasks(p, w) >= 100 / k->workers);
        sum += pool_worker_tasks(p, w);
    }
    expect_equal(sum, 200);
    expect_equal(pool_worker_tasks(p, -1), -EINVAL);
    expect_equal(pool_worker_tasks(p, k->workers), -EINVAL);
    expect_equal(pool_worker_tasks(p, INT_MAX), -EINVAL);
    expect_equal(pool_pid(p, -1), -EINVAL);
    expect_equal(pool_pid(p, k->workers), -EINVAL);
    expect_equal(s.restarts, 0);
    if (k->transport == POOL_SHM) { /* with nothing to do they go to sleep, again and again */
        long sleeps = s.sleeps;
        expect_within(10, statistics_of(p).sleeps >= k->workers);
        for (int i = 0; i < 5; i++) {
            map_or_fail(p, &call, 50);
            nap_ms(10);
        }
        expect_within(10, statistics_of(p).sleeps > sleeps);
    }
    expect_equal(pool_close(p), 0);
    expect_equal(pool_join(p), 0);
    pool_free(p);
}

static int slow_front(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    (void)t;
    if (i < 50)
        nap_ms(2);
    return 0;
}

/* One has all the work, the others take it away. */
static void steals_one(const struct kind *k)
{
    if (k->transport != POOL_SHM)
        return;
    struct pool *p = open_kind(k);
    struct pool_call call = { .fn = slow_front, .n = 100, .chunk = 1, .schedule = POOL_STEAL };
    map_or_fail(p, &call, 0);
    struct pool_statistics s = statistics_of(p);
    expect(k->workers == 1 ? s.steals == 0 : s.steals > 0);
    expect_equal(s.tasks, 100);
    expect_equal(s.chunks, 100);
    pool_free(p);
}

static void statistics(void **state)
{
    (void)state;
    for_each_kind(statistics_one);
    for_each_start(steals_one, 1);
    for_each_start(steals_one, 2);
}

/* ---- bad input ---- */

static int refused_options; /* how many */

static void refuse_options(const char *what, const struct pool_options *o)
{
    struct pool *pool = (struct pool *)&refused_options;
    char message[300] = "";
    say_more("%s", what);
    expect_equal(pool_open(&pool, o, message, sizeof message), -EINVAL);
    expect(pool == NULL);
    expect(strlen(message) > 8);
    pool = (struct pool *)&refused_options;
    expect_equal(pool_open(&pool, o, NULL, 0), -EINVAL);
    expect(pool == NULL);
    memset(message, 'x', sizeof message);
    expect_equal(pool_open(&pool, o, message, 10), -EINVAL);
    expect(memchr(message, 0, 10) != NULL); /* cut */
    expect(message[10] == 'x');
    expect_equal(has_children(0), 0);
    refused_options++;
}

#define REFUSE(...)                                                                                \
    do {                                                                                           \
        struct pool_options o_ = options_of(k);                                                    \
        struct pool_options *o = &o_;                                                              \
        __VA_ARGS__;                                                                               \
        refuse_options(#__VA_ARGS__, o);                                                           \
    } while (0)

static void bad_options_one(const struct kind *k)
{
    static const int nowhere = 1000000, negative = -1;
    static char page[3 * 4096];
    struct pool_region region = { .fd = -1, .base = page, .size = 4096 };
    REFUSE(o->workers = 0);
    REFUSE(o->workers = -1);
    REFUSE(o->workers = INT_MIN);
    REFUSE(o->cpu_count = -1);
    REFUSE(o->cpu_count = 1);
    REFUSE(o->cpu_count = 1, o->cpus = &nowhere);
    REFUSE(o->cpu_count = 1, o->cpus = &negative);
    REFUSE(o->start = (enum pool_start)4);
    REFUSE(o->start = (enum pool_start) - 1);
    REFUSE(o->transport = (enum pool_transport)2);
    REFUSE(o->transport = (enum pool_transport) - 1);
    REFUSE(o->wait = (enum pool_wait)3);
    REFUSE(o->wait = (enum pool_wait) - 1);
    REFUSE(o->initializer = ignore, o->initializer_arg_size = 8);
    REFUSE(o->max_tasks = -1);
    REFUSE(o->max_rss_kib = -1);
    REFUSE(o->max_deaths = -2);
    REFUSE(o->idle_timeout_ms = -1);
    REFUSE(o->close_timeout_ms = -1);
    REFUSE(o->caller_works = -1);
    REFUSE(o->caller_works = 2);
    if (k->transport == POOL_PIPE)
        REFUSE(o->caller_works = 1); /* nobody would tend the pipes */
    REFUSE(o->max_depth = -1);
    REFUSE(o->max_depth = 11);
    REFUSE(o->strict = -1);
    REFUSE(o->strict = 2);
    REFUSE(o->arena = -1);
    REFUSE(o->arena = LONG_MIN);
    REFUSE(o->region_count = -1);
    REFUSE(o->region_count = 1);
    REFUSE(o->regions = &region, o->region_count = 1); /* no file */
}

static void bad_options(void **state)
{
    (void)state;
    for_each_start(bad_options_one, 2);
    expect(refused_options >= 28 * 6);
}

/* Too large for this world: whatever the error, it is said, and nothing is left. */
static void too_many_workers(void **state)
{
    struct pool *pool = (struct pool *)&refused_options;
    char message[300] = "";
    (void)state;
    struct pool_options o = { .workers = INT_MAX };
    expect(pool_open(&pool, &o, message, sizeof message) < 0);
    expect(pool == NULL);
    expect(message[0]);
}

static int mark(const void *arg, long i, struct pool_task *t)
{
    struct board *const *b = arg;
    (void)i;
    (void)t;
    atomic_fetch_add(&(*b)->started, 1);
    return 0;
}

#define BAD_CALL(error, ...)                                                                       \
    do {                                                                                           \
        struct pool_call c_ = good;                                                                \
        struct pool_call *c = &c_;                                                                 \
        __VA_ARGS__;                                                                               \
        say_more("%s", #__VA_ARGS__);                                                              \
        expect_refused(p, c, error);                                                               \
        expect_equal(board->started, 0);                                                           \
    } while (0)

static void bad_calls_one(const struct kind *k)
{
    static const char *const orders[] = { "",
                                          "now",
                                          "now,",
                                          "now,fail",
                                          "now,fail=",
                                          "now,fail=0",
                                          "now,fail=-1",
                                          "now,fail=1x",
                                          "now,fail=1 ",
                                          "later,fail=1",
                                          "soon,fail=101%",
                                          "soon,fail=0%",
                                          "soon,fail=-3%",
                                          "soon,fail=3%%",
                                          "soon,sort=3",
                                          "NOW,fail=1" };
    struct pool *p = open_kind(k);
    struct board *board = board_of(p);
    const struct pool_call good = { .fn = mark, .arg = &board, .arg_size = sizeof board, .n = 10 };
    BAD_CALL(-EINVAL, c->n = -1);
    BAD_CALL(-EINVAL, c->n = LONG_MIN);
    BAD_CALL(-EINVAL, c->chunk = -1);
    BAD_CALL(-EINVAL, c->chunk = LONG_MIN);
    BAD_CALL(-EINVAL, c->schedule = (enum pool_schedule)4);
    BAD_CALL(-EINVAL, c->schedule = (enum pool_schedule) - 1);
    if (k->transport == POOL_PIPE) {
        BAD_CALL(-EINVAL, c->schedule = POOL_STEAL);
        BAD_CALL(-EINVAL, c->schedule = POOL_STATIC);
    }
    BAD_CALL(-EINVAL, c->timeout_ms = -1);
    BAD_CALL(-EINVAL, c->deadline_ms = -1);
    BAD_CALL(-EINVAL, c->retries = -1);
    BAD_CALL(-EINVAL, c->retries = 101);
    BAD_CALL(-EINVAL, c->failure_room = -1);
    BAD_CALL(-EINVAL, c->failure_room = 1);
    BAD_CALL(-EINVAL, c->arg = NULL);
    BAD_CALL(-EINVAL, c->in = board);
    BAD_CALL(-EINVAL, c->out = board);
    BAD_CALL(-EINVAL, c->in_size = 8);
    BAD_CALL(-EINVAL, c->out_size = 8);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        BAD_CALL(-EINVAL, c->halt = orders[i]);
    BAD_CALL(-ENOTSUP, c->fn = NULL);
    BAD_CALL(-E2BIG, c->n = (long)INT32_MAX + 1, c->chunk = 1);
    BAD_CALL(-E2BIG, c->n = LONG_MAX, c->chunk = 1);
    BAD_CALL(-E2BIG, c->n = LONG_MAX, c->chunk = 2);
    if (is_process(k) && k->transport == POOL_SHM)
        BAD_CALL(-E2BIG, c->in = board, c->in_size = SIZE_MAX / 4);
    expect_equal(pool_map(p, &good), 0);
    expect_equal(board->started, 10);
    pool_free(p);
}

static void bad_calls(void **state)
{
    (void)state;
    for_each_start(bad_calls_one, 2);
}

#define BAD_STREAM(...)                                                                            \
    do {                                                                                           \
        struct pool_stream s_ = stream_of(&source, square);                                        \
        struct pool_stream *s = &s_;                                                               \
        struct pool_iterator *it = NULL;                                                           \
        __VA_ARGS__;                                                                               \
        say_more("%s", #__VA_ARGS__);                                                              \
        expect_equal(pool_imap(p, s, &it), -EINVAL);                                               \
        expect(pool_message(p)[0]);                                                                \
        expect(it == NULL);                                                                        \
        expect_equal(source.at, 0);                                                                \
    } while (0)

static void bad_streams_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    struct source source = { .end = 5, .error_at = -1 };
    BAD_STREAM(s->next = NULL);
    BAD_STREAM(s->chunk = -1);
    BAD_STREAM(s->window = -1);
    BAD_STREAM(s->timeout_ms = -1);
    BAD_STREAM(s->retries = -1);
    BAD_STREAM(s->retries = 101);
    BAD_STREAM(s->arg_size = 8);
    if (!is_process(k)) {
        struct pool_stream limited = stream_of(&source, square);
        struct pool_iterator *it = NULL;
        limited.timeout_ms = 100;
        int error = pool_imap(p, &limited, &it);
        expect(error == -EINVAL || error == -ENOTSUP);
    }
    expect_equal(statistics_of(p).tasks, 0);
    expect_usable(p);
    pool_free(p);
}

static void bad_streams(void **state)
{
    (void)state;
    for_each_start(bad_streams_one, 2);
}

static void bad_rest_one(const struct kind *k)
{
    struct pool *p = open_kind(k);
    _Atomic long *sum = alloc_or_fail(p, sizeof *sum);
    const struct pool_job good = { .work = some_work, .arg = (void *)sum, .tasks = 100 };
    struct pool_job job = good;
    expect_equal(pool_resize(p, 0), -EINVAL);
    expect(pool_message(p)[0]);
    expect_equal(pool_resize(p, -1), -EINVAL);
    expect_equal(pool_resize(p, INT_MIN), -EINVAL);
    job.tasks = -1;
    expect_equal(pool_run(p, &job), -EINVAL);
    expect(pool_message(p)[0]);
    job = good;
    job.chunk = -1;
    expect_equal(pool_run(p, &job), -EINVAL);
    job = good;
    job.schedule = (enum pool_schedule)9;
    expect_equal(pool_run(p, &job), -EINVAL);
    job = good;
    job.work = NULL;
    expect_equal(pool_run(p, &job), -ENOTSUP);
    expect(pool_message(p)[0]);
    for (int i = 0; i < SCHEDULES; i++) {
        job = good;
        job.schedule = schedules[i];
        if (!can(k, schedules[i]))
            expect_equal(pool_run(p, &job), -EINVAL);
    }
    expect_equal(*sum, 0);
    expect_equal(pool_run(p, &good), 0);
    expect_equal(*sum, 99 * 50);
    expect_equal(statistics_of(p).workers, k->workers);
    pool_free(p);
}

static void bad_rest(void **state)
{
    (void)state;
    for_each_start(bad_rest_one, 2);
}

/* The same fields, in a map that forks. */
static void bad_snapshots(void **state)
{
    const struct kind k = { POOL_FORK, POOL_SHM, 2 };
    char message[300];
    (void)state;
    say_where(&k);
    struct pool_options o = options_of(&k);
    struct pool_call call = call_of(square, 10);
    fresh();
    for (int bad = 0; bad < 5; bad++) {
        struct pool_options bad_o = o;
        struct pool_call bad_call = call;
        say_more("%d", bad);
        if (bad == 0)
            bad_o.workers = 0;
        else if (bad == 1)
            bad_call.n = -1;
        else if (bad == 2)
            bad_call.chunk = -1;
        else if (bad == 3)
            bad_call.retries = 101;
        else
            bad_call.fn = NULL;
        message[0] = 0;
        long got = pool_map_snapshot(&bad_o, &bad_call, message, sizeof message);
        expect(got == -EINVAL || (bad == 4 && got == -ENOTSUP));
        expect(message[0]);
        expect_equal(pool_map_snapshot(&bad_o, &bad_call, NULL, 0), got);
        expect_equal(numbers.out[0], -7);
    }
    expect_equal(pool_map_snapshot(&o, &call, message, sizeof message), 0);
    expect_squares(10);
}

/* With a pattern as its argument: only the tests that fit it. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(apply),
        TEST(map_in_order),
        TEST(two_arguments),
        TEST(async_map),
        TEST(many_calls),
        TEST(chunks_change_nothing),
        TEST(bad_chunk),
        TEST(default_chunk),
        TEST(nothing_to_do),
        TEST(one_item_many_workers),
        TEST(imap_in_order),
        TEST(imap_unordered),
        TEST(imap_is_lazy),
        TEST(producer_fails),
        TEST(imap_task_fails),
        TEST(imap_left_early),
        TEST(large_pool),
        TEST(large_data),
        TEST(exactly_once),
        TEST(concurrent_callers),
        TEST(cancelled_calls),
        TEST(submit_from_callback),
        TEST(callbacks),
        TEST(nothing_held_back),
        TEST(shared_memory),
        TEST(task_error),
        TEST(many_errors),
        TEST(no_fail_fast),
        TEST(halt),
        TEST(remote_trace),
        TEST(long_text),
        TEST(unsendable),
        TEST(error_is_a_value),
        TEST(retries),
        TEST(wait_with_timeout),
        TEST(limit_per_task),
        TEST(limit_counts_from_start),
        TEST(limit_ignoring_term),
        TEST(deadline),
        TEST(use_after_close),
        TEST(close_waits),
        TEST(terminate),
        TEST(join_before_close),
        TEST(closing_twice),
        TEST(free_without_join),
        TEST(captured_by_value),
        TEST(handed_on),
        TEST(strict_mode),
        TEST(message_is_per_thread),
        TEST(statistics),
        TEST(bad_options),
        TEST(too_many_workers),
        TEST(bad_calls),
        TEST(bad_streams),
        TEST(bad_rest),
        TEST(bad_snapshots),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
