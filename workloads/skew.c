/* SPDX-License-Identifier: MIT
 *
 * skew: tasks of uneven length, task_ns on average, computed as in `cpu`.  uniform: evenly spread
 * from 0.1 to 1.9 of the mean.  heavy: a Pareto tail (shape 1.5, cut at 50 times the mean): most
 * tasks are short and a few take most of the time.  ramp: from nothing to twice the mean, in order,
 * so that the last static block is the longest.  The lengths come from a fixed seed: the same in
 * every run.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../core/kernel.h"
#include "../core/tally.h"

struct uneven {
    struct tally *tally;
    int64_t *steps; /* of each task */
};

/* Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014: SplitMix64. */
static double random_unit(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Length of task I over the mean, before the mean is set right. */
static double weight(const char *variant, long i, long tasks)
{
    double u = random_unit((uint64_t)i);
    if (!strcmp(variant, "ramp"))
        return (2.0 * (double)i + 1) / (double)tasks;
    if (!strcmp(variant, "heavy"))
        return fmin(pow(1 - u, -1 / 1.5) / 3, 50);
    return 0.1 + 1.8 * u;
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct uneven *s = arena_take(arena, 1, sizeof *s);
    if (!s || !(s->steps = arena_take(arena, spec->tasks, sizeof *s->steps)))
        return why(w, -ENOMEM, "no memory for the lengths of %ld tasks", spec->tasks);
    *arg = s;
    int error = tally_prepare(&s->tally, arena, spec, w);
    if (error)
        return error;

    double sum = 0;
    for (long i = 0; i < spec->tasks; i++)
        sum += weight(spec->variant, i, spec->tasks);
    double scale = (double)spec->task_ns * spec->steps_per_ns * (double)spec->tasks / sum;
    for (long i = 0; i < spec->tasks; i++) {
        s->steps[i] = (int64_t)(weight(spec->variant, i, spec->tasks) * scale + 0.5);
        struct kernel_jump jump = kernel_jump(s->steps[i]);
        s->tally->expected += tally_number(i, (uint64_t)i * jump.multiply + jump.add);
    }
    return 0;
}

static void task(void *arg, long i, struct worker *self)
{
    struct uneven *s = arg;
    struct tally_slot *slot = &s->tally->slots[self->index];
    uint64_t start = (uint64_t)i + kernel_after(slot->sum);
    tally_add(slot, i, kernel_work(start, s->steps[i], self));
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    struct uneven *s = arg;
    return tally_check(s->tally, outcome, w);
}

const struct workload workload_skew = {
    .name = "skew",
    .summary = "computes, in tasks of uneven length; task_ns is the mean",
    .variants = "uniform heavy ramp",
    .version = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
