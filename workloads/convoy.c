/* SPDX-License-Identifier: MIT
 *
 * convoy: what computing does to a worker that answers requests beside it.  Task 0 serves for
 * task_ns by the clock: it sleeps until a timer wakes it, 1 to 3 ms later, as a read from a socket
 * would, and answers, again and again.  Every other task computes, as in `cpu`, for task_ns of
 * work.  So with as many tasks as workers, one by one, one worker serves and the others compute;
 * whoever does task 0 is the server, and no task waits for another, however they are dealt.  Under
 * a lock that is handed over after an interval every answer waits for that long: the convoy effect
 * (Beazley, "Inside the Python GIL", 2009).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "../core/kernel.h"
#include "../core/tally.h"

enum { THINK_NS = 1000000, THINK_SPREAD_NS = 2000000, MOST_ANSWERS = 1 << 20 };
enum { PIECE_NS = 50000 }; /* how finely computing is told */

/* Written by the worker alone whose it is. */
struct progress {
    _Alignas(128) _Atomic int64_t steps; /* computed so far */
};

struct convoy {
    struct tally *tally;
    struct progress *progress; /* one a worker */
    int64_t task_ns, steps, piece;
    double steps_per_ns;
    int workers;
    int64_t *took_ns; /* of every answer; written by who serves */
    long most, answers;
    int64_t beside_steps; /* computed while it served */
};

static uint64_t seed(long i)
{
    return (uint64_t)i * UINT64_C(0xD1342543DE82EF95) + 1;
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct convoy *c = arena_take(arena, 1, sizeof *c);
    if (!c)
        return why(w, -ENOMEM, "no memory for the workload");
    *arg = c;
    c->task_ns = spec->task_ns;
    c->steps_per_ns = spec->steps_per_ns;
    c->steps = (int64_t)((double)spec->task_ns * spec->steps_per_ns + 0.5);
    c->piece = (int64_t)(PIECE_NS * spec->steps_per_ns) + 1;
    c->workers = spec->workers;
    c->most = (long)(spec->task_ns / THINK_NS) + 1;
    if (c->most > MOST_ANSWERS)
        return why(w, -EINVAL, "a convoy of %lld s is too long: %d s at most",
                   (long long)(spec->task_ns / 1000000000), MOST_ANSWERS / 1000);
    c->progress = arena_take(arena, spec->workers, sizeof *c->progress);
    c->took_ns = arena_take(arena, c->most, sizeof *c->took_ns);
    if (!c->progress || !c->took_ns)
        return why(w, -ENOMEM, "no memory for %ld answers", c->most);
    if (prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL)) /* as in `sleep` */
        return why(w, -errno, "convoy: cannot set the timer slack");
    int error = tally_prepare(&c->tally, arena, spec, w);
    struct kernel_jump jump = kernel_jump(c->steps);
    for (long i = 0; !error && i < spec->tasks; i++)
        c->tally->expected += tally_number(i, i ? seed(i) * jump.multiply + jump.add : 0);
    return error;
}

static int64_t computed(const struct convoy *c)
{
    int64_t sum = 0;
    for (int k = 0; k < c->workers; k++)
        sum += atomic_load_explicit(&c->progress[k].steps, memory_order_relaxed);
    return sum;
}

/* Between two answers: never the same time, so that it cannot fall into step with a lock. */
static int64_t think_ns(long answer)
{
    return THINK_NS + (int64_t)(seed(answer) >> 40) % THINK_SPREAD_NS;
}

/* An answer is given when the worker may go on; it was due when the timer went off. */
static void serve(struct convoy *c, struct worker *self)
{
    int64_t now = clock_ns(), end = now + c->task_ns, before = computed(c);
    long answers = 0;
    do {
        int64_t due = now + think_ns(answers);
        struct timespec t = { .tv_sec = due / 1000000000, .tv_nsec = due % 1000000000 };
        self->block(self);
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
        }
        self->unblock(self);
        now = clock_ns();
        c->took_ns[answers++] = now - due;
    } while (now < end && answers < c->most);
    c->answers = answers;
    c->beside_steps = computed(c) - before;
}

static uint64_t compute(struct convoy *c, uint64_t x, struct worker *self)
{
    _Atomic int64_t *done = &c->progress[self->index].steps;
    for (int64_t left = c->steps; left > 0;) {
        int64_t steps = left < c->piece ? left : c->piece;
        x = kernel_work(x, steps, self);
        atomic_store_explicit(done, atomic_load_explicit(done, memory_order_relaxed) + steps,
                              memory_order_relaxed);
        left -= steps;
    }
    return x;
}

static void task(void *arg, long i, struct worker *self)
{
    struct convoy *c = arg;
    uint64_t value = 0;
    if (i == 0)
        serve(c, self);
    else
        value = compute(c, seed(i), self);
    tally_add(&c->tally->slots[self->index], i, value);
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The answer that took at least as long as PERCENT of them. */
static int64_t percentile(const struct convoy *c, int percent)
{
    return c->took_ns[(c->answers * percent + 99) / 100 - 1];
}

static void say_answers(const struct convoy *c, struct outcome *o)
{
    qsort(c->took_ns, (size_t)c->answers, sizeof *c->took_ns, by_value);
    o->answers = c->answers;
    o->answer_p50_ns = percentile(c, 50);
    o->answer_p90_ns = percentile(c, 90);
    o->answer_p99_ns = percentile(c, 99);
    o->answer_max_ns = percentile(c, 100);
    o->beside_ns = (int64_t)((double)c->beside_steps / c->steps_per_ns);
}

static int check(void *arg, struct outcome *o, struct why *w)
{
    struct convoy *c = arg;
    if (c->answers)
        say_answers(c, o);
    memset(c->progress, 0, (size_t)c->workers * sizeof *c->progress);
    c->answers = 0;
    c->beside_steps = 0;
    return tally_check(c->tally, o, w);
}

const struct workload workload_convoy = {
    .name = "convoy",
    .summary = "task 0 answers requests for task_ns, the others compute for as long: how long does "
               "an answer take?",
    .shares = 1,
    .version = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
