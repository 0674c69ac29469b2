/* SPDX-License-Identifier: MIT
 *
 * python_sleep: a task that waits task_ns in Python, which gives the interpreter's lock away
 * meanwhile.  The timer slack is the system's, as Python programs have it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../core/tally.h"
#include "python.h"

struct sleepers {
    struct tally *tally;
    struct python_code code;
};

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct sleepers *s = arena_take(arena, 1, sizeof *s);
    int error;
    if (!s)
        return why(w, -ENOMEM, "no memory for the workload");
    *arg = s;
    s->code.own = !strcmp(spec->variant, "own");
    snprintf(s->code.text, sizeof s->code.text,
             "import time\n"
             "def task(x, sleep=time.sleep, seconds=%" PRId64 " / 1e9):\n"
             "    sleep(seconds)\n"
             "    return x\n",
             spec->task_ns);
    if ((error = tally_prepare(&s->tally, arena, spec, w)))
        return error;
    for (long i = 0; i < spec->tasks; i++)
        s->tally->expected += tally_number(i, 0);
    return python_prepare(&s->code, w);
}

static int enter(void *arg, int worker)
{
    const struct sleepers *s = arg;
    (void)worker;
    return python_enter(&s->code);
}

static void task(void *arg, long i, struct worker *self)
{
    struct sleepers *s = arg;
    self->block(self);
    uint64_t result = python_call(i);
    self->unblock(self);
    tally_add(&s->tally->slots[self->index], i, result - (uint64_t)i);
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    const struct sleepers *s = arg;
    snprintf(outcome->note, sizeof outcome->note, "Python %s", python_version());
    return tally_check(s->tally, outcome, w);
}

const struct workload workload_python_sleep = {
    .name = "python_sleep",
    .summary = "waits task_ns in Python, which gives its lock away meanwhile",
    .variants = python_variants,
    .unavailable = PYTHON_UNAVAILABLE,
    .idle = 1,
    .version = 1,
    .prepare = prepare,
    .enter = enter,
    .task = task,
    .check = check,
};
