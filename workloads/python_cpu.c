/* SPDX-License-Identifier: MIT
 *
 * python_cpu: a task that computes for task_ns in Python, without ever waiting.  Its loop does the
 * steps of the CPU kernel, so its result is known.  How many it takes for task_ns is measured in
 * each process anew.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../core/kernel.h"
#include "../core/tally.h"
#include "python.h"

enum { BURST = 2000, CALIBRATION_MS = 20, LEAST_BURSTS = 8 };

struct loops {
    struct tally *tally;
    int64_t steps; /* of a task */
    struct kernel_jump jump;
    struct python_code code;
};

static int define(struct loops *l, int64_t steps, struct why *w)
{
    const struct kernel_jump step = kernel_jump(1);
    snprintf(l->code.text, sizeof l->code.text,
             "def task(x):\n"
             "    for _ in range(%" PRId64 "):\n"
             "        x = (x * %" PRIu64 " + %" PRIu64 ") & %" PRIu64 "\n"
             "    return x\n",
             steps, step.multiply, step.add, UINT64_MAX);
    return python_prepare(&l->code, w);
}

/* Steps per ns: the best of short bursts, so that an interrupted one does not count: of several,
 * even if the first of them is kept waiting for all the time there is.  Short tasks are of few
 * steps, whose number needs no care. */
static double speed(int64_t task_ns)
{
    int64_t most = CALIBRATION_MS * INT64_C(1000000), best = INT64_MAX;
    int64_t end = clock_ns() + (task_ns < most / 1000 ? task_ns * 1000 : most);
    for (int bursts = 0; bursts < LEAST_BURSTS || clock_ns() < end; bursts++) {
        int64_t t0 = clock_ns();
        python_call(1);
        int64_t took = clock_ns() - t0;
        best = took < best ? took : best;
    }
    return (double)BURST / (double)best;
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct loops *l = arena_take(arena, 1, sizeof *l);
    int error;
    if (!l)
        return why(w, -ENOMEM, "no memory for the workload");
    *arg = l;
    l->code.own = !strcmp(spec->variant, "own");
    if ((error = tally_prepare(&l->tally, arena, spec, w)) || (error = define(l, BURST, w)))
        return error;
    l->steps = llround((double)spec->task_ns * speed(spec->task_ns));
    l->jump = kernel_jump(l->steps);
    for (long i = 0; i < spec->tasks; i++)
        l->tally->expected += tally_number(i, 0);
    return define(l, l->steps, w);
}

static int enter(void *arg, int worker)
{
    const struct loops *l = arg;
    (void)worker;
    return python_enter(&l->code);
}

/* By how much a result is wrong is what is added up: the number of steps differs between processes,
 * the checksum must not. */
static void task(void *arg, long i, struct worker *self)
{
    struct loops *l = arg;
    uint64_t right = (uint64_t)i * l->jump.multiply + l->jump.add;
    tally_add(&l->tally->slots[self->index], i, python_call(i) - right);
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    const struct loops *l = arg;
    snprintf(outcome->note, sizeof outcome->note, "Python %s; %" PRId64 " steps a task",
             python_version(), l->steps);
    return tally_check(l->tally, outcome, w);
}

const struct workload workload_python_cpu = {
    .name = "python_cpu",
    .summary = "computes for task_ns in Python: threads share its lock, processes do not",
    .variants = python_variants,
    .unavailable = PYTHON_UNAVAILABLE,
    .version = 1,
    .prepare = prepare,
    .enter = enter,
    .task = task,
    .check = check,
};
