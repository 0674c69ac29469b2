/* SPDX-License-Identifier: MIT
 *
 * inside: a task that computes for task_ns in one piece, and counts how many workers do so at the
 * same time.  Under a lock it is one, whatever the machine is busy with; without, as many as there
 * are workers, even on one CPU, if a task lasts longer than the scheduler lets a worker go on.
 */
#include <errno.h>
#include <stdatomic.h>

#include "../core/kernel.h"
#include "../core/tally.h"

struct room {
    struct tally *tally;
    int64_t steps; /* of a task */
    _Atomic int now, most;
};

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct room *r = arena_take(arena, 1, sizeof *r);
    if (!r)
        return why(w, -ENOMEM, "no memory for the workload");
    r->steps = (int64_t)((double)spec->task_ns * spec->steps_per_ns + 0.5);
    *arg = r;
    int error = tally_prepare(&r->tally, arena, spec, w);
    struct kernel_jump jump = kernel_jump(r->steps);
    for (long i = 0; !error && i < spec->tasks; i++)
        r->tally->expected += tally_number(i, (uint64_t)i * jump.multiply + jump.add);
    return error;
}

/* kernel_run, not kernel_work: nobody else may come in before it is through. */
static void task(void *arg, long i, struct worker *self)
{
    struct room *r = arg;
    int inside = atomic_fetch_add(&r->now, 1) + 1, most = atomic_load(&r->most);
    while (inside > most && !atomic_compare_exchange_weak(&r->most, &most, inside)) {
    }
    uint64_t x = kernel_run((uint64_t)i, r->steps);
    atomic_fetch_sub(&r->now, 1);
    tally_add(&r->tally->slots[self->index], i, x);
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    struct room *r = arg;
    outcome->inside_most = atomic_exchange(&r->most, 0);
    return tally_check(r->tally, outcome, w);
}

const struct workload workload_inside = {
    .name = "inside",
    .summary = "computes for task_ns and counts how many workers do so at once: 1 under a lock",
    .shares = 1,
    .version = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
