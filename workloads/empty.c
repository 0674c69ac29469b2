/* SPDX-License-Identifier: MIT
 *
 * empty: a task that only says it was there.  What a job of these costs is what handing out costs.
 */
#include "../core/tally.h"

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct tally *t;
    int error = tally_prepare(&t, arena, spec, w);
    for (long i = 0; !error && i < spec->tasks; i++)
        t->expected += tally_number(i, 0);
    *arg = t;
    return error;
}

static void task(void *arg, long i, struct worker *self)
{
    struct tally *t = arg;
    tally_add(&t->slots[self->index], i, 0);
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    return tally_check(arg, outcome, w);
}

const struct workload workload_empty = {
    .name = "empty",
    .summary = "only counts itself: what is left is the cost of handing out (task_ns is ignored)",
    .version = 1,
    .timeless = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
