/* SPDX-License-Identifier: MIT
 *
 * memory: a task is a piece of the STREAM triad, a = b + s c (McCalpin, 1995), payload_bytes of
 * each array.  The arrays together should be larger than the caches: then the machine's bandwidth
 * is shared, and more workers help only as long as some is left.  worker: each worker touches its
 * share first, so that it lies on the worker's memory node; caller: the caller touches all.
 */
#include <errno.h>
#include <string.h>

#include "../core/tally.h"

#define MOST_BYTES (INT64_C(1) << 30) /* of one array */
#define SCALE      3.0

struct triad {
    struct tally *tally;
    double *a, *b, *c;
    long tasks, elements; /* of one task */
    int workers, caller_touches;
};

static void fill(struct triad *t, long first, long end)
{
    for (long j = first * t->elements; j < end * t->elements; j++) {
        t->a[j] = 0;
        t->b[j] = (double)(j % 1000);
        t->c[j] = (double)(j % 77);
    }
}

static double right(long j)
{
    return (double)(j % 1000) + SCALE * (double)(j % 77);
}

/* All are small whole numbers: exact. */
static uint64_t ends(const struct triad *t, long i, const double *a)
{
    long first = i * t->elements, last = first + t->elements - 1;
    return a ? (uint64_t)a[first] << 32 | (uint64_t)a[last]
             : (uint64_t)right(first) << 32 | (uint64_t)right(last);
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct triad *t = arena_take(arena, 1, sizeof *t);
    if (!t)
        return why(w, -ENOMEM, "no memory for the workload");
    *arg = t;
    t->elements = (long)((spec->payload_bytes + 7) / 8);
    t->tasks = spec->tasks;
    t->workers = spec->workers;
    t->caller_touches = !strcmp(spec->variant, "caller");
    if (t->elements > MOST_BYTES / 8 / spec->tasks)
        return why(w, -EINVAL, "%ld tasks of %lld bytes make arrays of more than 1 GiB", t->tasks,
                   (long long)spec->payload_bytes);
    double **arrays[] = { &t->a, &t->b, &t->c };
    for (int k = 0; k < 3; k++)
        if (!(*arrays[k] = arena_reserve(arena, t->tasks * t->elements, sizeof(double))))
            return why(w, -ENOMEM, "no memory for three arrays of %ld elements",
                       t->tasks * t->elements);
    if (t->caller_touches)
        fill(t, 0, t->tasks);
    int error = tally_prepare(&t->tally, arena, spec, w);
    for (long i = 0; !error && i < t->tasks; i++)
        t->tally->expected += tally_number(i, ends(t, i, NULL));
    return error;
}

static int enter(void *arg, int worker)
{
    struct triad *t = arg;
    if (!t->caller_touches)
        fill(t, t->tasks * worker / t->workers, t->tasks * (worker + 1) / t->workers);
    return 0;
}

static void task(void *arg, long i, struct worker *self)
{
    struct triad *t = arg;
    double *restrict a = t->a + i * t->elements;
    const double *restrict b = t->b + i * t->elements, *restrict c = t->c + i * t->elements;
    for (long j = 0; j < t->elements; j++)
        a[j] = b[j] + SCALE * c[j];
    tally_add(&t->tally->slots[self->index], i, ends(t, i, t->a));
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    struct triad *t = arg;
    int error = tally_check(t->tally, outcome, w);
    for (long j = 0; !error && j < t->tasks * t->elements; j++)
        if (t->a[j] != right(j))
            error = why(w, -EBADMSG, "element %ld of the triad is wrong", j);
    memset(t->a, 0, (size_t)(t->tasks * t->elements) * sizeof *t->a);
    return error;
}

const struct workload workload_memory = {
    .name = "memory",
    .summary = "STREAM triad, payload_bytes of each array a task: bandwidth is what is shared",
    .variants = "worker caller",
    .shares = 1,
    .timeless = 1,
    .payload = 65536,
    .version = 1,
    .prepare = prepare,
    .enter = enter,
    .task = task,
    .check = check,
};
