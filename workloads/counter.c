/* SPDX-License-Identifier: MIT
 *
 * counter: a task adds to a counter 64 times.  shared: all workers to the same one, atomically;
 * adjacent: each to its own, but these lie in one cache line (false sharing); padded: each to its
 * own line.  A cache line is contended alike by threads and processes: what this shows is the price
 * of sharing, and that processes on shared memory pay it, too.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "../core/tally.h"

enum { ADDS = 64, LINE = 128 };

struct counters {
    struct tally *tally;
    char *at;
    long tasks, used; /* counters */
    size_t distance;  /* between two workers' counters, bytes */
};

static _Atomic uint64_t *counter(const struct counters *c, long k)
{
    return (_Atomic uint64_t *)(c->at + (size_t)k * c->distance);
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct counters *c = arena_take(arena, 1, sizeof *c);
    if (!c || !(c->at = arena_take(arena, spec->workers, LINE)))
        return why(w, -ENOMEM, "no memory for the counters");
    c->tasks = spec->tasks;
    c->used = !strcmp(spec->variant, "shared") ? 1 : spec->workers;
    c->distance = !strcmp(spec->variant, "padded")     ? LINE
                  : !strcmp(spec->variant, "adjacent") ? sizeof(uint64_t)
                                                       : 0;
    *arg = c;
    int error = tally_prepare(&c->tally, arena, spec, w);
    for (long i = 0; !error && i < spec->tasks; i++)
        c->tally->expected += tally_number(i, ADDS);
    return error;
}

static void task(void *arg, long i, struct worker *self)
{
    struct counters *c = arg;
    _Atomic uint64_t *own = counter(c, self->index);
    for (int k = 0; k < ADDS; k++)
        atomic_fetch_add_explicit(own, 1, memory_order_relaxed);
    tally_add(&c->tally->slots[self->index], i, ADDS);
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    struct counters *c = arg;
    uint64_t sum = 0;
    int error = tally_check(c->tally, outcome, w);
    for (long k = 0; k < c->used; k++)
        sum += atomic_exchange(counter(c, k), 0);
    if (!error && sum != (uint64_t)c->tasks * ADDS)
        error = why(w, -EBADMSG, "the counters have %llu instead of %llu", (unsigned long long)sum,
                    (unsigned long long)c->tasks * ADDS);
    return error;
}

const struct workload workload_counter = {
    .name = "counter",
    .summary = "adds to a counter 64 times: everybody's, its own in a shared line, or in its own",
    .variants = "shared adjacent padded",
    .shares = 1,
    .timeless = 1,
    .version = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
