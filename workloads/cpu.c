/* SPDX-License-Identifier: MIT
 *
 * cpu: a task that computes for task_ns: a chain of dependent multiplications in registers, no
 * memory traffic.  Every task starts from its own number, so every task has its own right answer.
 */
#include <errno.h>

#include "../core/kernel.h"
#include "../core/tally.h"

struct chains {
    struct tally *tally;
    int64_t steps; /* of a task */
};

static uint64_t seed(long i)
{
    return (uint64_t)i * UINT64_C(0xD1342543DE82EF95) + 1;
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct chains *c = arena_take(arena, 1, sizeof *c);
    if (!c)
        return why(w, -ENOMEM, "no memory for the workload");
    c->steps = (int64_t)((double)spec->task_ns * spec->steps_per_ns + 0.5);
    *arg = c;
    int error = tally_prepare(&c->tally, arena, spec, w);
    struct kernel_jump jump = kernel_jump(c->steps);
    for (long i = 0; !error && i < spec->tasks; i++)
        c->tally->expected += tally_number(i, seed(i) * jump.multiply + jump.add);
    return error;
}

static void task(void *arg, long i, struct worker *self)
{
    struct chains *c = arg;
    struct tally_slot *slot = &c->tally->slots[self->index];
    tally_add(slot, i, kernel_work(seed(i) + kernel_after(slot->sum), c->steps, self));
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    struct chains *c = arg;
    return tally_check(c->tally, outcome, w);
}

const struct workload workload_cpu = {
    .name = "cpu",
    .summary = "computes for task_ns in registers: dependent integer multiplications",
    .version = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
